"""Assertions about what the audit says."""

from __future__ import annotations

import collections.abc as cabc
import os
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import UNSPECIFIED, Unspecified
from pytest_userstate.application.asserting.failures import (
    Failure,
    detail,
    expect,
    require,
)
from pytest_userstate.application.asserting.report import (
    Decision,
    FactKind,
    background,
    chosen_checks,
    decided,
    different,
    expected_evidence,
    find_check,
    found_in_words,
    needless,
    not_as_expected,
    report_of,
)
from pytest_userstate.domain.coverage import (
    Axis,
    ConflictCoverage,
    Coverage,
    EntitySchemaCoverage,
    InterestsStorageCoverage,
    LoginSchemaCoverage,
    RevisionCoverage,
    RuntimeWiring,
)
from pytest_userstate.domain.evidence import Check, Evidence
from pytest_userstate.domain.report import UserStateSchemaAuditReport

__tracebackhide__ = True  # a failing test shows its own line, not ours

WiringState: typ.TypeAlias = (
    RuntimeWiring
    | typ.Literal[
        "database_backed", "fixture_backed", "conditional", "unwired", "not_probed"
    ]
)
_COVERED: typ.Final[frozenset[Coverage]] = frozenset(
    {
        EntitySchemaCoverage.COVERED,
        LoginSchemaCoverage.CREDENTIALS_PERSISTED,
        InterestsStorageCoverage.CANONICAL_PREFERENCES,
        InterestsStorageCoverage.CANONICAL_JOIN_TABLE,
        InterestsStorageCoverage.COVERED,
        RevisionCoverage.TRACKED,
        ConflictCoverage.DETECTABLE,
    }
)
_MISSING: typ.Final[frozenset[Coverage]] = frozenset(
    {
        EntitySchemaCoverage.MISSING,
        LoginSchemaCoverage.MISSING_CREDENTIAL_STORAGE,
        InterestsStorageCoverage.MISSING,
        RevisionCoverage.UNTRACKED,
        ConflictCoverage.ABSENT,
    }
)


class AuditCheckAssertions:
    """Assertions about a check of the audit: `assert_check` returns them."""

    def __init__(self, check: Check) -> None:
        """Keep the check, which is there."""
        self._check = check

    def __repr__(self) -> str:
        """Name the class and the check."""
        return f"<{type(self).__name__} {self._check.id}>"

    @property
    def check(self) -> Check:
        """The check as the report has it, for assertions of one's own."""
        return self._check

    def is_covered(self) -> None:
        """Assert that the schema has what the check requires, in one way.

        Storage in several models is neither covered nor missing, and neither is a
        revision that cannot be relied upon: name such a coverage in `assert_check`.
        """
        self._require_one_of(_COVERED, "covered")

    def is_missing(self) -> None:
        """Assert that the schema lacks what the check requires; see `is_covered`."""
        self._require_one_of(_MISSING, "missing")

    def needs_migration(self) -> None:
        """Assert that a migration is due, now or after its prerequisite."""
        if not decided(self._check).needs_migration:
            headline = "needs no migration, and should need one"
            require(self._failure(headline, "decision required, or deferred"))

    def needs_no_migration(self) -> None:
        """Assert that no migration is due, neither now nor later."""
        decided(self._check)
        require(needless([self._check]))

    def has_evidence(
        self,
        subject: str,
        *,
        kind: FactKind,
        source: str | Unspecified = UNSPECIFIED,
        model: str | Unspecified = UNSPECIFIED,
    ) -> Evidence:
        """Assert that the check rests on a fact, or names it; return the fact.

        Parameters
        ----------
        subject : str
            What the fact is about: ``users.display_name`` (in schema ``public``), or
            the subject as the report has it, such as a port.
        kind : {"present", "absent", "contradiction", "declared", "dropped", \
"near_miss"}
            What the fact says about it.
        source : str
            The file it comes from, such as a migration: its path in the repository,
            or the last parts of it; ``008.sql:2`` gives the line too.
        model : str
            The storage model that it was looked up for.
        """
        evidence = expected_evidence(self._check, locals())
        return expect(evidence)

    def _require_one_of(self, coverages: frozenset[Coverage], word: str) -> None:
        check = self._check
        if check.axis is Axis.WIRING:
            message = f"{check.id} is no storage: assert_wiring is about its state"
            raise ValueError(message)
        if check.coverage not in coverages:
            fitting = sorted(map(str, coverages & {*type(check.coverage)}))
            expected = f"coverage {' or '.join(fitting)}"
            require(self._failure(f"is not {word}", expected))

    def _failure(self, headline: str, expected: str) -> Failure:
        return Failure(
            headline=f"{self._check.id} {headline}",
            details=(
                *detail("expected", expected),
                *detail("found", found_in_words(self._check)),
                *background(self._check),
            ),
        )


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
    """Assert the result of a check; return assertions about it.

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
        The storage models that are complete, and no others.
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
    given, audited = locals(), find_check(report, check)
    require(not_as_expected(audited, given))
    return AuditCheckAssertions(audited)


def assert_wiring(
    report: UserStateSchemaAuditReport, entity: str, state: WiringState
) -> AuditCheckAssertions:
    """Assert the wiring of an entity in the running program.

    Raises
    ------
    LookupError
        When the entity has no wiring check; the message names the nearest.
    """
    name = arguments.text(entity, "entity")
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
        The checks that count; all that have a decision if it is left out.
    """
    require(needless(chosen_checks(report, checks)))


def assert_same_report(
    report: UserStateSchemaAuditReport,
    *,
    accepted: UserStateSchemaAuditReport | str | os.PathLike[str],
) -> None:
    """Assert that a report agrees with an accepted one on every check.

    Server version, line numbers, and what a gate made of it do not count.

    Parameters
    ----------
    accepted : UserStateSchemaAuditReport, str or path
        Another report, or the JSON file that ``--userstate-report`` wrote.
    """
    audited = report_of(report)
    if isinstance(accepted, UserStateSchemaAuditReport):
        require(different(audited, accepted, name="the accepted one"))
        return
    # Imported here, since nothing else about a report needs adapters.
    from pytest_userstate.bootstrap import report_text  # noqa: PLC0415

    text = report_text(accepted)
    require(different(audited, text, name=os.fspath(accepted)))
