"""The layout of sqlx: a flat folder of ``<version>_<description>.sql``.

The rules are those of sqlx 0.9 (``sqlx-core/src/migrate/source.rs``,
``migrator.rs``, ``migration_type.rs``, ``sqlx-postgres/src/migrate.rs`` and
``connection/establish.rs``).
"""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import re
import tomllib

import attrs

from pytest_userstate.domain.errors import (
    ConfigurationError,
    MigrationError,
    TargetNotFoundError,
)
from pytest_userstate.outbound.migrations.layout import (
    Confidence,
    LayoutDefaults,
    Manifest,
    ProjectFile,
    label,
    listing,
    read_sql,
    visible,
)
from pytest_userstate.outbound.migrations.options import NO_OPTIONS, Options
from pytest_userstate.outbound.migrations.plan import Batch, Migration, Plan
from pytest_userstate.outbound.migrations.tools.files import refuse_duplicates

_TABLE = "_sqlx_migrations"
_SETTINGS_FILE = "sqlx.toml"
_NUMBER = re.compile(r"[+-]?[0-9]+")
_LARGEST = 2**63 - 1
_WITHOUT_TRANSACTION = "-- no-transaction"
_MENTIONS_IT = re.compile(r"^[ \t]*--[ \t]*no[-_ ]?transaction\b", re.IGNORECASE)
_DOWN, _UP, _SUFFIX = ".down.sql", ".up.sql", ".sql"
# sqlx connects with these, and creates the table if need be.
_PREPARE = """\
SET TIME ZONE 'UTC';
SET DateStyle TO 'ISO, MDY';
SET extra_float_digits TO 2;
{schemas}CREATE TABLE IF NOT EXISTS {table} (
    version bigint PRIMARY KEY,
    description text NOT NULL,
    installed_on timestamptz NOT NULL DEFAULT now(),
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
)"""
# sqlx sets the time, in nanoseconds, only afterwards; the row is the same.
_RECORD = """\
INSERT INTO {table} (version, description, success, checksum, execution_time)
VALUES ($1, $2, TRUE, '',
    (extract(epoch FROM clock_timestamp() - now()) * 1000000000)::bigint)"""
_ADVICE = (
    "In sqlx's layout a migration runs outside of a transaction when its file starts"
    f" with the line: {_WITHOUT_TRANSACTION}. sqlx still sends the file as one batch,"
    " which the server makes one transaction: a statement such as CREATE INDEX"
    " CONCURRENTLY must then also be the only one in its file."
)


@attrs.frozen
class _Name:
    """What a file's name says."""

    version: int
    description: str
    is_way_back: bool

    @classmethod
    def of(cls, name: str, path: str) -> _Name | None:
        """Read a name as sqlx does; None where sqlx ignores the file."""
        prefix, underscore, rest = name.partition("_")
        if not underscore or not rest.endswith(_SUFFIX):
            return None
        version = int(prefix) if _NUMBER.fullmatch(prefix) else None
        if version is None or not -_LARGEST - 1 <= version <= _LARGEST:
            raise _not_a_version(path, prefix)
        suffix = next(
            suffix for suffix in (_UP, _DOWN, _SUFFIX) if rest.endswith(suffix)
        )
        while rest.endswith(suffix):
            rest = rest.removesuffix(suffix)
        return cls(version, rest.replace("_", " "), suffix == _DOWN)


@attrs.frozen
class _Settings:
    """What ``sqlx.toml`` says about migrations."""

    folder: str | None = None
    table: str = _TABLE
    schemas: tuple[str, ...] = ()


def _folder_named_by(
    project_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the folder that ``sqlx.toml`` names, or ``migrations`` beside it."""
    settings = _read_settings(project_file, label(project_file, base))
    folder = project_file.parent / (settings.folder or "migrations")
    if folder.is_dir():
        return folder
    if settings.folder is None:
        return None
    message = (
        f"{label(project_file, base)} says that the migrations are in"
        f" {settings.folder}, but there is no such\nfolder beside it. Correct"
        " `migrations-dir` under [migrate] there."
    )
    raise TargetNotFoundError(message)


class SqlxLayout(LayoutDefaults):
    """The layout of sqlx's command line tool and of ``sqlx::migrate!``."""

    name = "sqlx"
    expects = "files named <version>_<description>.sql, or .up.sql and .down.sql"
    project_files = (ProjectFile(_SETTINGS_FILE, _folder_named_by),)
    manifests = (Manifest("Cargo.toml", r"""^\s*["']?sqlx["']?\s*(?:=|\.)|\.sqlx\]"""),)

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Whether files are named so, which those of other tools may be too."""
        names = [entry.name for entry in visible(path) if entry.is_file()]
        numbered = [re.match(r"[0-9]+_.*\.sql$", name) for name in names]
        return Confidence.POSSIBLE if any(numbered) else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all ways up, sorted by version."""
        del options  # there are none
        settings = _settings_for(path, base)
        table = settings.table
        found = list(_files(path, base))
        read = [
            _read(file, name, settings, base)
            for file, name in sorted(found, key=lambda each: each[1].version)
            if not name.is_way_back
        ]
        migrations = [migration for migration, _ in read]
        refuse_duplicates(
            migrations,
            "sqlx",
            outcome=f"would stop at the second, since {table} holds a version once",
        )
        return Plan(
            layout=self.name,
            migrations=tuple(migrations),
            prepare=_PREPARE.format(
                table=table,
                schemas="".join(
                    f"CREATE SCHEMA IF NOT EXISTS {schema};\n"
                    for schema in settings.schemas
                ),
            ),
            bookkeeping_tables=frozenset({_unqualified(table)}),
            tolerates_commit=True,
            advice_on_transactions=_ADVICE,
            warnings=(
                *_lonely(found, base),
                *(warning for _, warning in read if warning),
            ),
        )


def _files(
    folder: pathlib.Path, base: pathlib.Path
) -> cabc.Iterator[tuple[os.DirEntry[str], _Name]]:
    """Return the files that sqlx takes for migrations, with what their names say."""
    for entry in listing(folder, label(folder, base)):
        path = label(entry.path, base)
        if not entry.is_file():
            if not entry.is_dir():
                message = (
                    f"{path} is a link to nothing, at which sqlx stops. Remove it."
                )
                raise MigrationError(message, path=path)
            continue
        name = _Name.of(entry.name, path)
        if name is not None:
            yield entry, name


def _read(
    file: os.DirEntry[str], name: _Name, settings: _Settings, base: pathlib.Path
) -> tuple[Migration, str]:
    """Read one way up, and what in it may surprise."""
    path = label(file.path, base)
    sql = read_sql(file.path, path, strips_byte_order_mark=False)
    in_transaction = not sql.startswith(_WITHOUT_TRANSACTION)
    record = _RECORD.format(table=settings.table)
    migration = Migration(
        version=str(name.version),
        path=path,
        batches=(
            Batch(
                sql=sql,
                in_transaction=in_transaction,
                record=((record, (str(name.version), name.description)),),
            ),
        ),
    )
    return migration, _surprise(sql, path) if in_transaction else ""


def _surprise(sql: str, path: str) -> str:
    """Say that a marker does not count there, or as it is written."""
    marker = _MENTIONS_IT.search(sql)
    if marker is None:
        return ""
    line = sql.count("\n", 0, marker.start()) + 1
    return (
        f"{path}:{line}: {marker[0].strip()!r} has no effect: sqlx looks for"
        f" {_WITHOUT_TRANSACTION!r} at the very start of the file, written exactly so."
    )


def _lonely(
    found: cabc.Iterable[tuple[os.DirEntry[str], _Name]], base: pathlib.Path
) -> cabc.Iterator[str]:
    """Say which ways back have no way up."""
    files = list(found)
    up = {name.version for _, name in files if not name.is_way_back}
    for file, name in files:
        if name.is_way_back and name.version not in up:
            yield (
                f"{label(file.path, base)} is a way back without a way up: sqlx never"
                f" runs it. Was it to be called {file.name.removesuffix(_DOWN)}{_UP}?"
            )


def _not_a_version(path: str, prefix: str) -> MigrationError:
    message = (
        f"{path}: {prefix!r} is no version.\n"
        "sqlx takes what is before the first underscore of a name that ends in"
        " .sql\nfor the version, and refuses to run any migration while one is not an"
        " integer of\n64 bits. Rename the file, or move it out of the folder."
    )
    return MigrationError(message, path=path)


def _settings_for(folder: pathlib.Path, base: pathlib.Path) -> _Settings:
    """Return what the nearest ``sqlx.toml`` above the folder says."""
    for place in (folder, *folder.absolute().parents):
        file = place / _SETTINGS_FILE
        if file.is_file():
            return _read_settings(file, label(file, base))
        if (place / ".git").exists() or place == base.absolute():
            break
    return _Settings()


def _read_settings(file: pathlib.Path, path: str) -> _Settings:
    """Read ``[migrate]`` of a ``sqlx.toml``."""
    try:
        settings = tomllib.loads(file.read_text("utf-8")).get("migrate", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path} cannot be read: {error}."
        raise ConfigurationError(message, file=path) from error
    if not isinstance(settings, dict):
        settings = {"migrate": settings}
    texts = ("migrations-dir", "table-name")
    lists = ("create-schemas",)
    for key, value in settings.items():
        wanted = "a string" if key in texts else "a list of strings"
        fits = isinstance(value, str) if key in texts else _are_texts(value)
        if key in (*texts, *lists) and not fits:
            message = f"{path}: [migrate] {key} has to be {wanted}, not {value!r}."
            raise ConfigurationError(message, file=path, key=f"migrate.{key}")
    return _Settings(
        folder=settings.get("migrations-dir"),
        table=settings.get("table-name", _TABLE),
        schemas=tuple(sorted(settings.get("create-schemas", ()))),
    )


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _unqualified(table: str) -> str:
    """Return the table's own name, as the catalog has it."""
    return table.rpartition(".")[2].strip('"')


LAYOUT = SqlxLayout()
