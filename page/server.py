"""The page behind its door: Host, Origin and password before each answer, headers after it, and the plain routes beside Dash's."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from html import escape

from dash import Dash
from flask import Flask, Request, Response, redirect, request

from model import Missing
from page.door import COOKIE, SESSION_S, Door
from page.look import Reader
from page.metrics import CONTENT_TYPE, metrics_text
from page.sessions import sessions
from page.site import make_site
from page.view_history import as_csv, days_of

OPEN = ("/login", "/assets/page.css", "/assets/favicon.svg")
SAFE = ("GET", "HEAD", "OPTIONS")
FIXED = ("/_dash-component-suites/", "/assets/")
SMALL = 2000
PACKED_MOST = 60
LOGIN = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Ampshift</title><link rel="stylesheet" href="/assets/page.css"></head>
<body><main class="login"><h1>Ampshift</h1><form method="post" action="/login" class="card">
<label for="password">Password</label><input id="password" name="password" type="password" required autofocus
autocomplete="current-password">
<button class="say charge-now"><strong>Open</strong></button><p role="alert" class="said bad">{said}</p></form></main></body></html>"""


def make_server(reader: Reader, door: Door) -> Flask:
    site = make_site(reader)
    server: Flask = site.server
    packed = Packed()
    server.before_request(lambda: check(request, door))
    _log_in(server, door)
    _plain(server, reader)
    policy = _policy(site)

    @server.after_request
    def sealed(answer: Response) -> Response:
        packed.pack(request, answer)
        answer.headers.update(policy)
        if not request.path.startswith(FIXED):
            answer.headers["Cache-Control"] = "no-store"
        return answer

    return server


def check(asked: Request, door: Door) -> Response | None:
    """None: go on. What changes something must come from our own page; what only reads needs the password."""
    host = asked.headers.get("Host")
    if not door.host_allowed(host):
        return _refused(421, "This name is not known here. Set PAGE_NAMES, or ask by IP address.")
    from_page = door.same_origin(asked.headers.get("Origin"), asked.headers.get("Sec-Fetch-Site"), host)
    if asked.method not in SAFE and not from_page:
        return _refused(403, "This does not come from the page itself.")
    if asked.path in OPEN or door.knows(asked.cookies.get(COOKIE)):
        return None
    if asked.path == "/metrics" and asked.authorization is not None:
        return _basic(asked, door)
    if asked.method == "GET" and "text/html" in asked.headers.get("Accept", ""):
        return _redirect("/login")
    return _refused(401, "Log in first.", {"WWW-Authenticate": 'Basic realm="Ampshift"'} if asked.path == "/metrics" else {})


def _basic(asked: Request, door: Door) -> Response | None:
    """For Prometheus, which cannot fill in a form."""
    address, given = asked.remote_addr or "", asked.authorization.password if asked.authorization is not None else None
    pause = door.pause_s(address)
    if pause:
        return _refused(429, "Too many wrong passwords.", {"Retry-After": f"{pause:.0f}"})
    return None if door.try_password(given or "", address) else _refused(401, "Wrong password.")


def _log_in(server: Flask, door: Door) -> None:
    @server.get("/login")
    def form() -> Response:
        return _redirect("/") if door.knows(request.cookies.get(COOKIE)) else _form("", 200)

    @server.post("/login")
    def enter() -> Response:
        address = request.remote_addr or ""
        pause = door.pause_s(address)
        if pause:
            return _form(f"Too many wrong passwords: wait {pause:.0f} s.", 429)
        if not door.try_password(request.form.get("password", ""), address):
            return _form("That is not the password.", 401)
        answer = _redirect("/")
        token = door.open_session()
        answer.set_cookie(COOKIE, token, max_age=int(SESSION_S), httponly=True, samesite="Strict", secure=request.is_secure)
        return answer

    @server.post("/logout")
    def leave() -> Response:
        door.close_session(request.cookies.get(COOKIE))
        answer = _redirect("/login")
        answer.delete_cookie(COOKIE)
        return answer


def _plain(server: Flask, reader: Reader) -> None:
    @server.get("/metrics")
    def metrics() -> Response:
        return Response(metrics_text(reader.look()), content_type=CONTENT_TYPE)

    @server.get("/history.csv")
    def history() -> Response:
        past = reader.past(days_of(request.query_string.decode("ascii", "replace")))
        if isinstance(past, Missing):
            return _refused(404, past.why)
        answer = Response(as_csv(reader.look(), sessions(past)), content_type="text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = 'attachment; filename="ampshift-history.csv"'
        return answer


class Packed:
    """Plotly's script has megabytes: it is packed once, and kept for phones on a weak network."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def pack(self, asked: Request, answer: Response) -> None:
        if not asked.path.startswith(FIXED) or answer.status_code != 200 or "gzip" not in asked.headers.get("Accept-Encoding", ""):
            return
        if not (answer.mimetype or "").startswith(("text/", "application/javascript", "image/svg")):
            return
        answer.direct_passthrough = False  # a file: read now
        body = self._body(asked.full_path, answer.get_data)
        if body:
            answer.set_data(body)
            answer.headers["Content-Encoding"] = "gzip"
            answer.headers["Vary"] = "Accept-Encoding"

    def _body(self, path: str, data: Callable[[], bytes]) -> bytes:
        if path not in self._kept and len(self._kept) < PACKED_MOST:
            raw = data()
            self._kept[path] = gzip.compress(raw, 6) if len(raw) > SMALL else b""
        return self._kept.get(path, b"")


def _policy(site: Dash) -> dict[str, str]:
    """Nothing from elsewhere, in no frame, no scripts but ours; Plotly sets styles by itself."""
    scripts = " ".join(["'self'", *(f"{one}" for one in site.csp_hashes())])
    content = (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )
    return {
        "Content-Security-Policy": content,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    }


def _form(said: str, status: int) -> Response:
    return Response(LOGIN.replace("{said}", escape(said)), status=status, content_type="text/html; charset=utf-8")


def _redirect(path: str) -> Response:
    answer = redirect(path, 303)
    return Response(answer.get_data(), status=303, headers={"Location": path})


def _refused(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return Response(f"{text}\n", status=status, content_type="text/plain; charset=utf-8", headers=headers or {})
