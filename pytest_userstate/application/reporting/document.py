"""The document of a run: what people read of it, as values that are built once.

The terminal, Markdown, and GitHub print the same findings and sections.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import typing as typ

import attrs

import pytest_userstate
from pytest_userstate.application.audit import Audit
from pytest_userstate.application.reporting.findings import (
    Finding,
    Line,
    Name,
    Sentence,
    Strong,
    finding_of,
    finding_of_comparison,
)
from pytest_userstate.application.run_record import RunRecord, Status
from pytest_userstate.domain.coverage import Axis, ConflictCoverage, in_words
from pytest_userstate.domain.downstream import WorkStatus, unblocking
from pytest_userstate.domain.evidence import listed
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.readings import Use
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import Source

if typ.TYPE_CHECKING:
    from pytest_userstate.domain.state_diagram import StateDiagram
    from pytest_userstate.domain.timeline import Timeline

NOT_APPLICABLE: typ.Final = "n/a"
_READY: typ.Final = (
    "Work is ready when all that it needs is closed; an accepted gap is not."
)
_TITLE: typ.Final = "user-state audit"
_NO_OUTCOME: typ.Final = "They change no decision and no outcome."


@attrs.frozen
class Listing:
    """Lines that are shown as they are, under a title."""

    title: str
    lines: tuple[str, ...]
    language: str = "text"


@attrs.frozen
class Item:
    """A line of a list, and the lines beneath it."""

    line: Line
    details: tuple[Line, ...] = ()
    # Whether the details are shown only if everything is.
    is_settled: bool = attrs.field(default=False, kw_only=True)
    listings: tuple[Listing, ...] = attrs.field(default=(), kw_only=True)


@attrs.frozen
class Items:
    """A list; `numbered` if it is about alternatives."""

    items: tuple[Item, ...]
    numbered: bool = attrs.field(default=False, kw_only=True)


@attrs.frozen
class Table:
    """Rows of cells; the first is the head."""

    rows: tuple[tuple[Line, ...], ...]


@attrs.frozen
class Paragraph:
    """A line by itself."""

    line: Line


Block: typ.TypeAlias = "Items | Table | Paragraph | Section | StateDiagram | Timeline"


@attrs.frozen
class Section:
    """A heading, and what is under it."""

    title: str
    blocks: tuple[Block, ...]
    # What a page says first; a terminal does not.
    note: str = attrs.field(default="", kw_only=True)


@attrs.frozen(kw_only=True)
class Problem:
    """What is wrong with a run beside its checks, and what to do about it."""

    title: str
    message: str
    source: Source | None = None
    # Whether its lines may be broken: no lines of a file or command are among them.
    is_prose: bool = False


@attrs.frozen
class Cell:
    """A cell of the matrix: an answer in words, and the outcome of its check."""

    text: str
    outcome: Outcome | None = None


@attrs.frozen(kw_only=True)
class Document:
    """All that people read of a run; without an audit, its problems are all.

    The document of a run with several targets contains the document of each.
    """

    # The target's name, if there are several.
    name: str = ""
    targets: tuple[Document, ...] = ()
    # The schemas that it is about, if there is one for each tenant.
    schemas: tuple[str, ...] = ()
    status: Status
    counts: str
    problems: tuple[Problem, ...]
    findings: tuple[Finding, ...] = ()
    matrix: tuple[tuple[Cell, ...], ...] = ()
    # What is said beneath the matrix: a reason for each kind of missing cell, ….
    readings: Items = Items(())
    alarms: Items = Items(())
    comparisons: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    # The checks that did not run, since they were deselected.
    left_out: tuple[str, ...] = ()
    audit: Audit | None = None

    @property
    def version(self) -> str:
        """The version of the product."""
        return pytest_userstate.__version__

    def section(self, title: str) -> Section | None:
        """Return the section of a title, if there is anything in it."""
        return next((part for part in self.sections if part.title == title), None)

    @property
    def parts(self) -> tuple[Document, ...]:
        """The documents of one audit each."""
        parts = tuple(part for target in self.targets for part in target.parts)
        return parts or (self,)

    @property
    def failing(self) -> tuple[Finding, ...]:
        """What fails the run, checks before comparisons."""
        bad = {Outcome.FAILED, Outcome.ERROR}
        own = tuple(
            finding
            for finding in (*self.findings, *self.comparisons)
            if finding.outcome in bad
        )
        return own + tuple(each for part in self.targets for each in part.failing)


def document_of(record: RunRecord) -> Document:
    """Return the document of a run."""
    audit, problems = record.audit, tuple(_problems(record))
    if audit is None:
        return Document(
            name=record.name,
            targets=tuple(map(document_of, record.targets)),
            status=record.status,
            counts=_counts(record) if record.targets or record.is_left_out else "",
            problems=problems,
        )
    report, outcomes, home = audit.report, record.outcomes, audit.settings.home
    return Document(
        name=record.name,
        schemas=audit.schemas,
        status=record.status,
        counts=_counts(record),
        problems=problems,
        findings=tuple(
            attrs.evolve(
                finding_of(verdict, outcomes.get(verdict.check.id), report, home),
                drafts=tuple(
                    draft
                    for draft in audit.drafts
                    if verdict.check.id in {draft.check, *draft.closes}
                ),
            )
            for verdict in audit.verdicts
        ),
        matrix=tuple(_matrix(report, outcomes)),
        readings=Items(tuple(_readings(audit))),
        alarms=Items(tuple(_alarms(report))),
        comparisons=tuple(
            finding_of_comparison(comparison, outcomes.get(comparison.name), home)
            for comparison in audit.comparisons
        ),
        warnings=audit.warnings,
        sections=tuple(filter(None, (_downstream(audit), _advisories(audit)))),
        left_out=tuple(
            home.full_id(check)
            for check, outcome in outcomes.items()
            if outcome is Outcome.DESELECTED and not record.is_complete
        ),
        audit=audit,
    )


def _problems(record: RunRecord) -> cabc.Iterator[Problem]:
    error = record.failure if record.targets else record.error
    if error:
        title = f"user-state audit of {record.name}" if record.name else _TITLE
        yield Problem(title=title, message=error.message, source=error.source)
    if record.vanished:
        yield Problem(
            title="checks did not run",
            message=(
                "these checks did not run, although nothing on the command line left "
                f"them out: {', '.join(record.vanished)}\n"
                "look at addopts, the ini file, conftest.py hooks, and plugins"
            ),
            is_prose=True,
        )
    if record.contradicted:
        yield Problem(
            title="checks were reported otherwise than the gate decided",
            message=(
                "these checks were reported otherwise than the gate decided: "
                f"{', '.join(record.contradicted)}"
            ),
            is_prose=True,
        )
    for document in record.documents:
        if not document.is_current:
            signs = " (- as committed, + as audited):" * bool(document.difference)
            difference = (f"  {line}" for line in document.difference)
            lines = (document.message + signs, *difference, document.remedy)
            yield Problem(
                title="committed report",
                message="\n".join(filter(None, lines)),
                source=document.source,
            )


def _counts(record: RunRecord) -> str:
    """Count the outcomes, in the order of their first check; or the schemas."""
    if record.schemas and record.targets:
        return _schemas(record)
    parts = record.targets or (record,)
    counts: cabc.Mapping[str, int] = collections.Counter(
        outcome for part in parts for outcome in part.outcomes.values()
    )
    counted_outcomes = ", ".join(f"{n} {in_words(name)}" for name, n in counts.items())
    partial = "" if record.is_complete else " (partial: not every check ran)"
    return counted_outcomes + partial


def _schemas(record: RunRecord) -> str:
    """Say how many schemas of tenants there are, and how many are alike."""
    groups = [audit for part in record.targets for audit in part.audits]
    usual, *others = groups
    partial = "" if record.is_complete else " (partial: not every check ran)"
    count = f"{record.schemas:,} schemas"
    if not others:
        return f"{count}, all alike{partial}"
    differ = sum(len(audit.schemas) for audit in others)
    return f"{count}: {len(usual.schemas):,} are alike, {differ:,} differ{partial}"


# The matrix.


def _matrix(
    report: UserStateSchemaAuditReport, outcomes: cabc.Mapping[str, Outcome]
) -> cabc.Iterator[tuple[Cell, ...]]:
    cells = {
        (check.entity, check.axis): Cell(
            in_words(check.coverage), outcomes.get(check.id)
        )
        for check in report.checks
    }
    empty = Cell(NOT_APPLICABLE)
    yield Cell("entity"), *(Cell(axis.value) for axis in Axis)
    for entity in report.entities:
        yield Cell(entity), *(cells.get((entity, axis), empty) for axis in Axis)


def _readings(audit: Audit) -> cabc.Iterator[Item]:
    """Yield what cells mean, and what schema and wiring say together."""
    report = audit.report
    rows: dict[str, dict[str, None]] = {}
    for cell in report.not_applicable:
        rows.setdefault(cell.reason, {})[cell.entity] = None
    for reason, entities in rows.items():
        yield Item((f"{NOT_APPLICABLE} ({', '.join(entities)}): {reason}",))
    if any(check.coverage is ConflictCoverage.DETECTABLE for check in report.checks):
        proved = "not proved" if audit.proof is None else "what is proved is below"
        meaning = "detectable: the schema lets a stale write be detected"
        yield Item((f"{meaning}; {proved}",))
    if any(check.coverage is ConflictCoverage.BYPASSED for check in report.checks):
        yield Item(("bypassed: a write in the sources ignores the revision",))
    uses: dict[Use, list[str]] = {}
    for reading in report.readings:
        uses.setdefault(reading.use, []).append(reading.entity)
    for use in (Use.IN_USE, Use.PARTLY_IN_USE, Use.NOT_YET_USED):
        if use in uses:
            yield Item((f"{use.words}: {', '.join(uses[use])}",))


def _alarms(report: UserStateSchemaAuditReport) -> cabc.Iterator[Item]:
    """Yield where wiring and schema contradict, and what is probably unused."""
    for reading in report.readings:
        if reading.detail:
            is_contradiction = reading.use is Use.CONTRADICTION
            what = reading.use.words if is_contradiction else "probably unused"
            yield Item((f"{what} ({reading.entity}): {reading.detail}",))


# Sections.


def _downstream(audit: Audit) -> Section | None:
    """Return the planned work: what can start, what blocks the rest, where to begin."""
    if not audit.downstream:
        return None
    steps = _first_steps(audit.downstream)
    blocks: tuple[Block, ...] = (Items(tuple(map(_work, audit.downstream))),)
    if steps:
        blocks += (Paragraph((Sentence(steps),)),)
    return Section("Downstream work", blocks, note=_READY)


def _work(status: WorkStatus) -> Item:
    answer = f"blocked by {', '.join(status.blocked_by)}"
    return Item(
        (
            f"{status.item.id} {status.item.title}: ",
            "ready" if status.is_ready else answer,
        ),
        tuple((f"{blocker.need}: {blocker.reason}",) for blocker in status.blockers),
    )


def _first_steps(work: cabc.Sequence[WorkStatus]) -> str:
    """Say which checks to close first; nothing if only one item waits."""
    if sum(not status.is_ready for status in work) < 2:
        return ""
    steps = (f"{check} (for {listed(ids)})" for check, ids in unblocking(work))
    return f"to close first: {', then '.join(steps)}"


def _advisories(audit: Audit) -> Section | None:
    """Return what is worth a second look, ignored advisories last and in brief."""
    advisories = sorted(audit.advisories, key=lambda a: a.silenced is not None)
    items: list[Item] = []
    for advisory in advisories:
        head: Line = (Strong(advisory.code), " ", Name(advisory.subject))
        is_ignored = advisory.silenced is not None
        if is_ignored:
            head += (" is ignored: ", Sentence(advisory.silenced or ""))
        source: Line = (" (", advisory.source, ")") if advisory.source else ()
        message: Line = (Sentence(advisory.message), *source)
        items.append(Item(head, (message,), is_settled=is_ignored))
    blocks = (Items(tuple(items)),)
    return Section("Advisories", blocks, note=_NO_OUTCOME) if items else None
