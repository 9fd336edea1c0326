"""The layouts that there are: the only place that lists them."""

from __future__ import annotations

import difflib

from pytest_userstate.domain.errors import ConfigurationError
from pytest_userstate.outbound.migrations.diesel import DieselLayout
from pytest_userstate.outbound.migrations.layout import Layout
from pytest_userstate.outbound.migrations.plain import PlainLayout

# The first that recognizes a folder has it, so the least particular comes last.
LAYOUTS: tuple[Layout, ...] = (
    DieselLayout(),
    PlainLayout(),
)


def names() -> str:
    """Return the names of all layouts, for messages."""
    return ", ".join(layout.name for layout in LAYOUTS)


def layout_named(name: str, *, file: str) -> Layout:
    """Return the layout of this name.

    Raises
    ------
    ConfigurationError
        When there is none; `file` is the configuration that asked for it.
    """
    by_name = {layout.name: layout for layout in LAYOUTS}
    if (found := by_name.get(name)) is not None:
        return found
    nearest = difflib.get_close_matches(name.lower(), by_name, n=1, cutoff=0.5)
    suggestion = f" Did you mean {nearest[0]!r}?" if nearest else ""
    message = (
        f"{file}: migrations.layout: there is no layout {name!r}.{suggestion}\n"
        f"The layouts are: {names()}."
    )
    raise ConfigurationError(message, file=file, key="migrations.layout")
