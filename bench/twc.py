"""The daemon, measured: `python -m bench twc`. Memory, processor time and reaction of the real process on three simulated connectors in
real time, then noise for its parsers. It takes about three and a half minutes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from bench.twc_fuzz import conversation, mutated_frames, random_bytes
from bench.twc_live import SLAVES, Beat, Stand, bare, names, processor_s, resident_mb, running, stand

AIM_MB, AIM_CPU, AIM_REACTION_S, AIM_START_S = 6.0, 0.005, 0.3, 1.5
ALLOWED_MB = 9.0  # beyond that something heavy has crept in; a test fails
MEASURED_S = 60.0
SETTLE_S = 5.0  # from the start until the first minute is counted
NEWCOMER_S = 65.0  # a connector with a car just plugged in keeps its minimum for 60 s
STARTS = 5
NOTED_S = 2.0  # until all three are heard and in twc.json
ROUNDS = 14  # for each of the three connectors
RAISE_S = 5.1  # no second change upwards within 5 s, by design: a raise is asked for when it is allowed
LOW, HIGH = (6, 8), (11, 15)
RANDOM_BYTES, MUTATED = 10_000_000, 1_000_000


def daemon() -> None:
    """Prints while it goes."""
    say(f"The daemon: a process of its own, {SLAVES} connectors of protocol 2 with cars on a pty, in real time")
    starts()
    with TemporaryDirectory() as folder, stand(Path(folder)) as at, running(at) as process:
        first_minute(at, process.pid)
        changes(at)
    fuzz()


def say(text: str) -> None:
    print(text, flush=True)


def row(name: str, text: str, *, fine: bool | None = None, aim: str = "") -> None:
    verdict = "" if fine is None else f"  {'within' if fine else 'MISSED:'} the aim of {aim}"
    say(f"  {name:<34} {text}{verdict}")


def starts() -> None:
    """Process start to first heartbeat: connectors that were never heard, then those that twc.json knows."""
    first, again = list[float](), list[float]()
    for _ in range(STARTS):
        with TemporaryDirectory() as folder, stand(Path(folder)) as at:
            for seconds in (first, again):
                began = time.monotonic()
                with running(at):
                    seconds.append(at.first_beat(began).at - began)
                    time.sleep(NOTED_S)
    for kind, seconds in (("nothing known", first), ("after a restart", again)):
        fine, text = max(seconds) <= AIM_START_S, f"{median(seconds):.2f} s median, {max(seconds):.2f} s max of {STARTS}"
        row(f"start to heartbeat, {kind}", text, fine=fine, aim=f"{AIM_START_S} s")


def first_minute(at: Stand, pid: int) -> None:
    began = time.monotonic()
    at.first_beat(began)
    at.want(dict.fromkeys(at.live.call(names), LOW[0]))
    time.sleep(SETTLE_S)
    since, before = time.monotonic(), processor_s(pid)
    time.sleep(MEASURED_S)
    share = (processor_s(pid) - before) / MEASURED_S
    beats = at.beats(since)
    for name in at.live.call(names):
        times = [beat.at for beat in beats if beat.slave == name]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        row(f"heartbeats to {name}", f"{(len(times) - 1) / (times[-1] - times[0]):.3f} a second, longest gap {max(gaps):.2f} s")
    row("processor over 60 s", f"{share:.2%} of a core", fine=share <= AIM_CPU, aim=f"{AIM_CPU:.1%}")
    with bare() as other:
        mine, its = resident_mb(pid), resident_mb(other)
    more = mine - its
    row(
        "resident memory",
        f"{mine:.1f} MB, bare Python with pyserial {its:.1f} MB: {more:+.1f} MB",
        fine=more <= AIM_MB,
        aim=f"{AIM_MB:+.0f} MB",
    )
    time.sleep(max(0.0, began + NEWCOMER_S - time.monotonic()))


def changes(at: Stand) -> None:
    """Raises and lowers of one connector after the other, at moments that have nothing to do with its second."""
    rng, lowers, raises = Random(5), list[float](), list[float]()
    slaves = at.live.call(names)
    raised_at = dict.fromkeys(slaves, 0.0)
    say(f"  {ROUNDS * len(slaves)} raises and as many lowers, each of one connector, at random moments ...")
    for _ in range(ROUNDS):
        for name in slaves:
            time.sleep(max(0.0, raised_at[name] + RAISE_S - time.monotonic()) + rng.random() * 0.2)
            raises.append(_change(at, name, rng.randint(*HIGH)))
            raised_at[name] = time.monotonic()
        for name in slaves:
            time.sleep(0.3 + rng.random() * 0.2)
            lowers.append(_change(at, name, rng.randint(*LOW)))
            raised_at[name] = time.monotonic()
    _reaction("lower: file to wire", lowers)
    _reaction("raise (allowed): file to wire", raises)


def _change(at: Stand, name: str, amps: int) -> float:
    """Seconds from the written file to the first byte of the heartbeat that tells this connector."""
    changed = at.want({name: amps})
    while time.monotonic() < changed + 10.0:
        time.sleep(0.05)
        told = next((beat for beat in at.beats(changed - 0.05) if _tells(beat, name, amps)), None)
        if told is not None:
            return max(0.0, told.at - changed)
    raise TimeoutError(f"{name} was never offered {amps} A\n{at.log}")


def _tells(beat: Beat, name: str, amps: int) -> bool:
    return beat.slave == name and beat.amps == amps


def _reaction(name: str, seconds: Sequence[float]) -> None:
    ordered = sorted(seconds)
    most = ordered[int(len(ordered) * 0.95)]
    text = f"{median(ordered):.3f} s median, {most:.3f} s 95 %, {ordered[-1]:.3f} s max of {len(ordered)}"
    row(name, text, fine=most <= AIM_REACTION_S, aim=f"{AIM_REACTION_S} s (95 %)")


def fuzz() -> None:
    began = time.perf_counter()
    frames = random_bytes(RANDOM_BYTES, Random(10))
    row("random bytes", f"{RANDOM_BYTES:,}, no exception, {frames} whole frames in them, {time.perf_counter() - began:.1f} s")
    began = time.perf_counter()
    found = mutated_frames(MUTATED, conversation(), Random(11))
    row("damaged frames", f"{MUTATED:,}, no exception, {time.perf_counter() - began:.1f} s")
    shares = f"{found.passed:,} ({found.passed / MUTATED:.1%}), of these {found.mistaken:,} ({found.mistaken / MUTATED:.2%})"
    row("what passes the checksum", f"{shares} as another word of a slave")
