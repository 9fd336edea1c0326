"""The migration tools that there are: those built in, and those of other packages.

A tool is an entry point of the group `pytest_userstate.migration_tools`, whose name
is that of the layout. The built-in ones are the rows of `rules`, and the modules that
are imported here.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import importlib
import importlib.metadata
import typing as typ

from pytest_userstate.application.configuration import configuration_error
from pytest_userstate.application.wording import nearest
from pytest_userstate.domain.errors import ConfigurationError
from pytest_userstate.outbound.migrations.layout import Layout, LayoutDefaults
from pytest_userstate.outbound.migrations.tools.rules import ROWS

GROUP: typ.Final = "pytest_userstate.migration_tools"
_MODULES: typ.Final = (
    *("alembic", "command", "django", "drizzle", "dumps", "flyway", "liquibase"),
    *("plain", "sqitch", "supabase"),
)


@functools.cache
def _built_in() -> cabc.Mapping[str, Layout]:
    """Return the built-in layouts by their names."""
    modules = [importlib.import_module(f"{__package__}.{name}") for name in _MODULES]
    found = (value for module in modules for value in vars(module).values())
    own = (value for value in found if isinstance(value, LayoutDefaults))
    layouts = [*ROWS, *(typ.cast("Layout", value) for value in own)]
    return {layout.name: layout for layout in sorted(layouts, key=lambda one: one.name)}


@functools.cache
def _others() -> cabc.Mapping[str, importlib.metadata.EntryPoint]:
    """Return the entry points of other packages; no built-in name can be taken."""
    found = importlib.metadata.entry_points(group=GROUP)
    return {entry.name: entry for entry in found if entry.name not in _built_in()}


@functools.cache
def layout(name: str) -> Layout:
    """Return the layout of a name that is in the list."""
    if name in _built_in():
        return _built_in()[name]
    entry = _others()[name]
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
    return (*_built_in().values(), *added_layouts())


def added_layouts() -> tuple[Layout, ...]:
    """Return the layouts of other packages."""
    return tuple(map(layout, _others()))


def names() -> str:
    """Return the names of all layouts, for messages."""
    return ", ".join(sorted((*_built_in(), *_others())))


def layout_named(name: str, *, file: str, key: str) -> Layout:
    """Return the layout of this name."""
    known = (*_built_in(), *_others())
    if name in known:
        return layout(name)
    fault = (f"{key}.tool", f"is {name!r}; {nearest(name.lower(), known)}")
    raise configuration_error([fault], file=file)
