"""The one way out: time limits, size limits, and errors that say whether anything was sent."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.http import Ask, Http, Login, fingerprint_of, is_loopback, may_carry_secret
from clients.http_status import retry_after_s
from clients.http_timed import Exchange
from errors import (
    AccountStopped,
    BadAnswer,
    BadCertificate,
    ClientError,
    LoginDead,
    NoAnswer,
    NotConfigured,
    Refused,
    ServerFault,
    TooMany,
    Unreachable,
)
from tests.fake_server import Canned, FakeServer, free_port, raw_server, self_signed

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(connect_s=1, read_s=0.3, limit_s=0.6)
    yield client
    client.close()


def ask(url: str, **more: object) -> Ask:
    return Ask("test", url, **more)  # type: ignore[arg-type]


def test_an_answer_comes_back_whole(http: Http) -> None:
    with FakeServer({"/a": Canned({"x": 1}, headers={"X-Name": "v"})}) as server:
        reply = http.ask(ask(server.url + "/a?b=1"))
    assert (reply.status, reply.json(), reply.headers["x-name"]) == (200, {"x": 1}, "v")
    assert server.asked[0].path == "/a?b=1"


def test_a_closed_port_is_unreachable_and_surely_not_delivered(http: Http) -> None:
    with pytest.raises(Unreachable) as caught:
        http.ask(ask(f"http://127.0.0.1:{free_port()}/"))
    assert not caught.value.maybe_done


def test_a_name_that_nobody_knows_is_unreachable(http: Http) -> None:
    with pytest.raises(Unreachable):
        http.ask(ask("http://no-such-host.invalid/"))


@pytest.mark.parametrize("url", ["http://", "nonsense", "ftp://127.0.0.1/", "http://127.0.0.1:99999/"])
def test_an_address_that_cannot_be_called_is_a_matter_of_settings(http: Http, url: str) -> None:
    with pytest.raises((NotConfigured, Unreachable)):
        http.ask(ask(url))


def test_silence_after_the_request_may_have_been_a_yes(http: Http) -> None:
    with raw_server(lambda conn: time.sleep(0.5)) as url, pytest.raises(NoAnswer) as caught:
        http.ask(ask(url, method="POST", body={}))
    assert caught.value.maybe_done


def test_the_whole_answer_has_a_limit_even_where_a_single_read_has_none() -> None:
    patient = Http(connect_s=1, read_s=5, limit_s=0.3)
    began = time.monotonic()
    with raw_server(lambda conn: time.sleep(0.5)) as url, pytest.raises(NoAnswer):
        patient.ask(ask(url))
    patient.close()
    assert time.monotonic() - began < 2


def test_no_read_begins_after_the_limit() -> None:
    assert Exchange(lambda: 5.0, 8.0, 10.0).wait_s() == 3.0
    with pytest.raises(TimeoutError):
        Exchange(lambda: 5.0, 5.0, 10.0).wait_s()


def test_a_proxy_in_the_environment_does_not_get_our_requests() -> None:
    line = "import sys; from clients.http import Ask, Http; print(Http().ask(Ask('test', sys.argv[1])).status)"
    with FakeServer({"/": Canned("{}")}) as server:
        command = [sys.executable, "-c", line, server.url + "/"]
        proxy = {"HTTP_PROXY": f"http://127.0.0.1:{free_port()}", "PATH": ""}
        done = subprocess.run(command, env=proxy, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "200", done.stderr


def drip(conn: socket.socket, first: bytes) -> None:
    conn.sendall(first)
    for _ in range(40):
        time.sleep(0.1)
        conn.sendall(b"x")


@pytest.mark.parametrize(
    "first",
    [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"],
    ids=["in the headers", "in the body", "without a length"],
)
def test_a_server_that_drips_bytes_does_not_hold_us(http: Http, first: bytes) -> None:
    began = time.monotonic()
    with raw_server(lambda conn: drip(conn, first)) as url, pytest.raises(NoAnswer):
        http.ask(ask(url, retry=False))
    assert time.monotonic() - began < 2.5


def test_a_body_shorter_than_announced_is_no_answer(http: Http) -> None:
    cut = b'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"response": {'
    with raw_server(lambda conn: conn.sendall(cut)) as url, pytest.raises(NoAnswer):
        http.ask(ask(url, retry=False))


@pytest.mark.parametrize("body", ["", '{"response": {"resu', "<html>Welcome</html>", "[" * 100_000, "\xff"])
def test_a_body_that_is_no_json_is_a_bad_answer(http: Http, body: str) -> None:
    with FakeServer({"/": Canned(body)}) as server, pytest.raises(BadAnswer, match="no whole JSON"):
        http.ask(ask(server.url + "/")).json()


def test_what_is_not_http_is_no_answer(http: Http) -> None:
    with raw_server(lambda conn: conn.sendall(b"\x00\x01garbage\r\n\r\n")) as url, pytest.raises(NoAnswer):
        http.ask(ask(url, retry=False))


def test_an_answer_that_never_ends_is_cut_at_two_megabytes(http: Http) -> None:
    with FakeServer({"/": Canned("x" * 2_100_000)}) as server, pytest.raises(BadAnswer, match="2 MB"):
        http.ask(ask(server.url + "/"))


def test_redirects_are_not_followed_so_no_key_leaves(http: Http) -> None:
    with FakeServer({"/a": Canned("", 307, {"Location": "/b"}), "/b": Canned("{}")}) as server, pytest.raises(BadAnswer, match="redirects"):
        http.ask(ask(server.url + "/a")).require()
    assert [one.path for one in server.asked] == ["/a"]


def test_a_read_is_tried_again_and_a_command_is_not(http: Http) -> None:
    with FakeServer({"/": [Canned("", 503), Canned("{}")], "/c": [Canned("", 503), Canned("{}")]}) as server:
        assert http.ask(ask(server.url + "/")).status == 200
        assert http.ask(ask(server.url + "/c", method="POST", body={})).status == 503
        assert http.ask(ask(server.url + "/c?2", retry=False)).status == 200
    assert len(server.asked) == 4
    assert server.asked[2].headers["connection"] == "close"  # a kept connection may die under a command


def test_a_rate_limit_is_not_answered_with_more_requests(http: Http) -> None:
    with FakeServer({"/": Canned("", 429, {"Retry-After": "7"})}) as server, pytest.raises(TooMany) as caught:
        http.ask(ask(server.url + "/")).require()
    assert (len(server.asked), caught.value.retry_after_s) == (1, 7.0)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, LoginDead),
        (402, AccountStopped),
        (403, Refused),
        (404, Refused),
        (408, NoAnswer),
        (418, Refused),
        (423, AccountStopped),
        (429, TooMany),
        (500, ServerFault),
        (504, ServerFault),
        (304, BadAnswer),
    ],
)
def test_each_status_has_its_error(http: Http, status: int, kind: type[ClientError]) -> None:
    with FakeServer({"/": Canned("" if status == 304 else "why", status)}) as server, pytest.raises(kind) as caught:
        http.ask(ask(server.url + "/", retry=False)).require()
    assert type(caught.value) is kind
    assert "127.0.0.1" in caught.value.text


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "120"}, "", 120.0),
        ({"retry-after": "-3"}, "", 0.0),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}, "", 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT"}, "", None),
        ({"retry-after": "nan"}, "", None),
        ({"retry-after": "soon"}, "", None),
        ({}, "Retry in 45 seconds", 45.0),
        ({}, '{"after": 86400}', 86400.0),
        ({}, '{"after": true}', None),
        ({"ratelimit-reset": "12"}, "", 12.0),
        ({"ratelimit-reset": "1795255200"}, "", None),
        ({}, "slow down", None),
    ],
)
def test_the_wait_is_read_in_every_form(headers: dict[str, str], body: str, seconds: float | None) -> None:
    assert retry_after_s(headers, body) == seconds


def test_a_secret_that_is_echoed_does_not_reach_the_error(http: Http) -> None:
    with FakeServer({"/": Canned("bad key hush-123", 400)}) as server, pytest.raises(Refused) as caught:
        http.ask(ask(server.url + "/?k=v", headers={"x-api-key": "hush-123"}, secrets=("hush-123",))).require()
    assert "hush" not in caught.value.text
    assert "k=v" not in caught.value.text
    assert "hush" not in repr(ask("http://x/", headers={"x-api-key": "hush-123"}, secrets=("hush-123",), login=Login("a", "hush")))


@pytest.mark.parametrize("token", ["two\nlines", "snow☃man"])
def test_a_key_that_cannot_be_sent_is_not_quoted_either(http: Http, token: str) -> None:
    with pytest.raises(NotConfigured) as caught:
        http.ask(ask("http://127.0.0.1:9/", headers={"Authorization": token}))
    assert token not in caught.value.text
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_pinned_certificate_is_accepted_and_another_one_gets_nothing(http: Http, tmp_path: Path) -> None:
    context, fingerprint = self_signed(tmp_path)
    with FakeServer({"/": Canned("{}")}, tls=context) as server:
        assert fingerprint_of("test", server.url) == fingerprint
        assert http.ask(ask(server.url + "/", pin=fingerprint)).ok
        with pytest.raises(BadCertificate, match="pinned"):
            http.ask(ask(server.url + "/", pin="00" * 32))
    assert len(server.asked) == 1


def test_a_self_signed_certificate_is_trusted_on_this_machine_only(http: Http, tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path)
    with FakeServer({"/": Canned("{}")}, tls=context) as server:
        assert http.ask(ask(server.url + "/")).ok
    assert is_loopback("https://[::1]:1/")
    assert is_loopback("http://localhost")
    assert not is_loopback("https://localhost.example.org")
    assert not is_loopback("http://192.168.1.5")
    assert not is_loopback("")
    assert may_carry_secret("https://example.org")
    assert may_carry_secret("http://127.0.0.1:80")
    assert not may_carry_secret("http://10.0.0.1")


def test_plain_http_on_a_tls_port_is_not_delivered(http: Http, tmp_path: Path) -> None:
    with FakeServer({"/": Canned("{}")}) as server, pytest.raises((BadCertificate, Unreachable)):
        http.ask(ask(server.url.replace("http", "https") + "/", method="POST", body={}))
    assert not server.asked or "Content" not in server.asked[0].body


def test_threads_share_one_client_but_no_connection() -> None:
    http = Http()  # with its usual patience: eight threads on a busy machine take longer than half a second
    seen: list[int] = []
    with FakeServer({"/": Canned("{}")}) as server:
        threads = [threading.Thread(target=lambda: seen.append(http.ask(ask(server.url + "/")).status)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    http.close()
    assert seen == [200] * 8


def test_cookies_of_one_answer_are_handed_over_and_not_kept(http: Http) -> None:
    with FakeServer({"/": Canned("{}", headers={"Set-Cookie": "AuthCookie=abc; Path=/"})}) as server:
        assert http.ask(ask(server.url + "/")).cookies == {"AuthCookie": "abc"}
        http.ask(ask(server.url + "/"))
    assert "cookie" not in server.asked[1].headers


def test_a_command_never_goes_over_the_connection_of_the_one_before() -> None:
    """A server that keeps the connection for a moment, though it was asked to close it, would lose the second one."""

    def keeps(conn: socket.socket) -> None:
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        time.sleep(0.2)

    http = Http(connect_s=5, read_s=5)
    with raw_server(keeps) as url:
        replies = [http.ask(Ask("tesla", url, "POST", body={}, retry=False)) for _ in range(3)]
    http.close()
    assert [reply.status for reply in replies] == [200] * 3


def test_an_answer_whose_lengths_contradict_each_other_came_after_the_question_was_sent() -> None:
    with FakeServer({"/": Canned("ten", headers={"Content-Length": "99"})}) as server, pytest.raises(BadAnswer) as caught:
        Http().ask(Ask("tesla", f"{server.url}/", "POST", body={}, retry=False))
    assert caught.value.maybe_done
