"""What Flyway's own files, and those of a Spring application, say about Flyway.

``flyway.toml`` and ``flyway.conf`` are Flyway's. A Spring application says the same
under ``spring.flyway`` in ``application.properties`` or ``application.yml``, whose
names are bound loosely (``sql-migration-prefix`` is ``sqlMigrationPrefix``;
``FlywayProperties.java``).
"""

from __future__ import annotations

import collections.abc as cabc
import itertools
import pathlib
import re
import tomllib
import typing as typ

import attrs

from pytest_userstate.domain.errors import ConfigurationError, MigrationError
from pytest_userstate.outbound.migrations.layout import Options, label

TOML, CONF = "flyway.toml", "flyway.conf"
SPRING_FILES = ("application.yaml", "application.yml", "application.properties")
"""By rising precedence."""
RESOURCES = "src/main/resources"
_CLASSPATH = "db/migration"
_USUAL = (f"{RESOURCES}/{_CLASSPATH}", _CLASSPATH, "migrations", "sql")

_READ = {
    name.lower(): name
    for name in (
        *("locations", "table", "defaultSchema", "schemas", "target"),
        *("placeholderReplacement", "placeholderPrefix", "placeholderSuffix"),
        *("placeholderSeparator", "sqlMigrationPrefix", "sqlMigrationSeparator"),
        *("sqlMigrationSuffixes", "repeatableSqlMigrationPrefix", "mixed"),
        *("baselineMigrationPrefix", "undoSqlMigrationPrefix", "initSqls"),
        *("executeInTransaction", "enabled"),
    )
}
_KEY = re.compile(
    r"spring\.flyway\.(?P<name>[\w-]+)"
    r"(?:\[(?P<index>\d+)\]|\.?\[(?P<exact>.+)\]|\.(?P<below>.+))?"
)
_OF_A_PROFILE = re.compile(
    r"spring\.(?:config\.activate\.on-|profiles(?:$|\[))", re.IGNORECASE
)
_VARIABLE = re.compile(r"\$\{([^${}:]+)(?::([^${}]*))?\}")
_NEXT_PROPERTIES = re.compile(r"^[#!]---[ \t]*$", re.MULTILINE)
_PROPERTY = re.compile(r"\s*((?:[^\\:=\s]|\\.)+)[ \t\f]*[:=]?[ \t\f]*(.*)")
_CONTINUED = re.compile(r"(?<!\\)((?:\\\\)*)\\\r?\n[ \t\f]*")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}
# What a build replaces, such as @project.version@, and YAML itself forbids.
_FILTERED = re.compile(r"(?<=[:-] )(@[\w.-]+@)")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_MOST_TEXT = 200_000  # characters of a file
_MOST_VARIABLES = 100  # that a value leads to
_MOST_VALUES = 10_000  # of a file, with those that aliases repeat

_Raw = dict[str, typ.Any]


@attrs.frozen
class Prefixes:
    """How names of each kind start, and what separates their parts."""

    versioned: str = "V"
    repeatable: str = "R"
    baseline: str = "B"
    undo: str = "U"
    separator: str = "__"
    suffixes: tuple[str, ...] = (".sql",)


@attrs.frozen
class Placeholders:
    """The values of placeholders, and how placeholders are written.

    The case of names does not count (``PlaceholderReplacingReader.java``).
    """

    values: cabc.Mapping[str, str] = attrs.field(factory=dict)
    prefix: str = "${"
    suffix: str = "}"
    separator: str = ":"

    def replaced(self, sql: str, path: str, own: cabc.Mapping[str, str]) -> str:
        """Return the text with each value, also in comments.

        `own` has Flyway's own values for this file, without ``flyway:``.
        """
        if self.prefix not in sql:
            return sql
        values = {name.lower(): value for name, value in self.values.items()}
        values |= {f"flyway{self.separator}{key}".lower(): own[key] for key in own}
        parts: list[str] = []
        position = 0
        while (start := sql.find(self.prefix, position)) >= 0:
            end = sql.find(self.suffix, start + len(self.prefix))
            name = sql[start + len(self.prefix) : end if end >= 0 else None]
            if end < 0 or name.lower() not in values:
                raise self._unknown(sql, path, start, name if end >= 0 else None)
            parts += [sql[position:start], values[name.lower()]]
            position = end + len(self.suffix)
        return "".join((*parts, sql[position:]))

    def _unknown(
        self, sql: str, path: str, start: int, name: str | None
    ) -> MigrationError:
        line = sql.count("\n", 0, start) + 1
        column = start - sql.rfind("\n", 0, start)
        if name is None:
            problem = f"{self.prefix!r} begins a placeholder that never ends."
        else:
            problem = f"no value is given for {self.prefix}{name}{self.suffix}."
        known = ", ".join(sorted(self.values)) or "none"
        message = (
            f"{path}:{line}:{column}: {problem}\n"
            "Flyway replaces placeholders everywhere, in comments and literals, too,"
            f" and\nrefuses one without a value. Values are given for: {known}.\n"
            "Give it where Flyway is configured (placeholders in flyway.toml,"
            " flyway.conf, or\nunder spring.flyway, where a variable of the environment"
            " needs a default), or in\nuserstate.toml, with the right value:\n"
            f'migrations = {{ path = "{path.rpartition("/")[0]}", tool = "flyway",'
            f' placeholders = {{ {name or "name"} = "userstate" }} }}'
        )
        return MigrationError(message, path=path, line=line, column=column)


@attrs.frozen(kw_only=True)
class FlywaySettings:
    """How Flyway is configured; `locations` is empty if no file names any."""

    locations: tuple[pathlib.Path, ...] = ()
    prefixes: Prefixes = attrs.field(factory=Prefixes)
    placeholders: Placeholders = attrs.field(factory=Placeholders)
    replaces_placeholders: bool = True
    mixed: bool = False
    in_transaction: bool = True
    table: str = "flyway_schema_history"
    schemas: tuple[str, ...] = ()
    init_sql: str = ""
    environment: str = "default"


def settings_for(
    folder: pathlib.Path, base: pathlib.Path, options: Options
) -> FlywaySettings:
    """Return the settings of the nearest file above a folder, and the options'."""
    settings = FlywaySettings()
    for place in (folder.absolute(), *folder.absolute().parents):
        if (nearest := _settings_at(place, base)) is not None:
            settings = nearest
            break
        if place == base.absolute() or (place / ".git").exists():
            break
    given = {**settings.placeholders.values, **options.table("placeholders")}
    return attrs.evolve(
        settings,
        placeholders=attrs.evolve(settings.placeholders, values=given),
        mixed=settings.mixed or options.flag("mixed"),
    )


def _settings_at(place: pathlib.Path, base: pathlib.Path) -> FlywaySettings | None:
    """Return what the first file in a folder says that says anything."""
    names = (TOML, CONF, *(f"{RESOURCES}/{name}" for name in SPRING_FILES))
    files = filter(pathlib.Path.is_file, (place / name for name in names))
    return next(filter(None, (read_settings(file, base) for file in files)), None)


def read_settings(file: pathlib.Path, base: pathlib.Path) -> FlywaySettings | None:
    """Read one of Flyway's files, or those of Spring in its folder.

    Returns None if Spring's say nothing about Flyway; raises a ConfigurationError
    if a file cannot be read.
    """
    if is_of_spring(file):
        raw = _of_spring(file.parent, base)
        # That folder is the one of RESOURCES.
        return (
            _Reader(file.parents[3], raw).settings(label(file, base)) if raw else None
        )
    path = label(file, base)
    try:
        text = file.read_text("utf-8")
        raw = _of_toml(text) if file.name == TOML else _of_conf(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path} cannot be read: {error}."
        raise ConfigurationError(message, file=path) from error
    return _Reader(file.parent, raw).settings(path)


def is_of_spring(file: pathlib.Path) -> bool:
    """Whether a file is one of Spring's, which name places of the class path."""
    return file.name in SPRING_FILES


def usual_folder(file: pathlib.Path) -> pathlib.Path | None:
    """Return the folder that a file without locations means, if it is there."""
    if is_of_spring(file):
        folders = [file.parent / _CLASSPATH]
    else:
        folders = [file.parent / name for name in _USUAL]
    return next(filter(pathlib.Path.is_dir, folders), None)


def _of_toml(text: str) -> _Raw:
    """Return ``[flyway]`` of a TOML file, with what its environment changes."""
    whole = tomllib.loads(text)
    own = whole.get("flyway", {})
    raw: _Raw = dict(own) if isinstance(own, dict) else {}
    environments = whole.get("environments", {})
    environment = environments.get(raw.get("environment", "default"), {})
    raw.setdefault("schemas", environment.get("schemas", []))
    overridden = environment.get("flyway", {})
    placeholders = {**raw.get("placeholders", {}), **overridden.get("placeholders", {})}
    return {**raw, **overridden, "placeholders": placeholders}


def _of_conf(text: str) -> _Raw:
    """Return the ``flyway.…`` settings of Flyway's older form."""
    raw: _Raw = {}
    placeholders: dict[str, str] = {}
    for line in text.splitlines():
        stripped = line.strip()
        key, equals, value = stripped.partition("=")
        key = key.strip().removeprefix("flyway.")
        if not equals or stripped.startswith(("#", "!")):
            continue
        if key.startswith("placeholders."):
            placeholders[key.removeprefix("placeholders.")] = value.strip()
        else:
            raw[key] = value.strip()
    return {**raw, "placeholders": placeholders}


@attrs.frozen
class _Reader:
    """Takes settings from a file's values, whose types differ between the forms."""

    home: pathlib.Path
    raw: _Raw

    def settings(self, path: str) -> FlywaySettings:
        if (target := self.text("target", "latest")).rstrip("?") != "latest":
            message = (
                f"{path}: the target is {target}, and the audit applies all migrations."
                "\nLeave it out, or apply them with Flyway, and audit that database:"
                " --userstate-dsn."
            )
            raise ConfigurationError(message, file=path)
        schemas = self.texts("schemas")
        default = self.text("defaultSchema", "")
        placeholders = self.raw["placeholders"]
        return FlywaySettings(
            locations=tuple(map(self.location, self.texts("locations"))),
            prefixes=Prefixes(
                versioned=self.text("sqlMigrationPrefix", "V"),
                repeatable=self.text("repeatableSqlMigrationPrefix", "R"),
                baseline=self.text("baselineMigrationPrefix", "B"),
                undo=self.text("undoSqlMigrationPrefix", "U"),
                separator=self.text("sqlMigrationSeparator", "__"),
                suffixes=self.texts("sqlMigrationSuffixes") or (".sql",),
            ),
            placeholders=Placeholders(
                {name: str(value) for name, value in placeholders.items()},
                self.text("placeholderPrefix", "${"),
                self.text("placeholderSuffix", "}"),
                self.text("placeholderSeparator", ":"),
            ),
            replaces_placeholders=self.flag("placeholderReplacement", default=True),
            mixed=self.flag("mixed", default=False),
            in_transaction=self.flag("executeInTransaction", default=True),
            table=self.text("table", "flyway_schema_history"),
            schemas=(default, *(schema for schema in schemas if schema != default))
            if default
            else schemas,
            init_sql=self.text("initSql", ""),
            environment=self.text("environment", "default"),
        )

    def text(self, key: str, default: str) -> str:
        return str(self.raw.get(key, default))

    def flag(self, key: str, *, default: bool) -> bool:
        return str(self.raw.get(key, default)).strip().lower() == "true"

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.raw.get(key, ())
        texts: cabc.Iterable[object] = (
            value.split(",") if isinstance(value, str) else value
        )
        return tuple(filter(None, (str(text).strip() for text in texts)))

    def location(self, text: str) -> pathlib.Path:
        """Return the folder that a location means: of the class path, or beside."""
        kind, colon, path = text.partition(":")
        kind, path = (kind, path) if colon else ("classpath", text)
        path = path.replace("{vendor}", "postgresql").removeprefix("./")
        beside = self.home / path
        if kind == "classpath" and not (not colon and beside.is_dir()):
            return self.home / RESOURCES / path.lstrip("/")
        return beside


class SpringError(ValueError):
    """A file of Spring's cannot be used; the message continues its path."""


def _of_spring(folder: pathlib.Path, base: pathlib.Path) -> _Raw:
    """Return what the files of a folder say together."""
    values: _Raw = {}
    files = [folder / name for name in SPRING_FILES if (folder / name).is_file()]
    path = ""
    try:
        for file in files:
            path = label(file, base)
            # Many that say nothing about Flyway are not UTF-8.
            text = file.read_text("utf-8", errors="replace")
            values |= spring_values(file.name, text)
        path = " and ".join(label(file, base) for file in files)
        return spring_settings(values)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise ConfigurationError(message, file=path) from error
    except SpringError as error:
        message = f"{path}{error}"
        raise ConfigurationError(message, file=path) from error


def spring_values(name: str, text: str) -> _Raw:
    """Return all values of a file by their dotted names, but those of profiles."""
    documents = _properties(text) if name.endswith(".properties") else _yaml(text)
    values: _Raw = {}
    for document in documents:
        if not any(map(_OF_A_PROFILE.match, document)):
            values |= document
    return values


def spring_settings(values: cabc.Mapping[str, typ.Any]) -> _Raw:
    """Return Flyway's settings by the names that Flyway itself has for them.

    Raises a SpringError for a setting whose value comes from the environment.
    """
    raw: _Raw = {}
    placeholders: dict[str, str] = {}
    for key, value in values.items():
        match = _KEY.fullmatch(key)
        if match is None:
            continue
        name = re.sub("[-_]", "", match["name"]).lower()
        below = match["below"] or match["exact"] or match["index"]
        if name == "placeholders" and below:
            resolved = _resolved(str(value), values)
            if resolved is not None:  # else its user gets an error
                placeholders[below] = resolved
        elif name in _READ:
            several = [value] if isinstance(value, str) else value
            texts = [_expected(name, key, str(text), values) for text in several]
            given = texts[0] if isinstance(value, str) and not match["index"] else texts
            known = raw.get(_READ[name], [])
            raw[_READ[name]] = [*known, *texts] if match["index"] else given
    if not raw and not placeholders:
        return {}
    if str(raw.pop("enabled", "true")).lower() == "false":
        return {}
    if "initSqls" in raw:
        sqls = raw.pop("initSqls")
        raw["initSql"] = sqls if isinstance(sqls, str) else "\n".join(sqls)
    return {**raw, "placeholders": placeholders}


def _expected(
    name: str, key: str, text: str, values: cabc.Mapping[str, typ.Any]
) -> str:
    resolved = _resolved(text, values)
    if resolved is None and name == "locations":
        return text  # where there is no folder
    if resolved is None:
        message = (
            f": `{key}` is {text}, whose value is not in the file.\nThe environment is"
            " not asked, since what the audit finds is to follow from the\nrepository"
            " alone. Give it a default there (${NAME:default}), or say all of it in\n"
            "flyway.toml beside the folder src, which is then read instead."
        )
        raise SpringError(message)
    return resolved


def _resolved(text: str, values: cabc.Mapping[str, typ.Any]) -> str | None:
    """Return the text with other values of the file, or defaults, for variables."""
    for _ in range(min(len(values), _MOST_VARIABLES) + 1):
        match = _VARIABLE.search(text)
        if match is None:
            return text
        value = values.get(match[1], match[2])
        if value is None or len(text) > _MOST_TEXT:
            return None
        text = f"{text[: match.start()]}{value}{text[match.end() :]}"
    return None


def _properties(text: str) -> cabc.Iterator[_Raw]:
    for document in _NEXT_PROPERTIES.split(text):
        values: _Raw = {}
        for line in _CONTINUED.sub(r"\1", document).splitlines():
            match = _PROPERTY.match(line)
            if match is not None and match[1][0] not in "#!":
                key, value = (_ESCAPE.sub(_unescaped, part) for part in match.groups())
                values[key] = value.rstrip()
        yield values


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return _ESCAPES.get(escape[2], escape[2])


def _yaml(text: str) -> list[_Raw]:
    """Return the values of each document; what is not about Flyway may be anything."""
    try:
        return _documents(text)
    except SpringError:
        if "flyway" in text.lower():
            raise
        return []


def _documents(text: str) -> list[_Raw]:
    """Read YAML in which every value stays the text that it is."""
    import yaml  # noqa: PLC0415 - seldom needed, and it takes 20 ms

    if len(text) > _MOST_TEXT:
        message = f": more than {_MOST_TEXT:,} characters, which is not read."
        raise SpringError(message)
    try:
        # The base loader makes texts, lists and maps, and no other objects.
        documents = yaml.load_all(_FILTERED.sub(r'"\1"', text), Loader=yaml.BaseLoader)
        count = itertools.count(1)
        return [dict(_flat(document, "", count)) for document in documents]
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        message = f"{line}: not valid YAML: {error.problem}."
        raise SpringError(message) from error
    except yaml.YAMLError as error:
        message = f": not valid YAML: {error}."
        raise SpringError(message) from error
    except RecursionError as error:
        message = ": its values are nested too deeply."
        raise SpringError(message) from error


def _flat(
    value: object, path: str, count: cabc.Iterator[int]
) -> cabc.Iterator[tuple[str, object]]:
    """Yield values by the names of all maps above them; later ones win."""
    if next(count) > _MOST_VALUES:
        message = f": more than {_MOST_VALUES:,} values, with aliases."
        raise SpringError(message)
    if isinstance(value, dict):
        merged = value.get("<<", [])
        for part in reversed(merged if isinstance(merged, list) else [merged]):
            yield from _flat(part, path, count)
        for key, inner in value.items():
            if isinstance(key, str) and key != "<<":
                yield from _flat(inner, f"{path}.{key}" if path else key, count)
    elif isinstance(value, list) and not all(isinstance(part, str) for part in value):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{path}[{number}]", count)
    elif isinstance(value, list) or value not in _NULLS:
        yield path, value
