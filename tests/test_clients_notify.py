"""The owner is told over real sockets: ntfy, a webhook, apprise; what is known of each failure, and that no address leaks."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from clients.http import Http
from clients.notify import beat, certainly_lost, send
from config_notify import called, heartbeat_url, notify_url, shown
from errors import ClientError, ConfigError, NoAnswer, NotConfigured, Refused, ServerFault, TooMany, Unreachable
from model_notices import Message
from simulator.faults import BUSY_503, CUT, DROP_AFTER, HANG, ILL_500, Fault, Ill, too_many
from simulator.notify_server import HOOK, PING, TOPIC, Note, NotifyServer
from tests.fake_server import free_port
from tests.process import ROOT

TOLD = Message("Ampshift: test", "Grüße von Blue: 80 %", "test", urgent=True)
GATEWAY_504 = Fault(Ill.STATUS, 504, "upstream timed out")
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")  # apprise looks for its plugins with it
SECRETS = (TOPIC, HOOK.rpartition("/")[2], PING.rpartition("/")[2])


@pytest.fixture
def far() -> Iterator[NotifyServer]:
    with NotifyServer() as server:
        yield server


@pytest.mark.parametrize("way", ["ntfy", "hook", "apprise"])
def test_a_message_arrives_as_it_was_written(far: NotifyServer, way: str) -> None:
    send(getattr(far, way), TOLD, Http())
    assert far.notes == [Note(TOLD.title, TOLD.text, urgent=way != "apprise")]


def test_a_webhook_gets_keys_for_programs_and_one_line_for_chats(far: NotifyServer) -> None:
    send(far.hook, TOLD, Http())
    body = far.server.log[0].json()
    assert body == {"title": TOLD.title, "message": TOLD.text, "code": "test", "urgent": True, "text": f"{TOLD.title}\n{TOLD.text}"}


@pytest.mark.parametrize("way", ["ntfy", "apprise"])
@pytest.mark.parametrize(
    ("fault", "lost"),
    [(ILL_500, True), (BUSY_503, True), (too_many(30), True), (GATEWAY_504, False), (DROP_AFTER, False), (CUT, False)],
)
def test_a_failure_says_whether_the_message_may_have_arrived(far: NotifyServer, way: str, fault: Fault, lost: bool) -> None:
    far.faults.next(1, fault)
    with pytest.raises(ClientError) as caught:
        send(getattr(far, way), TOLD, Http())
    assert certainly_lost(caught.value) is lost
    if lost:
        assert far.notes == []


def test_the_errors_are_those_of_our_tree(far: NotifyServer) -> None:
    for fault, error in ((BUSY_503, ServerFault), (too_many(30), TooMany), (DROP_AFTER, NoAnswer)):
        far.faults.next(1, fault)
        with pytest.raises(error):
            send(far.ntfy, TOLD, Http())
    with pytest.raises(Refused):
        send(f"{far.ntfy}x", TOLD, Http())
    with pytest.raises(NotConfigured):
        send("nonsense://abc", TOLD, Http())


@pytest.mark.parametrize("scheme", ["http", "json"])
def test_a_far_end_that_is_not_there_is_certainly_not_told(scheme: str) -> None:
    with pytest.raises(Unreachable):
        send(f"{scheme}://127.0.0.1:{free_port()}/hook/{SECRETS[1]}", TOLD, Http())


def test_a_far_end_that_hangs_is_left_after_its_time(far: NotifyServer) -> None:
    far.faults.next(1, HANG)
    with pytest.raises(NoAnswer):
        send(far.ntfy, TOLD, Http(read_s=0.2))


@pytest.mark.parametrize("way", ["ntfy", "hook", "apprise", "ping"])
@pytest.mark.parametrize("fault", [Fault(Ill.STATUS, 403, f"no access to /{TOPIC} {HOOK} {PING}"), DROP_AFTER])
def test_no_failure_and_no_log_line_shows_the_address(
    far: NotifyServer, way: str, fault: Fault, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    far.faults.next(1, fault)
    with pytest.raises(ClientError) as caught:
        beat(far.ping, Http()) if way == "ping" else send(getattr(far, way), TOLD, Http())
    shown_text = f"{caught.value!r} {caught.value} {caplog.text} {capfd.readouterr()}"
    assert [secret for secret in SECRETS if secret in getattr(far, way) and secret in shown_text] == []


def test_a_heartbeat_is_one_get(far: NotifyServer) -> None:
    beat(far.ping, Http())
    assert (far.beats, [one.method for one in far.server.log]) == (1, ["GET"])
    far.faults.next(1, BUSY_503)
    with pytest.raises(ServerFault):
        beat(far.ping, Http())
    assert len(far.server.log) == 2  # never repeated: the next cycle beats again


def test_apprise_is_loaded_only_where_it_is_needed(far: NotifyServer) -> None:
    code = "import sys; from clients.notify import send; from clients.http import Http; from model_notices import Message\n"
    code += "send(sys.argv[1], Message('t', 'x', 'c', False), Http()); print('apprise' in sys.modules)"
    answers = [subprocess.check_output([sys.executable, "-c", code, way], cwd=ROOT, text=True) for way in (far.ntfy, far.apprise)]
    assert answers == ["False\n", "True\n"]


@pytest.mark.parametrize("text", ["ntfy.sh/topic", "https:///topic", "https://ntfy.sh/a topic", "http://[x/y"])
def test_an_address_that_is_none_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        notify_url(text)
    assert text not in str(caught.value)
    with pytest.raises(ConfigError):
        heartbeat_url(text)


@pytest.mark.parametrize(
    ("address", "people", "machine"),
    [
        ("https://ntfy.sh/secret", "ntfy.sh", "https://ntfy.sh"),
        ("https://user:secret@ntfy.sh/secret", "ntfy.sh", "https://ntfy.sh"),
        ("ntfy://secret", "ntfy://...", "ntfy://..."),
        ("mailto://user:secret@mail.example", "mailto://...", "mailto://..."),
        ("json://127.0.0.1:80/secret", "json://...", "json://127.0.0.1"),
        ("", "://...", ""),
    ],
)
def test_what_is_shown_of_an_address_is_no_secret(address: str, people: str, machine: str) -> None:
    assert (shown(notify_url(address)), called(notify_url(address))) == (people, machine)
