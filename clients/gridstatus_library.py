"""The gridstatusio library, made safe for a cron job.

By itself it waits for ever (no time limit), repeats a failed request five times within a minute (each counts against 250 a month),
follows redirects with the key, writes to stderr, and raises bare Exceptions. Here its one method that calls out goes through our own
Http: deadline, no redirects, one try, our errors. Its import asks the package index for a newer version, without a time limit, unless
GSIO_SKIP_VERSION_CHECK=true stands in the environment: the entry scripts see to that.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import requests

from clients.http import Ask, Http
from clients.http_status import excerpt
from errors import BadAnswer, ClientError, NotConfigured

if TYPE_CHECKING:
    from gridstatusio.gs_client import GridStatusClient

SOURCE = "gridstatus"
MOST_PAGES = 5
LIMIT_S = 10.0  # their answers take 0.2 to 3 s; a cycle looks for 12 s
ODD = (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError)  # what the library makes of an odd answer
Row = Mapping[str, object]


def rows_of(url: str, key: str, http: Http, before: Callable[[], None], dataset: str, asked: Mapping[str, Any]) -> list[Row]:
    """All rows of a query; `before` is called ahead of each page. Raises ClientError of any kind."""
    client = _client(f"{url}/v1", key, http, before)
    try:
        found = client.get_dataset(dataset, **asked, verbose=False)
    except ClientError:
        raise
    except ODD as error:
        raise BadAnswer(SOURCE, f"GridStatus' answer for {dataset} is not what was asked for: {excerpt(repr(error))}.") from error
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise BadAnswer(SOURCE, f"GridStatus' answer for {dataset} holds no rows.")
    return found


def _client(host: str, key: str, http: Http, before: Callable[[], None]) -> GridStatusClient:
    try:
        from gridstatusio.gs_client import GridStatusClient
    except (ImportError, OSError):
        raise NotConfigured(SOURCE, "The library gridstatusio cannot be loaded: pip install -r requirements.txt.") from None
    if not callable(getattr(GridStatusClient, "_get_with_retry", None)):
        raise NotConfigured(SOURCE, "This gridstatusio is not the one of requirements.txt: pip install -r requirements.txt.")
    logging.getLogger("gridstatusio").disabled = True  # it would write its progress to stderr, which cron mails

    class Guarded(GridStatusClient):
        pages = 0

        def _get_with_retry(
            self, url: str, params: dict[str, Any], headers: dict[str, str], verbose: bool | str = False
        ) -> requests.Response:
            del verbose  # we say what went wrong ourselves
            self.pages += 1
            if self.pages > MOST_PAGES:
                raise BadAnswer(SOURCE, f"GridStatus has no end: {MOST_PAGES} pages were read.")
            before()
            texts = {name: str(value) for name, value in params.items() if value is not None}
            body = http.ask(Ask(SOURCE, url, headers=headers, params=texts, secrets=(key,), retry=False, limit_s=LIMIT_S)).require().json()
            answer = requests.Response()
            answer.status_code = 200
            answer._content = json.dumps(_with_columns(body)).encode()
            return answer

    return Guarded(key, host=host, return_format="python", max_retries=0)


def _with_columns(body: object) -> object:
    """Without any rows the row of column names may be missing too; the library would stumble over it. Raises BadAnswer."""
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(data, list) or not all(isinstance(row, list) for row in data):
        raise BadAnswer(SOURCE, "GridStatus' answer holds no table.")
    if data and not all(isinstance(name, str) for name in data[0]):
        raise BadAnswer(SOURCE, "GridStatus' answer holds no table: its first row has no names.")  # the library would stumble here too
    return body if data else {**body, "data": [[]]}
