"""The real daemon ends, dies and comes back, and its port does. The cars must not notice."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.twc_process import Site, charging_bus, fresh_bus, site

HANGUP, KILL, TERM = signal.SIGHUP, signal.SIGKILL, signal.SIGTERM


def unanswered(house: Site, since: float) -> dict[str, list[int | None]]:
    """What each slave was told after `since` and before it answered."""
    told: dict[str, list[int | None]] = {}
    for name in ("4085", "4086"):
        beats = house.beats(name, since)
        answered = [one.at for one in house.frames(beats[0].at) if one.source == name]
        told[name] = [int.from_bytes(one.body[7:9], "big") // 100 if one.body[6] else None for one in beats if one.at < min(answered)]
    return told


@pytest.mark.parametrize(("number", "code"), [(HANGUP, 0), (KILL, -9)])
def test_a_restart_is_not_noticed_and_raises_nothing_before_the_slaves_have_answered(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    with site(tmp_path, charging_bus()) as house:
        house.wish(20)
        house.start().until(lambda: set(house.offers()) == {"4085", "4086"})
        stood, closings = house.offers(), house.live.call(lambda bus: [slave.closings for slave in bus.slaves])
        assert house.ended(number) == code
        assert set(house.offers(house.now() - 1.5).values()) <= set(stood.values())  # it did not lower in passing
        since = house.now()
        house.start().until_beats(since)
        for name, amps in unanswered(house, since).items():
            assert amps
            assert all(one is None or one <= stood[name] for one in amps)
        house.until(lambda: set(house.offers(since)) == {"4085", "4086"})
        assert min(amps for _, amps in house.limits(since)) >= min(stood.values())
        assert house.lost_links() == 0
        assert house.live.call(lambda bus: [slave.closings for slave in bus.slaves]) == closings


def test_a_lower_target_that_came_while_it_was_away_is_in_its_first_heartbeats(tmp_path: Path) -> None:
    with site(tmp_path, charging_bus()) as house:
        house.wish(8)
        since = house.now()
        house.start().until_beats(since)
        assert unanswered(house, since) == {"4085": [8], "4086": [8]}


@pytest.mark.parametrize("number", [TERM, signal.SIGINT])
def test_it_lowers_before_it_ends(number: signal.Signals, tmp_path: Path) -> None:
    with site(tmp_path, charging_bus()) as house:
        house.wish(16)
        house.start().until_linked()
        assert house.ended(number) == 0
        assert set(house.offers().values()) <= {0, 6}  # who took the 6 A before the other did may have been offered 0 by now
        assert house.live.call(lambda bus: [slave.limit for slave in bus.slaves]) == [6.0, 6.0]


def test_it_ends_in_two_seconds_where_nobody_listens(tmp_path: Path) -> None:
    with site(tmp_path, charging_bus()) as house:
        house.start().until_linked()
        house.live.pull()
        assert house.ended(TERM) == 0


@pytest.mark.parametrize("url", ["/dev/ampshift-is-not-there", "socket://127.0.0.1:9", "/dev/null"])
def test_a_port_that_stays_dead_ends_it_so_that_somebody_sees_it(url: str, tmp_path: Path) -> None:
    with site(tmp_path, fresh_bus(1), settings={"TWC_PORT": url}) as house:
        house.shorter("Daemon(found, dead_port_s=1.0).run()")
        assert house.ended() == 1
        assert house.log()[-1] == f"port {url} has been gone for 1 s"
        assert sum("port" in line for line in house.log()) == 2
