"""Does a plan charge while the grid is less loaded than now? Where every hour costs the same, that is why it waits."""

from __future__ import annotations

from collections.abc import Sequence

from model_decision import Slot

LEAST_SHARE = 0.01  # below that nobody would call it less


def calmer(slots: Sequence[Slot], energies: Sequence[float], at_once: Sequence[float]) -> bool:
    """Is the mean load (MW) over `energies` (kWh in each slot) below that over `at_once`? False where a load is not known."""
    planned, now = _mean(slots, energies), _mean(slots, at_once)
    return planned is not None and now is not None and planned < now * (1 - LEAST_SHARE)


def _mean(slots: Sequence[Slot], energies: Sequence[float]) -> float | None:
    pairs = [(slot.load, kwh) for slot, kwh in zip(slots, energies, strict=True) if kwh > 0]
    known = [(load, kwh) for load, kwh in pairs if load is not None]
    if not pairs or len(known) < len(pairs):
        return None
    return sum(load * kwh for load, kwh in known) / sum(kwh for _, kwh in known)
