#!/usr/bin/env python3
"""The heartbeat: RS-485 master for Gen 2 Wall Connectors. Always on, one thread, one port, one loop.

Reads target.json and ceiling.json ten times a second, speaks with the connectors through `twc.master.step`, writes charger.json and its own
twc.json. It never waits for a disk, never exits on bad input, and follows its monotonic clock: the wall clock counts only when a file is
first seen.

    twc_daemon.py                run (systemd starts it)
    twc_daemon.py --check        send nothing, listen 15 s, say what is heard
    twc_daemon.py --commission   6 A, 12 A, half, full: offered and actual side by side, asks before each step

SIGTERM lowers all offers, waits at most 2 s and ends. SIGHUP ends at once with the offers untouched, for restarts.
"""

from __future__ import annotations

import os
import sys

from errors import AmpshiftError, Busy
from twc_daemon_loop import Daemon, fail
from twc_daemon_settings import Setup, setup


def main(argv: list[str]) -> int:
    """Exit codes: 0 ended as asked; 1 the port stays dead, or another daemon runs; 2 configuration."""
    found = setup(argv, os.environ)
    if isinstance(found, int):
        return found
    daemon = Daemon(found)
    try:
        with daemon.alone():
            return daemon.run() if found.task == "run" else _with_owner(daemon)
    except Busy:
        return _busy(found)
    except AmpshiftError as error:
        return fail(error.text)


def _with_owner(daemon: Daemon) -> int:
    """What a person asks for; loaded only then."""
    from twc_daemon_tools import check, commission

    return check(daemon.setup) if daemon.setup.task == "check" else commission(daemon)


def _busy(found: Setup) -> int:
    from twc_daemon_tools import show_running

    return show_running(found) if found.task == "check" else fail("Another twc_daemon.py runs already: systemctl status twc_daemon")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
