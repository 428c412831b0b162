"""The same bus in real time behind a port that pyserial opens: a pty, or a socket on loopback. One thread owns it.

with PtyBus(bus_of(2)) as live:
    daemon = start(TWC_PORT=live.url)
    live.call(lambda bus: bus.car(0).plug_in())
    live.pull()
"""

from __future__ import annotations

import os
import select
import socket
import threading
import time
import tty
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from .twc_bus import VirtualBus

T = TypeVar("T")
PAUSE_S = 0.02  # the longest that a call waits
CHUNK_S = 0.004  # while bytes are on their way: a frame comes in pieces, as from a real adapter
CALL_S = 5.0
GULP = 4096


class Port(Protocol):
    @property
    def url(self) -> str: ...

    def plug(self) -> None: ...

    def unplug(self) -> None: ...

    def read(self, wait_s: float) -> bytes: ...

    def write(self, data: bytes) -> None: ...


class LiveBus:
    """`bus` at `port`, from `start()` (or `with`) to `close()`. `url`: what pyserial's serial_for_url takes."""

    def __init__(self, bus: VirtualBus, port: Port) -> None:
        self._bus = bus
        self._port = port
        self._stop = threading.Event()
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread = threading.Thread(target=self._live, name="twc bus", daemon=True)

    @property
    def url(self) -> str:
        return self._port.url

    def __enter__(self) -> LiveBus:
        self.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self.close()

    def start(self) -> None:
        self._port.plug()
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._port.unplug()

    def call(self, act: Callable[[VirtualBus], T]) -> T:
        """Does something to the bus, or reads it, between two of its moments. From `start()` to `close()`."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(act(self._bus))
            except Exception as problem:  # noqa: BLE001 - it belongs to the caller, not to this thread
                done.set_exception(problem)

        self._calls.put(run)
        return done.result(CALL_S)

    def pull(self) -> None:
        """Somebody pulls the adapter out: the port is gone."""
        self.call(lambda bus: self._pulled(bus, gone=True))

    def plug_back(self) -> None:
        self.call(lambda bus: self._pulled(bus, gone=False))

    def _pulled(self, bus: VirtualBus, *, gone: bool) -> None:
        bus.line.pulled = gone
        (self._port.unplug if gone else self._port.plug)()

    def _live(self) -> None:
        zero, sent = time.monotonic() - self._bus.now, b""
        while not self._stop.is_set():
            while True:
                try:
                    self._calls.get_nowait()()
                except Empty:
                    break
            now = time.monotonic() - zero
            received = self._bus.tick(now, sent)
            if received:
                self._port.write(received)
            wait = CHUNK_S if self._bus.busy else max(0.0, self._bus.next_at() - now)
            sent = self._port.read(min(PAUSE_S, wait))


class PtyPort:
    """A pty in raw mode. `link`: a symlink that finds it again after it was pulled, as /dev/serial/by-id does."""

    def __init__(self, link: Path | None = None) -> None:
        self.url = str(link or "")
        self._link = link
        self._fds: tuple[int, int] | None = None

    def plug(self) -> None:
        if self._fds is not None:
            return
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(ours, False)
        self._fds = ours, theirs  # theirs stays open too: without it every read here fails until a client has come
        if self._link is None:
            self.url = os.ttyname(theirs)
        else:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(os.ttyname(theirs))

    def unplug(self) -> None:
        if self._fds is None:
            return
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        for fd in self._fds:
            os.close(fd)
        self._fds = None

    def read(self, wait_s: float) -> bytes:
        if self._fds is None:
            time.sleep(wait_s)
            return b""
        ready, _, _ = select.select([self._fds[0]], [], [], wait_s)
        return os.read(self._fds[0], GULP) if ready else b""

    def write(self, data: bytes) -> None:
        """What nobody reads is lost, as in the adapter."""
        if self._fds is not None and select.select([], [self._fds[0]], [], 0)[1]:
            os.write(self._fds[0], data)


class SocketPort:
    """One client at a time on loopback, as a network adapter serves it. `port` 0: any free one, the same after a pull."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._server: socket.socket | None = None
        self._client: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"socket://127.0.0.1:{self.port}"

    def plug(self) -> None:
        if self._server is None:
            self._server = socket.create_server(("127.0.0.1", self.port))
            self.port = self._server.getsockname()[1]

    def unplug(self) -> None:
        for end in (self._client, self._server):
            if end is not None:
                end.close()
        self._client = self._server = None

    def read(self, wait_s: float) -> bytes:
        end = self._client or self._server
        if end is None:
            time.sleep(wait_s)
            return b""
        if not select.select([end], [], [], wait_s)[0]:
            return b""
        if self._client is None and self._server is not None:
            self._client, _ = self._server.accept()
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return b""
        return self._received()

    def write(self, data: bytes) -> None:
        try:
            if self._client is not None:
                self._client.sendall(data)
        except OSError:
            self._hang_up()

    def _received(self) -> bytes:
        try:
            data = self._client.recv(GULP) if self._client is not None else b""
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


class PtyBus(LiveBus):
    def __init__(self, bus: VirtualBus, link: Path | None = None) -> None:
        super().__init__(bus, PtyPort(link))


class SocketBus(LiveBus):
    def __init__(self, bus: VirtualBus, port: int = 0) -> None:
        super().__init__(bus, SocketPort(port))
