"""Topics of the broker as the house's meter."""

from __future__ import annotations

from datetime import datetime

from clients.mqtt_meter import Topics, read_topics
from config import PowerUnit, Settings
from cycle.mqtt_topics import address_of, client_name
from model import MeterReading


def topics_meter(settings: Settings, now: datetime) -> MeterReading:
    """House power in W, + importing. Raises ClientError."""
    factor = 1000.0 if settings.mqtt_power_unit is PowerUnit.KW else 1.0
    topics = Topics(settings.mqtt_grid_topic, settings.mqtt_solar_topic, settings.mqtt_load_topic, factor)
    return read_topics(address_of(settings), client_name(settings, "look"), topics, now)
