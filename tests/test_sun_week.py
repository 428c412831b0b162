"""A Sunday at home: what it is worth that the plan counts on the sun of tomorrow, and that nothing is lost where the forecast is wrong."""

from __future__ import annotations

from datetime import timedelta

from bench.sun_week import Life, Lived, lived
from simulator.curves import constant
from tests.builders import at

MIDNIGHT = at("2027-04-11 01:00")


def sunday(*, counted: bool, clear: float = 1.0, error: float = 0.0) -> Lived:
    """From an hour after midnight, at 50 %, to the evening, when 80 % are due. `error`: by how much too much is forecast. The battery is
    small: a big one takes long to plan."""
    sky, wrong = constant(clear), constant(error)
    cycle = timedelta(minutes=15)
    return lived(Life(counted, start=MIDNIGHT, days=17 / 24, sky=sky, error=wrong, departs="sun 18:00", battery_kwh=30.0, cycle=cycle))


def test_a_plan_that_counts_on_the_sun_saves_money_on_a_sunday() -> None:
    blind, seeing = sunday(counted=False), sunday(counted=True)
    assert (blind.short, seeing.short) == (0, 0)
    assert seeing.sun_kwh > blind.sun_kwh + 6
    assert blind.bill - seeing.bill > 1.0
    assert seeing.starts <= 2


def test_a_forecast_of_sun_that_does_not_shine_costs_little_and_no_departure() -> None:
    """A tenth of the sun is there, and ten times that is promised for each hour of tomorrow."""
    promised, known = sunday(counted=True, clear=0.1, error=9.0), sunday(counted=False, clear=0.1)
    assert promised.short == 0
    assert promised.bill - known.bill < 1.0
