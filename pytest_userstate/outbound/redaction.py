"""Taking passwords out of what libpq says."""

from __future__ import annotations

import collections.abc as cabc
import re
import urllib.parse

import psycopg
from psycopg.pq import Conninfo, ConninfoOption

from pytest_userstate.domain.secrets import Secret

_MASK = "********"
# In a URL: behind the user's name, and as parameters.
_IN_URL = re.compile(r"://[^:/@]*:([^@]*)@|[?&]\w*(?:password|secret)\w*=([^&]*)")


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
