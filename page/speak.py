"""The owner's words on the page: what was clicked, checked as on the terminal, written to override.json by state's one function."""

from __future__ import annotations

from dataclasses import dataclass

from dash import dcc, html
from dash.development.base_component import Component

from cycle.words import Said, amps_become, change_for, in_words, obeyed, until_from
from errors import AmpshiftError, ConfigError
from model import Missing
from page.look import Look, Reader
from page.parts import aria, when
from planners.texts import clock

ALL = "all"
BUTTONS = {
    "charge-now": ("Charge now", "to the limit or unplug"),
    "stop": ("Stop", "to unplug or the next departure"),
    "hands-off": ("Hands off", "Ampshift leaves the car alone"),
    "solar-on": ("Follow the sun", "whatever .env says"),
    "solar-off": ("Ignore the sun", "whatever .env says"),
    "auto": ("Back to the plan", "takes your words back"),
}
GONE = "There is no such car any more: reload the page."


@dataclass(frozen=True, slots=True)
class Click:
    """What the form held when a button was pressed; texts come from outside and are believed in nothing."""

    button: object
    car: object
    amps: object
    until: object


def speak(reader: Reader, click: Click) -> tuple[bool, str]:
    """Writes the word. Whether it was written, and the sentence for the owner."""
    store, look = reader.store(), reader.look()
    try:
        said = _said(click, look)
        change, text = change_for(said, look.cars, look.now)
        store.change_overrides(change)
    except ConfigError as error:
        return False, in_words(error)
    except AmpshiftError as error:
        return False, error.text
    end = f" until {clock(said.until, look.now, look.settings.time_zone)}" if said.until else ""
    name = look.cars.get(said.vin or "") if said.vin else ""
    becomes = amps_become(said, look.cars, look.settings, look.charger)
    quiet = None if look.decided_at is None else look.now - look.decided_at
    words = (f"{name + ': ' if name else ''}{text}{end}.", becomes, obeyed(_dry(look), look.settings.cycle_minutes, quiet))
    return True, " ".join(filter(None, words))


def _dry(look: Look) -> bool:
    """As the newest cycle ran: this page may have been started before .env was changed."""
    newest = look.data.flag("dry_run")
    return look.settings.dry_run if newest is None else newest


def _said(click: Click, look: Look) -> Said:
    if not isinstance(click.button, str) or click.button not in BUTTONS:
        raise ConfigError(("There is no such button.",))
    word, _, switch = click.button.partition("-") if click.button.startswith("solar-") else (click.button, "", "")
    vin = None if click.car in (None, ALL) else str(click.car)
    if vin is not None and vin not in look.cars:
        raise ConfigError((GONE,))
    text = str(click.until or "").strip()
    until = until_from(text, look.now, look.settings.time_zone) if text and word != "auto" else None
    amps = _amps(click.amps) if word == "charge-now" else None
    on = {"on": True, "off": False}.get(switch)
    return Said(word, on, amps, None if word == "solar" else vin, until)


def _amps(given: object) -> int | None:
    text = str("" if given is None else given).strip().removesuffix(".0")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 3:
        raise ConfigError(("Amps are a whole number from 1 to 80, or empty for as much as is permitted.",))
    return int(text)


# ---- drawn --------------------------------------------------------------------------------------------------------------------


def words_card(cars: dict[str, str]) -> Component:
    """Drawn once: what is typed into it must not vanish when the rest is drawn anew."""
    picks = [{"label": "All cars", "value": ALL}, *({"label": name or vin[-6:], "value": vin} for vin, name in cars.items())]
    buttons = [
        html.Button([html.Strong(title), html.Span(small)], id=f"say-{name}", n_clicks=0, className=f"say {name}")
        for name, (title, small) in BUTTONS.items()
    ]
    car = html.Fieldset([html.Legend("For"), dcc.RadioItems(picks, ALL, id="say-car", className="radios", inline=True)])
    amps = dcc.Input(id="say-amps", type="text", inputMode="numeric", placeholder="as many as permitted", maxLength=3, debounce=False)
    until = dcc.Input(id="say-until", type="text", placeholder="07:30, or empty", maxLength=40, debounce=False)
    fields = [
        html.Label(["Amps, for Charge now", amps], htmlFor="say-amps"),
        html.Label(["Until", until], htmlFor="say-until"),
    ]
    told = html.P(id="said", role="status", className="said", **aria(live="polite"))
    parts = [
        html.H2("Your word"),
        html.Div(id="standing"),
        car,
        html.Div(fields, className="fields"),
        html.Div(buttons, className="buttons"),
        told,
    ]
    return html.Section(parts, className="card words", **aria(label="Your word"))


def standing(look: Look) -> Component:
    """The words that hold now."""
    if isinstance(look.overrides, Missing):
        return html.P(look.overrides.why, className="note")
    lines = []
    for word in look.overrides.words:
        who = (look.cars.get(word.vin) or word.vin[-6:]) if word.vin else "all cars"
        amps = f" at {word.amps} A" if word.amps else ""
        lines.append(f"{who}: {word.word.value.replace('-', ' ')}{amps}" + (f" until {when(look, word.until)}" if word.until else ""))
    if look.overrides.solar is not None:
        until = f" until {when(look, look.overrides.solar_until)}" if look.overrides.solar_until else ""
        lines.append(f"following the sun: {'on' if look.overrides.solar else 'off'}{until}")
    if not lines:
        return html.P("You have said nothing: the plan rules.", className="small")
    return html.Ul([html.Li(line) for line in lines], className="standing")
