"""What of the catalog is compared: the queries, and what their rows say.

A row is the relation's identifier and its values, either as text or as bytes; the
values are null where there is no such table or view (any more). Whoever applies
migrations over a connection of its own, in another process, asks there:

- `ALL_RELATIONS` once before the first migration, and after each that may not
  have been a single transaction;
- `LOCKED_RELATIONS` as the last statement of a migration's transaction. Where a
  row has the number of a table of the system, `ALL_RELATIONS` has to follow.

Each is one text for PostgreSQL 14 and newer, and does without parameters.

Locks tell which relations a transaction can have changed: whatever changes one
of the values below holds a lock on it, or on one of its indexes, that is
stronger than those of reading and writing rows, until the transaction ends.
Writing to the catalog's own tables, or renaming a schema, leaves a lock on
those tables, and then everything is compared. Only an altered domain leaves no
trace: that everything has to be compared, the file's text has to tell.

Values count, not row versions, and what belongs to another object is no value
of this one: it is referred to by number, so that renaming a column changes the
column, and no constraint or index on it.
"""

from __future__ import annotations

import collections.abc as cabc
import json
import typing as typ

from pytest_userstate.outbound.migrations.provenance.relation import (
    COLUMN,
    CONSTRAINT,
    FIRST_USER_OID,
    INDEX,
    ITSELF,
    TABLES_AND_VIEWS,
    Named,
    Part,
    Relation,
    is_the_systems,
)

Row = tuple[bytes | str | int | None, bytes | str | None]
_VALIDATED = 7  # which of a constraint's values, after its columns, says so

# One less than the first: a plan depends on every relation whose number it holds.
_LAST_SYSTEM_OID = FIRST_USER_OID - 1
# pg_type, pg_attribute, pg_class, pg_attrdef, pg_constraint, pg_index, pg_inherits,
# pg_namespace, pg_rewrite, by numbers that never change.
# Not pg_description, which every COMMENT locks.
_CATALOG_TABLES = "1247, 1249, 1259, 2604, 2606, 2610, 2611, 2615, 2618"


def _digest(tree: str) -> str:
    """Return the SQL for a fingerprint of an expression, wherever it was written.

    Up to PostgreSQL 16 its stored form tells where in the statement it stood.
    """
    return f"""pg_catalog.md5(CASE
        WHEN pg_catalog.current_setting('server_version_num') >= '170000'
        THEN {tree}::pg_catalog.text ELSE pg_catalog.regexp_replace(
            {tree}::pg_catalog.text,
            ':(location|stmt_location|stmt_len) -?[0-9]+', '', 'g') END)"""


# Names of columns that older versions lack are found in `older`.
_OLDER = """(SELECT NULL::pg_catalog.int2[] AS confdelsetcols, true AS conenforced,
    false AS conperiod, false AS indnullsnotdistinct) AS older"""

_ITSELF = f"""pg_catalog.json_build_array(
    c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
    CASE WHEN c.relispartition THEN {_digest("c.relpartbound")} END,
    CASE WHEN c.relkind IN ('v', 'm') THEN
        (SELECT {_digest("w.ev_action")} FROM pg_catalog.pg_rewrite w
         WHERE w.ev_class = c.oid AND w.rulename = '_RETURN') END,
    (SELECT pg_catalog.array_agg(h.inhparent ORDER BY h.inhseqno)
     FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid))"""  # noqa: S608 - constants

_COLUMNS = """(SELECT pg_catalog.json_object_agg(
        a.attnum, pg_catalog.json_build_array(
            a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity,
            a.attgenerated, a.attcollation,
            CASE WHEN a.atttypid > 16383 THEN
                (SELECT t.typnotnull FROM pg_catalog.pg_type t
                 WHERE t.oid = a.atttypid) END))
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)"""

_DEFAULTS = f"""(SELECT pg_catalog.json_object_agg(d.adnum, {_digest("d.adbin")})
    FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid)"""  # noqa: S608

_COMMENTS = """(SELECT pg_catalog.json_object_agg(
        m.objsubid, pg_catalog.md5(m.description))
    FROM pg_catalog.pg_description m
    WHERE m.objoid = c.oid AND m.classoid = 1259)"""

_CONSTRAINTS = f"""(SELECT pg_catalog.json_object_agg(
        k.oid, pg_catalog.json_build_array(
            conname, contype, conkey, confrelid, confkey, confupdtype, confdeltype,
            confmatchtype, condeferrable, condeferred, convalidated, confdelsetcols,
            conenforced, conperiod, connoinherit,
            CASE WHEN contype = 'c' THEN {_digest("conbin")} END))
    FROM pg_catalog.pg_constraint k
    WHERE conrelid = c.oid AND contype <> 't')"""  # noqa: S608 - constants

_INDEXES = f"""CASE WHEN c.relhasindex THEN
    (SELECT pg_catalog.json_object_agg(
        indexrelid, pg_catalog.json_build_array(
            x.relname, x.relam, x.reloptions, indkey, indnkeyatts, indisunique,
            indnullsnotdistinct, indisvalid, indoption, indclass, indcollation,
            indisclustered,
            CASE WHEN indpred IS NOT NULL THEN {_digest("indpred")} END,
            CASE WHEN indexprs IS NOT NULL THEN {_digest("indexprs")} END))
    FROM pg_catalog.pg_index i, pg_catalog.pg_class x
    WHERE indrelid = c.oid AND x.oid = indexrelid) END"""  # noqa: S608 - constants

# In hexadecimal digits, which a session can send whatever encoding a migration has
# set. Subqueries, since each is planned by itself and keeps to its index.
_VALUES = f"""
    pg_catalog.encode(pg_catalog.convert_to(pg_catalog.json_build_array(
        c.relnamespace::pg_catalog.regnamespace::pg_catalog.text, c.relname,
        {_ITSELF}, {_COLUMNS}, {_DEFAULTS}, {_COMMENTS}, {_CONSTRAINTS}, {_INDEXES}
    )::pg_catalog.text, 'UTF8'), 'hex')"""
_IS_TABLE_OR_VIEW = f"c.relkind IN ({str([*TABLES_AND_VIEWS])[1:-1]})"

ALL_RELATIONS = f"""
    SELECT c.oid, {_VALUES} FROM pg_catalog.pg_class c, {_OLDER}
    WHERE c.oid > {_LAST_SYSTEM_OID} AND {_IS_TABLE_OR_VIEW}"""  # noqa: S608 - constants

_LOCKED = f"""
    SELECT DISTINCT coalesce(
        (SELECT i.indrelid FROM pg_catalog.pg_index i
         WHERE i.indexrelid = relation), relation) AS oid
    FROM pg_catalog.pg_lock_status()
    WHERE pid = pg_catalog.pg_backend_pid() AND (
        relation > {_LAST_SYSTEM_OID} AND mode NOT IN
            ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
        OR relation IN ({_CATALOG_TABLES}) AND mode = 'RowExclusiveLock')"""  # noqa: S608 - constants

LOCKED_RELATIONS = f"""
    SELECT touched.oid, (SELECT {_VALUES} FROM pg_catalog.pg_class c, {_OLDER}
                         WHERE c.oid = touched.oid AND {_IS_TABLE_OR_VIEW})
    FROM ({_LOCKED}) AS touched"""  # noqa: S608 - constants


class Answers:
    """Reads the answers to the questions above, each set of values once."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._seen: dict[int, tuple[object, cabc.Collection[Part]]] = {}

    def some(self, rows: cabc.Iterable[Row]) -> dict[int, Relation | None]:
        """Return the relations in the rows that are not what they were."""
        news: dict[int, Relation | None] = {}
        for number, values in rows:
            oid = int(number or 0)
            if values is None:
                self._seen.pop(oid, None)
                news[oid] = None
                continue
            before, parts = self._seen.get(oid, (None, ()))
            if before != values:
                news[oid] = relation = _relation_of(values, parts)
                self._seen[oid] = values, relation.parts if relation else ()
        return news

    def all(self, rows: cabc.Iterable[Row]) -> dict[int, Relation | None]:
        """Do the same where the rows are all there are: the others are gone."""
        rows = list(rows)
        gone = self._seen.keys() - {int(number or 0) for number, _ in rows}
        return self.some([*((oid, None) for oid in gone), *rows])


def _relation_of(values: bytes | str, before: cabc.Iterable[Part]) -> Relation | None:
    """Read a row's values; None for what is the system's, or temporary."""
    text = values if isinstance(values, str) else values.decode()
    document = json.loads(bytes.fromhex(text))
    schema, name, itself, columns, defaults, comments, constraints, indexes = document
    schema = _unquoted(schema)
    if is_the_systems(schema):
        return None
    defaults, comments = defaults or {}, comments or {}
    unproven = _unproven((constraints or {}).values())
    parts: dict[Part, Named | None] = dict.fromkeys(before)
    parts[ITSELF] = ("", (itself, comments.get("0")))
    for number, (column, *facts) in (columns or {}).items():
        more = (defaults.get(number), comments.get(number), int(number) in unproven)
        parts[COLUMN, int(number)] = (column, (facts, more))
    for number, (constraint, *facts) in (constraints or {}).items():
        if facts[0] != "n":  # the column's own flag tells of it
            parts[CONSTRAINT, int(number)] = (constraint, facts)
    for number, (index, *facts) in (indexes or {}).items():
        parts[INDEX, int(number)] = (index, facts)
    return Relation((schema, name), parts)


def _unproven(constraints: cabc.Iterable[list[typ.Any]]) -> frozenset[int]:
    """Return the numbers of columns that are not null, but for rows that were there."""
    return frozenset(
        number
        for _, kind, numbers, *rest in constraints
        if kind == "n" and not rest[_VALIDATED]
        for number in numbers
    )


def _unquoted(identifier: str) -> str:
    """Return the name that an identifier, quoted where need be, stands for."""
    if not identifier.startswith('"'):
        return identifier
    return identifier[1:-1].replace('""', '"')
