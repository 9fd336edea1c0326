"""Which migration introduced and dropped each table, view and column.

Known by comparing catalogue values before and after each migration, by
``(oid, attnum)``; row versions would mislead, since a foreign key from another
table or a GRANT rewrites the row of a table that it leaves as it was.

Comparing everything after each of a thousand migrations would cost more than
the migrations. But whatever makes, renames or drops a relation or one of its
columns holds an ACCESS EXCLUSIVE lock on it until the transaction ends, so
inside a transaction the locks name the few relations to compare. Writing to the
catalogue's own tables, or renaming a schema, leaves a lock on those tables, and
then everything is compared, as it is after a migration that was not a single
transaction.
"""

from __future__ import annotations

import collections.abc as cabc
import json
import types
import typing as typ

import attrs

from pytest_userstate.domain.snapshot import DroppedObject, Source
from pytest_userstate.outbound.migrations.attribution import Attribution

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.migrations.session import Row

Key = tuple[str, str, str]

_FIRST_USER_OID = 16384
# pg_attribute, pg_class and pg_namespace, by numbers that never change.
_CATALOGUE_TABLES = "1249, 1259, 2615"

# Schema, name and columns by number, in hexadecimal digits, which a session can
# send whatever encoding a migration has set. Subqueries, since planning joins
# costs a new session more than all else here.
_VALUES = """
    pg_catalog.encode(pg_catalog.convert_to(pg_catalog.json_build_array(
        c.relnamespace::pg_catalog.regnamespace::pg_catalog.text, c.relname,
        (SELECT pg_catalog.json_object_agg(a.attnum, a.attname)
         FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
    )::pg_catalog.text, 'UTF8'), 'hex')"""
_HAS_COLUMNS = "c.relkind IN ('r', 'p', 'v', 'm', 'f')"

ALL_RELATIONS = f"""
    SELECT c.oid, {_VALUES} FROM pg_catalog.pg_class c
    WHERE c.oid >= {_FIRST_USER_OID} AND {_HAS_COLUMNS}"""  # noqa: S608 - constants

LOCKED_RELATIONS = f"""
    SELECT relation,
        (SELECT {_VALUES} FROM pg_catalog.pg_class c
         WHERE c.oid = relation AND {_HAS_COLUMNS})
    FROM pg_catalog.pg_lock_status()
    WHERE locktype = 'relation' AND pid = pg_catalog.pg_backend_pid()
        AND (mode = 'AccessExclusiveLock' AND relation >= {_FIRST_USER_OID}
            OR mode = 'RowExclusiveLock' AND relation IN ({_CATALOGUE_TABLES}))
    """  # noqa: S608 - constants


@attrs.frozen(kw_only=True)
class History:
    """What the migrations did, name by name.

    Parameters
    ----------
    applied : int
        How many migrations were applied.
    created : mapping
        Where each table, view (column "") and column that exists now comes
        from, by schema, relation and column.
    dropped : tuple of DroppedObject
        The names that existed once and exist no more, with the last migration
        that removed them.
    """

    applied: int
    created: cabc.Mapping[Key, Source]
    dropped: tuple[DroppedObject, ...]


_ITSELF = "0"  # the number of no column


@attrs.frozen
class _Relation:
    schema: str
    name: str
    columns: dict[str, str]

    def is_named_as(self, other: _Relation) -> bool:
        """Whether both have the same qualified name."""
        return (self.schema, self.name) == (other.schema, other.name)


class Ledger:
    """The state of the catalogue as last seen, and where each name comes from.

    Parameters
    ----------
    rows : iterable of tuple
        The result of `ALL_RELATIONS` before the first migration.
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
        self._relations = _by_oid(rows)
        self._sources: dict[tuple[int, str], Source] = {}
        self._dropped: dict[Key, Source] = {}
        if origin is not None:
            self._sources = {
                (oid, number): origin
                for oid, relation in self._relations.items()
                if without_origin.isdisjoint(
                    {relation.name, f"{relation.schema}.{relation.name}"}
                )
                for number in (_ITSELF, *relation.columns)
            }

    def note_locked(
        self, rows: cabc.Sequence[Row], path: str, attribution: Attribution
    ) -> None:
        """Compare the relations that a transaction had locked with what they were."""
        locked = {int(row[0] or 0) for row in rows}
        self._note(locked, _by_oid(rows), path, attribution)

    def note_all(
        self, rows: cabc.Iterable[Row], path: str, attribution: Attribution
    ) -> None:
        """Compare every relation with what it was."""
        found = _by_oid(rows)
        self._note({*self._relations, *found}, found, path, attribution)

    def history(self, *, applied: int) -> History:
        """Sum it up."""
        existing = {
            (relation.schema, relation.name, column): (oid, number)
            for oid, relation in self._relations.items()
            for number, column in ((_ITSELF, ""), *relation.columns.items())
        }
        created = {
            key: self._sources[place]
            for key, place in existing.items()
            if place in self._sources
        }
        dropped = (
            DroppedObject(schema=schema, table=table, column=column, source=source)
            for (schema, table, column), source in sorted(self._dropped.items())
            if (schema, table, column) not in existing
        )
        return History(
            applied=applied,
            created=types.MappingProxyType(created),
            dropped=tuple(dropped),
        )

    def _note(
        self,
        candidates: cabc.Iterable[int],
        found: cabc.Mapping[int, _Relation],
        path: str,
        attribution: Attribution,
    ) -> None:
        for oid in candidates:
            before, after = self._relations.get(oid), found.get(oid)
            if before == after:
                continue
            if before is not None:
                self._note_losses(before, after, path, attribution)
            if after is None:
                del self._relations[oid]
            else:
                self._note_gains(oid, before, after, path, attribution)
                self._relations[oid] = after

    def _note_losses(
        self,
        before: _Relation,
        after: _Relation | None,
        path: str,
        attribution: Attribution,
    ) -> None:
        schema, name = before.schema, before.name
        if after is None or not before.is_named_as(after):
            source = Source(path, attribution.of_lost_relation(schema, name))
            for column in ("", *before.columns.values()):
                self._dropped[schema, name, column] = source
            return
        for number, column in before.columns.items():
            if after.columns.get(number) != column:
                line = attribution.of_lost_column(schema, name, column)
                self._dropped[schema, name, column] = Source(path, line)

    def _note_gains(
        self,
        oid: int,
        before: _Relation | None,
        after: _Relation,
        path: str,
        attribution: Attribution,
    ) -> None:
        schema, name = after.schema, after.name
        if before is None or not before.is_named_as(after):
            line = attribution.of_new_relation(schema, name)
            self._sources[oid, _ITSELF] = Source(path, line)
        known = {} if before is None else before.columns
        for number, column in after.columns.items():
            if known.get(number) != column:
                line = attribution.of_new_column(schema, name, column)
                self._sources[oid, number] = Source(path, line)


def tell_all(rows: cabc.Iterable[Row]) -> bool:
    """Tell whether the relations that were locked are all that can have changed."""
    return all(int(oid or 0) >= _FIRST_USER_OID for oid, _ in rows)


def _by_oid(rows: cabc.Iterable[Row]) -> dict[int, _Relation]:
    """Read rows of `ALL_RELATIONS` or `LOCKED_RELATIONS`, leaving out the system's."""
    relations = {}
    for oid, values in rows:
        if oid is not None and values is not None:
            schema, name, columns = json.loads(bytes.fromhex(values.decode()))
            schema = _unquoted(schema)
            if not (schema.startswith("pg_") or schema == "information_schema"):
                relations[int(oid)] = _Relation(schema, name, columns or {})
    return relations


def _unquoted(identifier: str) -> str:
    """Return the name that an identifier, quoted where need be, stands for."""
    if not identifier.startswith('"'):
        return identifier
    return identifier[1:-1].replace('""', '"')
