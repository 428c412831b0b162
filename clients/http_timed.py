"""Connections that keep a deadline and know whether anything was sent.

A socket timeout starts anew with each byte, so a server that drips one byte a second could hold a cycle for hours. Here every single
read, of headers and body alike, gets at most what is left of the call's own time.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Exchange:
    """One call, as its connection sees it. `sent`: a byte of the request may have left this machine."""

    def __init__(self, mono: Callable[[], float], deadline: float, read_s: float) -> None:
        self._mono = mono
        self._deadline = deadline
        self._read_s = read_s
        self.sent = False
        self.hang_up: Callable[[], None] = lambda: None  # closes an answer that the library drops without closing it

    def wait_s(self) -> float:
        """How long the next read may wait. Raises TimeoutError when the time is over."""
        left = self._deadline - self._mono()
        if left <= 0:
            raise TimeoutError("the time for the whole answer is over")
        return min(left, self._read_s)


current: ContextVar[Exchange] = ContextVar("current")


class _TimedReader(io.RawIOBase):
    def __init__(self, inner: io.RawIOBase, sock: socket.socket, exchange: Exchange) -> None:
        super().__init__()
        self._inner = inner
        self._sock = sock
        self._exchange = exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        if self._sock.fileno() >= 0:  # a socket that is closed already still has its last bytes in `inner`
            self._sock.settimeout(self._exchange.wait_s())
        return self._inner.readinto(buffer)

    def close(self) -> None:
        self._inner.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), sock, current.get()))
        current.get().hang_up = self.close


class _Plain(HTTPConnection):
    response_class = _TimedResponse

    def connect(self) -> None:
        current.get().wait_s()
        super().connect()
        # verification is off only for a pinned certificate and for this machine itself, so a warning would tell nobody anything
        self.is_verified = True

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        current.get().sent = True
        super().send(data)


class _Tls(_Plain, HTTPSConnection):
    pass


class PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls
