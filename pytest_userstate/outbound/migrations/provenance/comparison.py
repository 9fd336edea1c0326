"""What of the catalogue is compared: the queries, and what their rows say.

A row is the relation's identifier and its values, either as text or as bytes; the
values are null where there is no such table or view (any more). Whoever applies
migrations over a connection of its own asks there, and hands the rows to a
`Ledger`, be it in another process:

- `ALL_RELATIONS` once before the first migration, and after each that may not
  have been a single transaction;
- `LOCKED_RELATIONS` as the last statement of a migration's transaction. Where
  `tell_all` says that these rows are not enough, `ALL_RELATIONS` has to follow.

Each is one text for PostgreSQL 14 and newer, and does without parameters.

Locks tell which relations a transaction can have changed: whatever changes one
of the values below holds a lock on it, or on one of its indexes, that is
stronger than those of reading and writing rows, until the transaction ends.
Writing to the catalogue's own tables, or renaming a schema, leaves a lock on
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

import attrs

Row = tuple[bytes | str | int | None, ...]
Part = tuple[str, str]
"""A kind, and a number that is the part's own within its relation."""
Parts = dict[Part, tuple[str, object]]
"""The name of each part, and its values."""

RELATION, COLUMN, CONSTRAINT, INDEX = "", "column", "constraint", "index"
ITSELF: Part = (RELATION, "0")
_VALIDATED = 7  # which of a constraint's values, after its columns, says so

# One less than the first: a plan depends on every relation whose number it holds.
_LAST_SYSTEM_OID = 16383
# pg_type, pg_attribute, pg_class, pg_attrdef, pg_constraint, pg_index, pg_inherits,
# pg_namespace, pg_rewrite, by numbers that never change.
# Not pg_description, which every COMMENT locks.
_CATALOGUE_TABLES = "1247, 1249, 1259, 2604, 2606, 2610, 2611, 2615, 2618"


def _digest(tree: str) -> str:
    """Return the SQL for a fingerprint of an expression, wherever it was written.

    Up to PostgreSQL 16 its stored form tells where in the statement it stood.
    """
    return f"""pg_catalog.md5(CASE
        WHEN pg_catalog.current_setting('server_version_num') >= '170000'
        THEN {tree}::pg_catalog.text ELSE pg_catalog.regexp_replace(
            {tree}::pg_catalog.text, ':location -?[0-9]+', '', 'g') END)"""


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
_IS_TABLE_OR_VIEW = "c.relkind IN ('r', 'p', 'v', 'm', 'f')"

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
        OR relation IN ({_CATALOGUE_TABLES}) AND mode = 'RowExclusiveLock')"""  # noqa: S608 - constants

LOCKED_RELATIONS = f"""
    SELECT touched.oid, (SELECT {_VALUES} FROM pg_catalog.pg_class c, {_OLDER}
                         WHERE c.oid = touched.oid AND {_IS_TABLE_OR_VIEW})
    FROM ({_LOCKED}) AS touched"""  # noqa: S608 - constants

# Both in one, since planning is what costs most in a new session.
LOCKED_OR_ALL = LOCKED_RELATIONS.replace(
    _LOCKED,
    f"""{_LOCKED} UNION ALL SELECT a.oid FROM pg_catalog.pg_class a
    WHERE a.oid > {_LAST_SYSTEM_OID} AND a.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND 'yes' = (
            SELECT pg_catalog.current_setting('userstate.everything', true))""",  # noqa: S608 - constants
)
"""As `LOCKED_RELATIONS`, and all relations where `userstate.everything` is ``yes``."""


@attrs.frozen
class Relation:
    """A table or view, and its parts: each by number, with name and values."""

    schema: str
    name: str
    parts: Parts

    @property
    def place(self) -> tuple[str, str]:
        """Its schema and name."""
        return self.schema, self.name

    def names(self, kind: str) -> frozenset[str]:
        """Return the names of its parts of one kind."""
        return frozenset(
            name for part, (name, _) in self.parts.items() if part[0] == kind
        )

    def is_named_as(self, other: Relation) -> bool:
        """Whether both have the same qualified name."""
        return (self.schema, self.name) == (other.schema, other.name)


def tell_all(rows: cabc.Iterable[Row]) -> bool:
    """Tell whether the relations that were locked are all that can have changed."""
    return all(int(row[0] or 0) > _LAST_SYSTEM_OID for row in rows)


def relation_of(values: bytes | str) -> Relation | None:
    """Read a row's values; None for what is the system's, or temporary."""
    document = json.loads(bytes.fromhex(_text(values)))
    schema, name, itself, columns, defaults, comments, constraints, indexes = document
    schema = _unquoted(schema)
    if schema.startswith("pg_") or schema == "information_schema":
        return None
    defaults, comments = defaults or {}, comments or {}
    constraints = constraints or {}
    unproven = _unproven(constraints.values())
    parts: Parts = {ITSELF: ("", (itself, comments.get("0")))}
    for number, (column, *rest) in (columns or {}).items():
        facts = (rest, defaults.get(number), comments.get(number), number in unproven)
        parts[COLUMN, number] = (column, facts)
    for number, (constraint, kind, *rest) in constraints.items():
        if kind != "n":  # the column's own flag tells of it
            parts[CONSTRAINT, number] = (constraint, (kind, rest))
    for number, (index, *rest) in (indexes or {}).items():
        parts[INDEX, number] = (index, rest)
    return Relation(schema, name, parts)


def _unproven(constraints: cabc.Iterable[list[typ.Any]]) -> frozenset[str]:
    """Return the numbers of columns that are not null, but for rows that were there."""
    return frozenset(
        str(number)
        for _, kind, numbers, *rest in constraints
        if kind == "n" and not rest[_VALIDATED]
        for number in numbers
    )


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()


def _unquoted(identifier: str) -> str:
    """Return the name that an identifier, quoted where need be, stands for."""
    if not identifier.startswith('"'):
        return identifier
    return identifier[1:-1].replace('""', '"')
