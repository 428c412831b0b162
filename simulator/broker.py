"""A real Mosquitto on a loopback port, for tests and measurements: started, stopped and started again on the same port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from clients.mqtt import Address, is_up
from errors import StateError

PROGRAMS = ("mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto")
STARTS_S = 10.0


def mosquitto() -> str | None:
    """Where it is on this machine; None: it is not."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Broker:
    """`login`: (user, password) that it wants; without one everybody on this machine may speak. `rules`: lines of an ACL file.
    `certificate`: a PEM file with key and certificate, for TLS on `host`. Use it with `with`."""

    def __init__(
        self,
        folder: Path,
        login: tuple[str, str] | None = None,
        rules: str = "",
        certificate: Path | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self._folder, self._login, self.host, self._certificate = folder, login, host, certificate
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server((host, 0)) as free:
            self.port = int(free.getsockname()[1])
        lines = [
            f"listener {self.port} {host}",
            "persistence false",
            f"allow_anonymous {'false' if login else 'true'}",
            "log_type error",
        ]
        if login:
            self._password_file(*login)
            lines.append(f"password_file {folder / 'passwords'}")
        if certificate:
            lines += [f"certfile {certificate}", f"keyfile {certificate}"]
        if rules:
            (folder / "rules").write_text(rules, encoding="utf-8")
            (folder / "rules").chmod(0o600)
            lines.append(f"acl_file {folder / 'rules'}")
        if os.getuid() == 0:  # it would become its own user, who may not read the folder
            lines.append("user root")
        (folder / "mosquitto.conf").write_text("\n".join([*lines, ""]), encoding="utf-8")

    def __enter__(self) -> Broker:
        self.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"mqtt{'s' if self._certificate else ''}://{self.host}:{self.port}"

    @property
    def address(self) -> Address:
        user, password = self._login or ("", "")
        return Address(self.host, self.port, self.url, self._certificate is not None, self._certificate, user, password)

    def start(self) -> None:
        program = mosquitto()
        if program is None:
            raise StateError("simulator", "mosquitto is not installed: sudo apt-get install mosquitto")
        command = [program, "-c", str(self._folder / "mosquitto.conf")]
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)  # noqa: S603 - a program of this machine's
        ends = time.monotonic() + STARTS_S
        while is_up(self.address, "looking"):
            if self._process.poll() is not None or time.monotonic() > ends:
                raise StateError("simulator", f"mosquitto does not start: {(self._folder / 'mosquitto.log').read_text()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """As when its machine is switched off: nothing that it kept is there afterwards."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _password_file(self, user: str, password: str) -> None:
        path = self._folder / "passwords"
        path.touch(mode=0o600)
        command = [str(shutil.which("mosquitto_passwd")), "-b", str(path), user, password]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - as above
