#!/usr/bin/env python3
"""Ampshift's cron entry: arguments, settings, now, one command, exit code. No rule about charging stands here.

scheduler.py -v once     dry run: looks, decides, explains; sends nothing
scheduler.py run         one cycle for cron
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import re
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import config
from cycle.arguments import time_argument
from cycle.desk import Desk, Problem
from errors import AmpshiftError, Busy, ConfigError
from state.logins import has_tesla_login

ROOT = Path(__file__).resolve().parent
COMMANDS = ("once", "run", "status", "check", "vehicles", "auth", "override", "release")


def main(argv: list[str]) -> int:
    """Exit codes: 0 done; 1 a record, a due command or the login failed, or the clock is wrong; 2 configuration; 75 a cycle is running."""
    os.environ["GSIO_SKIP_VERSION_CHECK"] = "true"  # gridstatusio asks the package index at its import otherwise, without a time limit
    try:
        code = _command(_parser().parse_args(argv))
        if sys.stdout is not None:  # cron may have closed it
            sys.stdout.flush()  # here, where a reader that went away can still be answered
        return code
    except ConfigError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 2
    except Busy as error:
        print(error.text, file=sys.stderr)
        return 75
    except AmpshiftError as error:
        print(error.text, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _mute(0)  # the reader went away: nothing more to say
    except OSError as error:  # of state files it is a StateError
        print(f"Cannot write {error.filename or 'the output'}: {error.strerror or error}.", file=sys.stderr)
        return _mute(1)


def _mute(code: int) -> int:
    """What is still in the buffer must not fail once more when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _command(args: argparse.Namespace) -> int:
    command = args.command or "once"
    if args.interval is None:
        gc.disable()  # a cycle is over before its first garbage matters; looking for it takes 20 ms on a PC
    if args.interval is not None and command != "run":
        raise ConfigError((f"-i repeats real cycles: write scheduler.py run -i {args.interval:g}",))
    settings = config.load(args.env, os.environ, args.state, root=ROOT)
    settings = replace(settings, logged_in=has_tesla_login(settings.state_dir))
    if args.now is not None and command in ("run", "release", "override", "auth"):
        _only_simulated(args, replace(settings, logged_in=settings.logged_in or command == "auth"))
    desk = Desk(settings, _now(args), time.sleep, verbose=args.verbose, as_json=args.json, believed=args.now is not None)
    if command in ("once", "run"):
        if config.nothing_configured(settings):
            raise ConfigError(Problem.NOTHING)
        from cycle import running

        if command == "once":
            return running.once(desk, wake=args.wake)
        return running.run(desk) if args.interval is None else _repeat(desk, args.interval)
    return _other(command, desk, args)


def _other(command: str, desk: Desk, args: argparse.Namespace) -> int:
    from importlib import import_module

    return int(import_module(f"cycle.{command}").command(desk, args))


def _repeat(desk: Desk, minutes: float) -> int:
    """For those without cron. A cycle that fails or meets another one is told and does not end the repetition."""
    from cycle import running

    while True:
        began = time.monotonic()
        try:
            running.run(desk.at(datetime.now(UTC)))
        except AmpshiftError as error:
            print(error.text, file=sys.stderr)
        time.sleep(max(1.0, minutes * 60 - (time.monotonic() - began)))


def _now(args: argparse.Namespace) -> datetime:
    return args.now if args.now is not None else datetime.now(UTC)


def _only_simulated(args: argparse.Namespace, settings: config.Settings) -> None:
    """Nobody commands a real car in a made-up time."""
    outside = [f"{name} ({url})" for name, url in settings.services() if not config.is_loopback(url)]
    if args.state is None or outside:
        why = f"these services are not on this machine: {', '.join(outside)}" if outside else "it needs --state DIR as well"
        raise ConfigError((f"--now is for simulated houses: {why}.",))


def _month(text: str) -> str:
    if text and not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a month; write 2026-11")
    return text


def _positive(text: str) -> float:
    if not text.replace(".", "", 1).isdigit() or float(text) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes above 0")
    return float(text)


def _parser() -> argparse.ArgumentParser:
    both = argparse.ArgumentParser(add_help=False)
    both.add_argument("-v", "--verbose", action="store_true", default=argparse.SUPPRESS, help="explain")
    both.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print decision.json's data")
    once_only = argparse.ArgumentParser(add_help=False, parents=[both])
    once_only.add_argument("-i", dest="interval", type=_positive, default=argparse.SUPPRESS, help=argparse.SUPPRESS)  # answered in words
    parser = argparse.ArgumentParser(prog="scheduler.py", description="Charges Teslas at home at the right time, at the right current.")
    parser.add_argument("-v", "--verbose", action="store_true", help="explain")
    parser.add_argument("--json", action="store_true", help="print decision.json's data")
    parser.add_argument("--env", type=Path, metavar="FILE", help="settings (default: .env beside this program)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="replaces STATE_DIR and RUN_DIR")
    parser.add_argument("--now", type=time_argument, metavar="TIME", help="pretend it is this time (run: simulated houses only)")
    parser.add_argument("-i", dest="interval", type=_positive, metavar="MIN", help=argparse.SUPPRESS)
    parser.set_defaults(wake=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    once = commands.add_parser("once", parents=[once_only], help="dry run: look, decide, explain; send nothing (the default)")
    once.add_argument("--wake", action="store_true", help="wake a sleeping car first ($0.02 at Tesla)")
    run = commands.add_parser("run", parents=[both], help="one cycle, for cron")
    run.add_argument(
        "-i", dest="interval", type=_positive, default=argparse.SUPPRESS, metavar="MIN", help="repeat every MIN minutes, without cron"
    )
    status = commands.add_parser(
        "status", parents=[once_only], help="when the last cycle was, the state files in words, the month's Tesla dollars"
    )
    status.add_argument(
        "--month", nargs="?", const="", type=_month, metavar="YYYY-MM", help="a month's summary (default: this month so far)"
    )
    check = commands.add_parser("check", parents=[once_only], help="test every setting and connection")
    check.add_argument("--notify", action="store_true", help="send a test message to NOTIFY_URL")
    commands.add_parser("vehicles", parents=[once_only], help="the account's cars")
    _override(commands.add_parser("override", parents=[once_only], help="your word, above every plan"))
    auth = commands.add_parser("auth", parents=[once_only], help="log in, step by step, from a terminal without a browser")
    auth.add_argument("service", choices=("tesla", "google"))
    auth.add_argument("--resume", action="store_true", help="go on where it was left")
    commands.add_parser("release", parents=[once_only], help="hand the car back as it was")
    return parser


def _override(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("word", choices=("charge-now", "stop", "solar", "hands-off", "auto"))
    parser.add_argument("switch", nargs="?", choices=("on", "off"), help="for solar")
    parser.add_argument("--amps", type=int, metavar="N", help="for charge-now")
    parser.add_argument("--until", metavar="T", help="07:30, or 2026-12-09T07:30:00-08:00")
    parser.add_argument("--vin", metavar="V", help="VIN, its last six, or the car's name (default: all cars)")


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without block characters or the letters of a car's name shows marks instead
    sys.exit(main(sys.argv[1:]))
