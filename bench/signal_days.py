"""`python -m bench days [DAYS]`: what `bench signal` sums up, day by day: the need that begins on each evening of CAISO's 2022 and what two
plans take of it in the first night, and how well each signal, known at 18:00, put that night's hours in order."""

from __future__ import annotations

from collections.abc import Sequence

from bench.signal_nights import DAYS, PLANS, Result, local, needs, play
from bench.signal_year import DATA, LOAD, NET, PROFILE, prices, year

TOLD = ("profile", "scenarios", "the prices themselves")


def main(argv: Sequence[str] = ()) -> int:
    """Always 0: the figures are for people."""
    if not DATA.is_dir():
        print(f"bench days: no recorded prices in {DATA.name} beside the project; nothing is measured")
        return 0
    days = int(argv[0]) if argv else DAYS
    came, (scores, evenings) = prices(), year(days)
    rows = {evening: number for number, evening in enumerate(evenings)}
    print("need: kWh in so many nights; tonight: kWh by the profile, by scenarios, by the prices themselves; rank correlation and USD of")
    print("12 kWh: our price two nights ahead, the load forecast, net load (hindsight), the prices themselves")
    for need in needs(days):
        tonight = [play(PLANS[name], need, came, Result())[0] for name in TOLD]
        line = f"{local(need[0]):%d %b} {need[2]:5.1f} kWh in {need[1]} | {' '.join(f'{kwh:5.1f}' for kwh in tonight)}"
        number = rows.get(need[0])
        if number is not None:
            ranks = " ".join(f"{scores[name].ranks[number]:5.2f}" for name in (PROFILE, LOAD, NET))
            paid = " ".join(f"{scores[name].paid[number]:5.2f}" for name in (PROFILE, LOAD, NET, "the prices themselves"))
            line += f" | {ranks} | {paid}"
        print(line, flush=True)
    return 0
