"""The daemon's serial port: any pyserial URL (a by-id device, socket://, rfc2217://, a pty), opened again when it comes back."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import time
from dataclasses import dataclass
from typing import Protocol

BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
STEADY_S = 1.0  # a port counts as open when it has lasted so long: a network adapter that serves another client accepts and hangs up
SILENCE_S = 35.0  # connectors without a master speak every 10 s; a network adapter that lost its power does not tell that it forgot us
GATHER_S = 0.02  # adapters hand a frame over in pieces, and nothing can be done before its last byte: one turn for all of them
WAIT_RFC2217_S = 0.02
LONGEST_LINE = 4000  # a pipe that takes anything takes 4096 bytes at once
FAULTS = (OSError, ValueError, TypeError, termios.error)  # SerialException is an OSError; a device that vanishes raises the others as well


@dataclass(slots=True)
class Journal:
    """stderr, which nobody may be reading: what it does not take at once is dropped, and how much is said with the next line that it
    takes. Its O_NONBLOCK is not ours to set: a terminal shares it with the owner's shell."""

    dropped: int = 0

    def tell(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError, TypeError):  # a journal that went away, or never was, does not end a heartbeat
            if not select.select([], [sys.stderr], [], 0)[1]:
                self.dropped += 1
                return
            lost, self.dropped = self.dropped, 0
            line = f"({lost} lines before this one were lost: nobody read them) {text}" if lost else text
            os.write(sys.stderr.fileno(), line.encode(errors="backslashreplace")[:LONGEST_LINE] + b"\n")


log = Journal().tell  # one line for systemd's journal, which adds the time


class SerialPort(Protocol):
    """What we use of pyserial."""

    def read(self, size: int) -> bytes: ...
    def write(self, data: bytes) -> int | None: ...
    def close(self) -> None: ...
    def fileno(self) -> int: ...


@dataclass(slots=True)
class Port:
    """Any pyserial URL. A port that fails is closed and opened again with growing pauses; `dead_since` tells for how long it is gone."""

    url: str
    serial: SerialPort | None = None
    tries: int = 0
    next_try: float = 0.0
    dead_since: float | None = None
    steady: bool = False
    opening: bool = False
    opened_at: float = 0.0
    heard_at: float = 0.0
    silence_s: float = SILENCE_S

    def exchange(self, transmit: bytes, wait_s: float, now: float) -> bytes:
        """Writes, then gives what arrives within `wait_s`; nothing while the port is gone."""
        if "://" in self.url and now > max(self.heard_at, self.opened_at) + self.silence_s:
            self.close()
        if self.serial is None and not self._opened(now):
            time.sleep(wait_s)
            return b""
        try:
            received = self._exchange(transmit, wait_s)
        except FAULTS as error:
            self._lost(error, now)
            return b""
        self._lasted(received, now)
        return received

    def hurry(self) -> None:
        """From a signal's handler: a network adapter that does not answer is waited for no longer (pyserial would, for 5 s)."""
        if self.opening:
            self.opening = False
            raise InterruptedError("told to end while it was being opened")

    def close(self) -> None:
        serial, self.serial = self.serial, None
        if serial is not None:
            with contextlib.suppress(OSError):
                serial.close()

    def _opened(self, now: float) -> bool:
        if now < self.next_try:
            return False
        import serial

        self.opening = True
        try:
            # rfc2217:// has no write timeout, and asks its far end anew at each change of the read timeout
            waits = {"timeout": WAIT_RFC2217_S} if self.url.startswith("rfc2217:") else {"timeout": 0, "write_timeout": 1}
            self.serial = serial.serial_for_url(self.url, do_not_open=True, baudrate=9600, **waits)
            if "://" not in self.url:
                self.serial.exclusive = True
            self.serial.open()
            self.opening = False
        except FAULTS as error:
            self.opening = False
            self._lost(error, now)
            return False
        self.opened_at = now
        return True

    def _lasted(self, received: bytes, now: float) -> None:
        if received:
            self.heard_at = now
        if not self.steady and now >= self.opened_at + STEADY_S:
            log(f"port {self.url} is open")
            self.steady, self.tries, self.dead_since = True, 0, None

    def _exchange(self, transmit: bytes, wait_s: float) -> bytes:
        port = self.serial
        if port is None:
            return b""
        if transmit:
            port.write(transmit)
        handle = self._handle()
        if handle is None:  # rfc2217:// has no file descriptor
            return port.read(256)
        if not select.select([handle], [], [], wait_s)[0]:
            return b""
        time.sleep(GATHER_S)
        got = port.read(256)
        if not got:
            raise OSError("end of file")
        return got

    def _handle(self) -> int | None:
        try:
            return self.serial.fileno() if self.serial is not None else None
        except (OSError, AttributeError):
            return None

    def _lost(self, error: Exception, now: float) -> None:
        if self.dead_since is None:
            self.dead_since = now
            log(f"port {self.url} is gone: {error}")
        self.steady = False
        self.close()
        self.next_try = now + BACK_OFF_S[min(self.tries, len(BACK_OFF_S) - 1)]
        self.tries += 1
