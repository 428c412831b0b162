"""The page as a real process: who is let in, what is refused, that no answer holds a secret, and that only override.json is written."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from page.site import VIEWS
from simulator.page_house import SECRET
from simulator.page_process import page_command
from tests.page_kit import Home, home
from tests.page_process import Site, running

PASSWORD = "a-long-password"
PLANTED = "planted-secret-0123456789"
VIN = "5YJ3AMPSHFT000001"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    found = home(tmp_path_factory.mktemp("open"))
    plant(found)
    return found


@pytest.fixture(scope="module")
def site(place: Home) -> Iterator[Site]:
    with running(place) as found:
        yield found


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(home(tmp_path_factory.mktemp("locked")), PAGE_PASSWORD=PASSWORD, PAGE_NAMES="house.example") as found:
        yield found


def plant(place: Home) -> None:
    """A secret in every file that may hold one."""
    envelope = {"schema": 1, "written_at": "2026-12-09T10:00:00-08:00", "written_by": "scheduler"}
    for name in ("tesla_token.json", "google_token.json", "tesla_session.json", "tesla_auth.json", "twc.json"):
        (place.data / name).write_text(json.dumps(envelope | {"data": {"access": PLANTED, "refresh": PLANTED}}), encoding="utf-8")
    (place.data / "tesla_key.pem").write_text(f"-----BEGIN PRIVATE KEY-----\n{PLANTED}\n", encoding="utf-8")
    cookie = {"value": PLANTED, "fetched_at": "2026-12-09T10:00:00-08:00", "expires_at": "2027-12-09T10:00:00-08:00"}
    (place.data / "cache" / "powerwall-cookie.json").write_text(json.dumps(envelope | {"data": cookie}), encoding="utf-8")


def routes(site: Site) -> Iterator[requests.Response]:
    """Everything that the page answers."""
    yield from (site.get(path) for path in (*VIEWS, "/login", "/metrics", "/history.csv", "/history.csv?days=400", "/no-such-page"))
    yield from (site.get(path) for path in ("/_dash-layout", "/_dash-dependencies", "/assets/page.css", "/_reload-hash"))
    yield from (site.show(path) for path in VIEWS)
    first = site.get("/").text
    scripts = re.findall(r'src="(/_dash-component-suites/[^"]+)"', first)
    assert scripts
    yield from (site.get(path) for path in scripts)
    yield site.say("stop")
    yield site.say("auto")


def test_no_answer_holds_a_secret_and_none_fails(site: Site, place: Home) -> None:
    for answer in routes(site):
        assert answer.status_code < 500, answer.url
        for body in (answer.text, str(answer.headers)):
            assert SECRET not in body, answer.url
            assert PLANTED not in body, answer.url
    log = (place.folder / "page.log").read_text(encoding="utf-8")
    assert SECRET not in log
    assert "Traceback" not in log


def test_every_answer_forbids_frames_foreign_scripts_and_guessing(site: Site) -> None:
    for answer in (
        site.get("/"),
        site.get("/metrics"),
        site.get("/assets/page.css"),
        site.show("/health"),
        site.get("/", Host="evil.example"),
    ):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert site.get("/").headers["Cache-Control"] == "no-store"
    assert "Server" not in site.get("/").headers


def test_nothing_is_loaded_from_other_hosts(site: Site) -> None:
    page = site.get("/").text
    assert re.findall(r'(?:src|href)="(?!/)[^"]*"', page) == []
    assert not re.search(r"url\((?![\"']?(?:data:|/assets/))", site.get("/assets/page.css").text)


def test_a_name_that_was_made_to_point_here_is_refused(site: Site, place: Home) -> None:
    assert site.get("/", Host="evil.example").status_code == 421
    assert site.get("/metrics", Host="evil.example:80").status_code == 421
    assert site.say("stop", Host="evil.example", Origin="http://evil.example").status_code == 421
    assert not (place.data / "override.json").exists() or "stop" not in (place.data / "override.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://evil.example", "Sec_Fetch_Site": "cross-site"},
        {"Origin": "null", "Sec_Fetch_Site": ""},
        {"Origin": "", "Sec_Fetch_Site": ""},
        {"Sec_Fetch_Site": "cross-site"},
    ],
)
def test_a_word_from_another_page_is_refused_and_not_written(headers: dict[str, str], site: Site, place: Home) -> None:
    before = place.files()
    assert site.say("charge-now", **headers).status_code == 403
    assert place.files() == before


def test_a_word_is_written_and_read_back(site: Site, place: Home) -> None:
    answer = site.say("hands-off")
    assert answer.json()["response"]["said"]["children"] == "Hands off. The next cycle obeys (at most 5 min)."
    assert "all cars: hands off" in site.show("/").text
    site.say("auto")
    word = json.loads((place.data / "override.json").read_text(encoding="utf-8"))
    assert word["data"]["words"] == []


def test_looking_at_everything_writes_nothing(site: Site, place: Home) -> None:
    before = place.files()
    for path in VIEWS:
        site.show(path)
        site.get(path)
    site.get("/metrics")
    site.get("/history.csv")
    assert {name for name, body in place.files().items() if before.get(name) != body} - {"page.log"} == set()


def test_the_history_comes_as_csv_that_a_spreadsheet_reads(site: Site) -> None:
    answer = site.get("/history.csv?days=30")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows
    assert {row["car"] for row in rows} == {"Blue"}
    assert all(float(row["kwh"]) > 0 and row["began"].endswith("-08:00") and row["currency"] == "USD" for row in rows)


SAMPLE = re.compile(r'^[a-z_:][a-z0-9_:]*(\{[a-z_]+="(?:[^"\\]|\\.)*"(,[a-z_]+="(?:[^"\\]|\\.)*")*\})? -?[0-9.e+-]+$')


def test_metrics_are_in_the_text_format_with_help_type_and_units(site: Site) -> None:
    answer = site.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert [line for line in samples if not SAMPLE.match(line)] == []
    names = {re.split(r"[{ ]", line)[0] for line in samples}
    assert (
        names == {line.split()[2] for line in lines if line.startswith("# TYPE")} == {line.split()[2] for line in lines if "# HELP" in line}
    )
    assert len(samples) == len({line.rsplit(" ", 1)[0] for line in samples}), "no sample twice"
    assert 'ampshift_car_soc_percent{car="Blue"} 62' in samples
    assert "ampshift_powerwall_soc_percent" in names
    assert "ampshift_tesla_spent_dollars" in names
    assert VIN not in answer.text


def test_a_weak_network_gets_the_large_scripts_packed(site: Site) -> None:
    script = next(path for path in re.findall(r'src="([^"]+)"', site.get("/").text) if "react" in path)
    packed = site.get(script, **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert site.get(script, **{"Accept-Encoding": "identity"}).text == packed.text


def test_a_body_of_megabytes_and_a_broken_callback_are_refused(site: Site) -> None:
    assert site.post("/_dash-update-component", {"x": "a" * 200_000}).status_code in (400, 413)
    assert site.get("/").status_code == 200


# ---- the password ---------------------------------------------------------------------------------------------------------------


def test_without_the_password_nothing_is_shown(locked: Site) -> None:
    locked.session.cookies.clear()
    assert locked.get("/", Accept="text/html").headers["Location"] == "/login"
    for path in ("/", "/plan", "/_dash-layout", "/_dash-dependencies", "/history.csv", "/metrics", "/_dash-component-suites/x.js"):
        answer = locked.get(path)
        assert answer.status_code == 401, path
        assert "Blue" not in answer.text
    assert locked.post("/_dash-update-component", {"output": "view.children"}).status_code == 401
    assert locked.get("/login").status_code == 200


def test_the_password_opens_the_page_and_log_out_closes_it(locked: Site) -> None:
    locked.session.cookies.clear()
    answer = locked.post("/login", form={"password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert answer.headers["Location"] == "/"
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Blue waits" in locked.show("/").text
    assert "Log out" in locked.get("/_dash-layout").text
    locked.post("/logout")
    assert locked.get("/_dash-layout").status_code == 401


def test_a_log_in_from_another_page_is_refused(locked: Site) -> None:
    assert locked.post("/login", form={"password": PASSWORD}, Origin="http://evil.example").status_code == 403


def test_prometheus_logs_in_with_the_password_and_pages_do_not(locked: Site) -> None:
    locked.session.cookies.clear()
    asked = {"timeout": 20, "allow_redirects": False}
    assert requests.get(f"{locked.url}/metrics", auth=("any", PASSWORD), **asked).status_code == 200  # type: ignore[arg-type]
    assert requests.get(f"{locked.url}/metrics", auth=("any", "wrong"), **asked).status_code == 401  # type: ignore[arg-type]
    assert requests.get(f"{locked.url}/history.csv", auth=("any", PASSWORD), **asked).status_code == 401  # type: ignore[arg-type]


def test_a_name_of_the_owners_own_is_answered(locked: Site) -> None:
    assert locked.get("/login", Host="house.example").status_code == 200


def test_wrong_passwords_are_soon_answered_with_a_pause(locked: Site) -> None:
    """Last of the password's tests: the right one has to wait after it too."""
    found = [locked.post("/login", form={"password": f"guess {number}"}) for number in range(6)]
    assert [answer.status_code for answer in found[:3]] == [401, 401, 429] or found[3].status_code == 429
    assert "wait" in found[-1].text
    assert locked.post("/login", form={"password": PASSWORD}).status_code == 429


# ---- starting -------------------------------------------------------------------------------------------------------------------


def ended(folder: Path, **settings: str) -> tuple[int, str]:
    words = page_command(folder, settings, None)
    done = subprocess.run(words, capture_output=True, text=True, timeout=40, check=False, env={"PATH": os.environ["PATH"]})
    return done.returncode, done.stderr


@pytest.mark.parametrize("password", ["", "short"])
@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.5", "::"])
def test_it_does_not_open_itself_to_the_network_without_a_good_password(address: str, password: str, tmp_path: Path) -> None:
    (tmp_path / "house.env").write_text("TIME_ZONE=UTC\n", encoding="utf-8")
    code, said = ended(tmp_path, PAGE_ADDRESS=address, PAGE_PASSWORD=password)
    assert code == 2
    assert "set PAGE_PASSWORD with at least 8 characters" in said


def test_a_port_that_is_taken_is_one_line_and_exit_1(tmp_path: Path) -> None:
    (tmp_path / "house.env").write_text("TIME_ZONE=UTC\n", encoding="utf-8")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, said = ended(tmp_path, PAGE_PORT=str(taken.getsockname()[1]))
    assert (code, len(said.splitlines())) == (1, 1)
    assert "PAGE_PORT" in said


def test_an_address_of_another_machine_is_not_blamed_on_the_port(tmp_path: Path) -> None:
    (tmp_path / "house.env").write_text("TIME_ZONE=UTC\n", encoding="utf-8")
    code, said = ended(tmp_path, PAGE_ADDRESS="192.0.2.1", PAGE_PASSWORD="long enough")
    assert code == 1
    assert "PAGE_ADDRESS is no address of this machine" in said
