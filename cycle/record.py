"""A Decision as decision.json's data: the owner's zone in every time, reasons with their codes. Its keys are the contract in
state/README.md."""

from __future__ import annotations

from datetime import datetime, tzinfo

from config import Settings
from cycle.outlook import meter, outlook, seen, trips
from model import Missing, Reason
from model_decision import CarDecision, Decision, Need, PlanSlot, Sent, SiteSent, Snapshot

Json = dict[str, object]


def decision_data(decision: Decision, snapshot: Snapshot, settings: Settings) -> Json:
    """The data of decision.json and of `--json`."""
    zone = settings.time_zone
    return {
        "summary": decision.summary,
        "dry_run": decision.dry_run,
        "next_cycle": _time(decision.next_cycle, zone),
        "currency": settings.currency,
        "cars": [_car(car, decision.now, zone) | seen(car, snapshot) for car in decision.cars],
        "signal": {"reasons": [_reason(reason) for reason in decision.signal_reasons]},
        "outlook": outlook(decision, snapshot, settings),
        "trips": trips(snapshot, zone),
        "meter": meter(snapshot),
        "powerwall": _powerwall(snapshot, decision),
        "sources": {one.name: {"ok": one.ok, "age_s": _round(one.age_s, 0), "why": one.why} for one in decision.sources},
        "commands": [*(_sent(one) for one in decision.sent), *(_site_sent(one) for one in decision.site_sent)],
        "spent_this_month": round(snapshot.budget.spent, 4),
    }


def _car(car: CarDecision, now: datetime, zone: tzinfo) -> Json:
    return {
        "name": car.name,
        "vin": car.vin,
        "action": car.action.value,
        "amps": car.amps,
        "until": _time(car.until, zone),
        "soc": None if isinstance(car.soc, Missing) else car.soc,
        "soc_age_s": None if car.soc_at is None else round((now - car.soc_at).total_seconds()),
        "origin": car.origin.value if car.origin else None,
        "path": car.path.value,
        "reasons": [_reason(reason) for reason in car.reasons],
        "need": [_need(need, zone) for need in car.needs],
        "plan": [_slot(slot, zone) for slot in car.plan],
        "cost": _round(car.cost, 4),
        "cost_if_now": _round(car.cost_if_now, 4),
        "latest_start": _time(car.latest_start, zone),
        "due": [{"what": one.kind.value, "value": one.value, "why": one.why.code.value, "dollars": one.dollars} for one in car.commands],
        "if_pi_dies": {"code": car.if_pi_dies.code.value, "text": car.if_pi_dies.text},
    }


def _need(need: Need, zone: tzinfo) -> Json:
    told: Json = {"by": _time(need.by, zone), "soc": need.soc, "kwh": round(need.kwh, 2), "code": need.code.value, "text": need.text}
    return told | ({"detail": dict(need.detail)} if need.detail else {})


def _slot(slot: PlanSlot, zone: tzinfo) -> Json:
    span = {"start": _time(slot.start, zone), "end": _time(slot.end, zone)}
    sun = {"sun_kwh": round(slot.sun_kwh, 3)} if slot.sun_kwh > 0 else {}
    return {**span, "amps": slot.amps, "kwh": round(slot.kwh, 3), "price": _round(slot.price, 5), "forecast": slot.forecast, **sun}


def _reason(reason: Reason) -> Json:
    return {"code": reason.code.value, "text": reason.text, "detail": dict(reason.detail)}


def _sent(one: Sent) -> Json:
    return {
        "vin": one.vin,
        "what": one.kind.value,
        "value": one.value,
        "outcome": one.outcome.value,
        "dollars": one.dollars,
        "answer": one.answer,
    }


def _site_sent(one: SiteSent) -> Json:
    return {"vin": None, "what": one.kind.value, "value": one.value, "outcome": one.outcome.value, "dollars": None, "answer": one.answer}


def _powerwall(snapshot: Snapshot, decision: Decision) -> Json | None:
    seen = snapshot.powerwall
    if isinstance(seen, Missing):
        return None
    flows: Json = {"grid_w": seen.grid_w, "battery_w": seen.battery_w, "solar_w": seen.solar_w, "load_w": seen.load_w}
    extra = {"soc": seen.soc, "reserve_soc": seen.reserve_soc, "grid_up": seen.grid_up, "mode": seen.mode}
    held = [{"what": one.kind.value, "own": one.own, "ours": one.ours} for one in decision.memory.site.held]
    due = [{"what": one.kind.value, "value": one.value, "why": one.why.code.value} for one in decision.site]
    told: Json = {"held": held, "due": due, "reasons": [_reason(reason) for reason in decision.site_reasons]}
    return flows | {key: None if isinstance(value, Missing) else value for key, value in extra.items()} | told


def _time(at: datetime | None, zone: tzinfo) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat(timespec="seconds")


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
