"""Our signing against the worked examples of Tesla's public protocol document (its published test keys), and our bytes against the
message classes of the package tesla-protocol."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from tesla_protocol.command import car_server_pb2 as car_server
from tesla_protocol.command import signatures_pb2 as signatures
from tesla_protocol.command import universal_message_pb2 as universal

from clients import tesla_signing as signing
from clients.tesla_actions import ACTIONS, payload
from clients.tesla_protobuf import Parsed, Sealed, Signature, car_answer, car_message, command, handshake, session_info
from clients.tesla_table import TABLE
from errors import BadAnswer, Refused

VIN = "5YJ30123456789ABC"
CLIENT_NUMBER = 0x2538CDC29A97C19C1E99A637D6CF4F8C970C118B56EDE1E6323E6D162C4B30DB  # published for this purpose
CLIENT_PEM = ec.derive_private_key(CLIENT_NUMBER, ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
CLIENT = bytes.fromhex(
    "04b2b6bc68c2da0665ce656815594996c62394edd8bea905fe781a754fe6a845a714330902f225e9269d466e05b349981fda9d85cc23c6fb444aa73b629105dc6e"
)
CAR = bytes.fromhex(
    "04c7a1f47138486aa4729971494878d33b1a24e39571f748a6e16c5955b3d877d3a6aaa0e955166474af5d32c410f439a2234137ad1bb085fd4e8813c958f11d97"
)
SHARED = bytes.fromhex("1b2fce19967b79db696f909cff89ea9a")
EPOCH = bytes.fromhex("4c463f9cc0d3d26906e982ed224adde6")
INFO = bytes.fromhex("08061241" + CAR.hex() + "1a10" + EPOCH.hex() + "255a0a0000")
CHALLENGE = bytes.fromhex("1588d5a30eabc6f8fc9a951b11f6fd11")
ADDRESS = bytes.fromhex("2c907bd76c640d360b3027dc7404efde")


def test_the_shared_key_of_the_document() -> None:
    key = signing.load_key(CLIENT_PEM)
    assert key.public == CLIENT
    assert signing.shared_key(key, CAR) == SHARED


def test_the_session_info_of_the_document_and_its_tag() -> None:
    said = session_info(INFO)
    assert (said.counter, said.car_key, said.epoch, said.clock_s, said.paired) == (6, CAR, EPOCH, 2650, True)
    tag = signing.session_tag(SHARED, VIN, CHALLENGE, INFO)
    assert tag.hex() == "996c1fe38331be138f8039c194b14db2198846ed7d8251e6749284d7b32ea002"


def test_metadata_is_sorted_and_ends_with_its_mark() -> None:
    tags: dict[int, int | bytes] = {signing.COUNTER: 100, signing.VIN: b"abc"}
    assert signing.metadata(tags).hex() == "0203616263050400000064ff"
    assert signing.metadata({signing.KIND: b"\x06", signing.VIN: VIN.encode(), signing.CHALLENGE: CHALLENGE}).hex() == (
        "000106021135594a333031323334353637383941424306101588d5a30eabc6f8fc9a951b11f6fd11ff"
    )


def test_the_encryption_of_the_document_is_opened() -> None:
    flags, expires, counter = 2, 2655, 7
    values: dict[int, int | bytes] = {signing.KIND: 5, signing.DOMAIN: 3, signing.VIN: VIN.encode(), signing.EPOCH: EPOCH}
    covered = signing.metadata(values | {signing.EXPIRES: expires, signing.COUNTER: counter, signing.FLAGS: flags})
    assert covered.hex() == (
        "000105010103021135594a333031323334353637383941424303104c463f9cc0d3d26906e982ed224adde6040400000a5f050400000007070400000002ff"
    )
    nonce, sealed = bytes.fromhex("dbf79447fa156674dae1caed"), bytes.fromhex("38038e8c0f2ec228e0ff64991481db3a7bbc133696c5")
    assert signing.decrypted(SHARED, nonce, sealed, hashlib.sha256(covered).digest()).hex() == "120452020801"
    with pytest.raises(BadAnswer):
        signing.decrypted(SHARED, nonce, sealed, b"another")
    with pytest.raises(BadAnswer):
        signing.decrypted(SHARED, b"", sealed, b"another")


def test_the_message_of_the_document_is_read() -> None:
    body = bytes.fromhex("320208023a1212100a7962c10d38b61dd2a7722780a4f0969a031005514f57616bcc81a8ce0f9d7b48322952040a020805")
    outer = Parsed(body)
    assert (outer.inner(6).whole(1), outer.inner(7).bytes(2).hex()) == (2, "0a7962c10d38b61dd2a7722780a4f096")
    assert (outer.bytes(10).hex(), outer.bytes(51).hex()) == ("0a020805", "05514f57616bcc81a8ce0f9d7b483229")


def test_our_handshake_is_the_librarys() -> None:
    theirs = universal.RoutableMessage(uuid=CHALLENGE)
    theirs.to_destination.domain = universal.DOMAIN_INFOTAINMENT
    theirs.from_destination.routing_address = ADDRESS
    theirs.session_info_request.public_key = CLIENT
    ours = universal.RoutableMessage.FromString(handshake(CLIENT, ADDRESS, CHALLENGE))
    assert ours == theirs


def test_our_command_is_the_librarys() -> None:
    theirs = universal.RoutableMessage(uuid=CHALLENGE, protobuf_message_as_bytes=b"do", flags=2)
    theirs.to_destination.domain = universal.DOMAIN_INFOTAINMENT
    theirs.from_destination.routing_address = ADDRESS
    theirs.signature_data.signer_identity.public_key = CLIENT
    theirs.signature_data.HMAC_Personalized_data.CopyFrom(
        signatures.HMAC_Personalized_Signature_Data(epoch=EPOCH, counter=300, expires_at=70_000, tag=b"t" * 32)
    )
    ours = universal.RoutableMessage.FromString(command(b"do", Signature(CLIENT, EPOCH, 300, 70_000, b"t" * 32), ADDRESS, CHALLENGE))
    assert ours == theirs


def test_a_reply_of_the_library_is_read_whole() -> None:
    theirs = universal.RoutableMessage(request_uuid=CHALLENGE, protobuf_message_as_bytes=b"x", flags=1)
    theirs.to_destination.routing_address = ADDRESS
    theirs.from_destination.domain = universal.DOMAIN_INFOTAINMENT
    theirs.signedMessageStatus.operation_status = universal.OPERATIONSTATUS_WAIT
    theirs.signedMessageStatus.signed_message_fault = universal.MESSAGEFAULT_ERROR_TIME_EXPIRED
    data = theirs.signature_data.AES_GCM_Response_data
    data.nonce, data.counter, data.tag = b"n" * 12, 9, b"t" * 16
    ours = car_message(theirs.SerializeToString())
    assert (ours.request, ours.address, ours.domain, ours.flags, ours.fault, ours.status) == (CHALLENGE, ADDRESS, 3, 1, 17, 1)
    assert (ours.payload, ours.sealed) == (b"x", Sealed(b"n" * 12, 9, b"t" * 16))


PLACE = {"lat": 10.25, "lon": -20.5}
SCHEDULE = {
    "id": 1095585875,
    "days_of_week": "All",
    "enabled": True,
    "start_enabled": True,
    "start_time": 90,
    "end_enabled": False,
    **PLACE,
}
WARM = {"id": 7, "days_of_week": "Thursday,Saturday", "enabled": False, "precondition_time": 450, "one_time": True, **PLACE}
ASKED: dict[str, dict[str, object]] = {
    "charge_start": {},
    "charge_stop": {},
    "charge_standard": {},
    "charge_max_range": {},
    "set_charging_amps": {"charging_amps": 16},
    "set_charge_limit": {"percent": 80},
    "charge_port_door_open": {},
    "charge_port_door_close": {},
    "add_charge_schedule": SCHEDULE,
    "remove_charge_schedule": {"id": 1095585875},
    "add_precondition_schedule": WARM,
    "remove_precondition_schedule": {"id": 7},
}
FIELDS = {
    "charge_start": "chargingStartStopAction { start { } }",
    "charge_stop": "chargingStartStopAction { stop { } }",
    "charge_standard": "chargingStartStopAction { start_standard { } }",
    "charge_max_range": "chargingStartStopAction { start_max_range { } }",
    "set_charging_amps": "setChargingAmpsAction { charging_amps: 16 }",
    "set_charge_limit": "chargingSetLimitAction { percent: 80 }",
    "charge_port_door_open": "chargePortDoorOpen { }",
    "charge_port_door_close": "chargePortDoorClose { }",
    "add_charge_schedule": "addChargeScheduleAction { id: 1095585875 days_of_week: 127 start_enabled: true start_time: 90 enabled: true "
    "latitude: 10.25 longitude: -20.5 }",
    "remove_charge_schedule": "removeChargeScheduleAction { id: 1095585875 }",
    "add_precondition_schedule": "addPreconditionScheduleAction { id: 7 days_of_week: 80 precondition_time: 450 one_time: true "
    "latitude: 10.25 longitude: -20.5 }",
    "remove_precondition_schedule": "removePreconditionScheduleAction { id: 7 }",
}


def test_every_command_of_the_table_but_waking_can_be_signed() -> None:
    assert set(ACTIONS) == set(TABLE) - {"wake_up"} == set(ASKED)


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked_reads_the_same_in_the_librarys_words(name: str) -> None:
    action = car_server.Action.FromString(payload(name, ASKED[name]))
    assert " ".join(str(action).split()) == f"vehicleAction {{ {FIELDS[name]} }}"


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("add_charge_schedule", {**SCHEDULE, "id": 0}),
        ("add_charge_schedule", {key: value for key, value in SCHEDULE.items() if key != "id"}),
        ("add_charge_schedule", {**SCHEDULE, "days_of_week": "Someday"}),
        ("set_charging_amps", {"charging_amps": "16"}),
    ],
)
def test_what_cannot_be_signed_is_refused_before_it_is_sent(name: str, params: dict[str, object]) -> None:
    with pytest.raises(Refused):
        payload(name, params)


def other_key(curve: ec.EllipticCurve, password: bytes = b"") -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return ec.generate_private_key(curve).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize(
    "pem",
    [b"", b"no key", CLIENT_PEM[:80] + b"x" + CLIENT_PEM[80:], b"\xff\xfe", other_key(ec.SECP384R1()), other_key(ec.SECP256R1(), b"pw")],
)
def test_a_file_that_is_no_key_is_told_without_its_content(pem: bytes) -> None:
    with pytest.raises(Refused, match=r"tesla_key\.pem is no private key") as told:
        signing.load_key(pem)
    assert "MIG" not in str(told.value)


def test_a_car_key_that_is_no_point_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswer):
        signing.shared_key(signing.load_key(CLIENT_PEM), CAR[:-1] + b"\x00")


@given(st.binary(max_size=60))
def test_garbage_is_a_bad_answer_and_nothing_else(body: bytes) -> None:
    for read in (car_message, session_info, lambda some: car_answer(some, proven=True)):
        try:
            read(body)
        except BadAnswer:
            continue


@given(st.integers(0, 2**63 - 1), st.binary(max_size=300))
def test_numbers_and_bytes_of_any_size_come_back(number: int, body: bytes) -> None:
    theirs = universal.RoutableMessage(request_uuid=body, protobuf_message_as_bytes=body, flags=number & 0xFFFFFFFF)
    ours = car_message(theirs.SerializeToString())
    assert (ours.request, ours.payload, ours.flags) == (body, body, number & 0xFFFFFFFF)


def test_an_answer_without_a_status_is_a_yes_only_from_the_car_itself() -> None:
    assert car_answer(b"", proven=True).done
    with pytest.raises(BadAnswer):
        car_answer(b"", proven=False)
    assert car_answer(b"\x0a\x00", proven=False).done
