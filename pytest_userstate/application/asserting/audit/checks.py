"""Looking a check up, and holding it against what a test expects."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import UNSPECIFIED, Unspecified
from pytest_userstate.application.asserting.audit.failures import (
    background,
    found_in_words,
)
from pytest_userstate.application.asserting.failure import (
    Failure,
    Mismatch,
    detail,
    listed,
)
from pytest_userstate.application.explaining.nearest import did_you_mean
from pytest_userstate.domain.check import Check
from pytest_userstate.domain.coverage import MigrationDecision, coverage_type
from pytest_userstate.domain.report import UserStateSchemaAuditReport

Decision: typ.TypeAlias = (
    MigrationDecision | typ.Literal["required", "not_required", "deferred"]
)


def report_of(value: object) -> UserStateSchemaAuditReport:
    """Return the report; nothing else is taken for one."""
    if not isinstance(value, UserStateSchemaAuditReport):
        message = (
            f"report: expected a UserStateSchemaAuditReport, such as userstate_report "
            f"or what userstate_audit returns, not {type(value).__name__}"
        )
        raise TypeError(message)
    return value


def find_check(report: object, check_id: object) -> Check:
    """Return the check of this id.

    Raises
    ------
    LookupError
        When there is none; the message says why, or names the nearest.
    """
    checked = report_of(report)
    name = arguments.sql(check_id, "check")
    known = {check.id: check for check in checked.checks}
    if name in known:
        return known[name]
    for cell in checked.not_applicable:
        if f"{cell.entity}.{cell.axis}" == name:
            message = f"{name} is no check here: {cell.reason}"
            raise LookupError(message)
    message = (
        f"there is no check {name!r}{did_you_mean(name, known)}; the checks are "
        f"{', '.join(known) or 'none at all'}"
    )
    raise LookupError(message)


def decided(check: Check) -> MigrationDecision:
    """Return the decision of a check that has one."""
    if check.decision is None:
        message = f"{check.id} has no decision: no migration follows from wiring"
        raise ValueError(message)
    return check.decision


def chosen_checks(
    report: object, checks: cabc.Iterable[str] | Unspecified
) -> list[Check]:
    """Return the named checks; where none is named, all that have a decision."""
    if isinstance(checks, Unspecified):
        return [check for check in report_of(report).checks if check.decision]
    names = arguments.one_or_several(checks, "checks", single=False)
    if not names:
        message = "checks: name at least one, or leave it out for all"
        raise ValueError(message)
    found = [find_check(report, name) for name in names]
    for check in found:
        decided(check)
    return found


def needless(checks: cabc.Sequence[Check]) -> Failure | None:
    """Return a failure if one of the checks needs a migration."""
    due = [check for check in checks if check.decision is not None]
    due = [check for check in due if check.decision != MigrationDecision.NOT_REQUIRED]
    if not due:
        return None
    first, *others = due
    names = listed([check.id for check in due])
    return Failure(
        headline=f"no migration should be needed, but one is for {names}",
        details=(
            *detail("expected", "decision not_required"),
            *detail("found", f"{first.id}: {found_in_words(first)}"),
            *background(first),
            *detail("also", (f"{each.id}: {found_in_words(each)}" for each in others)),
        ),
    )


def checked(
    check: Check,
    *,
    coverage: str | Unspecified = UNSPECIFIED,
    decision: Decision | Unspecified = UNSPECIFIED,
    models: cabc.Iterable[str] | Unspecified = UNSPECIFIED,
    canonical: str | Unspecified | None = UNSPECIFIED,
    recommendation: str | Unspecified | None = UNSPECIFIED,
    prerequisite: str | Unspecified | None = UNSPECIFIED,
) -> Failure | None:
    """Return a failure unless the check is like this."""
    facts: dict[str, tuple[str, str]] = {}
    if not isinstance(coverage, Unspecified):
        known = list(map(str, coverage_type(check.entity, check.axis)))
        wanted = arguments.choice(coverage, "coverage", known)
        facts["coverage"] = (wanted, str(check.coverage))
    if not isinstance(decision, Unspecified):
        wanted = arguments.choice(decision, "decision", map(str, MigrationDecision))
        facts["decision"] = (wanted, str(decided(check)))
    if not isinstance(models, Unspecified):
        names = arguments.one_or_several(models, "models", single=False)
        facts["models"] = (_set(names), _set(check.models))
    found = check.prerequisite
    waits = (found.check or found.condition) if found else None
    for what, name, actual in (
        ("canonical", canonical, check.canonical),
        ("recommendation", recommendation, check.recommendation),
        ("prerequisite", prerequisite, waits),
    ):
        if not isinstance(name, Unspecified):
            wanted = "none" if name is None else arguments.sql(name, what)
            facts[what] = (wanted, actual or "none")
    wrong = tuple(
        Mismatch(what, expected, actual)
        for what, (expected, actual) in facts.items()
        if expected != actual
    )
    if not wrong:
        return None
    return Failure(
        headline=f"{check.id} is not as expected",
        mismatches=wrong,
        details=background(check),
    )


def _set(names: cabc.Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
