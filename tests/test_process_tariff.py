"""The real program with prices from an address: asked once, kept with their age, and told by `check` and `once -v`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from simulator.faults import BUSY_503
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


def test_check_asks_again_what_failed_and_a_mended_address_at_once(tmp_path: Path) -> None:
    with home(tmp_path, Cold()) as place:
        start = place.world.now.replace(minute=0, second=0, microsecond=0)
        rows = [{"start": (start + timedelta(hours=i)).isoformat(), "price": 0.11} for i in range(30)]
        with FakeServer({"/wrong": Canned("no", 403), "/right": [Canned("no", 403), Canned(rows)]}) as server:
            place.changes["TARIFF"] = f"{server.url}/wrong"
            assert "answered 403" in place.do("check").out
            place.changes["TARIFF"] = f"{server.url}/right"
            assert "answered 403" in place.do("check").out
            assert "ok      tariff prices" in place.do("check").fine().out


def test_check_asks_the_weather_and_the_grids_state_again_after_a_failure(tmp_path: Path) -> None:
    with home(tmp_path, Cold()) as place:
        ill = (place.world.faults["weather"], place.network.operators.server.faults)
        for faults in ill:
            faults.next(99, BUSY_503)
        first = place.do("check").out
        for faults in ill:
            faults.clear()
        second = place.do("check").out
    for name in ("weather", "grid alerts"):
        assert f"FAILED  {name}: " in first
        assert f"ok      {name}\n" in second


def test_a_stretch_of_one_price_ends_where_nothing_is_known(tmp_path: Path) -> None:
    with home(tmp_path, Cold()) as place:
        start = place.world.now.replace(minute=0, second=0, microsecond=0)
        rows = [f"{(start + timedelta(hours=i)).isoformat()},0.2" for i in (*range(3), *range(9, 12))]
        (tmp_path / "own.csv").write_text("\n".join(["start,price", *rows]), encoding="utf-8")
        place.changes["TARIFF"] = str(tmp_path / "own.csv")
        told = next(line for line in place.do("check").out.splitlines() if "the next 48 h" in line)
    assert "$0.200 from 18:00 to 21:00, $0.200 from Wed 03:00 to 06:00" in told


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
