"""What flows in the house now: sun, grid, Powerwall, house and cars as a cross, each line as wide as what it carries."""

from __future__ import annotations

from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from model import Missing
from page.look import Look
from page.parts import aria, card, kilowatts, note, percent, when

STILL_W = 30.0  # less is noise of the meters
NO_METER = "No Powerwall and no house meter was read: POWERWALL_URL or ENERGY_MONITOR_URL in .env show what flows in the house."


@dataclass(frozen=True, slots=True)
class Node:
    """`watts` None: not known. `inward`: flows towards the house. `small`: a second line of words."""

    name: str
    title: str
    watts: float | None
    inward: bool
    words: str
    small: str = ""

    @property
    def flows(self) -> bool:
        return self.watts is not None and abs(self.watts) >= STILL_W

    @property
    def told(self) -> str:
        flows = f" {kilowatts(self.watts)}" if self.flows else ""
        return f"{self.title}: {self.words}{flows}{f', {self.small}' if self.small else ''}"


@dataclass(frozen=True, slots=True)
class Flow:
    nodes: tuple[Node, ...]

    @property
    def cars(self) -> list[Node]:
        return [node for node in self.nodes if node.name == "car"]

    @property
    def told(self) -> str:
        return ". ".join(node.told for node in self.nodes) + "."


def flow(look: Look) -> Flow:
    """The nodes that this house has, in reading order."""
    data = look.data
    wall, meter = data.part("powerwall"), data.part("meter")
    grid_w = wall.number("grid_w") if wall.raw else meter.number("grid_w")
    nodes = []
    if wall.raw:
        nodes += [_sun(wall.number("solar_w")), _battery(wall.number("battery_w"), wall.number("soc"))]
    if wall.raw or meter.raw:
        nodes.insert(1 if wall.raw else 0, _grid(grid_w, wall.flag("grid_up")))
    cars = _cars(look)
    known = [node.watts for node in cars]
    drawn = None if any(watts is None for watts in known) else sum(watts for watts in known if watts is not None)
    load_w = wall.number("load_w") if wall.raw else grid_w
    home_w = None if load_w is None or drawn is None else max(0.0, load_w - drawn)
    nodes.append(Node("house", "House", home_w, True, "uses" if home_w is not None else "not known", ""))
    return Flow((*nodes, *cars))


def _sun(watts: float | None) -> Node:
    shines = watts is not None and watts >= STILL_W
    return Node("sun", "Sun", watts, True, "gives" if shines else "no sun now")


def _grid(watts: float | None, up: bool | None) -> Node:
    if up is False:
        return Node("grid", "Grid", 0.0, True, "is down")
    if watts is None or abs(watts) < STILL_W:
        return Node("grid", "Grid", watts, True, "nothing flows")
    return Node("grid", "Grid", watts, watts > 0, "you buy" if watts > 0 else "you sell")


def _battery(watts: float | None, soc: float | None) -> Node:
    if watts is None or abs(watts) < STILL_W:
        return Node("battery", "Powerwall", watts, True, "rests", percent(soc))
    return Node("battery", "Powerwall", watts, watts > 0, "gives" if watts > 0 else "takes", percent(soc))


def _cars(look: Look) -> list[Node]:
    return [
        Node("car", car.text("name") or "Car", car.number("power_w"), False, _car_words(car.number("power_w")), percent(car.number("soc")))
        for car in look.data.rows("cars")
    ]


def _car_words(watts: float | None) -> str:
    if watts is None:
        return "not known"
    return "takes" if watts >= STILL_W else "does not charge"


# ---- drawn --------------------------------------------------------------------------------------------------------------------


def flow_card(look: Look) -> Component:
    found = flow(look)
    if isinstance(look.decision, Missing):
        return card("Power now", note(look.decision.why), name="flow-card")
    places = [_place(node) for node in found.nodes if node.name != "car"]
    cars = [_place(node) for node in found.nodes if node.name == "car"]
    lines = [_line(node) for node in found.nodes if node.name not in ("house", "car")]
    lines += [_line(max(found.cars, key=lambda node: node.watts or 0.0), one=len(cars) == 1)] if cars else []
    row = html.Div(cars, className="cars many" if len(cars) > 1 else "cars")
    drawing = html.Div([*lines, *places, row], className="flow", role="img", **aria(label=found.told))
    # what flowed hours ago must not be taken for what flows now
    title = f"Power at {when(look, look.decided_at)}" if look.late else "Power now"
    return card(title, drawing, *([] if len(places) > 1 else [note(NO_METER)]), name="flow-card")


def _place(node: Node) -> Component:
    value = kilowatts(node.watts) if node.flows else node.words
    words = node.words if node.flows else ""
    return html.Div(
        [
            html.Span(className="icon", **aria(hidden="true")),
            html.Span(node.title, className="title"),
            html.Strong(value, className="value" if node.flows else "value still"),
            html.Span(" · ".join(text for text in (words, node.small) if text), className="small"),
        ],
        className=f"node {node.name}" + (" on" if node.flows else ""),
    )


def _line(node: Node, *, one: bool = True) -> Component:
    """Four widths; what does not flow is a thin grey line."""
    wide = 0 if not node.flows else 1 + sum(abs(node.watts or 0.0) >= limit for limit in (1000, 3000, 7000))
    direction = "still" if not wide else "in" if node.inward else "out"
    return html.Div(className=f"line {node.name} {direction} w{wide}{'' if one else ' shared'}")
