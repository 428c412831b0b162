"""Where an address is, without a key: the US Census geocoder for US addresses, OpenStreetMap's Nominatim for everything else.

Nominatim's rules: at most one request a second, a User-Agent of one's own, answers kept. Who calls keeps them (cycle/roads.py).
"""

from __future__ import annotations

from clients.http import Ask, Http, host_of
from clients.values import root
from errors import BadAnswer
from model import Missing, Place

SOURCE = "places"
AGENT = "Ampshift/0.1 (charges one household's car; answers are kept for a month)"
AROUND = 3.0  # degrees around home in which a place is looked for first
LIMIT_S = 8.0


def census(url: str, address: str, http: Http) -> Place | Missing:
    """A US street address; Missing where there is no such one. Raises ClientError."""
    params = {"address": address, "benchmark": "Public_AR_Current", "format": "json"}
    ask = Ask(SOURCE, f"{url}/geocoder/locations/onelineaddress", headers={"User-Agent": AGENT}, params=params, limit_s=LIMIT_S)
    matches = root(SOURCE, http.ask(ask).require().json()).node("result").data.get("addressMatches")
    if not isinstance(matches, list):
        raise BadAnswer(SOURCE, f"{host_of(url)} sent no list of addresses.")
    if not matches:
        return Missing(SOURCE, "the US Census knows no such address")
    found = root(SOURCE, matches[0]).node("coordinates")
    return Place(found.need(found.number("y", -90, 90)), found.need(found.number("x", -180, 180)))


def nominatim(url: str, place: str, near: Place, http: Http) -> Place | Missing:
    """Any place, those near home first; Missing where there is none. Raises ClientError."""
    box = f"{near.lon - AROUND},{near.lat + AROUND},{near.lon + AROUND},{near.lat - AROUND}"
    params = {"q": place, "format": "jsonv2", "limit": "1", "viewbox": box}
    ask = Ask(SOURCE, f"{url}/search", headers={"User-Agent": AGENT}, params=params, retry=False, limit_s=LIMIT_S)
    found = http.ask(ask).require().json()
    if not isinstance(found, list):
        raise BadAnswer(SOURCE, f"{host_of(url)} sent no list of places.")
    if not found:
        return Missing(SOURCE, "OpenStreetMap knows no such place")
    row = root(SOURCE, found[0])
    try:
        lat, lon = float(str(row.data.get("lat"))), float(str(row.data.get("lon")))  # sent as texts
    except ValueError:
        raise BadAnswer(SOURCE, f"{host_of(url)} sent a place without coordinates.") from None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise BadAnswer(SOURCE, f"{host_of(url)} sent a place that is not on this planet.")
    return Place(lat, lon)
