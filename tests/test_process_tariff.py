"""The real program with prices from an address: asked once, kept with their age, and told by `check` and `once -v`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.fake_server import Canned, FakeServer
from tests.process import Cold, home


def test_prices_from_an_address_decide_and_are_asked_once(tmp_path: Path) -> None:
    with home(tmp_path, Cold()) as place:
        start = place.world.now.replace(minute=0, second=0, microsecond=0)
        rows = [
            {"start": (start + timedelta(hours=i)).isoformat(), "price": 0.11 if 6 <= i < 10 else 0.41, "export": 0.02} for i in range(30)
        ]
        with FakeServer({"/prices?key=hush-hush": Canned({"prices": rows})}) as server:
            place.changes["TARIFF"] = f"{server.url}/prices?key=hush-hush"
            place.do("run").fine()
            place.later(5).do("run").fine()
            told = [place.do("check").fine().out, place.do("-v", "once").fine().out]
            assert len(server.asked) == 1
    assert "prices from 127.0.0.1" in str(place.read("decision.json")["signal"])
    assert "ok      tariff prices" in told[0]
    assert "$0.110" in told[0]
    assert "an exported kWh earns $0.020" in told[0]
    assert "prices from 127.0.0.1" in told[1]
    assert "hush" not in "".join(told)
    kept = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.json")]
    assert not any("hush" in text for text in kept)


def test_a_hole_in_the_prices_costs_no_other_hour_and_is_named_with_what_stands_in(tmp_path: Path) -> None:
    with home(tmp_path, Cold()) as place:
        start = place.world.now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=18)
        prices = {19: "5.0", 25: "NaN", 26: "NaN", 27: "-0.05"}
        rows = [f"{(start + timedelta(hours=i)).isoformat()},{prices.get(i, '0.2')}" for i in (*range(30), 29, *range(30, 48))]
        (tmp_path / "own.csv").write_text("\n".join(["start,price", *rows]), encoding="utf-8")
        place.changes["TARIFF"] = str(tmp_path / "own.csv")
        told = place.do("check").fine().out
    assert "a hole in them from Wed 01:00 to Wed 03:00: what is expected stands in there" in told
    assert "the lowest: -$0.050 from Wed 03:00 to 04:00; the highest: $5.000 from 19:00 to 20:00" in told
    assert "from Wed 01:00 to 03:00 (expected)" in told
