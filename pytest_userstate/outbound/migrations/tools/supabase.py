"""Supabase's layout: a flat folder of ``<digits>_<name>.sql``, on its platform.

The rules are those of Supabase's command line tool 2 (``pkg/migration/list.go``,
``file.go``, ``apply.go`` and ``history.go`` of ``apps/cli-go``). What the platform
provides is in ``platforms/supabase.sql``.
"""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re
import typing as typ

from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    Confidence,
    LayoutDefaults,
    Options,
    ProjectFile,
    label,
    listing,
    read_sql,
    refuse_duplicates,
    visible,
)
from pytest_userstate.outbound.migrations.plan import (
    Batch,
    Command,
    Migration,
    Mode,
    Plan,
)
from pytest_userstate.outbound.migrations.sql import statements

if typ.TYPE_CHECKING:
    from pytest_userstate.domain.drafts import DraftFile
    from pytest_userstate.outbound.migrations.next_files import NewMigration

_NAME = re.compile(r"([0-9]+)_([^\n]*)\.sql")
# The first file, of this name and before this time, was written by old versions of
# the tool itself, and is left out.
_FIRST = re.compile(r"([0-9]{14})_init\.sql")
_BEFORE = 2021_12_09_00_00_00
_SCHEMA = "supabase_migrations"
_TABLE = "schema_migrations"
_ROLES = "roles.sql"
_ROLE = "postgres"  # which is no superuser there, and so not here
_PLATFORM = pathlib.Path(__file__).parent / "platforms" / "supabase.sql"
_TABLE_MADE = re.compile(r"^CREATE TABLE (\w+\.\w+)", re.MULTILINE)
_PREPARE = f"""\
CREATE SCHEMA IF NOT EXISTS {_SCHEMA};
CREATE TABLE IF NOT EXISTS {_SCHEMA}.{_TABLE} (version text NOT NULL PRIMARY KEY);
ALTER TABLE {_SCHEMA}.{_TABLE} ADD COLUMN IF NOT EXISTS statements text[];
ALTER TABLE {_SCHEMA}.{_TABLE} ADD COLUMN IF NOT EXISTS name text"""
_RECORD = f"""\
INSERT INTO {_SCHEMA}.{_TABLE} (version, name, statements) VALUES ($1, $2, $3)"""  # noqa: S608 - constant
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
_BEFORE_EACH: Command = ("RESET ALL", ())
_ADVICE = (
    "Supabase sends the statements of a file together with the row that records it,"
    " which the server makes one transaction. A statement such as CREATE INDEX"
    " CONCURRENTLY has to be the first in its file, and best the only one."
)


def _folder_beside(
    project_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the folder ``migrations`` beside ``config.toml``, if there is one."""
    del base
    folder = project_file.parent / "migrations"
    return folder if folder.is_dir() else None


class SupabaseLayout(LayoutDefaults):
    """The layout of Supabase's command line tool."""

    name = "supabase"
    expects = "files named <digits>_<name>.sql, on Supabase's roles and schemas"
    project_files = (ProjectFile("supabase/config.toml", _folder_beside),)

    def next_files(self, new: NewMigration) -> tuple[DraftFile, ...]:
        """Return the file of the next migration, with a version that is one higher."""
        return new.numbered()

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Judge by the folder's own place, since names are those of others, too."""
        named = any(_NAME.fullmatch(entry.name) for entry in visible(path))
        is_in_place = (path.parent.name, path.name) == ("supabase", "migrations")
        if not named:
            return Confidence.NONE
        return Confidence.CERTAIN if is_in_place else Confidence.POSSIBLE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all files by name, after the roles that the project declares."""
        del options  # there are none
        files, warnings = _files(path, base)
        migrations = [_read(file, base) for file in files]
        refuse_duplicates(migrations, "Supabase", label(path, base))
        for migration in migrations:
            warnings += _event_triggers(migration)
        roles = path.parent / _ROLES
        before = [_read_roles(roles, base)] if roles.is_file() else []
        platform = _PLATFORM.read_text("utf-8")
        return Plan(
            layout=self.name,
            migrations=(*before, *migrations),
            platform=platform,
            role=_ROLE,
            prepare=_PREPARE,
            bookkeeping_tables=frozenset(
                {f"{_SCHEMA}.{_TABLE}", *_TABLE_MADE.findall(platform)}
            ),
            advice_on_transactions=_ADVICE,
            warnings=tuple(warnings),
        )


def _files(
    folder: pathlib.Path, base: pathlib.Path
) -> tuple[list[pathlib.Path], list[str]]:
    """Return the migrations in order, and what to say of the files left out."""
    files, warnings = [], []
    for number, entry in enumerate(listing(folder, label(folder, base))):
        path = label(entry.path, base)
        if entry.is_dir(follow_symlinks=False):
            continue
        first = _FIRST.search(entry.name)
        if number == 0 and first and int(first[1]) < _BEFORE:
            warnings.append(
                f"{path} is left out, as Supabase leaves it out: the first file is of"
                " its own, from before 2021-12-09, when it is called init."
            )
        elif _NAME.fullmatch(entry.name):
            files.append(pathlib.Path(entry.path))
        elif entry.name.endswith(".sql"):
            warnings.append(
                f"{path} is left out, as Supabase leaves it out: its name is not"
                " <digits>_<name>.sql."
            )
    return files, warnings


def _read(file: pathlib.Path, base: pathlib.Path) -> Migration:
    match = _NAME.fullmatch(file.name)
    version, name = match.groups() if match else ("", "")
    path = label(file, base)
    sql = read_sql(file, path)
    record = (_RECORD, (version, name, _array(_texts(sql))))
    return Migration(
        version=version,
        path=path,
        batches=(_batch(sql, record),),
        before=(_BEFORE_EACH,),
    )


def _read_roles(file: pathlib.Path, base: pathlib.Path) -> Migration:
    """Read ``roles.sql``, which is run first and recorded nowhere."""
    path = label(file, base)
    sql = read_sql(file, path)
    return Migration(version="roles", path=path, batches=(_batch(sql),))


def _batch(sql: str, *record: Command) -> Batch:
    return Batch(
        sql=sql,
        mode=Mode.PIPELINE,
        in_transaction=False,
        substitutes=tuple(
            (
                (statement.start, statement.end),
                (granted, (statement.text,) * (granted != _NOT_DONE)),
            )
            for statement in statements(sql)
            if (granted := _granted(statement.words))
        ),
        record=record,
    )


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


def _texts(sql: str) -> cabc.Iterator[str]:
    """Return what the tool keeps of each statement, with the comments before it."""
    position = 0
    for statement in statements(sql):
        yield sql[position : statement.end].strip().lstrip(";").strip()
        position = statement.end
    rest = sql[position:].strip().strip(";").strip()
    if rest:
        yield rest


def _array(texts: cabc.Iterable[str]) -> str:
    """Return an array as PostgreSQL reads it."""
    escaped = (text.replace("\\", r"\\").replace('"', r"\"") for text in texts)
    return "{" + ",".join(f'"{text}"' for text in escaped) + "}"


LAYOUT = SupabaseLayout()
