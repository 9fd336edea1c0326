"""Flyway's layout: ``V<version>__<description>.sql``, in any folder below.

The rules are those of Flyway 13 as its free edition runs on an empty database (of
``flyway-core`` ``ResourceNameParser.java``, ``MigrationVersion.java``,
``CompositeMigrationResolver.java``, ``DbMigrate.java``; of
``flyway-database-postgresql`` ``PostgreSQLParser.java``).

``flyway.toml`` and ``flyway.conf`` are Flyway's. A Spring application says the same
under ``spring.flyway`` in ``application.properties`` or ``application.yml``, whose
names are bound loosely (``sql-migration-prefix`` is ``sqlMigrationPrefix``;
``FlywayProperties.java``).
"""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import re
import tomllib
import typing as typ

import attrs

from pytest_userstate.domain.converters import in_quotes
from pytest_userstate.domain.errors import ConfigurationError, TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    Confidence,
    Manifest,
    Option,
    OptionKind,
    Options,
    ProjectFile,
    label,
    text_of,
)
from pytest_userstate.outbound.migrations.plan import Mode, Plan
from pytest_userstate.outbound.migrations.sql import Statement, literal, statements
from pytest_userstate.outbound.migrations.tools.reader import (
    Order,
    SqlFile,
    SqlLayout,
)

TOML, CONF = "flyway.toml", "flyway.conf"
SPRING_FILES = ("application.yaml", "application.yml", "application.properties")
"""By rising precedence."""
_RESOURCES = "src/main/resources"
_CLASSPATH = "db/migration"
_USUAL = (f"{_RESOURCES}/{_CLASSPATH}", _CLASSPATH, "migrations", "sql")
_BUILD_FILES = ("pom.xml", "build.gradle", "build.gradle.kts")

_CODE = re.compile(r"[VRB][0-9_]*__\w+\.(?:java|kt|groovy|scala)")
_LANGUAGES = ("java", "kotlin", "groovy", "scala")
_FIRST, _LAST = ("beforeMigrate",), ("afterMigrateApplied", "afterMigrate")
_NOT_IN_TRANSACTION = re.compile(
    r"(?:create|drop) (?:database|tablespace|subscription)\b|alter system\b|vacuum\b"
    r"|(?:create|drop)(?: unique)? index concurrently\b|discard all\b"
    r"|reindex (?:schema|database|system)\b"
)
_IN_TRANSACTION = re.compile(
    r"^\s*executeInTransaction\s*=\s*(true|false)\s*$", re.IGNORECASE | re.MULTILINE
)

_READ = frozenset(
    name.lower()
    for name in (
        *("locations", "table", "defaultSchema", "schemas", "target", "initSql"),
        *("initSqls", "placeholderReplacement", "placeholderPrefix", "enabled"),
        *("placeholderSuffix", "sqlMigrationPrefix", "sqlMigrationSeparator"),
        *("executeInTransaction", "environment"),
    )
)
_LISTS = frozenset({"locations", "schemas"})
_KEY = re.compile(
    r"(?:spring\.)?flyway\.(?P<name>[\w-]+)(?:\.?\[(?P<index>.+)\]|\.(?P<below>.+))?"
)
_OF_A_PROFILE = re.compile(r"spring\.(?:config\.activate\.on-|profiles(?:$|\[))")
_VARIABLE = re.compile(r"\$\{([^${}:]+)(?::([^${}]*))?\}")
_NEXT_PROPERTIES = re.compile(r"^[#!]---[ \t]*$", re.MULTILINE)
_PROPERTY = re.compile(r"\s*([^#!:=\s][^:=\s]*)[ \t]*[:=]?[ \t]*(.*)")
_CONTINUED = re.compile(r"\\\r?\n[ \t]*")
# What a build replaces, such as @project.version@, and YAML itself forbids.
_FILTERED = re.compile(r"(?<=[:-] )(@[\w.-]+@)")
_NULLS = frozenset({"", "~", "null"})
_NOT_IN_FILE = (
    "`{key}` is {text}, whose value is not in the file.\nThe environment is not asked,"
    " since what the audit finds is to follow from the\nrepository alone. Give it a"
    " default there (${{NAME:default}}), or say all of it in\nflyway.toml beside the"
    " folder src, which is then read instead"
)
_MOST_TEXT = 200_000  # characters of a file
_MOST_VARIABLES = 100  # that a value leads to
_MOST_VALUES = 10_000  # of a file, with those that aliases repeat

Values = dict[str, typ.Any]
"""What a file says, by the dotted names of its settings."""


@attrs.frozen
class FlywaySettings:
    """What the files of a project say about Flyway."""

    home: pathlib.Path = pathlib.Path()
    """The folder that locations are relative to."""
    values: cabc.Mapping[str, list[str]] = attrs.field(factory=dict)
    """By the names of the settings, in lower case."""
    placeholders: cabc.Mapping[str, str] = attrs.field(factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """Return what a setting is, else the default."""
        return "\n".join(self.values.get(name.lower(), [default]))

    @property
    def locations(self) -> list[pathlib.Path]:
        """The folders that are named; there may be no such folders."""
        return [self._location(text) for text in self.values.get("locations", ())]

    @property
    def schemas(self) -> list[str]:
        """The schemas that Flyway makes, the default one first."""
        default = self.text("defaultSchema")
        named = filter(None, (default, *self.values.get("schemas", ())))
        return list(dict.fromkeys(named))

    def _location(self, text: str) -> pathlib.Path:
        """Return the folder that a location means: of the class path, or beside."""
        kind, colon, path = text.partition(":")
        kind, path = (kind, path) if colon else ("classpath", text)
        path = path.replace("{vendor}", "postgresql").removeprefix("./")
        beside = self.home / path
        if kind == "classpath" and not (not colon and beside.is_dir()):
            return self.home / _RESOURCES / path.lstrip("/")
        return beside


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
    is_of_spring = project_file.name in SPRING_FILES
    if not settings.locations:
        names = (_CLASSPATH,) if is_of_spring else _USUAL
        folders = (project_file.parent / name for name in names)
        return next(filter(pathlib.Path.is_dir, folders), None)
    if is_of_spring:
        return None  # its class path has the resources of other modules, too
    named = ", ".join(label(location, base) for location in settings.locations)
    message = (
        f"{label(project_file, base)} says that the migrations are in {named},\nbut"
        " there is no such folder. Correct `locations` there."
    )
    raise TargetNotFoundError(message)


class FlywayLayout(SqlLayout):
    """The rules of Flyway, which a project's settings change."""

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all that ``flyway migrate`` would run on an empty database."""
        settings = _settings_for(path, base)
        schema = (settings.schemas or ["public"])[0]
        table = settings.text("table", "flyway_schema_history")
        search_path = literal(f'{in_quotes(schema)},"$user", public')
        variables = {
            "flyway:defaultSchema": schema,
            "flyway:table": table,
            "flyway:user": "userstate",
            "flyway:database": "userstate",
            "flyway:timestamp": "1970-01-01 00:00:00",
            **settings.placeholders,
        }
        rules = attrs.evolve(
            self,
            names=_names(settings),
            variable=_placeholder(settings),
            variables=variables,
            in_transaction=settings.text("executeInTransaction") != "false",
            table=f"{schema}.{table}",
            setup="".join(
                f"CREATE SCHEMA IF NOT EXISTS {in_quotes(schema)};\n"
                for schema in settings.schemas
            ),
            first_row=settings.text("initSql") or settings.text("initSqls"),
            before=(
                "SET ROLE NONE",
                f"SELECT pg_catalog.set_config('search_path', {search_path}, false)",
            ),
        )
        given = {
            "variables": options.table("placeholders"),
            "folders": _others(path, settings),
        }
        return SqlLayout.load(rules, path, base, Options(given))

    def _file(self, entry: os.DirEntry[str], base: pathlib.Path) -> SqlFile | None:
        """Read the version as numbers: an underscore is a dot, ``1.0`` is ``1``."""
        file = super()._file(entry, base)
        if file is None or file.version == file.name:
            return file
        parts = [str(int(part)) for part in re.split("[._]", file.version)]
        while len(parts) > 1 and parts[-1] == "0":
            parts.pop()
        return attrs.evolve(file, version=".".join(parts))

    def _sorted(self, files: cabc.Iterable[SqlFile]) -> list[SqlFile]:
        """Return what is run on an empty database, in order.

        That is the last baseline migration, what comes after it, and what is
        repeatable; callbacks are around all of it.
        """
        files = sorted(files, key=lambda file: (file.title, file.name))
        numbered = [file for file in files if file.version != file.name]
        numbered.sort(key=lambda file: _parts(file.version))
        baselines = [at for at, file in enumerate(numbered) if file.name[0] == "B"]
        if baselines:
            last = numbered[baselines[-1]]
            later = numbered[baselines[-1] + 1 :]
            numbered = [last, *(f for f in later if f.version != last.version)]

        def named(*starts: str) -> list[SqlFile]:
            return [
                file
                for start in starts
                for file in files
                if re.match(rf"{start}(?:__|\.)", file.name)
            ]

        return [*named(*_FIRST), *numbered, *named("R"), *named(*_LAST)]

    def _mode(self, sql: str, options: Options) -> Mode:
        """Flyway reads the rows that follow a COPY as psql does."""
        del options
        has_rows = any(part.copies_from_input for part in statements(sql))
        return Mode.SCRIPT if has_rows else Mode.PIECES

    def _is_apart(self, file: SqlFile, sql: str, text: str) -> bool:
        del text
        beside = text_of(f"{file.file}.conf")
        if (said := _IN_TRANSACTION.search(beside)) is not None:
            return said[1].lower() == "false"
        return not all(map(can_run_in_transaction, statements(sql)))

    def _programs(
        self,
        folders: cabc.Sequence[pathlib.Path],
        entries: cabc.Iterable[os.DirEntry[str]],
        base: pathlib.Path,
    ) -> cabc.Iterator[str]:
        """Yield the paths of migrations in a language of the JVM.

        They are in a location, or in the folders of sources of its module.
        """
        del entries  # these are not only there
        places = dict.fromkeys(folders)
        for folder in folders:
            module, in_resources, _ = folder.as_posix().partition(f"/{_RESOURCES}/")
            sources = pathlib.Path(module if in_resources else base, "src/main")
            places |= dict.fromkeys(sources / language for language in _LANGUAGES)
        for place in filter(pathlib.Path.is_dir, places):
            for file in sorted(place.rglob("*")):
                if _CODE.fullmatch(file.name):
                    yield label(file, base)


def _names(settings: FlywaySettings) -> str:
    """Return the pattern of the names of files that are run."""
    prefix = re.escape(settings.text("sqlMigrationPrefix", "V"))
    separator = re.escape(settings.text("sqlMigrationSeparator", "__"))
    callbacks = "|".join((*_FIRST, *_LAST))
    return (
        rf"(?:(?:{prefix}|B)(?P<version>[0-9]+(?:[._][0-9]+)*)|R){separator}"
        rf"(?P<title>.*)\.(?i:sql)|(?:{callbacks})(?:__.*)?\.(?i:sql)"
    )


def _placeholder(settings: FlywaySettings) -> str:
    """Return the pattern of what is replaced, also in comments."""
    if settings.text("placeholderReplacement", "true").lower() == "false":
        return ""
    prefix = re.escape(settings.text("placeholderPrefix", "${"))
    suffix = re.escape(settings.text("placeholderSuffix", "}"))
    return rf"{prefix}(?P<name>[^\n]*?){suffix}"


def _others(path: pathlib.Path, settings: FlywaySettings) -> list[str]:
    """Return the other locations, if the folder is one of those that are named."""
    folders = [folder for folder in settings.locations if folder.is_dir()]
    others = [folder for folder in folders if not folder.samefile(path)]
    return list(map(str, others)) if len(others) < len(folders) else []


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def can_run_in_transaction(statement: Statement) -> bool:
    """Whether Flyway takes it for a statement that may run in a transaction.

    It knows a few by their first words; others that PostgreSQL refuses inside a
    transaction (``REINDEX … CONCURRENTLY``, say) it does not know, and they fail.
    """
    return _NOT_IN_TRANSACTION.match(" ".join(statement.words[:4])) is None


def _settings_for(folder: pathlib.Path, base: pathlib.Path) -> FlywaySettings:
    """Return the settings of the nearest file above a folder that has any."""
    names = (TOML, CONF, *(f"{_RESOURCES}/{name}" for name in SPRING_FILES))
    for place in (folder.absolute(), *folder.absolute().parents):
        for file in filter(pathlib.Path.is_file, (place / name for name in names)):
            if (settings := read_settings(file, base)) is not None:
                return settings
        if place == base.absolute() or (place / ".git").exists():
            break
    return FlywaySettings()


def read_settings(file: pathlib.Path, base: pathlib.Path) -> FlywaySettings | None:
    """Read one of Flyway's files, or all those of Spring in its folder.

    Returns None if Spring's say nothing about Flyway; raises a ConfigurationError
    if a file cannot be read.
    """
    is_of_spring = file.name in SPRING_FILES
    files, home = [file], file.parent
    if is_of_spring:
        beside = (file.parent / name for name in SPRING_FILES)
        files, home = list(filter(pathlib.Path.is_file, beside)), file.parents[3]
    path = " and ".join(label(file, base) for file in files)
    values: Values = {}
    try:
        for source in files:
            values |= values_of(
                source.name, source.read_text("utf-8", errors="replace")
            )
        settings = settings_of(values, home)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else error
        message = f"{path} cannot be read: {problem}."
        raise ConfigurationError(message, file=path) from error
    if (target := settings.text("target", "latest")).rstrip("?") != "latest":
        message = (
            f"{path}: the target is {target}, and the audit applies all migrations."
            "\nLeave it out, or apply them with Flyway, and audit that database:"
            " --userstate-dsn."
        )
        raise ConfigurationError(message, file=path)
    is_disabled = settings.text("enabled", "true").lower() == "false"
    says_nothing = is_disabled or not (settings.values or settings.placeholders)
    return None if is_of_spring and says_nothing else settings


def values_of(name: str, text: str) -> Values:
    """Return all values of a file by their dotted names, but those of profiles.

    Raises a ValueError if it cannot be read, and is about Flyway.
    """
    if name.endswith((".conf", ".properties")):
        documents = list(_properties(text))
    elif name == TOML:
        documents = [_flat(tomllib.loads(text))]
    else:
        try:
            documents = _yaml(text)
        except ValueError:
            if "flyway" in text.lower():
                raise
            return {}
    values: Values = {}
    for document in documents:
        if not any(map(_OF_A_PROFILE.match, document)):
            values |= document
    return values


def settings_of(values: Values, home: pathlib.Path = pathlib.Path()) -> FlywaySettings:
    """Return what values say about Flyway.

    Raises a ValueError for a setting whose value comes from the environment.
    """
    environment = f"environments.{values.get('flyway.environment', 'default')}."
    chosen = {
        f"flyway.{key.removeprefix(environment).removeprefix('flyway.')}": value
        for key, value in values.items()
        if key.startswith(environment)
    }
    raw: dict[str, list[str]] = {}
    placeholders: dict[str, str] = {}
    for key, value in {**values, **chosen}.items():
        match = _KEY.fullmatch(key)
        name = re.sub("[-_]", "", match["name"]).lower() if match else ""
        texts = value if isinstance(value, list) else [value]
        below = (match["below"] or match["index"]) if match else None
        if name == "placeholders" and below:
            resolved = _resolved(str(texts[0]), values)
            if resolved is not None:  # else its user gets an error
                placeholders[below] = resolved
        elif name in _READ:
            known = raw.get(name, []) if below else []
            raw[name] = [*known, *_resolved_texts(name, key, texts, values)]
    return FlywaySettings(home, raw, placeholders)


def _resolved_texts(
    name: str, key: str, texts: cabc.Iterable[object], values: Values
) -> cabc.Iterator[str]:
    """Yield the texts of a setting; a location without a value is not there."""
    for text in map(str, texts):
        resolved = _resolved(text, values)
        if resolved is None and name != "locations":
            message = _NOT_IN_FILE.format(key=key, text=text)
            raise ValueError(message)
        whole = text if resolved is None else resolved
        yield from map(str.strip, whole.split(",")) if name in _LISTS else (whole,)


def _resolved(text: str, values: Values) -> str | None:
    """Return the text with other values of the file, or defaults, for variables."""
    for _ in range(_MOST_VARIABLES):
        match = _VARIABLE.search(text)
        if match is None:
            return text
        value = values.get(match[1], match[2])
        if value is None or len(text) > _MOST_TEXT:
            return None
        text = f"{text[: match.start()]}{value}{text[match.end() :]}"
    return None


def _properties(text: str) -> cabc.Iterator[Values]:
    for document in _NEXT_PROPERTIES.split(text):
        lines = map(_PROPERTY.match, _CONTINUED.sub("", document).splitlines())
        yield {match[1]: match[2].rstrip() for match in lines if match}


def _yaml(text: str) -> list[Values]:
    """Read YAML in which every value stays the text that it is."""
    import yaml  # noqa: PLC0415 - seldom needed, and it takes 20 ms

    if len(text) > _MOST_TEXT:
        message = f"it has more than {_MOST_TEXT:,} characters"
        raise ValueError(message)
    try:
        # The base loader makes texts, lists and maps, and no other objects.
        documents = yaml.load_all(_FILTERED.sub(r'"\1"', text), Loader=yaml.BaseLoader)
        return [_flat(document) for document in documents]
    except (yaml.YAMLError, RecursionError) as error:
        message = "its values are nested too deeply"
        if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
            message = f"line {error.problem_mark.line + 1}: {error.problem}"
        raise ValueError(message) from error


def _flat(document: object) -> Values:
    """Return values by the names of all maps above them."""
    values: Values = {}
    waiting = [("", document)]
    for count, (path, value) in enumerate(waiting):
        if count > _MOST_VALUES:
            message = f"it has more than {_MOST_VALUES:,} values, with aliases"
            raise ValueError(message)
        if isinstance(value, dict):
            for key, inner in value.items():
                # What is merged into a map comes after what the map itself says.
                below = path if key == "<<" else f"{path}.{key}".removeprefix(".")
                merged = inner if key == "<<" and isinstance(inner, list) else [inner]
                waiting += [(below, part) for part in merged]
        elif isinstance(value, list) and not all(
            isinstance(part, str) for part in value
        ):
            waiting += [(f"{path}[{at}]", inner) for at, inner in enumerate(value)]
        elif isinstance(value, list) or str(value).lower() not in _NULLS:
            values.setdefault(path, value)
    return values


LAYOUT = FlywayLayout(
    name="flyway",
    expects="files named V<version>__<description>.sql or R__<description>.sql",
    names=_names(FlywaySettings()),
    is_recursive=True,
    takes_all=True,
    order=Order.NAME,
    by_names=Confidence.CERTAIN,
    project_files=tuple(
        ProjectFile(name, _folder_named_by)
        for name in (
            *(TOML, CONF),
            *(f"{_RESOURCES}/{name}" for name in reversed(SPRING_FILES)),
        )
    ),
    manifests=tuple(
        Manifest(name, "flyway")
        for name in (*_BUILD_FILES, "gradle/libs.versions.toml", *SPRING_FILES)
    ),
    options=(
        Option("placeholders", OptionKind.TABLE),
        # Any file may mix statements that need a transaction with others.
        Option("mixed", OptionKind.FLAG),
    ),
    variables_option="placeholders",
    mode=Mode.PIECES,
    tolerates_commit=True,
    table="public.flyway_schema_history",
    columns="installed_rank serial PRIMARY KEY, version varchar(50), description"
    " varchar(200) NOT NULL, type varchar(20) NOT NULL DEFAULT 'SQL', script"
    " varchar(1000) NOT NULL, checksum integer, installed_by varchar(100) NOT NULL"
    " DEFAULT current_user, installed_on timestamp NOT NULL DEFAULT now(),"
    " execution_time integer NOT NULL DEFAULT 0, success boolean NOT NULL DEFAULT true",
    after=(
        (
            "INSERT INTO {table} (version, description, script)"
            " VALUES (nullif($1, $3), left($2, 200), $3)"
        ),
    ),
    advice_on_transactions="Flyway runs a migration outside of a transaction when one"
    " of its statements is of those that it knows to need that (CREATE INDEX"
    " CONCURRENTLY, VACUUM, …), or when a file beside it, of its name and .conf, says"
    " executeInTransaction=false.",
)
