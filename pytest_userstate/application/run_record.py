"""What became of a run: which checks ran, and why others did not."""

from __future__ import annotations

import collections.abc as cabc
import enum
import typing as typ

import attrs

from pytest_userstate.application.audit import Audit
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.snapshot import Source

_LISTED: typ.Final = 3
"""How many names are said before they are counted."""
_NOT_JUDGED: typ.Final = frozenset({Outcome.DESELECTED, Outcome.SKIPPED, Outcome.ERROR})


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
    source: Source | None = None
    """The report, relative to the audited folder if it is in the repository."""

    @property
    def is_current(self) -> bool:
        """Whether it says what the audit says."""
        return self.status is DocumentStatus.CURRENT


@attrs.frozen(kw_only=True)
class RunRecord:
    """A finished run, as reports describe it.

    The record of a run with several targets contains the record of each.
    """

    name: str = ""
    """The target's name, if the configuration has several."""
    targets: tuple[RunRecord, ...] = ()
    audit: Audit | None = None
    failure: RunFailure | None = None
    """Why there is no audit, or what this package failed in."""
    outcomes: dict[str, Outcome] = attrs.field(factory=dict)
    """What became of each check, by id, without the name of the target."""
    vanished: tuple[str, ...] = ()
    """Checks that did not run although nobody deselected them by hand."""
    contradicted: tuple[str, ...] = ()
    """Checks that pytest reports otherwise than the gate decided."""
    documents: tuple[DocumentCheck, ...] = ()

    @classmethod
    def of(
        cls, name: str, audit: Audit, outcomes: dict[str, Outcome], *, runxfail: bool
    ) -> RunRecord:
        """Return the record of a target.

        If the audit is of the schemas of tenants, it contains a record of each group
        of schemas that are alike. `outcomes` are those of the items.
        """
        if not audit.schemas:
            return cls(name=name, audit=audit, outcomes=outcomes)
        groups = (audit, *audit.others)
        return cls(
            name=name,
            targets=tuple(
                cls(
                    name=in_brief(group.schemas),
                    audit=group,
                    outcomes=_in_group(group, outcomes, runxfail=runxfail),
                )
                for group in groups
            ),
        )

    @property
    def schemas(self) -> int:
        """How many schemas of tenants were audited."""
        return sum(len(audit.schemas) for audit in self.audits)

    @property
    def audits(self) -> tuple[Audit, ...]:
        """The audits that were carried out."""
        if self.targets:
            return tuple(audit for part in self.targets for audit in part.audits)
        return (self.audit,) if self.audit else ()

    @property
    def is_left_out(self) -> bool:
        """Whether none of a target's checks was selected."""
        return not self.audits and self.failure is None

    @property
    def error(self) -> RunFailure | None:
        """Why there is no audit, or why a comparison has no answer."""
        comparisons = self.audit.comparisons if self.audit else ()
        messages = (comparison.error for comparison in comparisons if comparison.error)
        errors = [
            *(part.error for part in self.targets),
            *(RunFailure(kind="tool", message=message) for message in messages),
        ]
        return self.failure or next(filter(None, errors), None)

    @property
    def status(self) -> Status:
        """The one word for the run."""
        if self.failure:
            return Status.ERROR
        statuses = {part.status for part in self.targets if not part.is_left_out}
        if not self.targets:
            statuses = {self._own_status}
        if not statuses or Status.ERROR in statuses:
            return Status.ERROR
        is_current = all(document.is_current for document in self.documents)
        if self.vanished or self.contradicted or not is_current:
            return Status.FAILED
        return Status.FAILED if Status.FAILED in statuses else Status.PASSED

    @property
    def _own_status(self) -> Status:
        outcomes = set(self.outcomes.values())
        if not outcomes - {Outcome.DESELECTED, Outcome.SKIPPED}:
            return Status.ERROR
        if Outcome.ERROR in outcomes:
            return Status.ERROR
        return Status.FAILED if Outcome.FAILED in outcomes else Status.PASSED

    @property
    def is_complete(self) -> bool:
        """Whether every check ran."""
        if self.targets:
            return all(part.is_complete for part in self.targets)
        left_out = {Outcome.DESELECTED, Outcome.SKIPPED}
        return self.audit is not None and not left_out & {*self.outcomes.values()}


def in_brief(schemas: cabc.Sequence[str]) -> str:
    """Return the names of schemas, or how many there are.

    >>> in_brief(["a", "b"]), in_brief(["a", "b", "c", "d"])
    ('a and b', 'a and 3 more schemas')
    """
    if len(schemas) <= _LISTED:
        return " and ".join(schemas)
    return f"{schemas[0]} and {len(schemas) - 1:,} more schemas"


def _in_group(
    audit: Audit, outcomes: dict[str, Outcome], *, runxfail: bool
) -> dict[str, Outcome]:
    """Return what became of each check in schemas that are alike.

    The outcome of an item is the worst one of all schemas.
    """
    own = {}
    for verdict in audit.verdicts:
        check, outcome = verdict.check.id, verdict.outcome
        if outcomes[check] in _NOT_JUDGED:
            outcome = outcomes[check]
        elif runxfail and outcome.is_expected_failure:
            outcome = Outcome.FAILED
        own[check] = outcome
    for comparison in audit.comparisons:
        own[comparison.name] = outcomes.get(comparison.name, comparison.outcome)
    return own
