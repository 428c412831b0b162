"""`twc_daemon.py --check` and `--commission`: for the evening on which the wires are laid."""

from __future__ import annotations

import time

from config import Settings
from state import volatile
from twc.frame import Deframer, feed
from twc.messages import FromMaster, SlaveHeartbeat, SlaveReady, read
from twc_daemon_port import Port

CHECK_S = 15.0
WAIT_S = 0.05


def check(settings: Settings, seconds: float = CHECK_S) -> int:
    """Sends nothing, listens, says what it hears."""
    port, deframer, heard = Port(settings.twc_port or ""), Deframer(), dict[str, int]()
    print(f"listening on {port.url} for {seconds:.0f} s, sending nothing")
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        deframer, bodies = feed(deframer, port.exchange(b"", WAIT_S, time.monotonic()))
        for body in bodies:
            name = _heard(body)
            heard[name] = heard.get(name, 0) + 1
    for name, count in sorted(heard.items()):
        print(f"{count:4d} x {name}")
    noise = deframer.noise
    print(f"noise: {noise.checksum} bad checksums, {noise.length} strays, {noise.escape} bad escapes, {noise.overrun} overruns")
    if not heard:
        print("nothing was heard: a connector on position F speaks every 10 s. Swap A and B; look at adapter, rotary switch and bias.")
    return 0 if heard and port.dead_since is None else 1


def _heard(body: bytes) -> str:
    message = read(body)
    if isinstance(message, SlaveReady):
        return f"connector {message.sender:04X}, protocol {message.protocol}, {message.max_amps:.0f} A, waits for a master"
    if isinstance(message, SlaveHeartbeat):
        return f"connector {message.sender:04X} answers a master"
    if isinstance(message, FromMaster):
        return f"a master {message.sender:04X} speaks: only one may be on the bus"
    return f"a frame {body[:2].hex()} that means nothing here"


def show_running(settings: Settings) -> int:
    """The port is busy because the daemon runs: what it says is in charger.json."""
    print("twc_daemon.py runs and holds the port; this is its charger.json:")
    path = settings.run_dir / volatile.CHARGER
    print(path.read_text(encoding="utf-8") if path.exists() else "(none yet)")
    return 0
