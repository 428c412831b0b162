"""The state of the Texas grid, without a key, from the dashboard that ERCOT shows to everybody (daily-prc)."""

from __future__ import annotations

from dataclasses import dataclass

from clients.http import Ask, Http
from clients.values import root
from errors import BadAnswer

SOURCE = "ercot"
LIMIT_S = 10.0  # less than a cycle looks: a time-out must be noted, or a page that hangs is asked in each cycle


@dataclass(frozen=True, slots=True)
class Condition:
    """`state`: "normal", or what ERCOT calls it; `eea`: level 0 to 3 of the energy emergency; `note`: a sentence for people."""

    state: str
    eea: int
    note: str


def condition(url: str, http: Http) -> Condition:
    """The condition now. Raises ClientError."""
    ask = Ask(SOURCE, f"{url.rstrip('/')}/api/1/services/read/dashboards/daily-prc.json", limit_s=LIMIT_S)
    now = root(SOURCE, http.ask(ask).require().json()).node("current_condition")
    state, eea, title, note = now.text("state"), now.whole("eea_level", 0, 3), now.text("title"), now.text("condition_note")
    if not isinstance(state, str):
        raise BadAnswer(SOURCE, f"ERCOT does not tell the condition of its grid: {state.why}.")
    said = [each for each in (title, note) if isinstance(each, str)]
    return Condition(state, eea if isinstance(eea, int) else 0, ": ".join(said))
