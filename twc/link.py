"""The link to one slave, as a literal table. Theory of operation:

A slave that no master greets sends a link-ready every 10 s (and five of them 0.2 s after a master's second greeting). We answer it with
heartbeats, once a second, and it answers each one at once: it is linked. A heartbeat is what lets it offer current at all: after 20 to
30 s without one it opens its contactor, and a car forgives that about three times. So a slave that falls silent is still addressed for
26 s; then we stop, and 30 s after our last heartbeat it can no longer offer anything: its reserve is free, and it is greeted anew when
it is heard again.

A fourth slave is refused: a bus has room for three. One that was remembered from before a restart is greeted at once, before it is
heard. One that was heard and never greeted is forgotten after 26 s: it may have been noise.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum


class Link(StrEnum):
    HEARD = "heard"  # link-ready came; no heartbeat of ours yet
    GREETED = "greeted"  # heartbeats go out; none came back yet
    LINKED = "linked"
    MUTE = "mute"  # silent for 26 s: heartbeats have stopped, the reserve stands
    LOST = "lost"  # 30 s after our last heartbeat: nothing is reserved
    REFUSED = "refused"  # the fourth


class Event(StrEnum):
    READY = "link-ready"
    GREET = "greet"
    ANSWER = "answer"
    SILENCE = "silence"
    RELEASE = "release"
    FULL = "full"
    ROOM = "room"


TABLE: Mapping[Link, Mapping[Event, Link]] = {
    Link.HEARD: {Event.READY: Link.HEARD, Event.GREET: Link.GREETED, Event.ANSWER: Link.HEARD, Event.SILENCE: Link.LOST},
    Link.GREETED: {Event.READY: Link.GREETED, Event.ANSWER: Link.LINKED, Event.SILENCE: Link.MUTE},
    Link.LINKED: {Event.READY: Link.GREETED, Event.ANSWER: Link.LINKED, Event.SILENCE: Link.MUTE},
    Link.MUTE: {Event.READY: Link.MUTE, Event.ANSWER: Link.MUTE, Event.RELEASE: Link.LOST},
    Link.LOST: {Event.READY: Link.HEARD, Event.ANSWER: Link.HEARD, Event.FULL: Link.REFUSED},
    Link.REFUSED: {Event.READY: Link.REFUSED, Event.ANSWER: Link.REFUSED, Event.ROOM: Link.HEARD, Event.SILENCE: Link.LOST},
}
ADDRESSED = frozenset({Link.GREETED, Link.LINKED})
HOLDING = frozenset({Link.GREETED, Link.LINKED, Link.MUTE})  # what it was offered may still flow
SEATED = HOLDING | {Link.HEARD}  # three at most


def after(link: Link, event: Event) -> Link:
    """The state after an event. LookupError: the table does not know it in this state; a fault of ours, never of the bus."""
    try:
        return TABLE[link][event]
    except KeyError:
        raise LookupError(f"{event} cannot happen to a slave that is {link}") from None


def page() -> str:
    """docs/twc-link.md: this module's theory and the table as a diagram."""
    rows = [f"    {old} --> {new}: {event}" for old, events in TABLE.items() for event, new in events.items() if old is not new]
    stays = [f"- {old}: {', '.join(event for event, new in events.items() if old is new)}" for old, events in TABLE.items()]
    theory = (__doc__ or "").partition("\n\n")[2].strip()
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> heard: link-ready", "    [*] --> greeted: remembered", *rows, "```"])
    quiet = "\n".join(row for row in stays if not row.endswith(": "))
    made = "Drawn from `twc/link.py` by `make docs`."
    return f"# The link to one slave\n\n{made}\n\n{theory}\n\n{diagram}\n\nEvents that change nothing:\n\n{quiet}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
