"""The units that `make install` writes: for this folder, this user, these settings, and where the whole system is a container."""

from __future__ import annotations

import os
from pathlib import Path

from tests.test_install import REPO, a_copy, run


def test_units_are_made_for_this_folder_and_user_and_nothing_is_started(tmp_path: Path) -> None:
    tree = a_copy(tmp_path)
    done = run(tree, "install", AMPSHIFT_USER="nora")
    unit = (tree.parent / "root/etc/systemd/system/twc_daemon.service").read_text()
    assert f"ExecStart={tree}/.venv/bin/python {tree}/twc_daemon.py" in unit
    assert "User=nora" in unit
    assert "DeviceAllow=char-ttyUSB" not in unit  # unknown to a system that has seen no adapter yet: the port would stay closed
    assert "DeviceAllow=char-188 rw" in unit
    assert "/home/pi" not in unit
    assert "SyslogIdentifier=twc_daemon" in unit  # the journal calls all of them python otherwise
    assert "d /run/ampshift 0750 nora" in (tree.parent / "root/etc/tmpfiles.d/ampshift.conf").read_text()
    assert "enable" not in done.stdout.replace("would run: systemctl daemon-reload", "")
    assert "would run: usermod -aG dialout nora" in done.stdout


def test_services_may_write_where_the_settings_say_and_not_to_the_code_beside_the_state(tmp_path: Path) -> None:
    tree = a_copy(tmp_path)
    (tree / ".env").write_text(f"TARIFF=nonsense\nRUN_DIR=/run/ampshift\nexport STATE_DIR='{tmp_path}/a stick'\n")
    assert run(tree, "install").returncode == 0
    for unit in ("twc_daemon", "ampshift-page", "ampshift-bridge"):
        lines = (tree.parent / f"root/etc/systemd/system/{unit}.service").read_text().splitlines()
        may = next(line for line in lines if line.startswith("ReadWritePaths="))
        assert may == f'ReadWritePaths=-{tree}/state/data -{tree}/state/run -/run/ampshift "-{tmp_path}/a stick"'


def test_in_a_container_each_service_reads_the_same_boot_as_cron(tmp_path: Path) -> None:
    tree, tools = a_copy(tmp_path), tmp_path / "tools"
    tools.mkdir()
    dropins = [
        tree.parent / f"root/etc/systemd/system/{unit}.service.d/container.conf"
        for unit in ("twc_daemon", "ampshift-page", "ampshift-bridge")
    ]
    for code, there in ((0, True), (1, False)):  # in a container, and moved to a machine
        (tools / "systemd-detect-virt").write_text(f"#!/bin/sh\nexit {code}\n")
        (tools / "systemd-detect-virt").chmod(0o755)
        assert run(tree, "install", PATH=f"{tools}:{os.environ['PATH']}").returncode == 0
        assert [path.exists() for path in dropins] == [there] * 3
    # these three give a service a /proc of its own, without the name that the container laid over the kernel's
    text = (REPO / "deploy" / "container.conf").read_text()
    assert {"ProtectKernelTunables=no", "ProtectControlGroups=no", "ProtectProc=default"} <= set(text.splitlines())
