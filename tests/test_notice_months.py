"""A house lives some days with its owner's telephone beside it: what bench/notices.py prints for a month, none twice, none missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.notice_houses import HOUSES, Trouble
from bench.notices import Life, check, twice
from model_notices import Message

DEAF = Trouble(5, 16, 7, "deaf", (("disobeys", 2),))
OHIO = replace(HOUSES[1], troubles=(DEAF,), extra=(), options={**HOUSES[1].options, "CYCLE_MINUTES": "15"})


def test_three_nights_dry_and_one_live_with_a_car_that_does_not_obey(tmp_path: Path) -> None:
    life = Life(OHIO, tmp_path)
    life.live(6)
    assert check(life, 6) == []
    assert life.dry_line.startswith("In 2 nights of DRY_RUN your charging cost about $")
    assert {message.title.partition(":")[0] for _, message in life.owner.got} == {"Ampshift", "Ampshift (dry run)"}
    assert life.owner.beats == life.cycles


@pytest.mark.parametrize("lost", [False, True])
def test_the_bench_finds_a_notice_that_is_missing_and_one_that_came_twice(lost: bool, tmp_path: Path) -> None:
    life = Life(OHIO, tmp_path)
    told = [(life.world.now, Message("Ampshift: a car does not obey", "Blue", "disobeys", urgent=True))]
    life.owner.got = [] if lost else told * 2
    assert check(life, 5)
    assert bool(twice(life.owner.got)) is not lost
