"""Which change of the schema would close a check: drafts, not yet verified."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.domain.classification import Candidate, Storage, classify
from pytest_userstate.domain.coverage import Axis, MigrationDecision
from pytest_userstate.domain.decisions import recommend
from pytest_userstate.domain.evidence import Check
from pytest_userstate.domain.model import AuditModel, Need, StorageModel
from pytest_userstate.domain.recognition.columns import is_owner
from pytest_userstate.domain.revisions import (
    XMIN,
    KeptRevision,
    owners,
    several_rows,
    unusable_because,
)
from pytest_userstate.domain.snapshot import Column, SchemaSnapshot, Table
from pytest_userstate.domain.wiring import Wiring

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
class RepairRevision:
    """Let a revision be written, compared, and never null.

    If its type cannot be compared, or its values repeat, it becomes a `bigint` that
    begins at 1 in every row.
    """

    schema: str
    table: str
    column: Column
    is_replaced: bool = False


@attrs.frozen(kw_only=True)
class Transfer:
    """What two storages of one entity have in common.

    The names of columns are pairs: in the table that is retired, and in the one that
    is kept. An `array` column has the values of a user in one row; the other side has
    a row for each.
    """

    retired: Table
    kept: Table
    pairs: tuple[tuple[str, str], ...]
    array: str = ""
    """The column of either table that is an array, if one is."""
    revision: str = ""
    """The number in the kept table that a change has to raise."""

    @property
    def schema(self) -> str:
        """The schema of the table that is retired."""
        return self.retired.schema

    @property
    def table(self) -> str:
        """The name of the table that is retired."""
        return self.retired.name

    @property
    def dropped(self) -> tuple[str, ...]:
        """The columns to drop; empty if nothing but the storage is in the table."""
        if {column.name for column in self.retired.columns} == {
            name for name, _ in self.pairs
        }:
            return ()
        keys = set[str]().union(*self.retired.keys)
        return tuple(name for name, _ in self.pairs if name not in keys)


@attrs.frozen(kw_only=True)
class CopyMissing:
    """Copy to the storage that is kept what it lacks."""

    transfer: Transfer

    @property
    def schema(self) -> str:
        """The schema of the table that is retired."""
        return self.transfer.schema

    @property
    def table(self) -> str:
        """The name of the table that is retired."""
        return self.transfer.table


@attrs.frozen(kw_only=True)
class DropStorage(CopyMissing):
    """Drop a storage, unless the one that is kept lacks something of it."""


Change: typ.TypeAlias = (
    AddColumns | CreateTable | RepairRevision | CopyMissing | DropStorage
)


@attrs.frozen(kw_only=True)
class DraftStep:
    """A change, and the name of its migration."""

    name: str
    change: Change


@attrs.frozen(kw_only=True)
class Draft:
    """Migrations that may close checks.

    `model` is the audit model with which they do, if lines of the configuration
    (`settings`) go with them.
    """

    check: str
    steps: tuple[DraftStep, ...]
    note: str = ""
    model: AuditModel | None = None
    settings: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the migrations do."""
        return tuple(step.change for step in self.steps)


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
    settings: tuple[str, ...] = ()
    """Lines of the configuration that go with it."""
    problem: str = ""


def draft_of(
    check: Check, snapshot: SchemaSnapshot, model: AuditModel
) -> Draft | str | None:
    """Return a draft for a check that needs a migration, or why there is none."""
    entity = model.entity(check.entity)
    if entity is None or check.decision is None or not check.decision.needs_migration:
        return None
    storage = classify(entity, snapshot, model)
    if check.axis is Axis.SCHEMA and len(storage.complete) > 1:
        return _retiring(check, storage)
    if check.decision is MigrationDecision.DEFERRED:
        return f"it comes after this: {check.prerequisite}"
    if check.axis is Axis.SCHEMA:
        return _storing(check, storage, snapshot, model)
    return _guarding(check, storage, snapshot, model)


def _guarding(
    check: Check, storage: Storage, snapshot: SchemaSnapshot, model: AuditModel
) -> Draft | str:
    """Draft a revision that can be used."""
    candidate = next((c for c in storage.counting if not c.usable_revisions), None)
    if candidate is None:
        return "no complete storage lacks a usable revision"
    if several_rows(candidate.model, candidate.table):
        return _tracking_set(check, candidate, snapshot, model)
    if candidate.revisions:
        return _usable(check, candidate.revisions[0], snapshot)
    return _tracking(check, candidate)


def _one(check: Check, name: str, change: Change, note: str = "") -> Draft:
    """Return a draft of one migration."""
    steps = (DraftStep(name=name, change=change),)
    return Draft(check=check.id, steps=steps, note=note)


def _tracking(check: Check, candidate: Candidate) -> Draft | str:
    model, table = candidate.model, candidate.table
    if model.revision_table is not None:
        return f"its revision is kept in {model.revision_table}, by the configuration"
    names = [name for name in model.revision if name != XMIN]
    if not names:
        return "the model counts only system columns as a revision"
    change = AddColumns(
        schema=table.schema, table=table.name, columns=[_revision(names[0])]
    )
    return _one(check, f"add_{names[0]}_to_{table.name}", change)


def _tracking_set(
    check: Check, candidate: Candidate, snapshot: SchemaSnapshot, model: AuditModel
) -> Draft | str:
    """Draft the revision of a set of rows, in the row of the user who has them."""
    table = candidate.table
    keys = [key for key in table.foreign_keys if {*key.columns} <= owners(table)]
    parents = [snapshot.table(k.target_table, schema=k.target_schema) for k in keys]
    parent = next(filter(None, parents), None)
    if candidate.model.revision_table is not None or parent is None:
        return (
            f"{table.qualified_name} has several rows for each user, and a revision on "
            "each does not guard them together. No foreign key leads to a row of the "
            "user: add one, or keep the revision elsewhere, and name it: "
            "revision = { table, column }"
        )
    name = f"{check.entity}_revision"
    kept_in = f"{parent.schema}.{parent.name}"
    changed = attrs.evolve(candidate.model, revision=[name], revision_table=kept_in)
    entities = [
        attrs.evolve(
            entity,
            models=[changed if m == candidate.model else m for m in entity.models],
        )
        for entity in model.entities
    ]
    columns = ", ".join(f'"{column}"' for column in sorted(changed.column_names))
    draft = _one(
        check,
        f"add_{name}_to_{parent.name}",
        AddColumns(schema=parent.schema, table=parent.name, columns=[_revision(name)]),
        f"the program has to compare and raise it whenever it changes rows of "
        f"{table.qualified_name}, in the same transaction",
    )
    return attrs.evolve(
        draft,
        model=attrs.evolve(model, entities=entities),
        settings=(
            f"[[entities.{check.entity}.models]]",
            f'name = "{changed.name}"',
            f'table = "{table.qualified_name}"',
            f"columns = [{columns}]",
            f'revision = {{ table = "{kept_in}", column = "{name}" }}',
        ),
    )


_FILLED: typ.Final = {"smallint", "integer", "bigint", "numeric", "uuid", "text"}
_MOMENT: typ.Final = "timestamp"


def _usable(check: Check, kept: KeptRevision, snapshot: SchemaSnapshot) -> Draft | str:
    table, column = kept.table, kept.column
    if column.name == XMIN or not kept.is_own:
        return f"{kept.name} cannot be made usable in place: {kept.fault}"
    usable = attrs.evolve(column, is_nullable=False, generated=None, identity=None)
    data_type = snapshot.base_type(column)
    fault = unusable_because(usable, data_type, is_enum=snapshot.is_enum(data_type))
    is_filled = data_type in _FILLED or data_type.startswith(_MOMENT)
    is_replaced = (
        fault is not None
        or column.is_domain
        or (not is_filled and column.is_nullable)
        or (column.generated is not None and data_type not in _INTEGERS)
    )
    notes = []
    if is_replaced:
        notes.append(
            "it replaces the values of the revision, so a client that has read an old "
            "one is refused once; it rewrites the table under a lock, and squawk warns "
            "of that"
        )
    elif column.is_nullable:
        notes.append(
            "squawk warns of SET NOT NULL: it reads the whole table under a lock. On a "
            "large table, first add CHECK (… IS NOT NULL) NOT VALID, and validate it "
            "in a separate migration"
        )
    if column.generated is not None:
        notes.append("the program has to raise it from now on")
    change = RepairRevision(
        schema=table.schema,
        table=table.name,
        column=column,
        is_replaced=is_replaced,
    )
    name = f"make_{column.name}_of_{table.name}_usable"
    return _one(check, name, change, "; ".join(notes))


def _retiring(check: Check, storage: Storage) -> Draft | str:
    """Draft the end of one of two storages: copy what is missing, then drop it."""
    name = storage.canonical or recommend(storage, Wiring()).model
    kept = [one for one in storage.complete if one.model.name == name]
    retired = [one for one in storage.complete if one.model.name != name]
    if name is None or len(kept) != 1 or len(retired) != 1:
        return (
            "several storages are there, and only you know which one the program "
            "keeps: declare it canonical"
        )
    transfer = _transfer(retired[0], kept[0])
    if transfer is None:
        return (
            f"{retired[0].table.qualified_name} and {kept[0].table.qualified_name} "
            "store it in forms that have too little in common to copy one to the other"
        )
    old, new = transfer.retired.qualified_name, transfer.kept.qualified_name
    copied = {name for name, _ in transfer.pairs}
    lost = [
        column.name for column in transfer.retired.columns if column.name not in copied
    ]
    warning = ""
    if lost and not transfer.dropped:
        warning = f". What {old} has in {', '.join(lost)} is not copied"
    gone = ", ".join(f"{old}.{column}" for column in transfer.dropped) or old
    return Draft(
        check=check.id,
        steps=(
            DraftStep(
                name=f"copy_{transfer.table}_to_{transfer.kept.name}",
                change=CopyMissing(transfer=transfer),
            ),
            DraftStep(
                name=f"drop_{'_and_'.join((*transfer.dropped, transfer.table))}",
                change=DropStorage(transfer=transfer),
            ),
        ),
        note=(
            f"before the first, release a program that writes both and reads {old}; "
            f"after it, one that reads and writes {new} alone, then apply the second. "
            f"It drops {gone}, which squawk warns of, and refuses to if {new} lacks "
            f"something of it{warning}"
        ),
    )


def _transfer(retired: Candidate, kept: Candidate) -> Transfer | None:
    """Return what two storages have in common: their owners, and one more column."""
    sides = []
    for candidate in (retired, kept):
        owning = [c for c in candidate.columns if is_owner(c.name)]
        others = [c for c in candidate.columns if not is_owner(c.name)]
        if len(owning) != 1 or len(others) != 1:
            return None
        sides.append((owning[0], others[0]))
    (old_owner, old), (new_owner, new) = sides
    arrays = [c for c in (old, new) if c.data_type.endswith("[]")]
    types = {c.data_type.removesuffix("[]") for c in (old, new)}
    if len(types) > 1 or len(arrays) > 1 or old_owner.data_type != new_owner.data_type:
        return None
    numbers = [
        one.column.name
        for one in kept.usable_revisions
        if one.is_own and one.column.data_type in _INTEGERS
    ]
    return Transfer(
        retired=retired.table,
        kept=kept.table,
        pairs=((old_owner.name, new_owner.name), (old.name, new.name)),
        array=arrays[0].name if arrays else "",
        revision=numbers[0] if numbers else "",
    )


def _revision(name: str) -> NewColumn:
    return NewColumn(name=name, data_type=_REVISION_TYPE, default="1")


def _storing(
    check: Check, storage: Storage, snapshot: SchemaSnapshot, audited: AuditModel
) -> Draft | str:
    """Draft a storage that is missing."""
    if storage.complete:
        return "a storage is there, but not the one that is declared canonical"
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
    change = AddColumns(
        schema=candidate.table.schema,
        table=candidate.table.name,
        columns=[
            attrs.evolve(column, is_nullable=column.default is None)
            for column in (_column(name, snapshot) for name in names)
        ],
    )
    return _one(check, f"add_{'_and_'.join(names)}_to_{candidate.table.name}", change)


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
    change = CreateTable(
        schema=schema or storage.schemas[0],
        table=name,
        columns=columns,
        key=tuple(key),
    )
    return _one(check, f"create_{name}", change)


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
