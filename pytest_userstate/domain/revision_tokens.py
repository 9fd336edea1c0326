"""Revision tokens: how they are named, and which types can carry one.

A token is compared when a row is written: if it is another one by then, the row
was changed in between. `recognize` and the decision rules both take their words
from here.
"""

from __future__ import annotations

import re
import typing as typ

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
"""The common names of revision columns, in words."""

OTHER_NAMES: typ.Final = {
    "schema version": "it counts changes of the schema",
    "app version": "it is the version of a program",
    "api version": "it is the version of an interface",
    "client version": "it is the version of a program",
    "terms version": "it says which text was agreed to",
    "policy version": "it says which text was agreed to",
    "sign count": "it counts the uses of a key",
    "sign in count": "it counts logins",
    "updated at": "it changes with the row, but two writes can have the same time",
    "last modified": "it changes with the row, but two writes can have the same time",
    "modified at": "it changes with the row, but two writes can have the same time",
    "last updated": "it changes with the row, but two writes can have the same time",
}
"""Names that sound like one, and what the column is instead."""

_HUMP: typ.Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
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


def words_of(name: str) -> str:
    """Return the words of a name, lower-case, with spaces between them.

    >>> words_of("ConcurrencyStamp"), words_of("lock_version")
    ('concurrency stamp', 'lock version')
    """
    apart = _HUMP.sub("_", name).lower()
    return " ".join(word for word in apart.split("_") if word)


def is_token_name(name: str, table: str = "") -> bool:
    """Whether a column has a common name of a revision.

    The name may begin with words of the table's.

    >>> is_token_name("rowVersion"), is_token_name("terms_version")
    (True, False)
    >>> is_token_name("preferences_revision", "user_preferences")
    True
    """
    words = words_of(name)
    if words in NAMES or words in OTHER_NAMES:
        return words in NAMES
    own = set(words_of(table).split())
    rest = words.split()
    while rest and (rest[0] in own or f"{rest[0]}s" in own):
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
