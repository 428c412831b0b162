#!/usr/bin/env python3
"""The page: shows what Ampshift sees, plans and did, and takes the owner's words. It reads the state files and writes override.json,
nothing else; scheduler.py needs it for nothing.

app.py                     on http://127.0.0.1:8050, or as PAGE_ADDRESS and PAGE_PORT say
app.py --now TIME          as if it were this time, for pictures and tests: simulated houses only (--state DIR)
"""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
import time
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import config
from config import Settings
from cycle.arguments import time_argument
from errors import AmpshiftError, ConfigError

ROOT = Path(__file__).resolve().parent
LEAST_PASSWORD = 8
NO_PASSWORD = (
    "PAGE_ADDRESS={address} opens the page to your network, and it can start and stop charging: set PAGE_PASSWORD with at least "
    f"{LEAST_PASSWORD} characters, or take PAGE_ADDRESS out."
)
TAKEN = "Another program may use the port: see PAGE_PORT."
WHY_NOT = {
    errno.EADDRNOTAVAIL: "PAGE_ADDRESS is no address of this machine, or its network is not up yet; 0.0.0.0 means all that it has.",
    errno.EACCES: "Ports below 1024 are for root: take a higher PAGE_PORT.",
}


def main(argv: list[str]) -> int:
    """Exit codes: 0 ended as asked; 1 the port is taken; 2 configuration."""
    try:
        args = _parser().parse_args(argv)
        settings = config.load(args.env, os.environ, args.state, root=ROOT)
        if args.now is not None and args.state is None:
            raise ConfigError(("--now is for simulated houses: it needs --state DIR as well.",))
        refuse_open(settings)
        return serve(settings, args.now)
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2
    except AmpshiftError as error:
        print(error.text, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The page cannot listen: {error.strerror or error}. {WHY_NOT.get(error.errno or 0, TAKEN)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def refuse_open(settings: Settings) -> None:
    """Raises ConfigError where others than this machine could come in without a password, or with one that is soon guessed."""
    if not ip_address(settings.page_address).is_loopback and len(settings.page_password.reveal()) < LEAST_PASSWORD:
        raise ConfigError((NO_PASSWORD.format(address=settings.page_address),))


def serve(settings: Settings, now: datetime | None) -> int:
    """Until a signal ends it."""
    import waitress

    from page.door import Door
    from page.look import Reader
    from page.server import make_server

    machine = socket.gethostname().casefold()
    names = frozenset((*settings.page_names, machine, f"{machine.partition('.')[0]}.local"))
    reader = Reader(settings, (lambda: now) if now is not None else (lambda: datetime.now(UTC)), time.sleep)
    site = make_server(reader, Door(settings.page_password.reveal(), names, time.monotonic))
    shown = f"[{settings.page_address}]" if ":" in settings.page_address else settings.page_address
    server = waitress.create_server(
        site,
        listen=f"{shown}:{settings.page_port}",
        threads=8,
        ident="",
        connection_limit=60,
        channel_timeout=60,
        max_request_body_size=64 * 1024,
        clear_untrusted_proxy_headers=True,
    )
    print(f"The page is at http://{shown}:{settings.page_port}", flush=True)
    server.run()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="app.py", description="Ampshift's page: what it sees, plans and did, and your words to it.")
    parser.add_argument("--env", type=Path, metavar="FILE", help="settings (default: .env beside this program)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="replaces STATE_DIR and RUN_DIR")
    parser.add_argument("--now", type=time_argument, metavar="TIME", help="pretend it is this time (simulated houses only)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
