"""The targets of a configuration: what each says, and what it takes from the rest.

`[targets.NAME]` takes every key of the file. A table is merged with the table of
the same name outside of `[targets]`; any other value replaces the one outside.
"""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

import attrs

from pytest_userstate.application.configuration import (
    configuration_error,
    read_document,
    read_settings,
)
from pytest_userstate.application.renamed import Renewal
from pytest_userstate.application.settings import Home, Settings
from pytest_userstate.application.wording import nearest
from pytest_userstate.domain.errors import UsageError

Table: typ.TypeAlias = cabc.Mapping[str, typ.Any]

_NAME: typ.Final = re.compile(r"[a-z][a-z0-9_-]*")
_OF_ONE: typ.Final = {
    "database": "is one database",
    "downstream": "is work that waits for the checks of one target",
    "snapshot": "is the schema of one target",
}
"""Keys that cannot be the same for several targets, and why."""
_BAD_NAME: typ.Final = (
    "cannot be used: a name is lower case letters, digits, underscores and hyphens, "
    "and starts with a letter"
)
_NOTHING_TO_AUDIT: typ.Final = (
    'has no migrations; expected migrations = "FOLDER", or database = "env:NAME" for '
    "a live database"
)


@attrs.frozen(kw_only=True)
class TargetTable:
    """What a file says about one target; the only one has no name."""

    name: str = ""
    values: Table
    """What the file says, with what is taken from outside of the target."""
    own: frozenset[str] = frozenset()
    """The keys that the target itself has."""
    accepted: tuple[int, ...] = ()
    """Which acceptances outside of `[targets]` are the target's."""

    warnings: tuple[str, ...] = ()
    """What there is to say about the whole file."""

    def key(self, key: str) -> str:
        """Return a key as the file has it, without the table of a shared file."""
        if re.split(r"[.\[]", key, maxsplit=1)[0] in self.own:
            return f"targets.{self.name}.{key}"
        index = re.fullmatch(r"accept\[(\d+)\](.*)", key)
        if index and self.accepted:
            return f"accept[{self.accepted[int(index[1])]}]{index[2]}"
        return key

    def settings(self, *, file: str, prefix: str = "") -> Settings:
        """Return what the file says about the target.

        A `ConfigurationError` is raised for names of what does not exist.
        """

        def place(key: str) -> str:
            return f"{prefix}.{self.key(key)}" if prefix else self.key(key)

        settings = read_settings(self.values, file=file, prefix=prefix, place=place)
        if not self.name:
            return settings
        table = f"{prefix}.targets.{self.name}".removeprefix(".")
        return attrs.evolve(
            settings,
            home=Home(file, table, self.name),
            warnings=(*self.warnings, *settings.warnings),
        )


def target_tables(
    raw: Table, *, file: str, prefix: str = ""
) -> tuple[TargetTable, ...]:
    """Return what a parsed file says about each target.

    A `ConfigurationError` is raised if the form of the file is wrong, or if a key
    cannot be meant for the targets that it is for.
    """
    if "targets" not in raw:
        return (TargetTable(values=raw),)
    renewal = Renewal(raw, prefix)
    if renewal.faults:
        raise configuration_error(renewal.faults, file=file)
    raw = renewal.table
    read_document(raw, file=file, prefix=prefix)
    targets: typ.Any = raw["targets"]
    if problems := list(_problems(raw, targets)):
        start = f"{prefix}." if prefix else ""
        faults = [(f"{start}{key}", problem) for key, problem in problems]
        raise configuration_error(faults, file=file)
    outside = {key: raw[key] for key in raw if key != "targets"}
    warnings = tuple(f"{file}: {warning}" for warning in renewal.warnings)
    return tuple(
        TargetTable(
            name=name,
            values=_merged(_for_target(outside, name, own), own),
            own=frozenset(own),
            accepted=tuple(_accepted(outside, name)),
            warnings=warnings if name == next(iter(targets)) else (),
        )
        for name, own in targets.items()
    )


def chosen(
    tables: tuple[TargetTable, ...], names: tuple[str, ...]
) -> tuple[TargetTable, ...]:
    """Return the targets of these names; without names, all targets."""
    known = [table.name for table in tables if table.name]
    for name in names:
        if not known:
            message = f"there is no target {name!r}: the configuration has no [targets]"
            raise UsageError(message)
        if name not in known:
            message = f"there is no target {name!r}; "
            raise UsageError(message + nearest(name, known))
    return tuple(table for table in tables if not names or table.name in names)


def _problems(
    raw: Table, targets: cabc.Mapping[str, Table]
) -> cabc.Iterator[tuple[str, str]]:
    if not targets:
        yield "targets", "is empty; expected a table for each target: [targets.billing]"
    for key, reason in _OF_ONE.items():
        if key in raw:
            where = " or ".join(f"[targets.{name}]" for name in targets)
            yield key, f"{reason}; put it under {where}"
    for index, entry in enumerate(raw.get("accept", ())):
        yield from _problem_of_acceptance(index, entry["check"], targets)
    for name, own in targets.items():
        key = f"targets.{name}"
        if not _NAME.fullmatch(name):
            yield key, _BAD_NAME
        has_folder = "path" in _as_table(own.get("migrations", {}))
        if has_folder and "database" in own:
            problem = "is given beside `migrations`; a target is either: make it two"
            yield f"{key}.database", problem
        if not has_folder and "database" not in own:
            yield key, _NOTHING_TO_AUDIT


def _problem_of_acceptance(
    index: int, check: str, targets: cabc.Mapping[str, Table]
) -> cabc.Iterator[tuple[str, str]]:
    name, _, rest = check.partition(".")
    if name not in targets or "." not in rest:
        ids = " or ".join(f"{target}.{check}" for target in targets)
        problem = f"is {check!r}, of no target; expected the target in front: {ids}"
        yield f"accept[{index}].check", problem
    elif "accept" in targets[name]:
        problem = (
            f"is of {name}, which has entries: put it under [[targets.{name}.accept]]"
        )
        yield f"accept[{index}].check", problem


def _for_target(outside: Table, name: str, own: Table) -> Table:
    """Return what is outside without what is only about another target."""
    values = {**outside}
    if "database" in own:
        values.pop("migrations", None)
    if "accept" in outside:
        entries = (outside["accept"][index] for index in _accepted(outside, name))
        values["accept"] = [
            {**entry, "check": entry["check"].removeprefix(f"{name}.")}
            for entry in entries
        ]
    return values


def _accepted(outside: Table, name: str) -> cabc.Iterator[int]:
    """Yield the numbers of the acceptances that are of a target."""
    for index, entry in enumerate(outside.get("accept", ())):
        if entry["check"].startswith(f"{name}."):
            yield index


def _merged(outside: Table, own: Table) -> Table:
    """Return the values of both; tables are merged, and other values replaced."""
    values = {**outside, **own}
    if "migrations" in outside and "migrations" in own:
        values["migrations"] = {
            **_as_table(outside["migrations"]),
            **_as_table(own["migrations"]),
        }
    for key in (outside.keys() & own.keys()) - {"migrations"}:
        before, after = outside[key], own[key]
        if isinstance(before, cabc.Mapping) and isinstance(after, cabc.Mapping):
            values[key] = _merged(before, after)
    return values


def _as_table(migrations: str | Table) -> Table:
    """Return the setting of migrations, which a string is short for, as a table."""
    return {"path": migrations} if isinstance(migrations, str) else migrations
