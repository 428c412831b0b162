"""What MemoryHouse expects of weather, roof and house, as cycle/weather.py does from cache and history: a forecast every three hours, and
what was learned every six, both from what this house has seen so far."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from config import Settings
from cycle.grid import join
from cycle.weather import EVERY, LAST_HOUR, LEARN_EVERY, LOOK_BACK, TASK, with_weather
from errors import ClientError, NoAnswer, Unreachable
from model import Missing, Point, Series
from model_decision import Snapshot
from model_sun import HouseMoment, Learned, Weather
from planners.learned_house import learn

from .curves import hours_between
from .house import World
from .weather import Sky

AHEAD = timedelta(days=8)
HOUR = timedelta(hours=1)
FAR_BACK = datetime(1970, 1, 1, tzinfo=UTC)


class MemoryWeather:
    """`sky` may be exchanged for one that errs otherwise. `down`: Open-Meteo gives nothing."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world, self.settings = world, settings
        self.sky = Sky(world)
        self.down = False
        self.asked = 0
        self._kept: Weather | Missing = Missing(TASK, "not configured")
        self._light: Series | None = None
        self._looks: list[HouseMoment] = []
        self._learned = Learned(FAR_BACK)

    def ahead(self, seen: Snapshot) -> Snapshot:
        """The snapshot with what is expected."""
        if not self.settings.wants_weather:
            return seen
        now, flows = seen.now, self.world.flows
        kept = self._kept
        if isinstance(kept, Missing) or now - kept.fetched_at >= EVERY:
            try:
                self._fetch(now)
            except ClientError as error:
                self._kept = Missing(TASK, error.text) if isinstance(kept, Missing) else kept
        self._looks = [one for one in self._looks if one.at >= now - LOOK_BACK]
        if now - self._learned.at >= LEARN_EVERY:
            light = self._light or Missing(TASK, "no past")
            self._learned = learn(self._looks, light, self.settings.solar_kwp, self.settings.time_zone, now)
        recent = tuple(one for one in self._looks[-60:] if one.at >= now - LAST_HOUR)
        gateway = not isinstance(seen.powerwall, Missing)  # a meter alone sees neither the roof nor the house, only what is left of both
        roof, load = (flows.solar_w, flows.load_w) if gateway else (None, None)
        self._looks.append(HouseMoment(now, flows.grid_w, roof, load, flows.load_w - flows.base_w))
        return with_weather(seen, self._kept, self._learned, recent, self.settings)

    def _fetch(self, now: datetime) -> None:
        self.asked += 1
        if self.down:
            raise Unreachable(TASK, "No connection to the weather.")
        if self.world.faults["weather"].take(TASK) is not None:
            raise NoAnswer(TASK, "The weather gave no whole answer.")
        hours = hours_between(now.replace(hour=0, minute=0, second=0, microsecond=0), now + AHEAD)
        warm = tuple(Point(at, at + HOUR, self.sky.forecast_warmth(at)) for at in hours)
        light = Series("Open-Meteo", "W/m2", now, tuple(Point(at, at + HOUR, self.sky.forecast_light(at + HOUR)) for at in hours))
        self._light = join(self._light, light, now)
        self._kept = Weather(now, Series("Open-Meteo", "deg C", now, warm), light)
