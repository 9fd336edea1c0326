"""The layouts that there are: the only place that lists them.

A run needs one of them, so each module is imported only when a folder holds
something that its layout could mean.
"""

from __future__ import annotations

import collections.abc as cabc
import fnmatch
import functools
import importlib
import pathlib
import types
import typing as typ

from pytest_userstate.application.configuration import configuration_error
from pytest_userstate.application.structuring import nearest
from pytest_userstate.outbound.migrations.layout import Layout, visible

# The name, which is also that of the module, and what a folder of the layout has to
# hold, or ("./…") how a file of it is named. Whether it then is of that layout, the
# layout itself decides.
HOLDS: typ.Final[cabc.Mapping[str, tuple[str, ...]]] = types.MappingProxyType(
    {
        "alembic": ("env.py", "alembic.ini"),
        "command": (),
        "diesel": ("*/up.sql",),
        "drizzle": ("meta/_journal.json", "*/snapshot.json"),
        "django": ("manage.py", "[0-9][0-9][0-9][0-9]_*.py"),
        "sqlx": ("*_*.sql",),
        "dbmate": ("[0-9]*.sql",),
        "goose": ("*_*.sql",),
        "flyway": ("[vbu]*__*.sql", "r__*.sql", "*/v*__*.sql"),
        "refinery": ("[uv]*__*.sql", "[uv]*__*.rs", "*/[uv]*__*.sql"),
        "prisma": ("migration_lock.toml", "*/migration.sql"),
        "golang-migrate": ("[0-9]*_*.up.*", "[0-9]*_*.down.*"),
        "sqitch": ("sqitch.plan", "sqitch.conf"),
        "structure": ("./*structure.sql",),
        "pg_dump": ("./*.sql",),
        "supabase": ("[0-9]*_*.sql",),
        "plain": ("*.sql",),
    }
)

# The options that name their layout by themselves.
_IMPLIED_BY: typ.Final = types.MappingProxyType({"command": "command"})


@functools.cache
def layout(name: str) -> Layout:
    """Return the layout of a name that is in the list."""
    package = __package__ or ""
    module = importlib.import_module(f"{package}.{name.replace('-', '_')}")
    found: Layout = module.LAYOUT
    return found


def layouts() -> tuple[Layout, ...]:
    """Return all layouts."""
    return tuple(map(layout, HOLDS))


def layouts_possible_in(path: pathlib.Path) -> tuple[Layout, ...]:
    """Return the layouts that a folder or file could be of, by its names alone."""
    return tuple(
        layout(name)
        for name, patterns in HOLDS.items()
        if any(_holds(path, pattern) for pattern in patterns)
    )


def names() -> str:
    """Return the names of all layouts, for messages."""
    return ", ".join(HOLDS)


def layout_named(name: str, *, file: str, key: str) -> Layout:
    """Return the layout of this name.

    Raises
    ------
    ConfigurationError
        When there is none; `file` and `key` are where it was asked for.
    """
    if name in HOLDS:
        return layout(name)
    fault = (f"{key}.layout", f"is {name!r}; {nearest(name.lower(), HOLDS)}")
    raise configuration_error([fault], file=file)


def name_implied_by(options: cabc.Iterable[str]) -> str | None:
    """Return the layout that has to be meant, by the options that are set."""
    return next((_IMPLIED_BY[each] for each in options if each in _IMPLIED_BY), None)


def _holds(path: pathlib.Path, pattern: str) -> bool:
    """Tell whether something in the folder, or the file itself, is named so."""
    name, _, nested = pattern.partition("/")
    if path.is_file():
        return name == "." and fnmatch.fnmatchcase(path.name.lower(), nested)
    return any(
        fnmatch.fnmatchcase(entry.name.lower(), name)
        and (not nested or _holds(pathlib.Path(entry.path), nested))
        for entry in visible(path)
        if not nested or entry.is_dir()
    )
