"""Sources are asked side by side in daemon threads: one that hangs costs its own reading and nothing else. A pool would wait for
hung threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from errors import AmpshiftError
from model import Missing

T = TypeVar("T")
BROKEN = "a fault in Ampshift itself, told in its log: please report it"


def ask_all(
    tasks: Mapping[str, Callable[[], T]], budget_s: float, mono: Callable[[], float] = time.monotonic
) -> dict[str, T | AmpshiftError | Missing]:
    """Each task's value, its error, or Missing where it did not end within `budget_s` (for all of them together), or broke."""
    answers: dict[str, T | AmpshiftError] = {}
    threads = [threading.Thread(target=_one, args=(name, task, answers), daemon=True, name=name) for name, task in tasks.items()]
    deadline = mono() + budget_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - mono()))
    broken = {thread.name for thread in threads if not thread.is_alive()}  # before the answers are counted: those that ended have theirs
    done = dict(answers)
    late = f"no answer within {budget_s:.0f} s"
    return {name: done.get(name, Missing(name, BROKEN if name in broken else late)) for name in tasks}


def _one(name: str, task: Callable[[], T], answers: dict[str, T | AmpshiftError]) -> None:
    try:
        answers[name] = task()
    except AmpshiftError as error:
        answers[name] = error


def reading(answers: Mapping[str, object], name: str, kind: type[T]) -> T | Missing:
    """What a source gave, or Missing with the reason: not configured, failed, or not in time."""
    answer = answers.get(name)
    if isinstance(answer, kind):
        return answer
    if isinstance(answer, Missing):
        return answer
    return Missing(name, answer.text if isinstance(answer, AmpshiftError) else "not configured")
