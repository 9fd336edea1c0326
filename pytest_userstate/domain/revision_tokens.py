"""Revision tokens: how they are named, and which types can carry one.

A token is compared when a row is written: if it is another one by then, the row
was changed in between. `recognize` and the decision rules both take their words
from here.
"""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.recognition.result import RecognizedRevision
from pytest_userstate.domain.recognition.words import words

XMIN: typ.Final = "xmin"
"""A system column: PostgreSQL gives it a new value at every write of the row."""
XMIN_TYPE: typ.Final = "xid"

NAMES: typ.Final = frozenset(
    {
        # a number that every write increases
        *("rev", "revision", "revision no", "revision number", "row revision"),
        *("version", "version no", "version number", "row version", "rowversion"),
        *(
            "lock version",
            "opt lock",
            "optlock",
            "optimistic lock",
            "hibernate version",
        ),
        *("record version", "entity version", "data version", "object version"),
        # a number or an identifier, by the name of SQLAlchemy's and others' options
        *("version id", "version id col", "revision id", "rev id"),
        # a value that every write replaces
        *("etag", "e tag", "concurrency stamp", "concurrency token", "change token"),
        *("row stamp", "timestamp token", XMIN),
    }
)
"""The common names of revision columns, in words of the singular."""

OTHER_NAMES: typ.Final = {
    "schema version": "it counts changes of the schema",
    "app version": "it is the version of a program",
    "api version": "it is the version of an interface",
    "client version": "it is the version of a program",
    "term version": "it says which text was agreed to",
    "policy version": "it says which text was agreed to",
    "sign count": "it counts the uses of a key",
    "sign in count": "it counts logins",
    "updated at": "it changes with the row, but two writes can have the same time",
    "last modified": "it changes with the row, but two writes can have the same time",
    "modified at": "it changes with the row, but two writes can have the same time",
    "last updated": "it changes with the row, but two writes can have the same time",
}
"""Names that sound like one, and what the column is instead."""

OTHER_WORDS: typ.Final = {
    "schema": "it is the version of a schema",
    "term": "it says which terms somebody agreed to",
    "tos": "it says which terms somebody agreed to",
    "policy": "it says which policy somebody agreed to",
    "consent": "it says which text somebody agreed to",
    "privacy": "it says which text somebody agreed to",
    "agreement": "it says which text somebody agreed to",
    "sign": "it counts the signatures of a passkey",
    "signature": "it counts the signatures of a passkey",
    "security": "it changes with the credentials, and with nothing else",
    "app": "it is the version of a program",
    "application": "it is the version of a program",
    "client": "it is the version of a program",
    "api": "it is the version of a program",
    "software": "it is the version of a program",
    "firmware": "it is the version of a program",
    "os": "it is the version of a program",
    "browser": "it is the version of a program",
    "key": "it says which key was used",
    "hash": "it says which algorithm was used",
    "password": "it says which algorithm was used, or when a password changed",
    "token": "it ends sessions, and is not written with the row",
    "session": "it ends sessions, and is not written with the row",
    "cache": "it empties a cache",
}
"""Words beside `version` and the like, and what the column is with them."""

_LAST_WORDS: typ.Final = {"revision", "version", "rev", "etag", "stamp"}
"""The last words of what may be taken for a revision."""
_MODIFIER: typ.Final = re.compile(r"\((?P<digits>\d+)(?:,\s*\d+)?\)")
_COARSE: typ.Final = 3
"""Digits of a second below which two writes easily fall into one value."""
_DAILY: typ.Final = "a time of day has the same value again on the next day"
_FEW: typ.Final = {
    "boolean": "a boolean has two values, and has its old one again after two writes",
    '"char"': "a single byte soon has an old value again",
    "character": "a single character soon has an old value again",
    "date": "a date is the same for all writes of one day",
    "time with time zone": _DAILY,
    "time without time zone": _DAILY,
    "bit": "a bit has two values, and has its old one again after two writes",
}


def is_token_name(name: str, table: str = "") -> bool:
    """Whether a column has a common name of a revision.

    The name may begin with words of the table's.

    >>> is_token_name("rowVersion"), is_token_name("terms_version")
    (True, False)
    >>> is_token_name("preferences_revision", "user_preferences")
    True
    """
    rest = words(name)
    if (full := " ".join(rest)) in NAMES or full in OTHER_NAMES:
        return full in NAMES
    while rest and rest[0] in words(table):
        rest = rest[1:]
    return " ".join(rest) in NAMES


def why_unreliable(data_type: str, *, is_enum: bool = False) -> str | None:
    """Return why values of a type repeat too soon to show a write, or None.

    >>> why_unreliable("timestamp(0) with time zone")
    'its type keeps the time to 1 second, and two writes can have the same'
    >>> why_unreliable("bigint") is None
    True
    """
    modifier = _MODIFIER.search(data_type)
    digits = int(modifier["digits"]) if modifier else None
    kind = " ".join(_MODIFIER.sub(" ", data_type).split())
    if is_enum:
        return f"{data_type} has few values, and soon has an old one again"
    if kind in {"bit", "character"} and digits not in {None, 1}:
        return None
    if not kind.startswith("timestamp"):
        return _FEW.get(kind)
    if digits is None or digits >= _COARSE:
        return None
    unit = f"{10**-digits:.{digits}f}" if digits else "1"
    return f"its type keeps the time to {unit} second, and two writes can have the same"


def revisions(
    columns: cabc.Iterable[Column], table: str = ""
) -> tuple[RecognizedRevision, ...]:
    """Return the columns that look like a revision, those that are one first.

    >>> columns = [Column("lock_version", "integer"), Column("terms_version", "text")]
    >>> [(look.column, look.is_revision) for look in revisions(columns)]
    [('lock_version', True), ('terms_version', False)]
    """
    looks = (look for column in columns if (look := _look(column, table)) is not None)
    return tuple(sorted(looks, key=lambda look: (not look.is_revision, look.column)))


def _look(column: Column, table: str) -> RecognizedRevision | None:
    """Judge a column by its words and type; None if it is nothing like a revision."""
    parts = words(column.name)
    name = " ".join(parts)
    is_revision = False
    reason = OTHER_NAMES.get(name, "")
    if is_token_name(column.name, table):
        reason = why_unreliable(column.data_type) or ""
        is_revision = not reason
        reason = reason or f"{name!r} is a name for what each write changes"
    elif not reason and not _LAST_WORDS.isdisjoint(parts[-1:]):
        known = (OTHER_WORDS[word] for word in parts if word in OTHER_WORDS)
        reason = next(known, "it is the version of something else")
    if not reason:
        return None
    return RecognizedRevision(
        column=column.name, is_revision=is_revision, reason=reason
    )
