"""The names that have changed, which a user may still write: one table for all.

An old name is read as the new one, and a warning says what replaces it. To write both
is an error. Nothing is imported here: every run of pytest loads this module.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

LAST: typ.Final = "0.2"
"""The last version that reads the old names."""
OPTIONS: typ.Final = {"--userstate-snapshot": "--userstate-snapshot-update"}
FIXTURES: typ.Final = {"userstate_database": "userstate_connection"}
KEYS: typ.Final = {
    "silence": "ignore",
    "migrations.layout": "tool",
    "entities.*.several": "allow_multiple",
}
"""The keys of the configuration, each with its new name in the same table."""
VALUES: typ.Final = {"allow_multiple": {"fine": True, "ambiguous": False}}
"""The values that changed with a key, by its new name."""


def replaced(old: str, new: str) -> str:
    """Return the warning about an old name.

    >>> replaced("the fixture a", "b")
    'the fixture a is now b; version 0.2 is the last one that reads the old name'
    """
    return f"{old} is now {new}; version {LAST} is the last one that reads the old name"


class Renewal:
    """A configuration under its new keys.

    Parameters
    ----------
    table : mapping
        The configuration as it is written.
    prefix : str
        The key of the table in its file; empty if the file holds nothing else.

    Attributes
    ----------
    table : mapping
        The configuration with the old keys replaced.
    warnings : list of str
        What replaces each old key.
    faults : list of (str, str)
        The old keys that cannot be replaced, each with the reason.
    """

    def __init__(self, table: cabc.Mapping[str, object], prefix: str = "") -> None:
        self.warnings: list[str] = []
        self.faults: list[tuple[str, str]] = []
        for pattern, new in KEYS.items():
            for key in (pattern, f"targets.*.{pattern}"):
                table = self._renewed(table, key.split("."), new, prefix)
        self.table = table

    def _renewed(
        self, table: typ.Any, path: list[str], new: str, place: str
    ) -> typ.Any:
        """Return a table with the key at the end of a path replaced."""
        if not isinstance(table, cabc.Mapping):  # refused when it is read
            return table
        old, *rest = path
        keys = [key for key in table if old in {key, "*"}]
        if rest:
            below = {
                key: self._renewed(table[key], rest, new, _join(place, key))
                for key in keys
            }
            return {**table, **below}
        if not keys:
            return table
        entry = self._entry(table, old, new, _join(place, old))
        return {
            name: entry if key == old else value
            for key, value in table.items()
            for name in (new if key == old else key,)
        }

    def _entry(
        self, table: cabc.Mapping[str, object], old: str, new: str, key: str
    ) -> object:
        """Return the value of an old key as the new one has it."""
        value, values = table[old], VALUES.get(new)
        if new in table:
            problem = f"is the old name of `{new}`, which is there too; remove `{old}`"
            self.faults.append((key, problem))
        elif values is None:
            self.warnings.append(replaced(f"`{key}`", f"`{new}`"))
        elif isinstance(value, str) and value in values:
            now = f"{new} = {str(values[value]).lower()}"
            self.warnings.append(replaced(f'`{key} = "{value}"`', f"`{now}`"))
            return values[value]
        else:
            problem = f"is {value!r}; expected `{new}` in its place, true or false"
            self.faults.append((key, problem))
        return value


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
