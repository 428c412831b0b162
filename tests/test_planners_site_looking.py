"""When Tesla's cloud is asked about the Powerwall, and what an aged answer is worth."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cycle.energy import just_plugged, seen
from model import CarStatus, Code, Missing, PowerwallReading, SiteConnector
from model_decision import NOT_ASKED
from model_energy import CloudSite, SiteKind
from model_memory import CommandKind, Held, Intent, Memory, Outcome, SiteIntent, SiteMemory
from planners.owner_limit import amps_cap
from planners.site_looking import SiteDue, site_due
from tests import builders
from tests.builders import EVENING, at

NOON = at("2026-12-08 12:00")
NOTHING = SiteDue(live=False, settings=False)
LIVE = SiteDue(live=True, settings=False)
BOTH = SiteDue(live=True, settings=True)


def cloud(now: datetime, storm: bool = False) -> CloudSite:
    return CloudSite(1, builders.powerwall(at=now, storm_watch=storm), builders.site_settings(at=now))


def memory(asked: datetime, *, plugged: bool = True, **site: object) -> Memory:
    cars = (builders.plugged(now=asked),) if plugged else ()
    whole = SiteMemory(cloud=cloud(asked), asked_at=asked)
    return Memory(cars=cars, site=replace(whole, **site))  # type: ignore[arg-type]


def due(known: Memory, now: datetime, minutes: float, **options: str) -> SiteDue:
    return site_due(builders.settings(**({"POWERWALL_SITE": "auto"} | options)), known, now + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("now", "plugged", "minutes", "wanted"),
    [
        (NOON, True, 10, NOTHING),
        (NOON, True, 15, LIVE),
        (EVENING + timedelta(hours=4), True, 15, NOTHING),
        (EVENING + timedelta(hours=4), True, 30, LIVE),
        (NOON, False, 170, NOTHING),
        (NOON, False, 180, LIVE),
    ],
)
def test_a_paid_answer_is_asked_for_where_a_decision_hangs_on_it(now: datetime, plugged: bool, minutes: float, wanted: SiteDue) -> None:
    assert due(memory(now, plugged=plugged), now, minutes) == wanted


def test_where_it_is_free_it_is_asked_each_cycle_and_without_a_site_never() -> None:
    assert due(memory(NOON, plugged=False), NOON, 1, TESLA_ENERGY_PRICE="0") == LIVE
    assert site_due(builders.settings(), memory(NOON), NOON + timedelta(hours=5)) == NOTHING


def test_after_a_command_to_the_car_the_sun_is_measured_anew() -> None:
    sent = Intent(CommandKind.AMPS, 12, Code.FOLLOW_SUN, NOON, 0.001, Outcome.DONE)
    known = memory(NOON)
    known = replace(known, cars=(replace(known.cars[0], intents=(sent,)),))
    assert due(known, NOON, 5) == LIVE


@pytest.mark.parametrize(
    ("site", "minutes", "wanted"),
    [
        ({"wanted": True}, 5, BOTH),
        ({"wanted": True, "settled": True}, 5, NOTHING),
        ({"held": (Held(SiteKind.RESERVE, 20, 63),)}, 5, BOTH),
        ({"held": (Held(SiteKind.RESERVE, 20, 63),), "wanted": True}, 16, BOTH),
    ],
)
def test_the_settings_are_asked_for_only_for_the_hold(site: dict[str, object], minutes: float, wanted: SiteDue) -> None:
    known = memory(EVENING)
    known = replace(known, site=replace(known.site, **site))  # type: ignore[arg-type]
    assert due(known, EVENING, minutes, POWERWALL_SITE="", POWERWALL_HOLD="on") == wanted


def test_a_hold_that_stands_is_watched_every_quarter_of_an_hour_and_at_once_after_a_lost_answer() -> None:
    held = (Held(SiteKind.RESERVE, 20, 63),)
    done, lost = (SiteIntent(SiteKind.RESERVE, 63, EVENING, outcome) for outcome in (Outcome.DONE, Outcome.UNKNOWN))
    assert due(memory(EVENING, held=held, wanted=True, intents=(done,)), EVENING, 5, POWERWALL_HOLD="on") == NOTHING
    assert due(memory(EVENING, held=held, wanted=True, intents=(lost,)), EVENING, 5, POWERWALL_HOLD="on") == BOTH


def test_during_a_storm_what_stands_is_watched_less_often() -> None:
    held = (Held(SiteKind.RESERVE, 20, 63),)
    storm = memory(EVENING, held=held, cloud=cloud(EVENING, storm=True), intents=(SiteIntent(SiteKind.RESERVE, 63, EVENING, Outcome.DONE),))
    assert due(storm, EVENING, 5) == NOTHING
    assert due(storm, EVENING, 15) == BOTH


def follow(seen_at: datetime, commanded: datetime) -> list[Code]:
    """Reasons at noon with plenty of sun in a reading of `seen_at`, and amps that were set at `commanded`."""
    reading = builders.reading(at=NOON, charging="Charging", actual_amps=20.0, volts=240.0, request_amps=20)
    sent = Intent(CommandKind.AMPS, 20, Code.FOLLOW_SUN, commanded, 0.001, Outcome.DONE)
    known = builders.plugged(now=NOON, reading=reading, intents=(sent,), amps_set=20)
    sun: PowerwallReading = builders.powerwall(at=seen_at, grid_w=-4000.0, solar_w=9800.0, load_w=5800.0, soc=100.0)
    seen = builders.snapshot(builders.view(reading), now=NOON, powerwall=sun, memory=Memory(cars=(known,)))
    return [reason.code for reason in builders.decided(seen, POWERWALL_SITE="auto", TARIFF="free-nights:21:00-06:00@0.24").cars[0].reasons]


def test_an_aged_flow_is_followed_only_while_nothing_of_ours_changed_since() -> None:
    aged = NOON - timedelta(minutes=10)
    assert Code.FOLLOW_SUN in follow(aged, aged - timedelta(minutes=5))
    assert Code.CANNOT_FOLLOW in follow(aged, aged + timedelta(minutes=5))
    assert Code.FOLLOW_SUN in follow(NOON, NOON)


def test_the_5_amps_that_a_car_took_for_our_3_are_not_the_owners_cap() -> None:
    car = replace(builders.plugged(), amps_set=3)
    assert amps_cap(car, builders.reading(request_amps=5)) is None
    assert amps_cap(replace(car, amps_set=8), builders.reading(request_amps=5)) == 5


def named(*vins: str, now: datetime = NOON) -> PowerwallReading:
    return builders.powerwall(at=now, storm_watch=True, connectors=tuple(SiteConnector("din", vin, 0.0) for vin in vins))


def test_a_car_that_a_connector_names_anew_is_worth_one_paid_reading() -> None:
    online = CarStatus(builders.VIN, "Blue", online=True, in_service=False)
    before = Memory(site=SiteMemory(cloud=CloudSite(1, named(now=EVENING), NOT_ASKED)))
    assert just_plugged((online,), before, named(builders.VIN), NOON) == (builders.VIN,)
    assert just_plugged((online,), before, named(builders.VIN_2), NOON) == ()
    assert just_plugged((replace(online, online=False),), before, named(builders.VIN), NOON) == ()
    assert just_plugged((online,), before, named(builders.VIN, now=NOON - timedelta(minutes=5)), NOON) == ()  # an aged answer is no news
    told = Memory(site=SiteMemory(cloud=CloudSite(1, named(builders.VIN), NOT_ASKED)))
    assert just_plugged((online,), told, named(builders.VIN), NOON) == ()


def test_the_gateway_at_home_learns_of_the_storm_from_the_cloud_and_a_house_without_one_lives_from_its_last_answer() -> None:
    known = Memory(site=SiteMemory(cloud=CloudSite(1, named(now=NOON), NOT_ASKED)))
    later, much_later = NOON + timedelta(minutes=20), NOON + timedelta(minutes=40)
    local = builders.powerwall(at=later, grid_w=7.0)
    gateway = builders.settings(POWERWALL_URL="https://192.168.1.40", POWERWALL_PASSWORD="x")
    assert seen({}, known, local, gateway, later) == (replace(local, storm_watch=True), NOT_ASKED)
    alone, none = builders.settings(POWERWALL_SITE="auto"), Missing("powerwall", "not configured")
    assert seen({}, known, none, alone, later)[0] == named(now=NOON)
    assert isinstance(seen({}, known, none, alone, much_later)[0], Missing)
