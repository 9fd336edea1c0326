"""Connection strings that people give: read, used, and never repeated by a message."""

from __future__ import annotations

import collections.abc as cabc
import os
import re
import typing as typ
import urllib.parse

import attrs
import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo, ConninfoOption

from pytest_userstate.domain.errors import ToolError, UsageError
from pytest_userstate.domain.secrets import Secret

_FROM_VARIABLE: typ.Final = "env:"
_FROM_LIBPQ: typ.Final = "libpq"
_VARIABLE: typ.Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MASK: typ.Final = "********"
# In a URL: behind the user's name, and as parameters.
_IN_URL: typ.Final = re.compile(
    r"://[^:/@]*:([^@]*)@|[?&]\w*(?:password|secret)\w*=([^&]*)"
)
_CONNECT_SECONDS: typ.Final = 10
_FORMS: typ.Final = (
    "postgresql://user@host:port/database, or host=… dbname=… user=…, or service=…; "
    f"{_FROM_VARIABLE}NAME takes it from the environment, and {_FROM_LIBPQ} everything "
    "from libpq's own (PGHOST, PGDATABASE, PGSERVICE, …)"
)


@attrs.frozen(kw_only=True)
class Address:
    """Where a program finds a database, and as whom it connects."""

    host: str
    port: int
    database: str
    role: str
    password: str = attrs.field(repr=False)
    sslmode: str = "disable"  # as libpq has it; some drivers insist on it otherwise


@attrs.frozen(kw_only=True)
class ConnectionString:
    """Where a database is, and as whom to connect to it."""

    dsn: Secret
    """Empty if libpq's environment says it all."""
    origin: str
    """Where it came from, for people."""

    def connect(
        self,
        what: str,
        failure: cabc.Callable[[str], ToolError],
        **more: typ.Any,
    ) -> psycopg.Connection[typ.Any]:
        """Connect; `more` replaces what the string says.

        If that is impossible, it raises what `failure` makes of a message that
        says so of `what`, without a password.
        """
        reason: BaseException
        try:
            return psycopg.connect(
                self.dsn.value, prepare_threshold=None, **_defaults(self.dsn), **more
            )
        except psycopg.Error as error:
            reason = failure(self._complaint(what, error))
        except KeyboardInterrupt:
            reason = KeyboardInterrupt()
        # Raised out here, since frames of the driver hold the connection string, and
        # pytest can show the frames of a caught exception, too.
        raise reason

    def _complaint(self, what: str, error: psycopg.Error) -> str:
        text = redacted(str(error).strip(), self.dsn)
        indented = "\n".join(f"  {line.strip()}" for line in text.splitlines())
        is_late = isinstance(error, psycopg.errors.ConnectionTimeout)
        hint = _CHECK_TIMEOUT if is_late else _CHECK
        return f"{what} ({self.origin}) cannot be connected to:\n{indented}\n{hint}"


_CHECK: typ.Final = """\
Check that the server runs, and that host, port, database, user and password are
right. In a connection URL, special characters are written percent-encoded."""
_CHECK_TIMEOUT: typ.Final = f"""\
Check host and port, and whether a firewall is between. The time to wait is
{_CONNECT_SECONDS} seconds, or what is said by connect_timeout in the connection
string or by the variable PGCONNECT_TIMEOUT."""


def connection_string(value: str | Secret, *, option: str) -> ConnectionString:
    """Return what the value of an option names; a UsageError says why not."""
    dsn = value if isinstance(value, Secret) else Secret(value)
    value = dsn.value if _is_harmless(dsn.value) else "…"
    before = f"{option}=" if option.startswith("-") else f"{option} "
    origin = f"{before}{value}" if value != "…" else option
    if not dsn.value.strip():
        message = f"{option} is empty; expected {_FORMS}"
        raise UsageError(message)
    if dsn.value == _FROM_LIBPQ:
        return ConnectionString(dsn=Secret(""), origin=origin)
    if dsn.value.startswith(_FROM_VARIABLE):
        dsn = _from_variable(dsn, before)
    if problem := _problem(dsn):
        message = f"{origin}: {problem}"
        raise UsageError(message)
    return ConnectionString(dsn=dsn, origin=origin)


def _is_harmless(value: str) -> bool:
    """Whether the value of an option names where a connection string is."""
    name = value.removeprefix(_FROM_VARIABLE)
    return value == _FROM_LIBPQ or (name != value and bool(_VARIABLE.fullmatch(name)))


def _from_variable(dsn: Secret, before: str) -> Secret:
    if not _is_harmless(dsn.value):
        message = (
            f"{before}{_FROM_VARIABLE}…: expected the name of an environment variable "
            f"behind {_FROM_VARIABLE}, such as {_FROM_VARIABLE}DATABASE_URL"
        )
        raise UsageError(message)
    name = dsn.value.removeprefix(_FROM_VARIABLE)
    value = os.environ.get(name, "")
    if not value.strip():
        state = "is empty" if name in os.environ else "is not set"
        message = f"{before}{dsn.value}: the environment variable {name} {state}"
        raise UsageError(message)
    return Secret(value)


def _problem(dsn: Secret) -> str:
    """Say what is wrong with a connection string, without repeating any of it."""
    try:
        # libpq's own message repeats the text, and with it the password.
        options = conninfo_to_dict(dsn.value)
    except (psycopg.ProgrammingError, UnicodeEncodeError):
        return f"this is no connection string; expected {_FORMS}"
    if "://" not in dsn.value:
        return ""
    # Where a password holds `@`, `/`, `:` or the like, a URL is cut in wrong places.
    host, port = str(options.get("host") or ""), str(options.get("port") or "")
    misread = (
        "@" in host
        or "@" in str(options.get("dbname") or "")
        or not re.fullmatch(r"[\d,]*", port)
    )
    if not misread:
        return ""
    return (
        "this URL cannot be read: its host or port would not be one. Special "
        "characters in the user's name and password are written percent-encoded "
        "(@ as %40, / as %2F, : as %3A, # as %23, ? as %3F)"
    )


def _defaults(dsn: Secret) -> dict[str, typ.Any]:
    """Return what nobody has said: how long to wait for a connection."""
    given = conninfo_to_dict(dsn.value).get("connect_timeout")
    if given or os.environ.get("PGCONNECT_TIMEOUT"):
        return {}
    return {"connect_timeout": _CONNECT_SECONDS}


def redacted(message: str, dsn: Secret) -> str:
    """Return the message without any password of the connection string.

    Nor without those that libpq takes from the environment; in whichever way they
    are written: plain, percent-encoded, or quoted.
    """
    for text in sorted(set(_spellings(dsn.value)), key=len, reverse=True):
        message = message.replace(text, _MASK)
    return message


def _spellings(dsn: str) -> cabc.Iterator[str]:
    for match in _IN_URL.finditer(dsn):
        yield from filter(None, match.groups())
    for secret in {*_secrets(Conninfo.get_defaults()), *_secrets(_parsed(dsn))}:
        yield secret
        yield urllib.parse.quote(secret)
        yield urllib.parse.quote(secret, safe="")
        yield urllib.parse.quote_plus(secret)
        yield secret.replace("\\", "\\\\").replace("'", "\\'")


def _parsed(dsn: str) -> list[ConninfoOption]:
    try:
        return Conninfo.parse(dsn.encode())
    except psycopg.OperationalError:
        return []


def _secrets(options: cabc.Iterable[ConninfoOption]) -> cabc.Iterator[str]:
    """Yield the values that libpq itself marks as not to be shown."""
    for option in options:
        if option.dispchar == b"*" and option.val:
            yield option.val.decode(errors="replace")
