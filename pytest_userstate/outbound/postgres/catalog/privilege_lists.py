"""Lists of privileges, as PostgreSQL writes them: ``{app=arw/owner,=r/owner}``.

An entry is ``grantee=privileges/grantor``, a letter for each privilege and a star
behind those that can be passed on; no grantee is everybody. Names with other than
letters, digits and underscores are in double quotes. (PostgreSQL's documentation,
"Privileges"; ``src/backend/utils/adt/acl.c``.)
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import re
import typing as typ

from pytest_userstate.domain.access import EVERYBODY, Grant

_LETTERS: typ.Final = {
    "r": "select",
    "a": "insert",
    "w": "update",
    "d": "delete",
    "D": "truncate",
    "x": "references",
    "t": "trigger",
    "m": "maintain",
    "U": "usage",
    "C": "create",
    "X": "execute",
}
_ELEMENT: typ.Final = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)')
_ENTRY: typ.Final = re.compile(
    r'(?P<grantee>"(?:[^"]|"")*"|[^="]*)=(?P<privileges>[A-Za-z*]*)/.*', re.DOTALL
)


@functools.lru_cache(maxsize=4096)
def grants(text: str, column: str = "") -> tuple[Grant, ...]:
    """Return what a list grants on an object, or on one of its columns."""
    return tuple(
        Grant(role, _LETTERS[letter], column=column, is_grantable=bool(star))
        for role, privileges in _entries(text)
        for letter, star in re.findall(r"([A-Za-z])(\*?)", privileges)
        if letter in _LETTERS
    )


def _entries(text: str) -> cabc.Iterator[tuple[str, str]]:
    for quoted, bare in _ELEMENT.findall(text):
        entry = re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
        match = _ENTRY.fullmatch(entry)
        if match:
            yield _role(match["grantee"]), match["privileges"]


def _role(written: str) -> str:
    if written.startswith('"'):
        return written[1:-1].replace('""', '"')
    return written or EVERYBODY
