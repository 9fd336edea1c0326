"""Revisions: how they are named, where a storage keeps one, and what makes it fail.

A revision is compared when a row is written: if it is another one by then, the row
was changed in between. `recognize` and the decision rules both take the words for it
from here. It is kept in the storage's own table, or in another one to which foreign
keys lead. What makes it unusable is a fault, in words that continue "since".
"""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

import attrs

from pytest_userstate.domain.columns import ForeignKey, Index, KeyConstraint
from pytest_userstate.domain.model import PerUser, StorageModel, table_places
from pytest_userstate.domain.recognition.columns import is_owner
from pytest_userstate.domain.recognition.result import RecognizedRevision
from pytest_userstate.domain.recognition.words import words
from pytest_userstate.domain.snapshot import (
    Column,
    Generated,
    Identity,
    SchemaSnapshot,
    Table,
)

Part: typ.TypeAlias = tuple[Table, Column | ForeignKey | KeyConstraint | Index]
"""A column or a key, and the table that has it."""
Step: typ.TypeAlias = tuple[Part, ...]
"""What a revision rests on, any of which will do: the keys from a table to another."""
Way: typ.TypeAlias = tuple[Step, ...]
"""The steps from a row to its revision, all of them needed."""

_MOMENTS: typ.Final = ("timestamp", "date")
_MOST_STEPS: typ.Final = 3
_NOT_THE_SET: typ.Final = "it guards a row, not the set: {why}"
_SEVERAL_BY_KEY: typ.Final = (
    "the keys allow several rows for each user, and a change of another row is not "
    "noticed"
)
_SEVERAL_DECLARED: typ.Final = (
    "the model says that each user has many rows, and a change of another row is not "
    "noticed"
)
_NOT_ONE: typ.Final = (
    "the model says that each user has one row, but the keys allow several, and a "
    "change of another row is not noticed"
)

XMIN: typ.Final = "xmin"
"""A system column: PostgreSQL gives it a new value at every write of the row."""
XMIN_TYPE: typ.Final = "xid"

NAMES: typ.Final = frozenset(
    {
        # a number that every write increases
        *("rev", "revision", "revision no", "revision number", "row revision"),
        *("version", "version no", "version number", "row version", "rowversion"),
        *(
            "lock version",
            "opt lock",
            "optlock",
            "optimistic lock",
            "hibernate version",
        ),
        *("record version", "entity version", "data version", "object version"),
        # a number or an identifier, by the name of SQLAlchemy's and others' options
        *("version id", "version id col", "revision id", "rev id"),
        # a value that every write replaces
        *("etag", "e tag", "concurrency stamp", "concurrency token", "change token"),
        *("row stamp", "timestamp token", XMIN),
    }
)
"""The common names of revision columns, in words of the singular."""

OTHER_NAMES: typ.Final = {
    "schema version": "it counts changes of the schema",
    "app version": "it is the version of a program",
    "api version": "it is the version of an interface",
    "client version": "it is the version of a program",
    "term version": "it says which text was agreed to",
    "policy version": "it says which text was agreed to",
    "sign count": "it counts the uses of a key",
    "sign in count": "it counts logins",
    "updated at": "it changes with the row, but two writes can have the same time",
    "last modified": "it changes with the row, but two writes can have the same time",
    "modified at": "it changes with the row, but two writes can have the same time",
    "last updated": "it changes with the row, but two writes can have the same time",
}
"""Names that sound like one, and what the column is instead."""

OTHER_WORDS: typ.Final = {
    "schema": "it is the version of a schema",
    "term": "it says which terms somebody agreed to",
    "tos": "it says which terms somebody agreed to",
    "policy": "it says which policy somebody agreed to",
    "consent": "it says which text somebody agreed to",
    "privacy": "it says which text somebody agreed to",
    "agreement": "it says which text somebody agreed to",
    "sign": "it counts the signatures of a passkey",
    "signature": "it counts the signatures of a passkey",
    "security": "it changes with the credentials, and with nothing else",
    "app": "it is the version of a program",
    "application": "it is the version of a program",
    "client": "it is the version of a program",
    "api": "it is the version of a program",
    "software": "it is the version of a program",
    "firmware": "it is the version of a program",
    "os": "it is the version of a program",
    "browser": "it is the version of a program",
    "key": "it says which key was used",
    "hash": "it says which algorithm was used",
    "password": "it says which algorithm was used, or when a password changed",
    "token": "it ends sessions, and is not written with the row",
    "session": "it ends sessions, and is not written with the row",
    "cache": "it empties a cache",
}
"""Words beside `version` and the like, and what the column is with them."""

_LAST_WORDS: typ.Final = {"revision", "version", "rev", "etag", "stamp"}
"""The last words of what may be taken for a revision."""
_MODIFIER: typ.Final = re.compile(r"\((?P<digits>\d+)(?:,\s*\d+)?\)")
_COARSE: typ.Final = 3
"""Digits of a second below which two writes easily fall into one value."""
_DAILY: typ.Final = "a time of day has the same value again on the next day"
_FEW: typ.Final = {
    "boolean": "a boolean has two values, and has its old one again after two writes",
    '"char"': "a single byte soon has an old value again",
    "character": "a single character soon has an old value again",
    "date": "a date is the same for all writes of one day",
    "time with time zone": _DAILY,
    "time without time zone": _DAILY,
    "bit": "a bit has two values, and has its old one again after two writes",
}


def is_token_name(name: str, table: str = "") -> bool:
    """Whether a column has a common name of a revision.

    The name may begin with words of the table's.

    >>> is_token_name("rowVersion"), is_token_name("terms_version")
    (True, False)
    >>> is_token_name("preferences_revision", "user_preferences")
    True
    """
    rest = words(name)
    if (full := " ".join(rest)) in NAMES or full in OTHER_NAMES:
        return full in NAMES
    while rest and rest[0] in words(table):
        rest = rest[1:]
    return " ".join(rest) in NAMES


def why_unreliable(data_type: str, *, is_enum: bool = False) -> str | None:
    """Return why values of a type repeat too soon to show a write, or None.

    >>> why_unreliable("timestamp(0) with time zone")
    'its type keeps the time to 1 second, and two writes can have the same'
    >>> why_unreliable("bigint") is None
    True
    """
    modifier = _MODIFIER.search(data_type)
    digits = int(modifier["digits"]) if modifier else None
    kind = " ".join(_MODIFIER.sub(" ", data_type).split())
    if is_enum:
        return f"{data_type} has few values, and soon has an old one again"
    if kind in {"bit", "character"} and digits not in {None, 1}:
        return None
    if not kind.startswith("timestamp"):
        return _FEW.get(kind)
    if digits is None or digits >= _COARSE:
        return None
    unit = f"{10**-digits:.{digits}f}" if digits else "1"
    return f"its type keeps the time to {unit} second, and two writes can have the same"


def revisions(
    columns: cabc.Iterable[Column], table: str = ""
) -> tuple[RecognizedRevision, ...]:
    """Return the columns that look like a revision, those that are one first.

    >>> columns = [Column("lock_version", "integer"), Column("terms_version", "text")]
    >>> [(look.column, look.is_revision) for look in revisions(columns)]
    [('lock_version', True), ('terms_version', False)]
    """
    looks = (look for column in columns if (look := _look(column, table)) is not None)
    return tuple(sorted(looks, key=lambda look: (not look.is_revision, look.column)))


def _look(column: Column, table: str) -> RecognizedRevision | None:
    """Judge a column by its words and type; None if it is nothing like a revision."""
    parts = words(column.name)
    name = " ".join(parts)
    is_revision = False
    reason = OTHER_NAMES.get(name, "")
    if is_token_name(column.name, table):
        reason = why_unreliable(column.data_type) or ""
        is_revision = not reason
        reason = reason or f"{name!r} is a name for what each write changes"
    elif not reason and not _LAST_WORDS.isdisjoint(parts[-1:]):
        known = (OTHER_WORDS[word] for word in parts if word in OTHER_WORDS)
        reason = next(known, "it is the version of something else")
    if not reason:
        return None
    return RecognizedRevision(
        column=column.name, is_revision=is_revision, reason=reason
    )


# Where a storage keeps its revision.


@attrs.frozen(kw_only=True)
class KeptRevision:
    """A column that holds the revision of a storage.

    Parameters
    ----------
    table : Table
        The table that has the column.
    column : Column
        The column.
    is_own : bool
        Whether that is the storage's own table.
    ways : tuple of Way
        What else it rests on, in one way or another: the keys by which a row finds its
        revision in another table, or the revision of the parent of a row.
    fault : str or None
        Why it does not show a stale write, or None if it does.
    """

    table: Table
    column: Column
    is_own: bool = True
    ways: tuple[Way, ...] = attrs.field(default=(), repr=False)
    fault: str | None = None

    @property
    def name(self) -> str:
        """The column's name with its table and schema."""
        return f"{self.table.qualified_name}.{self.column.name}"


def unusable_because(
    column: Column, base_type: str = "", *, is_enum: bool = False
) -> str | None:
    """Return why this column does not show a stale write, or None.

    A revision column is usable if it can be written, can never be null, and its
    type has an equality operator and values enough not to repeat.
    """
    if column.name == XMIN:
        return None
    if column.generated is not None:
        kind = "virtual " if column.generated is Generated.VIRTUAL else ""
        return f"it is a {kind}generated column and cannot be written"
    if column.identity is Identity.ALWAYS:
        return "it is generated always as identity and cannot be written"
    if column.is_nullable:
        return "it can be null, and null equals nothing"
    if not column.has_equality:
        return f"its type {column.data_type} has no equality operator"
    return why_unreliable(base_type or column.data_type, is_enum=is_enum)


def kept_revisions(
    model: StorageModel,
    table: Table,
    snapshot: SchemaSnapshot,
    schemas: cabc.Iterable[str],
) -> tuple[KeptRevision, ...]:
    """Return the columns that hold the revision of what the model stores here."""
    if model.revision_table is not None:
        return tuple(_elsewhere(model, table, snapshot, schemas))
    return tuple(_in_its_own_table(model, table, snapshot))


def _in_its_own_table(
    model: StorageModel, table: Table, snapshot: SchemaSnapshot
) -> cabc.Iterator[KeptRevision]:
    columns = _columns(table, model.revision)
    why = several_rows(model, table) if columns else None
    ways = tuple(_by_parents(table, snapshot)) if why else ()
    guards_row = _NOT_THE_SET.format(why=why) if why and not ways else None
    for column in columns:
        fault = _fault(column, snapshot) or guards_row
        yield KeptRevision(table=table, column=column, ways=ways, fault=fault)


def _elsewhere(
    model: StorageModel,
    table: Table,
    snapshot: SchemaSnapshot,
    schemas: cabc.Iterable[str],
) -> cabc.Iterator[KeptRevision]:
    """Yield the revisions in the other table, if keys lead to one row of it."""
    for keeper in revision_tables(model, snapshot, schemas):
        columns = _columns(keeper, model.revision)
        ways = tuple(ways_to(keeper, table, snapshot)) if columns else ()
        for column in columns if ways else ():
            fault = _fault(column, snapshot)
            yield KeptRevision(
                table=keeper, column=column, is_own=False, ways=ways, fault=fault
            )


def revision_tables(
    model: StorageModel, snapshot: SchemaSnapshot, schemas: cabc.Iterable[str]
) -> list[Table]:
    """Return the tables that the model may mean by the one that keeps its revision."""
    places = table_places([model.revision_table or ""], schemas)
    tables = (snapshot.table(name, schema=schema) for schema, name in places)
    return [table for table in tables if table is not None]


def _columns(table: Table, names: cabc.Iterable[str]) -> list[Column]:
    columns = [column for name in names if (column := table.column(name))]
    if XMIN in names:
        columns.append(Column(XMIN, XMIN_TYPE, source=table.source))
    return columns


def _fault(column: Column, snapshot: SchemaSnapshot) -> str | None:
    base_type = snapshot.base_type(column)
    return unusable_because(column, base_type, is_enum=snapshot.is_enum(base_type))


def owners(table: Table) -> set[str]:
    """Return the columns of a table that say whose row it is."""
    return {column.name for column in table.columns if is_owner(column.name)}


def several_rows(model: StorageModel, table: Table) -> str | None:
    """Return why a user may have several rows of what the model stores, or None.

    The model says so, or the keys show that it is a set: one of them tells rows of a
    user apart by a column that the model names. If no key is known, nothing is said;
    and rows that store a moment are separate records, such as a consent and when
    it was given.
    """
    if model.per_user is PerUser.MANY:
        return _SEVERAL_DECLARED
    owning = owners(table)
    stored = model.column_names - owning
    if any(key <= owning for key in table.keys):
        return None
    if not any(key & owning and key & stored for key in table.keys):
        return None
    if model.per_user is PerUser.ONE:
        return _NOT_ONE
    if any(
        c.name in stored and c.data_type.startswith(_MOMENTS) for c in table.columns
    ):
        return None
    return _SEVERAL_BY_KEY


def _by_parents(table: Table, snapshot: SchemaSnapshot) -> cabc.Iterator[Way]:
    """Yield the usable revisions of rows that own the table's, with the keys."""
    for parent, keys in _parents(table, snapshot) if owners(table) else ():
        if columns := tokens(parent, snapshot):
            yield tuple((parent, column) for column in columns), keys


def tokens(table: Table, snapshot: SchemaSnapshot) -> list[Column]:
    """Return the columns with a common name of a revision that can be used as one."""
    return [
        column
        for column in table.columns
        if is_token_name(column.name, table.name) and not _fault(column, snapshot)
    ]


def ways_to(
    target: Table, table: Table, snapshot: SchemaSnapshot
) -> cabc.Iterator[Way]:
    """Yield the ways over enforced foreign keys from a table to one row of another.

    Keys lead from a row to its parent, and from there on; the last step may lead to
    the one row that refers to the same parent. The first one takes the columns that
    say whose row it is.
    """
    unfinished: list[tuple[tuple[Table, ...], Way]] = [((table,), ())]
    while unfinished:
        places, steps = unfinished.pop(0)
        for parent, keys in _parents(places[-1], snapshot):
            way = (*steps, keys)
            if parent == target:
                yield way
            elif parent not in places:
                yield from ((*way, *back) for back in _one_row(target, parent))
                if len(way) < _MOST_STEPS:
                    unfinished.append(((*places, parent), way))


def _one_row(table: Table, parent: Table) -> cabc.Iterator[Way]:
    """Yield the keys by which one row of a table at most refers to a parent's."""
    pairs = [
        (link, key)
        for link in _links(table, parent)
        for key in _named_keys(table)
        if {*key.columns} <= {*link[1].columns}
    ]
    if pairs:
        links = dict.fromkeys(link for link, _ in pairs)
        yield tuple(links), tuple(dict.fromkeys((table, key) for _, key in pairs))


def revisions_near(
    table: Table, snapshot: SchemaSnapshot
) -> cabc.Iterator[tuple[Table, Column]]:
    """Yield the usable revisions of rows that the keys of a user's row lead to."""
    if not owners(table):
        return
    parents = dict.fromkeys(parent for parent, _ in _parents(table, snapshot))
    places = {(parent.schema, parent.name) for parent in parents}
    beside = (
        other
        for other in snapshot.tables
        if other != table
        and any(
            (key.target_schema, key.target_table) in places
            for key in other.foreign_keys
        )
    )
    for keeper in dict.fromkeys((*parents, *beside)):
        columns = tokens(keeper, snapshot)
        if columns and any(ways_to(keeper, table, snapshot)):
            yield from ((keeper, column) for column in columns)


def _parents(
    table: Table, snapshot: SchemaSnapshot
) -> cabc.Iterator[tuple[Table, Step]]:
    """Yield the tables that a table refers to; if it has an owner, only by that."""
    owning = owners(table)
    for place in dict.fromkeys(
        (key.target_schema, key.target_table) for key in table.foreign_keys
    ):
        parent = snapshot.table(place[1], schema=place[0])
        if parent is None or parent == table:
            continue
        keys: Step = tuple(
            (child, key)
            for child, key in _links(table, parent)
            if not owning or owning.issuperset(key.columns)
        )
        if keys:
            yield parent, keys


def _links(table: Table, parent: Table) -> list[tuple[Table, ForeignKey]]:
    """Return the enforced foreign keys from one table to another."""
    place = (parent.schema, parent.name)
    return [
        (table, key)
        for key in table.foreign_keys
        if key.is_enforced and (key.target_schema, key.target_table) == place
    ]


def _named_keys(table: Table) -> list[KeyConstraint | Index]:
    """Return the constraints and indexes that keep any two rows apart."""
    primary = table.primary_key
    if primary is None and (
        flagged := [column.name for column in table.columns if column.is_primary_key]
    ):
        primary = KeyConstraint(name="primary key", columns=flagged)
    constraints = (primary, *table.unique_constraints)
    keys: list[KeyConstraint | Index] = [
        key for key in constraints if key is not None and not key.is_temporal
    ]
    keys += [
        index
        for index in table.indexes
        if index.is_unique
        and index.is_valid
        and index.predicate is None
        and index.constraint is None
    ]
    return keys
