"""Who may come in, from where, and how often he may try."""

from __future__ import annotations

import pytest

from page.door import LONGEST_PAUSE_S, SESSION_S, SESSIONS_MOST, Door, network

PASSWORD = "correct horse"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def door(password: str = PASSWORD) -> tuple[Door, Clock]:
    clock = Clock()
    return Door(password, frozenset({"house.example", "pi", "pi.local"}), clock), clock


@pytest.mark.parametrize("host", ["127.0.0.1:8050", "localhost:8050", "[::1]:8050", "192.168.1.5", "pi.local:8050", "HOUSE.example"])
def test_this_machine_by_any_of_its_names_is_answered(host: str) -> None:
    assert door()[0].host_allowed(host)


@pytest.mark.parametrize(
    "host", ["evil.example:8050", "", None, "127.0.0.1.evil.example", "a@127.0.0.1", "[::1", "house.example.evil.example"]
)
def test_a_name_that_was_made_to_point_here_is_not(host: str | None) -> None:
    assert not door()[0].host_allowed(host)


@pytest.mark.parametrize(
    ("origin", "site", "host", "allowed"),
    [
        ("http://127.0.0.1:8050", "same-origin", "127.0.0.1:8050", True),
        ("http://127.0.0.1:8050", None, "127.0.0.1:8050", True),
        ("https://house.example", "same-origin", "house.example", True),
        ("http://evil.example", "cross-site", "127.0.0.1:8050", False),
        ("http://127.0.0.1:9999", "same-site", "127.0.0.1:8050", False),
        ("http://127.0.0.1:9999", None, "127.0.0.1:8050", False),
        ("http://127.0.0.1:8050", "cross-site", "127.0.0.1:8050", False),
        ("null", None, "127.0.0.1:8050", False),
        (None, None, "127.0.0.1:8050", False),
        ("", None, "", False),
    ],
)
def test_what_changes_something_comes_from_a_page_of_the_same_origin(
    origin: str | None, site: str | None, host: str, allowed: bool
) -> None:
    assert door()[0].same_origin(origin, site, host) is allowed


def test_a_right_password_opens_a_session_for_a_month() -> None:
    lock, clock = door()
    assert lock.try_password(PASSWORD, "192.168.1.9")
    token = lock.open_session()
    assert lock.knows(token)
    clock.now += SESSION_S + 1
    assert not lock.knows(token)


def test_nobody_is_known_without_his_token() -> None:
    lock, _ = door()
    token = lock.open_session()
    assert not any(lock.knows(other) for other in (None, "", token[:-1], token + "x"))
    lock.close_session(token)
    assert not lock.knows(token)


def test_an_empty_password_is_never_right() -> None:
    lock, _ = door("")
    assert not lock.try_password("", "192.168.1.9")
    assert lock.knows(None), "and there is no door on this machine itself"


def test_wrong_passwords_pause_that_address_for_longer_and_longer() -> None:
    lock, clock = door()
    pauses = []
    for _ in range(14):
        assert not lock.try_password("wrong", "192.168.1.9")
        pauses.append(lock.pause_s("192.168.1.9"))
        clock.now += pauses[-1]
    assert pauses[:5] == [0.0, 0.0, 1.0, 2.0, 4.0]
    assert pauses[-1] == LONGEST_PAUSE_S
    assert lock.pause_s("192.168.1.10") == 0.0


def test_a_right_password_ends_the_pauses() -> None:
    lock, clock = door()
    for _ in range(5):
        lock.try_password("wrong", "192.168.1.9")
    clock.now += LONGEST_PAUSE_S
    assert lock.try_password(PASSWORD, "192.168.1.9")
    lock.try_password("wrong", "192.168.1.9")
    assert lock.pause_s("192.168.1.9") == 0.0


def test_many_addresses_and_sessions_do_not_fill_the_memory() -> None:
    lock, _ = door()
    for number in range(3000):
        lock.try_password("wrong", f"10.0.{number // 250}.{number % 250}")
        lock.open_session()
    assert len(lock.wrong) <= 1000
    assert len(lock.sessions) == SESSIONS_MOST


def test_an_ipv6_neighbour_counts_as_its_network() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:1") != network("2001:db8:0:1::1")
    assert network("fe80::1%eth0") == network("fe80::2")
    assert network("192.168.1.9") == "192.168.1.9"
