"""What became of a run: which checks ran, and why others did not."""

from __future__ import annotations

import enum
import typing as typ

import attrs

from pytest_userstate.application.audit import Audit
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.snapshot import Source


class Status(enum.StrEnum):
    """The one word for a whole run."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


@attrs.frozen(kw_only=True)
class RunFailure:
    """Why there is no audit: a usage error, a tool that failed, …; and where."""

    kind: typ.Literal["usage", "tool", "interrupted", "not_run", "defect"]
    message: str
    source: Source | None = None


class DocumentStatus(enum.StrEnum):
    """What is the matter with a committed report."""

    CURRENT = "current"
    OUTDATED = "outdated"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    NOT_COMPARED = "not_compared"


@attrs.frozen(kw_only=True)
class DocumentCheck:
    """A committed report, compared with the audit."""

    path: str
    """The report, relative to the repository's root if it is in it."""
    status: DocumentStatus
    message: str
    """The status in a sentence."""
    difference: tuple[str, ...] = ()
    """Where it says something else: sections, and lines with `-` and `+`."""
    remedy: str = ""
    """What writes it anew."""

    @property
    def is_current(self) -> bool:
        """Whether it says what the audit says."""
        return self.status is DocumentStatus.CURRENT


@attrs.frozen(kw_only=True)
class RunRecord:
    """A finished run, as reports describe it."""

    audit: Audit | None = None
    failure: RunFailure | None = None
    """Why there is no audit, or what this package failed in."""
    outcomes: dict[str, Outcome] = attrs.field(factory=dict)
    """What became of each check, by id."""
    vanished: tuple[str, ...] = ()
    """Checks that did not run although nobody deselected them by hand."""
    contradicted: tuple[str, ...] = ()
    """Checks that pytest reports otherwise than the gate decided."""
    documents: tuple[DocumentCheck, ...] = ()

    @property
    def error(self) -> RunFailure | None:
        """Why there is no audit, or why a comparison has no answer."""
        comparisons = self.audit.comparisons if self.audit else ()
        errors = (comparison.error for comparison in comparisons if comparison.error)
        message = next(errors, None)
        if self.failure or message is None:
            return self.failure
        return RunFailure(kind="tool", message=message)

    @property
    def status(self) -> Status:
        """The one word for the run."""
        outcomes = set(self.outcomes.values())
        ran = outcomes - {Outcome.DESELECTED, Outcome.SKIPPED}
        if self.failure or not ran or Outcome.ERROR in outcomes:
            return Status.ERROR
        if Outcome.FAILED in outcomes or self.vanished or self.contradicted:
            return Status.FAILED
        if not all(document.is_current for document in self.documents):
            return Status.FAILED
        return Status.PASSED

    @property
    def is_complete(self) -> bool:
        """Whether every check ran."""
        left_out = {Outcome.DESELECTED, Outcome.SKIPPED}
        return self.audit is not None and not left_out & {*self.outcomes.values()}
