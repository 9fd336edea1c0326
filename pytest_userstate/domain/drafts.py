"""Which change of the schema would close a check: drafts, not yet verified."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.domain.classification import Candidate, Storage, classify
from pytest_userstate.domain.coverage import Axis, MigrationDecision
from pytest_userstate.domain.evidence import Check
from pytest_userstate.domain.model import AuditModel, Need, StorageModel
from pytest_userstate.domain.recognition.columns import is_owner
from pytest_userstate.domain.revision_columns import KeptRevision, several_rows
from pytest_userstate.domain.revision_tokens import XMIN
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table

_REVISION_TYPE: typ.Final = "bigint"
_INTEGERS: typ.Final = {"smallint", "integer", "bigint"}


@attrs.frozen(kw_only=True)
class NewColumn:
    """A column to add: never null if it has a default or is part of the key."""

    name: str
    data_type: str
    default: str | None = None
    is_nullable: bool = False
    references: tuple[str, str, str] | None = None
    """The schema, table, and column that it refers to."""


def _columns(values: cabc.Iterable[NewColumn]) -> tuple[NewColumn, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class AddColumns:
    """Add columns to a table that is there."""

    schema: str
    table: str
    columns: tuple[NewColumn, ...] = attrs.field(converter=_columns)


@attrs.frozen(kw_only=True)
class CreateTable:
    """Create a table."""

    schema: str
    table: str
    columns: tuple[NewColumn, ...] = attrs.field(converter=_columns)
    key: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class RequireValue:
    """Let a revision never be null: the rows without one begin at 1."""

    schema: str
    table: str
    column: str
    has_default: bool = False


Change: typ.TypeAlias = AddColumns | CreateTable | RequireValue


@attrs.frozen(kw_only=True)
class Draft:
    """A change that may close checks, and the name of its migration."""

    check: str
    name: str
    change: Change
    note: str = ""


@attrs.frozen(kw_only=True)
class DraftFile:
    """A file of a migration, relative to the folder of the migrations."""

    path: str
    text: str
    added: str = ""
    """What is new in a file that is there, such as a journal or a plan."""


@attrs.frozen(kw_only=True)
class DraftTrial:
    """What a draft did to a copy of the migrated database."""

    files: tuple[DraftFile, ...]
    after: SchemaSnapshot
    is_restored: bool
    """Whether its reverse brings the schema back exactly."""
    rows: int
    """How many rows were in the table."""
    is_lossless: bool
    """Whether they are as they were."""


@attrs.frozen(kw_only=True)
class VerifiedDraft:
    """A draft that closes its checks, or why there is none for a check."""

    check: str
    closes: tuple[str, ...] = ()
    files: tuple[DraftFile, ...] = ()
    facts: tuple[str, ...] = ()
    """What was verified, and what to know before it is used."""
    problem: str = ""


def draft_of(
    check: Check, snapshot: SchemaSnapshot, model: AuditModel
) -> Draft | str | None:
    """Return a draft for a check that needs a migration, or why there is none."""
    entity = model.entity(check.entity)
    if entity is None or check.decision is None or not check.decision.needs_migration:
        return None
    if check.decision is MigrationDecision.DEFERRED:
        return f"it comes after this: {check.prerequisite}"
    storage = classify(entity, snapshot, model)
    if check.axis is Axis.SCHEMA:
        return _storing(check, storage, snapshot, model)
    candidate = next((c for c in storage.counting if not c.usable_revisions), None)
    if candidate is None:
        return "no complete storage lacks a usable revision"
    if candidate.revisions:
        return _usable(check, candidate.revisions[0])
    return _tracking(check, candidate)


def _tracking(check: Check, candidate: Candidate) -> Draft | str:
    model, table = candidate.model, candidate.table
    if model.revision_table is not None:
        return f"its revision is kept in {model.revision_table}, by the configuration"
    if several_rows(model, table):
        return (
            f"{table.qualified_name} has several rows for each user, and a revision on "
            "each does not guard them together: keep it in a row of the user's own, "
            "and name it: revision = { table, column }"
        )
    names = [name for name in model.revision if name != XMIN]
    if not names:
        return "the model counts only system columns as a revision"
    return Draft(
        check=check.id,
        name=f"add_{names[0]}_to_{table.name}",
        change=AddColumns(
            schema=table.schema, table=table.name, columns=[_revision(names[0])]
        ),
    )


def _usable(check: Check, kept: KeptRevision) -> Draft | str:
    table, column = kept.table, kept.column
    plain = column.generated is None and column.identity is None
    if not (column.is_nullable and plain and column.data_type in _INTEGERS):
        return f"{kept.name} cannot be made usable in place: {kept.fault}"
    return Draft(
        check=check.id,
        name=f"require_{column.name}_of_{table.name}",
        change=RequireValue(
            schema=table.schema,
            table=table.name,
            column=column.name,
            has_default=column.default is not None,
        ),
        note=(
            "squawk warns of SET NOT NULL: it reads the whole table under a lock. On a "
            "large table, first add CHECK (… IS NOT NULL) NOT VALID and validate it "
            "in a migration of its own"
        ),
    )


def _revision(name: str) -> NewColumn:
    return NewColumn(name=name, data_type=_REVISION_TYPE, default="1")


def _storing(
    check: Check, storage: Storage, snapshot: SchemaSnapshot, audited: AuditModel
) -> Draft | str:
    """Draft a storage that is missing; which of several counts is not ours to say."""
    if storage.complete:
        return (
            "several storages are there, and only you know which one the program "
            "keeps: declare it canonical, copy what the other has, and drop that in "
            "a later migration"
        )
    models = storage.entity.models
    if not all(map(_is_of_columns, models)):
        return "its model needs keys or values, which no schema shows"
    begun = [c for c in storage.candidates if any(c.present)]
    known = {candidate.model.name for candidate in storage.candidates}
    fresh = [one for one in models if one.name not in known]
    if not begun and fresh:
        groups = _groups_of_table(fresh[0], audited)
        return _created(check, fresh[0], groups, storage, snapshot)
    [candidate, *_] = begun or storage.candidates
    names = [group[0] for group in candidate.missing]
    return Draft(
        check=check.id,
        name=f"add_{'_and_'.join(names)}_to_{candidate.table.name}",
        change=AddColumns(
            schema=candidate.table.schema,
            table=candidate.table.name,
            columns=[
                attrs.evolve(column, is_nullable=column.default is None)
                for column in (_column(name, snapshot) for name in names)
            ],
        ),
    )


def _is_of_columns(model: StorageModel) -> bool:
    """Whether the model needs only columns, which a schema can show."""
    needs = map(Need.of, model.column_names)
    return not any(need.key or need.value for need in needs)


def _groups_of_table(
    model: StorageModel, audited: AuditModel
) -> tuple[tuple[str, ...], ...]:
    """Return the columns that all entities need of the model's table, "id" first."""
    sharing = [
        other
        for entity in audited.entities
        if entity.expected
        for other in entity.models
        if other.tables[0] == model.tables[0] and _is_of_columns(other)
    ]
    groups = dict.fromkeys(group for one in sharing for group in one.column_groups)
    return tuple(sorted(groups, key=lambda group: group[0] != "id"))


def _created(
    check: Check,
    model: StorageModel,
    groups: tuple[tuple[str, ...], ...],
    storage: Storage,
    snapshot: SchemaSnapshot,
) -> Draft:
    schema, _, name = model.tables[0].rpartition(".")
    columns = [_column(group[0], snapshot) for group in groups]
    names = [column.name for column in columns]
    key = [n for n in names if n == "id"] or [n for n in names if n.endswith("_id")]
    if storage.entity.not_applicable(Axis.REVISION) is None:
        columns += [_revision(n) for n in model.revision[:1] if n != XMIN]
    return Draft(
        check=check.id,
        name=f"create_{name}",
        change=CreateTable(
            schema=schema or storage.schemas[0],
            table=name,
            columns=columns,
            key=tuple(key),
        ),
    )


def _column(name: str, snapshot: SchemaSnapshot) -> NewColumn:
    """Return a column of this name; its type follows from common conventions."""
    if is_owner(name) and (user := _users(snapshot)):
        table, column = user
        [data_type] = [c.data_type for c in table.columns if c.name == column]
        place = (table.schema, table.name, column)
        return NewColumn(name=name, data_type=data_type, references=place)
    if name == "id" or name.endswith("_id"):
        return NewColumn(name=name, data_type="uuid")
    if name.endswith("_ids"):
        return NewColumn(name=name, data_type="uuid[]", default="'{}'")
    if name.endswith("_at"):
        return NewColumn(name=name, data_type="timestamptz", default="now()")
    if any(word in name for word in ("hash", "digest")):
        return NewColumn(name=name, data_type="text")
    return NewColumn(name=name, data_type="text", default="''")


def _users(snapshot: SchemaSnapshot) -> tuple[Table, str] | None:
    """Return the table of users, and its key, if it has a common name."""
    for table in snapshot.tables:
        key = next(iter(table.keys), frozenset())
        if table.name in {"users", "user", "accounts"} and len(key) == 1:
            return table, next(iter(key))
    return None
