"""What migrations did to user state, in the order in which they were applied.

It is read off the sources in a snapshot, which knows of each part by whom it was
introduced, changed last, renamed, and dropped.
"""

from __future__ import annotations

import collections.abc as cabc
import enum

import attrs

from pytest_userstate.domain.converters import dotted, sorted_strings, strings
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.snapshot import (
    CheckConstraint,
    DroppedObject,
    ExclusionConstraint,
    ForeignKey,
    KeyConstraint,
    SchemaSnapshot,
    Source,
    Table,
)
from pytest_userstate.domain.state_diagram import state_places

Place = tuple[str, str]
Constraint = KeyConstraint | ForeignKey | CheckConstraint | ExclusionConstraint
Part = tuple[str, str, str, str]
"""Schema, table, kind (``column``, …; "" for the table itself), and name."""


class Step(enum.StrEnum):
    """What a migration did."""

    INTRODUCED = "introduced"
    ALTERED = "altered"
    RENAMED = "renamed"
    DROPPED = "dropped"


@attrs.frozen(kw_only=True)
class TimelineEvent:
    """One kind of thing that a migration did to a table, or to parts of it."""

    step: Step
    table: str
    """The table, with its schema, by the name that it had."""
    entities: tuple[str, ...] = attrs.field(converter=strings)
    """The entities that the model stores there."""
    is_whole: bool = False
    """Whether it was done to the table itself."""
    columns: tuple[str, ...] = attrs.field(default=(), converter=sorted_strings)
    constraints: tuple[str, ...] = attrs.field(default=(), converter=sorted_strings)
    indexes: tuple[str, ...] = attrs.field(default=(), converter=sorted_strings)
    renamed_to: str = ""
    """What the table, or its one part, was renamed to, with its schema."""
    source: Source


def _events(values: cabc.Iterable[TimelineEvent]) -> tuple[TimelineEvent, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class TimelineEntry:
    """A migration that touched user state."""

    path: str
    events: tuple[TimelineEvent, ...] = attrs.field(converter=_events)


def _entries(values: cabc.Iterable[TimelineEntry]) -> tuple[TimelineEntry, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Timeline:
    """The migrations that touched user state, in the order of their application."""

    entries: tuple[TimelineEntry, ...] = attrs.field(default=(), converter=_entries)
    others: int = 0
    """How many migrations did nothing to it."""


def timeline(snapshot: SchemaSnapshot, model: AuditModel) -> Timeline:
    """Return what the migrations did to the tables that the model names.

    Of a part that was changed several times, only the last change is known.
    """
    history = _History(snapshot, state_places(model))
    order = {path: number for number, path in enumerate(snapshot.migrations)}
    by_path: dict[str, list[TimelineEvent]] = {}
    for event in history.events():
        by_path.setdefault(event.source.path, []).append(event)
    # What comes before the migrations is in none of their files.
    paths = sorted(by_path, key=lambda path: (order.get(path, -1), path))
    entries = [
        TimelineEntry(path=path, events=sorted(by_path[path], key=_place_in_file))
        for path in paths
    ]
    return Timeline(entries=entries, others=len(order.keys() - by_path.keys()))


def _place_in_file(event: TimelineEvent) -> tuple[bool, Source, int, str]:
    """Order events by line, those without one last."""
    has_no_line = event.source.line is None
    return has_no_line, event.source, [*Step].index(event.step), event.table


class _History:
    """The single facts of a snapshot, gathered into events."""

    def __init__(
        self, snapshot: SchemaSnapshot, stored: cabc.Mapping[Place, tuple[str, ...]]
    ) -> None:
        """Index what was renamed by its later name."""
        self._snapshot = snapshot
        self._stored = stored
        self._renamed = {
            _part_of(gone, gone.renamed_to): gone
            for gone in snapshot.dropped
            if gone.renamed_to
        }
        # The parts of an event, by what they have in common.
        self._parts: dict[tuple[Step, Place, str], dict[Part, Source]] = {}
        self._renames: list[TimelineEvent] = []

    def events(self) -> cabc.Iterator[TimelineEvent]:
        """Yield all events, in no order."""
        for table in self._snapshot.tables:
            if (table.schema, table.name) in self._stored:
                self._note_table(table)
        dropped = self._snapshot.dropped
        constraints = {(gone.schema, gone.table, gone.constraint) for gone in dropped}
        for gone in dropped:
            # The index of a constraint comes and goes with it.
            is_own = (gone.schema, gone.table, gone.index or None) not in constraints
            if is_own and self._entities((gone.schema, gone.table)):
                self._note_end(gone)
        for (step, place, _), parts in self._parts.items():
            yield self._event(step, place, parts)
        yield from self._renames

    def _note_table(self, table: Table) -> None:
        """Note by whom a table and its parts were introduced and changed last."""
        place = table.schema, table.name
        key = [table.primary_key] if table.primary_key else []
        constraints: list[Constraint] = [
            *key,
            *table.unique_constraints,
            *table.foreign_keys,
            *table.check_constraints,
            *table.exclusion_constraints,
        ]
        indexes = [index for index in table.indexes if index.constraint is None]
        self._note((*place, "", ""), table.source, table.changed_by)
        for column in table.columns:
            name = (*place, "column", column.name)
            self._note(name, column.source, column.changed_by)
        for constraint in constraints:
            name = (*place, "constraint", constraint.name)
            self._note(name, constraint.source, constraint.changed_by)
        for index in indexes:
            name = (*place, "index", index.name)
            self._note(name, index.source, index.changed_by)

    def _note(
        self, part: Part, source: Source | None, changed_by: Source | None
    ) -> None:
        if source:
            self._add(Step.INTRODUCED, self._first_name(part, source), source)
        renamed = self._renamed.get(part)
        if changed_by and not (renamed and renamed.source == changed_by):
            self._add(Step.ALTERED, part, changed_by)

    def _note_end(self, gone: DroppedObject) -> None:
        """Note what was dropped or renamed, and by whom it was introduced."""
        part = _part_of(gone)
        if gone.renamed_to:
            if not self._follows_its_table(gone):
                self._renames.append(self._rename(gone))
            return
        if gone.introduced_by:
            introduced = self._first_name(part, gone.introduced_by)
            self._add(Step.INTRODUCED, introduced, gone.introduced_by)
        self._add(Step.DROPPED, part, gone.source)

    def _follows_its_table(self, gone: DroppedObject) -> bool:
        """Whether only the table that the part belongs to was renamed."""
        return bool(gone.part) and gone.renamed_to[2:] == (gone.part,)

    def _first_name(self, part: Part, source: Source) -> Part:
        """Return a part by the name that it was introduced with."""
        seen = {part}
        while (gone := self._renamed.get(part)) and gone.introduced_by == source:
            part = _part_of(gone)
            if part in seen:
                break
            seen.add(part)
        return part

    def _add(self, step: Step, part: Part, source: Source) -> None:
        parts = self._parts.setdefault((step, part[:2], source.path), {})
        parts[part] = source

    def _entities(self, place: Place) -> tuple[str, ...]:
        """Return what is stored in a table, by any of the names that it had."""
        seen: set[Place] = set()
        while place not in self._stored and place not in seen:
            seen.add(place)
            later = next(
                (
                    gone.renamed_to[:2]
                    for gone in self._renamed.values()
                    if not gone.part and (gone.schema, gone.table) == place
                ),
                place,
            )
            place = (later[0], later[1])
        return self._stored.get(place, ())

    def _event(
        self, step: Step, place: Place, parts: cabc.Mapping[Part, Source]
    ) -> TimelineEvent:
        names: dict[str, list[str]] = {}
        for _, _, kind, name in parts:
            names.setdefault(kind, []).append(name)
        is_whole = "" in names
        if is_whole and step is Step.DROPPED:
            # What a table takes with it is not said again.
            names = {}
        return TimelineEvent(
            step=step,
            table=dotted(*place),
            entities=self._entities(place),
            is_whole=is_whole,
            columns=names.get("column", ()),
            constraints=names.get("constraint", ()),
            indexes=names.get("index", ()),
            source=min(parts.values(), key=lambda source: source.line or 0),
        )

    def _rename(self, gone: DroppedObject) -> TimelineEvent:
        names = {f"{gone.kind}s" if gone.kind != "index" else "indexes": [gone.part]}
        return TimelineEvent(
            step=Step.RENAMED,
            table=dotted(gone.schema, gone.table),
            entities=self._entities((gone.schema, gone.table)),
            is_whole=not gone.part,
            renamed_to=dotted(*gone.renamed_to),
            source=gone.source,
            **(names if gone.part else {}),
        )


def _part_of(gone: DroppedObject, place: tuple[str, ...] = ()) -> Part:
    """Return what is gone as a part, by the name that it had, or another place."""
    schema, table, *name = place or (gone.schema, gone.table, gone.part)
    return schema, table, gone.kind, name[0] if name else ""
