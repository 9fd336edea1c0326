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
    Options,
    ProjectFile,
    label,
    text_of,
    visible,
)
from pytest_userstate.outbound.migrations.next_files import NewMigration
from pytest_userstate.outbound.migrations.plan import (
    Migration,
    Mode,
    Piece,
    Plan,
)
from pytest_userstate.outbound.migrations.tools.reader import Order, SqlFile, SqlLayout

_JOURNAL = "meta/_journal.json"
_SCRIPT, _SNAPSHOT = "migration.sql", "snapshot.json"
_BREAKPOINT = re.compile(r"--> statement-breakpoint")
_OUT = re.compile(r"""\bout\s*:\s*["'`]([^"'`]+)["'`]""")
_DIALECT = re.compile(r"""\bdialect\s*:\s*["'`]([^"'`]+)["'`]""")
_POSTGRESQL = frozenset({"postgresql", "pg"})


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


@attrs.frozen(kw_only=True, slots=False, eq=False)
class DrizzleLayout(SqlLayout):
    """The layout of drizzle-kit, as drizzle-orm's migrator reads it."""

    tags: tuple[str, ...] | None = None
    """What the journal lists; None if there is none."""

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
        journal = path / _JOURNAL
        if not journal.is_file():
            rules = attrs.evolve(self, names=r"(?P<version>.+)", script=_SCRIPT)
            return SqlLayout.load(rules, path, base, options)
        tags = _tags(journal, label(journal, base))
        for tag in tags:
            if not (path / f"{tag}.sql").is_file():
                file = label(path / f"{tag}.sql", base)
                message = (
                    f"{file} does not exist, and {label(journal, base)} lists {tag!r}."
                    "\nDrizzle stops there. Restore the file, or remove the entry"
                    " (drizzle-kit drop)."
                )
                raise MigrationError(message, path=file)
        names = "|".join(map(re.escape, tags)) or r"(?!)"
        rules = attrs.evolve(
            self, names=rf"(?P<version>{names})\.sql", tags=tuple(tags)
        )
        return SqlLayout.load(rules, path, base, options)

    def _sorted(self, files: cabc.Iterable[SqlFile]) -> list[SqlFile]:
        if self.tags is None:
            return super()._sorted(files)
        return sorted(files, key=lambda file: (self.tags or ()).index(file.version))

    def _migration(self, file: SqlFile, table: str, options: Options) -> Migration:
        migration = super()._migration(file, table, options)
        [batch] = migration.batches
        batch = attrs.evolve(batch, pieces=tuple(_pieces(batch.sql)))
        return attrs.evolve(migration, batches=(batch,))


def _tags(journal: pathlib.Path, path: str) -> list[str]:
    """Read the journal, which has to be of PostgreSQL."""
    try:
        document = json.loads(journal.read_text("utf-8"))
        tags = [str(entry["tag"]) for entry in document["entries"]]
        if paths := [tag for tag in tags if "/" in tag]:
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
    return tags


def _script_folders(path: pathlib.Path) -> list[pathlib.Path]:
    """Return the folders with a script of the newer form, sorted by name."""
    return [
        pathlib.Path(entry.path)
        for entry in visible(path)
        if entry.is_dir() and pathlib.Path(entry.path, _SCRIPT).is_file()
    ]


def _pieces(sql: str) -> cabc.Iterator[Piece]:
    """Yield what is between breakpoints, if it is more than white space."""
    start = 0
    for match in (*_BREAKPOINT.finditer(sql), None):
        end = match.start() if match else len(sql)
        if sql[start:end].strip():
            yield start, end
        start = match.end() if match else end


LAYOUT = DrizzleLayout(
    name="drizzle",
    expects=f"SQL files that {_JOURNAL} lists",
    names=r"(?P<version>.+)\.sql",
    order=Order.NAME,
    takes_all=True,
    project_files=tuple(
        ProjectFile(f"drizzle.config.{suffix}", _folder_named_by)
        for suffix in ("ts", "js", "mts", "mjs", "cts", "cjs", "json")
    ),
    options=(),
    mode=Mode.PIECES,
    tolerates_commit=True,
    advice_on_transactions="Drizzle applies all migrations in one transaction: a"
    " statement such as CREATE INDEX CONCURRENTLY cannot be a migration of Drizzle's.",
    table="drizzle.__drizzle_migrations",
    columns="id serial PRIMARY KEY, hash text NOT NULL, created_at bigint",
    record=(
        (
            "INSERT INTO {table} (hash, created_at)"
            " VALUES ($1, (extract(epoch FROM now()) * 1000)::bigint)"
        ),
    ),
)
