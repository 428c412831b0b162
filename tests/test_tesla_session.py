"""Our signed commands against the independent car of the simulator, over a real socket."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tesla_protocol.command import universal_message_pb2 as universal

from clients.http import Http
from clients.tesla_actions import payload
from clients.tesla_commands import Commander
from clients.tesla_table import Call
from errors import BudgetSpent, LoginDead, TooMany
from model import Billed
from model_memory import CommandKind, Outcome
from simulator.account import Account
from simulator.car import Car
from simulator.faults import ASLEEP_408, BUSY_503, CUT, DROP_AFTER, DROP_BEFORE, GARBAGE, HANG, TOKEN_EXPIRED, Fault, Ill, too_many
from simulator.fleet import Fleet
from simulator.tesla_signed import Odd
from tests.fake_server import Counter
from tests.signed_home import VIN, SignedHome, charging_world, new_key, signed_home
from tests.test_tesla_signing import ASKED

START, STOP, AMPS, LIMIT, WAKE = CommandKind.START, CommandKind.STOP, CommandKind.AMPS, CommandKind.LIMIT, CommandKind.WAKE
OTHER = "5YJ3AMPSHFT000009"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[SignedHome]:
    with signed_home(tmp_path) as one:
        yield one


def state(car: Car) -> tuple[object, ...]:
    return car.request_amps, car.limit_soc, car.wants, car.word, car.schedules, car.preconditions


# ---- what is done -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ASKED)
def test_a_signed_command_does_in_the_car_what_the_plain_one_does(home: SignedHome, name: str) -> None:
    call, plain = Call(name, ASKED[name]), charging_world()
    assert home.commander().send_call(call, VIN).outcome in (Outcome.DONE, Outcome.ALREADY)
    fleet = Fleet(plain)
    Commander(fleet.url, fleet.token, home.http, Counter()).send_call(call, VIN)
    fleet.close()
    assert home.car.performed == [name]
    assert state(home.world.cars[VIN]) == state(plain.cars[VIN])


def test_a_plain_command_to_this_car_is_refused(home: SignedHome) -> None:
    plain = Commander(home.fleet.url, home.fleet.token, home.http, Counter()).send(STOP, VIN, None)
    assert plain.outcome is Outcome.REFUSED
    assert "signed" in plain.text


def test_the_first_command_takes_a_handshake_and_each_later_one_a_single_request(home: SignedHome) -> None:
    assert [home.asked(kind)[1] for kind in (STOP, AMPS, LIMIT, START)] == [2, 1, 1, 1]
    assert home.count.counted == ["command"] * 5
    assert home.world.account.billed[Billed.COMMAND] == 5
    assert home.car.performed == ["charge_stop", "set_charging_amps", "set_charge_limit", "charge_start"]


def test_each_car_has_a_session_of_its_own(home: SignedHome) -> None:
    account: Account = home.world.account
    account.cars = {**account.cars, OTHER: account.cars[VIN]}
    for vin in (VIN, OTHER, VIN, OTHER):
        assert home.send(AMPS, vin).outcome is Outcome.DONE
    assert home.requests == 6
    assert len(account.signed(OTHER).performed) == 2


@pytest.mark.parametrize("encrypts", [True, False], ids=["2024.38", "older"])
def test_the_cars_own_refusals_have_the_outcomes_of_plain_ones(home: SignedHome, encrypts: bool) -> None:
    home.car.encrypts = encrypts
    assert [home.send(kind).outcome for kind in (START, STOP, STOP)] == [Outcome.ALREADY, Outcome.DONE, Outcome.ALREADY]
    home.world.cars[VIN].plugged = False
    refused = home.send(START)
    assert (refused.outcome, refused.text) == (Outcome.REFUSED, "disconnected")


def test_waking_is_never_signed(home: SignedHome) -> None:
    assert home.asked(WAKE)[1] == 1
    assert home.fleet.server.log[-1].path.endswith(f"/{VIN}/wake_up")
    assert not home.session.exists()


# ---- sessions that are not the car's ----------------------------------------------------------------------------------------------


def test_an_old_session_file_is_repaired_within_the_call(home: SignedHome) -> None:
    home.settled()
    shutil.copy(home.session, home.folder / "backup")
    assert [home.asked(AMPS)[1] for _ in range(3)] == [1, 1, 1]
    shutil.copy(home.folder / "backup", home.session)
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.DONE, 2)
    assert home.car.performed[-1] == "charge_stop"
    assert home.asked(START)[1] == 1


def reboot(home: SignedHome) -> None:
    home.car.reboot()


def new_computer(home: SignedHome) -> None:
    home.car.new_computer()


def our_clock_fast(home: SignedHome) -> None:
    home.ahead_s = 3600


def our_clock_slow(home: SignedHome) -> None:
    home.ahead_s = -3600


def slow_on_the_way(home: SignedHome) -> None:
    home.car.odd = [Odd.LATE]


def our_key_is_new(home: SignedHome) -> None:
    home.pem = new_key()


STALE = [reboot, our_clock_fast, our_clock_slow, slow_on_the_way, our_key_is_new]


@pytest.mark.parametrize("happens", STALE)
def test_a_stale_session_is_repaired_with_one_more_request(home: SignedHome, happens: Callable[[SignedHome], None]) -> None:
    home.settled().world.advance(home.world.now + timedelta(minutes=10))
    happens(home)
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.DONE, 2)
    assert home.car.performed == ["charge_stop"]
    assert home.count.counted == ["command"] * 2
    assert home.asked(START)[1] == 1


@pytest.mark.parametrize("odd", [Odd.NO_INFO, Odd.BAD_TAG, Odd.BAD_INFO])
def test_a_refusal_without_a_session_to_believe_in_leads_to_a_handshake(home: SignedHome, odd: Odd) -> None:
    home.settled().car.reboot()
    home.car.odd = [odd]
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.DONE, 3)


def test_a_new_computer_in_the_car_is_met_with_its_own_key(home: SignedHome) -> None:
    home.settled().car.new_computer()
    assert home.asked(STOP)[0].outcome is Outcome.DONE
    assert home.asked(START)[1] == 1


def test_a_car_that_never_takes_it_is_asked_four_times_at_most_and_begun_anew_then(home: SignedHome) -> None:
    home.settled().car.odd = [15, Odd.EMPTY, 15, 15]
    assert home.asked(STOP)[1] == 2
    home.car.odd = [15, Odd.BAD_TAG, 15]
    assert home.asked(STOP)[1] <= 4
    home.car.odd = [5] * 9
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.REFUSED, 2)
    home.car.odd = []
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.DONE, 1)


def test_a_signature_that_is_refused_twice_ends_the_session(home: SignedHome) -> None:
    home.settled().car.odd = [5, Odd.LATE, 5]
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.REFUSED, 3)
    assert home.asked(STOP)[1] == 2, "a new handshake"
    assert home.car.performed == ["charge_stop"]


def test_a_message_that_reaches_the_car_twice_is_done_once_for_each_signature(home: SignedHome) -> None:
    home.settled().car.odd = [Odd.TWICE]
    answer, _ = home.asked(STOP)
    assert answer.outcome is Outcome.ALREADY, "the second copy is refused for its counter, the repetition finds it done"
    assert len(set(home.counters())) == len(home.counters())


NO_POINT = {"car_key": "04" + "11" * 64, "epoch": "00", "counter": 1, "began": 0, "clock_s": 0}
BROKEN = ['{"schema": 1', "{}", {VIN: {"car_key": "zz"}}, {VIN: {"counter": -1}}, {VIN: NO_POINT}, 3]


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_a_damaged_session_file_costs_a_handshake(home: SignedHome, broken: object) -> None:
    """`broken`: the whole file, or what it says of the cars."""
    home.settled()
    whole = json.loads(home.session.read_text())
    home.session.write_text(broken if isinstance(broken, str) else json.dumps({**whole, "data": {"cars": broken}}))
    (home.folder / "tesla_session.json.prev").unlink(missing_ok=True)
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.DONE, 2)


def test_the_session_file_is_for_its_owner_only_and_holds_no_secret(home: SignedHome) -> None:
    home.settled()
    assert home.session.stat().st_mode & 0o777 == 0o600
    text = home.session.read_text()
    assert home.fleet.token not in text
    assert "PRIVATE" not in text


def test_the_far_end_takes_no_message_that_was_changed_on_the_way(home: SignedHome) -> None:
    """Or the tests here would prove nothing."""
    home.settled()
    message = universal.RoutableMessage.FromString(home.car.asked[-1].SerializeToString())
    message.protobuf_message_as_bytes = payload("set_charging_amps", {"charging_amps": 48})
    answer = home.car.answer(message.SerializeToString(), home.world.now, lambda _name, _body: "")
    reply = universal.RoutableMessage.FromString(answer)
    assert reply.signedMessageStatus.signed_message_fault == universal.MESSAGEFAULT_ERROR_INVALID_SIGNATURE
    assert not home.car.performed


# ---- keys and cars that cannot ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("session", [False, True], ids=["new", "known"])
def test_a_key_that_is_not_paired_is_told_with_what_to_do(home: SignedHome, session: bool) -> None:
    if session:
        home.settled()
    home.world.account.unpaired.add(VIN)
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.REFUSED, 2 if session else 1)
    assert "pairing link" in answer.text
    assert not home.car.performed


def test_a_car_that_takes_no_signed_commands_gets_plain_ones_and_this_is_remembered(home: SignedHome) -> None:
    home.world.account.must_sign.clear()
    home.world.account.plain_only.add(VIN)
    first, second = home.asked(STOP), home.asked(START)
    assert [(answer.outcome, requests) for answer, requests in (first, second)] == [(Outcome.DONE, 2), (Outcome.DONE, 1)]
    assert home.count.counted == ["command"] * 3
    assert not home.car.asked


def test_a_car_that_has_learned_to_take_signed_commands_is_believed(home: SignedHome) -> None:
    home.world.account.plain_only.add(VIN)
    assert home.asked(STOP)[0].outcome is Outcome.REFUSED
    home.world.account.plain_only.clear()
    assert [home.asked(STOP)[0].outcome for _ in range(2)] == [Outcome.DONE, Outcome.ALREADY]


def test_a_key_file_that_is_none_sends_nothing_and_is_told(home: SignedHome) -> None:
    home.pem = b"-----BEGIN nonsense"
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.REFUSED, 0)
    assert "tesla_key.pem" in answer.text


# ---- faults of the car ------------------------------------------------------------------------------------------------------------

FAULTS = [
    (1, Outcome.UNREACHABLE, "busy"),
    (2, Outcome.UNKNOWN, "in time"),
    (4, Outcome.REFUSED, "pair"),
    (7, Outcome.REFUSED, "owner"),
    (9, Outcome.REFUSED, "update the car"),
    (11, Outcome.UNKNOWN, "fault of its own"),
    (12, Outcome.REFUSED, "another car"),
    (21, Outcome.REFUSED, "Allow Mobile Access"),
    (25, Outcome.UNKNOWN, "too long"),
    (23, Outcome.REFUSED, "23"),
]


@pytest.mark.parametrize(("fault", "outcome", "text"), FAULTS)
def test_a_fault_of_the_car_is_one_request_and_an_outcome(home: SignedHome, fault: int, outcome: Outcome, text: str) -> None:
    home.settled().car.odd = [fault]
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (outcome, 1)
    assert text in answer.text


def test_a_car_that_asks_to_wait_has_done_nothing(home: SignedHome) -> None:
    home.settled().car.odd = [Odd.WAIT]
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests, home.car.performed) == (Outcome.UNREACHABLE, 1, [])


@pytest.mark.parametrize("fault", [1, 2, 11])
def test_a_fault_in_the_handshake_means_that_nothing_was_commanded(home: SignedHome, fault: int) -> None:
    home.car.odd = [fault]
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.UNREACHABLE, 1)


# ---- what can happen on the way ---------------------------------------------------------------------------------------------------


def lose(home: SignedHome, fault: Fault) -> None:
    """The next answer; a hung one is not waited for longer than needed."""
    home.world.faults["fleet"].next(1, fault)
    if fault.ill is Ill.HANG:
        home.http = Http(read_s=1)


LOST = [DROP_AFTER, DROP_BEFORE, CUT, HANG, GARBAGE, BUSY_503, Fault(Ill.STATUS, 540)]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: f"{fault.ill}-{fault.status}")
def test_a_lost_answer_is_unknown_and_never_sent_again(home: SignedHome, fault: Fault) -> None:
    lose(home.settled(), fault)
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.UNKNOWN, 1)
    assert len(home.car.performed) <= 1


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: f"{fault.ill}-{fault.status}")
def test_a_lost_handshake_is_certainly_no_command(home: SignedHome, fault: Fault) -> None:
    lose(home, fault)
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.UNREACHABLE, 1)
    assert "nothing was commanded" in answer.text
    assert not home.car.performed


OTHERS = [
    (Odd.GARBAGE, True),
    (Odd.EMPTY, True),
    (Odd.FLIPPED, True),
    (Odd.OLD_ANSWER, True),
    (Odd.OLD_ANSWER, False),
    (Odd.NO_STATUS, False),
]


@pytest.mark.parametrize(("odd", "encrypts"), OTHERS)
def test_an_answer_that_is_not_the_cars_to_this_command_is_unknown(home: SignedHome, odd: Odd, encrypts: bool) -> None:
    home.car.encrypts = encrypts
    home.settled().car.odd = [odd]
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.UNKNOWN, 1)
    assert home.car.performed == ["charge_stop"]


@pytest.mark.parametrize("session", [False, True], ids=["new", "known"])
def test_a_sleeping_car_is_not_reachable(home: SignedHome, session: bool) -> None:
    if session:
        home.settled()
    home.world.faults["fleet"].next(1, ASLEEP_408)
    answer, requests = home.asked(STOP)
    assert (answer.outcome, requests) == (Outcome.UNREACHABLE, 1)


@pytest.mark.parametrize(("fault", "error"), [(too_many(60), TooMany), (TOKEN_EXPIRED, LoginDead)], ids=["429", "401"])
def test_what_concerns_every_command_is_raised(home: SignedHome, fault: Fault, error: type[Exception]) -> None:
    home.world.faults["fleet"].next(2, fault)
    for _ in range(2):
        with pytest.raises(error):
            home.send(STOP)


def test_a_spent_budget_ends_the_call_before_the_next_request(tmp_path: Path) -> None:
    class Purse(Counter):
        def __call__(self, kind: object) -> Callable[[], None]:
            if len(self.counted) == 3:
                raise BudgetSpent("tesla", "The month's budget is spent.")
            return super().__call__(kind)

    with signed_home(tmp_path) as home:
        home.count = Purse()
        assert home.send(AMPS).outcome is Outcome.DONE
        home.car.reboot()
        answer, requests = home.asked(STOP)
        assert (answer.outcome, requests) == (Outcome.NOT_SENT, 1)
        assert "charge_stop" not in home.car.performed


def test_without_a_connection_nothing_is_billed(home: SignedHome) -> None:
    home.settled()
    home.fleet.close()
    assert home.send(STOP).outcome is Outcome.UNREACHABLE
    assert home.count.counted == home.count.undone == ["command"] * 2
