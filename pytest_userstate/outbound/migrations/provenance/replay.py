"""Goes through the past of the schema, from one migration to the next."""

from __future__ import annotations

import collections
import collections.abc as cabc
import typing as typ

from pytest_userstate.outbound.migrations.provenance.past import (
    BEFORE,
    DOMAIN,
    NAME,
    SCHEMA,
    Fact,
    Past,
)
from pytest_userstate.outbound.migrations.provenance.relation import (
    COLUMN,
    ITSELF,
    RELATION,
    Changes,
    Named,
    Part,
    Relation,
    is_the_systems,
)

_PUBLIC = 2200
# Of which kind of parts the first value is the number of such a thing.
_REACHED = {SCHEMA: RELATION, DOMAIN: COLUMN}
_Said = dict[str | int, tuple[bytes, tuple[typ.Any, ...]]]


class Replay:
    """The schema after one migration, then after the next.

    Parameters
    ----------
    past : Past
        What was so, and when.
    """

    def __init__(self, past: Past) -> None:
        """Start before the first migration."""
        self._past = past
        self._facts: dict[tuple[int, Part], _Said] = collections.defaultdict(dict)
        self._untold: dict[int, set[Part]] = collections.defaultdict(set)
        self._told: set[int] = set()
        self.before = self._after(BEFORE)

    def changes(self) -> cabc.Iterator[tuple[int, Changes]]:
        """Yield each migration that may have changed relations, with these."""
        for time in sorted(self._past.begun.keys() | self._past.ended.keys()):
            if time != BEFORE:
                yield time, self._after(time)

    def _after(self, time: int) -> Changes:
        """Do what was done then; return the relations that it was done to."""
        for owner, part, topic, *_ in self._past.ended.get(time, ()):
            del self._facts[owner, part][topic]
            self._untold[owner].add(part)
        for owner, part, topic, name, values in self._past.begun.get(time, ()):
            self._facts[owner, part][topic] = name, values
            self._untold[owner].add(part)
        for fact in self._past.ended.get(time, ()):
            self._reach(fact)
        changes: dict[int, Relation | None] = {}
        for oid in [*self._untold]:
            relation = self._relation(oid)
            if relation is not None:
                changes[oid] = relation
                self._told.add(oid)
                del self._untold[oid]
            elif oid in self._told:
                changes[oid] = None
                self._told.remove(oid)
                self._untold[oid] = self._parts(oid)
        return changes

    def _parts(self, oid: int) -> set[Part]:
        """Return the parts of what is the system's now, and may be moved again."""
        if NAME not in self._facts[oid, ITSELF]:
            return set()
        return {part for owner, part in self._facts if owner == oid}

    def _reach(self, fact: Fact) -> None:
        """Touch what belongs to a schema or domain that is another one now."""
        owner, part, topic, *said = fact
        kind = _REACHED.get(part)
        if kind is None or self._facts[owner, part].get(topic) == tuple(said):
            return
        for (oid, part), facts in self._facts.items():
            if part[0] == kind and NAME in facts and facts[NAME][1][0] == owner:
                self._untold[oid].add(part)

    def _relation(self, oid: int) -> Relation | None:
        """Return a table or view as it is now; None for what is none of a user's."""
        itself = self._facts[oid, ITSELF].get(NAME)
        if itself is None:
            return None
        name, (schema, *_) = itself
        place = (self._schema(schema), _text(name))
        if is_the_systems(place[0]):
            return None
        return Relation(
            place, {part: self._named(oid, part) for part in self._untold[oid]}
        )

    def _schema(self, oid: int) -> str:
        said = self._facts[oid, SCHEMA].get(NAME)
        if said is not None:
            return _text(said[0])
        return "public" if oid == _PUBLIC else "pg_catalog"  # as every server has them

    def _named(self, oid: int, part: Part) -> Named | None:
        """Return a part as it is now; None: it is gone."""
        said = self._facts[oid, part]
        if NAME not in said:
            return None
        name, (kind, *_) = said[NAME]
        # Of a column's type, whether it is not null itself.
        domain = self._facts.get((kind, DOMAIN)) if part[0] == COLUMN else None
        return "" if part == ITSELF else _text(name), (
            dict(said),
            domain and dict(domain),
        )


def _text(name: bytes) -> str:
    return name.rstrip(b"\0").decode()
