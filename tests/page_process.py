"""app.py as a process of its own on a free loopback port, and what a browser would send to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from simulator.page_process import page_running
from tests.page_kit import AT, Home


@dataclass
class Site:
    """A running page. `session`: the browser's cookies."""

    url: str
    session: requests.Session

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.session.get(self.url + path, headers=headers, timeout=20, allow_redirects=False)

    def post(self, path: str, body: Any = None, form: Mapping[str, str] | None = None, **headers: str) -> requests.Response:
        """As from the page itself, unless `headers` say otherwise; an empty header is left out."""
        given = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"} | {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in given.items() if value}
        return self.session.post(self.url + path, json=body, data=form, headers=sent, timeout=20, allow_redirects=False)

    def asked(self, output: str) -> dict[str, Any]:
        """A callback as Dash declares it: the one with `output` among its outputs."""
        known = self.get("/_dash-dependencies").json()
        return next(dict(one) for one in known if output in one["output"])

    def callback(self, output: str, values: Mapping[str, object], changed: str, **headers: Any) -> requests.Response:
        """`values`: by id.property, for its inputs and states."""
        one = self.asked(output)
        outputs = [dict(zip(("id", "property"), part.rsplit(".", 1), strict=True)) for part in one["output"].strip(".").split("...")]
        told = {
            kind: [part | {"value": values.get(f"{part['id']}.{part['property']}")} for part in one[kind]] for kind in ("inputs", "state")
        }
        body = {"output": one["output"], "outputs": outputs, "changedPropIds": [changed], **told}
        return self.post("/_dash-update-component", body, **headers)

    def show(self, path: str) -> requests.Response:
        return self.callback("view.children", {"at.pathname": path, "at.search": ""}, "at.pathname")

    def say(self, button: str, **headers: str) -> requests.Response:
        return self.callback("said.children", {"say-car.value": "all", f"say-{button}.n_clicks": 1}, f"say-{button}.n_clicks", **headers)


@contextmanager
def running(place: Home, **settings: str) -> Iterator[Site]:
    with page_running(place.folder, AT.isoformat(), settings) as page, requests.Session() as session:
        yield Site(page.url, session)
