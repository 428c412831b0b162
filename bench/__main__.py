"""`make bench`: what a cycle and the daemon cost in time and memory, against their budgets. `python -m bench run` for one part."""

from __future__ import annotations

import os
import platform
import sys

from bench.warm_run import TIMES, Cost, measure

LONG = {
    "month": "month",
    "answers": "answers",
    "notices": "notices",
    "sun": "sun_week",
    "grid": "grid",
    "requests": "far_ends",
    "days": "signal_days",
}  # by the module of each
AIM_S, AIM_MB = 0.35, 45.0  # on an x86 machine with 2 cores


def main(argv: list[str]) -> int:
    """0 also where an aim is missed: the figures are for people, and a busy machine misses them."""
    parts = {"run": _run, "decide": _decide, "twc": _twc, "signed": _signed, "signal": _signal, "page": _page, "bridge": _bridge}
    if argv and argv[0] in LONG:
        return _long(argv)
    if not set(argv) <= set(parts):
        print(f"usage: python -m bench [{' | '.join((*parts, *LONG))}]", file=sys.stderr)
        return 2
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores\n", flush=True)
    for name in argv or parts:
        parts[name]()
    return 0


def _long(argv: list[str]) -> int:
    """Minutes or pages long, so only when it is named: `month [DAYS]`, `answers [LIVES [FIRST]]`, `sun`, `notices [DAYS]`, `grid [DAYS]`,
    `requests [DAYS]`, `days [DAYS]`. 1 where an aim is missed or a law broken."""
    from importlib import import_module

    return int(import_module(f"bench.{LONG[argv[0]]}").main(argv[1:]))


def _run() -> None:
    found = measure()
    print(f"A process of its own, median of {TIMES} (memory: the most)")
    _row("python -c pass", found.bare)
    _row("scheduler.py run, warm", found.run)
    _row("the same, caches gone", found.cold)
    verdict = "within" if found.run.wall_s <= AIM_S and found.run.peak_mb <= AIM_MB else "MISSED:"
    print(f"  {verdict} the aim of {AIM_S} s and {AIM_MB:.0f} MB on 2 cores of x86\n")
    _memory()


def _row(name: str, cost: Cost) -> None:
    print(f"  {name:<24} {cost.wall_s:6.3f} s wall {cost.cpu_s:6.3f} s CPU {cost.peak_mb:6.1f} MB")


def _memory() -> None:
    from bench.in_memory import DAYS, week

    found = week()
    print("In memory")
    print(f"  decide()                 {found.decide_ms:6.1f} ms median {found.longest_ms:6.1f} ms longest")
    cycles_a_second = found.cycles / found.seconds
    print(f"  {DAYS} days, {found.cycles} cycles      {found.seconds:6.1f} s ({cycles_a_second:.0f} cycles/s with the house's physics)\n")


def _decide() -> None:
    from bench.decide import main as decide

    decide()


def _signal() -> None:
    from bench import signal_nights, signal_year

    signal_year.main([])
    if signal_year.DATA.is_dir():
        signal_nights.report(signal_year.prices())


def _signed() -> None:
    from bench.signed import signed

    signed()


def _page() -> None:
    from bench.page import page

    page()


def _bridge() -> None:
    from bench.bridge import bridge

    bridge()


def _twc() -> None:
    from bench.twc import daemon

    daemon()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
