"""Roads and places by Google: the old Distance Matrix and geocoding through googlemaps, the newer Routes API by plain requests.

googlemaps waits and retries by itself and puts the key into its URLs, so it gets a session of ours: one request, a deadline, and
errors that name the host only. It is imported when a road is really asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from clients.http import Ask, Http, Reply, host_of, may_carry_secret
from clients.values import root
from errors import AmpshiftError, BadAnswer, ClientError, NotConfigured, Refused, TooMany
from model import Leg, Missing, Place

if TYPE_CHECKING:
    from model_home import Candidate

SOURCE = "roads"
MOST = 25  # destinations in one request of the old API; Routes takes 50 addresses
FIELDS = "originIndex,destinationIndex,status,condition,distanceMeters,duration"  # without status errors look like roads of 0 m
LIMIT_S = 8.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GoogleRoads:
    """`maps_url`, `routes_url`: where the old and the new API answer. Places are addresses or `lat,lon`."""

    maps_url: str
    routes_url: str
    key: str = field(repr=False)
    http: Http

    def matrix(self, origin: str, destinations: Sequence[str]) -> tuple[Leg | Missing, ...]:
        """The old Distance Matrix: one road for each destination. Raises ClientError; Refused where the key does not have it."""
        answer = self._maps(lambda client: client.distance_matrix([origin], list(destinations), mode="driving", units="metric"))
        rows = answer.get("rows") if isinstance(answer, dict) else None
        cells = rows[0].get("elements") if isinstance(rows, list) and rows and isinstance(rows[0], dict) else None
        if not isinstance(cells, list) or len(cells) != len(destinations):
            raise BadAnswer(SOURCE, f"{host_of(self.maps_url)} sent no table of roads.")
        return tuple(_old_leg(cell) for cell in cells)

    def routes(self, origin: str, destinations: Sequence[str]) -> tuple[Leg | Missing, ...]:
        """The same by Routes computeRouteMatrix, which newer keys have."""
        body = {
            "origins": [{"waypoint": _waypoint(origin)}],
            "destinations": [{"waypoint": _waypoint(one)} for one in destinations],
            "travelMode": "DRIVE",
            "routingPreference": "TRAFFIC_UNAWARE",
        }
        headers = {"X-Goog-Api-Key": self._key(self.routes_url), "X-Goog-FieldMask": FIELDS}
        ask = Ask(SOURCE, f"{self.routes_url}/distanceMatrix/v2:computeRouteMatrix", "POST", headers, body=body, secrets=(self.key,))
        rows = self.http.ask(_limited(ask)).require().json()
        if not isinstance(rows, list):
            raise BadAnswer(SOURCE, f"{host_of(self.routes_url)} sent no table of roads.")
        found: dict[int, Leg | Missing] = {}
        for row in rows:
            cell = root(SOURCE, row)
            found[int(cell.need(cell.whole("destinationIndex") if "destinationIndex" in cell.data else 0))] = _new_leg(cell.data)
        none = Missing(SOURCE, "no road was found")
        return tuple(found.get(at, none) for at in range(len(destinations)))

    def geocode(self, address: str) -> Place | Missing:
        """Where an address is; Missing where Google does not know it. Raises ClientError."""
        answer = self._maps(lambda client: client.geocode(address))
        if not isinstance(answer, list):
            raise BadAnswer(SOURCE, f"{host_of(self.maps_url)} sent no list of places.")
        if not answer:
            return Missing(SOURCE, "Google does not know the place")
        first = root(SOURCE, answer[0]).node("geometry").node("location")
        return Place(first.need(first.number("lat", -90, 90)), first.need(first.number("lng", -180, 180)))

    def houses(self, address: str) -> tuple[Candidate, ...]:
        """The houses that an address may stand for. Raises ClientError."""
        from clients.addresses import google_houses  # once in a house's life

        answer = self._maps(lambda client: client.geocode(address))
        if not isinstance(answer, list):
            raise BadAnswer(SOURCE, f"{host_of(self.maps_url)} sent no list of places.")
        return google_houses(answer)

    def _maps(self, work: Callable[[Any], Any]) -> Any:
        import googlemaps  # type: ignore[import-untyped]
        import googlemaps.exceptions as broken  # type: ignore[import-untyped]

        self._key(self.maps_url)
        host = host_of(self.maps_url)
        session = _Session(self.http, self.key)
        try:
            client = googlemaps.Client(
                key=self.key, base_url=self.maps_url, requests_session=session, retry_timeout=5, retry_over_query_limit=False
            )
            return work(client)
        except broken.TransportError as error:  # what our session raised
            inner = error.base_exception
            raise inner if isinstance(inner, AmpshiftError) else BadAnswer(SOURCE, f"{host} sent no answer that can be read.") from None
        except broken._OverQueryLimit:
            raise TooMany(SOURCE, f"{host} says that the key's quota is used up.") from None
        except broken.ApiError as error:
            raise _api_error(host, str(error.status)) from None
        except ValueError:
            raise NotConfigured(SOURCE, "GOOGLE_MAPS_API_KEY is no key of Google's (they begin with AIza); paste it again.") from None
        except (KeyError, TypeError, AttributeError, IndexError):
            raise BadAnswer(SOURCE, f"{host} sent something that is no answer to our question.") from None

    def _key(self, url: str) -> str:
        if not may_carry_secret(url):
            raise NotConfigured(SOURCE, "GOOGLE_MAPS_URL and GOOGLE_ROUTES_URL must begin with https://.")
        return self.key


@dataclass(slots=True)
class _Session:
    """What googlemaps takes for a requests session. Any status but 2xx is raised here, so that it retries nothing."""

    http: Http
    key: str

    def get(self, url: str, **_more: object) -> _Answer:
        return _Answer(self.http.ask(_limited(Ask(SOURCE, url, secrets=(self.key,), retry=False))).require())


@dataclass(frozen=True, slots=True)
class _Answer:
    reply: Reply

    @property
    def status_code(self) -> int:
        return self.reply.status

    def json(self) -> Mapping[str, Any]:
        """Raises BadAnswer, which is no error of the library's, for what is no object with a status."""
        answer = self.reply.json()
        if not isinstance(answer, dict) or not isinstance(answer.get("status"), str):
            raise BadAnswer(SOURCE, f"{self.reply.host} sent something that is no answer to our question.")
        return answer


def _limited(ask: Ask) -> Ask:
    return replace(ask, limit_s=LIMIT_S)


def _api_error(host: str, status: str) -> ClientError:
    if status == "REQUEST_DENIED":
        return Refused(SOURCE, f"{host}: the key is not accepted for this API; enable Routes for it in Google's console.", status=403)
    if status in ("OVER_DAILY_LIMIT", "OVER_QUERY_LIMIT", "MAX_ELEMENTS_EXCEEDED"):
        return TooMany(SOURCE, f"{host} says that the key's quota is used up ({status}).")
    if status == "INVALID_REQUEST":
        return Refused(SOURCE, f"{host} does not understand a place in the calendar.", status=400)
    return BadAnswer(SOURCE, f"{host} answered {re.sub(r'[^A-Z_]', '', status)[:40] or 'nothing'}.")


def _waypoint(place: str) -> dict[str, object]:
    found = re.fullmatch(r"(-?\d{1,2}\.\d+), *(-?\d{1,3}\.\d+)", place)
    if found is None:
        return {"address": place}
    return {"location": {"latLng": {"latitude": float(found[1]), "longitude": float(found[2])}}}


def _old_leg(cell: object) -> Leg | Missing:
    entry = root(SOURCE, cell)
    if entry.text("status") != "OK":
        return Missing(SOURCE, f"no road was found ({entry.text('status')})")
    metres, seconds = (entry.node(name).number("value", 0, 1e8) for name in ("distance", "duration"))
    return Leg(entry.need(metres) / 1000, entry.need(seconds) / 60)


def _new_leg(cell: Mapping[str, object]) -> Leg | Missing:
    """`distanceMeters` is left out where it is 0, `duration` reads "160s"."""
    entry = root(SOURCE, cell)
    code = entry.node("status").number("code")
    if entry.data.get("condition") != "ROUTE_EXISTS" or (not isinstance(code, Missing) and code != 0):
        return Missing(SOURCE, "no road was found")
    took = re.fullmatch(r"(\d{1,7}(?:\.\d+)?)s", str(entry.data.get("duration", "")))
    if took is None:
        raise BadAnswer(SOURCE, "a road without a duration came back.")
    metres = entry.number("distanceMeters", 0, 1e8) if "distanceMeters" in entry.data else 0.0
    return Leg(entry.need(metres) / 1000, float(took[1]) / 60)
