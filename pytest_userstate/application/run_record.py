"""What became of a run: which checks ran, and why others did not."""

from __future__ import annotations

import enum
import typing as typ

import attrs

from pytest_userstate.application.audit import Audit
from pytest_userstate.domain.gate import Outcome


class Status(enum.StrEnum):
    """The one word for a whole run."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


@attrs.frozen(kw_only=True)
class Failure:
    """Why there is no audit: a usage error, or a tool that failed."""

    kind: typ.Literal["usage", "tool", "interrupted", "not_run"]
    message: str


@attrs.frozen(kw_only=True)
class RunRecord:
    """A finished run, as reports tell it.

    Parameters
    ----------
    audit : Audit or None
        What was found; None where the audit could not be carried out.
    failure : Failure or None
        Why there is none.
    outcomes : dict of str to Outcome
        What became of each check, by id.
    vanished : tuple of str
        Checks that did not run although nobody deselected them by hand.
    contradicted : tuple of str
        Checks whose outcome was changed behind the gate's back.
    """

    audit: Audit | None = None
    failure: Failure | None = None
    outcomes: dict[str, Outcome] = attrs.field(factory=dict)
    vanished: tuple[str, ...] = ()
    contradicted: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """The one word for the run."""
        outcomes = set(self.outcomes.values())
        ran = outcomes - {Outcome.DESELECTED, Outcome.SKIPPED}
        if self.failure or not ran or Outcome.ERROR in outcomes:
            return Status.ERROR
        if Outcome.FAILED in outcomes or self.vanished or self.contradicted:
            return Status.FAILED
        return Status.PASSED

    @property
    def is_complete(self) -> bool:
        """Whether every check ran."""
        left_out = {Outcome.DESELECTED, Outcome.SKIPPED}
        return self.audit is not None and not left_out & {*self.outcomes.values()}
