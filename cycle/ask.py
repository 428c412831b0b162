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


def ask_all(
    tasks: Mapping[str, Callable[[], T]], budget_s: float, mono: Callable[[], float] = time.monotonic
) -> dict[str, T | AmpshiftError | Missing]:
    """Each task's value, its error, or Missing where it did not end within `budget_s` (for all of them together)."""
    answers: dict[str, T | AmpshiftError] = {}
    threads = [threading.Thread(target=_one, args=(name, task, answers), daemon=True, name=name) for name, task in tasks.items()]
    deadline = mono() + budget_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - mono()))
    done = dict(answers)
    return {name: done.get(name, Missing(name, f"no answer within {budget_s:.0f} s")) for name in tasks}


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
