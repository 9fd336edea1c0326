"""Evidence: the facts that a decision rests on, and the rule that it has to.

Evidence is a conjunction of alternatives. Facts carry the number of the group
that they belong to: a verdict needs every group, and within a group each fact
alone would do. `justify` refuses a decision whose evidence does not carry it.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import itertools

import attrs

from pytest_userstate.domain.classification import Candidate, Storage, places
from pytest_userstate.domain.converters import dotted, strings
from pytest_userstate.domain.coverage import Axis, Coverage, MigrationDecision
from pytest_userstate.domain.errors import UnjustifiedDecisionError
from pytest_userstate.domain.model import Entity, StorageModel
from pytest_userstate.domain.snapshot import Column, Source


class EvidenceKind(enum.StrEnum):
    """What a fact says about its subject."""

    PRESENT = "present"
    ABSENT = "absent"
    CONTRADICTION = "contradiction"
    DECLARED = "declared"
    DROPPED = "dropped"
    NEAR_MISS = "near_miss"


_WORDS = {
    EvidenceKind.PRESENT: " is there",
    EvidenceKind.ABSENT: " is missing",
    EvidenceKind.CONTRADICTION: "",
    EvidenceKind.DECLARED: " is declared",
    EvidenceKind.DROPPED: " was dropped",
    EvidenceKind.NEAR_MISS: " looks like it, but does not count",
}
_SUPPORTS = {EvidenceKind.PRESENT, EvidenceKind.DECLARED}
_OPPOSES = {EvidenceKind.ABSENT, EvidenceKind.CONTRADICTION}


@attrs.frozen(kw_only=True)
class Evidence:
    """One fact.

    Parameters
    ----------
    kind : EvidenceKind
        What is said about the subject.
    subject : str
        The table (``public.users``), column, port, or declaration.
    group : int or None
        The fact group it belongs to, from 1; None for what is only helpful to
        know, such as a near miss.
    model : str or None
        The storage model that the fact was looked up for.
    detail : str
        What there is to say beyond the kind.
    source : Source or None
        Where it comes from.
    changed_by : Source or None
        Which migration changed the subject last, if one did after that.
    """

    kind: EvidenceKind
    subject: str
    group: int | None = None
    model: str | None = None
    detail: str = ""
    source: Source | None = None
    changed_by: Source | None = None

    def __str__(self) -> str:
        """Write it as one line, for people."""
        if self.kind is EvidenceKind.DROPPED and self.detail.startswith("renamed to "):
            return f"{self.subject} was {self.detail}, renamed by {self.source}"
        came = origin(self.source, self.changed_by)
        detail = f": {self.detail}" if self.detail else ""
        return f"{self.subject}{_WORDS[self.kind]}{detail}{came}"


def origin(source: Source | None, changed_by: Source | None) -> str:
    """Return the words for where something comes from, and what changed it."""
    changed = f", changed by {changed_by}" if changed_by else ""
    return f" ({source}{changed})" if source else ""


@attrs.frozen(kw_only=True)
class Prerequisite:
    """What has to happen before a deferred migration: a check, or a condition.

    Exactly one of the two is given.
    """

    check: str | None = None
    condition: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse both, and neither."""
        if bool(self.check) == bool(self.condition):
            message = "a prerequisite is either a check or a written condition"
            raise UnjustifiedDecisionError(message)

    def __str__(self) -> str:
        """Write it for people."""
        return self.condition or f"{self.check} is closed"


def justify(
    subject: str,
    decision: MigrationDecision | None,
    evidence: cabc.Sequence[Evidence],
    prerequisite: Prerequisite | None,
) -> None:
    """Refuse a decision that its evidence does not carry.

    Raises
    ------
    UnjustifiedDecisionError
        - ``not_required`` if a fact group has no supporting fact, or a
          fact speaks against it;
        - ``required`` without anything absent or contradictory;
        - ``deferred`` without a prerequisite, or a prerequisite without it.
    """
    complaint = _misplaced_prerequisite(decision, prerequisite) or _unsupported(
        decision, evidence
    )
    if complaint:
        message = f"{subject}: {decision} is not justified: {complaint}"
        raise UnjustifiedDecisionError(message)


def _misplaced_prerequisite(
    decision: MigrationDecision | None, prerequisite: Prerequisite | None
) -> str | None:
    if (decision is MigrationDecision.DEFERRED) is (prerequisite is not None):
        return None
    return "a prerequisite goes with deferred, and only with it"


def _unsupported(
    decision: MigrationDecision | None, evidence: cabc.Sequence[Evidence]
) -> str | None:
    kinds = {fact.kind for fact in evidence}
    groups = {fact.group for fact in evidence if fact.group is not None}
    supported = {
        fact.group for fact in evidence if fact.group and fact.kind in _SUPPORTS
    }
    if groups != {*range(1, len(groups) + 1)}:
        return "fact groups are numbered from 1 without gaps"
    match decision:
        case MigrationDecision.NOT_REQUIRED:
            if not groups or groups != supported or kinds & _OPPOSES:
                return "it needs a supporting fact in each group, and none against"
        case MigrationDecision.REQUIRED:
            if not kinds & _OPPOSES:
                return "it has to name what is absent or contradictory"
        case MigrationDecision.DEFERRED:
            if not evidence:
                return "it has to name the facts that it waits for"
        case None:
            pass
    return None


def _facts(values: cabc.Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Check:
    """What the audit says about one entity on one axis.

    A check cannot be built with a decision that its evidence does not carry.

    Parameters
    ----------
    entity, axis
        The cell; `id` joins them: ``interests.schema``.
    coverage : Coverage
        What the snapshot (or the wiring) shows.
    decision : MigrationDecision or None
        What follows for migrations; None on the wiring axis.
    models : iterable of str
        The storage models that are complete.
    canonical : str or None
        The model that was declared canonical.
    recommendation : str or None
        The model that the facts speak for, if the choice is open.
    prerequisite : Prerequisite or None
        What a deferred migration waits for.
    rationale : str
        Why, in a sentence or two.
    evidence : iterable of Evidence
        The facts.

    Raises
    ------
    UnjustifiedDecisionError
        When the evidence does not carry the decision, when a wiring check has
        one, or when another check has none.
    """

    entity: str
    axis: Axis
    coverage: Coverage
    decision: MigrationDecision | None = None
    models: tuple[str, ...] = attrs.field(default=(), converter=strings)
    canonical: str | None = None
    recommendation: str | None = None
    prerequisite: Prerequisite | None = None
    rationale: str
    evidence: tuple[Evidence, ...] = attrs.field(default=(), converter=_facts)

    def __attrs_post_init__(self) -> None:
        """Hold the decision against its axis and its evidence."""
        if (self.decision is None) is not (self.axis is Axis.WIRING):
            message = f"{self.id}: every check but that of wiring has a decision"
            raise UnjustifiedDecisionError(message)
        justify(self.id, self.decision, self.evidence, self.prerequisite)

    @property
    def id(self) -> str:
        """The check's name: ``interests.schema``."""
        return f"{self.entity}.{self.axis}"


def fact(  # noqa: PLR0913 - a field each
    kind: EvidenceKind,
    subject: str,
    *,
    model: StorageModel,
    detail: str = "",
    source: Source | None = None,
    changed_by: Source | None = None,
) -> Evidence:
    """Return a fact that was looked up for a storage model, not yet in a group."""
    return Evidence(
        kind=kind,
        subject=subject,
        model=model.name,
        detail=detail,
        source=source,
        changed_by=changed_by,
    )


def grouped(
    groups: cabc.Iterable[cabc.Iterable[Evidence]],
) -> tuple[Evidence, ...]:
    """Return the facts with the numbers of their groups, from 1."""
    return tuple(
        Evidence(
            kind=item.kind,
            group=number,
            subject=item.subject,
            model=item.model,
            detail=item.detail,
            source=item.source,
            changed_by=item.changed_by,
        )
        for number, group in enumerate(groups, 1)
        for item in group
    )


def column_fact(
    kind: EvidenceKind, candidate: Candidate, column: Column, detail: str = ""
) -> Evidence:
    """Return a fact about a column that is there."""
    return fact(
        kind,
        f"{candidate.table.qualified_name}.{column.name}",
        model=candidate.model,
        detail=detail or column.data_type,
        source=column.source or candidate.table.source,
        changed_by=column.changed_by,
    )


def present(candidate: Candidate) -> list[list[Evidence]]:
    """Return the fact groups that make the candidate complete."""
    table = fact(
        EvidenceKind.PRESENT,
        candidate.table.qualified_name,
        model=candidate.model,
        detail=candidate.table.kind.value,
        source=candidate.table.source,
        changed_by=candidate.table.changed_by,
    )
    return [
        [table],
        *(
            [column_fact(EvidenceKind.PRESENT, candidate, column) for column in columns]
            for columns in candidate.present()
        ),
    ]


def stored(candidates: cabc.Sequence[Candidate]) -> tuple[Evidence, ...]:
    """Return the facts that make the entity stored.

    Any of the complete candidates would do, and each needs all of its columns.
    Written as groups of which every one is needed: first the tables, then a
    column of each candidate, in every combination.
    """
    facts = [present(candidate) for candidate in candidates]
    tables_there = tuple(table for (table,), *_ in facts)
    combinations = itertools.product(*(groups[1:] or groups for groups in facts))
    return grouped(
        dict.fromkeys(
            (
                tables_there,
                *(tuple(itertools.chain(*combination)) for combination in combinations),
            )
        )
    )


def absent(model: StorageModel, storage: Storage) -> list[list[Evidence]]:
    """Return the fact groups that an incomplete model lacks."""
    candidates = [holder for holder in storage.candidates if holder.model == model]
    if not candidates:
        return [
            [
                fact(EvidenceKind.ABSENT, dotted(schema, name), model=model)
                for schema, name in places(model, storage.schemas)
            ]
        ]
    return [
        [
            fact(
                EvidenceKind.ABSENT,
                f"{candidate.table.qualified_name}.{name}",
                model=model,
            )
            for name in names
        ]
        for candidate in candidates
        for names in candidate.missing
    ]


def all_absent(storage: Storage) -> tuple[Evidence, ...]:
    """Return what every model of the entity lacks."""
    return grouped(
        itertools.chain.from_iterable(
            absent(model, storage) for model in storage.entity.models
        )
    )


def side_by_side(storage: Storage) -> tuple[Evidence, ...]:
    """Return the complete candidates as facts that contradict each other."""
    facts = grouped(itertools.chain.from_iterable(map(present, storage.complete)))
    return (
        *(
            fact(
                EvidenceKind.CONTRADICTION,
                candidate.table.qualified_name,
                model=candidate.model,
                detail=f"it stores {storage.entity.name} beside "
                + listed(
                    tables(other for other in storage.complete if other != candidate)
                ),
                source=candidate.table.source,
            )
            for candidate in storage.complete
        ),
        *facts,
    )


def declaration(entity: Entity) -> Evidence:
    """Return the declaration of the canonical model, as a fact."""
    canonical = entity.canonical
    return Evidence(
        kind=EvidenceKind.DECLARED,
        subject=f"entities.{entity.name}.canonical",
        model=canonical.model if canonical else None,
        detail=f"{canonical.model} ({canonical.reason})" if canonical else "",
    )


def canonical_model(entity: Entity) -> StorageModel:
    """Return the model that was declared canonical."""
    return next(
        model
        for model in entity.models
        if entity.canonical and model.name == entity.canonical.model
    )


def lacks(model: StorageModel, storage: Storage) -> str:
    """Return what the model lacks."""
    candidates = [
        candidate for candidate in storage.candidates if candidate.model == model
    ]
    if not candidates:
        names = (f"{s}.{t}" for s, t in places(model, storage.schemas))
        return f"there is no table {listed(names, 'or')}"
    return " and ".join(
        f"{holder.table.qualified_name} has no column "
        + " and no column ".join(listed(group, "or") for group in holder.missing)
        for holder in candidates
    )


def tables(candidates: cabc.Iterable[Candidate]) -> list[str]:
    """Return the qualified names of the candidates' tables, each once."""
    return list(
        dict.fromkeys(candidate.table.qualified_name for candidate in candidates)
    )


def labelled(candidates: cabc.Iterable[Candidate]) -> list[str]:
    """Return the candidates' tables, each with the model that it completes."""
    return [
        f"{candidate.table.qualified_name} ({candidate.model.name})"
        for candidate in candidates
    ]


def listed(names: cabc.Iterable[str], conjunction: str = "and") -> str:
    """Join names as a sentence does, with the Oxford comma.

    >>> listed(["a", "b", "c"])
    'a, b, and c'
    """
    *most, last = [*names] or [""]
    if not most:
        return last
    comma = "," if len(most) > 1 else ""
    return f"{', '.join(most)}{comma} {conjunction} {last}"
