"""Drafts of the migrations that close checks, each verified before it is shown."""

from __future__ import annotations

import collections.abc as cabc

from pytest_userstate.domain.drafts import (
    Change,
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

    A draft that closes several checks is shown once, under the first.
    """
    report = UserStateSchemaAuditReport.evaluate(snapshot, model=model)
    verified: dict[Change, VerifiedDraft] = {}
    refused: list[VerifiedDraft] = []
    for check in report.checks:
        draft = draft_of(check, snapshot, model)
        if draft is None or (isinstance(draft, Draft) and draft.change in verified):
            continue
        if isinstance(draft, str):
            refused.append(VerifiedDraft(check=check.id, problem=draft))
            continue
        result = _verified(scratch, draft, report, snapshot, model)
        if result.problem:
            refused.append(result)
        else:
            verified[draft.change] = result
    closed = {check for draft in verified.values() for check in draft.closes}
    return (*verified.values(), *(one for one in refused if one.check not in closed))


def _verified(
    scratch: Scratch,
    draft: Draft,
    report: UserStateSchemaAuditReport,
    snapshot: SchemaSnapshot,
    model: AuditModel,
) -> VerifiedDraft:
    try:
        trial = scratch.draft(draft, snapshot)
    except UntriableError as error:
        return VerifiedDraft(check=draft.check, problem=str(error))
    after = UserStateSchemaAuditReport.evaluate(trial.after, model=model)
    before_open, after_open = _open(report), _open(after)
    closes = tuple(check for check in before_open if check not in after_open)
    opened = [check for check in after_open if check not in before_open]
    problem = _problem(trial, draft, closes, opened)
    if problem:
        return VerifiedDraft(check=draft.check, problem=problem)
    rows = "no row could be made to try that nothing is lost"
    if isinstance(draft.change, CreateTable):
        rows = "it touches no row that is there"
    elif trial.rows:
        rows = "a row that was there is as it was"
    facts = ("its reverse restores the schema exactly", rows, draft.note)
    return VerifiedDraft(
        check=draft.check,
        closes=closes,
        files=trial.files,
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
