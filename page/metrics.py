"""/metrics in the Prometheus text format: numbers with their units in their names; no VIN, place or secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from model import Missing
from page.ahead import quarters
from page.data import Data
from page.look import Look

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ACTIONS = ("charge", "wait", "stop", "none")


@dataclass(frozen=True, slots=True)
class Sample:
    labels: tuple[tuple[str, str], ...]
    value: float


@dataclass(frozen=True, slots=True)
class Metric:
    """A gauge. `samples`: none of them where nothing is known; a metric is never a made-up 0."""

    name: str
    text: str
    samples: tuple[Sample, ...]


def metrics_text(look: Look) -> str:
    lines = []
    now = () if look.late else (*_sources(look), *_house(look), *_cars(look))  # what was so hours ago is not so now: then they are absent
    for metric in (*_cycle(look), *now, *_connectors(look), *_tesla(look)):
        if metric.samples:
            lines += [f"# HELP ampshift_{metric.name} {metric.text}", f"# TYPE ampshift_{metric.name} gauge"]
            lines += [f"ampshift_{metric.name}{_labels(one)} {one.value:.15g}" for one in metric.samples]
    return "\n".join([*lines, ""])


def _labels(sample: Sample) -> str:
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels)
    return f"{{{inner}}}" if inner else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _one(name: str, text: str, value: float | None) -> Metric:
    return Metric(name, text, () if value is None else (Sample((), value),))


def _cycle(look: Look) -> Iterator[Metric]:
    at = look.decided_at
    yield _one("last_cycle_timestamp_seconds", "When the newest decision was written, Unix time.", None if at is None else at.timestamp())
    dry = look.data.flag("dry_run")
    yield _one("dry_run", "1: nothing is sent to cars or chargers.", None if dry is None else float(dry))
    price = next((one.price for one in quarters(look.data) if one.start <= look.now < one.end), None)
    yield _one("price_per_kwh", "What a kWh costs in this quarter of an hour, in the tariff's currency.", price)


def _sources(look: Look) -> Iterator[Metric]:
    sources = tuple(look.data.part("sources").parts())
    up = tuple(Sample((("source", name),), float(source.flag("ok") is True)) for name, source in sources)
    ages = ((name, source.number("age_s")) for name, source in sources)
    yield Metric("source_up", "1: the source answered in the newest cycle.", up)
    samples = tuple(Sample((("source", name),), age) for name, age in ages if age is not None)
    yield Metric("source_age_seconds", "Age of the source's newest value in the newest cycle.", samples)


def _house(look: Look) -> Iterator[Metric]:
    wall, meter = look.data.part("powerwall"), look.data.part("meter")
    grid = wall.number("grid_w") if wall.raw else meter.number("grid_w")
    yield _one("grid_power_watts", "From the grid; negative: to the grid.", grid)
    yield _one("solar_power_watts", "From the roof.", wall.number("solar_w"))
    yield _one("battery_power_watts", "From the Powerwall; negative: into it.", wall.number("battery_w"))
    yield _one("load_power_watts", "What the house uses, cars included.", wall.number("load_w"))
    yield _one("powerwall_soc_percent", "State of charge of the Powerwall.", wall.number("soc"))


def _cars(look: Look) -> Iterator[Metric]:
    cars = look.data.rows("cars")
    names = _names(cars)
    columns = (
        ("car_soc_percent", "State of charge.", "soc"),
        ("car_limit_percent", "The charge limit in the car.", "limit_soc"),
        ("car_power_watts", "What the car takes.", "power_w"),
        ("car_decided_amperes", "Amps per phase that were decided.", "amps"),
        ("car_reading_age_seconds", "Age of the car's newest reading.", "soc_age_s"),
    )
    for name, text, key in columns:
        found = ((one, car.number(key)) for one, car in zip(names, cars, strict=True))
        yield Metric(name, text, tuple(Sample((("car", one),), value) for one, value in found if value is not None))
    samples = (
        Sample((("car", one), ("action", action)), float(car.text("action") == action))
        for one, car in zip(names, cars, strict=True)
        for action in ACTIONS
    )
    yield Metric("car_action", "1: what was decided for the car.", tuple(samples))


def _names(cars: tuple[Data, ...]) -> list[str]:
    """Names are often the same, and a metric must not come twice."""
    found: list[str] = []
    for index, car in enumerate(cars, 1):
        name = car.text("name") or f"car {index}"
        while name in found:
            name = f"{name} {index}"
        found.append(name)
    return found


def _connectors(look: Look) -> Iterator[Metric]:
    if isinstance(look.charger, Missing):
        return
    report = look.charger
    yield _one("rs485_up", "1: the bus of the Wall Connectors answers.", float(report.link == "up"))
    ids = [(("connector", one.id),) for one in report.chargers]
    offered = tuple(Sample(label, one.offered_amps) for label, one in zip(ids, report.chargers, strict=True))
    actual = tuple(Sample(label, one.actual_amps) for label, one in zip(ids, report.chargers, strict=True))
    yield Metric("connector_offered_amperes", "Amps per phase that are offered.", offered)
    yield Metric("connector_actual_amperes", "Amps per phase that flow, as the connector measures.", actual)
    yield _one("connector_alarms", "How many alarms charger.json holds.", float(len(report.alarms)))


def _tesla(look: Look) -> Iterator[Metric]:
    if not isinstance(look.budget, Missing):
        yield _one("tesla_spent_dollars", "Billed by Tesla this month, as counted here.", look.budget.spent)
        yield _one("tesla_budget_dollars", "TESLA_BUDGET_DOLLARS.", look.budget.limit)
