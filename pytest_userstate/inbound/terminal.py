"""What the terminal shows: the header, and the audit at the end."""

from __future__ import annotations

import collections.abc as cabc
import shutil

import pytest

from pytest_userstate.application.audit import Prepared
from pytest_userstate.application.reporting.document import Document
from pytest_userstate.application.reporting.text import TextPrinter, migrations
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.application.wording import WIDTH, inert, wrap

_NARROWEST, _WIDEST = 40, 120
"""Shorter lines, and longer ones, are hard to read."""


def printer(config: pytest.Config) -> TextPrinter:
    """Return what prints for this terminal, as brief as pytest was asked to be."""
    columns = shutil.get_terminal_size((WIDTH, 24)).columns
    width = min(max(columns, _NARROWEST), _WIDEST)
    # Both options are the terminal plugin's, which may be switched off.
    return TextPrinter(
        width=width,
        verbosity=config.getoption("verbose", 0) or 0,
        is_below_failures=config.getoption("tbstyle", "no") != "no",
    )


def header(
    prepared: Prepared, *, exclusive: bool, unused_conftest: str = ""
) -> list[str]:
    """Return the lines about the target and the server of the audit."""
    target = prepared.target.description
    what = "a live database" if target.kind == "dsn" else "migrations"
    if target.path:
        what = f"{target.path}, {target.layout} layout"
        if target.migrations is not None:
            what = f"{what}, {migrations(target.migrations)}"
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
    document: Document,
    *,
    problems: cabc.Iterable[str],
    written: cabc.Iterable[str],
) -> None:
    """Write the audit, what could not be written, and what was written where."""
    reporter.ensure_newline()
    reporter.section("user-state audit", sep="=")
    for problem in problems:
        for line in wrap(problem, indent=""):
            reporter.write_line(inert(line), red=True)
    for parts in printer(reporter.config).lines(document):
        for text, style in parts:
            reporter.write(inert(text), **{style: True} if style else {})
        reporter.write_line("")
    for line in written:
        reporter.write_line(inert(line))


def last_line(
    reporter: pytest.TerminalReporter, record: RunRecord, problems: cabc.Sequence[str]
) -> None:
    """Add what fails the run beside checks and tests to pytest's last line.

    It counts all kinds of reports. These are separate kinds, so
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
