"""One file with a whole schema in it, as psql would load it.

Who owns what is left out, as ``pg_dump --no-owner`` leaves it out: an ordinary role
can give things only to roles that it belongs to. Roles that the file mentions are
made without login if they are missing.
"""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re

import attrs

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import label, masked, read_sql
from pytest_userstate.outbound.migrations.plan import Batch, Migration, Mode, Piece
from pytest_userstate.outbound.migrations.script import script
from pytest_userstate.outbound.migrations.sql import Statement

_ARCHIVE = b"PGDMP"
_ABOUT_ROLES = re.compile(
    r"owner\s+to|grant|revoke|authorization|default\s+privileges|policy"
    r"|comment\s+on\s+extension",
    re.IGNORECASE,
)
_NO_ROLES = frozenset(
    {"public", "current_user", "session_user", "current_role", "none", "group"}
)
ADVICE = (
    "The file is run as psql runs it, statement by statement: one that cannot be in a"
    " transaction must not stand between BEGIN and COMMIT."
)


@attrs.frozen
class Dump:
    """A dump as the one migration that it is.

    Parameters
    ----------
    migration : Migration
        The file, without what it says about owners.
    roles : frozenset of str
        The roles that it grants to, or that its policies are for.
    warnings : tuple of str
        What was left out.
    """

    migration: Migration
    roles: frozenset[str]
    warnings: tuple[str, ...]


def dump_in(file: pathlib.Path, base: pathlib.Path) -> Dump:
    """Read the file.

    Raises
    ------
    MigrationError
        When it cannot be read, or is an archive that is no SQL.
    """
    path = label(file, base)
    with file.open("rb") as opened:
        is_archive = opened.read(len(_ARCHIVE)) == _ARCHIVE
    if is_archive:
        message = (
            f"{path} is an archive in a format of pg_dump's own, and no SQL.\n"
            f"Write it as SQL with: pg_restore --file=schema.sql {file.name}"
        )
        raise MigrationError(message, path=path)
    sql = read_sql(file, path)
    roles: set[str] = set()
    owned: list[Statement] = []
    if _ABOUT_ROLES.search(sql):
        for part in script(sql):
            if isinstance(part, Statement) and _ABOUT_ROLES.search(part.text):
                if _is_about_owners(part.words):
                    owned.append(part)
                else:
                    roles |= _roles(part.words)
    if owned:
        sql = masked(sql, _pieces_without(owned, len(sql)))
    batch = Batch(sql=sql, mode=Mode.SCRIPT, in_transaction=False)
    return Dump(
        migration=Migration(version=file.stem, path=path, batches=(batch,)),
        roles=frozenset(roles),
        warnings=tuple(_warnings(owned, path)),
    )


def _is_about_owners(words: tuple[str, ...]) -> bool:
    """Whether the statement changes only who owns something, or whose name is used."""
    return (
        (words[0] == "alter" and "owner" in words and words[-3:-1] == ("owner", "to"))
        or words[:3] == ("set", "session", "authorization")
        or words[:3] == ("reset", "session", "authorization")
        or (words[:3] == ("alter", "default", "privileges") and words[3:4] == ("for",))
        or words[:3] == ("comment", "on", "extension")
    )


def _roles(words: tuple[str, ...]) -> set[str]:
    """Return the roles that a statement grants to, takes from, or is for."""
    marks = {"grant": "to", "revoke": "from", "create": "to"}
    if words[0] not in marks or (words[0] == "create" and words[1] != "policy"):
        if words[:2] == ("create", "schema") and "authorization" in words:
            return {words[words.index("authorization") + 1]} - _NO_ROLES
        return set()
    mark = marks[words[0]]
    if mark not in words:
        return set()
    found: set[str] = set()
    rest = list(words[words.index(mark) + 1 :])
    while rest:
        name, *rest = rest[1:] if rest[0] == "group" else rest
        found.add(name)
        if rest[:1] != [","]:
            break
        rest = rest[1:]
    return {name for name in found - _NO_ROLES if not name.startswith("pg_")}


def _pieces_without(
    statements: cabc.Iterable[Statement], length: int
) -> cabc.Iterator[Piece]:
    """Yield what is between the statements, which their semicolons stay in."""
    position = 0
    for statement in statements:
        yield position, statement.start
        position = statement.end
    yield position, length


def _warnings(owned: list[Statement], path: str) -> cabc.Iterator[str]:
    if owned:
        yield (
            f"{path}:{owned[0].line}: {len(owned)} statements about owners are left"
            " out, as pg_dump --no-owner leaves them out: everything belongs to the"
            " role that the audit migrates as."
        )
