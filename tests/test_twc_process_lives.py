"""The real daemon at a real pty, through what takes its time: a start hold of ten seconds, a guard that falls silent, `--check`.

They wait most of the time, so they live side by side: all begin with the first test, and each test waits for its own.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from simulator.twc_bus import VirtualBus
from simulator.twc_master import SecondMaster
from simulator.twc_port import LiveBus, PtyBus, SocketBus
from tests.twc_process import Past, Site, Terminal, charging_bus, fresh_bus, remembered_bus, site

Life = Callable[[Path], None]
# The program, on a disk that takes no byte more.
FULL = "import resource, sys, twc_daemon; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); sys.exit(twc_daemon.main(sys.argv[1:]))"


def it_links_and_offers_no_more_than_the_least_before_it_knows_who_is_there(folder: Path) -> None:
    with site(folder, fresh_bus()) as house:
        house.wish(32)
        house.start().until_linked()
        house.until(lambda: house.charger()["link"] == "up" and all(row["vin"] for row in house.charger()["chargers"]))
        house.until(lambda: all(row["actual_amps"] > 4 for row in house.charger()["chargers"]))
        rows = house.charger()["chargers"]
        assert {(row["id"], row["vin"]) for row in rows} == {("4085", "5YJ3AMPSHFT000001"), ("4086", "5YJ3AMPSHFT000002")}
        assert {(row["protocol"], row["rated_amps"], row["min_amps"], row["can_stop"]) for row in rows} == {(2, 32, 6, False)}
        assert {(row["plugged"], row["offered_amps"], row["reserved_amps"]) for row in rows} == {(True, 6, 6)}
        assert {amps for _, amps in house.limits()} == {6}
        assert any("This moves real current" in line for line in house.log())
        assert any("breaker 50 A: at most 40 A for all connectors together, 40 A for one, 6 A each" in line for line in house.log())


def a_lower_target_and_then_a_higher_one_are_on_the_wire_and_in_the_cars(folder: Path) -> None:
    with site(folder, charging_bus()) as house:
        house.wish(16)
        house.start().until_linked()
        house.wish(8)
        house.until(lambda: house.offers() == {"4085": 8, "4086": 8})
        house.until(lambda: house.live.call(lambda bus: bus.draw) < 17)
        house.wish(20)
        house.until(lambda: house.offers() == {"4085": 20, "4086": 20})
        house.until(lambda: house.live.call(lambda bus: bus.draw) > 36)
        assert house.live.call(lambda bus: bus.peak) <= 40
        assert house.lost_links() == 0


def a_ceiling_lowers_and_when_the_guard_falls_silent_only_the_failsafe_is_left(folder: Path) -> None:
    with site(folder, charging_bus(), settings={"GUARD": "on", "MAIN_BREAKER_AMPS": "100"}) as house:
        house.store().save_ceiling(None, "NO_LIMIT", 3000.0)
        house.wish(16)
        house.start().until_linked()
        house.store().save_ceiling(20, "OVERLOAD", 9000.0)
        house.until(lambda: sum(house.offers().values()) == 20)
        house.until(lambda: house.offers() == {"4085": 6, "4086": 6})
        assert house.lost_links() == 0


def the_log_has_one_line_for_each_change_and_none_while_nothing_changes(folder: Path) -> None:
    with site(folder, charging_bus()) as house:
        house.wish(16)
        house.shorter("Daemon(found, same_state_s=5.0).run()").until_linked()
        house.until(lambda: sum("port" in line for line in house.log()) == 1 and sum("greeted" not in line for line in house.log()) > 2)
        before = house.log()
        time.sleep(4.5)
        assert house.log() == before
        house.wish(8)
        house.until(lambda: house.log()[-1].count("offers 8 A") == 2)
        lines = house.log()
        assert all(one != two for one, two in pairwise(lines))
        assert len(lines) < 20


def a_flood_of_noise_ends_neither_the_daemon_nor_its_heartbeats_and_it_still_lowers(folder: Path) -> None:
    with site(folder, charging_bus()) as house:
        house.wish(16)
        house.start().until_linked()
        lines = len(house.log())

        def flood(noise_per_s: float) -> float:
            house.live.call(lambda bus: setattr(bus.line, "noise_per_s", noise_per_s))
            return house.now()

        since = flood(400.0)
        house.until(lambda: sum(house.charger()["counters"][name] for name in ("bad_length", "bad_checksum", "bad_escape", "overrun")) > 3)
        house.wish(8)
        house.until(lambda: house.offers(since) == {"4085": 8, "4086": 8})
        house.until_beats(flood(0.0))
        assert house.process.poll() is None
        assert len(house.log()) - lines < 20


def check_says_which_connectors_wait_and_sends_nothing(folder: Path) -> None:
    with site(folder, fresh_bus()) as house:
        out = house.start("--check").told()
        assert house.process.returncode == 0
        assert out.splitlines()[-1] == "all is well"
        for name in ("4085", "4086"):
            assert f"connector {name}, protocol 2, 32 A, waits for a master" in out
        assert not [frame for frame in house.frames() if frame.source == "master"]


def check_finds_another_master(folder: Path) -> None:
    past = charging_bus()
    past.bus.others.append(SecondMaster([0x4085, 0x4086], past.bus.now))
    with site(folder, Past(past.bus)) as house:
        out = house.start("--check").told()
        assert house.process.returncode == 1
        assert "a master 1234 speaks: only one may be on the bus" in out
        assert "connector 4085 answers a master" in out
        assert "end the other one before twc_daemon.py starts" in out.splitlines()[-1]


def check_on_an_idle_bus_says_where_to_look(folder: Path) -> None:
    with site(folder, fresh_bus(0)) as house:
        out = house.start("--check").told()
        assert house.process.returncode == 1
        assert "nothing was heard" in out
        assert "Swap A and B" in out


def commissioning_offers_the_first_step_after_a_yes_and_nothing_more_after_a_no(folder: Path) -> None:
    with site(folder, remembered_bus(protocol=1)) as house, Terminal() as terminal:
        terminal.start(house, "commission(Daemon(found), 13.0, 0.5)")
        terminal.until("Offer 6 A now?")
        house.until(lambda: len(house.heartbeats()) > 2)
        assert set(house.offers().values()) <= {0}
        terminal.type("y\n")
        terminal.until("4085: offered  6 A, actual")
        assert house.offers() == {"4085": 6}
        terminal.until("Offer 12 A now?")
        terminal.type("n\n")
        assert house.ended() == 0
        assert house.offers() == {"4085": 5}  # not 0: a minute lies between on and off
        assert max(amps for _, amps in house.limits()) == 6


def asks_for(folder: Path, breaker: int, past: Past, steps: tuple[int, ...]) -> None:
    with site(folder, past, settings={"TWC_BREAKER_AMPS": str(breaker)}) as house, Terminal() as terminal:
        terminal.start(house, "commission(Daemon(found), 1.0, 0.3, 0.0)")
        for amps in steps:
            terminal.until(f"Offer {amps} A now?")
            since = house.now()
            terminal.type("y\n")
            terminal.until("4085: offered")
            assert max(house.offers(since).values(), default=0) <= amps
        assert house.ended() == 0
        assert terminal.all_text.count("now?") == len(steps)


def commissioning_asks_for_6_and_12_a_half_and_all_of_the_circuit(folder: Path) -> None:
    asks_for(folder, 50, charging_bus(), (6, 12, 20, 40))


def commissioning_asks_for_nothing_above_a_small_circuit(folder: Path) -> None:
    asks_for(folder, 13, charging_bus(1, amps=6), (6, 10))


def commissioning_asks_again_below_what_the_journal_says_and_says_where_to_look_when_nobody_answers(folder: Path) -> None:
    with site(folder, fresh_bus(0)) as house, Terminal() as terminal:
        terminal.start(house, "commission(Daemon(found), 1.0, 0.3, 0.0)", stderr=terminal.theirs)
        terminal.until("no connector is heard")
        terminal.until("Offer 6 A now?")
        terminal.type("y\n")
        terminal.until("no connector answers yet")
        terminal.until("Offer 12 A now?")
        terminal.type("n\n")
        assert house.ended() == 0
        assert "Ended; each connector was offered its least, or nothing." in terminal.rest()
        assert terminal.all_text.count("This moves real current") == 1


def control_c_in_a_step_of_commissioning_lowers_and_asks_no_more(folder: Path) -> None:
    with site(folder, charging_bus()) as house, Terminal() as terminal:
        terminal.start(house, "commission(Daemon(found), 60.0, 0.3)")
        terminal.until("Offer 6 A now?")
        terminal.type("y\n")
        terminal.until("4086: offered")
        terminal.type("\x03")
        assert house.ended() == 0
        assert max(house.offers().values()) <= 6
        assert terminal.rest().count("now?") == 0


def killed_at_its_first_heartbeat(house: Site, since: float) -> None:
    house.until(lambda: bool(house.heartbeats(since)))
    assert house.ended(signal.SIGKILL) == -9


def it_is_killed_again_and_again_in_its_first_moments(folder: Path) -> None:
    with site(folder, charging_bus()) as house:
        house.wish(20)
        for _ in range(4):
            since = house.now()
            house.start()
            killed_at_its_first_heartbeat(house, since)
        house.start().until_linked()
        assert {amps for _, amps in house.limits()} <= {16}
        assert house.lost_links() == 0


def lost_and_back(folder: Path, bus: Callable[[VirtualBus], LiveBus]) -> None:
    with site(folder, charging_bus(), bus) as house:
        house.wish(16)
        house.start().until_linked()
        house.until(lambda: any("is open" in line for line in house.log()))
        house.live.pull()
        house.until(lambda: any("is gone" in line for line in house.log()))
        house.live.plug_back()
        house.until_beats(house.now())
        house.until(lambda: sum("is open" in line for line in house.log()) == 2)
        assert {amps for _, amps in house.limits()} == {16}
        assert house.lost_links() == 0
        assert sum("port" in line for line in house.log()) == 3


def a_device_that_was_pulled_and_came_back_is_used_again_and_no_car_notices(folder: Path) -> None:
    lost_and_back(folder, lambda bus: PtyBus(bus, folder / "by-id"))


def a_network_adapter_that_went_and_came_back_is_used_again_and_no_car_notices(folder: Path) -> None:
    lost_and_back(folder, SocketBus)


def an_adapter_that_accepts_and_hangs_up_is_a_dead_port_too_and_fills_no_log(folder: Path) -> None:
    """Network adapters do so while they serve somebody else."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)

        def refuse() -> None:
            while True:
                try:
                    client, _ = server.accept()
                    client.sendall(b"Port already in use\r\n")
                    client.close()
                except OSError:
                    return

        threading.Thread(target=refuse, daemon=True).start()
        with site(folder, fresh_bus(1), settings={"TWC_PORT": f"socket://127.0.0.1:{server.getsockname()[1]}"}) as house:
            house.shorter("Daemon(found, dead_port_s=3.0).run()")
            assert house.ended() == 1
            assert sum("port" in line for line in house.log()) == 2
        server.shutdown(socket.SHUT_RDWR)


def a_second_daemon_is_refused_and_check_shows_what_the_first_one_says(folder: Path) -> None:
    with site(folder, charging_bus()) as house:
        house.start().until_linked()
        for times, words in enumerate(((), ("--commission",)), start=1):
            assert house.start(*words).ended() == 1
            # both write to this log, and the first may have something to say meanwhile
            assert house.log().count("Another twc_daemon.py runs already: systemctl status twc_daemon") == times
        out = house.start("--check").told()
        assert house.process.returncode == 0
        assert '"id": "4085"' in out
        since = house.now()
        house.until_beats(since)
        assert house.processes[0].poll() is None


def a_full_disk_is_told_once_for_each_file_and_ends_no_heartbeat(folder: Path) -> None:
    with site(folder, charging_bus()) as house:
        house.wish(8)
        house.start(program=("-c", FULL), stderr=subprocess.PIPE)
        house.until(lambda: house.offers() == {"4085": 8, "4086": 8})
        since = house.now()
        house.until(lambda: len(house.beats("4085", since)) > 2)
        house.process.send_signal(signal.SIGTERM)
        _, said = house.process.communicate(timeout=20)
        assert house.process.returncode == 0
        told = [line for line in said.splitlines() if "Cannot write" in line]
        assert [name for line in told for name in ("charger.json", "twc.json") if name in line] in (
            ["charger.json", "twc.json"],
            ["twc.json", "charger.json"],
        )
        assert all("full" in line for line in told)


LIVES: tuple[Life, ...] = (
    it_links_and_offers_no_more_than_the_least_before_it_knows_who_is_there,
    a_lower_target_and_then_a_higher_one_are_on_the_wire_and_in_the_cars,
    a_ceiling_lowers_and_when_the_guard_falls_silent_only_the_failsafe_is_left,
    the_log_has_one_line_for_each_change_and_none_while_nothing_changes,
    a_flood_of_noise_ends_neither_the_daemon_nor_its_heartbeats_and_it_still_lowers,
    check_says_which_connectors_wait_and_sends_nothing,
    check_finds_another_master,
    check_on_an_idle_bus_says_where_to_look,
    commissioning_offers_the_first_step_after_a_yes_and_nothing_more_after_a_no,
    commissioning_asks_for_6_and_12_a_half_and_all_of_the_circuit,
    commissioning_asks_for_nothing_above_a_small_circuit,
    commissioning_asks_again_below_what_the_journal_says_and_says_where_to_look_when_nobody_answers,
    control_c_in_a_step_of_commissioning_lowers_and_asks_no_more,
    it_is_killed_again_and_again_in_its_first_moments,
    a_device_that_was_pulled_and_came_back_is_used_again_and_no_car_notices,
    a_network_adapter_that_went_and_came_back_is_used_again_and_no_car_notices,
    an_adapter_that_accepts_and_hangs_up_is_a_dead_port_too_and_fills_no_log,
    a_second_daemon_is_refused_and_check_shows_what_the_first_one_says,
    a_full_disk_is_told_once_for_each_file_and_ends_no_heartbeat,
)


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Life, Future[None]]]:
    with ThreadPoolExecutor(len(LIVES)) as pool:
        yield {life: pool.submit(life, tmp_path_factory.mktemp("life")) for life in LIVES}


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_the_daemon_lives_through(life: Life, living: dict[Life, Future[None]]) -> None:
    living[life].result()
