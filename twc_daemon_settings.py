"""The daemon's settings, read by a child of its own: the table, its parsers and checks, python-dotenv and argparse take 4 MB that a
heartbeat never needs again, and they go with the child."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from zoneinfo import ZoneInfo

from errors import ConfigError
from twc_daemon_port import log

if TYPE_CHECKING:
    import argparse

    from config import Settings

ROOT = Path(__file__).resolve().parent
OWN_OPTIONS = frozenset(
    {"TWC_PORT", "TWC_BREAKER_AMPS", "TWC_MAX_AMPS", "TWC_FAILSAFE_AMPS", "TWC_LAST_RESORT", "CONTINUOUS_PERCENT", "GUARD"}
    | {"STATE_DIR", "RUN_DIR", "TIME_ZONE"}
)
WARNING = """This moves real current through real wires. TWC_BREAKER_AMPS is the number printed on the breaker of the connectors'
circuit: a wrong one can start a fire. All connectors stand on rotary position F. If the Pi dies: docs/HARDWARE.md, first page."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the daemon keeps of Settings and of its arguments. `task`: run, check or commission; amps as in twc.values.Options."""

    task: str
    port: str
    circuit: int
    most: int
    failsafe: int
    guarded: bool
    silence: bool
    data: str
    run: str
    zone_name: str
    breaker: int = 0  # as printed on it

    @property
    def data_dir(self) -> Path:
        return Path(self.data)

    @property
    def run_dir(self) -> Path:
        return Path(self.run)

    @property
    def limits(self) -> str:
        """Both numbers of the breaker, and what a connector gets: the owner reads here whether he meant that."""
        one = f"{min(self.most, self.circuit)} A for one, {self.failsafe} A each while there is no plan"
        return f"breaker {self.breaker} A: at most {self.circuit} A for all connectors together, {one}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)


def setup(argv: list[str], environ: Mapping[str, str]) -> Setup | int:
    """The settings, or the exit code where there is nothing to run: the child has said why."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _in_child(argv, environ, writer)
    os.close(writer)
    with open(reader, "rb") as pipe:
        said = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Setup(**json.loads(said)) if said and not code else code if code >= 0 else 1


def _in_child(argv: list[str], environ: Mapping[str, str], writer: int) -> NoReturn:
    """Ends this process whatever happens: what called it belongs to the parent."""
    code: object = 1
    try:
        os.write(writer, json.dumps(read(argv, environ)).encode())
        code = 0
    except ConfigError as error:
        for problem in error.problems:
            log(problem)
        code = 2
    except SystemExit as ended:  # argparse: help was asked for, or an option is wrong
        code = ended.code
    except Exception:  # noqa: BLE001 - it must not rise into the parent's frames
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def read(argv: list[str], environ: Mapping[str, str]) -> dict[str, object]:
    """The fields of Setup. Raises ConfigError for problems of the daemon's own options alone."""
    import config

    args = _parser().parse_args(argv)
    settings = config.load(args.env, environ, args.state, root=ROOT, only=OWN_OPTIONS)
    if settings.twc_breaker_amps is None or not settings.twc_port:
        raise ConfigError(("Set TWC_PORT and TWC_BREAKER_AMPS (the number printed on the breaker): there is no daemon without them.",))
    return _fields(settings, "check" if args.check else "commission" if args.commission else "run")


def _fields(settings: Settings, task: str) -> dict[str, object]:
    return {
        "task": task,
        "port": settings.twc_port,
        "circuit": settings.circuit_amps,
        "most": settings.twc_max_amps or 80,
        "failsafe": settings.twc_failsafe_amps,
        "guarded": settings.guard,
        "silence": settings.twc_last_resort == "silence",
        "data": str(settings.state_dir),
        "run": str(settings.run_dir),
        "zone_name": settings.time_zone.key,
        "breaker": settings.twc_breaker_amps,
    }


def _parser() -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(prog="twc_daemon.py", description="RS-485 master for Gen 2 Wall Connectors.")
    parser.add_argument("--env", type=Path, metavar="FILE", help="settings (default: .env beside this program)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="replaces STATE_DIR and RUN_DIR")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="send nothing, listen 15 s, say what is heard")
    what.add_argument("--commission", action="store_true", help="offer 6 A, 12 A, half and full in turn, asking before each")
    return parser
