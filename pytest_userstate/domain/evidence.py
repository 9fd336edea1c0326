"""Evidence: the facts that a decision rests on, and the rule that it has to.

Facts carry the number of the group that they belong to: a verdict needs every
group, and within a group each fact alone would do. If an entity is stored in
several ways, the groups of each are an alternative, of which the verdict needs
one, whole. `justify` refuses a decision whose evidence does not carry it; `holds`
says whether a verdict outlives the loss of facts, and `substitutes` on which other
facts it rests beside one.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import typing as typ

import attrs

from pytest_userstate.domain.converters import dotted, strings
from pytest_userstate.domain.coverage import Axis, Coverage, MigrationDecision
from pytest_userstate.domain.errors import UnjustifiedDecisionError
from pytest_userstate.domain.snapshot import Source

if typ.TYPE_CHECKING:
    from pytest_userstate.domain.writes import JudgedWrite


class EvidenceKind(enum.StrEnum):
    """What a fact says about its subject."""

    PRESENT = "present"
    ABSENT = "absent"
    CONTRADICTION = "contradiction"
    DECLARED = "declared"
    DROPPED = "dropped"
    NEAR_MISS = "near_miss"
    WRITTEN = "written"


_WORDS = {
    EvidenceKind.PRESENT: " is there",
    EvidenceKind.ABSENT: " is missing",
    EvidenceKind.CONTRADICTION: "",
    EvidenceKind.DECLARED: " is declared",
    EvidenceKind.DROPPED: " was dropped",
    EvidenceKind.NEAR_MISS: " looks like it, but does not count",
    EvidenceKind.WRITTEN: " is written",
}
_SUPPORTS = {EvidenceKind.PRESENT, EvidenceKind.DECLARED}
_OPPOSES = {EvidenceKind.ABSENT, EvidenceKind.CONTRADICTION}


@attrs.frozen
class SchemaObject:
    """A table, or a column or foreign key of it, by the names of the catalog.

    >>> str(SchemaObject("public", "users", "id"))
    'public.users.id'
    """

    schema: str
    table: str
    column: str = ""
    constraint: str = attrs.field(default="", kw_only=True)

    def __str__(self) -> str:
        """Write its qualified name."""
        return dotted(
            *filter(None, (self.schema, self.table, self.column, self.constraint))
        )

    def includes(self, other: SchemaObject) -> bool:
        """Whether the other one is gone when this one is."""
        table = SchemaObject(other.schema, other.table)
        return self in {other, table}


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
    alternative : int or None
        The alternative that the group belongs to, from 1; None if the verdict
        needs the group in any case.
    about : SchemaObject or None
        The object of the schema whose presence the fact is; None for what no
        schema shows, such as a declaration.
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
    alternative: int | None = None
    about: SchemaObject | None = None
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
    supported = {fact.group for fact in evidence if fact.kind in _SUPPORTS}
    if complaint := _misnumbered(evidence):
        return complaint
    match decision:
        case MigrationDecision.NOT_REQUIRED:
            if not groups or not groups <= supported or kinds & _OPPOSES:
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


def _misnumbered(evidence: cabc.Sequence[Evidence]) -> str | None:
    groups: dict[int, int | None] = {}
    for fact in evidence:
        if fact.group is None and fact.alternative is not None:
            return "a fact of an alternative belongs to a group"
        if fact.group is not None and fact.alternative != groups.setdefault(
            fact.group, fact.alternative
        ):
            return "a fact group belongs to one alternative"
    for name, numbers in (
        ("fact groups", {*groups}),
        ("alternatives", {*groups.values()} - {None}),
    ):
        if numbers != {*range(1, len(numbers) + 1)}:
            return f"{name} are numbered from 1 without gaps"
    return None


def holds(evidence: cabc.Iterable[Evidence], lost: cabc.Iterable[SchemaObject]) -> bool:
    """Whether the evidence of a closed check carries it without some objects.

    Examples
    --------
    >>> users, digest, hash = (
    ...     SchemaObject("public", "users", name) for name in ("", "digest", "hash")
    ... )
    >>> evidence = [
    ...     Evidence(
    ...         kind=EvidenceKind.PRESENT, subject=str(about), about=about, group=group
    ...     )
    ...     for about, group in ((users, 1), (digest, 2), (hash, 2))
    ... ]
    >>> holds(evidence, [digest]), holds(evidence, [digest, hash])
    (True, False)
    """
    gone = tuple(lost)
    broken: dict[int | None, bool] = {}
    for (alternative, _), facts in _by_group(evidence).items():
        is_broken = not any(
            fact.kind in _SUPPORTS and not _is_lost(fact, gone) for fact in facts
        )
        broken[alternative] = broken.get(alternative, False) or is_broken
    in_any_case = broken.pop(None, False)
    return not in_any_case and not (broken and all(broken.values()))


def substitutes(
    evidence: cabc.Sequence[Evidence], fact: Evidence
) -> tuple[SchemaObject, ...] | None:
    """Return what has to be gone before a verdict rests on one fact.

    These are the other facts of its group, and a group of each other alternative.
    Without them the verdict holds; without them and the fact it does not. None if
    there is no such choice: the fact is no object of the schema, or its loss is
    made up for by an object that cannot go alone.
    """
    if fact.about is None or fact.group is None:
        return None
    groups = _by_group(evidence)
    group = groups[fact.alternative, fact.group]
    gone = [other.about for other in group if other.about]
    gone = [about for about in gone if about != fact.about]
    own = [one for one in evidence if one.alternative in {None, fact.alternative}]
    others = {alternative for alternative, _ in groups if fact.alternative}
    for other in sorted(number for number in others if number):
        if other == fact.alternative:
            continue
        breaks = (
            [one.about for one in facts if one.about]
            for (alternative, _), facts in groups.items()
            if alternative == other
        )
        gone += next((lost for lost in breaks if holds(own, [*gone, *lost])), [])
    isolates = holds(evidence, gone) and not holds(evidence, [*gone, fact.about])
    return tuple(dict.fromkeys(gone)) if isolates else None


def _by_group(
    evidence: cabc.Iterable[Evidence],
) -> dict[tuple[int | None, int], list[Evidence]]:
    groups: dict[tuple[int | None, int], list[Evidence]] = {}
    for fact in evidence:
        if fact.group is not None:
            groups.setdefault((fact.alternative, fact.group), []).append(fact)
    return groups


def _is_lost(fact: Evidence, lost: cabc.Iterable[SchemaObject]) -> bool:
    about = fact.about
    return about is not None and any(gone.includes(about) for gone in lost)


def _facts(values: cabc.Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(values)


def _writes(values: cabc.Iterable[JudgedWrite]) -> tuple[JudgedWrite, ...]:
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
    writes : iterable of JudgedWrite
        Of a conflict check: what the sources write, the worst first.

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
    writes: tuple[JudgedWrite, ...] = attrs.field(default=(), converter=_writes)

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
