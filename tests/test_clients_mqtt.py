"""The connection to a real broker: what a failure is called, TLS, and what is left behind."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clients.mqtt import Address, Heard, Link, Message, is_up, listen, publish
from errors import BadCertificate, LoginDead, NoAnswer, NotConfigured, Unreachable
from simulator.broker import Broker
from tests.brokers import broker
from tests.fake_server import self_signed

# paho leaves the socket of a handshake that failed to the garbage, which closes it at once
HANDSHAKE = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker with TLS and a certificate of its own, for 127.0.0.2."""
    folder = tmp_path_factory.mktemp("sealed")
    self_signed(folder)
    with broker(folder, pem=folder / "server.pem") as running:
        yield running


def test_what_is_sent_is_there_for_those_who_come_later_if_it_is_retained(far: Broker) -> None:
    publish(far.address, "one", [Message("kept/a", "1"), Message("kept/b", "2", retain=False), Message("kept/c", "é" * 20_000)])
    heard: list[Heard] = []

    def both(one: Heard) -> bool:
        heard.append(one)
        return len(heard) == 2

    listen(far.address, "two", ["kept/#"], both, 3.0)
    assert [(one.topic, one.retained, len(one.payload)) for one in heard] == [("kept/a", True, 1), ("kept/c", True, 10_000)]


def test_tls_with_a_certificate_of_ones_own(sealed: Broker) -> None:
    assert sealed.url.startswith("mqtts://127.0.0.2:")
    assert is_up(sealed.address, "me") == ""
    publish(sealed.address, "me", [Message("x", "y" * 50_000)])  # more than one record of TLS
    listen(sealed.address, "you", ["x"], lambda one: one.topic == "x" and one.retained, 3.0)


@HANDSHAKE
def test_a_certificate_that_nobody_vouches_for_gets_no_password(sealed: Broker) -> None:
    stranger = replace(sealed.address, ca_file=None, user="ampshift", password="s3cr3t")
    with pytest.raises(BadCertificate, match="trusted") as caught:
        publish(stranger, "me", ())
    assert "s3cr3t" not in str(caught.value)


@HANDSHAKE
def test_a_certificate_for_another_name_is_refused(sealed: Broker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = int(door.getsockname()[1])
        threading.Thread(target=forward, args=(door, sealed), daemon=True).start()
        with pytest.raises(BadCertificate):
            publish(replace(sealed.address, host="127.0.0.1", port=port), "me", ())


def forward(door: socket.socket, sealed: Broker) -> None:
    """The same broker behind another address."""
    near, _ = door.accept()
    with near, socket.create_connection((sealed.host, sealed.port)) as there:
        for one, other in ((near, there), (there, near)):
            threading.Thread(target=pump, args=(one, other), daemon=True).start()
        time.sleep(1.0)


def pump(one: socket.socket, other: socket.socket) -> None:
    try:
        while data := one.recv(4096):
            other.sendall(data)
    except OSError:
        return


def test_an_authority_that_cannot_be_read_is_named(sealed: Broker, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "absent.pem"):
        with pytest.raises(NotConfigured, match="MQTT_CA_FILE"):
            Link(replace(sealed.address, ca_file=path), "me")


@HANDSHAKE
def test_clear_text_at_a_door_for_tls_is_no_answer_and_the_other_way_no_certificate(sealed: Broker, far: Broker) -> None:
    with pytest.raises((NoAnswer, Unreachable)):
        publish(replace(sealed.address, tls=False), "me", ())
    with pytest.raises((BadCertificate, NoAnswer, Unreachable)):
        publish(replace(far.address, tls=True), "me", ())


@pytest.mark.skipif(shutil.which("mosquitto_passwd") is None, reason="mosquitto_passwd is not installed here")
def test_a_wrong_password_is_for_the_owner_to_mend(tmp_path: Path) -> None:
    with broker(tmp_path, login=("ampshift", "right")) as strict:
        for password in ("wrong", ""):
            with pytest.raises(LoginDead, match="MQTT_PASSWORD"):
                publish(replace(strict.address, password=password), "me", ())
        assert is_up(strict.address, "me") == ""


def test_nobody_there_and_no_such_name_are_unreachable() -> None:
    for host in ("127.0.0.1", "no-such-broker.invalid"):
        with pytest.raises(Unreachable, match="is the broker on"):
            publish(Address(host, 9, f"mqtt://{host}:9"), "me", ())


def test_a_broker_that_hangs_up_in_the_middle_is_no_answer(tmp_path: Path) -> None:
    with broker(tmp_path) as short:
        link = Link(short.address, "me")
        link.open()
        short.stop()
        with pytest.raises(NoAnswer, match="broke off"):
            turn_on(link)
        link.close()


def turn_on(link: Link) -> None:
    for _ in range(50):
        link.turn(0.05)


def test_neither_a_thread_nor_a_socket_stays_behind(far: Broker) -> None:
    threads, files = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        publish(far.address, "me", [Message("a", "b")])
    assert threading.active_count() == threads
    assert len(list(Path("/proc/self/fd").iterdir())) == files
