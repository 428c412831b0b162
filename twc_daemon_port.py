"""The daemon's serial port: any pyserial URL (a by-id device, socket://, rfc2217://, a pty), opened again when it comes back."""

from __future__ import annotations

import contextlib
import select
import sys
import time
from dataclasses import dataclass
from typing import Protocol

BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)


def log(text: str) -> None:
    """One line for the journal, which adds the time."""
    print(text, file=sys.stderr, flush=True)


class SerialPort(Protocol):
    """What we use of pyserial."""

    timeout: float | None

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

    def exchange(self, transmit: bytes, wait_s: float, now: float) -> bytes:
        """Writes, then gives what arrives within `wait_s`; nothing while the port is gone."""
        if self.serial is None and not self._opened(now):
            time.sleep(wait_s)
            return b""
        try:
            return self._exchange(transmit, wait_s)
        except (OSError, ValueError, TypeError) as error:  # SerialException is an OSError; a vanished device raises the other two as well
            self._lost(error, now)
            return b""

    def close(self) -> None:
        serial, self.serial = self.serial, None
        if serial is not None:
            with contextlib.suppress(OSError):
                serial.close()

    def _opened(self, now: float) -> bool:
        if now < self.next_try:
            return False
        import serial

        try:
            self.serial = serial.serial_for_url(self.url, do_not_open=True, baudrate=9600, timeout=0, write_timeout=1)
            if "://" not in self.url:
                self.serial.exclusive = True
            self.serial.open()
        except (OSError, ValueError) as error:
            self._lost(error, now)
            return False
        log(f"port {self.url} is open")
        self.tries, self.dead_since = 0, None
        return True

    def _exchange(self, transmit: bytes, wait_s: float) -> bytes:
        port = self.serial
        if port is None:
            return b""
        if transmit:
            port.write(transmit)
        handle = self._handle()
        if handle is None:  # rfc2217:// has no file descriptor
            port.timeout = wait_s
            return port.read(256)
        if not select.select([handle], [], [], wait_s)[0]:
            return b""
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
        self.close()
        self.next_try = now + BACK_OFF_S[min(self.tries, len(BACK_OFF_S) - 1)]
        self.tries += 1
