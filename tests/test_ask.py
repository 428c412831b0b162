"""Sources side by side: what each of them gave, and what is said of one that gave nothing."""

from __future__ import annotations

import threading

import pytest

from cycle.ask import BROKEN, ask_all
from model import Missing


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_reader_that_breaks_is_not_called_slow_and_costs_no_other() -> None:
    """Its owner would look at his network for a fault that is ours."""
    never = threading.Event()
    found = ask_all({"well": lambda: 1, "broken": lambda: 1 // 0, "slow": lambda: int(never.wait(20))}, 0.3)
    never.set()
    assert found == {"well": 1, "broken": Missing("broken", BROKEN), "slow": Missing("slow", "no answer within 0 s")}
