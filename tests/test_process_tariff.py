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
