"""Tools whose files have sections between comments: data beside one reader.

The rules are those of rubenv/sql-migrate (``sqlparse/sqlparse.go``, ``migrate.go``),
jackc/tern 2 (``migrate/migrate.go``), node-pg-migrate 7 (``sqlMigration.ts``,
``runner.ts``), MyBatis Migrations (``MigrationReader.java``), Graphile Migrate
(``src/migration.ts``), Atlas (``sql/migrate/dir.go``, ``lex.go``), Liquibase
(``FormattedSqlChangeLogParser.java``), and Hasura's command line tool
(``cli/migrate``), each as far as it decides which SQL runs, in which order, and in
which transaction.
"""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import re

import attrs

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import (
    Confidence,
    LayoutDefaults,
    label,
    listing,
    masked,
    read_sql,
    visible,
)
from pytest_userstate.outbound.migrations.options import NO_OPTIONS, Options
from pytest_userstate.outbound.migrations.plan import (
    Batch,
    Migration,
    Mode,
    Piece,
    Plan,
)
from pytest_userstate.outbound.migrations.tools.files import refuse_duplicates, text_of

_NUMBERS = re.compile(r"([0-9]+)")


def _natural(name: str) -> tuple[object, ...]:
    """Return a key by which digits are compared as numbers."""
    parts = _NUMBERS.split(name)
    return (*(int(part) if part.isdecimal() else part for part in parts), name)


def _line(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of whole lines."""
    return re.compile(rf"^(?:{pattern})[^\n]*\n?", re.IGNORECASE | re.MULTILINE)


@attrs.frozen(kw_only=True, slots=False, eq=False)
class SectionedLayout(LayoutDefaults):
    """One tool: how its files are named, divided, ordered, and recorded."""

    name: str
    expects: str
    names: re.Pattern[str]
    """Names of migrations; the first group is the version, if it has one."""
    sign: re.Pattern[str] | None = None
    """Text of the tool's own; without it, the lines that divide are the sign."""
    sign_file: str = ""
    """A file of the tool's own in the folder; others may use it as well."""
    script: str = ""
    """The file in the folder of each migration, if migrations are folders."""
    up: re.Pattern[str] | None = None
    """Begins what is sent; without it, that begins with the file."""
    down: re.Pattern[str] | None = None
    """Ends it; looked for before `up`."""
    untransacted: re.Pattern[str] | None = None
    """Says that the file runs outside of a transaction."""
    mode: Mode = Mode.WHOLE
    key: cabc.Callable[[str], object] = _natural
    table: str
    columns: str
    record: str
    note: str = ""
    """What a reader should know about how the order was found."""

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Judge by the first migration's text, or by the tool's own file."""
        files = self._files(visible(path))
        if not files:
            return Confidence.NONE
        if self.sign_file:
            is_there = (path / self.sign_file).is_file()
            return Confidence.FALLBACK if is_there else Confidence.NONE
        if self.script:
            return Confidence.CERTAIN
        text = text_of(next(iter(files.values())))
        signs = filter(None, (self.sign,) if self.sign else (self.up, self.down))
        return (
            Confidence.CERTAIN
            if any(sign.search(text) for sign in signs)
            else Confidence.NONE
        )

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read the sections that go up, in the tool's order."""
        del options  # there are none
        files = self._files(listing(path, label(path, base)))
        migrations = tuple(
            self._migration(name, files[name], base)
            for name in sorted(files, key=self.key)  # type: ignore[arg-type] # each tool's keys compare
        )
        refuse_duplicates(migrations, self.name, outcome="refuses the folder")
        schema, _, _ = self.table.rpartition(".")
        return Plan(
            layout=self.name,
            migrations=migrations,
            prepare=(f"CREATE SCHEMA IF NOT EXISTS {schema};\n" if schema else "")
            + f"CREATE TABLE IF NOT EXISTS {self.table} ({self.columns})",
            bookkeeping_tables=frozenset({self.table}),
            warnings=(self.note,) if self.note and migrations else (),
        )

    def _files(
        self, entries: cabc.Iterable[os.DirEntry[str]]
    ) -> dict[str, pathlib.Path]:
        """Return the files that the tool takes for migrations, by name."""
        files = {}
        for entry in entries:
            file = pathlib.Path(entry.path, self.script) if self.script else entry
            if self.names.fullmatch(entry.name) and pathlib.Path(file).is_file():
                files[entry.name] = pathlib.Path(file)
        return files

    def _migration(
        self, name: str, file: pathlib.Path, base: pathlib.Path
    ) -> Migration:
        path = label(file, base)
        sql = read_sql(file, path)
        pieces = self._pieces(sql)
        if self.up is not None and not pieces:
            message = (
                f"{path}: there is no section that goes up; {self.name} runs nothing of"
                f" the file.\nExpected is {self.expects}."
            )
            raise MigrationError(message, path=path)
        match = self.names.fullmatch(name)
        version = match[1] if match and match.groups() else name.removesuffix(".sql")
        is_apart = self.untransacted is not None and self.untransacted.search(sql)
        return Migration(
            version=version,
            path=path,
            batches=(
                Batch(
                    sql=masked(sql, pieces),
                    mode=self.mode,
                    in_transaction=not is_apart,
                    record=((f"INSERT INTO {self.table} {self.record}", (version,)),),
                ),
            ),
        )

    def _pieces(self, sql: str) -> list[Piece]:
        """Return what is between the lines that begin and end what is sent."""
        marks: list[tuple[int, int, bool]] = []
        for pattern, is_up in ((self.down, False), (self.up, True)):
            for match in pattern.finditer(sql) if pattern else ():
                if not any(match.start() == start for start, _, _ in marks):
                    marks.append((match.start(), match.end(), is_up))
        pieces: list[Piece] = []
        start = None if self.up else 0
        for begin, end, is_up in sorted(marks):
            if start is not None:
                pieces.append((start, begin))
            start = end if is_up else None
        if start is not None:
            pieces.append((start, len(sql)))
        return pieces


SQL_MIGRATE = SectionedLayout(
    name="sql-migrate",
    expects="SQL files, each with the line: -- +migrate Up",
    names=re.compile(r".+\.sql"),
    up=_line(r"--[ \t]*\+migrate[ \t]+up\b"),
    down=_line(r"--[ \t]*\+migrate[ \t]+down\b"),
    untransacted=_line(r"--[ \t]*\+migrate[ \t]+up[^\n]*\bnotransaction\b"),
    mode=Mode.PIECES,
    table="gorp_migrations",
    columns="id text NOT NULL PRIMARY KEY, applied_at timestamptz",
    record="VALUES ($1, now())",
)
TERN = SectionedLayout(
    name="tern",
    expects="files named <number>_<name>.sql, with ---- create above / drop below ----",
    names=re.compile(r"([0-9]+)_.+\.sql"),
    down=_line(r"---- create above / drop below ----"),
    untransacted=_line(r"---- tern: disable-tx ----"),
    table="schema_version",
    columns="version int4 NOT NULL",
    record="VALUES ($1::int4)",
)
NODE_PG_MIGRATE = SectionedLayout(
    name="node-pg-migrate",
    expects="SQL files, each with the line: -- Up Migration",
    names=re.compile(r"(?!.*\.down\.sql)[0-9]+[_-].+\.sql"),
    up=_line(r"--+[ \t]*up migration\b"),
    down=_line(r"--+[ \t]*down migration\b"),
    table="pgmigrations",
    columns="id serial PRIMARY KEY, name varchar(255) NOT NULL,"
    " run_on timestamp NOT NULL",
    record="(name, run_on) VALUES ($1, now())",
)
MYBATIS = SectionedLayout(
    name="mybatis",
    expects="files named <number>_<name>.sql, with the line: -- //@UNDO",
    names=re.compile(r"([0-9]+)_.+\.sql"),
    down=_line(r"--[ \t]*//[ \t]*@undo\b"),
    mode=Mode.PIECES,
    table="changelog",
    columns="id numeric(20, 0) NOT NULL PRIMARY KEY, applied_at varchar(25) NOT NULL,"
    " description varchar(255) NOT NULL",
    record="VALUES ($1::numeric, now()::timestamp(0)::text, '')",
)
GRAPHILE = SectionedLayout(
    name="graphile-migrate",
    expects="files named <six digits>[-<name>].sql that begin with --! Previous",
    names=re.compile(r"([0-9]{6})(?:-.*)?\.sql"),
    sign=_line(r"--!\s*previous:"),
    untransacted=_line(r"--!\s*no-transaction\b"),
    table="graphile_migrate.migrations",
    columns="filename text NOT NULL PRIMARY KEY, date timestamptz NOT NULL",
    record="VALUES ($1, now())",
)
ATLAS = SectionedLayout(
    name="atlas",
    expects="SQL files that atlas.sum lists, in the order of their names",
    names=re.compile(r"([0-9][^_]*)(?:_.*)?\.sql"),
    sign_file="atlas.sum",
    untransacted=_line(r"--[ \t]*atlas:txmode[ \t]+none\b"),
    mode=Mode.PIECES,
    key=str,
    table="atlas_schema_revisions.atlas_schema_revisions",
    columns="version varchar NOT NULL PRIMARY KEY, executed_at timestamptz NOT NULL",
    record="VALUES ($1, now())",
)
LIQUIBASE = SectionedLayout(
    name="liquibase",
    expects="SQL files that begin with --liquibase formatted sql",
    names=re.compile(r".+\.sql"),
    sign=_line(r"--[ \t]*liquibase formatted sql"),
    up=_line(r"--[ \t]*changeset\b"),
    down=_line(r"--[ \t]*changeset\b(?=[^\n]*\bdbms:)(?![^\n]*\bdbms:\S*postgresql)"),
    untransacted=_line(r"--[ \t]*changeset\b[^\n]*\brunInTransaction:false\b"),
    mode=Mode.PIECES,
    key=str,
    table="databasechangelog",
    columns="id varchar(255) NOT NULL, dateexecuted timestamp NOT NULL",
    record="VALUES ($1, now())",
    note="changelogs of Liquibase run in the order of their names, as includeAll runs"
    " them; another order that a master changelog gives is not read",
)
HASURA = SectionedLayout(
    name="hasura",
    expects="a folder per migration named <13 digits>_<name>, each with an up.sql",
    names=re.compile(r"([0-9]{13})(?:_.*)?"),
    script="up.sql",
    table="hdb_catalog.schema_migrations",
    columns="version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL",
    record="VALUES ($1::bigint, false)",
)
