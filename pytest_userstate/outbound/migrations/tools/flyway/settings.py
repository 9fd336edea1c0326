"""What Flyway's files, and those of Spring, say, as far as it counts here."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import tomllib
import typing as typ

import attrs

from pytest_userstate.domain.errors import ConfigurationError
from pytest_userstate.outbound.migrations.layout import label
from pytest_userstate.outbound.migrations.options import Options
from pytest_userstate.outbound.migrations.tools.flyway import spring
from pytest_userstate.outbound.migrations.tools.flyway.names import (
    Prefixes,
    Version,
    parts,
)
from pytest_userstate.outbound.migrations.tools.flyway.placeholders import Placeholders

TOML, CONF = "flyway.toml", "flyway.conf"
RESOURCES = "src/main/resources"
_CLASSPATH = "db/migration"
_USUAL = (f"{RESOURCES}/{_CLASSPATH}", _CLASSPATH, "migrations", "sql")


@attrs.frozen(kw_only=True)
class Settings:
    """How Flyway is configured.

    Parameters
    ----------
    locations : tuple of Path
        Its folders, in order; empty where no file names any.
    """

    locations: tuple[pathlib.Path, ...] = ()
    prefixes: Prefixes = attrs.field(factory=Prefixes)
    placeholders: Placeholders = attrs.field(factory=Placeholders)
    replaces_placeholders: bool = True
    mixed: bool = False
    in_transaction: bool = True
    validates_names: bool = False
    table: str = "flyway_schema_history"
    schemas: tuple[str, ...] = ()
    target: str = "latest"
    init_sql: str = ""
    environment: str = "default"
    installed_by: str = ""

    @property
    def limit(self) -> Version | None:
        """The last version that is wanted, where that is a version."""
        return parts(self.target.removesuffix("?"))


def settings_for(
    folder: pathlib.Path, base: pathlib.Path, options: Options
) -> Settings:
    """Return the settings of the nearest file above a folder, and the options'."""
    found = Settings()
    for place in (folder.absolute(), *folder.absolute().parents):
        if (settings := _settings_at(place, base)) is not None:
            found = settings
            break
        if place == base.absolute() or (place / ".git").exists():
            break
    given = {**found.placeholders.values, **options.table("placeholders")}
    return attrs.evolve(
        found,
        placeholders=attrs.evolve(found.placeholders, values=given),
        mixed=found.mixed or options.flag("mixed"),
    )


def _settings_at(place: pathlib.Path, base: pathlib.Path) -> Settings | None:
    """Return what the first file in a folder says that says anything."""
    names = (TOML, CONF, *(f"{RESOURCES}/{name}" for name in spring.FILES))
    files = filter(pathlib.Path.is_file, (place / name for name in names))
    return next(filter(None, (read_settings(file, base) for file in files)), None)


def read_settings(file: pathlib.Path, base: pathlib.Path) -> Settings | None:
    """Read one of Flyway's files, or those of Spring in its folder.

    Returns
    -------
    Settings or None
        None where Spring's say nothing about Flyway.

    Raises
    ------
    ConfigurationError
        When it cannot be read.
    """
    if is_of_spring(file):
        raw = _of_spring(file.parent, base)
        # That folder is the one of RESOURCES.
        return _Reader(file.parents[3], raw).settings() if raw else None
    path = label(file, base)
    try:
        text = file.read_text("utf-8")
        raw = _of_toml(text) if file.name == TOML else _of_properties(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path} cannot be read: {error}."
        raise ConfigurationError(message, file=path) from error
    return _Reader(file.parent, raw).settings()


def is_of_spring(file: pathlib.Path) -> bool:
    """Whether a file is one of Spring's, which say where they are by its class path."""
    return file.name in spring.FILES


def _of_spring(folder: pathlib.Path, base: pathlib.Path) -> _Raw:
    """Return what the files of a folder say together."""
    values: _Raw = {}
    files = [each for name in spring.FILES if (each := folder / name).is_file()]
    path = ""
    try:
        for file in files:
            path = label(file, base)
            # Many that say nothing about Flyway are not UTF-8.
            text = file.read_text("utf-8", errors="replace")
            values |= spring.values_of(file.name, text)
        path = " and ".join(label(each, base) for each in files)
        return spring.settings_in(values)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise ConfigurationError(message, file=path) from error
    except spring.SpringError as error:
        message = f"{path}{error}"
        raise ConfigurationError(message, file=path) from error


def usual_folder(file: pathlib.Path) -> pathlib.Path | None:
    """Return the folder that is meant where a file names none, if it is there."""
    if is_of_spring(file):
        folders = [file.parent / _CLASSPATH]
    else:
        folders = [file.parent / name for name in _USUAL]
    return next(filter(pathlib.Path.is_dir, folders), None)


_Raw = dict[str, typ.Any]


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


def _of_properties(text: str) -> _Raw:
    """Return the ``flyway.…`` settings of a file of properties."""
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
    """Takes settings from a file's values, whose types its two forms differ in."""

    home: pathlib.Path
    raw: _Raw

    def settings(self) -> Settings:
        schemas = self.texts("schemas")
        default = self.text("defaultSchema", "")
        return Settings(
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
                {name: str(value) for name, value in self.raw["placeholders"].items()},
                self.text("placeholderPrefix", "${"),
                self.text("placeholderSuffix", "}"),
                self.text("placeholderSeparator", ":"),
            ),
            replaces_placeholders=self.flag("placeholderReplacement", default=True),
            mixed=self.flag("mixed", default=False),
            in_transaction=self.flag("executeInTransaction", default=True),
            validates_names=self.flag("validateMigrationNaming", default=False),
            table=self.text("table", "flyway_schema_history"),
            schemas=(default, *(each for each in schemas if each != default))
            if default
            else schemas,
            target=self.text("target", "latest"),
            init_sql=self.text("initSql", ""),
            environment=self.text("environment", "default"),
            installed_by=self.text("installedBy", ""),
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
        return tuple(str(each).strip() for each in texts if str(each).strip())

    def location(self, text: str) -> pathlib.Path:
        """Return the folder that a location means: of the class path, or beside."""
        kind, colon, path = text.partition(":")
        kind, path = (kind, path) if colon else ("classpath", text)
        path = path.replace("{vendor}", "postgresql").removeprefix("./")
        beside = self.home / path
        if kind == "classpath" and not (not colon and beside.is_dir()):
            return self.home / RESOURCES / path.lstrip("/")
        return beside
