"""Single values: what is taken, what is refused, and that a refusal never breaks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import OPTIONS, is_loopback
from config_options import Option
from config_parsers import (
    charge_hours,
    days,
    departures,
    fingerprint,
    home,
    listed,
    minute,
    span,
    switch,
    token,
    url,
    vin,
    zone,
)
from config_values import ChargeHours, TimeSpan
from errors import ConfigError


def drawn(hours: ChargeHours, weekday: int) -> str:
    """One character for every two hours of the day."""
    return "".join("#" if hours.covers(weekday, hour * 60) else "_" for hour in range(0, 24, 2))


@pytest.mark.parametrize(
    ("text", "friday", "saturday"),
    [
        ("22:00-06:00", "###________#", "###________#"),
        ("mon-fri 22:00-06:00", "###________#", "###_________"),
        ("sat-sun 22:00-06:00", "____________", "___________#"),
        ("fri 08:00-16:00", "____####____", "____________"),
        ("fri-mon 00:00-24:00", "############", "############"),
    ],
)
def test_charge_hours_across_midnight_belong_to_the_day_they_start_on(text: str, friday: str, saturday: str) -> None:
    hours = charge_hours(text)
    assert (drawn(hours, 4), drawn(hours, 5)) == (friday, saturday)


def test_charge_hours_may_have_amps() -> None:
    assert [hours.amps for hours in listed(charge_hours)("mon-fri 22:00-06:00@32, 00:00-05:00")] == [32, None]


def test_departures_have_days_or_every_day_or_are_none() -> None:
    assert [(sorted(entry.days), entry.minute) for entry in departures("mon-tue 7:30, sat 10:00")] == [([0, 1], 450), ([5], 600)]
    assert departures("07:30")[0].days == frozenset(range(7))
    assert departures("None") == ()


@pytest.mark.parametrize(
    "text", ["7", "24:00", "12:60", "7:3", "07:30pm", "-1:00", "mon 07:30 tue", "mon-fri", "someday 07:30", "mon-tue-wed 08:00"]
)
def test_a_wrong_departure_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        departures(text)


def test_24_00_is_an_end_and_no_start() -> None:
    assert span("18:00-24:00") == TimeSpan(1080, 1440)
    for text in ("24:00-06:00", "08:00-08:00", "08:00"):
        with pytest.raises(ConfigError):
            span(text)


def test_days_go_round_the_end_of_the_week() -> None:
    assert days("sat-mon") == {5, 6, 0}


@pytest.mark.parametrize(
    "text",
    [
        "192.168.1.4",
        "ftp://host",
        "http://",
        "https://user:s3cr3t@host",
        "https://host?token=s3cr3t",
        "https://host#s3cr3t",
        "http://ho st",
        "http://host:99999",
        "http://127.0.0.1\\@example.com",
        "http:host",
        "http://[::1",
    ],
)
def test_a_url_without_host_or_with_a_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        url(text)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "is_here"),
    [
        ("http://127.0.0.1:80", True),
        ("http://127.8.9.1", True),
        ("https://localhost/x", True),
        ("http://[::1]:1", True),
        ("http://192.168.1.4", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("https://fleet-api.prd.na.vn.cloud.tesla.com", False),
    ],
)
def test_only_this_machine_is_loopback(address: str, is_here: bool) -> None:
    assert is_loopback(url(address)) is is_here


def test_a_vin_has_17_characters_without_i_o_and_q() -> None:
    assert vin("5yj3ampshft000001") == "5YJ3AMPSHFT000001"
    for text in ("5YJ3AMPSHFT00000", "5YJ3AMPSHFT00000O", "5YJ3AMPSHFT0000011"):
        with pytest.raises(ConfigError):
            vin(text)


def test_a_fingerprint_may_have_colons() -> None:
    assert fingerprint(":".join(["AB"] * 32)) == "ab" * 32
    with pytest.raises(ConfigError):
        fingerprint("ab" * 20)


def test_a_refused_home_or_token_is_not_repeated() -> None:
    for parse in (home, token):
        with pytest.raises(ConfigError) as caught:
            parse("17 Hidden Lane")
        assert "Hidden" not in str(caught.value)


def test_switches_times_and_zones_take_the_usual_spellings() -> None:
    assert (switch("On"), switch("no"), minute("7:05")) == (True, False, 425)
    assert zone("Europe/Berlin").key == "Europe/Berlin"
    for text in ("Mars/Base", "../../etc/passwd", "/etc/localtime"):
        with pytest.raises(ConfigError):
            zone(text)


@given(option=st.sampled_from(OPTIONS), text=st.text(max_size=30).map(str.strip).filter(bool))
def test_any_text_is_a_value_or_one_sentence(option: Option, text: str) -> None:
    try:
        option.parse(text, Path("nowhere"))
    except ConfigError as error:
        problems = error.problems
    else:
        problems = ("",)
    assert len(problems) == 1


def test_every_default_is_read_by_its_own_parser() -> None:
    for option in OPTIONS:
        option.parse(option.default, Path())
