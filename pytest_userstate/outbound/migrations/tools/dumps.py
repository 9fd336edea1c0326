"""Files with a whole schema: what pg_dump writes, and Rails' ``db/structure.sql``.

They are run as psql would load them. Who owns what is left out, as ``pg_dump
--no-owner`` leaves it out: an ordinary role can give things only to roles that it
belongs to. Roles that a file grants to are made without login if they are missing.

The rules about Rails' file are those of Rails 8 (Active Record's
``tasks/postgresql_database_tasks.rb``, ``tasks/database_tasks.rb``, and
``internal_metadata.rb``). The migrations themselves are Ruby; the file also holds
the rows of ``schema_migrations``.
"""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re

import attrs

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import (
    Confidence,
    LayoutDefaults,
    ProjectFile,
    label,
    masked,
    read_sql,
)
from pytest_userstate.outbound.migrations.options import NO_OPTIONS, Options
from pytest_userstate.outbound.migrations.plan import (
    Batch,
    Migration,
    Mode,
    Piece,
    Plan,
)
from pytest_userstate.outbound.migrations.sql import Statement, script

_ARCHIVE = b"PGDMP"
_ABOUT_ROLES = re.compile(
    r"owner\s+to|grant|revoke|authorization|default\s+privileges|policy"
    r"|comment\s+on\s+extension",
    re.IGNORECASE,
)
_NO_ROLES = frozenset(
    {"public", "current_user", "session_user", "current_role", "none", "group"}
)
_ADVICE = (
    "The file is run as psql runs it, statement by statement: one that cannot be in a"
    " transaction must not be between BEGIN and COMMIT."
)
_FILE = "structure.sql"
_VERSIONS = "schema_migrations"
_METADATA = "ar_internal_metadata"
_CREATE = f"""\
CREATE TABLE IF NOT EXISTS "{_METADATA}" (
    "key" character varying NOT NULL PRIMARY KEY,
    "value" character varying,
    "created_at" timestamp(6) NOT NULL,
    "updated_at" timestamp(6) NOT NULL
)"""
_SET = f"""\
INSERT INTO "{_METADATA}" ("key", "value", "created_at", "updated_at")
VALUES ('environment', 'test', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
ON CONFLICT ("key") DO UPDATE
SET "value" = excluded."value", "updated_at" = excluded."updated_at"
"""  # noqa: S608 - a constant


class PgDumpLayout(LayoutDefaults):
    """The layout of a file that holds a whole schema."""

    name = "pg_dump"
    expects = "no folder, but one SQL file, such as pg_dump writes"
    takes_a_file = True

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Take any file: nothing else could be done with it."""
        return Confidence.FALLBACK if path.is_file() else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read the file."""
        del options  # there are none
        dump = _dump_in(path, base)
        return Plan(
            layout=self.name,
            migrations=(dump.migration,),
            roles=dump.roles,
            advice_on_transactions=_ADVICE,
            warnings=dump.warnings,
        )


class StructureLayout(LayoutDefaults):
    """The layout of Rails with ``config.active_record.schema_format = :sql``."""

    name = "structure"
    expects = f"no folder, but Rails' file db/{_FILE}"
    project_files = (ProjectFile(f"db/{_FILE}", lambda file, _: file),)
    takes_a_file = True

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Judge by the file's name."""
        is_one = path.is_file() and path.name.endswith(_FILE)
        return Confidence.CERTAIN if is_one else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read the file, and what Rails does once it has loaded it."""
        del options  # there are none
        dump = _dump_in(path, base)
        return Plan(
            layout=self.name,
            migrations=(dump.migration,),
            roles=dump.roles,
            finish=((_CREATE, ()), (_SET, ())),
            bookkeeping_tables=frozenset({_VERSIONS, _METADATA}),
            separate_sessions=True,
            advice_on_transactions=_ADVICE,
            warnings=dump.warnings,
        )


@attrs.frozen
class _Dump:
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


def _dump_in(file: pathlib.Path, base: pathlib.Path) -> _Dump:
    """Read the file."""
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
    return _Dump(
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
        several = "statement" if len(owned) == 1 else "statements"
        yield (
            f"{path}:{owned[0].line}: {len(owned)} {several} about owners left out, as"
            " pg_dump --no-owner leaves them out: everything belongs to the"
            " role that the audit migrates as."
        )


PG_DUMP = PgDumpLayout()
STRUCTURE = StructureLayout()
