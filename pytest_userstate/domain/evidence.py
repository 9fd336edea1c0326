"""Evidence: the facts that a decision rests on, and the rule that it has to.

Evidence is a conjunction of alternatives. Facts carry the number of the group
that they belong to: a verdict needs every group, and within a group each fact
alone would do. `justify` refuses a decision whose evidence does not carry it.
"""

from __future__ import annotations

import collections.abc as cabc
import enum

import attrs

from pytest_userstate.domain.coverage import MigrationDecision
from pytest_userstate.domain.errors import UnjustifiedDecisionError
from pytest_userstate.domain.snapshot import Source


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
        Which migration changed the subject last, where one did after that.
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
        detail = f": {self.detail}" if self.detail else ""
        came = origin(self.source, self.changed_by)
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
        - ``not_required`` where a fact group has no supporting fact, or a
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
