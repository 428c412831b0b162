"""How many amps a car may have, before any wish: the static limits and the power that the planner may count on."""

from __future__ import annotations

from collections.abc import Iterator

from model import Code, Missing, Reason
from model_decision import Path
from model_memory import CommandKind
from planners.case import Case
from planners.obey import rests

MARGIN = 1.15  # expected power / 1.15: real homes gave 88-100 % of nominal (facts: late arrivals, planning on 88 % misses nothing)


def permitted(case: Case) -> tuple[int, Reason]:
    """The most amps that breakers, circuit, charger, cable, car and the owner's cap allow, and which of them is the lowest."""
    return min(((amps, reason) for amps, reason in _limits(case)), key=lambda pair: pair[0])


def expected_kw(case: Case, amps: int) -> float:
    """Power at the wall at `amps`, kW."""
    return amps * case.watts_per_amp / 1000


def _limits(case: Case) -> Iterator[tuple[int, Reason]]:
    settings, charger, reading = case.settings, case.charger, case.reading
    yield _one(settings.charger_max_amps, Code.LIMIT_CHARGER, "CHARGER_MAX_AMPS")
    if settings.main_amps is not None:
        share = f"{settings.continuous_percent} % of the {settings.main_breaker_amps} A main breaker"
        yield _one(settings.main_amps, Code.LIMIT_MAIN, share)
    if settings.circuit_amps is not None:
        share = f"{settings.continuous_percent} % of the {settings.twc_breaker_amps} A circuit"
        yield _one(settings.circuit_amps, Code.LIMIT_CIRCUIT, share)
    if charger is not None:
        yield _one(charger.rated_amps, Code.LIMIT_CHARGER, f"connector {charger.id}")
        if settings.twc_max_amps is not None:
            yield _one(settings.twc_max_amps, Code.LIMIT_CHARGER, "TWC_MAX_AMPS")
    if isinstance(reading, Missing):
        return
    if (
        case.path is not Path.TWC
        and case.plug is not None
        and not isinstance(reading.request_max_amps, Missing)
        and reading.request_max_amps > 0
    ):
        yield _one(reading.request_max_amps, Code.LIMIT_CABLE, "car, cable and connector")
    if not isinstance(reading.request_amps, Missing) and case.path is Path.CAR and rests(case, CommandKind.AMPS):
        yield _one(reading.request_amps, Code.CAR_DOES_NOT_OBEY, "the car keeps its amps whatever is asked")
    if case.plug is not None and case.plug.amps_cap is not None:
        yield _one(case.plug.amps_cap, Code.LIMIT_OWNER_AMPS, "the amps that you set in the app")


def _one(amps: int, code: Code, what: str) -> tuple[int, Reason]:
    return amps, Reason(code, f"at most {amps} A: {what}", {"amps": amps})
