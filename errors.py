"""The one exception tree. Each error answers three questions: which source, is it temporary, may the command have succeeded.

Everything that Ampshift raises on purpose derives from `AmpshiftError`; a test walks the packages and fails on any other class.
Errors rise to the one place that can decide: a client's error becomes `Missing` in `cycle/`, a command's becomes an outcome, and one of
settings or state becomes one clear line and an exit code in the entry script.
"""

from __future__ import annotations


class AmpshiftError(Exception):
    """Base of the tree. `source`: which part of the house; `temporary`: may the next cycle fare better; `maybe_done`: a command that
    failed with this error may have been carried out all the same, so look before sending it again."""

    temporary = False
    maybe_done = False

    def __init__(self, source: str, text: str) -> None:
        super().__init__(text)
        self.source = source
        self.text = text


class ConfigError(AmpshiftError):
    """The settings are wrong (exit 2). `problems`: every problem found, each one sentence that says what to do."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("config", "\n".join(problems))
        self.problems = problems


class StateError(AmpshiftError):
    """A state file could not be read or written (exit 1): full disk, read-only folder, newer schema."""


class Busy(AmpshiftError):
    """Another cycle holds the lock (exit 75)."""

    temporary = True


class ClockError(AmpshiftError):
    """The clock is not set, or went back (exit 1): nothing is sent in a made-up time."""

    temporary = True


class Stopped(AmpshiftError):
    """The owner broke off a conversation; what was done is kept (exit 1)."""


class ClientError(AmpshiftError):
    """An outside service did not give what was asked. `retry_after_s`: how long it wants to be left alone, if it said so."""

    def __init__(self, source: str, text: str, *, retry_after_s: float | None = None, status: int | None = None) -> None:
        super().__init__(source, text)
        self.retry_after_s = retry_after_s
        self.status = status


class NotConfigured(ClientError):
    """The owner has not set this service up. Not a fault."""


class Unreachable(ClientError):
    """No connection was made (refused, no route, no name): the request was certainly not delivered."""

    temporary = True


class NoAnswer(ClientError):
    """The connection was made but no whole answer came back (time-out, cut off): the request may have been carried out."""

    temporary = True
    maybe_done = True


class BadCertificate(ClientError):
    """TLS was refused: the certificate is not the pinned one, or not valid. Nothing was sent."""


class BadAnswer(ClientError):
    """An answer came that is not what the service promises: garbage, cut-off JSON, a key that is not there."""

    temporary = True
    maybe_done = True


class Refused(ClientError):
    """The service understood and said no (4xx)."""


class LoginDead(Refused):
    """The login or token is no longer valid: only the owner can help (exit 1)."""


class GrantRefused(Refused):
    """A refresh token or a code is called used up or too old: it may be a slip of the far end, or the end of the login."""


class TokenExpired(LoginDead):
    """Only the access token is no longer accepted: a login that can be renewed goes on with a new one."""


class AccountStopped(Refused):
    """Billing limit, payment or account lock (402, 403 EXCEEDED_LIMIT, 423): stop every billable call and say so."""


class Asleep(Refused):
    """The car is offline or asleep (408). Billed. No failure."""

    temporary = True


class TooMany(Refused):
    """Rate limited (429): wait as told."""

    temporary = True


class WrongRegion(Refused):
    """421: the account lives in another region; `base_url` names it where Tesla told us a host of its own."""

    def __init__(self, source: str, text: str, base_url: str | None) -> None:
        super().__init__(source, text, status=421)
        self.base_url = base_url


class ServerFault(ClientError):
    """5xx: the service is ill. Not billed by Tesla; a command may have been carried out."""

    temporary = True
    maybe_done = True


class NotAsked(ClientError):
    """Left out, because the same service has just failed at another question; that one tells the owner."""

    temporary = True


class BudgetSpent(ClientError):
    """Our own spend guard refused the call before it was sent."""
