"""Three evenings of the demo's week through the real scheduler.py: each number stands beside the event, place, distance, weather or price
that made it."""

from __future__ import annotations

import re

import pytest

from simulator.demo_child import Stop
from simulator.demo_week import WEEK, shortened, week


@pytest.fixture(scope="module")
def told() -> list[str]:
    """One text for each evening."""
    lines: list[str] = []
    assert week(Stop(), lines.append) == []
    return lines[1::2]


def test_each_evening_is_told_in_the_order_of_the_week(told: list[str]) -> None:
    assert len(told) == len(WEEK)
    assert [evening.at for evening in WEEK] == sorted(evening.at for evening in WEEK)


def test_a_long_drive_names_the_event_the_place_the_distance_the_weather_and_the_price(told: list[str]) -> None:
    need = next(line for line in told[0].splitlines() if "Grandmother" in line)
    assert re.search(
        r"\d+ % by Fri .* \([\d.]+ kWh( in total by then)?\): Grandmother in 14 Pine Street, Hill Town, leaving Fri \d\d:\d\d: "
        r"\d+ mi there and back \(by road\) at \d+ °F, 20 % left at home",
        need,
    )
    assert int(need.split()[0]) > 80, "beyond the limit in the app"
    assert re.search(r"kWh at \$0\.\d{3}", told[0])
    assert "charge on the way" not in told[0]


def test_a_drive_beyond_the_battery_says_where_to_charge(told: list[str]) -> None:
    assert re.search(r"Snow: 90 % carry \d+ mi of the \d+ mi: charge on the way after that, before Snow", told[1])


def test_an_alert_stops_what_a_flat_price_would_begin_at_once(told: list[str]) -> None:
    assert "CAISO: Flex Alert until 21:00" in told[2]
    assert "tariff flat:0.16" in told[2]
    assert re.search(r"PLAN +(Mon 2[1-3]|Tue 0\d):\d\d", told[2]), "not before the alert ends"


def test_only_the_named_sections_are_left() -> None:
    text = "Blue waits.\nSEEN     this\n         and that\nNEEDED   80 %\n         90 %\n  clock  18\nIF       the Pi dies\nWHY      so\n"
    assert shortened(text) == "Blue waits.\nNEEDED   80 %\n         90 %\n  clock  18\nWHY      so"
