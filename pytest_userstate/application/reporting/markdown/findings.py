"""The matrix, the findings with their evidence, and the decisions."""

from __future__ import annotations

import collections.abc as cabc

from pytest_userstate.application.audit import Audit
from pytest_userstate.application.reporting.markdown.links import Links
from pytest_userstate.application.reporting.markdown.syntax import (
    code,
    codes,
    sentence,
    table,
    text,
    words,
)
from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.evidence import Check, Evidence
from pytest_userstate.domain.gate import Outcome, Verdict
from pytest_userstate.domain.report import DECISIONS, UserStateSchemaAuditReport


def matrix(report: UserStateSchemaAuditReport) -> list[str]:
    """Return the section with every cell, and why some are not applicable."""
    cells = {
        (check.entity, check.axis): words(check.coverage) for check in report.checks
    }
    rows = [["entity", *(axis.value for axis in Axis)]]
    rows += [
        [text(entity), *(cells.get((entity, axis), "n/a") for axis in Axis)]
        for entity in report.entities
    ]
    return [
        "## Matrix",
        "",
        *table(rows),
        *_not_applicable(report),
        *_together(report),
    ]


def _not_applicable(report: UserStateSchemaAuditReport) -> list[str]:
    """Return a table with the cells that are no checks, one row for each reason."""
    cells: dict[str, list[str]] = {}
    for cell in report.not_applicable:
        cells.setdefault(cell.reason, []).append(f"{cell.entity}.{cell.axis}")
    rows = [("not applicable (n/a)", "reason")]
    rows += [(codes(ids), text(reason)) for reason, ids in cells.items()]
    return ["", *table(rows)] if cells else []


def _together(report: UserStateSchemaAuditReport) -> list[str]:
    """Return a table with what schema and wiring say together."""
    rows = [("entity", "schema and wiring together", "detail")]
    rows += [
        (
            text(each.entity),
            each.use.words,
            sentence(each.detail) if each.detail else "",
        )
        for each in report.readings
    ]
    return ["", *table(rows)] if len(rows) > 1 else []


def findings(
    audit: Audit, outcomes: cabc.Mapping[str, Outcome], links: Links
) -> list[str]:
    """Return the section with the facts behind each check."""
    lines = ["## Findings"]
    for verdict in audit.verdicts:
        outcome = outcomes.get(verdict.check.id, Outcome.DESELECTED)
        lines += ["", *_finding(verdict, outcome, links)]
    return lines


def _finding(verdict: Verdict, outcome: Outcome, links: Links) -> list[str]:
    check = verdict.check
    facts = dict.fromkeys(_fact(each, links) for each in check.evidence)
    return [
        f"### {text(check.id)}",
        "",
        f"{words(check.coverage).capitalize()}; {_judged(verdict, outcome)}.",
        *(["", sentence(check.rationale)] if check.decision is None else []),
        *([""] if facts else []),
        *(f"- {fact}" for fact in facts),
    ]


def _judged(verdict: Verdict, outcome: Outcome) -> str:
    """Say what the gate makes of the check, and why where that is not plain."""
    said = f"outcome: {words(outcome)}"
    if outcome is Outcome.FAILED and verdict.reason != verdict.check.rationale:
        said += f" ({text(verdict.reason)})"
    return said


def _fact(fact: Evidence, links: Links) -> str:
    bare = Evidence(kind=fact.kind, subject=fact.subject, detail=fact.detail)
    said = str(bare).removeprefix(fact.subject)
    gap = "" if said.startswith(":") or not said else " "
    changed = f", changed by {links.source(fact.changed_by)}" if fact.changed_by else ""
    source = f" ({links.source(fact.source)}{changed})" if fact.source else ""
    return f"{code(fact.subject)}{gap}{text(said)}{source}"


def decisions(report: UserStateSchemaAuditReport) -> list[str]:
    """Return the section with what follows for migrations, and why."""
    asked = {check: name for name, check in DECISIONS.items()}
    rows = [("migration", "check", "answer", "rationale")]
    rows += [
        _decision(asked.get(check.id, ""), check)
        for check in report.checks
        if check.decision is not None
    ]
    return ["## Decisions", "", *table(rows)]


def _decision(name: str, check: Check) -> tuple[str, str, str, str]:
    rationale = check.rationale
    if check.prerequisite:
        rationale += f"; deferred until {check.prerequisite}"
    return (
        words(name) or f"{text(check.entity)} {check.axis}",
        code(check.id),
        words(check.decision or ""),
        sentence(rationale),
    )
