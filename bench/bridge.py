"""bridge.py at rest, and a word through it: memory, processor time, and how long an answer takes. `python -m bench bridge`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from clients.mqtt import Heard, Link, Message
from simulator.broker import Broker, mosquitto

PROGRAM = Path(__file__).resolve().parents[1] / "bridge.py"
REST_S, WORDS, STARTS_S, ANSWERS_S = 30.0, 8, 15.0, 5.0  # below the ten words that are heard in a minute
TICK = os.sysconf("SC_CLK_TCK")
AIM_MB, AIM_PERCENT = 35.0, 0.2


def bridge() -> None:
    """Prints while it goes."""
    print("The bridge: a process of its own beside a real Mosquitto")
    if mosquitto() is None:
        print("  not measured: mosquitto is not installed\n")
        return
    with TemporaryDirectory() as folder, Broker(Path(folder)) as far, _running(Path(folder), far) as process:
        before = _cpu_s(process)
        time.sleep(REST_S)
        percent, memory = 100 * (_cpu_s(process) - before) / REST_S, _rss_mb(process)
        verdict = "within" if memory <= AIM_MB and percent <= AIM_PERCENT else "MISSED:"
        print(f"  at rest                  {memory:6.1f} MB {percent:6.2f} % of one core")
        print(f"  {verdict} the aim of {AIM_MB:.0f} MB and {AIM_PERCENT} % on 2 cores of x86")
        times = _answers(far)
        print(f"  a word and its answer    {1000 * median(times):6.1f} ms median {1000 * max(times):6.1f} ms longest of {WORDS}\n")


@contextmanager
def _running(folder: Path, far: Broker) -> Iterator[int]:
    """Its process id, once it listens."""
    (folder / "home.env").write_text(f"MQTT_URL={far.url}\nTESLA_VIN=5YJ3AMPSHFT000001\n", encoding="utf-8")
    command = [sys.executable, str(PROGRAM), "--env", str(folder / "home.env"), "--state", str(folder / "state")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env={}) as process:
        try:
            _heard(far, "ampshift/bridge", STARTS_S)
            yield process.pid
        finally:
            process.terminate()


def _heard(far: Broker, topic: str, limit_s: float) -> None:
    found: list[Heard] = []
    link = Link(far.address, "bench", found.append)
    link.open()
    link.subscribe((topic,))
    ends = time.monotonic() + limit_s
    while not found and time.monotonic() < ends:
        link.turn(0.1)
    link.close()


def _answers(far: Broker) -> list[float]:
    """Seconds from a word to its answer, one after the other."""
    found: list[Heard] = []
    link = Link(far.address, "bench", found.append)
    link.open()
    link.subscribe(("ampshift/answer",))
    seconds = []
    for number in range(WORDS):
        began = time.monotonic()
        link.post(Message("ampshift/command", json.dumps({"word": "hands-off", "id": str(number)}), retain=False))
        while len(found) <= number and time.monotonic() < began + ANSWERS_S:
            link.turn(0.05)
        seconds.append(time.monotonic() - began)
    link.close()
    return seconds


def _cpu_s(process: int) -> float:
    parts = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / TICK


def _rss_mb(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
