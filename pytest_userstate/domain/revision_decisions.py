"""Whether revisions and stale writes need a migration: words and evidence."""

from __future__ import annotations

import collections.abc as cabc
import itertools
import typing as typ

from pytest_userstate.domain.check import Check
from pytest_userstate.domain.classification import (
    Candidate,
    RevisionColumns,
    Situation,
    Storage,
)
from pytest_userstate.domain.coverage import (
    Axis,
    ConflictCoverage,
    MigrationDecision,
    RevisionCoverage,
)
from pytest_userstate.domain.evidence import Evidence, EvidenceKind, Prerequisite
from pytest_userstate.domain.facts import (
    absent,
    all_absent,
    canonical_model,
    column_fact,
    fact,
    grouped,
    labelled,
    listed,
    tables,
)
from pytest_userstate.domain.near_misses import near_columns, near_revisions
from pytest_userstate.domain.rules import CONFLICT_RULES, UNTRACKED_RULES
from pytest_userstate.domain.snapshot import Column, SchemaSnapshot

_Argument: typ.TypeAlias = tuple[str, tuple[Evidence, ...]]


def revision_check(storage: Storage, snapshot: SchemaSnapshot) -> Check:
    """Decide whether revision tracking needs a migration."""
    if storage.revision_columns is RevisionColumns.NONE:
        return _without_revision(
            storage, snapshot, Axis.REVISION, RevisionCoverage.UNTRACKED
        )
    rationale, evidence = _tracked(storage)
    return Check(
        entity=storage.entity.name,
        axis=Axis.REVISION,
        coverage=RevisionCoverage.TRACKED,
        decision=MigrationDecision.NOT_REQUIRED,
        models=storage.models,
        canonical=storage.canonical,
        rationale=rationale,
        evidence=evidence,
    )


def conflict_check(storage: Storage, snapshot: SchemaSnapshot) -> Check:
    """Decide whether stale-write conflict handling needs a migration."""
    coverage, decision = CONFLICT_RULES[storage.revision_columns]
    if decision is None:
        return _without_revision(storage, snapshot, Axis.CONFLICT, coverage)
    if coverage is ConflictCoverage.DETECTABLE:
        rationale, evidence = _detectable(storage)
    else:
        rationale, evidence = _unreliable(storage)
    return Check(
        entity=storage.entity.name,
        axis=Axis.CONFLICT,
        coverage=coverage,
        decision=decision,
        models=storage.models,
        canonical=storage.canonical,
        rationale=rationale,
        evidence=evidence,
    )


def _without_revision(
    storage: Storage,
    snapshot: SchemaSnapshot,
    axis: Axis,
    coverage: RevisionCoverage | ConflictCoverage,
) -> Check:
    """Answer a revision or conflict check where no revision column is there."""
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
    return Check(
        entity=entity,
        axis=axis,
        coverage=coverage,
        decision=decision,
        models=storage.models,
        canonical=storage.canonical,
        prerequisite=prerequisite,
        rationale=": ".join(filter(None, (rationale, ", then ".join(strategy)))),
        evidence=evidence,
    )


def _untracked(storage: Storage, snapshot: SchemaSnapshot) -> _Argument:
    entity = storage.entity
    if storage.situation is Situation.MISSING:
        rationale = f"{entity.name} has no storage yet that could keep a revision"
        return rationale, all_absent(storage)
    if storage.situation is Situation.DECLARED_INCOMPLETE:
        rationale = f"the canonical storage of {entity.name} is not complete yet"
        return rationale, grouped(absent(canonical_model(entity), storage))
    poor = [each for each in storage.counting if not each.revisions]
    has = "has" if len(poor) == 1 else "have"
    wanted = listed(dict.fromkeys(n for c in poor for n in c.model.revision), "or")
    facts = grouped(
        [
            fact(
                EvidenceKind.ABSENT,
                f"{each.table.qualified_name}.{name}",
                model=each.model,
            )
            for name in each.model.revision
        ]
        for each in poor
    )
    near = {
        fact.subject: fact
        for each in poor
        for fact in (
            *near_columns(each.table, each.model.revision, snapshot),
            *near_revisions(each.table, each.model.revision),
        )
    }.values()
    return f"{listed(tables(poor))} {has} no column {wanted}", (*facts, *near)


def _tracked(storage: Storage) -> _Argument:
    holders = {c: c.revisions for c in storage.counting if c.revisions}
    others = [each for each in storage.counting if each not in holders]
    names = listed(
        f"{each.table.qualified_name}.{column.name} ({each.model.name})"
        for each, columns in holders.items()
        for column in columns
    )
    has = "has" if len(others) == 1 else "have"
    rest = f"; {listed(labelled(others))} {has} none" if others else ""
    return f"revisions are kept in {names}{rest}", _kept(storage, holders)


def _detectable(storage: Storage) -> _Argument:
    usable = {
        each: columns
        for each in storage.counting
        if (columns := tuple(c for c in each.revisions if c.name not in each.faults))
    }
    either = "and" if storage.needs_each else "or"
    words = listed(itertools.starmap(_reuse, usable.items()), either)
    return (
        f"reuse the revision that exists: compare {words} on write",
        _kept(storage, usable),
    )


def _reuse(candidate: Candidate, columns: tuple[Column, ...]) -> str:
    """Name the revision column to reuse, and what else in the row it guards."""
    table, model = candidate.table, candidate.model
    own = {*model.revision, *itertools.chain.from_iterable(model.column_groups)}
    shared = [
        column.name
        for column in table.columns
        if column.name not in own and not column.is_primary_key
    ]
    most = shared if len(shared) <= 4 else [*shared[:3], f"{len(shared) - 3} more"]
    also = f" (which also guards {listed(most)})" if shared else ""
    return f"{table.qualified_name}.{columns[0].name}{also}"


def _unreliable(storage: Storage) -> _Argument:
    facts = [
        [
            column_fact(EvidenceKind.CONTRADICTION, each, column, detail=because)
            for column in each.revisions
            if (because := each.faults.get(column.name))
        ]
        for each in storage.counting
        if each.revision_columns is RevisionColumns.UNUSABLE
    ]
    faults = [
        f"{each.subject} cannot catch a stale write, since {each.detail}"
        for group in facts
        for each in group
    ]
    return f"{'; '.join(faults)}: change the column, or add another", grouped(facts)


def _kept(
    storage: Storage, columns: cabc.Mapping[Candidate, tuple[Column, ...]]
) -> tuple[Evidence, ...]:
    """Return the revision columns as facts, grouped by what the verdict needs."""
    facts = [
        [column_fact(EvidenceKind.PRESENT, each, column) for column in found]
        for each, found in columns.items()
    ]
    return grouped(facts if storage.needs_each else [itertools.chain(*facts)])
