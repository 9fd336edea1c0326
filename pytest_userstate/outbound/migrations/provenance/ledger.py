"""Which migration introduced, last changed, and dropped each part of the schema.

Parts are tables and views, and their columns, constraints and indexes. Known by
comparing catalog values before and after each migration; row versions would
mislead, since a foreign key from another table or a GRANT rewrites the row of a
table that it leaves as it was. Where the values come from is told by `past`, and
by `comparison` for what another program applies.
"""

from __future__ import annotations

import collections.abc as cabc
import types

import attrs

from pytest_userstate.domain.snapshot import DroppedObject, Source
from pytest_userstate.outbound.migrations.provenance.attribution import Attribution
from pytest_userstate.outbound.migrations.provenance.relation import (
    CONSTRAINT,
    INDEX,
    ITSELF,
    RELATION,
    Changes,
    Named,
    Part,
    Place,
    Relation,
)

Key = tuple[str, str, str, str]
"""Schema, relation, kind, and the part's name; "" for the relation itself."""


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


class _Sources(dict[int | None, Source]):
    """The lines of a migration's file; None: the file alone."""

    def __init__(self, path: str) -> None:
        """Begin with none."""
        super().__init__()
        self._path = path

    def __missing__(self, line: int | None) -> Source:
        """Make each once."""
        source = self[line] = Source(self._path, line)
        return source


@attrs.define
class _Known:
    """A part as it was seen last, and where it comes from."""

    name: str
    values: object
    created: Source | None = None
    changed: Source | None = None


@attrs.define
class _Seen:
    """A relation as it was seen last."""

    place: Place
    parts: dict[Part, _Known]


class Ledger:
    """The state of the catalog as last seen, and where each part comes from.

    Parameters
    ----------
    relations : mapping
        What exists before the first migration, by its number.
    origin : Source or None
        Where what exists already comes from.
    without_origin : frozenset of str
        The relations that come from somewhere else, with or without their schema.
    """

    def __init__(
        self,
        relations: Changes,
        *,
        origin: Source | None = None,
        without_origin: frozenset[str] = frozenset(),
    ) -> None:
        """Take note of what exists already."""
        self._seen: dict[int, _Seen] = {}
        self._dropped: dict[Key, Source] = {}
        for oid, relation in relations.items():
            if relation is not None:
                names = {relation.place[1], ".".join(relation.place)}
                source = origin if without_origin.isdisjoint(names) else None
                parts = {
                    part: _Known(*named, source)
                    for part, named in relation.parts.items()
                    if named is not None
                }
                self._seen[oid] = _Seen(relation.place, parts)

    def note(self, changes: Changes, path: str, attribution: Attribution) -> None:
        """Compare what a migration may have changed with what it was.

        Parameters
        ----------
        changes : mapping
            Relations by number, as they are after it; None for what is gone.
        path : str
            The migration's file, as messages name it.
        attribution : Attribution
            Its statements.
        """
        sources = _Sources(path)
        for oid, relation in changes.items():
            seen = self._seen.pop(oid, None) or _Seen(("", ""), {})
            if relation is not None:
                self._seen[oid] = seen
            self._note(seen, relation, sources, attribution)

    def history(self, *, applied: int) -> History:
        """Sum it up."""
        created: dict[Key, Source] = {}
        changed: dict[Key, Source] = {}
        gone = dict(self._dropped)
        for seen in self._seen.values():
            for (kind, _), known in seen.parts.items():
                key = (*seen.place, kind, known.name)
                gone.pop(key, None)
                if known.created:
                    created[key] = known.created
                if known.changed:
                    changed[key] = known.changed
        return History(
            applied=applied,
            created=types.MappingProxyType(created),
            changed=types.MappingProxyType(changed),
            dropped=tuple(_dropped_object(*each) for each in sorted(gone.items())),
        )

    def _note(
        self,
        seen: _Seen,
        relation: Relation | None,
        sources: _Sources,
        attribution: Attribution,
    ) -> None:
        """Compare what a relation was with what it is."""
        if seen.parts and (relation is None or relation.place != seen.place):
            line = attribution.of_lost(seen.place, RELATION, seen.place[1])
            for part, known in seen.parts.items():
                self._drop(seen, part, known, sources[line])
            del seen.parts[ITSELF]
        if relation is not None:
            _follow_remade(seen.parts, relation.parts)
            self._note_losses(seen, relation, sources, attribution)
            seen.place = relation.place
            _note_gains(seen, relation, sources, attribution)

    def _note_losses(
        self,
        seen: _Seen,
        relation: Relation,
        sources: _Sources,
        attribution: Attribution,
    ) -> None:
        """Note the names that are gone, unless they went with the relation's own."""
        constraints = {
            seen.parts[part].name
            for part in relation.parts
            if part[0] == CONSTRAINT and part in seen.parts
        }
        for part, named in relation.parts.items():
            known = seen.parts.get(part)
            if known is None or (named and named[0] == known.name):
                continue
            if ITSELF in seen.parts:
                kind = _kind(part, known.name, constraints)
                line = attribution.of_lost(seen.place, kind, known.name)
                self._drop(seen, part, known, sources[line])
            del seen.parts[part]

    def _drop(self, seen: _Seen, part: Part, known: _Known, source: Source) -> None:
        self._dropped[(*seen.place, part[0], known.name)] = source


def _follow_remade(
    known: dict[Part, _Known], found: cabc.Mapping[Part, Named | None]
) -> None:
    """Take a constraint or index made again for the one of its name.

    ALTER COLUMN TYPE and REINDEX CONCURRENTLY do so by themselves.
    """
    gone = {
        (part[0], known[part].name): part
        for part, named in found.items()
        if named is None and part in known and part[0] in {CONSTRAINT, INDEX}
    }
    for part, named in found.items() if gone else ():
        if named and part not in known and (part[0], named[0]) in gone:
            known[part] = known.pop(gone.pop((part[0], named[0])))


def _note_gains(
    seen: _Seen, relation: Relation, sources: _Sources, attribution: Attribution
) -> None:
    """Note the names that are new, and the values that are."""
    constraints = {
        named[0]
        for part, named in relation.parts.items()
        if named and part[0] == CONSTRAINT
    }
    for part, named in relation.parts.items():
        if named is None:
            continue
        name, values = named
        known = seen.parts.get(part)
        if known is None:
            kind = _kind(part, name, constraints)
            line = attribution.of_new(seen.place, kind, name)
            seen.parts[part] = _Known(name, values, sources[line])
        elif known.values != values:
            line = attribution.of_changed(seen.place, part[0], name)
            known.values, known.changed = values, sources[line]


def _kind(part: Part, name: str, constraints: cabc.Container[str]) -> str:
    """Return with what a part comes and goes.

    An index that backs a constraint has its name, and goes with it.
    """
    return CONSTRAINT if part[0] == INDEX and name in constraints else part[0]


def _dropped_object(key: Key, source: Source) -> DroppedObject:
    schema, table, kind, name = key
    named = {kind: name} if kind else {}
    return DroppedObject(schema=schema, table=table, source=source, **named)
