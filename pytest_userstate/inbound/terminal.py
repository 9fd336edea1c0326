"""What the terminal shows: the header, and the audit at the end."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import pytest

from pytest_userstate.application.audit import Audit, Prepared
from pytest_userstate.application.reporting import proofs, text
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.application.wording import inert, wrap
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

_PROOF: typ.Final = "stale writes, tried with two writers (docs/proving.md)"
_ADVISORIES: typ.Final = (
    "advisories (they change no outcome; `pytest-userstate explain CODE` says more)"
)


def header(
    prepared: Prepared, *, exclusive: bool, unused_conftest: str = ""
) -> list[str]:
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
    shown = " and ".join(reference.label for reference in prepared.references)
    if shown:
        lines.append(f"userstate: compared with {shown}")
    if exclusive:
        lines.append(
            "userstate: only the checks are collected; name a path for its tests, too"
        )
    if unused_conftest:
        lines.append(f"userstate: {unused_conftest}")
    return list(map(inert, lines))


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
    for note in notes:
        for line in wrap(note, indent=""):
            _write(reporter, line, red=True)
    if record.failure:
        for line in record.failure.message.splitlines():
            _write(reporter, line, red=True)
    if record.audit:
        _audit(reporter, record, record.audit)
    for line in written:
        _write(reporter, line)


def documents(
    reporter: pytest.TerminalReporter, record: RunRecord, complaints: cabc.Iterable[str]
) -> None:
    """Write what was found out about committed reports."""
    for document in record.documents:
        if document.is_current:
            _write(reporter, document.message)
    for line in complaints:
        _write(reporter, line, red=True)


def last_line(
    reporter: pytest.TerminalReporter, record: RunRecord, problems: cabc.Sequence[str]
) -> None:
    """Let pytest's last line tell what fails the run beside checks and tests.

    It counts whatever kinds of reports there are. These are kinds of their own, so
    that the counts of tests stay what they are.
    """
    outdated = [
        document.path for document in record.documents if not document.is_current
    ]
    kinds: tuple[tuple[str, str, cabc.Sequence[str]], ...] = (
        ("vanished check", "vanished checks", record.vanished),
        ("contradicted check", "contradicted checks", record.contradicted),
        ("report not current", "reports not current", outdated),
        ("file not written", "files not written", problems),
    )
    for one, several, names in kinds:
        if names:
            kind = one if len(names) == 1 else several
            reporter.stats[kind] = [_reported(name, kind) for name in names]
            # The line is red where there is this kind, even if nothing is of it.
            reporter.stats.setdefault("failed", [])


def _reported(name: str, kind: str) -> pytest.TestReport:
    """Return what other plugins expect to find there when they look through all."""
    return pytest.TestReport(
        nodeid=name,
        location=(name, None, name),
        keywords={},
        outcome="failed",
        longrepr=kind,
        when="call",
    )


def _audit(reporter: pytest.TerminalReporter, record: RunRecord, audit: Audit) -> None:
    _target(reporter, audit)
    _write(reporter, "")
    report = audit.report
    meaning = text.detectable(audit)
    for line in [*text.matrix(report), *meaning, *text.readings(report)]:
        _write(reporter, line)
    for line in text.alarms(report):
        _write(reporter, line, yellow=True)
    _write(reporter, "")
    for outcome, heading, details in text.decisions(audit, record.outcomes):
        reporter.write(f"{outcome.value.replace('_', ' '):11}", **_COLOURS[outcome])
        _write(reporter, heading, bold=True)
        for line in details if outcome is not Outcome.DESELECTED else ():
            _write(reporter, line)
    if audit.comparisons:
        _comparisons(reporter, record, audit)
    _section(reporter, _PROOF, proofs.terminal(audit.proof))
    _section(reporter, _ADVISORIES, text.advisories(audit))
    _section(reporter, "downstream work", text.downstream(audit))
    if not record.is_complete:
        _write(reporter, "")
        left = [c for c, o in record.outcomes.items() if o is Outcome.DESELECTED]
        for line in wrap(
            f"the audit is partial; these checks did not run: {', '.join(left)}",
            indent="",
        ):
            _write(reporter, line, yellow=True)


def _comparisons(
    reporter: pytest.TerminalReporter, record: RunRecord, audit: Audit
) -> None:
    _write(reporter, "")
    for comparison in audit.comparisons:
        outcome = record.outcomes.get(comparison.name, Outcome.DESELECTED)
        reporter.write(f"{outcome.value:11}", **_COLOURS[outcome])
        _write(reporter, text.comparison_heading(comparison), bold=True)
        for line in text.comparison_details(comparison):
            _write(reporter, line)


def _write(reporter: pytest.TerminalReporter, line: str, **markup: bool) -> None:
    """Write a line, in which no name steers the terminal."""
    reporter.write_line(inert(line), **markup)


def _section(
    reporter: pytest.TerminalReporter, heading: str, lines: cabc.Sequence[str]
) -> None:
    if lines:
        _write(reporter, "")
        _write(reporter, heading, bold=True)
    for line in lines:
        _write(reporter, line)


def _target(reporter: pytest.TerminalReporter, audit: Audit) -> None:
    server = f"PostgreSQL {audit.server}"
    if audit.applied is not None:
        server = f"{_migrations(audit.applied)} on {server}"
    _write(reporter, server)
    for line in text.recognized(audit):
        _write(reporter, line)
    if audit.stubs:
        _write(reporter, f"stubbed extensions: {', '.join(audit.stubs)}")
    for warning in audit.warnings:
        for line in wrap(f"warning: {warning}", indent="", hanging=2):
            _write(reporter, line, yellow=True)


def _migrations(count: int) -> str:
    return "1 migration" if count == 1 else f"{count} migrations"
