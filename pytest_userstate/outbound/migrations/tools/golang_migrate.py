"""golang-migrate's layout: ``<version>_<title>.up.sql`` and ``.down.sql``.

The rules are those of golang-migrate 4 (``source/parse.go``,
``source/migration.go``, ``source/iofs/iofs.go``, ``migrate.go``,
``database/postgres/postgres.go``, ``database/multistmt/parse.go``).
"""

from __future__ import annotations

import collections.abc as cabc
import itertools
import os
import pathlib
import re

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import (
    Confidence,
    LayoutDefaults,
    Manifest,
    label,
    listing,
    read_sql,
    visible,
)
from pytest_userstate.outbound.migrations.options import (
    NO_OPTIONS,
    Option,
    OptionKind,
    Options,
)
from pytest_userstate.outbound.migrations.plan import (
    Batch,
    Command,
    Migration,
    Mode,
    Piece,
    Plan,
)
from pytest_userstate.outbound.migrations.tools.files import left_out_programs

_TABLE = "schema_migrations"
_PREPARE = """\
CREATE TABLE IF NOT EXISTS {table} (
    version bigint NOT NULL PRIMARY KEY,
    dirty boolean NOT NULL
)"""
_NAME = re.compile(r"([0-9]+)_(.*)\.(down|up)\.(.*)")
_LARGEST = 2**63 - 1
_STATEMENT = re.compile(r"[^;]*;|[^;]+\Z")
_ON_TRANSACTIONS = (
    "golang-migrate opens no transaction of its own, but sends a file as one batch,"
    " which PostgreSQL makes a transaction. A statement such as CREATE INDEX"
    " CONCURRENTLY has to be the only one in its file; or, where the tool runs with"
    " x-multi-statement, say so: multi_statement = true beside path and layout."
)
_ON_PIECES = (
    "With multi_statement, golang-migrate ends a statement at every semicolon, also at"
    " one in quotes, in a comment, or in the body of a function. Such files need it"
    " off: multi_statement = false."
)
_IN_USE = r"\bmigrate/migrate\b|\bmigrate\b.*\s-(?:path|source|database)\b"


class GolangMigrateLayout(LayoutDefaults):
    """The layout of golang-migrate's command line tool and of its library."""

    name = "golang-migrate"
    expects = "files named <version>_<title>.up.sql, and .down.sql for the way back"
    manifests = (
        Manifest(
            "go.mod", r"^(?!.*// indirect).*\bgithub\.com/golang-migrate/migrate\b"
        ),
        Manifest("Makefile", _IN_USE),
        Manifest("compose.yaml", _IN_USE),
        Manifest("docker-compose.yml", _IN_USE),
        Manifest("docker-compose.yaml", _IN_USE),
    )
    options = (
        Option("multi_statement", OptionKind.FLAG),
        Option("table", OptionKind.TEXT),
    )

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Whether files are named so, which those of other tools may be too."""
        if any(_NAME.fullmatch(entry.name) for entry in visible(path)):
            return Confidence.POSSIBLE
        return Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all ways up, in the order of their versions."""
        name = options.text("table", _TABLE)
        schema, _, bare = name.rpartition(".")
        table = f'"{schema or "public"}"."{bare}"'
        is_split = options.flag("multi_statement")
        found = sorted(_files(path, base), key=lambda each: each[0])
        _refuse_duplicates(found, base)
        programs = [
            label(entry.path, base)
            for entry in visible(path)
            if (match := _NAME.fullmatch(entry.name))
            and (match[3], match[4]) == ("up", "go")
        ]
        migrations = []
        warnings = [*left_out_programs(programs, self.name)]
        for version, files in itertools.groupby(found, key=lambda each: each[0]):
            ways = {way: file for _, way, file in files}
            file = ways.get("up") or ways["down"]
            if "up" not in ways:
                warnings.append(
                    f"{label(file.path, base)} is a way back without a way up:"
                    f" golang-migrate counts version {version} as applied, and does"
                    " nothing for it."
                )
            migrations.append(
                Migration(
                    version=str(version),
                    path=label(file.path, base),
                    batches=(
                        _batch(file, base, is_split=is_split)
                        if "up" in ways
                        else Batch(sql="", in_transaction=False),
                    ),
                    before=_noting(table, version, dirty=True),
                    after=_noting(table, version, dirty=False),
                )
            )
        return Plan(
            layout=self.name,
            migrations=tuple(migrations),
            prepare=_PREPARE.format(table=table),
            bookkeeping_tables=frozenset({bare}),
            advice_on_transactions=_ON_TRANSACTIONS,
            advice_on_pieces=_ON_PIECES,
            warnings=tuple(warnings),
        )


_File = tuple[int, str, os.DirEntry[str]]


def _files(folder: pathlib.Path, base: pathlib.Path) -> cabc.Iterator[_File]:
    """Yield version, way, and entry of each file that the tool takes for its own."""
    for entry in listing(folder, label(folder, base)):
        match = _NAME.fullmatch(entry.name)
        if match is None or entry.is_dir() or entry.name.endswith(".go"):
            continue
        version, path = int(match[1]), label(entry.path, base)
        if version > _LARGEST:
            message = (
                f"{path}: the version {version} is too large for the bigint in which"
                f" golang-migrate keeps it\n(at most {_LARGEST}). Rename the file."
            )
            raise MigrationError(message, path=path)
        yield version, match[3], entry


def _refuse_duplicates(found: cabc.Sequence[_File], base: pathlib.Path) -> None:
    seen: dict[tuple[int, str], os.DirEntry[str]] = {}
    for version, way, entry in found:
        one = seen.setdefault((version, way), entry)
        if one is not entry:
            path = label(entry.path, base)
            message = (
                f"{label(one.path, base)}\nand {path}\nare both the way {way} of"
                f" version {version}. golang-migrate refuses the folder.\nRename one of"
                " the files."
            )
            raise MigrationError(message, path=path)


def _batch(file: os.DirEntry[str], base: pathlib.Path, *, is_split: bool) -> Batch:
    sql = read_sql(file.path, label(file.path, base), strips_byte_order_mark=False)
    if not is_split:
        return Batch(sql=sql, in_transaction=False)
    return Batch(sql=sql, mode=Mode.PIECES, pieces=_pieces(sql), in_transaction=False)


def _pieces(sql: str) -> tuple[Piece, ...]:
    """Cut a file at every semicolon, whatever it is part of."""
    return tuple(match.span() for match in _STATEMENT.finditer(sql) if match[0].strip())


def _noting(table: str, version: int, *, dirty: bool) -> tuple[Command, ...]:
    """Return what the tool does to remember a version, in one transaction."""
    return (
        (f"TRUNCATE {table}", ()),
        (
            f"INSERT INTO {table} (version, dirty) VALUES ($1, $2)",  # noqa: S608
            (str(version), str(dirty).lower()),
        ),
    )


LAYOUT = GolangMigrateLayout()
