"""Ill services, met by scheduler.py over real sockets: the right exit code, one clear line, no traceback, and a plan all the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from simulator.faults import (
    ASLEEP_408,
    BARE_NAN,
    BILLING_LIMIT,
    BUSY_503,
    CUT,
    DROP_AFTER,
    DROP_BEFORE,
    GARBAGE,
    ILL_500,
    LOGIN_REQUIRED,
    MUST_SIGN,
    NO_BRACE,
    TOKEN_EXPIRED,
    Fault,
    Ill,
    too_many,
    wrong_region,
)
from simulator.server import Device, Reply, Request, reply
from tests.process import Ended, Home

FORBIDDEN = Fault(Ill.STATUS, 403, '{"response":null,"error":"Unauthorized missing scopes"}')
NOBODY = "http://127.0.0.1:1"
GONE = "All problems are gone.\n"


@pytest.fixture
def place(place: Home) -> Home:
    place.changes["CAR_SAFETY_SCHEDULE"] = "off"  # it has its own tests: here one stop is what counts
    return place


def clear(ended: Ended, code: int, *words: str) -> None:
    """The exit code, and on stderr one line with these words; none where there are none."""
    assert ended.code == code, ended
    assert "Traceback" not in ended.err
    assert ended.err.count("\n") == (1 if words else 0), ended.err
    assert all(word in ended.err for word in words), ended.err


def cars(place: Home) -> list[dict[str, object]]:
    found = place.decision()["cars"]
    assert isinstance(found, list)
    return found


def no_call_uncounted(place: Home) -> None:
    assert place.spent() >= place.world.account.dollars - 1e-9


@dataclass(frozen=True)
class Met:
    """A fault of the Fleet API for one request whose path contains `at`, and what a cycle makes of it. `sent`: commands that arrived."""

    fault: Fault
    at: str
    code: int
    words: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()


LIST = {
    "an access token that has expired": Met(TOKEN_EXPIRED, "", 1, ("401", "log in again")),
    "a login that is no longer valid": Met(LOGIN_REQUIRED, "", 1, ("401", "no longer valid")),
    "a login without the scopes": Met(FORBIDDEN, "", 0, ("403", "tick all boxes")),
    "a billing limit": Met(BILLING_LIMIT, "", 0, ("403", "billing limit")),
    "another region": Met(wrong_region("https://fleet-api.prd.eu.vn.cloud.tesla.com"), "", 0, ("421", "TESLA_REGION")),
    "too many requests": Met(too_many(600), "", 0, ("429", "waiting as told")),
    "a fault of Tesla's": Met(ILL_500, "", 0, ("500",)),
    "a busy Tesla": Met(BUSY_503, "", 0, ("503",)),
    "a list that never comes": Met(DROP_BEFORE, "", 0, ("no whole answer",)),
    "half a list": Met(CUT, "", 0, ("no whole answer",)),
    "a web page instead of a list": Met(GARBAGE, "", 0, ("no whole JSON",)),
    "a car that fell asleep": Met(ASLEEP_408, "vehicle_data", 0),
    "half a reading": Met(CUT, "vehicle_data", 0, ("car reading", "no whole answer")),
    "a web page instead of a reading": Met(GARBAGE, "vehicle_data", 0, ("car reading", "no whole JSON")),
    "a car that takes signed commands only": Met(MUST_SIGN, "command/", 1, ("403", "signed commands")),
    "too many commands": Met(too_many(600), "command/", 0, ("429", "charge_stop was not sent")),
    "a command that is lost on its way": Met(DROP_BEFORE, "command/", 0),
    "a command whose answer is lost": Met(DROP_AFTER, "command/", 0, (), ("charge_stop",)),
    "a web page instead of a command's answer": Met(GARBAGE, "command/", 0, (), ("charge_stop",)),
    "a command that Tesla fails at": Met(ILL_500, "command/", 0),
}


@pytest.mark.parametrize("name", LIST)
def test_an_ill_tesla_is_one_clear_line_and_no_cycle_is_lost(name: str, place: Home) -> None:
    met = LIST[name]
    place.world.faults["fleet"].next(1, met.fault, met.at)
    clear(place.do("run"), met.code, *met.words)
    assert place.world.faults["fleet"].left == 0
    assert tuple(place.commands()) == met.sent
    assert str(place.decision()["summary"])
    no_call_uncounted(place)
    for minutes in (5, 15, 50):  # Tesla is well again, and whatever it asked for is over
        assert place.later(minutes).do("run").code == 0
        no_call_uncounted(place)
    assert place.commands() == ["charge_stop"]


@pytest.mark.parametrize("at", ["", "command/"])
def test_after_a_429_the_next_cycles_leave_tesla_alone_as_long_as_it_asked(at: str, place: Home) -> None:
    place.world.faults["fleet"].next(1, too_many(600), at)
    place.do("run")
    asked = len(place.network.fleet.server.log)
    place.later(5).do("run")
    assert len(place.network.fleet.server.log) == asked
    place.later(6).do("run")
    assert place.commands() == ["charge_stop"]


def test_after_a_billing_stop_tesla_is_asked_again_only_once_an_hour(place: Home) -> None:
    place.world.faults["fleet"].next(1, BILLING_LIMIT)
    place.do("run")
    asked = len(place.network.fleet.server.log)
    for _ in range(4):
        assert place.later(14).do("run").err == ""
    assert len(place.network.fleet.server.log) == asked
    assert place.later(10).do("run").err == GONE


def test_a_command_whose_answer_was_lost_is_not_sent_again_before_the_car_was_looked_at(place: Home) -> None:
    place.world.faults["fleet"].next(1, DROP_AFTER, "command/")
    place.do("run").fine()
    place.world.faults["fleet"].next(1, BUSY_503, "vehicle_data")
    place.later(5).do("run")
    assert place.commands() == ["charge_stop"]
    assert place.later(5).do("run").err == GONE
    assert place.commands() == ["charge_stop"]
    assert (cars(place)[0]["action"], cars(place)[0]["origin"]) == ("wait", None)


UNREACHED = {
    "TESLA_API_URL": "tesla: No connection",
    "POWERWALL_URL": "powerwall: No connection",
    "ENERGY_MONITOR_URL": "meter: No connection",
    "WALL_CONNECTOR_URL": "wall connector: No connection",
    "GRID_STATUS_URL": "GridStatus: No connection",
}


@pytest.mark.parametrize("option", UNREACHED)
def test_an_unreachable_host_costs_its_own_reading_only(option: str, place: Home) -> None:
    place.changes |= {option: NOBODY, "TESLA_COMMAND_URL": place.network.fleet.url}
    place.changes |= {"POWERWALL_FINGERPRINT": None} if option == "POWERWALL_URL" else {}
    clear(place.do("run"), 0, UNREACHED[option])
    sources = place.decision()["sources"]
    assert isinstance(sources, dict)
    assert [name for name, source in sources.items() if not source["ok"]] == [UNREACHED[option].split(":")[0]]
    assert place.commands() == ([] if option == "TESLA_API_URL" else ["charge_stop"])


def test_without_a_way_to_tesla_the_known_car_is_planned_with_its_aged_reading(place: Home) -> None:
    place.do("run").fine()
    place.changes |= {"TESLA_API_URL": NOBODY}
    clear(place.later(5).do("run"), 0, "tesla: No connection")
    assert (cars(place)[0]["soc"], cars(place)[0]["soc_age_s"]) == (45, 300)
    assert cars(place)[0]["plan"]


def test_a_wrong_certificate_is_refused_before_the_password_is_sent_and_the_car_is_planned_all_the_same(place: Home) -> None:
    place.changes |= {"POWERWALL_FINGERPRINT": ":".join(["AB"] * 32)}
    clear(place.do("run"), 0, "powerwall", "does not show the certificate", place.network.powerwall.fingerprint)
    assert place.network.powerwall.logins == 0
    assert place.commands() == ["charge_stop"]


@pytest.mark.parametrize(("server", "fault", "source"), [
    ("powerwall", GARBAGE, "powerwall"), ("powerwall", CUT, "powerwall"), ("powerwall", ILL_500, "powerwall"),
    ("shelly", GARBAGE, "meter"), ("shelly", CUT, "meter"),
    ("gridstatus", GARBAGE, "GridStatus"), ("gridstatus", TOKEN_EXPIRED, "GridStatus"), ("gridstatus", too_many(60), "GridStatus"),
])  # fmt: skip
def test_an_ill_sensor_or_forecast_is_one_line_and_the_car_is_stopped_all_the_same(
    server: str, fault: Fault, source: str, place: Home
) -> None:
    place.world.faults[server].next(9, fault)
    clear(place.do("run"), 0, f"{source}: ")
    assert place.commands() == ["charge_stop"]
    assert cars(place)[0]["plan"]


@pytest.mark.parametrize("fault", [BARE_NAN, NO_BRACE])
def test_a_wall_connectors_broken_json_is_read_all_the_same(fault: Fault, place: Home) -> None:
    place.world.faults["gen3"].next(9, fault)
    place.do("run").fine()


Json = dict[str, object]


def without_values(data: Json) -> Json:
    """Every field of the answer null, as some firmware sends it for a car that has just come online."""
    return {name: dict.fromkeys(part) if isinstance(part, dict) else part for name, part in data.items()}


def invalid(data: Json) -> Json:
    """Every field of the charge state is Tesla's word for "cannot tell"."""
    charge = data["charge_state"]
    assert isinstance(charge, dict)
    return {**data, "charge_state": dict.fromkeys(charge, "<invalid>")}


def charge(**values: object) -> Callable[[Json], Json]:
    def change(data: Json) -> Json:
        state = data["charge_state"]
        assert isinstance(state, dict)
        return {**data, "charge_state": {**state, **values}}

    return change


def no_place(data: Json) -> Json:
    return {**data, "drive_state": None, "location_data": None}


def altered(device: Device, change: Callable[[Json], object]) -> Device:
    """The Fleet API with another body for a car's data."""

    def answer(request: Request) -> Reply:
        given = device(request)
        if not request.path.endswith("/vehicle_data") or given.status != 200:
            return given
        return reply(200, {"response": change(json.loads(given.body)["response"])})

    return answer


STRANGE: dict[str, tuple[Callable[[Json], object], tuple[str, ...], str]] = {
    # what is odd: the change, words on stderr, and the action that follows
    "nulls everywhere": (without_values, (), "none"),
    "<invalid> everywhere": (invalid, (), "none"),
    "no place": (no_place, (), "none"),
    "no state of charge": (charge(battery_level=None), (), "stop"),
    "<invalid> limit": (charge(charge_limit_soc="<invalid>"), (), "stop"),
    "no amps": (charge(charger_actual_current=None, charge_current_request=None), (), "stop"),
    "a word that Tesla has added": (charge(charging_state="Dreaming"), (), "wait"),
    "numbers as text": (charge(battery_level="45", charge_limit_soc="80"), (), "stop"),
    "more than a battery can hold": (charge(battery_level=450), (), "stop"),
    "no charge state": (lambda data: {**data, "charge_state": None}, ("charge_state",), "none"),
    "no data at all": (lambda _data: None, ("car reading",), "none"),
    "another car's data": (lambda data: {**data, "vin": "5YJ3AMPSHFT000777"}, ("another car",), "none"),
    "a list": (lambda _data: [1, 2, 3], ("car reading",), "none"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_body_leads_to_a_decision_with_reasons(name: str, place: Home) -> None:
    change, words, action = STRANGE[name]
    place.network.fleet.server.device = altered(place.network.fleet.server.device, change)
    clear(place.do("run"), 0, *words)
    assert [(car["action"], bool(car["reasons"])) for car in cars(place)] == [(action, True)]
    assert place.commands() == (["charge_stop"] if action == "stop" else [])
