"""What a car says when it did not take a signed command (universal_message.proto), and what the owner can do about it."""

from __future__ import annotations

from collections.abc import Mapping

from errors import Asleep, ClientError, Refused, ServerFault

SOURCE = "tesla"

UNKNOWN_KEY = 3
# the session was not the car's: signature, counter, epoch, expired, expires too late, counter again. The command was not carried out
STALE = frozenset({5, 6, 15, 17, 20, 26})

PAIR = "the car does not know our key; open the pairing link https://tesla.com/_ak/ with your domain on the phone with the Tesla app"
FAULTS: Mapping[int, tuple[type[ClientError], str]] = {
    1: (Asleep, "the car is busy or still waking up; the next cycle tries again"),
    2: (ServerFault, "a part of the car did not answer in time"),
    UNKNOWN_KEY: (Refused, PAIR),
    4: (Refused, "our key is switched off in the car; pair it again"),
    7: (Refused, "our key may not do this; pair it again as the car's owner"),
    9: (Refused, "the car's software does not know this command; update the car"),
    11: (ServerFault, "the car has a fault of its own, as while it starts up"),
    12: (Refused, "the command was for another car; this is a fault of Ampshift, please report it"),
    21: (Refused, "switch on Controls > Safety > Allow Mobile Access in the car"),
    25: (ServerFault, "the car's answer was too long to be sent"),
    **dict.fromkeys(STALE, (Refused, "the car does not accept our signature, also with a new session; is the time of this machine right?")),
}
_OTHER = (Refused, "the car did not take the command; this may be a fault of Ampshift, please report it")


def fault_error(fault: int) -> ClientError:
    """The error that belongs to a fault. Refused and Asleep: certainly not carried out; ServerFault: it may have been."""
    kind, text = FAULTS.get(fault, _OTHER)
    return kind(SOURCE, f"The car answered with fault {fault}: {text}.")
