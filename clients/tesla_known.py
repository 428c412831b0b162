"""What is remembered of a car's signed session, and how news of it are taken in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from clients.tesla_protobuf import SessionInfo

_LAST_COUNTER = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Session:
    """`counter`: of the newest command, used; `began`: our clock (Unix s) when the car's epoch began; `clock_s`: the car's clock in its
    newest session info."""

    car_key: bytes
    epoch: bytes
    counter: int
    began: float
    clock_s: int


@dataclass(frozen=True, slots=True)
class Known:
    """`plain`: the car takes no signed commands."""

    session: Session | None = None
    plain: bool = False

    def counted(self) -> Known | None:
        """With the next counter; None: no session any more, because its numbers are used up."""
        if self.session is None:
            return self
        counter = self.session.counter + 1
        return Known(replace(self.session, counter=counter)) if counter <= _LAST_COUNTER else None


def adopted(old: Known | None, info: SessionInfo, now: float) -> Known | None:
    """What is known after the car said `info`, with the next counter taken. Within an epoch the counter never falls, and of what is older
    than what was said before nothing is believed."""
    before = old.session if old is not None else None
    counter = info.counter
    if before is not None and before.epoch == info.epoch:
        if info.clock_s < before.clock_s:
            return old.counted() if old is not None else None
        counter = max(counter, before.counter)
    return Known(Session(info.car_key, info.epoch, counter, now - info.clock_s, info.clock_s)).counted()


def to_json(known: Known) -> Mapping[str, object]:
    session = known.session
    if session is None:
        return {"plain": known.plain}
    numbers = {"counter": session.counter, "began": session.began, "clock_s": session.clock_s}
    return {"car_key": session.car_key.hex(), "epoch": session.epoch.hex(), **numbers}


def from_json(data: object) -> Known | None:
    """None where it is not what to_json wrote: then there is a handshake."""
    if not isinstance(data, dict):
        return None
    if data.get("plain") is True:
        return Known(plain=True)
    numbers = (data.get("counter"), data.get("began"), data.get("clock_s"))
    if not all(isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number < 2**40 for number in numbers):
        return None
    try:
        car_key, epoch = (bytes.fromhex(str(data.get(name))) for name in ("car_key", "epoch"))
        return Known(Session(car_key, epoch, int(data["counter"]), float(data["began"]), int(data["clock_s"])))
    except ValueError:
        return None
