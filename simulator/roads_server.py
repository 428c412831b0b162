"""Roads and places on a socket: Google's old Distance Matrix, geocoding and Routes, the US Census geocoder, Nominatim. Illnesses come from
faults.py; `asked` counts what each service was asked, Google's roads by the road as Google bills them."""

from __future__ import annotations

import re
from collections import Counter
from math import asin, cos, radians, sin, sqrt

from model import Place

from .faults import Faults
from .server import Loopback, Reply, Request, reply

KEY = "AIza-simulated-key"
ROAD, KMH, OCEAN_KM = 1.25, 75.0, 4000.0  # farther than this there is no road
CENSUS, OSM, GEOCODE, OLD, NEW = "census", "osm", "geocode", "old roads", "new roads"


class RoadsServer:
    """`spots`: where addresses are, by their text; a text with a house number is known to the Census. `old_api`, `new_api`: what the key
    may use."""

    def __init__(self, faults: Faults | None = None, port: int = 0) -> None:
        self.spots: dict[str, Place] = {}
        self.old_api, self.new_api = False, True
        self.asked: Counter[str] = Counter()
        self.agents: list[str] = []
        self.server = Loopback(self._answer, faults, port=port)
        self.url = self.server.url

    def close(self) -> None:
        self.server.close()

    def env(self, key: str = KEY) -> dict[str, str]:
        """Settings that lead here; `key` empty: an owner without a key."""
        names = ("GOOGLE_MAPS_URL", "GOOGLE_ROUTES_URL", "CENSUS_URL", "NOMINATIM_URL")
        return {**dict.fromkeys(names, self.url), "GOOGLE_MAPS_API_KEY": key}

    def _answer(self, request: Request) -> Reply:
        devices = {
            "/maps/api/distancematrix/json": self._old,
            "/maps/api/geocode/json": self._geocode,
            "/distanceMatrix/v2:computeRouteMatrix": self._new,
            "/geocoder/locations/onelineaddress": self._census,
            "/search": self._search,
        }
        device = devices.get(request.path)
        return device(request) if device else reply(404, {"error": "not found"})

    def _old(self, request: Request) -> Reply:
        there = request.query.get("destinations", "").split("|")
        self.asked[OLD] += len(there)
        if request.query.get("key") != KEY or not self.old_api:
            text = "This API project is not authorized to use this API. LegacyApiNotActivatedMapError"
            return reply(200, {"status": "REQUEST_DENIED", "error_message": text, "rows": []})
        cells = [self._old_cell(request.query.get("origins", ""), one) for one in there]
        return reply(200, {"status": "OK", "rows": [{"elements": cells}]})

    def _old_cell(self, here: str, there: str) -> dict[str, object]:
        start, end = self._where(here), self._where(there)
        if start is None or end is None:
            return {"status": "NOT_FOUND"}
        km = _km(start, end) * ROAD
        if km > OCEAN_KM:
            return {"status": "ZERO_RESULTS"}
        seconds = round(km / KMH * 3600)
        return {
            "status": "OK",
            "distance": {"value": round(km * 1000), "text": f"{km:.1f} km"},
            "duration": {"value": seconds, "text": f"{seconds // 60} mins"},
        }

    def _geocode(self, request: Request) -> Reply:
        self.asked[GEOCODE] += 1
        if request.query.get("key") != KEY:
            return reply(200, {"status": "REQUEST_DENIED", "error_message": "The provided API key is invalid.", "results": []})
        text = request.query.get("address", "")
        found = self._where(text)
        if found is None:
            return reply(200, {"status": "ZERO_RESULTS", "results": []})
        return reply(200, {"status": "OK", "results": [_google_row(text, found)]})

    def _new(self, request: Request) -> Reply:
        body = request.json()
        origins, there = body.get("origins"), body.get("destinations")
        if not isinstance(origins, list) or not isinstance(there, list) or "x-goog-fieldmask" not in request.headers:
            return reply(400, {"error": {"code": 400, "message": "FieldMask is a required parameter.", "status": "INVALID_ARGUMENT"}})
        self.asked[NEW] += len(origins) * len(there)
        if request.headers.get("x-goog-api-key") != KEY or not self.new_api:
            return reply(403, {"error": {"code": 403, "message": "Requests to this API are blocked.", "status": "PERMISSION_DENIED"}})
        rows = [self._new_cell(_waypoint(origins[0]), _waypoint(one), at) for at, one in enumerate(there)]
        return reply(200, rows)

    def _new_cell(self, here: str, there: str, at: int) -> dict[str, object]:
        """Zeros are left out, as Google does."""
        index: dict[str, object] = {"destinationIndex": at} if at else {}
        start, end = self._where(here), self._where(there)
        if start is None or end is None:
            return {**index, "status": {"code": 5, "message": "NOT_FOUND"}, "condition": "ROUTE_NOT_FOUND"}
        km = _km(start, end) * ROAD
        if km > OCEAN_KM:
            return {**index, "status": {}, "condition": "ROUTE_NOT_FOUND"}
        metres: dict[str, object] = {"distanceMeters": round(km * 1000)} if km else {}
        return {**index, "status": {}, **metres, "duration": f"{round(km / KMH * 3600)}s", "condition": "ROUTE_EXISTS"}

    def _census(self, request: Request) -> Reply:
        self.asked[CENSUS] += 1
        address = request.query.get("address", "")
        found = self._where(address) if re.match(r"\d+ ", address) else None
        town, state, code = _behind(address)
        parts = {"city": town.upper(), "state": state, "zip": code}
        row = {"matchedAddress": address.upper(), "addressComponents": parts}
        matches = [{**row, "coordinates": {"x": found.lon, "y": found.lat}}] if found else []
        return reply(200, {"result": {"input": {"address": {"address": address}}, "addressMatches": matches}})

    def _search(self, request: Request) -> Reply:
        self.asked[OSM] += 1
        self.agents.append(request.headers.get("user-agent", ""))
        text = request.query.get("q", "")
        found, number = self._where(text), re.match(r"\d+ ", text)
        if found is None:
            return reply(200, [])
        row: dict[str, object] = {"lat": str(found.lat), "lon": str(found.lon), "display_name": text, "place_rank": 30 if number else 16}
        if request.query.get("addressdetails") == "1":
            town, state, code = _behind(text)
            row["address"] = {"town": town, "ISO3166-2-lvl4": f"US-{state}", "postcode": code} | _numbered("house_number", text)
        return reply(200, [row])

    def _where(self, text: str) -> Place | None:
        pair = re.fullmatch(r"(-?\d+\.\d+), *(-?\d+\.\d+)", text)
        return Place(float(pair[1]), float(pair[2])) if pair else self.spots.get(text)


def _behind(text: str) -> tuple[str, str, str]:
    """(town, state, postal code) of `12 Elm Street, Springfield, IL 62701`, each "" where it is not written."""
    parts = [part.strip() for part in text.split(",")][1:]
    last = re.fullmatch(r"([A-Z]{2})? ?(\d{5})?", parts[-1]) if len(parts) > 1 else None
    return parts[0] if parts else "", (last[1] if last else None) or "", (last[2] if last else None) or ""


def _numbered(key: str, text: str) -> dict[str, str]:
    number = re.match(r"\d+(?= )", text)
    return {key: number[0]} if number else {}


def _google_row(text: str, at: Place) -> dict[str, object]:
    """A house where the text begins with a number, else the middle of something."""
    town, state, code = _behind(text)
    state_kind = "administrative_area_level_1"
    named = {"street_number": _numbered("n", text).get("n", ""), "locality": town, state_kind: state, "postal_code": code}
    return {
        "address_components": [{"long_name": name, "short_name": name, "types": [kind]} for kind, name in named.items() if name],
        "formatted_address": text,
        "geometry": {"location": {"lat": at.lat, "lng": at.lon}, "location_type": "ROOFTOP" if named["street_number"] else "APPROXIMATE"},
        "types": ["street_address" if named["street_number"] else "locality"],
    }


def _waypoint(given: object) -> str:
    waypoint = given.get("waypoint", {}) if isinstance(given, dict) else {}
    if "address" in waypoint:
        return str(waypoint["address"])
    point = waypoint.get("location", {}).get("latLng", {})
    return f"{point.get('latitude', 0.0)},{point.get('longitude', 0.0)}"


def _km(a: Place, b: Place) -> float:
    half = sin(radians(b.lat - a.lat) / 2) ** 2 + cos(radians(a.lat)) * cos(radians(b.lat)) * sin(radians(b.lon - a.lon) / 2) ** 2
    return 2 * 6371.0 * asin(sqrt(half))
