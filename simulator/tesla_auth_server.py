"""Tesla's log-in pages over HTTP, the app's own calls of the Fleet API, and the owner's static key host with its illnesses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qs

from .account import Answer, failure
from .faults import Faults
from .server import Loopback, Reply, Request, reply
from .tesla_tokens import TeslaTokens

KEY_PATH = "/.well-known/appspecific/com.tesla.3p.public-key.pem"
NEEDS: Mapping[str, frozenset[str]] = {  # either of these scopes
    "/vehicle_data": frozenset({"vehicle_device_data"}),
    "/command/": frozenset({"vehicle_cmds", "vehicle_charging_cmds"}),
    "/signed_command": frozenset({"vehicle_cmds", "vehicle_charging_cmds"}),
}


class TeslaAuthServer:
    """The authorize page sends the browser on at once: the owner always says yes."""

    def __init__(self, tokens: TeslaTokens, faults: Faults | None = None, port: int = 0) -> None:
        self.tokens = tokens
        self.server = Loopback(self._answer, faults, port=port)
        self.url = self.server.url

    def close(self) -> None:
        self.server.close()

    def _answer(self, request: Request) -> Reply:
        if request.method == "GET" and request.path == "/oauth2/v3/authorize":
            target = self.tokens.authorize(request.query)
            if target is None:
                return Reply(400, b"<html><body>We don't recognize this app.</body></html>", {"Content-Type": "text/html"})
            return Reply(302, b"", {"Location": target})
        if request.method == "POST" and request.path == "/oauth2/v3/token":
            if "application/x-www-form-urlencoded" not in request.headers.get("content-type", ""):
                return reply(400, {"error": "invalid_request"})
            form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
            answer = self.tokens.token(form)
            return reply(answer.status, answer.body)
        return Reply(404, b"<html>not found</html>", {"Content-Type": "text/html"})


class Ill(StrEnum):
    """What is wrong with the key host."""

    NOT_THERE = "404"
    REDIRECT = "redirect"
    HTML = "html"  # one page for every address, as single-page apps have it


class KeyHost:
    """A free static host. `files`: by path; nothing is there until the owner uploads it. A page without the key is shown at /.
    `folder`: for playing by hand: what lies there counts as uploaded."""

    def __init__(self, faults: Faults | None = None, port: int = 0) -> None:
        self.files: dict[str, bytes] = {"/": b"<html><body>Copy the address of this page.</body></html>"}
        self.folder: Path | None = None
        self.ill: Ill | None = None
        self.server = Loopback(self._answer, faults, port=port)
        self.url = self.server.url
        self.domain = self.url.partition("://")[2]

    def close(self) -> None:
        self.server.close()

    def upload(self, files: Mapping[str, bytes]) -> None:
        self.files |= files

    def _answer(self, request: Request) -> Reply:
        if request.path == KEY_PATH and self.ill is Ill.REDIRECT:
            return Reply(301, b"", {"Location": f"https://www.example.com{KEY_PATH}"})
        if self.ill is Ill.HTML:
            return Reply(200, self.files["/"], {"Content-Type": "text/html"})
        body = self._file(request.path)
        if body is None or (request.path == KEY_PATH and self.ill is Ill.NOT_THERE):
            return Reply(404, b"<html>404</html>", {"Content-Type": "text/html"})
        return Reply(200, body, {"Content-Type": "text/html" if request.path == "/" else "application/octet-stream"})

    def key(self) -> bytes | None:
        """What Tesla reads when an app is registered."""
        return None if self.ill is not None else self._file(KEY_PATH)

    def _file(self, path: str) -> bytes | None:
        here = self.folder / KEY_PATH[1:] if self.folder and path == KEY_PATH else None
        return here.read_bytes() if here and here.is_file() else self.files.get(path)


class Partner:
    """The calls of the Fleet API in one `region` that are about app and account, and who may call it at all. `key`: reads the key host."""

    def __init__(self, tokens: TeslaTokens, region: str, key: Callable[[], bytes | None]) -> None:
        self.tokens = tokens
        self.region = region
        self.key = key

    def refuses(self, request: Request) -> Answer | None:
        """Why this request may not pass; None: it may."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        spoken = self.tokens.spoken(bearer)
        if spoken is None:
            return failure(401, "token expired (401)")
        if spoken.partner:
            own = self.tokens.urls.get(self.region)
            return None if request.path == "/api/1/partner_accounts" and spoken.audience == own else failure(403, "Unauthorized")
        if request.path == "/api/1/partner_accounts":
            return failure(403, "Unauthorized: a partner token is needed")
        if self.tokens.home != self.region:
            home = self.tokens.urls.get(self.tokens.home, "https://fleet-api.prd.eu.vn.cloud.tesla.com")
            return failure(421, f"user out of region, use base URL: {home}, see https://developer.tesla.com/docs/fleet-api")
        needed = next((scopes for part, scopes in NEEDS.items() if part in request.path), None)
        if needed is not None and not needed & spoken.scopes:
            return failure(403, "Unauthorized missing scopes")
        return None

    def seen(self, request: Request, endpoints: tuple[str, ...]) -> tuple[str, ...]:
        """The parts of a reading that the login may have: without its scope there is no place in it."""
        spoken = self.tokens.spoken(request.headers.get("authorization", "").removeprefix("Bearer "))
        if spoken is None or "vehicle_location" in spoken.scopes:
            return endpoints
        return tuple(name for name in endpoints if name != "location_data")

    def answer(self, request: Request) -> Answer | None:
        """None: none of these paths."""
        if (request.method, request.path) == ("GET", "/api/1/users/region"):
            region = {"region": self.region, "fleet_api_base_url": self.tokens.urls.get(self.region, "")}
            return Answer(200, {"response": region})
        if (request.method, request.path) == ("POST", "/api/1/partner_accounts"):
            return self._register(str(request.json().get("domain", "")))
        return None

    def _register(self, domain: str) -> Answer:
        if domain not in self.tokens.domains:
            return failure(412, "the domain is not an allowed origin of the app")
        point = public_point(self.key() or b"")
        if point is None:
            return failure(424, "public key could not be read")
        self.tokens.registered.setdefault(self.region, {})[domain] = point
        return Answer(200, {"response": {"client_id": self.tokens.client_id, "domain": domain, "public_key": point}})


def public_point(pem: bytes) -> str | None:
    """The uncompressed point in hex of a prime256v1 key; None for anything else."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except ValueError:
        return None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        return None
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()
