"""Drafts of the migrations that close checks, each verified before it is shown."""

from __future__ import annotations

import collections.abc as cabc

import attrs

from pytest_userstate.domain.drafts import (
    CreateTable,
    Draft,
    DraftTrial,
    VerifiedDraft,
    draft_of,
)
from pytest_userstate.domain.evidence import listed
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.ports import Scratch, UntriableError
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot


def draft_migrations(
    scratch: Scratch, snapshot: SchemaSnapshot, model: AuditModel
) -> tuple[VerifiedDraft, ...]:
    """Return a verified draft for each check that needs a migration, or why not.

    A draft that closes several checks is shown once, under the first. The migrations
    of the drafts follow each other.
    """
    report = UserStateSchemaAuditReport.evaluate(snapshot, model=model)
    opened = _open(report)
    trials = _Trials(scratch, snapshot, model)
    verified: list[VerifiedDraft] = []
    refused: list[VerifiedDraft] = []
    earlier: list[Draft] = []
    for check in report.checks:
        draft = draft_of(check, snapshot, model) if check.id in opened else None
        if draft is None:
            continue
        if isinstance(draft, str):
            refused.append(VerifiedDraft(check=check.id, problem=draft))
            continue
        result = trials.verified(draft, opened, earlier)
        if result.problem:
            refused.append(result)
            continue
        verified.append(result)
        earlier.append(draft)
        opened = [name for name in opened if name not in result.closes]
    return (*verified, *(one for one in refused if one.check in opened))


@attrs.frozen
class _Trials:
    """Tries drafts in copies of the migrated database."""

    scratch: Scratch
    snapshot: SchemaSnapshot
    model: AuditModel

    def verified(
        self, draft: Draft, opened: list[str], earlier: list[Draft]
    ) -> VerifiedDraft:
        """Try a draft behind the earlier ones, which have left these checks open."""
        try:
            trial = self.scratch.draft(draft, self.snapshot, earlier)
        except UntriableError as error:
            return VerifiedDraft(check=draft.check, problem=str(error))
        before = UserStateSchemaAuditReport.evaluate(self.snapshot, model=self.model)
        audited = draft.model or self.model
        after = UserStateSchemaAuditReport.evaluate(trial.after, model=audited)
        now_open = _open(after)
        closes = tuple(check for check in opened if check not in now_open)
        new = [check for check in now_open if check not in _open(before)]
        problem = _problem(trial, draft, closes, new)
        if problem:
            return VerifiedDraft(check=draft.check, problem=problem)
        rows = "no row could be made to try that nothing is lost"
        if isinstance(draft.changes[0], CreateTable):
            rows = "it touches no row that is there"
        elif trial.rows:
            rows = "a row that was there is as it was"
        reverse = "its reverse restores the schema exactly"
        if len(draft.steps) > 1:
            reverse = "their reverses restore the schema exactly"
        facts = (reverse, rows, draft.note)
        return VerifiedDraft(
            check=draft.check,
            closes=closes,
            files=trial.files,
            settings=draft.settings,
            facts=tuple(filter(None, facts)),
        )


def _open(report: UserStateSchemaAuditReport) -> list[str]:
    return [c.id for c in report.checks if c.decision and c.decision.needs_migration]


def _problem(
    trial: DraftTrial,
    draft: Draft,
    closes: cabc.Container[str],
    opened: cabc.Collection[str],
) -> str:
    """Return why a draft is not shown."""
    if draft.check not in closes:
        return "a draft was tried, and the check did not turn"
    if opened:
        return f"a draft was tried, and it opens {listed(opened)}"
    if not trial.is_restored:
        return "a draft was tried, and its reverse does not restore the schema"
    if not trial.is_lossless:
        return "a draft was tried, and rows were not as before"
    return ""
