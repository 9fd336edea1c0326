"""Drizzle's layout: SQL files that a journal lists, cut at breakpoints.

The rules are those of drizzle-orm (``drizzle-orm/src/migrator.ts`` and
``pg-core/dialect.ts``): a file that ``meta/_journal.json`` does not list is never
applied. Since drizzle-kit 1.0 there is no journal, but a folder for each migration,
with ``migration.sql`` and ``snapshot.json`` in it, sorted by name.

Drizzle applies all of them in one transaction. Here each has its own, so that an
error leaves the earlier ones to be looked at.
"""

from __future__ import annotations

import collections.abc as cabc
import json
import pathlib
import re

import attrs

from pytest_userstate.domain.drafts import DraftFile
from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    Confidence,
    LayoutDefaults,
    Options,
    ProjectFile,
    label,
    listing,
    read_sql,
    text_of,
    visible,
)
from pytest_userstate.outbound.migrations.next_files import NewMigration
from pytest_userstate.outbound.migrations.plan import (
    Batch,
    Migration,
    Mode,
    Piece,
    Plan,
)

_JOURNAL = "meta/_journal.json"
_SCRIPT, _SNAPSHOT = "migration.sql", "snapshot.json"
_BREAKPOINT = re.compile(r"--> statement-breakpoint")
_OUT = re.compile(r"""\bout\s*:\s*["'`]([^"'`]+)["'`]""")
_DIALECT = re.compile(r"""\bdialect\s*:\s*["'`]([^"'`]+)["'`]""")
_POSTGRESQL = frozenset({"postgresql", "pg"})
_TABLE = "__drizzle_migrations"
_PREPARE = f"""\
CREATE SCHEMA IF NOT EXISTS drizzle;
CREATE TABLE IF NOT EXISTS drizzle.{_TABLE} (
    id SERIAL PRIMARY KEY,
    hash text NOT NULL,
    created_at bigint
)"""
_RECORD = f"INSERT INTO drizzle.{_TABLE} (hash, created_at) VALUES ($1, $2)"  # noqa: S608 - constant
_ADVICE = (
    "Drizzle applies all migrations in one transaction: a statement such as CREATE"
    " INDEX CONCURRENTLY cannot be a migration of Drizzle's."
)


def _folder_named_by(
    project_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the folder that ``out`` names in a literal, or ``drizzle`` beside it."""
    del base
    text = text_of(project_file)
    dialect = _DIALECT.search(text)
    if dialect is not None and dialect[1] not in _POSTGRESQL:
        return None  # of another database
    out = _OUT.search(text)
    folder = project_file.parent / (out[1] if out else "drizzle")
    return folder if LAYOUT.recognizes(folder) else None


class DrizzleLayout(LayoutDefaults):
    """The layout of drizzle-kit, as drizzle-orm's migrator reads it."""

    name = "drizzle"
    expects = f"SQL files and the {_JOURNAL} that lists those that are applied"
    project_files = tuple(
        ProjectFile(f"drizzle.config.{suffix}", _folder_named_by)
        for suffix in ("ts", "js", "mts", "mjs", "cts", "cjs", "json")
    )

    def next_files(self, new: NewMigration) -> tuple[DraftFile, ...]:
        """Return the file of the next migration, and the journal with its entry."""
        journal = new.folder / _JOURNAL
        file, *_ = new.numbered()
        if not journal.is_file():
            return (file,)
        document = json.loads(journal.read_text("utf-8"))
        entries = document["entries"]
        last = entries[-1] if entries else {}
        entry = {
            "version": document.get("version", "7"),
            "breakpoints": True,
            **last,
            "idx": len(entries),
            "when": int(last.get("when", 0)) + 1,
            "tag": file.path.removesuffix(".sql"),
        }
        whole = {**document, "entries": [*entries, entry]}
        return file, DraftFile(
            path=_JOURNAL,
            text=f"{json.dumps(whole, indent=2)}\n",
            added=f"{json.dumps(entry, indent=2)}\n",
        )

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Whether there is a journal, or a snapshot beside a script."""
        is_one = (path / _JOURNAL).is_file() or any(
            (folder / _SNAPSHOT).is_file() for folder in _script_folders(path)
        )
        return Confidence.CERTAIN if is_one else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read what the journal lists, in its order."""
        del options  # there are none
        journal = path / _JOURNAL
        if journal.is_file():
            entries = _entries(journal, label(journal, base))
            files = {entry: path / f"{entry.tag}.sql" for entry in entries}
        else:
            files = {
                _Entry(folder.name): folder / _SCRIPT
                for folder in _script_folders(path)
            }
        return Plan(
            layout=self.name,
            migrations=tuple(
                _migration(entry, file, base) for entry, file in files.items()
            ),
            prepare=_PREPARE,
            bookkeeping_tables=frozenset({f"drizzle.{_TABLE}"}),
            tolerates_commit=True,
            advice_on_transactions=_ADVICE,
            warnings=tuple(_not_applied(path, set(files.values()), base)),
        )


@attrs.frozen
class _Entry:
    """What the journal says about a migration."""

    tag: str
    when: int = 0


def _entries(journal: pathlib.Path, path: str) -> list[_Entry]:
    """Read the journal, which has to be of PostgreSQL."""
    try:
        document = json.loads(journal.read_text("utf-8"))
        entries = [
            _Entry(str(entry["tag"]), int(entry.get("when", 0)))
            for entry in document["entries"]
        ]
        if paths := [entry.tag for entry in entries if "/" in entry.tag]:
            message = f"a tag is the name of a file, not {paths[0]!r}"
            raise ValueError(message)  # noqa: TRY301 - one message for all of them
        dialect = str(document.get("dialect", "postgresql"))
    except (
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
    ) as error:
        message = (
            f"{path} cannot be read as a journal of Drizzle's: {error!r}.\n"
            "drizzle-kit generate writes it."
        )
        raise MigrationError(message, path=path) from error
    if dialect not in _POSTGRESQL:
        message = (
            f"{path}: the dialect is {dialect!r}.\nOnly migrations of the dialect"
            " postgresql can be applied to PostgreSQL."
        )
        raise MigrationError(message, path=path)
    return entries


def _script_folders(path: pathlib.Path) -> list[pathlib.Path]:
    """Return the folders with a script of the newer form, sorted by name."""
    return [
        pathlib.Path(entry.path)
        for entry in visible(path)
        if entry.is_dir() and pathlib.Path(entry.path, _SCRIPT).is_file()
    ]


def _migration(entry: _Entry, file: pathlib.Path, base: pathlib.Path) -> Migration:
    path = label(file, base)
    if not file.is_file():
        message = (
            f"{path} does not exist, and {label(file.parent / _JOURNAL, base)} lists"
            f" {entry.tag!r}.\nDrizzle stops there. Restore the file, or remove the"
            " entry (drizzle-kit drop)."
        )
        raise MigrationError(message, path=path)
    sql = read_sql(file, path)
    return Migration(
        version=entry.tag,
        path=path,
        batches=(
            Batch(
                sql=sql,
                mode=Mode.PIECES,
                pieces=tuple(_pieces(sql)),
                record=((_RECORD, (entry.tag, str(entry.when))),),
            ),
        ),
    )


def _pieces(sql: str) -> cabc.Iterator[Piece]:
    """Yield what is between breakpoints, if it is more than white space."""
    start = 0
    for match in (*_BREAKPOINT.finditer(sql), None):
        end = match.start() if match else len(sql)
        if sql[start:end].strip():
            yield start, end
        start = match.end() if match else end


def _not_applied(
    folder: pathlib.Path, applied: cabc.Container[pathlib.Path], base: pathlib.Path
) -> cabc.Iterator[str]:
    """Say which files of SQL are left out."""
    for entry in listing(folder, label(folder, base)):
        file = folder / entry.name
        if entry.name.endswith(".sql") and entry.is_file() and file not in applied:
            yield (
                f"{label(file, base)} is left out, as Drizzle leaves it out:"
                f" {_JOURNAL} does not list it."
            )


LAYOUT = DrizzleLayout()
