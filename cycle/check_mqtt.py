"""`check`: is the broker there, and does it take our login. Nothing is published."""

from __future__ import annotations

from collections.abc import Iterator

from config import Settings


def mqtt_lines(settings: Settings) -> Iterator[tuple[str, bool]]:
    """(line, is it a failure)."""
    if settings.mqtt_url is None:
        yield "-       mqtt: not configured (MQTT_URL)", False
        return
    from clients.mqtt import is_up
    from cycle.mqtt_topics import address_of, client_name

    wrong = is_up(address_of(settings), client_name(settings, "check"))
    yield (f"FAILED  mqtt: {wrong}", True) if wrong else (f"ok      mqtt: {settings.mqtt_url}, topics below {settings.mqtt_topic}/", False)
