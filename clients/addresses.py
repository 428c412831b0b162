"""Which houses a street address may stand for, as the US Census, OpenStreetMap and Google tell it: the middle of a town is no home.
Who calls judges them (planners/house_address.py) and keeps the answer (cycle/home.py)."""

from __future__ import annotations

from collections.abc import Mapping

from clients.http import Ask, Http, host_of
from clients.places import AGENT, LIMIT_S, SOURCE
from clients.values import Node, root
from errors import BadAnswer
from model import Place
from model_home import Candidate

MOST = 5  # of OpenStreetMap: enough to see that it is not the only one
HOUSE_RANK = 30  # OpenStreetMap's for a house; 26 and 27 are streets, 16 and less towns
ROOF = ("ROOFTOP", "RANGE_INTERPOLATED")  # Google's; GEOMETRIC_CENTER is a street's middle, APPROXIMATE a town's
KINDS = frozenset(("street_address", "premise", "subpremise"))
TOWNS = frozenset(("locality", "postal_town", "sublocality", "neighborhood", "administrative_area_level_3"))
OSM_TOWNS = ("city", "town", "village", "hamlet", "suburb", "city_district", "borough", "municipality", "quarter", "neighbourhood")


def census_houses(url: str, address: str, http: Http) -> tuple[Candidate, ...]:
    """What the US Census knows. Raises ClientError."""
    params = {"address": address, "benchmark": "Public_AR_Current", "format": "json"}
    ask = Ask(SOURCE, f"{url}/geocoder/locations/onelineaddress", headers={"User-Agent": AGENT}, params=params, limit_s=LIMIT_S)
    matches = root(SOURCE, http.ask(ask).require().json()).node("result").data.get("addressMatches")
    if not isinstance(matches, list):
        raise BadAnswer(SOURCE, f"{host_of(url)} sent no list of addresses.")
    return tuple(_of_census(root(SOURCE, one)) for one in matches)


def osm_houses(url: str, address: str, http: Http) -> tuple[Candidate, ...]:
    """What OpenStreetMap knows, anywhere on earth. Raises ClientError."""
    params = {"q": address, "format": "jsonv2", "limit": str(MOST), "addressdetails": "1"}
    ask = Ask(SOURCE, f"{url}/search", headers={"User-Agent": AGENT}, params=params, retry=False, limit_s=LIMIT_S)
    rows = http.ask(ask).require().json()
    if not isinstance(rows, list):
        raise BadAnswer(SOURCE, f"{host_of(url)} sent no list of places.")
    return tuple(_of_osm(root(SOURCE, one), host_of(url)) for one in rows)


def google_houses(rows: list[object]) -> tuple[Candidate, ...]:
    """The same from the results of Google's geocoder. Raises BadAnswer."""
    return tuple(_of_google(root(SOURCE, one)) for one in rows)


def _of_census(row: Node) -> Candidate:
    """It answers with houses only; the number stands in the text alone."""
    parts, text = row.node("addressComponents"), _text(row, "matchedAddress")
    place = _place(row.node("coordinates"), "y", "x")
    return Candidate(place, bool(text), text.partition(" ")[0], (_text(parts, "city"),), _text(parts, "zip"), _text(parts, "state"), text)


def _of_osm(row: Node, host: str) -> Candidate:
    parts = row.node("address")
    try:
        place = Place(float(str(row.data.get("lat"))), float(str(row.data.get("lon"))))  # sent as texts
    except ValueError:
        raise BadAnswer(SOURCE, f"{host} sent a place without coordinates.") from None
    if not (-90 <= place.lat <= 90 and -180 <= place.lon <= 180):
        raise BadAnswer(SOURCE, f"{host} sent a place that is not on this planet.")
    number = _text(parts, "house_number")
    towns = tuple(name for kind in OSM_TOWNS if (name := _text(parts, kind)))
    state = _text(parts, "ISO3166-2-lvl4").partition("-")[2]
    exact = bool(number) and row.number("place_rank") == HOUSE_RANK
    return Candidate(place, exact, number, towns, _text(parts, "postcode"), state, _text(row, "display_name"))


def _of_google(row: Node) -> Candidate:
    where, kinds, parts = row.node("geometry"), row.data.get("types"), row.data.get("address_components")
    named = [root(SOURCE, one) for one in parts] if isinstance(parts, list) else []

    def names(wanted: frozenset[str], length: str = "long_name") -> list[str]:
        return [_text(one, length) for one in named if isinstance(of := one.data.get("types"), list) and wanted.intersection(map(str, of))]

    kind = KINDS.intersection(map(str, kinds)) if isinstance(kinds, list) else frozenset()
    return Candidate(
        place=_place(where.node("location"), "lat", "lng"),
        exact=bool(kind) and where.text("location_type") in ROOF and not row.data.get("partial_match"),
        number=next(iter(names(frozenset(("street_number",)))), ""),
        towns=tuple(names(TOWNS)),
        code=next(iter(names(frozenset(("postal_code",)))), ""),
        state=next(iter(names(frozenset(("administrative_area_level_1",)), "short_name")), ""),
        text=_text(row, "formatted_address"),
    )


def _place(at: Node, lat: str, lon: str) -> Place:
    return Place(at.need(at.number(lat, -90, 90)), at.need(at.number(lon, -180, 180)))


def _text(node: Node, key: str) -> str:
    value: Mapping[str, object] = node.data
    found = value.get(key)
    return " ".join(found.split())[:200] if isinstance(found, str) else ""
