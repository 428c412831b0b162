"""`check` on the time zone: UTC is what a new Pi has, and no house."""

from __future__ import annotations

import pytest

from cycle.check_zone import zone_lines
from tests.builders import settings


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "GMT", "Etc/Universal"])
def test_a_clock_in_utc_is_warned_of(zone: str) -> None:
    (line,) = zone_lines(settings(TIME_ZONE=zone))
    assert line.startswith("WARNING time zone: ")
    assert "write TIME_ZONE=" in line


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/London", "Atlantic/Reykjavik"])
def test_a_house_in_its_own_zone_is_not(zone: str) -> None:
    assert list(zone_lines(settings(TIME_ZONE=zone))) == []
