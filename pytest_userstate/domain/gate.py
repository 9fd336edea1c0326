"""The gate: the policy that turns checks into pass or fail."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import enum
import typing as typ

import attrs

from pytest_userstate.domain.coverage import (
    Axis,
    ConflictCoverage,
    MigrationDecision,
    RuntimeWiring,
)
from pytest_userstate.domain.evidence import Check
from pytest_userstate.domain.readings import contradiction
from pytest_userstate.domain.report import UserStateSchemaAuditReport

DEFAULT_AXES: typ.Final = (Axis.SCHEMA, Axis.REVISION, Axis.CONFLICT)


class Outcome(enum.StrEnum):
    """What became of a check: the gate's verdict, or why it has none."""

    PASSED = "passed"
    FAILED = "failed"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    NOT_GATED = "not_gated"
    SKIPPED = "skipped"
    ERROR = "error"
    DESELECTED = "deselected"

    @property
    def is_expected_failure(self) -> bool:
        """Whether the test fails, and was expected to."""
        return self in {Outcome.ACCEPTED, Outcome.DEFERRED}


@attrs.frozen(kw_only=True)
class Acceptance:
    """A known gap that the repository has accepted.

    Parameters
    ----------
    check : str
        The check's id.
    reason : str
        Why the gap is accepted.
    until : datetime.date or None
        The last day on which it is, in UTC; None: until it is closed.
    """

    check: str
    reason: str
    until: dt.date | None = None


def _axes(values: cabc.Iterable[Axis]) -> frozenset[Axis]:
    return frozenset(values)


def _acceptances(values: cabc.Iterable[Acceptance]) -> tuple[Acceptance, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class GatePolicy:
    """Which axes are gated, and what is accepted."""

    axes: frozenset[Axis] = attrs.field(
        default=frozenset(DEFAULT_AXES), converter=_axes
    )
    fail_on_deferred: bool = False
    acceptances: tuple[Acceptance, ...] = attrs.field(
        default=(), converter=_acceptances
    )

    def acceptance_of(self, check_id: str) -> Acceptance | None:
        """Return the acceptance of the check, or None."""
        return next(
            (
                acceptance
                for acceptance in self.acceptances
                if acceptance.check == check_id
            ),
            None,
        )


@attrs.frozen(kw_only=True)
class Verdict:
    """What the gate says about a check, and why."""

    check: Check
    outcome: Outcome
    gated: bool
    reason: str
    acceptance: Acceptance | None = None

    @property
    def measures_nothing(self) -> bool:
        """Whether nothing is known of the cell, and nobody asked for it."""
        is_unknown = self.check.coverage is RuntimeWiring.NOT_PROBED
        return is_unknown and self.outcome is Outcome.NOT_GATED


def judge(
    report: UserStateSchemaAuditReport, policy: GatePolicy, *, today: dt.date
) -> tuple[Verdict, ...]:
    """Apply the policy to every check of the report.

    Parameters
    ----------
    report : UserStateSchemaAuditReport
        What was found.
    policy : GatePolicy
        What is tolerated.
    today : datetime.date
        The day in UTC that decides whether acceptances have expired.
    """
    return tuple(_verdict(check, report, policy, today) for check in report.checks)


def gap(check: Check, report: UserStateSchemaAuditReport) -> str | None:
    """Return what is open about the check, or None if it is closed.

    On the wiring axis a check is closed when the program reaches the database
    and the storage that it would reach is there. Unknown is never closed. A write that
    bypasses the revision is open, although no migration follows from it.
    """
    if check.coverage is ConflictCoverage.BYPASSED:
        return check.rationale
    if check.axis is not Axis.WIRING:
        needs = check.decision is None or check.decision.needs_migration
        return check.rationale if needs else None
    if not isinstance(check.coverage, RuntimeWiring):
        return check.rationale
    if not check.coverage.reaches_database:
        return check.rationale
    storage = report.check(f"{check.entity}.{Axis.SCHEMA}")
    read = {fact.model for fact in check.evidence if fact.model}
    return contradiction(storage, check.coverage, read)


def _verdict(
    check: Check, report: UserStateSchemaAuditReport, policy: GatePolicy, today: dt.date
) -> Verdict:
    gated = check.axis in policy.axes
    acceptance = policy.acceptance_of(check.id)
    open_gap = gap(check, report)
    complaint = _complaint(acceptance, open_gap, today) if acceptance else None
    deferred = check.decision is MigrationDecision.DEFERRED
    if complaint:
        outcome, reason = Outcome.FAILED, complaint
    elif not gated:
        axis = f"the {check.axis} axis is not gated"
        outcome, reason = Outcome.NOT_GATED, axis
    elif open_gap is None:
        outcome, reason = Outcome.PASSED, check.rationale
    elif acceptance:
        outcome, reason = Outcome.ACCEPTED, f"accepted: {acceptance.reason}"
    elif deferred and not policy.fail_on_deferred:
        outcome, reason = Outcome.DEFERRED, f"deferred until {check.prerequisite}"
    else:
        outcome, reason = Outcome.FAILED, open_gap
    return Verdict(
        check=check,
        outcome=outcome,
        gated=gated,
        reason=reason,
        acceptance=acceptance,
    )


def _complaint(
    acceptance: Acceptance, open_gap: str | None, today: dt.date
) -> str | None:
    """Return why an acceptance no longer holds, or None if it does."""
    remove = f"remove the acceptance of {acceptance.check}"
    if open_gap is None:
        return f"the accepted gap is closed: {remove} ({acceptance.reason!r})"
    if acceptance.until is not None and today > acceptance.until:
        return (
            f"the acceptance ended on {acceptance.until}: {remove} and close the gap, "
            f"or give it a later date ({acceptance.reason!r}). The gap: {open_gap}"
        )
    return None
