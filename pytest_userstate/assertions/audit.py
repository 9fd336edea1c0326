"""Assertions about what the audit says."""

from __future__ import annotations

import collections.abc as cabc
import os

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import UNSPECIFIED, Unspecified
from pytest_userstate.application.asserting.audit.assertions import (
    AuditCheckAssertions,
    WiringState,
)
from pytest_userstate.application.asserting.audit.checks import (
    Decision,
    checked,
    chosen_checks,
    find_check,
    needless,
    report_of,
)
from pytest_userstate.application.asserting.audit.comparison import different
from pytest_userstate.application.asserting.matching import require
from pytest_userstate.domain.report import UserStateSchemaAuditReport


def assert_check(
    report: UserStateSchemaAuditReport,
    check: str,
    *,
    coverage: str | Unspecified = UNSPECIFIED,
    decision: Decision | Unspecified = UNSPECIFIED,
    models: cabc.Iterable[str] | Unspecified = UNSPECIFIED,
    canonical: str | Unspecified | None = UNSPECIFIED,
    recommendation: str | Unspecified | None = UNSPECIFIED,
    prerequisite: str | Unspecified | None = UNSPECIFIED,
) -> AuditCheckAssertions:
    """Assert what the audit says about a check; return assertions about it.

    Parameters
    ----------
    report : UserStateSchemaAuditReport
        Such as the fixture `userstate_report`, or what `userstate_audit` returns.
    check : str
        The check's id: ``interests.schema``.
    coverage : str
        One of the coverages that this check can have.
    decision : {"required", "not_required", "deferred"}
        What follows for migrations.
    models : iterable of str
        The storage models that are complete: all, and no other.
    canonical, recommendation : str or None
        The model that was declared canonical, and the one that is recommended.
    prerequisite : str or None
        The check, or the condition, that a deferred migration waits for.

    Raises
    ------
    LookupError
        When there is no such check; the message names the nearest.

    Examples
    --------
    >>> from pytest_userstate import SchemaSnapshot, UserStateSchemaAuditReport
    >>> report = UserStateSchemaAuditReport.evaluate(SchemaSnapshot())
    >>> users = assert_check(report, "users.schema", decision="required")
    >>> users.is_missing()
    >>> users.has_evidence("users", kind="absent").model
    'users'
    """
    __tracebackhide__ = True
    found = find_check(report, check)
    require(
        checked(
            found,
            coverage=coverage,
            decision=decision,
            models=models,
            canonical=canonical,
            recommendation=recommendation,
            prerequisite=prerequisite,
        )
    )
    return AuditCheckAssertions(found)


def assert_wiring(
    report: UserStateSchemaAuditReport, entity: str, state: WiringState
) -> AuditCheckAssertions:
    """Assert what stands behind an entity's port in the running program.

    Raises
    ------
    LookupError
        When the entity has no wiring check; the message names the nearest.
    """
    __tracebackhide__ = True
    name = arguments.sql(entity, "entity")
    return assert_check(report, f"{name}.wiring", coverage=state)


def assert_no_migration_needed(
    report: UserStateSchemaAuditReport,
    *,
    checks: cabc.Iterable[str] | Unspecified = UNSPECIFIED,
) -> None:
    """Assert that no migration is due, neither now nor later.

    Parameters
    ----------
    checks : iterable of str
        The checks that count; all that have a decision where it is left out.
    """
    __tracebackhide__ = True
    require(needless(chosen_checks(report, checks)))


def assert_same_report(
    report: UserStateSchemaAuditReport,
    *,
    accepted: UserStateSchemaAuditReport | str | os.PathLike[str],
) -> None:
    """Assert that a report says of every check what an accepted one says.

    Server version, line numbers, and what a gate made of it do not count.

    Parameters
    ----------
    accepted : UserStateSchemaAuditReport, str or path
        Another report, or the JSON file that ``--userstate-report`` wrote.
    """
    __tracebackhide__ = True
    found = report_of(report)
    if isinstance(accepted, UserStateSchemaAuditReport):
        require(different(found, accepted, name="the accepted one"))
        return
    # Imported here, since nothing else about a report needs adapters.
    from pytest_userstate.bootstrap import report_text  # noqa: PLC0415

    text = report_text(accepted)
    require(different(found, text, name=os.fspath(accepted)))
