"""Is all well: each source with its age, the connectors, Tesla's bill, what was sent, and each state file."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from cycle.explain import WORDS
from model import Missing
from page.data import Data
from page.look import Look
from page.parts import Node, aria, card, chip, facts, note, table, when
from page.view_now import alarms
from planners.texts import age
from state.history_read import Past, SentRow

SENT_SHOWN = 30


def health_view(look: Look, past: Past | Missing) -> list[Component]:
    return [
        html.H1("Health"),
        *_verdict(look),
        card("Sources", _sources(look)),
        card("Wall Connectors", _connectors(look)),
        card("What Tesla bills", _bill(look)),
        card("Sent to cars", _sent(look, past)),
        card("Files", _files(look)),
    ]


def _verdict(look: Look) -> list[Component]:
    """Alarms stand above each view already; one source that fails is none yet, and all the same not nothing."""
    fails = [name for name, source in look.data.part("sources").parts() if not source.flag("ok")]
    if fails:
        return [card("Alarms", note(f"This does not answer: {', '.join(fails)}. Charging goes on without it; below stands why."))]
    return [] if alarms(look) else [card("Alarms", html.P("Nothing is wrong.", className="good"))]


def _sources(look: Look) -> Component:
    if isinstance(look.decision, Missing):
        return note(look.decision.why)
    rows = [(name, _state(source), _age(source), source.text("why") or "-") for name, source in look.data.part("sources").parts()]
    if not rows:
        return note("No source is configured, or none was asked yet: scheduler.py check says which are.")
    return table(
        f"Sources of the newest cycle, as they were at {when(look, look.decided_at)}", ("Source", "State", "Newest value", "Why not"), rows
    )


def _state(source: Data) -> Component:
    return chip("ok", "good") if source.flag("ok") else chip("fails", "bad")


def _age(source: Data) -> str:
    seconds = source.number("age_s")
    return "-" if seconds is None else f"{age(seconds)} old" if seconds >= 1 else "just now"


def _connectors(look: Look) -> Component:
    report = look.charger
    if isinstance(report, Missing):
        if look.daemon_gone:
            return note(f"{look.daemon_gone} (charger.json: {report.why})")
        return note(f"None on RS-485: {report.why}. That is as it should be where twc_daemon.py does not run.")
    rows = [
        (
            one.id,
            one.state,
            {True: "yes", False: "no", None: "not known"}[one.plugged],
            f"{one.offered_amps} A",
            f"{one.actual_amps:.1f} A",
            f"{one.volts:.0f} V" if one.volts is not None else "-",
            "; ".join(one.alarms) or "-",
        )
        for one in report.chargers
    ]
    link = html.P(f"RS-485 is {report.link}.", className="small")
    return html.Div([link, table("Connectors", ("Connector", "State", "Plugged", "Offered", "Flowing", "Volts", "Alarms"), rows)])


def _bill(look: Look) -> Component:
    budget = look.budget
    if isinstance(budget, Missing):
        return note(budget.why)
    share = min(100.0, 100 * budget.spent / budget.limit) if budget.limit else 100.0
    label = f"{share:.0f} % of the budget is spent"
    bar = html.Div(html.Span(className="fill", style={"width": f"{share:.0f}%"}), className="bar bill", role="img", **aria(label=label))
    left = f"${budget.routine_left:.2f} for routine, ${budget.reserve_left:.2f} with the share kept for departures and safety"
    told: list[tuple[str, Node]] = [("This month", f"${budget.spent:.2f} of ${budget.limit:.2f}"), ("Left", left)]
    return html.Div([bar, facts(told)])


def _sent(look: Look, past: Past | Missing) -> Component:
    if isinstance(past, Missing):
        return note(past.why)
    names = look.cars
    rows = [
        (
            when(look, one.at),
            names.get(one.vin or "") or (one.vin or "")[-6:] or "house",
            _what(one),
            chip(one.outcome, "good" if one.outcome in ("done", "already") else "bad"),
            f"${one.dollars:.3f}" if one.dollars is not None else "-",
        )
        for one in past.sent[: -SENT_SHOWN - 1 : -1]
    ]
    if not rows:
        return note("Nothing was sent in the last days.")
    return table("The newest commands of the last days", ("When", "Car", "What", "Outcome", "Billed"), rows)


def _what(sent: SentRow) -> str:
    known = {kind.value: text for kind, text in WORDS.items()}
    return known.get(sent.kind, sent.kind.replace("_", " ")).format("" if sent.value is None else f"{sent.value:g}")


def _files(look: Look) -> Component:
    """What each file says about itself; absent is often as it should be."""
    parts: dict[str, object] = {
        "decision.json": look.decision,
        "memory.json": look.memory,
        "override.json": look.overrides,
        "charger.json": look.charger,
    }
    parts |= {"ceiling.json": look.ceiling, "spend.json": look.budget, "load forecast": look.load}
    rows = [(name, chip("absent") if isinstance(part, Missing) else chip("read", "good"), _why(part)) for name, part in parts.items()]
    return table("State files (state/README.md explains each)", ("File", "State", "What it says"), rows)


def _why(part: object) -> str:
    return part.why if isinstance(part, Missing) else "-"
