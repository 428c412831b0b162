"""One request from the browser after a log-in, on this machine's loopback only. The code in it is useless without the log-in's verifier."""

from __future__ import annotations

from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer

from errors import BadAnswer

PAGE = "<html><body>{}</body></html>"
CAME = "This part is done. Go back to the terminal: it says whether the log-in worked."
REFUSED = "The log-in was not allowed. Go back to the terminal: it says what to do."
NOTHING = "There is nothing here. The address to open is in the terminal."


@dataclass(frozen=True, slots=True)
class Listener:
    port: int

    def wait(self, seconds: float) -> str:
        """The address that the browser was sent to. Raises BadAnswer where none came, or the port is taken."""
        found: list[str] = []
        try:
            server = _Server(("127.0.0.1", self.port), _handler(found, self.port))
        except OSError:
            raise BadAnswer("google", f"port {self.port} is taken on this machine: paste the address instead") from None
        with server:
            server.timeout = seconds
            for _ in range(9):  # a browser may ask for its icon, or open a connection and say nothing
                server.handle_request()
                if found or server.idle:
                    break
        if found:
            return found[0]
        raise BadAnswer("google", "no browser came: paste the address instead")


class _Server(HTTPServer):
    idle = False

    def handle_timeout(self) -> None:
        self.idle = True


def _handler(found: list[str], port: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 2  # of the connection, so that a silent one (browsers open some in advance) ends

        def do_GET(self) -> None:
            came = "state=" in self.path
            if came:
                found.append(f"http://localhost:{port}{self.path}")
            self.send_response(200 if came else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.format((REFUSED if "error=" in self.path else CAME) if came else NOTHING).encode())

        def log_message(self, *_: object) -> None:
            """Nothing on stderr: the path holds the code."""

    return Handler
