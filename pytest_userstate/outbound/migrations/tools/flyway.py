"""Flyway's layout: ``V<version>__<description>.sql``, in any folder below.

The rules are those of Flyway 13 as its free edition runs on an empty database (of
``flyway-core`` ``ResourceNameParser.java``, ``MigrationVersion.java``,
``CompositeMigrationResolver.java``, ``Parser.java``, ``ParserSqlScript.java``,
``DbMigrate.java``; of ``flyway-database-postgresql`` ``PostgreSQLParser.java``,
``PostgreSQLDatabase.java``, and ``PostgreSQLConnection.java``).
"""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import enum
import itertools
import pathlib
import re
import typing as typ

import attrs

from pytest_userstate.domain.converters import in_quotes
from pytest_userstate.domain.errors import MigrationError, TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    Confidence,
    LayoutDefaults,
    Manifest,
    Option,
    OptionKind,
    Options,
    ProjectFile,
    label,
    left_out_programs,
    listing,
    read_sql,
    text_of,
    visible,
)
from pytest_userstate.outbound.migrations.plan import (
    Batch,
    Command,
    Migration,
    Mode,
    Plan,
)
from pytest_userstate.outbound.migrations.sql import (
    Statement,
    script,
    statements,
)
from pytest_userstate.outbound.migrations.tools.flyway_settings import (
    CONF,
    RESOURCES,
    SPRING_FILES,
    TOML,
    FlywaySettings,
    Prefixes,
    is_of_spring,
    read_settings,
    settings_for,
    usual_folder,
)

if typ.TYPE_CHECKING:
    from pytest_userstate.domain.drafts import DraftFile
    from pytest_userstate.outbound.migrations.next_files import NewMigration

_NAMED = re.compile(r"(?:[VBU][0-9]+(?:[._][0-9]+)*|R)__.*\.(?i:sql)")
_BUILD_FILES = (
    *("pom.xml", "build.gradle", "build.gradle.kts", "gradle/libs.versions.toml"),
    *SPRING_FILES,
)
_CODE = re.compile(r"[VRB][0-9_]*__\w+\.(?:java|kt|groovy|scala)")
_LANGUAGES = ("java", "kotlin", "groovy", "scala")
# The events of `migrate`; those of other commands are not met here.
_CALLBACKS = (
    *("beforeMigrate", "beforeEachMigrate", "afterEachMigrate", "afterVersioned"),
    *("beforeRepeatables", "afterMigrateApplied", "afterMigrate"),
)
_PART = re.compile(r"[+-]?[0-9]+")
_DOT = re.compile(r"\.(?=[0-9])")
_BESIDE = ".conf"
_IN_TRANSACTION = re.compile(
    r"^\s*executeInTransaction\s*=\s*(true|false)\s*$", re.IGNORECASE | re.MULTILINE
)
_NOT_READ = re.compile(r"^\s*(shouldExecute|placeholderReplacement)\s*=", re.MULTILINE)

_KEYWORD = re.compile(r"[a-z_]+")
_MOST_KEYWORDS = 4  # that any of the patterns looks at
_NOT_IN_TRANSACTION = re.compile(
    r"""(?:create|drop)\ (?:database|tablespace|subscription)\b
    | alter\ system\b
    | (?:create|drop)(?:\ unique)?\ index\ concurrently\b
    | reindex(?:\ verbose)?\ (?:schema|database|system)\b
    | vacuum\b
    | discard\ all\b""",
    re.VERBOSE,
)

_TABLE = """\
CREATE TABLE {table} (
    installed_rank int NOT NULL,
    version varchar(50),
    description varchar(200) NOT NULL,
    type varchar(20) NOT NULL,
    script varchar(1000) NOT NULL,
    checksum integer,
    installed_by varchar(100) NOT NULL,
    installed_on timestamp NOT NULL DEFAULT now(),
    execution_time integer NOT NULL,
    success boolean NOT NULL
);
ALTER TABLE {table} ADD CONSTRAINT {primary_key} PRIMARY KEY (installed_rank);
CREATE INDEX {index} ON {table} (success);
"""
_RECORD = """\
INSERT INTO {table} (installed_rank, version, description, type, script, checksum,
    installed_by, execution_time, success)
VALUES ((SELECT coalesce(max(installed_rank), 0) + 1 FROM {table}), $1, left($2, 200),
    'SQL', left($3, 1000), 0, current_user, 0, TRUE)"""
_SET_SEARCH_PATH = "SELECT pg_catalog.set_config('search_path', $1, false)"
_ON_TRANSACTIONS = (
    "Flyway runs a migration outside of a transaction when all its statements are of"
    " those that it knows to need that (CREATE INDEX CONCURRENTLY, VACUUM, …), when a"
    " file beside it, of its name and .conf, says executeInTransaction=false, or"
    " when mixed = true allows both kinds in one file."
)
_ON_PIECES = "Flyway sends each statement by itself."


def _folder_named_by(
    project_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the first location that there is, or one of the usual folders."""
    settings = read_settings(project_file, base)
    if settings is None:
        return None
    for location in settings.locations:
        if location.is_dir():
            return location
    if not settings.locations:
        return usual_folder(project_file)
    if is_of_spring(project_file):
        return None  # its class path has the resources of other modules, too
    named = ", ".join(label(location, base) for location in settings.locations)
    message = (
        f"{label(project_file, base)} says that the migrations are in {named},\nbut"
        " there is no such folder. Correct `locations` there."
    )
    raise TargetNotFoundError(message)


class FlywayLayout(LayoutDefaults):
    """The layout of Flyway, as its free edition runs it."""

    name = "flyway"
    expects = "files named V<version>__<description>.sql or R__<description>.sql"
    project_files = tuple(
        ProjectFile(name, _folder_named_by)
        for name in (
            *(TOML, CONF),
            *(f"{RESOURCES}/{name}" for name in reversed(SPRING_FILES)),
        )
    )
    manifests = tuple(Manifest(name, "flyway") for name in _BUILD_FILES)
    options = (
        Option("placeholders", OptionKind.TABLE),
        Option("mixed", OptionKind.FLAG),
    )

    def next_files(self, new: NewMigration) -> tuple[DraftFile, ...]:
        """Return the file of the next migration, with a version that is one higher."""
        return new.numbered()

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Judge by names of files here and one folder below."""
        entries = list(visible(path))
        below = [
            inner
            for entry in entries
            if entry.is_dir()
            for inner in visible(pathlib.Path(entry.path))
        ]
        is_named = any(_NAMED.fullmatch(entry.name) for entry in (*entries, *below))
        return Confidence.CERTAIN if is_named else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all that ``flyway migrate`` would run on an empty database."""
        settings = settings_for(path, base, options)
        locations = _locations(path, settings)
        files = [
            file
            for location in locations
            for file in _files(location, location, base, settings.prefixes, frozenset())
        ]
        programs = tuple(_programs(locations, base))
        order = _order([file for file in files if not file.name.fault])
        return Plan(
            layout=self.name,
            migrations=tuple(_migrations(order, files, settings)),
            prepare=_prepare(settings),
            bookkeeping_tables=frozenset({settings.table}),
            tolerates_commit=True,
            advice_on_transactions=_ON_TRANSACTIONS,
            advice_on_pieces=_ON_PIECES,
            programs=programs,
            warnings=(
                *left_out_programs(programs, "the audit"),
                *_warnings(files, order),
            ),
        )


def _locations(
    path: pathlib.Path, settings: FlywaySettings
) -> tuple[pathlib.Path, ...]:
    """Return the folder, with those that Flyway's file names beside it."""
    configured = [location for location in settings.locations if location.is_dir()]
    if path.resolve() in {location.resolve() for location in configured}:
        return tuple(configured)
    return (path,)


class _Kind(enum.Enum):
    """What a file is for Flyway."""

    VERSIONED = "versioned"
    REPEATABLE = "repeatable"
    BASELINE = "baseline"
    UNDO = "undo"
    CALLBACK = "callback"


_Version = tuple[int, ...]


@attrs.frozen
class _Name:
    """What a name says; with a fault, Flyway ignores the file."""

    kind: _Kind
    prefix: str
    """Of a callback: its event."""
    version: str = ""
    description: str = ""
    fault: str = ""

    @property
    def order(self) -> _Version:
        """The parts of the version as numbers, without zeros at the end."""
        return _parts(self.version) or (0,)

    @classmethod
    def of(cls, name: str, prefixes: Prefixes) -> _Name | None:
        """Read a name; None if it is not one of Flyway's."""
        suffixes = (
            suffix
            for suffix in prefixes.suffixes
            if name.upper().endswith(suffix.upper())
        )
        suffix = next(suffixes, None)
        if suffix is None:
            return None
        stem = name[: len(name) - len(suffix)]
        kinds = {
            **dict.fromkeys(_CALLBACKS, _Kind.CALLBACK),
            prefixes.versioned: _Kind.VERSIONED,
            prefixes.repeatable: _Kind.REPEATABLE,
            prefixes.baseline: _Kind.BASELINE,
            prefixes.undo: _Kind.UNDO,
        }
        prefix = max(filter(stem.startswith, kinds), key=len, default=None)
        if not stem or prefix is None:
            return None
        rest = stem.removeprefix(prefix)
        version, _, description = rest.partition(prefixes.separator)
        return cls(
            kinds[prefix],
            prefix,
            version.replace("_", "."),
            description.replace("_", " "),
            _fault(kinds[prefix], version),
        )


def _parts(version: str) -> _Version | None:
    """Return a version's numbers, without zeros at the end; None if it has others."""
    texts = _DOT.split(version.replace("_", "."))
    if not all(map(_PART.fullmatch, texts)):
        return None
    numbers = [int(text) for text in texts]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _fault(kind: _Kind, version: str) -> str:
    if kind in {_Kind.REPEATABLE, _Kind.CALLBACK}:
        return "it has a version where none is allowed" if version else ""
    if not version:
        return "it has no version"
    return "" if _parts(version) else f"{version!r} is no version"


@attrs.frozen
class _File:
    """A file of Flyway's."""

    file: pathlib.Path
    path: str
    relative: str
    """Its path in its location."""
    name: _Name

    def batch(self, settings: FlywaySettings) -> Batch:
        """Read the text as Flyway sends it: statement by statement."""
        sql = read_sql(self.file, self.path)
        if settings.replaces_placeholders:
            own = self._own_values(settings)
            sql = settings.placeholders.replaced(sql, self.path, own)
        split, mode = statements(sql), Mode.PIECES
        if any(statement.copies_from_input for statement in split):
            # Flyway reads the rows that follow as psql does, up to a line with \\.
            mode = Mode.SCRIPT
            split = tuple(part for part in script(sql) if isinstance(part, Statement))
        beside = _beside(self.file, self.path)
        if beside is None and settings.in_transaction and not settings.mixed:
            _expect_one_kind(split, self.path)
        in_transaction = settings.in_transaction and all(
            map(can_run_in_transaction, split)
        )
        return Batch(
            sql=sql,
            mode=mode,
            in_transaction=in_transaction if beside is None else beside,
        )

    def _own_values(self, settings: FlywaySettings) -> dict[str, str]:
        """Return what Flyway itself puts for placeholders."""
        return {
            "defaultSchema": _schema(settings),
            "user": "userstate",
            "database": "userstate",
            "timestamp": f"{dt.datetime.now().astimezone():%Y-%m-%d %H:%M:%S}",
            "filename": self.file.name,
            "workingDirectory": str(pathlib.Path.cwd()),
            "table": settings.table,
            "environment": settings.environment,
        }


def _files(
    folder: pathlib.Path,
    location: pathlib.Path,
    base: pathlib.Path,
    prefixes: Prefixes,
    above: frozenset[pathlib.Path],
) -> cabc.Iterator[_File]:
    """Yield the files in a location and below, without hidden folders."""
    real = folder.resolve()
    if real in above:
        return  # a link to a folder that holds it
    for entry in listing(folder, label(folder, base)):
        file = pathlib.Path(entry.path)
        if entry.is_dir():
            if not entry.name.startswith("."):
                yield from _files(file, location, base, prefixes, above | {real})
            continue
        name = _Name.of(entry.name, prefixes)
        if name is not None and name.kind is not _Kind.UNDO:
            relative = file.relative_to(location).as_posix()
            yield _File(file, label(file, base), relative, name)


def _beside(file: pathlib.Path, path: str) -> bool | None:
    """Return whether the file of this name and ``.conf`` asks for a transaction."""
    text = text_of(file.with_name(file.name + _BESIDE))
    if (other := _NOT_READ.search(text)) is not None:
        message = (
            f"{path}{_BESIDE} sets {other[1]}, which is not read here. Leave it out, or"
            " apply\nthe migrations with Flyway, and audit that database:"
            " --userstate-dsn."
        )
        raise MigrationError(message, path=f"{path}{_BESIDE}")
    match = _IN_TRANSACTION.search(text)
    return None if match is None else match[1].lower() == "true"


def _programs(
    locations: cabc.Iterable[pathlib.Path], base: pathlib.Path
) -> cabc.Iterator[str]:
    """Yield the paths of migrations written in a language of the JVM.

    They are in a location, or in the folders of sources of its module.
    """
    folders = dict.fromkeys(locations)
    for location in locations:
        module, in_resources, _ = location.as_posix().partition(f"/{RESOURCES}/")
        sources = pathlib.Path(module if in_resources else base, "src/main")
        folders |= dict.fromkeys(sources / language for language in _LANGUAGES)
    for folder in filter(pathlib.Path.is_dir, folders):
        for file in sorted(folder.rglob("*")):
            if _CODE.fullmatch(file.name):
                yield label(file, base)


def can_run_in_transaction(statement: Statement) -> bool:
    """Whether Flyway takes it for a statement that may run in a transaction.

    It knows a few by their first words; others that PostgreSQL refuses inside a
    transaction (``REINDEX … CONCURRENTLY``, say) it does not know, and they fail.
    """
    keywords: list[str] = []
    depth = 0
    for word in statement.words:
        depth += (word == "(") - (word == ")")
        if depth == 0 and _KEYWORD.fullmatch(word):
            keywords.append(word)
            if len(keywords) == _MOST_KEYWORDS:
                break
    return _NOT_IN_TRANSACTION.match(" ".join(keywords)) is None


def _expect_one_kind(split: cabc.Sequence[Statement], path: str) -> None:
    """Refuse a file that mixes statements of both kinds, as Flyway does."""
    if not split:
        return
    first = split[0]
    is_inside = can_run_in_transaction(first)
    for other in split[1:]:
        if can_run_in_transaction(other) is is_inside:
            continue
        inside, apart = (first, other) if is_inside else (other, first)
        message = (
            f"{path}:{other.line}: two kinds of statements in one migration.\n"
            f"Line {inside.line} runs in a transaction; line {apart.line} cannot:"
            f" {apart.first_line}\nFlyway refuses to mix them. Give each a file of its"
            " own, or set mixed = true where\nFlyway is configured."
        )
        raise MigrationError(message, path=path, line=other.line)


def _order(files: cabc.Iterable[_File]) -> list[_File]:
    """Return what is run on an empty database, in order.

    That is the last baseline migration, what comes after it, and what is repeatable.
    """
    by_kind: dict[_Kind, list[_File]] = {kind: [] for kind in _Kind}
    for file in files:
        by_kind[file.name.kind].append(file)
    for kind in (_Kind.VERSIONED, _Kind.BASELINE):
        by_kind[kind].sort(key=lambda file: file.name.order)
        _refuse_twins(by_kind[kind], "version", lambda file: file.name.order)
    repeatable = sorted(
        by_kind[_Kind.REPEATABLE], key=lambda file: file.name.description
    )
    _refuse_twins(repeatable, "description", lambda file: file.name.description)
    start = by_kind[_Kind.BASELINE][-1:]
    versioned = [
        file
        for file in by_kind[_Kind.VERSIONED]
        if not start or file.name.order > start[0].name.order
    ]
    return [*start, *versioned, *repeatable]


def _refuse_twins(
    ordered: cabc.Sequence[_File],
    what: str,
    key: cabc.Callable[[_File], object],
) -> None:
    for one, other in itertools.pairwise(ordered):
        if key(one) == key(other):
            same = getattr(other.name, what)
            message = (
                f"{one.path}\nand {other.path}\nhave the same {what}, {same}, which"
                " Flyway refuses.\nRename one of the files."
            )
            raise MigrationError(message, path=other.path)


def _migrations(
    order: cabc.Sequence[_File], files: cabc.Iterable[_File], settings: FlywaySettings
) -> cabc.Iterator[Migration]:
    """Yield the migrations in order, with the callbacks around them."""
    callbacks: dict[str, list[_File]] = {name: [] for name in _CALLBACKS}
    for file in sorted(files, key=lambda file: file.name.description):
        if file.name.prefix in callbacks and not file.name.fault:
            callbacks[file.name.prefix].append(file)

    def migration(file: _File, *, is_recorded: bool = False) -> Migration:
        name = file.name
        return Migration(
            version=name.version or name.description or name.prefix,
            path=file.path,
            batches=(file.batch(settings),),
            before=_before(settings),
            after=_after(file, settings) if is_recorded else (),
        )

    yield from map(migration, callbacks["beforeMigrate"])
    was_versioned = True
    for file in order:
        if was_versioned and file.name.kind is _Kind.REPEATABLE:
            was_versioned = False
            yield from map(migration, callbacks["afterVersioned"])
            yield from map(migration, callbacks["beforeRepeatables"])
        yield from map(migration, callbacks["beforeEachMigrate"])
        yield migration(file, is_recorded=True)
        yield from map(migration, callbacks["afterEachMigrate"])
    if was_versioned:
        yield from map(migration, callbacks["afterVersioned"])
    if order:
        yield from map(migration, callbacks["afterMigrateApplied"])
    yield from map(migration, callbacks["afterMigrate"])


def _schema(settings: FlywaySettings) -> str:
    return settings.schemas[0] if settings.schemas else "public"


def _table(settings: FlywaySettings) -> str:
    return f"{in_quotes(_schema(settings))}.{in_quotes(settings.table)}"


def _prepare(settings: FlywaySettings) -> str:
    """Return what makes the schemas and Flyway's own table."""
    schemas = "".join(
        f"CREATE SCHEMA IF NOT EXISTS {in_quotes(schema)};\n"
        for schema in settings.schemas
    )
    table = _TABLE.format(
        table=_table(settings),
        primary_key=in_quotes(f"{settings.table}_pk"),
        index=in_quotes(f"{settings.table}_s_idx"),
    )
    return schemas + table + settings.init_sql


def _before(settings: FlywaySettings) -> tuple[Command, ...]:
    """Return how Flyway starts each migration: as its role, in its schema."""
    search_path = f'{in_quotes(_schema(settings))},"$user", public'
    return (("SET ROLE NONE", ()), (_SET_SEARCH_PATH, (search_path,)))


def _after(file: _File, settings: FlywaySettings) -> tuple[Command, ...]:
    """Return the row of a migration, which Flyway writes after its transaction."""
    return (
        (
            _RECORD.format(table=_table(settings)),
            (file.name.version or None, file.name.description, file.relative),
        ),
    )


def _warnings(
    files: cabc.Iterable[_File], order: cabc.Sequence[_File]
) -> cabc.Iterator[str]:
    """Say what is left out, as Flyway leaves it out."""
    for file in files:
        name = file.name
        if name.fault:
            yield f"{file.path} is left out, as Flyway leaves it out: {name.fault}."
        elif name.kind in {_Kind.VERSIONED, _Kind.BASELINE} and file not in order:
            yield (
                f"{file.path} is not run on an empty database: a baseline migration"
                " replaces it."
            )


LAYOUT = FlywayLayout()
