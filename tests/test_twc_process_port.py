"""The daemon's port at network adapters: one that forgets us without a word, and one that speaks RFC 2217."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Any

import pytest
import serial
import serial.rfc2217

from twc_daemon_port import Port

PATIENCE_S = 25.0


def test_a_network_adapter_that_forgot_us_without_a_word_is_called_again() -> None:
    """It lost its power: the connection stands on our side, and nothing ever comes."""
    with socket.create_server(("127.0.0.1", 0)) as adapter:
        adapter.settimeout(PATIENCE_S)
        port = Port(f"socket://127.0.0.1:{adapter.getsockname()[1]}", silence_s=0.5)
        port.exchange(b"", 0.01, 0.0)
        forgotten, _ = adapter.accept()
        assert port.exchange(b"", 0.01, 0.4) == b""
        port.exchange(b"", 0.01, 0.6)
        anew, _ = adapter.accept()
        with forgotten, anew:
            anew.sendall(b"\xc0")
            assert heard(port, 0.7) == b"\xc0"
            assert port.exchange(b"", 0.01, 1.1) == b""  # 0.5 s count from the newest byte
            assert port.serial is not None
            adapter.settimeout(0.2)
            with suppress(TimeoutError):
                adapter.accept()
                raise AssertionError("called again although bytes came")
        port.close()


def heard(port: Port, now: float) -> bytes:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if received := port.exchange(b"", 0.05, now):
            return received
    return b""


def rfc2217_adapter(server: socket.socket) -> None:
    """What is written to it comes back, as on a wire whose two ends are joined."""
    client, _ = server.accept()
    wire: Any = serial.serial_for_url("loop://", timeout=0)
    telnet: Any = Telnet(client)
    manager = serial.rfc2217.PortManager(wire, telnet)
    with client:
        while data := client.recv(256):
            wire.write(b"".join(manager.filter(data)))
            client.sendall(b"".join(manager.escape(wire.read(256))))


class Telnet:
    """What PortManager answers with."""

    def __init__(self, client: socket.socket) -> None:
        self.write = client.sendall


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own
def test_an_adapter_that_speaks_rfc_2217_is_read_and_written() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=rfc2217_adapter, args=(server,), daemon=True).start()
        port = Port(f"rfc2217://127.0.0.1:{server.getsockname()[1]}")
        received = port.exchange(b"\xc0\xfb\xff\xc0", 0.05, 0.0)
        while received and len(received) < 4:
            received += heard(port, 0.1)
        assert (received or heard(port, 0.1)) == b"\xc0\xfb\xff\xc0"
        assert port.dead_since is None
        port.close()
