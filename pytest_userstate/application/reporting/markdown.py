"""The Markdown report: the audit as a page to read or to commit."""

from __future__ import annotations

import collections.abc as cabc
import re

from pytest_userstate.application.reporting.text import alarm
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.evidence import Evidence
from pytest_userstate.domain.gate import Outcome, Verdict
from pytest_userstate.domain.readings import Use
from pytest_userstate.domain.report import DECISIONS, UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import Source

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&])")


def render(record: RunRecord) -> str:
    """Return the report of a run as Markdown text."""
    sections = [
        ["# User-state audit"],
        _summary(record),
        _target(record),
        _matrix(record),
        _decisions(record),
        _findings(record),
        _advisories(record),
        _downstream(record),
        _warnings(record),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def escape(text: str) -> str:
    """Return text that Markdown shows as it is, whatever a name contains."""
    flat = " ".join(text.split())
    return _SPECIAL.sub(r"\\\1", flat)


def table(rows: cabc.Sequence[cabc.Sequence[str]]) -> list[str]:
    """Return a Markdown table; the first row is its head."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    rule = f"| {' | '.join('---' for _ in rows[0])} |"
    return [head, rule, *body]


def _summary(record: RunRecord) -> list[str]:
    partial = "" if record.is_complete else " (partial: not every check ran)"
    lines = [f"Status: **{record.status.value}**{partial}"]
    if record.failure:
        lines += ["", *(f"    {line}" for line in record.failure.message.splitlines())]
    for name, checks in (
        ("did not run although nobody deselected them", record.vanished),
        ("were given another outcome than the gate's", record.contradicted),
    ):
        if checks:
            lines += ["", f"These checks {name}: {', '.join(map(escape, checks))}"]
    return lines


def _target(record: RunRecord) -> list[str]:
    if not record.audit:
        return []
    findings = record.audit.findings
    target = findings.target
    rows = [("what", "which"), ("PostgreSQL", findings.server)]
    if target.kind == "dsn":
        rows += [("target", "a live database, read in place")]
    else:
        rows += [
            ("migrations", f"{escape(target.path or '')} ({target.layout} layout)"),
            ("applied", str(findings.applied)),
            ("digest", f"`{target.digest}`"),
        ]
    if findings.stubs:
        rows += [("stubbed extensions", escape(", ".join(findings.stubs)))]
    return ["## Target", "", *table(rows)]


def _matrix(record: RunRecord) -> list[str]:
    if not record.audit:
        return []
    report = record.audit.findings.report
    cells = {(check.entity, check.axis): check.coverage for check in report.checks}
    rows = [["entity", *(axis.value for axis in Axis)]]
    rows += [
        [escape(entity), *(cells.get((entity, axis), "n/a") for axis in Axis)]
        for entity in report.entities
    ]
    reasons = dict.fromkeys(cell.reason for cell in report.not_applicable)
    notes = [f"- n/a: {escape(reason)}" for reason in reasons]
    notes += [f"- {escape(each)}" for each in _together(report)]
    return ["## Matrix", "", *table(rows), *([""] if notes else []), *notes]


def _together(report: UserStateSchemaAuditReport) -> cabc.Iterator[str]:
    """Yield what schema and wiring say together, entity by entity."""
    for each in report.readings:
        if each.use is not Use.CONTRADICTION:
            yield f"{each.entity}: {each.use.words}"
        if each.detail:
            yield f"{alarm(each)}: {each.detail}"


def _decisions(record: RunRecord) -> list[str]:
    if not record.audit:
        return []
    report = record.audit.findings.report
    rows = [("decision", "check", "answer")]
    for name, check in DECISIONS.items():
        decision = report.decision(name)
        answer = decision.value if decision else "not applicable"
        rows.append((name.replace("_", " "), check, answer.replace("_", " ")))
    return ["## Decisions", "", *table(rows)]


def _findings(record: RunRecord) -> list[str]:
    if not record.audit:
        return []
    lines = ["## Findings"]
    for verdict in record.audit.verdicts:
        outcome = record.outcomes.get(verdict.check.id, Outcome.DESELECTED)
        lines += ["", *_finding(verdict, outcome)]
    return lines


def _finding(verdict: Verdict, outcome: Outcome) -> list[str]:
    check = verdict.check
    facts = [("coverage", check.coverage.value)]
    if check.decision:
        facts.append(("decision", check.decision.value))
    facts.append(("outcome", outcome.value))
    if check.recommendation:
        facts.append(("recommendation", check.recommendation))
    if check.prerequisite:
        facts.append(("prerequisite", str(check.prerequisite)))
    if verdict.acceptance:
        until = verdict.acceptance.until
        end = f" (until {until})" if until else ""
        facts.append(("accepted", f"{verdict.acceptance.reason}{end}"))
    return [
        f"### {escape(check.id)}",
        "",
        escape(check.rationale[:1].upper() + check.rationale[1:]) + ".",
        "",
        *(f"- {name}: {escape(value)}" for name, value in facts),
        *(f"- evidence: {_fact(fact)}" for fact in check.evidence),
    ]


def _fact(fact: Evidence) -> str:
    bare = Evidence(
        kind=fact.kind, subject=fact.subject, group=fact.group, detail=fact.detail
    )
    return escape(str(bare)) + _link(fact.source)


def _link(source: Source | None) -> str:
    """Return where a fact comes from, in parentheses; nothing where unknown."""
    if source is None:
        return ""
    anchor = f"#L{source.line}" if source.line else ""
    path = re.sub(r"[<>\n\r\\%]", lambda match: f"%{ord(match[0]):02X}", source.path)
    return f" ([{escape(str(source))}](<{path}{anchor}>))"


def _advisories(record: RunRecord) -> list[str]:
    if not record.audit or not record.audit.advisories:
        return []
    lines = ["## Advisories", "", "They change no decision and no outcome.", ""]
    for each in record.audit.advisories:
        silenced = ""
        if each.silenced is not None:
            silenced = f". Silenced: {escape(each.silenced)}"
        what = f"**{each.code}** {escape(each.subject)}: {escape(each.message)}"
        lines.append(f"- {what}{_link(each.source)}{silenced}")
    return lines


def _downstream(record: RunRecord) -> list[str]:
    if not record.audit or not record.audit.downstream:
        return []
    rows = [("item", "title", "status", "blocked by")]
    rows += [
        (
            escape(status.item.id),
            escape(status.item.title),
            "ready" if status.is_ready else "blocked",
            ", ".join(map(escape, status.blocked_by)),
        )
        for status in record.audit.downstream
    ]
    return ["## Downstream work", "", *table(rows)]


def _warnings(record: RunRecord) -> list[str]:
    if not record.audit or not record.audit.warnings:
        return []
    notes = [f"- {escape(each)}" for each in record.audit.warnings]
    return ["## Warnings", "", *notes]
