"""Is what a geocoder found the house of that address? Law 8 hangs on it: in doubt it is not.

The house itself must have been found (not its street, town or postal code), with the number that was written, in a town or postal code
that was written, in no other state, and only once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import combinations

from model import Missing
from model_home import Candidate
from planners.place import distance_m

SAME_HOUSE_M = 150.0  # flats of one house, or its two ways in
LAT_LON = "Write lat,lon instead: press long on your house in a map on the phone"


def house_of(text: str, found: Sequence[Candidate]) -> Candidate | Missing:
    """The one house that `text` stands for, or why there is none."""
    exact = [one for one in found if one.exact]
    if not exact:
        return Missing("home", "only its street, town or postal code was found, not the house" if found else "it was not found")
    meant = [one for one in exact if _agrees(text, one)]
    if not meant:
        return Missing("home", "what was found has another house number, town, state or postal code")
    if any(distance_m(a.place, b.place) > SAME_HOUSE_M for a, b in combinations(meant, 2)):
        return Missing("home", "there is more than one such house: add the state and the postal code")
    return meant[0]


def _agrees(text: str, one: Candidate) -> bool:
    written, rest = _words(text), text.partition(",")[2]  # behind the street
    where = one.code.split("-")[0]  # 12345-6789 is 12345
    numbers = _words(one.number)
    if not numbers or numbers[0] not in written:
        return False
    codes = re.findall(r"\b\d{5}\b", rest)
    if codes and re.fullmatch(r"\d{5}", where) and where not in codes:
        return False
    states = re.findall(r"\b[A-Z]{2}\b", rest)
    if states and re.fullmatch(r"[A-Z]{2}", one.state) and one.state not in states:
        return False
    return any(_within(_words(name), written) for name in (*one.towns, where) if name)


def _words(text: str) -> list[str]:
    """In small letters, without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"\w+", "".join(c for c in plain if not unicodedata.combining(c)))


def _within(words: Sequence[str], text: Sequence[str]) -> bool:
    return bool(words) and any(list(text[at : at + len(words)]) == list(words) for at in range(len(text)))
