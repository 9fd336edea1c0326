"""What follows from the storage of an entity, as tables of rules and in words."""

from __future__ import annotations

import collections.abc as cabc
import itertools
import operator
import typing as typ

import attrs

from pytest_userstate.domain.classification import (
    Candidate,
    RevisionColumns,
    Situation,
    Storage,
    classify,
)
from pytest_userstate.domain.coverage import (
    Axis,
    ConflictCoverage,
    Coverage,
    MigrationDecision,
    RevisionCoverage,
)
from pytest_userstate.domain.evidence import (
    Check,
    Evidence,
    EvidenceKind,
    Prerequisite,
    listed,
)
from pytest_userstate.domain.model import AuditModel, Entity
from pytest_userstate.domain.recognition.result import RecognizedEntity, Shape
from pytest_userstate.domain.revisions import KeptRevision
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.storage_facts import (
    absent,
    all_absent,
    canonical_model,
    column_fact,
    contents,
    declaration,
    grouped,
    labelled,
    lacking,
    lacks,
    near_columns,
    near_misses,
    near_revisions,
    no_way,
    revisions_kept,
    side_by_side,
    stored,
    tables,
)
from pytest_userstate.domain.wiring import PortWiring, Wiring, agreements
from pytest_userstate.domain.writes import (
    JudgedWrite,
    TableWrites,
    in_words,
    judge_writes,
)

_REQUIRED = MigrationDecision.REQUIRED
_NOT_REQUIRED = MigrationDecision.NOT_REQUIRED
_DEFERRED = MigrationDecision.DEFERRED

SCHEMA_RULES: typ.Final[dict[Situation, MigrationDecision]] = {
    Situation.MISSING: _REQUIRED,
    Situation.SINGLE: _NOT_REQUIRED,
    Situation.SEVERAL_FINE: _NOT_REQUIRED,
    Situation.UNDECLARED: _REQUIRED,
    Situation.COPIES: _REQUIRED,
    Situation.DECLARED: _DEFERRED,
    Situation.DECLARED_INCOMPLETE: _REQUIRED,
}
"""What a situation means for the storage itself."""

UNTRACKED_RULES: typ.Final[dict[Situation, MigrationDecision]] = {
    Situation.MISSING: _DEFERRED,
    Situation.SINGLE: _REQUIRED,
    Situation.SEVERAL_FINE: _REQUIRED,
    Situation.UNDECLARED: _DEFERRED,
    Situation.COPIES: _DEFERRED,
    Situation.DECLARED: _REQUIRED,
    Situation.DECLARED_INCOMPLETE: _DEFERRED,
}
"""What follows if the storage that counts has no revision column."""

CONFLICT_RULES: typ.Final[
    dict[RevisionColumns, tuple[ConflictCoverage, MigrationDecision | None]]
] = {
    RevisionColumns.NONE: (ConflictCoverage.ABSENT, None),
    RevisionColumns.UNUSABLE: (ConflictCoverage.UNRELIABLE, _REQUIRED),
    RevisionColumns.USABLE: (ConflictCoverage.DETECTABLE, _NOT_REQUIRED),
}
"""What the revision columns mean for stale writes; None: as for revisions."""


@attrs.frozen
class Recommendation:
    """A model to declare canonical, or None on a tie; and the words for it."""

    model: str | None
    words: str


@attrs.frozen(order=True)
class _Merits:
    """What speaks for a candidate, in the order in which it counts."""

    has_usable_revision: bool
    is_in_use: bool
    guards: int

    def reason_over(self, other: _Merits) -> str:
        """Return why these merits beat the others."""
        if self.has_usable_revision != other.has_usable_revision:
            return "it has a usable revision column"
        if self.is_in_use != other.is_in_use:
            return "the running program uses it"
        return "keys and foreign keys guard it better"


def recommend(storage: Storage, wiring: Wiring) -> Recommendation:
    """Compare the complete models; recommend none on a tie.

    A model counts by the best of its tables. A usable revision column counts
    most, then use by the running program, then the primary key and foreign keys
    over the columns that the model needs.
    """
    merits: dict[str, _Merits] = {}
    for candidate in storage.complete:
        own = _merits(candidate, storage, wiring)
        merits[candidate.model.name] = max(own, merits.get(candidate.model.name, own))
    (first, best), (_, next_best) = sorted(
        merits.items(), key=operator.itemgetter(1), reverse=True
    )[:2]
    key = f"[entities.{storage.entity.name}]"
    if best == next_best:
        return Recommendation(
            None,
            f"The facts favour none: declare {listed(merits, 'or')} canonical "
            f"under {key}",
        )
    return Recommendation(
        first,
        f"Recommended: {first}, since {best.reason_over(next_best)}; declare it "
        f'under {key}: canonical = {{ model = "{first}", reason = "…" }}',
    )


def _merits(candidate: Candidate, storage: Storage, wiring: Wiring) -> _Merits:
    return _Merits(
        has_usable_revision=candidate.revision_columns is RevisionColumns.USABLE,
        is_in_use=any(
            port.state.reaches_database and port.model == candidate.model.name
            for port in wiring.ports_of(storage.entity.name)
        ),
        guards=_guards(candidate),
    )


def _guards(candidate: Candidate) -> int:
    """Count the key and the foreign keys over the columns that the model needs."""
    table = candidate.table
    needed = candidate.model.column_names
    keys = [
        key
        for key in (table.primary_key, *table.unique_constraints)
        if key is not None and needed & {*key.columns}
    ]
    flagged = any(c.is_primary_key for c in table.columns if c.name in needed)
    references = [
        key for key in table.foreign_keys if key.is_enforced and needed & {*key.columns}
    ]
    return bool(keys or flagged) + len(references)


_Argument: typ.TypeAlias = tuple[str, tuple[Evidence, ...]]
_MOST_REASONS: typ.Final = 3
_DATA: typ.Final = {Shape.JSON, Shape.KEY_VALUE}
"""Shapes in which keys are values: a schema does not show which there are."""


def schema_check(
    storage: Storage,
    snapshot: SchemaSnapshot,
    wiring: Wiring,
    recognized: RecognizedEntity | None = None,
) -> Check:
    """Decide whether the entity's storage needs a migration."""
    situation = storage.situation
    recommendation = None
    prerequisite = None
    match situation:
        case Situation.MISSING:
            rationale, evidence = _missing(storage, snapshot)
        case Situation.SINGLE | Situation.SEVERAL_FINE:
            rationale = _stored_in(storage, tables(storage.complete))
            evidence = stored(storage.declared or storage.complete)
        case Situation.UNDECLARED:
            recommended = recommend(storage, wiring)
            recommendation = recommended.model
            rationale = (
                f"{_stored_in(storage, labelled(storage.complete))}, and nothing "
                f"says which of them is canonical. {recommended.words}"
            )
            evidence = side_by_side(storage)
        case Situation.COPIES:
            rationale, evidence = _copies(storage)
        case Situation.DECLARED:
            others = [c for c in storage.complete if c not in storage.declared]
            prerequisite = _retired(others)
            rationale, evidence = _declared(storage, others)
        case Situation.DECLARED_INCOMPLETE:
            rationale, evidence = _declared_incomplete(storage, snapshot)
    facts = [*evidence, *contents(storage.complete), *_agreements(storage, wiring)]
    if recognized:
        rationale += _recognized(recognized)
        facts += _possible(recognized, snapshot)
    return _check(
        storage,
        Axis.SCHEMA,
        storage.coverage,
        SCHEMA_RULES[situation],
        (rationale, tuple(facts)),
        prerequisite,
        recommendation,
    )


def _recognized(entity: RecognizedEntity) -> str:
    """Say why the storage was recognized, or that nothing was."""
    if not entity.used:
        return "" if entity.possible else "; nothing else in this schema looks like it"
    storages = [
        f"{storage.table} is {storage.confidence} by its words and structure "
        f"({'; '.join(map(str, storage.reasons[:_MOST_REASONS]))})"
        for storage in entity.used
    ]
    is_data = any(storage.shape in _DATA for storage in entity.used)
    data = "; which keys there are is data, which no schema shows" if is_data else ""
    return f". Recognized: {listed(storages)}{data}"


def _possible(
    entity: RecognizedEntity, snapshot: SchemaSnapshot
) -> cabc.Iterator[Evidence]:
    """Yield the tables that may be meant, with the lines that would name them."""
    for storage in () if entity.used else entity.possible:
        schema, _, name = storage.table.partition(".")
        table = snapshot.table(name, schema=schema)
        columns = ", ".join(f'"{column}"' for column in storage.columns)
        yield Evidence(
            kind=EvidenceKind.NEAR_MISS,
            subject=storage.table,
            detail=f"it may be meant; if it is: [[entities.{entity.name}.models]] "
            f'name = "{name}", table = "{storage.table}", columns = [{columns}]',
            source=table.source if table else None,
        )


def _missing(storage: Storage, snapshot: SchemaSnapshot) -> _Argument:
    reasons = "; ".join(lacks(model, storage) for model in storage.entity.models)
    return (
        f"no storage of {storage.entity.name} is complete: {reasons}",
        (*all_absent(storage), *near_misses(storage, snapshot)),
    )


def _copies(storage: Storage) -> _Argument:
    copies = tables(storage.declared or storage.complete)
    return (
        (
            f"{_stored_in(storage, copies)}, and nothing says which copy counts. "
            f'Keep one, or let the model name only one: table = "{copies[0]}"'
        ),
        side_by_side(storage),
    )


def _declared(storage: Storage, others: list[Candidate]) -> _Argument:
    exist = "exists" if len(others) == 1 else "exist"
    return (
        (
            f"{listed(labelled(storage.declared))} is declared canonical, but "
            f"{listed(labelled(others))} still {exist} beside it"
        ),
        (declaration(storage.entity), *side_by_side(storage)),
    )


def _retired(others: list[Candidate]) -> Prerequisite:
    names = tables(others)
    are = "is" if len(names) == 1 else "are"
    return Prerequisite(condition=f"{listed(names)} {are} retired")


def _declared_incomplete(storage: Storage, snapshot: SchemaSnapshot) -> _Argument:
    model = canonical_model(storage.entity)
    rationale = (
        f"{model.name} is declared canonical, but {lacks(model, storage)}; "
        f"{_stored_in(storage, labelled(storage.complete))}"
    )
    facts = grouped([[declaration(storage.entity)], *absent(model, storage)])
    return rationale, (*facts, *near_misses(storage, snapshot))


def _agreements(storage: Storage, wiring: Wiring) -> cabc.Iterator[Evidence]:
    """Yield what the program declares of the tables that count, if it is right."""
    for table in dict.fromkeys(candidate.table for candidate in storage.complete):
        yield from agreements(table, wiring.declared_tables)


def _stored_in(storage: Storage, places: list[str]) -> str:
    return f"{storage.entity.name} is stored in {listed(places)}"


def revision_check(storage: Storage, snapshot: SchemaSnapshot) -> Check:
    """Decide whether revision tracking needs a migration."""
    if storage.revision_columns is RevisionColumns.NONE:
        return _without_revision(
            storage, snapshot, Axis.REVISION, RevisionCoverage.UNTRACKED
        )
    coverage = RevisionCoverage.TRACKED
    return _check(storage, Axis.REVISION, coverage, _NOT_REQUIRED, _tracked(storage))


def conflict_check(
    storage: Storage, snapshot: SchemaSnapshot, writes: TableWrites | None = None
) -> Check:
    """Decide whether stale-write conflict handling needs a migration.

    A write in the sources that defeats the revision needs none: it is code that has to
    change.
    """
    coverage, decision = CONFLICT_RULES[storage.revision_columns]
    if decision is None:
        return _without_revision(storage, snapshot, Axis.CONFLICT, coverage)
    if coverage is not ConflictCoverage.DETECTABLE:
        return _check(storage, Axis.CONFLICT, coverage, decision, _unreliable(storage))
    rationale, evidence = _detectable(storage)
    judged: tuple[JudgedWrite, ...] = ()
    if writes is not None and writes.looked_in:
        judged = judge_writes(storage, snapshot, writes)
        rationale = f"{in_words(judged, writes)}; {rationale}"
        if any(write.use.bypasses for write in judged):
            coverage = ConflictCoverage.BYPASSED
    argument = rationale, (*evidence, *(write.evidence for write in judged))
    check = _check(storage, Axis.CONFLICT, coverage, decision, argument)
    return attrs.evolve(check, writes=judged)


def _check(  # noqa: PLR0913, PLR0917 - a field each
    storage: Storage,
    axis: Axis,
    coverage: Coverage,
    decision: MigrationDecision,
    argument: _Argument,
    prerequisite: Prerequisite | None = None,
    recommendation: str | None = None,
) -> Check:
    """Return a check about the storage, as the argument decides it."""
    rationale, evidence = argument
    return Check(
        entity=storage.entity.name,
        axis=axis,
        coverage=coverage,
        decision=decision,
        models=storage.models,
        canonical=storage.canonical,
        recommendation=recommendation,
        prerequisite=prerequisite,
        rationale=rationale,
        evidence=evidence,
    )


def _without_revision(
    storage: Storage,
    snapshot: SchemaSnapshot,
    axis: Axis,
    coverage: RevisionCoverage | ConflictCoverage,
) -> Check:
    """Answer a revision or conflict check without a revision column."""
    entity = storage.entity.name
    decision = UNTRACKED_RULES[storage.situation]
    rationale, evidence = _untracked(storage, snapshot)
    prerequisite = None
    strategy = ["add a revision column"] if axis is Axis.CONFLICT else []
    if strategy and storage.counting:
        rationale += ", so a stale write looks like a fresh one"
    if decision is MigrationDecision.DEFERRED:
        prerequisite = Prerequisite(check=f"{entity}.{Axis.SCHEMA}")
        strategy = [f"{prerequisite.check} comes first", *strategy]
    words = ": ".join(filter(None, (rationale, ", then ".join(strategy))))
    return _check(storage, axis, coverage, decision, (words, evidence), prerequisite)


def _untracked(storage: Storage, snapshot: SchemaSnapshot) -> _Argument:
    entity = storage.entity
    if storage.situation is Situation.MISSING:
        rationale = f"{entity.name} has no storage yet that could keep a revision"
        return rationale, all_absent(storage)
    if storage.situation is Situation.DECLARED_INCOMPLETE:
        rationale = f"the canonical storage of {entity.name} is not complete yet"
        return rationale, grouped(absent(canonical_model(entity), storage))
    poor = [candidate for candidate in storage.counting if not candidate.revisions]
    own = [candidate for candidate in poor if candidate.model.revision_table is None]
    names = dict.fromkeys(name for c in own for name in c.model.revision)
    has = "has" if len(own) == 1 else "have"
    words = [f"{listed(tables(own))} {has} no column {listed(names, 'or')}"]
    elsewhere = [no_way(c, storage.schemas) for c in poor if c not in own]
    words = [*(words if own else ()), *(reason for reason, _ in elsewhere)]
    facts = [
        *(lacking(c.model, ((*c.place, n) for n in c.model.revision)) for c in own),
        *(absent for _, absent in elsewhere),
    ]
    near = {
        fact.subject: fact
        for candidate in own
        for fact in (
            *near_columns(candidate.table, candidate.model.revision, snapshot),
            *near_revisions(candidate),
        )
    }
    return "; ".join(words), (*grouped(facts), *near.values())


def _tracked(storage: Storage) -> _Argument:
    holders = {c: c.revisions for c in storage.counting if c.revisions}
    others = [candidate for candidate in storage.counting if candidate not in holders]
    names = listed(
        f"{kept.name} ({candidate.model.name})"
        for candidate, revisions in holders.items()
        for kept in revisions
    )
    has = "has" if len(others) == 1 else "have"
    rest = f"; {listed(labelled(others))} {has} none" if others else ""
    facts = revisions_kept(storage, holders)
    return f"revisions are kept in {names}{rest}", facts


def _detectable(storage: Storage) -> _Argument:
    usable = {c: c.usable_revisions for c in storage.counting if c.usable_revisions}
    either = "and" if storage.needs_each else "or"
    words = listed(itertools.starmap(_reuse, usable.items()), either)
    return (
        f"reuse the revision that exists: compare {words} on write",
        revisions_kept(storage, usable, of_sets=True),
    )


def _reuse(candidate: Candidate, revisions: cabc.Sequence[KeptRevision]) -> str:
    """Name the revision column to reuse, and what else in the row it guards."""
    kept, model = revisions[0], candidate.model
    if not kept.is_own:
        return (
            f"{kept.name} (which every write of {candidate.table.qualified_name} has "
            "to raise)"
        )
    own = {*model.revision, *model.column_names}
    shared = [
        column.name
        for column in candidate.table.columns
        if column.name not in own and not column.is_primary_key
    ]
    most = shared if len(shared) <= 4 else [*shared[:3], f"{len(shared) - 3} more"]
    also = f" (which also guards {listed(most)})" if shared else ""
    parents = [
        f"{table.qualified_name}.{column.name}"
        for columns, _ in kept.ways
        for table, column in columns
    ]
    of_the_set = (
        f", with {listed(parents, 'or')} for the set of rows," if parents else ""
    )
    return f"{kept.name}{of_the_set}{also}"


def _unreliable(storage: Storage) -> _Argument:
    unusable = [
        candidate
        for candidate in storage.counting
        if candidate.revision_columns is RevisionColumns.UNUSABLE
    ]
    facts = [
        [
            column_fact(
                EvidenceKind.CONTRADICTION,
                candidate.model,
                kept.table,
                kept.column,
                detail=kept.fault or "",
            )
            for kept in candidate.revisions
        ]
        for candidate in unusable
    ]
    faults = [
        f"{evidence.subject} cannot catch a stale write, since {evidence.detail}"
        for group in facts
        for evidence in group
    ]
    near = (fact for candidate in unusable for fact in near_revisions(candidate))
    return (
        f"{'; '.join(faults)}: change the column, or add another",
        (*grouped(facts), *near),
    )


def wiring_check(entity: Entity, wiring: Wiring) -> Check:
    """Report how the entity's ports are wired; no migration follows from it."""
    ports = wiring.ports_of(entity.name)
    rationale = "; ".join(map(_words, ports)) or (
        f"no port of {entity.name} is known: declare it under "
        f"[wiring.ports.{entity.name}]"
    )
    return Check(
        entity=entity.name,
        axis=Axis.WIRING,
        coverage=wiring.state_of(entity.name),
        rationale=rationale,
        evidence=(
            fact for group, port in enumerate(ports, 1) for fact in _facts(port, group)
        ),
    )


def _words(port: PortWiring) -> str:
    words = port.finding or f"{port.port} is {port.origin} {port.state.words}"
    return f"{words}: {port.reason}" if port.reason else words


def _facts(port: PortWiring, group: int) -> cabc.Iterator[Evidence]:
    """Yield what a scan found, or else what was declared or reported.

    Each port is a separate group; similar names belong to no group.
    """
    for evidence in port.facts:
        helpful = evidence.kind is EvidenceKind.NEAR_MISS
        yield attrs.evolve(evidence, group=None if helpful else group)
    for source in () if port.facts else port.sources or (None,):
        yield Evidence(
            kind=EvidenceKind.DECLARED,
            group=group,
            subject=port.port,
            model=port.model,
            detail=port.state.value,
            source=source,
        )


def decide(
    entity: Entity, snapshot: SchemaSnapshot, model: AuditModel, wiring: Wiring
) -> tuple[Check, ...]:
    """Answer every check of an entity, in the order of the axes."""
    storage = classify(entity, snapshot, model)
    rules: dict[Axis, cabc.Callable[[], Check]] = {
        Axis.SCHEMA: lambda: schema_check(
            storage, snapshot, wiring, model.recognized(entity.name)
        ),
        Axis.WIRING: lambda: wiring_check(entity, wiring),
        Axis.REVISION: lambda: revision_check(storage, snapshot),
        Axis.CONFLICT: lambda: conflict_check(storage, snapshot, wiring.writes),
    }
    return tuple(rules[axis]() for axis in Axis if not entity.not_applicable(axis))
