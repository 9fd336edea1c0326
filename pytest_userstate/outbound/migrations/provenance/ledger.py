"""Which migration introduced, last changed, and dropped each part of the schema.

Parts are tables and views, and their columns, constraints and indexes. Known by
comparing catalogue values before and after each migration; row versions would
mislead, since a foreign key from another table or a GRANT rewrites the row of a
table that it leaves as it was. `comparison` says what is compared, and how
little of it has to be read.
"""

from __future__ import annotations

import collections.abc as cabc
import types

import attrs

from pytest_userstate.domain.snapshot import DroppedObject, Source
from pytest_userstate.outbound.migrations.provenance.attribution import Attribution
from pytest_userstate.outbound.migrations.provenance.comparison import (
    CONSTRAINT,
    INDEX,
    ITSELF,
    RELATION,
    Part,
    Parts,
    Relation,
    Row,
    relation_of,
)

Key = tuple[str, str, str, str]
"""Schema, relation, kind, and the part's name; "" for the relation itself."""

_Place = tuple[int, Part]


@attrs.frozen(kw_only=True)
class History:
    """What the migrations did, name by name.

    Parameters
    ----------
    applied : int
        How many migrations were applied.
    created : mapping
        Where each table and view that exists now comes from, and each of their
        columns, constraints and indexes.
    changed : mapping
        Which migration changed it last, where one did after that.
    dropped : tuple of DroppedObject
        The names that existed once and exist no more, with the last migration
        that removed them.
    """

    applied: int
    created: cabc.Mapping[Key, Source]
    changed: cabc.Mapping[Key, Source]
    dropped: tuple[DroppedObject, ...]


class Ledger:
    """The state of the catalogue as last seen, and where each part comes from.

    Rows are those of `comparison`'s queries, which whoever applies the migrations
    may have asked in another process.

    Parameters
    ----------
    rows : iterable of tuple
        The answer to `comparison.ALL_RELATIONS` before the first migration.
    origin : Source or None
        Where what exists already comes from.
    without_origin : frozenset of str
        The relations that come from somewhere else, with or without their schema.
    """

    def __init__(
        self,
        rows: cabc.Iterable[Row],
        *,
        origin: Source | None = None,
        without_origin: frozenset[str] = frozenset(),
    ) -> None:
        """Take note of what exists already."""
        self._relations: dict[int, Relation] = {}
        self._seen: dict[int, bytes | str] = {}
        self._created: dict[_Place, Source] = {}
        self._changed: dict[_Place, Source] = {}
        self._dropped: dict[Key, Source] = {}
        for oid, relation in self._news(rows):
            if relation is not None:
                self._relations[oid] = relation
                names = {relation.name, f"{relation.schema}.{relation.name}"}
                if origin is not None and without_origin.isdisjoint(names):
                    for part in relation.parts:
                        self._created[oid, part] = origin

    def note_locked(
        self, rows: cabc.Iterable[Row], path: str, attribution: Attribution
    ) -> None:
        """Compare the relations that a migration had locked with what they were.

        Parameters
        ----------
        rows : iterable of tuple
            The answer to `comparison.LOCKED_RELATIONS` at the end of the
            migration's transaction; where there were several, all answers in
            order.
        path : str
            The migration's file, as messages name it.
        attribution : Attribution
            Its statements.
        """
        for oid, relation in self._news(rows):
            self._note(oid, relation, path, attribution)

    def note_all(
        self, rows: cabc.Iterable[Row], path: str, attribution: Attribution
    ) -> None:
        """Compare every relation with what it was.

        The rows are the answer to `comparison.ALL_RELATIONS`; all else is as for
        `note_locked`.
        """
        rows = list(rows)
        gone = self._relations.keys() - {int(row[0] or 0) for row in rows}
        self.note_locked([*((oid, None) for oid in gone), *rows], path, attribution)

    def history(self, *, applied: int) -> History:
        """Sum it up."""
        existing = {
            (relation.schema, relation.name, part[0], name): (oid, part)
            for oid, relation in self._relations.items()
            for part, (name, _) in relation.parts.items()
        }
        return History(
            applied=applied,
            created=_by_key(existing, self._created),
            changed=_by_key(existing, self._changed),
            dropped=tuple(
                _dropped_object(key, source)
                for key, source in sorted(self._dropped.items())
                if key not in existing
            ),
        )

    def _news(
        self, rows: cabc.Iterable[Row]
    ) -> cabc.Iterator[tuple[int, Relation | None]]:
        """Read the rows that do not say what was seen already."""
        latest = {int(row[0] or 0): row[1] for row in rows}
        for oid, values in latest.items():
            if values is None:
                self._seen.pop(oid, None)
                yield oid, None
            elif self._seen.get(oid) != values:
                read = values if isinstance(values, str | bytes) else str(values)
                self._seen[oid] = read
                yield oid, relation_of(read)

    def _note(
        self, oid: int, after: Relation | None, path: str, attribution: Attribution
    ) -> None:
        """Compare what a relation was with what it is."""
        before = self._relations.pop(oid, None)
        if after is not None:
            self._relations[oid] = after
        known = dict(before.parts) if before else {}
        found = after.parts if after else {}
        if before and (after is None or not before.is_named_as(after)):
            line = attribution.of_lost(before.place, RELATION, before.name)
            for (kind, _), (name, _) in known.items():
                self._drop(before, kind, name, Source(path, line))
            del known[ITSELF]
        self._follow_remade(oid, known, found)
        if before:
            self._note_losses(oid, before, (known, found), path, attribution)
        if after:
            self._note_gains(oid, after, known, path, attribution)

    def _follow_remade(self, oid: int, known: Parts, found: Parts) -> None:
        """Take a constraint or index made again for the one of its name.

        ALTER COLUMN TYPE and REINDEX CONCURRENTLY do so by themselves.
        """
        made = {
            (part[0], name): part
            for part, (name, _) in found.items()
            if part not in known and part[0] in {CONSTRAINT, INDEX}
        }
        for part in [part for part in known if part not in found]:
            again = made.get((part[0], known[part][0]))
            if again is not None:
                known[again] = known.pop(part)
                for sources in (self._created, self._changed):
                    if (oid, part) in sources:
                        sources[oid, again] = sources.pop((oid, part))

    def _note_losses(
        self,
        oid: int,
        before: Relation,
        parts: tuple[Parts, Parts],
        path: str,
        attribution: Attribution,
    ) -> None:
        """Note the names that are gone, unless they went with the relation's own."""
        known, found = parts
        constraints = before.names(CONSTRAINT)
        for part, (name, _) in known.items():
            if part in found and found[part][0] == name:
                continue
            if ITSELF in known:
                backs = part[0] == INDEX and name in constraints
                kind = CONSTRAINT if backs else part[0]
                line = attribution.of_lost(before.place, kind, name)
                self._drop(before, part[0], name, Source(path, line))
            self._created.pop((oid, part), None)
            self._changed.pop((oid, part), None)

    def _note_gains(
        self,
        oid: int,
        after: Relation,
        known: Parts,
        path: str,
        attribution: Attribution,
    ) -> None:
        """Note the names that are new, and the values that are."""
        constraints = after.names(CONSTRAINT)
        for part, (name, values) in after.parts.items():
            was = known.get(part)
            if was is None or was[0] != name:
                # An index that backs a constraint has its name, and comes with it.
                backs = part[0] == INDEX and name in constraints
                kind = CONSTRAINT if backs else part[0]
                line = attribution.of_new(after.place, kind, name)
                self._created[oid, part] = Source(path, line)
                self._changed.pop((oid, part), None)
            elif was[1] != values:
                line = attribution.of_changed(after.place, part[0], name)
                self._changed[oid, part] = Source(path, line)

    def _drop(self, relation: Relation, kind: str, name: str, source: Source) -> None:
        self._dropped[relation.schema, relation.name, kind, name] = source


def _by_key(
    existing: cabc.Mapping[Key, _Place], sources: cabc.Mapping[_Place, Source]
) -> cabc.Mapping[Key, Source]:
    return types.MappingProxyType(
        {key: sources[place] for key, place in existing.items() if place in sources}
    )


def _dropped_object(key: Key, source: Source) -> DroppedObject:
    schema, table, kind, name = key
    named = {kind: name} if kind else {}
    return DroppedObject(schema=schema, table=table, source=source, **named)
