"""A real Mosquitto for tests; those that need it are skipped where it is not installed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clients.mqtt import Heard, Link, Message, publish
from errors import ClientError
from simulator.broker import Broker, mosquitto

WAIT_S = 8.0


@contextmanager
def broker(folder: Path, login: tuple[str, str] | None = None, rules: str = "", pem: Path | None = None) -> Iterator[Broker]:
    if mosquitto() is None:
        pytest.skip("mosquitto is not installed here")
    folder.mkdir(parents=True, exist_ok=True)
    with Broker(folder, login, rules, pem, "127.0.0.2" if pem else "127.0.0.1") as running:
        yield running


def say(far: Broker, topic: str, payload: object, *, retain: bool = False) -> None:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    publish(far.address, f"test-{threading.get_ident()}", (Message(topic, text, retain),))


class Listener:
    """Hears everything below `topic` until the end of its `with`."""

    def __init__(self, far: Broker, topic: str) -> None:
        self.heard: list[Heard] = []
        self._stop = threading.Event()
        self._link = Link(far.address, f"listener-{id(self)}", self.heard.append)
        self._link.open()
        self._link.subscribe((topic,))
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._stop.set()
        self._thread.join()
        self._link.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._link.turn(0.02)
            except ClientError:
                return

    def told(self, topic: str) -> list[Any]:
        """What was said there, as JSON where it is some."""
        return [_plain(one.payload) for one in self.heard if one.topic == topic]

    def wait(self, topic: str, count: int = 1) -> list[Any]:
        until(lambda: len(self.told(topic)) >= count, f"{count} on {topic}")
        return self.told(topic)


def until(done: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < ends, f"not within {WAIT_S} s: {what}"
        time.sleep(0.01)


def _plain(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode()
