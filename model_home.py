"""What a street address may stand for. Words and units as in model.py."""

from __future__ import annotations

from dataclasses import dataclass

from model import Place


@dataclass(frozen=True, slots=True)
class Candidate:
    """A house that a geocoder takes an address for. `exact`: the house itself, or reckoned along its street, and no guess; `number`: the
    house's; `towns`: how the town, the suburb and the like are called; `code`: postal; `state`: in two letters, where there is one;
    `text`: as the geocoder writes it."""

    place: Place
    exact: bool
    number: str
    towns: tuple[str, ...]
    code: str
    state: str
    text: str
