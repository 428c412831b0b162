"""What the app says to Tesla: its registration in a region, and the account's region. Rare calls, of `scheduler.py auth tesla` only."""

from __future__ import annotations

from clients.http import Ask, Http
from clients.tesla_billing import Count, ask_billed, headers_for
from clients.tesla_status import SOURCE, error_for, is_tesla
from clients.values import Node, root
from errors import BadAnswer, WrongRegion
from model import Billed, Missing


class Partner:
    """`base_url`: of one region. `token`: the app's own for `register`, the owner's for the rest."""

    def __init__(self, base_url: str, token: str, http: Http, count: Count) -> None:
        self._url = base_url.rstrip("/")
        self._token = token
        self._http = http
        self._count = count

    def register(self, domain: str) -> str:
        """Tells this region the domain; may be repeated. Gives the public key (hex of the point) that Tesla read there, "" where it does
        not say. Raises Refused with status 412 (the domain is not the app's) or 424 (no key was found there)."""
        node = self._ask("/api/1/partner_accounts", {"domain": domain}).node("response")
        key = node.text("public_key")
        return "" if isinstance(key, Missing) else key.lower()

    def region_url(self) -> str:
        """The base URL of the account's region. Raises WrongRegion where Tesla names it by 421."""
        url = self._ask("/api/1/users/region", None).node("response").text("fleet_api_base_url")
        if isinstance(url, Missing):
            raise BadAnswer(SOURCE, f"Tesla does not say where the account lives: {url.why}.")
        return url.rstrip("/")

    def _ask(self, path: str, body: object) -> Node:
        url = self._url + path
        method = "GET" if body is None else "POST"
        ask = Ask(SOURCE, url, method, headers_for(url, self._token), body=body, secrets=(self._token,), retry=False)
        reply = ask_billed(self._http, ask, Billed.LIST, self._count)
        if not reply.ok:
            raise error_for(reply.status, reply.text(), reply.headers)
        return root(SOURCE, reply.json())


def own_region(partner: Partner, base_url: str) -> str:
    """The account's base URL, also where the region that was asked is the wrong one. Only Tesla's own hosts are believed; any other answer
    but `base_url` itself is refused. Raises WrongRegion, which then names no host."""
    try:
        named = partner.region_url()
    except WrongRegion as error:
        if error.base_url is None:
            raise
        named = error.base_url
    if named != base_url.rstrip("/") and not (is_tesla(named) and "fleet-api" in named):
        raise WrongRegion(SOURCE, f"Tesla names {named[:80]}, which is none of its own hosts: it is not used.", None)
    return named
