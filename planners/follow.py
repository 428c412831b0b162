"""Inside a slot, follow the real surplus S (W).

    Powerwall first   S = car_w - grid_w - max(battery_w, 0)     what is exported, plus what the car takes, less what the battery gives
    car first         S = car_w - grid_w - battery_w             what the battery takes counts as free too
    shared            minimum amps while S(car first) covers them, else 0; more only from S(Powerwall first)

car_w comes from charger.json, Wall Connector Gen 3 vitals, a car reading younger than two cycles, else the last verified amps; else
there is no following, because the car's own draw would look like a house load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from config import PowerwallPriority
from model import Charging, Code, Missing, Reason
from model_decision import Action, Slot
from model_memory import CommandKind, Outcome
from planners.alerts import alert_at, alert_reason
from planners.case import Case
from planners.export import export_pays
from planners.need import goals
from planners.plan import full_power
from planners.site_looking import changed_since
from planners.wish import Wish, charge

BATTERY_IDLE_W = 200.0  # below it a Powerwall only keeps itself going


def follow_all(cases: Sequence[Case], wishes: Sequence[Wish], slots: Sequence[Slot] = ()) -> list[Wish]:
    """All cars in turn: what the first one takes of the sun is not there for the next."""
    out: list[Wish] = []
    taken = 0.0
    for case, wish in zip(cases, wishes, strict=True):
        out.append(follow(case, wish, taken, slots))
        if out[-1].reasons[0].code is Code.FOLLOW_SUN:
            now = car_watts(case)
            taken += out[-1].amps * case.watts_per_amp - (0.0 if isinstance(now, Missing) else now)
    return out


def follow(case: Case, wish: Wish, taken: float = 0.0, slots: Sequence[Slot] = ()) -> Wish:
    """The wish with the sun's amps where those are more than the plan's, and the reason either way. `taken`: W of what is exported now
    that other cars are about to take; `slots`: the signal, for what the sun would earn instead."""
    if not wish.sun or not wanted(case):
        return wish
    site, car_w = _site(case), car_watts(case)
    if isinstance(site, Missing) or isinstance(car_w, Missing):
        missing = next(reading for reading in (site, car_w) if isinstance(reading, Missing))
        why = Reason(Code.CANNOT_FOLLOW, f"the sun is not followed: {missing.why}")
        return replace(wish, reasons=(*wish.reasons, why)) if _measured(case) else wish
    grid_w, battery_w, full = site
    amps, spare = _amps(case, car_w, grid_w + taken, battery_w, full)
    if amps < case.min_amps or amps <= wish.amps:
        if wish.action is Action.CHARGE:
            return wish
        return replace(wish, reasons=(*wish.reasons, _too_weak(case, spare)))
    sold = export_pays(case, slots) if battery_w > -BATTERY_IDLE_W else None  # what a battery takes is not sold
    if sold is not None:
        return wish if wish.action is Action.CHARGE else replace(wish, reasons=(*wish.reasons, sold))
    alert = alert_at(case.snapshot.alerts, case.now)
    if alert is not None:  # what is not taken goes to the neighbours, who need it now
        why = alert_reason(alert, case.now, case.settings.time_zone)
        return wish if wish.action is Action.CHARGE else replace(wish, reasons=(*wish.reasons, why))
    text = f"{spare:.0f} W of sun to spare: {amps} A"
    return replace(charge(amps, Reason(Code.FOLLOW_SUN, text, {"surplus_w": round(spare)})), until=case.now + 3 * case.cycle, sun=True)


def _too_weak(case: Case, spare: float) -> Reason:
    have = f"{spare:.0f} W of sun to spare" if spare > 0 else "no sun to spare"
    return Reason(Code.SUN_TOO_WEAK, f"{have}; {case.min_amps * case.watts_per_amp:.0f} W are needed", {"surplus_w": round(spare)})


def wanted(case: Case) -> bool:
    """SOLAR_CHARGING or the owner's word, within SOLAR_HOURS, with room below TARGET_SOC."""
    overrides = case.snapshot.overrides
    told = overrides.solar if overrides.solar_until is None or overrides.solar_until > case.now else None
    on = case.settings.solar_charging if told is None else told
    local = case.now.astimezone(case.settings.time_zone)
    minute = local.hour * 60 + local.minute
    room = isinstance(case.level, Missing) or case.level < goals(case)[1]
    return on and case.settings.solar_hours.covers(minute) and room


def car_watts(case: Case) -> float | Missing:
    """What this car draws now, in W: not more than the whole house, for a reading of some minutes ago is no sun."""
    drawn, powerwall = _drawn(case), case.snapshot.powerwall
    return drawn if isinstance(drawn, Missing) or isinstance(powerwall, Missing) else min(drawn, powerwall.load_w)


def cars_watts(cases: Sequence[Case]) -> float | None:
    """What all cars at home draw now, in W; None: not known of one of them."""
    drawn = [car_watts(case) for case in cases if case.plug is not None]
    known = [watts for watts in drawn if not isinstance(watts, Missing)]
    return sum(known) if len(known) == len(drawn) else None


def _drawn(case: Case) -> float | Missing:
    if case.charger is not None:
        return case.charger.actual_amps * case.watts_per_amp
    wall = case.snapshot.wall
    if not isinstance(wall, Missing) and len(case.snapshot.cars) == 1:
        return wall.amps * wall.volts * case.settings.phases
    reading = case.reading
    if not isinstance(reading, Missing) and case.now - reading.at < 2 * case.cycle:
        if reading.charging not in (Charging.CHARGING, Charging.STARTING):
            return 0.0 if not case.charging else _verified(case)
        if not isinstance(reading.actual_amps, Missing):
            return reading.actual_amps * case.watts_per_amp
    return _verified(case)


def _verified(case: Case) -> float | Missing:
    """The last amps that the car confirmed, if it charges; 0 if it does not."""
    if not case.charging:
        return 0.0 if case.plug is not None else Missing("tesla", "the car's draw is not known")
    done = [i for i in case.memory.intents if i.kind is CommandKind.AMPS and i.outcome in (Outcome.DONE, Outcome.ALREADY)]
    return done[-1].value * case.watts_per_amp if done and done[-1].value is not None else Missing("tesla", "the car's draw is not known")


def _measured(case: Case) -> bool:
    """Does this house measure a surplus at all? Then not following deserves a word."""
    return case.settings.has_powerwall or case.settings.has_meter


def _site(case: Case) -> tuple[float, float, bool] | Missing:
    """(grid_w, battery_w, is the Powerwall full) from the Powerwall; from the house meter only where there is no Powerwall: one that cannot
    be read may be feeding the car, and on the meter that looks like sun."""
    powerwall, meter = case.snapshot.powerwall, case.snapshot.meter
    if not isinstance(powerwall, Missing):
        if powerwall.at < case.now and changed_since(case.memory, powerwall.at):
            return Missing("powerwall", "its last reading is from before the car's last change")
        full = not isinstance(powerwall.soc, Missing) and powerwall.soc >= case.settings.powerwall_full_soc
        return powerwall.grid_w, powerwall.battery_w, full
    if case.settings.has_powerwall:
        return powerwall
    if not isinstance(meter, Missing) and meter.at < case.now and changed_since(case.memory, meter.at):
        return Missing("meter", "its last reading is from before the car's last change")
    return meter if isinstance(meter, Missing) else (meter.grid_w, 0.0, False)


def _amps(case: Case, car_w: float, grid_w: float, battery_w: float, full: bool) -> tuple[int, float]:
    """Amps that the sun allows, and the surplus behind them in W."""
    powerwall_first = car_w - grid_w - max(battery_w, 0.0)
    car_first = car_w - grid_w - battery_w
    most = full_power(case)
    if case.settings.powerwall_priority is PowerwallPriority.CAR or full:
        return min(most, int(car_first // case.watts_per_amp)), car_first
    if case.settings.powerwall_priority is PowerwallPriority.POWERWALL:
        return min(most, int(powerwall_first // case.watts_per_amp)), powerwall_first
    if car_first < case.min_amps * case.watts_per_amp:
        return 0, car_first
    return min(most, max(case.min_amps, int(powerwall_first // case.watts_per_amp))), car_first
