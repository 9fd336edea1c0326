"""The migration tools that there are: those built in, and those of other packages.

A tool is an entry point of the group `pytest_userstate.migration_tools`, whose name
is that of the layout. The built-in ones are entry points as well, listed here, so
that none of them is imported before a folder holds something that it could mean.
"""

from __future__ import annotations

import collections.abc as cabc
import fnmatch
import functools
import importlib.metadata
import pathlib
import types
import typing as typ

from pytest_userstate.application.configuration import configuration_error
from pytest_userstate.application.wording import nearest
from pytest_userstate.domain.errors import ConfigurationError
from pytest_userstate.outbound.migrations.layout import Layout, visible

GROUP: typ.Final = "pytest_userstate.migration_tools"
_PACKAGE = __package__

# Where a layout is, and what a folder of it has to hold, or ("./…") how a file of it
# is named. Whether it then is of that layout, the layout itself decides.
_BUILT_IN: typ.Final[cabc.Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "alembic": ("alembic:LAYOUT", ("env.py", "alembic.ini")),
    "atlas": ("rules:ATLAS", ("atlas.sum",)),
    "bun": ("rules:BUN", ("[0-9]*_*.up.sql",)),
    "command": ("command:LAYOUT", ()),
    "dbmate": ("rules:DBMATE", ("[0-9]*.sql",)),
    "diesel": ("rules:DIESEL", ("*/up.sql",)),
    "django": ("django:LAYOUT", ("manage.py", "[0-9][0-9][0-9][0-9]_*.py")),
    "drizzle": ("drizzle:LAYOUT", ("meta/_journal.json", "*/snapshot.json")),
    "flyway": ("flyway:LAYOUT", ("[vbu]*__*.sql", "r__*.sql", "*/v*__*.sql")),
    "golang-migrate": ("rules:GOLANG_MIGRATE", ("[0-9]*_*.up.*",)),
    "goose": ("rules:GOOSE", ("*_*.sql",)),
    "graphile-migrate": ("rules:GRAPHILE", ("[0-9]*.sql",)),
    "hasura": ("rules:HASURA", ("*/up.sql",)),
    "liquibase": ("liquibase:LAYOUT", ("*.sql", "./*changelog*", "./*master*")),
    "micrate": ("rules:MICRATE", ("[0-9]*_*.sql",)),
    "mybatis": ("rules:MYBATIS", ("[0-9]*_*.sql",)),
    "node-pg-migrate": ("rules:NODE_PG_MIGRATE", ("[0-9]*.sql",)),
    "pg_dump": ("dumps:PG_DUMP", ("./*.sql",)),
    "plain": ("plain:LAYOUT", ("*.sql",)),
    "play": ("rules:PLAY", ("[0-9]*.sql",)),
    "pop": ("rules:POP", ("[0-9]*_*.up.*",)),
    "postgrator": ("rules:POSTGRATOR", ("[0-9]*.do.*",)),
    "prisma": ("rules:PRISMA", ("migration_lock.toml", "*/migration.sql")),
    "rambler": ("rules:RAMBLER", ("*.sql",)),
    "refinery": ("rules:REFINERY", ("[uv]*__*.sql", "[uv]*__*.rs", "*/[uv]*__*.sql")),
    "sqitch": ("sqitch:LAYOUT", ("sqitch.plan", "sqitch.conf")),
    "sql-migrate": ("rules:SQL_MIGRATE", ("*.sql",)),
    "sqlx": ("rules:SQLX", ("*_*.sql",)),
    "structure": ("dumps:STRUCTURE", ("./*structure.sql",)),
    "supabase": ("supabase:LAYOUT", ("[0-9]*_*.sql",)),
    "tern": ("rules:TERN", ("[0-9]*_*.sql",)),
    "yoyo": ("rules:YOYO", ("*.sql",)),
}
# The options that name their layout by themselves.
_IMPLIED_BY: typ.Final = types.MappingProxyType({"command": "command"})


@functools.cache
def _entries() -> cabc.Mapping[str, importlib.metadata.EntryPoint]:
    """Return all entry points; a name that is built in cannot be taken."""
    built_in = {
        name: importlib.metadata.EntryPoint(name, f"{_PACKAGE}.{place}", GROUP)
        for name, (place, _) in _BUILT_IN.items()
    }
    others = {
        entry.name: entry
        for entry in importlib.metadata.entry_points(group=GROUP)
        if entry.name not in built_in
    }
    return {**built_in, **others}


@functools.cache
def layout(name: str) -> Layout:
    """Return the layout of a name that is in the list."""
    entry = _entries()[name]
    if name in _BUILT_IN:
        built_in: Layout = entry.load()
        return built_in
    package = entry.dist.name if entry.dist else "a package"
    problem = ""
    try:
        loaded = entry.load()
    except (ImportError, AttributeError) as error:
        problem = str(error)
    else:
        if isinstance(loaded, Layout) and loaded.name == name:
            return loaded
        problem = f"it is no layout of the name {name!r}"
    message = (
        f"the migration tool {name} of {package} cannot be used: {entry.value}:"
        f" {problem}.\nUninstall {package}, or use a version of it that fits this one"
        " of pytest-userstate."
    )
    raise ConfigurationError(message, file=package)


def layouts() -> tuple[Layout, ...]:
    """Return all layouts."""
    return tuple(map(layout, _entries()))


def added_layouts() -> tuple[Layout, ...]:
    """Return the layouts of other packages."""
    return tuple(layout(name) for name in _entries() if name not in _BUILT_IN)


def layouts_possible_in(path: pathlib.Path) -> tuple[Layout, ...]:
    """Return the layouts that a folder or file could be of, by its names alone."""
    return tuple(
        layout(name)
        for name in _entries()
        if name not in _BUILT_IN
        or any(_holds(path, pattern) for pattern in _BUILT_IN[name][1])
    )


def names() -> str:
    """Return the names of all layouts, for messages."""
    return ", ".join(sorted(_entries()))


def layout_named(name: str, *, file: str, key: str) -> Layout:
    """Return the layout of this name."""
    if name in _BUILT_IN or name in _entries():
        return layout(name)
    fault = (
        f"{key}.tool",
        f"is {name!r}; {nearest(name.lower(), _entries())}",
    )
    raise configuration_error([fault], file=file)


def name_implied_by(options: cabc.Iterable[str]) -> str | None:
    """Return the layout that has to be meant, by the options that are set."""
    return next((_IMPLIED_BY[name] for name in options if name in _IMPLIED_BY), None)


def _holds(path: pathlib.Path, pattern: str) -> bool:
    """Whether something in the folder, or the file itself, is named so."""
    name, _, nested = pattern.partition("/")
    if path.is_file():
        return name == "." and fnmatch.fnmatchcase(path.name.lower(), nested)
    return any(
        fnmatch.fnmatchcase(entry.name.lower(), name)
        and (not nested or _holds(pathlib.Path(entry.path), nested))
        for entry in visible(path)
        if not nested or entry.is_dir()
    )
