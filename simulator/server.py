"""The one HTTP server under all of the house's devices: loopback, a thread for each request, a log, faults by request, a clean end.

A device is a function `Request -> Reply`; what goes wrong on the wire (faults.py) happens here, so that each device can have every illness.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from .faults import Fault, Faults, Ill

IDLE_S = 30.0
NO_HEADERS: Mapping[str, str] = {}
Device = Callable[["Request"], "Reply"]
Refused = Callable[["Request", int], None]


@dataclass(frozen=True, slots=True)
class Request:
    """`path` without the query; `query` with its values decoded; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Mapping[str, object]:
        """The body as a JSON object; empty where it is none."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def reply(status: int, value: object, headers: Mapping[str, str] = NO_HEADERS) -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


def mangle(body: bytes, ill: Ill) -> bytes:
    """The body as an ill device sends it."""
    if ill is Ill.GARBAGE:
        return b"<html><body>Bad gateway</body></html>"
    if ill is Ill.BARE_NAN:
        return re.sub(rb'(?<=_temp_c": )-?\d+\.\d+', b"nan", body)
    return body.rstrip()[:-1] if ill is Ill.NO_BRACE else body


class Loopback:
    """A device on 127.0.0.1. `log` holds every request that came; `refused` hears of each that met a fault with a status instead."""

    def __init__(
        self, device: Device, faults: Faults | None = None, tls: ssl.SSLContext | None = None, port: int = 0, refused: Refused | None = None
    ) -> None:
        self.device = device
        self.faults = faults or Faults()
        self.refused = refused or (lambda _request, _status: None)
        self.log: list[Request] = []
        self.closing = threading.Event()
        self._server = _Server(port, self, tls)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends hung answers and idle connections too."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join(5)


class Closable(Protocol):
    def close(self) -> None: ...


def close_all(*servers: Closable) -> None:
    """Side by side: each needs up to 50 ms to notice."""
    threads = [threading.Thread(target=server.close) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, owner: Loopback, tls: ssl.SSLContext | None) -> None:
        self.owner = owner
        self._tls = tls
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, object]:
        """The handshake is left to the request's thread: a client that never finishes it holds up nobody else."""
        link, peer = self.socket.accept()
        link.settimeout(IDLE_S)
        if self._tls:
            link = self._tls.wrap_socket(link, server_side=True, do_handshake_on_connect=False)
        self._open.add(link)
        return link, peer

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for link in list(self._open):
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was quicker

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in mid-answer, or does not trust the certificate, is everyday business for a server."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or the body waits 40 ms for the ACK of the head, on each request of a kept connection
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        owner = self.server.owner
        request = self._read()
        owner.log.append(request)
        fault = owner.faults.take(self.path)
        if fault is None:
            self._send(owner.device(request))
        elif fault.ill is Ill.STATUS:
            owner.refused(request, fault.status)
            self._send(Reply(fault.status, fault.body.encode(), fault.headers))
        elif fault.ill is Ill.HANG:
            owner.closing.wait()
            self.close_connection = True
        else:
            self._send_ill(request, fault)

    def _send_ill(self, request: Request, fault: Fault) -> None:
        self.close_connection = True
        if fault.ill is Ill.DROP_BEFORE:
            return
        answer = self.server.owner.device(request)
        if fault.ill is Ill.CUT:
            self._send(answer, cut=True)
        elif fault.ill is not Ill.DROP_AFTER:
            self._send(Reply(answer.status, mangle(answer.body, fault.ill), answer.headers))

    def _read(self) -> Request:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, parts.path, query, headers, self.rfile.read(length))

    def _send(self, answer: Reply, cut: bool = False) -> None:
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing on stderr: `Loopback.log` has it."""
