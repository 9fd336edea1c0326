"""Finished runs over schemas of a test's own, and what is written about them."""

from __future__ import annotations

import datetime as dt

import attrs

from pytest_userstate.application.audit import Audit, Prepared, audit
from pytest_userstate.application.reporting.markdown import Links, render
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.application.settings import Settings
from pytest_userstate.domain.downstream import WorkItem
from pytest_userstate.domain.gate import GatePolicy
from pytest_userstate.domain.model import DEFAULT_MODEL, AuditModel
from pytest_userstate.domain.ports import ReportPlace, TargetDescription
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table
from pytest_userstate.domain.wiring import Wiring
from tests.helpers.fakes import (
    FakeAuditTarget,
    FakeProgramRepository,
    FakeRuntimeWiringRepository,
)

TODAY = dt.date(2027, 3, 31)
TARGET = TargetDescription(
    kind="migrations",
    path="migrations",
    layout="plain",
    migrations=3,
    digest="sha256:" + "0" * 64,
    found="",
    server="",
)
IN_DOCS = Links(audited=".", document="docs")


def finished(
    *tables: Table,
    model: AuditModel = DEFAULT_MODEL,
    gate: GatePolicy | None = None,
    downstream: tuple[WorkItem, ...] = (),
    wiring: Wiring | None = None,
    **facts: object,
) -> RunRecord:
    """Return a finished run that found these tables, whatever else was found."""
    settings = Settings(model=model, gate=gate or GatePolicy(), downstream=downstream)
    result = audited(SchemaSnapshot(tables), settings, wiring or Wiring())
    # Warnings come with advisories, which a test has of its own or not at all.
    kept = {"advisories": (), "warnings": (), **facts}
    result = attrs.evolve(result, **kept)  # type: ignore[arg-type]
    outcomes = {each.check.id: each.outcome for each in result.verdicts}
    return RunRecord(audit=result, outcomes=outcomes)


def audited(
    snapshot: SchemaSnapshot, settings: Settings, wiring: Wiring | None = None
) -> Audit:
    """Carry out an audit of a snapshot."""
    prepared = Prepared(
        settings=settings,
        target=FakeAuditTarget(snapshot, TARGET),
        wiring=FakeRuntimeWiringRepository(wiring),
        program=FakeProgramRepository(wiring),
        draws=True,
    )
    return audit(prepared, today=TODAY)


def page(*tables: Table, links: Links = IN_DOCS, **about: object) -> str:
    """Return the document about these tables."""
    return render(finished(*tables, **about), links)  # type: ignore[arg-type]


def section(text: str, heading: str) -> str:
    """Return a section of a document, without its heading."""
    body = text.split(f"\n## {heading}\n", 1)[1]
    return body.split("\n## ", 1)[0].strip()


class FakeReportStore:
    """Keeps reports in a dictionary; the repository's root is the audited folder."""

    def __init__(self, **files: str) -> None:
        """Start with these files, dots written as underscores."""
        self.files = {name.replace("_", "."): text for name, text in files.items()}

    def check(self, path: str) -> None:
        """Accept every path."""

    def write(self, path: str, text: str) -> None:
        """Keep the text."""
        self.files[path] = text

    def read(self, path: str) -> str | None:
        """Return the text, or None."""
        return self.files.get(path)

    def place(self, path: str) -> ReportPlace | None:
        """Return the path as it is."""
        return ReportPlace(file=path, audited=".")
