"""Assertions about what the audit says of a check."""

from __future__ import annotations

import typing as typ

from pytest_userstate.application.asserting.arguments import UNSPECIFIED, Unspecified
from pytest_userstate.application.asserting.audit.checks import decided, needless
from pytest_userstate.application.asserting.audit.evidence import (
    Kind,
    expected_evidence,
)
from pytest_userstate.application.asserting.audit.failures import (
    background,
    found_in_words,
)
from pytest_userstate.application.asserting.failure import Failure, detail
from pytest_userstate.application.asserting.matching import expect, require
from pytest_userstate.domain.check import Check
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
from pytest_userstate.domain.evidence import Evidence

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
        """Assert that what the check asks for is there, in one clear way.

        Storage in several models is neither covered nor missing, and neither is a
        revision that cannot be relied upon: name such a coverage in `assert_check`.
        """
        __tracebackhide__ = True
        self._require_one_of(_COVERED, "covered")

    def is_missing(self) -> None:
        """Assert that what the check asks for is not there; see `is_covered`."""
        __tracebackhide__ = True
        self._require_one_of(_MISSING, "missing")

    def needs_migration(self) -> None:
        """Assert that a migration is due, now or after its prerequisite."""
        __tracebackhide__ = True
        check, decision = self._check, decided(self._check)
        if not decision.needs_migration:
            require(
                Failure(
                    headline=f"{check.id} needs no migration, and should need one",
                    details=(
                        *detail("expected", "decision required, or deferred"),
                        *detail("found", found_in_words(check)),
                        *background(check),
                    ),
                )
            )

    def needs_no_migration(self) -> None:
        """Assert that no migration is due, neither now nor later."""
        __tracebackhide__ = True
        require(needless([self._check]))

    def has_evidence(
        self,
        subject: str,
        *,
        kind: Kind,
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
        __tracebackhide__ = True
        return expect(
            expected_evidence(
                self._check, subject, kind=kind, source=source, model=model
            )
        )

    def _require_one_of(self, wanted: frozenset[Coverage], word: str) -> None:
        __tracebackhide__ = True
        check = self._check
        if check.axis is Axis.WIRING:
            message = f"{check.id} is no storage: assert_wiring is about its state"
            raise ValueError(message)
        if check.coverage not in wanted:
            fitting = sorted(
                str(each) for each in type(check.coverage) if each in wanted
            )
            require(
                Failure(
                    headline=f"{check.id} is not {word}",
                    details=(
                        *detail("expected", f"coverage {' or '.join(fitting)}"),
                        *detail("found", found_in_words(check)),
                        *background(check),
                    ),
                )
            )
