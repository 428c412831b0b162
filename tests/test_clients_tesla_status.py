"""Every status of the Fleet API, with the words that change its meaning."""

from __future__ import annotations

import pytest

from clients.tesla_status import STATUSES, error_for, is_tesla
from errors import (
    AccountStopped,
    Asleep,
    BadAnswer,
    ClientError,
    LoginDead,
    Refused,
    ServerFault,
    TokenExpired,
    TooMany,
    WrongRegion,
)

CASES: list[tuple[int, str, type[ClientError], str]] = [
    (400, "invalid_command", Refused, "report"),
    (401, "token expired", TokenExpired, "auth tesla"),
    (401, '{"error":"mobile_access_disabled"}', Refused, "Mobile Access"),
    (401, '{"error":"login_required"}', LoginDead, "auth tesla"),
    (402, "", AccountStopped, "payment"),
    (403, "Unauthorized missing scopes", Refused, "boxes"),
    (403, "unsupported vehicle", Refused, "cannot be reached"),
    (403, "Tesla Vehicle Command Protocol required", Refused, "TESLA_COMMAND_URL"),
    (403, "account disabled: EXCEEDED_LIMIT", AccountStopped, "billing limit"),
    (403, "account disabled", AccountStopped, "disabled"),
    (403, "", Refused, "paired"),
    (404, "not_found", Refused, "TESLA_VIN"),
    (405, "vehicle is currently in service", Refused, "in service"),
    (406, "", Refused, "report"),
    (408, "vehicle unavailable: vehicle is offline or asleep", Asleep, "asleep"),
    (412, "", Refused, "region"),
    (421, "user out of region", WrongRegion, "TESLA_REGION"),
    (422, "", Refused, "signed"),
    (423, "", AccountStopped, "locked"),
    (424, "", Refused, "public key"),
    (429, "Retry in 300 seconds", TooMany, "waiting"),
    (451, "", Refused, ""),
    (499, "", Refused, ""),
    (500, "", ServerFault, "fault"),
    (500, "vehicle unavailable: vehicle is offline or asleep", Asleep, "asleep"),
    (502, "", ServerFault, ""),
    (503, "", ServerFault, ""),
    (504, "", ServerFault, ""),
    (540, "device unexpected response", ServerFault, ""),
    (418, "", Refused, ""),
    (599, "", ServerFault, ""),
    (301, "", BadAnswer, "redirects"),
]


@pytest.mark.parametrize(("status", "body", "kind", "advice"), CASES)
def test_each_status_says_what_to_do(status: int, body: str, kind: type[ClientError], advice: str) -> None:
    error = error_for(status, body, {})
    assert type(error) is kind
    assert error.status == status
    assert str(status) in error.text
    assert advice in error.text


def test_no_status_of_the_table_is_untested() -> None:
    assert set(STATUSES) <= {status for status, *_ in CASES}


def test_how_long_to_wait_comes_along() -> None:
    assert error_for(429, '{"after": 30}', {}).retry_after_s == 30
    assert error_for(429, "", {"retry-after": "9"}).retry_after_s == 9
    assert error_for(404, "", {"retry-after": "9"}).retry_after_s is None


@pytest.mark.parametrize(
    ("body", "headers", "url"),
    [
        ("use base URL: https://fleet-api.prd.eu.vn.cloud.tesla.com, see https://x", {}, "https://fleet-api.prd.eu.vn.cloud.tesla.com"),
        ("", {"alt-svc": 'h2="fleet-api.prd.na.vn.cloud.tesla.com:443"'}, "https://fleet-api.prd.na.vn.cloud.tesla.com"),
        ("use base URL: https://fleet-api.tesla.com.example.org", {}, None),
        ("use base URL: https://fleet-api-nottesla.com", {}, None),
        ("see https://developer.tesla.com/docs", {}, None),
        ("use base URL: http://fleet-api.prd.eu.vn.cloud.tesla.com", {}, None),
        ("", {}, None),
    ],
)
def test_only_teslas_own_hosts_may_get_the_token(body: str, headers: dict[str, str], url: str | None) -> None:
    error = error_for(421, body, headers)
    assert isinstance(error, WrongRegion)
    assert error.base_url == url


def test_a_host_is_teslas_only_by_its_ending_and_https() -> None:
    assert is_tesla("https://fleet-api.prd.cn.vn.cloud.tesla.cn/")
    for url in (
        "https://eviltesla.com",
        "https://a.tesla.com@evil.org",
        "https://x@a.tesla.com",
        "https://a.tesla.com:8443",
        "https://[",
        "",
    ):
        assert not is_tesla(url)
