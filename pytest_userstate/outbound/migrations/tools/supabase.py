"""Supabase's layout: a flat folder of ``<digits>_<name>.sql``, on its platform.

The rules are those of Supabase's command line tool 2 (``pkg/migration/list.go``,
``file.go``, ``apply.go`` and ``history.go`` of ``apps/cli-go``). What the platform
provides is in ``platforms/supabase.sql``.
"""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re

import attrs

from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    Confidence,
    Options,
    ProjectFile,
    label,
    read_sql,
)
from pytest_userstate.outbound.migrations.plan import Batch, Migration, Mode, Plan
from pytest_userstate.outbound.migrations.sql import statements
from pytest_userstate.outbound.migrations.tools.reader import (
    Order,
    SqlFile,
    SqlLayout,
)

_ROLES = "roles.sql"
_ROLE = "postgres"  # which is no superuser there, and so not here
_PLATFORM = pathlib.Path(__file__).parent / "platforms" / "supabase.sql"
_TABLE_MADE = re.compile(r"^CREATE TABLE (\w+\.\w+)", re.MULTILINE)
# What the platform lets postgres do, which here takes other roles, or is not done:
# an event trigger would also fire, and run as superuser, for the scripts of extensions.
_NOT_DONE = "SELECT"
_BY_THE_PLATFORM = "SELECT extensions.run_as_the_platform($1)"
_BY_THE_SERVICES = "SELECT extensions.run_as_the_services($1)"
_CHANGES = ("create", "alter", "drop")
_GRANTED = frozenset(
    {*((change, "policy") for change in _CHANGES), ("drop", "trigger")}
)
_SERVICES = frozenset({"auth", "realtime", "storage"})


def _folder_beside(
    project_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the folder ``migrations`` beside ``config.toml``, if there is one."""
    del base
    folder = project_file.parent / "migrations"
    return folder if folder.is_dir() else None


class SupabaseLayout(SqlLayout):
    """The layout of Supabase's command line tool."""

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Judge by the folder's own place, since names are those of others, too."""
        confidence = super().recognizes(path)
        is_in_place = (path.parent.name, path.name) == ("supabase", "migrations")
        return Confidence.CERTAIN if confidence and is_in_place else confidence

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all files by name, after the roles that the project declares."""
        plan = super().load(path, base, options)
        triggers = [
            warning
            for migration in plan.migrations
            for warning in _event_triggers(migration)
        ]
        platform = _PLATFORM.read_text("utf-8")
        own = _TABLE_MADE.findall(platform)
        roles = path.parent / _ROLES
        before = [_read_roles(roles, base)] if roles.is_file() else []
        return attrs.evolve(
            plan,
            migrations=(*before, *plan.migrations),
            platform=platform,
            role=_ROLE,
            bookkeeping_tables=plan.bookkeeping_tables | frozenset(own),
            warnings=(*plan.warnings, *triggers),
        )

    def _is_apart(self, file: SqlFile, sql: str, text: str) -> bool:
        """On the platform such a statement has to be the first of its file."""
        del file, text
        return any("concurrently" in statement.words for statement in statements(sql))

    def _migration(self, file: SqlFile, table: str, options: Options) -> Migration:
        migration = super()._migration(file, table, options)
        [batch] = migration.batches
        return attrs.evolve(migration, batches=(_on_the_platform(batch),))


def _read_roles(file: pathlib.Path, base: pathlib.Path) -> Migration:
    """Read ``roles.sql``, which is run first and recorded nowhere."""
    path = label(file, base)
    batch = Batch(sql=read_sql(file, path), mode=Mode.PIECES)
    return Migration(version="roles", path=path, batches=(_on_the_platform(batch),))


def _on_the_platform(batch: Batch) -> Batch:
    """Return a batch with what the platform does in place of its statements."""
    substitutes = []
    for statement in statements(batch.sql):
        if granted := _granted(statement.words):
            values = (statement.text,) if granted != _NOT_DONE else ()
            substitutes.append(((statement.start, statement.end), (granted, values)))
    return attrs.evolve(batch, substitutes=tuple(substitutes))


def _is_of_event_trigger(words: tuple[str, ...]) -> bool:
    """Whether a statement is about an event trigger."""
    subject = words[2:] if words[:2] == ("comment", "on") else words[1:]
    return words[0] in {*_CHANGES, "comment"} and subject[:2] == ("event", "trigger")


def _event_triggers(migration: Migration) -> cabc.Iterator[str]:
    """Yield a warning for each event trigger, none of which is made."""
    [batch] = migration.batches
    for statement in statements(batch.sql):
        if statement.words[0] == "create" and _is_of_event_trigger(statement.words):
            yield (
                f"{migration.path}:{statement.line}: the event trigger"
                f" {statement.words[3]} is not made, since it would fire for the"
                " platform's own statements, too: what it would do at a later"
                " statement (such as enabling row level security) is not in the"
                " audited schema."
            )


def _granted(words: tuple[str, ...]) -> str:
    """Return what runs a statement that postgres may run without owning the object.

    That is to create, alter and drop extensions, and to change policies and drop
    triggers on the tables of the services; empty for all others.
    """
    if _is_of_event_trigger(words):
        return _NOT_DONE
    if words[1:2] == ("extension",) and words[0] in _CHANGES:
        return _BY_THE_PLATFORM
    if words[:2] not in _GRANTED or "on" not in words:
        return ""
    schema, dot = (*words[words.index("on") + 1 :], "", "")[:2]
    return _BY_THE_SERVICES if schema in _SERVICES and dot == "." else ""


LAYOUT = SupabaseLayout(
    name="supabase",
    expects="files named <digits>_<name>.sql, on Supabase's roles and schemas",
    names=r"(?P<version>[0-9]+)_(?P<title>[^\n]*)\.sql",
    order=Order.NAME,
    takes_all=True,
    by_names=Confidence.POSSIBLE,
    project_files=(ProjectFile("supabase/config.toml", _folder_beside),),
    options=(),
    mode=Mode.PIECES,
    tolerates_commit=True,
    table="supabase_migrations.schema_migrations",
    columns="version text NOT NULL PRIMARY KEY, statements text[], name text",
    before=("RESET ALL",),
    record=("INSERT INTO {table} (version, name) VALUES ($1, $2)",),
    advice_on_transactions="Supabase sends the statements of a file together with the"
    " row that records it, which the server makes one transaction. A statement such as"
    " CREATE INDEX CONCURRENTLY has to be the first in its file, and best the only"
    " one.",
)
