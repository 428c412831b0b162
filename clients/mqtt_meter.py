"""Topics of a broker as a house meter: what is kept there, or said within three seconds.

How old is a value? JSON may hold a time (`timestamp`, `time`, `last_seen`, `at` ...). One without a time counts as of now when it was said
just now; one that the broker had only kept may be days old, and is not believed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from clients.mqtt import Address, Heard, listen
from clients.power import NOT_SET, SOURCE, Trio, Value, fresh, moment, reading
from config_home_assistant import Source
from model import MeterReading, Missing

LISTEN_S = 3.0
TIMES = ("timestamp", "time", "at", "last_seen", "ts", "updated_at", "last_updated")
SILENT = f"nothing was said there within {LISTEN_S:.0f} s"
UNDATED = "it was kept by the broker, and nobody says how old it is: publish it every few seconds, or with a timestamp in JSON"


@dataclass(frozen=True, slots=True)
class Topics:
    """Which topics; None: not set. `factor`: W in one of their units."""

    grid: Source | None
    solar: Source | None
    load: Source | None
    factor: float = 1.0


@dataclass(slots=True)
class _Ear:
    """The newest word of each topic."""

    topics: Topics
    now: datetime
    words: dict[Source, Value | Missing] = field(default_factory=dict)

    @property
    def wanted(self) -> tuple[Source, ...]:
        return tuple(one for one in (self.topics.grid, self.topics.solar, self.topics.load) if one is not None)

    def hear(self, heard: Heard) -> bool:
        """Enough, once each topic has a value."""
        for source in self.wanted:
            if source.name == heard.topic:
                self.words[source] = self._value(heard, source)
        return all(isinstance(self.words.get(one), Value) for one in self.wanted)

    def word(self, source: Source | None) -> Value | Missing:
        return NOT_SET if source is None else self.words.get(source, Missing(SOURCE, f"{source.name}: {SILENT}"))

    def _value(self, heard: Heard, source: Source) -> Value | Missing:
        try:
            data = json.loads(heard.payload)
        except (ValueError, RecursionError):
            return Missing(SOURCE, f"{source.name}: what was said there is no number and no JSON")
        number: object = data
        for key in source.key:
            number = number.get(key) if isinstance(number, dict) else None
        if isinstance(number, bool) or not isinstance(number, int | float):
            return Missing(SOURCE, f"{source.name}: there is no number{' at ' + '.'.join(source.key) if source.key else ''}")
        at = _time_in(data) if isinstance(data, dict) else None
        if at is None and heard.retained:
            return Missing(SOURCE, f"{source.name}: {UNDATED}")
        return fresh(source.name, number * self.topics.factor * source.sign, at or self.now, self.now)


def read_topics(address: Address, name: str, topics: Topics, now: datetime, listen_s: float = LISTEN_S) -> MeterReading:
    """House power in W, + importing. Raises BadAnswer where a topic that is needed cannot be believed, Unreachable, LoginDead ..."""
    ear = _Ear(topics, now)
    listen(address, name, dict.fromkeys(one.name for one in ear.wanted), ear.hear, listen_s)
    return reading(Trio(ear.word(topics.grid), ear.word(topics.solar), ear.word(topics.load)))


def _time_in(data: Mapping[str, object]) -> datetime | None:
    return next((at for key in TIMES if (at := moment(data.get(key))) is not None), None)
