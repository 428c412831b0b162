#!/usr/bin/env python3
"""The bridge: the owner's words over MQTT into override.json, as `scheduler.py override` writes them. It does nothing else, commands no
car and no charger, and scheduler.py needs it for nothing: state goes out from cron's cycle.

bridge.py                  until SIGTERM; systemd starts it (deploy/ampshift-bridge.service)
"""

# ruff: noqa: T201, TID251 - an entry script: it reads the clock and the environment, and speaks to people
from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import config
from bridge_loop import Bridge
from config import Settings
from errors import AmpshiftError, Busy, ConfigError, StateError
from state.lock import file_lock

ROOT = Path(__file__).resolve().parent
NO_BROKER = "MQTT_URL is not set in .env: there is nothing to listen to. docs/HOME-ASSISTANT.md says how."


def main(argv: list[str]) -> int:
    """Exit codes: 0 ended as asked; 1 a folder cannot be written; 2 configuration; 75 another bridge runs here."""
    try:
        args = _parser().parse_args(argv)
        settings = config.load(args.env, os.environ, args.state, root=ROOT)
        if settings.mqtt_url is None:
            raise ConfigError((NO_BROKER,))
        return listen(settings)
    except ConfigError as error:
        return _fail("\n".join(error.problems), 2)
    except Busy as error:
        return _fail(error.text, 75)
    except AmpshiftError as error:
        return _fail(error.text, 1)


def listen(settings: Settings) -> int:
    """Until a signal ends it. Raises Busy where another one listens for the same house."""
    bridge = Bridge(settings, lambda: datetime.now(UTC), time.monotonic, time.sleep, log)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: bridge.end())
    with alone(settings):
        bridge.run()
    return 0


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Two bridges would answer each word twice. Raises Busy."""
    with ExitStack() as held:
        try:
            held.enter_context(file_lock(settings.run_dir / "bridge", time.sleep, timeout_s=0.5))
        except StateError as error:
            if error.__cause__ is None:
                raise Busy("bridge", "Another bridge.py runs already: systemctl status ampshift-bridge") from error
            raise
        yield


def log(text: str) -> None:
    """One line for systemd's journal, which adds the time."""
    print(text, file=sys.stderr, flush=True)


def _fail(text: str, code: int) -> int:
    log(text)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bridge.py", description="Takes your words over MQTT: charge now, stop, solar, hands off, auto.")
    parser.add_argument("--env", type=Path, metavar="FILE", help="settings (default: .env beside this program)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="replaces STATE_DIR and RUN_DIR")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
