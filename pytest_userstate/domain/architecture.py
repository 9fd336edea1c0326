"""Decisions of architecture: how far each has come, and what there is to choose."""

from __future__ import annotations

import collections.abc as cabc
import enum
import typing as typ

import attrs

from pytest_userstate.domain.classification import places
from pytest_userstate.domain.converters import out_of_quotes, strings
from pytest_userstate.domain.coverage import (
    Axis,
    ConflictCoverage,
    MigrationDecision,
)
from pytest_userstate.domain.evidence import Check, EvidenceKind, listed
from pytest_userstate.domain.model import AuditModel, Entity, Need, StorageModel
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.state_diagram import StateDiagram, StateTable


class Standing(enum.StrEnum):
    """How far a decision has come."""

    DECIDED = "decided"
    SETTLED = "settled by the schema"
    OPEN = "open"
    WAITING = "waits for another decision"
    NOT_APPLICABLE = "not applicable"


@attrs.frozen(kw_only=True)
class DecisionOption:
    """One way to decide, and what follows from it."""

    name: str
    consequences: tuple[str, ...] = attrs.field(converter=strings)
    is_recommended: bool = False


def _options(values: cabc.Iterable[DecisionOption]) -> tuple[DecisionOption, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class ArchitectureDecision:
    """A decision of architecture."""

    title: str
    check: str
    standing: Standing
    statement: str
    reason: str = ""
    options: tuple[DecisionOption, ...] = attrs.field(converter=_options)


@attrs.frozen
class Facts:
    """What decisions are read off."""

    report: UserStateSchemaAuditReport
    model: AuditModel
    diagram: StateDiagram


def named(entity: Entity) -> str:
    """Return the entity's name as a sentence begins."""
    return entity.name.replace("_", " ").capitalize()


def storage_decision(entity: Entity, facts: Facts) -> ArchitectureDecision:
    """Return how far the storage path of an entity is decided."""
    standing, statement, options = _answer(entity, facts)
    return ArchitectureDecision(
        title=f"{named(entity)} storage path",
        check=f"{entity.name}.{Axis.SCHEMA}",
        standing=standing,
        statement=statement,
        reason=entity.canonical.reason if entity.canonical else "",
        options=options,
    )


def _answer(
    entity: Entity, facts: Facts
) -> tuple[Standing, str, cabc.Sequence[DecisionOption]]:
    reason = entity.not_applicable(Axis.SCHEMA)
    if reason is not None:
        return Standing.NOT_APPLICABLE, reason, ()
    check = facts.report.check(f"{entity.name}.{Axis.SCHEMA}")
    there = _all_tables(entity, check.models, facts)
    canonical = entity.canonical.model if entity.canonical else None
    match check.decision:
        case MigrationDecision.DEFERRED:
            statement = (
                f"the canonical storage is {canonical}, once {check.prerequisite}"
            )
            return Standing.DECIDED, statement, ()
        case MigrationDecision.NOT_REQUIRED if canonical:
            return (
                Standing.DECIDED,
                f"the canonical storage is {canonical}, and it is there",
                (),
            )
        case MigrationDecision.NOT_REQUIRED:
            is_all = "is the only" if len(there) == 1 else "are the"
            return Standing.SETTLED, f"{listed(there)} {is_all} complete storage", ()
        case _:
            return _open(entity, check, there, facts)


def _open(
    entity: Entity, check: Check, there: list[str], facts: Facts
) -> tuple[Standing, str, cabc.Sequence[DecisionOption]]:
    """Return what is open if a migration of the storage is required."""
    canonical = entity.canonical.model if entity.canonical else None
    if canonical and canonical not in check.models:
        statement = f"the canonical storage is {canonical}, which is not complete"
        return Standing.DECIDED, statement, _completions(entity, facts, check)
    if not check.models:
        return Standing.OPEN, "nothing stores it yet", _completions(entity, facts)
    if len(check.models) > 1 and not canonical:
        return Standing.OPEN, f"{listed(there)} store it", _models(entity, check, facts)
    # Beside a declared model others may be complete, which are no copies of it.
    copies = _all_tables(entity, [canonical], facts) if canonical else there
    statement = f"{listed(copies)} are copies that the model cannot distinguish"
    return Standing.OPEN, statement, [_copy(name, copies) for name in copies]


def _completions(
    entity: Entity, facts: Facts, check: Check | None = None
) -> list[DecisionOption]:
    """Return the ways to make a storage complete, or to decide otherwise."""
    canonical = entity.canonical.model if entity.canonical else None
    options = [
        DecisionOption(
            name=f"complete {model.name}", consequences=_to_do(model, entity, facts)
        )
        for model in entity.models
        if canonical in {None, model.name}
    ]
    return options + [
        DecisionOption(
            name=f"declare {name} canonical in place of {canonical}",
            consequences=["it is complete; no migration is needed for it"],
        )
        for name in (check.models if check else ())
    ]


def _to_do(model: StorageModel, entity: Entity, facts: Facts) -> cabc.Iterator[str]:
    """Return what a model still needs, and what comes with it."""
    shown = [
        table
        for place in places(model, facts.model.schemas)
        if (table := facts.diagram.table(*place)) is not None
    ]
    for table in shown:
        lacking = listed(f"column {listed(g, 'or')}" for g in _lacking(model, table))
        yield f"{table.qualified_name} is there, and needs {lacking}"
    if not shown:
        columns = listed(listed(group, "or") for group in model.column_groups)
        has = f" with {columns}" if columns else ""
        yield f"a new table {listed(model.tables, 'or')}{has}"
    sharing = [
        other.name
        for other in facts.model.entities
        if other.name != entity.name
        and other.expected
        and any(
            {*model.tables} & {*storage_model.tables} for storage_model in other.models
        )
    ]
    if sharing:
        yield f"it shares its rows with {listed(sharing)}"
    if entity.not_applicable(Axis.REVISION) is None:
        yield (
            f"with a column {listed(model.revision, 'or')} that is never null "
            "it settles revisions and stale writes as well"
        )


def _models(entity: Entity, check: Check, facts: Facts) -> list[DecisionOption]:
    """Return the complete models to choose from."""
    return [
        DecisionOption(
            name=f"keep {model.name}",
            consequences=_kept(entity, model, check, facts),
            is_recommended=model.name == check.recommendation,
        )
        for model in entity.models
        if model.name in check.models
    ]


def _kept(
    entity: Entity, model: StorageModel, check: Check, facts: Facts
) -> cabc.Iterator[str]:
    """Return what follows from keeping one of several complete models."""
    tables = _tables(model, facts)
    names = {table.qualified_name for table in tables}
    there = _all_tables(entity, check.models, facts)
    retired = [name for name in there if name not in names]
    are = "is" if len(retired) == 1 else "are"
    yield f"{listed(retired)} {are} retired, once nothing reads it"
    for table in tables:
        yield from _rows(table, facts)
        yield from _guards(model, table, facts)
    if entity.not_applicable(Axis.REVISION) is None:
        yield _revision(entity, model, facts)


def _rows(table: StateTable, facts: Facts) -> cabc.Iterator[str]:
    """Yield how many rows there are for each row of the table that is referred to."""
    for relation in facts.diagram.relations_of(table.schema, table.name):
        if (target := f"{relation.target_schema}.{relation.target_table}") in _holders(
            facts
        ):
            count = "at most one row" if relation.is_single else "any number of rows"
            yield f"{count} of {table.qualified_name} for each row of {target}"


def _holders(facts: Facts) -> set[str]:
    return {table.qualified_name for table in facts.diagram.tables if table.holds_state}


def _guards(model: StorageModel, table: StateTable, facts: Facts) -> cabc.Iterator[str]:
    """Name the columns of identifiers that a foreign key guards, and the others."""
    guarded = {
        name
        for relation in facts.diagram.relations_of(table.schema, table.name)
        if relation.is_certain
        for name in relation.columns
    }
    ids = [
        column.name
        for column in table.columns
        if column.name in model.column_names and column.name.endswith(("_id", "_ids"))
    ]
    if held := [name for name in ids if name in guarded]:
        yield f"foreign keys guard {listed(held)}"
    if loose := [name for name in ids if name not in guarded]:
        yield f"no foreign key guards {listed(loose)}"


def _revision(entity: Entity, model: StorageModel, facts: Facts) -> str:
    """Return what becomes of revisions if this model stays."""
    report = facts.report
    usable, kept = (
        [
            fact.subject
            for fact in report.check(f"{entity.name}.{axis}").evidence
            if fact.kind is EvidenceKind.PRESENT and fact.model == model.name
        ]
        for axis in (Axis.CONFLICT, Axis.REVISION)
    )
    if usable:
        return f"revisions and stale writes are settled with it, by {listed(usable)}"
    if kept:
        return f"{listed(kept)} has to be corrected before it can catch a stale write"
    return "it keeps no revision: revisions and stale writes need a migration then"


def _copy(name: str, names: cabc.Sequence[str]) -> DecisionOption:
    others = [column_name for column_name in names if column_name != name]
    are = "is" if len(others) == 1 else "are"
    consequence = (
        f'{listed(others)} {are} retired, or no longer meant: table = "{name}"'
    )
    return DecisionOption(name=f"keep {name}", consequences=[consequence])


def _all_tables(entity: Entity, models: cabc.Container[str], facts: Facts) -> list[str]:
    """Return the names of the tables that are complete under one of the models."""
    return list(
        dict.fromkeys(
            table.qualified_name
            for model in entity.models
            if model.name in models
            for table in _tables(model, facts)
        )
    )


def _tables(model: StorageModel, facts: Facts) -> list[StateTable]:
    """Return the tables that are complete under the model."""
    tables = (
        facts.diagram.table(*place) for place in places(model, facts.model.schemas)
    )
    return [table for table in tables if table and not _lacking(model, table)]


def _lacking(model: StorageModel, table: StateTable) -> list[tuple[str, ...]]:
    names = {column.name for column in table.columns}
    return [
        group
        for group in model.column_groups
        if not any(Need.of(text).column in names for text in group)
    ]


_INCREASES: typ.Final = "every write has to increase it"
_SPREAD: typ.Final = (
    "several rows may belong together there, and each then has its own revision: "
    "a change of the whole set is not caught by it"
)
_CATCHES: typ.Final = "if it can never be null, it catches stale writes as well"
_UNNOTICED: typ.Final = "of two writers the later one wins, and nobody notices"
_NOT_ASKED: typ.Final = "the audit no longer asks: revisions = false"
_COMPARED: typ.Final = (
    "a write names the revision that it was read at, and changes nothing if the row "
    "has another one by then; the writer reads again and decides"
)


def revision_decision(entity: Entity, facts: Facts) -> ArchitectureDecision:
    """Return how far the revision model of an entity is decided."""
    check = facts.report.check(f"{entity.name}.{Axis.REVISION}")
    options = [*map(_column, _poor(check, facts)), _none(entity)]
    return _decision("Revision model", entity, facts, check, options)


def conflict_decision(entity: Entity, facts: Facts) -> ArchitectureDecision:
    """Return how far it is decided what becomes of stale writes."""
    check = facts.report.check(f"{entity.name}.{Axis.CONFLICT}")
    if check.coverage is ConflictCoverage.UNRELIABLE:
        options = [*map(_mended, _unusable(check)), _another()]
    else:
        options = [_compare(entity), _last_wins(entity)]
    return _decision("Stale-write handling", entity, facts, check, options)


def _decision(
    title: str,
    entity: Entity,
    facts: Facts,
    check: Check,
    options: cabc.Sequence[DecisionOption],
) -> ArchitectureDecision:
    statement = check.rationale
    match check.decision:
        case MigrationDecision.NOT_REQUIRED:
            standing = Standing.SETTLED
            statement += _proviso(entity, facts, check)
        case MigrationDecision.DEFERRED:
            standing = Standing.WAITING
        case _:
            standing = Standing.OPEN
    return ArchitectureDecision(
        title=f"{title} of {entity.name.replace('_', ' ')}",
        check=check.id,
        standing=standing,
        statement=statement,
        options=options if standing is Standing.OPEN else (),
    )


def _proviso(entity: Entity, facts: Facts, check: Check) -> str:
    """Return for which model an answer holds while the storage is undecided."""
    storage = facts.report.check(f"{entity.name}.{Axis.SCHEMA}")
    if storage.decision is not MigrationDecision.REQUIRED or len(storage.models) < 2:
        return ""
    models = dict.fromkeys(fact.model for fact in check.evidence if fact.model)
    return f"; this holds if {' or '.join(models)} is kept"


def _poor(check: Check, facts: Facts) -> list[tuple[str, str, bool]]:
    """Return column, table, and whether one owner may have several rows."""
    poor: dict[str, tuple[str, str, bool]] = {}
    for fact in check.evidence:
        if fact.kind is not EvidenceKind.ABSENT:
            continue
        table, _, column = fact.subject.rpartition(".")
        schema, _, name = table.partition(".")
        spread = any(
            not relation.is_single
            for relation in facts.diagram.relations_of(schema, out_of_quotes(name))
        )
        poor.setdefault(table, (column, table, spread))
    return [*poor.values()]


def _column(place: tuple[str, str, bool]) -> DecisionOption:
    column, table, is_spread = place
    return DecisionOption(
        name=f"a column {column} of {table}",
        consequences=[_INCREASES, *([_SPREAD] if is_spread else []), _CATCHES],
    )


def _none(entity: Entity) -> DecisionOption:
    return DecisionOption(
        name="no revisions",
        consequences=[_UNNOTICED, f"{_NOT_ASKED} for {entity.name}"],
    )


def _unusable(check: Check) -> list[tuple[str, str]]:
    return [(fact.subject, fact.detail) for fact in check.evidence]


def _mended(column: tuple[str, str]) -> DecisionOption:
    subject, fault = column
    return DecisionOption(
        name=f"correct {subject}",
        consequences=[f"a migration has to change that {fault}"],
    )


def _another() -> DecisionOption:
    return DecisionOption(
        name="another revision column",
        consequences=["every writer has to learn of it; the old one is retired"],
    )


def _compare(entity: Entity) -> DecisionOption:
    return DecisionOption(
        name="compare a revision on write",
        consequences=[f"{entity.name}.{Axis.REVISION} comes first", _COMPARED],
    )


def _last_wins(entity: Entity) -> DecisionOption:
    return DecisionOption(
        name="the last write wins",
        consequences=[
            _UNNOTICED,
            f"accept {entity.name}.{Axis.CONFLICT} with this as its reason",
        ],
    )


_ALWAYS: typ.Final = frozenset({"profile", "interests"})


def architecture(
    report: UserStateSchemaAuditReport, model: AuditModel, diagram: StateDiagram
) -> tuple[ArchitectureDecision, ...]:
    """Return the decisions: storage paths, revision models, stale writes.

    The storage paths of profile and interests are always among them; other
    entities are if they are expected to keep revisions.
    """
    facts = Facts(report, model, diagram)
    decisions = []
    for entity in model.entities:
        revises = entity.not_applicable(Axis.REVISION) is None
        if revises or entity.name in _ALWAYS:
            decisions.append(storage_decision(entity, facts))
        if revises:
            decisions += [
                revision_decision(entity, facts),
                conflict_decision(entity, facts),
            ]
    return tuple(decisions)
