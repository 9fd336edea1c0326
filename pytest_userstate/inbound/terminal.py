"""What the terminal shows: the header, and the audit at the end."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import pytest

from pytest_userstate.application.audit import Audit
from pytest_userstate.application.preparation import Prepared
from pytest_userstate.application.reporting import text
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.domain.gate import Outcome

_COLOURS: typ.Final[dict[Outcome, dict[str, bool]]] = {
    Outcome.PASSED: {"green": True},
    Outcome.FAILED: {"red": True},
    Outcome.ERROR: {"red": True},
    Outcome.ACCEPTED: {"yellow": True},
    Outcome.DEFERRED: {"yellow": True},
    Outcome.SKIPPED: {"yellow": True},
    Outcome.NOT_GATED: {},
    Outcome.DESELECTED: {},
}

_ADVISORIES: typ.Final = (
    "advisories (they change no outcome; see pytest-userstate's docs/advisories.md)"
)


def header(prepared: Prepared, *, exclusive: bool) -> list[str]:
    """Return the lines that tell what is about to be audited."""
    target = prepared.target.description
    what = "a live database" if target.kind == "dsn" else "migrations"
    if target.path:
        what = f"{target.path}, {target.layout} layout"
        if target.migrations is not None:
            what = f"{what}, {_migrations(target.migrations)}"
    lines = [
        f"userstate: {what} ({target.found})",
        f"userstate: {target.server}, {prepared.configured}",
    ]
    shown = " and ".join(each.shown for each in prepared.references)
    if shown:
        lines.append(f"userstate: compared with {shown}")
    if exclusive:
        lines.append("userstate: only the checks are collected, no other tests")
    return lines


def summary(
    reporter: pytest.TerminalReporter,
    record: RunRecord,
    *,
    notes: cabc.Iterable[str],
    written: cabc.Iterable[str],
) -> None:
    """Write the audit: matrix, decisions, downstream work, what was written."""
    reporter.ensure_newline()
    reporter.section("user-state audit", sep="=")
    for line in notes:
        reporter.write_line(text.inert(line), red=True)
    if record.audit:
        _audit(reporter, record, record.audit)
    elif record.failure:
        for line in record.failure.message.splitlines():
            reporter.write_line(text.inert(line), red=True)
    for line in written:
        reporter.write_line(line)


def documents(
    reporter: pytest.TerminalReporter, record: RunRecord, complaints: cabc.Iterable[str]
) -> None:
    """Write what was found out about committed reports."""
    for document in record.documents:
        if document.is_current:
            reporter.write_line(document.message)
    for line in complaints:
        reporter.write_line(text.inert(line), red=True)


def _audit(reporter: pytest.TerminalReporter, record: RunRecord, audit: Audit) -> None:
    _target(reporter, audit)
    reporter.write_line("")
    report = audit.findings.report
    for line in [*text.matrix(report), *text.readings(report)]:
        reporter.write_line(line)
    for line in text.alarms(report):
        reporter.write_line(line, yellow=True)
    reporter.write_line("")
    for outcome, heading, details in text.decisions(audit, record.outcomes):
        reporter.write(f"{outcome.value.replace('_', ' '):11}", **_COLOURS[outcome])
        reporter.write_line(heading, bold=True)
        for line in details if outcome is not Outcome.DESELECTED else ():
            reporter.write_line(line)
    if audit.findings.comparisons:
        _comparisons(reporter, record, audit)
    _section(reporter, _ADVISORIES, text.advisories(audit))
    _section(reporter, "downstream work", text.downstream(audit))
    if not record.is_complete:
        reporter.write_line("")
        left = [c for c, o in record.outcomes.items() if o is Outcome.DESELECTED]
        for line in text.wrap(
            f"the audit is partial; these checks did not run: {', '.join(left)}",
            indent="",
        ):
            reporter.write_line(line, yellow=True)


def _comparisons(
    reporter: pytest.TerminalReporter, record: RunRecord, audit: Audit
) -> None:
    from pytest_userstate.application.reporting import (  # noqa: PLC0415 - costs time
        other_schemas,
    )

    reporter.write_line("")
    for comparison in audit.findings.comparisons:
        outcome = record.outcomes.get(comparison.name, Outcome.DESELECTED)
        reporter.write(f"{outcome.value:11}", **_COLOURS[outcome])
        reporter.write_line(other_schemas.heading(comparison), bold=True)
        for line in other_schemas.details(comparison):
            reporter.write_line(line)


def _section(
    reporter: pytest.TerminalReporter, heading: str, lines: cabc.Sequence[str]
) -> None:
    if lines:
        reporter.write_line("")
        reporter.write_line(heading, bold=True)
    for line in lines:
        reporter.write_line(line)


def _target(reporter: pytest.TerminalReporter, audit: Audit) -> None:
    findings = audit.findings
    server = f"PostgreSQL {findings.server}"
    if findings.applied is not None:
        server = f"{_migrations(findings.applied)} on {server}"
    reporter.write_line(server)
    if findings.stubs:
        reporter.write_line(f"stubbed extensions: {', '.join(findings.stubs)}")
    for warning in audit.warnings:
        for line in text.wrap(f"warning: {warning}", indent="", hanging=2):
            reporter.write_line(line, yellow=True)


def _migrations(count: int) -> str:
    return "1 migration" if count == 1 else f"{count} migrations"
