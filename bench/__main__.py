"""`make bench`: what one cycle costs in time and memory, against its budget."""

from __future__ import annotations

import os
import platform
import sys

from bench.warm_run import TIMES, Cost, measure

AIM_S, AIM_MB = 0.35, 45.0  # on an x86 machine with 2 cores


def main() -> int:
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores\n")
    found = measure()
    print(f"A process of its own, median of {TIMES} (memory: the most)")
    _row("python -c pass", found.bare)
    _row("scheduler.py run, warm", found.run)
    verdict = "within" if found.run.wall_s <= AIM_S and found.run.peak_mb <= AIM_MB else "MISSED:"
    print(f"  {verdict} the aim of {AIM_S} s and {AIM_MB:.0f} MB on 2 cores of x86\n")
    _memory()
    return 0


def _row(name: str, cost: Cost) -> None:
    print(f"  {name:<24} {cost.wall_s:6.3f} s wall {cost.cpu_s:6.3f} s CPU {cost.peak_mb:6.1f} MB")


def _memory() -> None:
    from bench.in_memory import DAYS, week

    found = week()
    print("In memory")
    print(f"  decide()                 {found.decide_ms:6.1f} ms median {found.longest_ms:6.1f} ms longest")
    cycles_a_second = found.cycles / found.seconds
    print(f"  {DAYS} days, {found.cycles} cycles      {found.seconds:6.1f} s ({cycles_a_second:.0f} cycles/s with the house's physics)")


if __name__ == "__main__":
    sys.exit(main())
