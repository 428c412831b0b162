"""How much one car's battery holds, what its limits are, and what a kilometre takes from it."""

from __future__ import annotations

from model import Missing
from model_drives import Use
from model_memory import CommandKind
from planners.case import Case
from planners.obey import rests


def battery_kwh(case: Case) -> float:
    """Usable capacity: what the car tells, where that is believable, else BATTERY_KWH."""
    told = case.reading.battery_kwh if not isinstance(case.reading, Missing) else case.reading
    return told if not isinstance(told, Missing) and 20 <= told <= 220 else case.settings.battery_kwh


def wall_kwh(case: Case, soc: float, goal: float) -> float:
    """Energy at the wall from `soc` to `goal` percent, losses included; 0 where nothing is to be charged."""
    return max(0.0, percent_kwh(case) * (goal - soc))


def percent_kwh(case: Case) -> float:
    """Energy at the wall for one percent."""
    return battery_kwh(case) / 100 / (case.settings.efficiency_percent / 100)


def owner_soc(case: Case) -> float:
    """The owner's limit, MAX_SOC where it was never read."""
    return float(case.settings.max_soc) if isinstance(case.limit, Missing) else float(case.limit)


def allowed_soc(case: Case) -> float:
    """The most that a drive in the calendar may ask for: MAX_SOC, or the owner's own limit where that is higher."""
    return min(max(owner_soc(case), float(case.settings.max_soc)), float(highest(case)))


def highest(case: Case) -> int:
    """The highest limit that this car takes: it cuts any other without a word, and the cut one would look like the owner's. The one that
    stands where the owner took a raise of ours back in this plug-in, or the car was asked for more in vain: it charges up to that."""
    if isinstance(case.reading, Missing):
        return 100
    most, stands = case.reading.limit_max_soc, case.reading.limit_soc
    barred = (case.plug is not None and case.plug.limit_his) or rests(case, CommandKind.LIMIT)
    known = [one for one in (most, stands if barred else 100) if not isinstance(one, Missing)]
    return min(known)


def wh_per_km(case: Case) -> float:
    """On a mild day, out of the battery: as this car's own drives have shown, else CONSUMPTION_WH_PER_KM."""
    use = learned(case)
    return use.wh_per_km if use is not None else case.settings.consumption_wh_per_km


def learned(case: Case) -> Use | None:
    return next((use for use in case.snapshot.uses if use.vin == case.view.vin), None)
