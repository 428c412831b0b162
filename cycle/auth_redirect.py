"""One request from the browser after a log-in, on this machine's loopback only. The code in it is useless without the log-in's verifier."""

from __future__ import annotations

from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer

from errors import BadAnswer

PAGE = b"<html><body>Logged in. Go back to the terminal.</body></html>"


@dataclass(frozen=True, slots=True)
class Listener:
    port: int

    def wait(self, seconds: float) -> str:
        """The address that the browser was sent to. Raises BadAnswer where none came, or the port is taken."""
        found: list[str] = []
        try:
            server = HTTPServer(("127.0.0.1", self.port), _handler(found, self.port))
        except OSError:
            raise BadAnswer("google", f"port {self.port} is taken on this machine: paste the address instead") from None
        with server:
            server.timeout = seconds
            for _ in range(4):  # a browser may ask for its icon, or open a connection and say nothing
                server.handle_request()
                if found:
                    return found[0]
        raise BadAnswer("google", "no browser came: paste the address instead")


def _handler(found: list[str], port: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # of the connection, so that a silent one ends

        def do_GET(self) -> None:
            if "state=" in self.path:
                found.append(f"http://localhost:{port}{self.path}")
            self.send_response(200 if "state=" in self.path else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *_: object) -> None:
            """Nothing on stderr: the path holds the code."""

    return Handler
