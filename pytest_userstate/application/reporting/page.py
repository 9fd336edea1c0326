"""The sections that only a written page has: findings, scope, the diagram, ….

A run without such a page does not load what they need.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.audit import Audit
from pytest_userstate.application.reporting.document import (
    Block,
    Document,
    Item,
    Items,
    Paragraph,
    Section,
    Table,
)
from pytest_userstate.application.reporting.findings import (
    Finding,
    Line,
    Name,
    Path,
    Sentence,
    Span,
    Strong,
    Volatile,
    answer_in_words,
    change_line,
    fact_line,
    names,
)
from pytest_userstate.application.reporting.proofs import draft_items, proof_section
from pytest_userstate.domain.architecture import ArchitectureDecision, architecture
from pytest_userstate.domain.coverage import Axis, RuntimeWiring, in_words
from pytest_userstate.domain.evidence import listed
from pytest_userstate.domain.gate import Outcome, Verdict
from pytest_userstate.domain.model import Entity, StorageModel
from pytest_userstate.domain.recognition.result import Recognition
from pytest_userstate.domain.report import DECISIONS, UserStateSchemaAuditReport
from pytest_userstate.domain.state_diagram import StateDiagram
from pytest_userstate.domain.timeline import Step, Timeline, TimelineEvent

_QUESTIONS: typ.Final = {
    Axis.SCHEMA: "does the schema store it?",
    Axis.WIRING: "does the running program use what is stored?",
    Axis.REVISION: "does the storage keep a revision?",
    Axis.CONFLICT: "can a stale write be detected?",
}
_LAST: typ.Final = "Of a part that was changed several times, the last change is known."


def finding_section(finding: Finding) -> Section:
    """Return what there is to say about a check or a comparison."""
    outcome = f"outcome: {in_words(finding.outcome)}"
    is_failing = finding.outcome in {Outcome.FAILED, Outcome.ERROR}
    if is_failing and finding.judgement and finding.coverage:
        outcome += f" ({finding.judgement})"
    answer = finding.coverage or finding.answer
    blocks: list[Block] = [Paragraph((f"{answer.capitalize()}; {outcome}.",))]
    if not finding.coverage:
        details = [finding.reason, *finding.notes]
        blocks.append(_bullets(*filter(None, details)))
    elif is_failing or not finding.is_decided:
        blocks.append(Paragraph((Sentence(finding.reason),)))
    facts = [*map(fact_line, finding.evidence), *map(change_line, finding.changes)]
    if facts:
        blocks.append(_bullets(*dict.fromkeys(facts)))
    if is_failing and finding.steps:
        head = "To do:" if finding.changes else "To do, one of these:"
        blocks += [Paragraph((head,)), _bullets(*finding.steps)]
    if finding.drafts:
        blocks += [Paragraph(("Draft of a migration:",)), Items(draft_items(finding))]
    return Section(finding.id, tuple(blocks))


def page_sections(document: Document, audit: Audit) -> tuple[Section, ...]:
    """Return the sections of a page in order, the scope first."""
    warnings = _bullets(*document.warnings)
    sections = (
        _scope(audit),
        _decisions(audit.report),
        _architecture(audit),
        proof_section(audit.proof),
        document.section("Downstream work"),
        _accepted(audit),
        document.section("Advisories"),
        Section("Warnings", (warnings,)) if document.warnings else None,
        _diagram(audit.diagram),
        _timeline(audit.timeline),
    )
    return tuple(section for section in sections if section)


def _bullets(*lines: str | Line) -> Items:
    return Items(
        tuple(Item((line,) if isinstance(line, str) else line) for line in lines)
    )


def _table(*rows: cabc.Sequence[str | Line]) -> Table:
    return Table(
        tuple(
            tuple((cell,) if isinstance(cell, str) else cell for cell in row)
            for row in rows
        )
    )


def _scope(audit: Audit) -> Section:
    gated, model = audit.settings.gate.axes, audit.model
    axes = [
        (axis.value, _QUESTIONS[axis], "yes" if axis in gated else "no")
        for axis in Axis
    ]
    entities = [
        (
            entity.name,
            _models(entity, audit.recognition),
            "fine" if entity.allow_multiple else "ambiguous",
        )
        for entity in model.entities
    ]
    return Section(
        "Scope and method",
        (
            _bullets(
                *_method(audit),
                "Read: PostgreSQL's catalog, compared with the storage models below",
                (
                    "Counted: ordinary and partitioned tables of ",
                    *names(model.schemas),
                    ", by exact names",
                ),
                "Not counted: views, foreign tables, temporary tables",
            ),
            _table(("axis", "question", "gated"), *axes),
            _table(("entity", "storage models", "several complete"), *entities),
            Paragraph(("Not covered:",)),
            _bullets(*_limits(audit)),
        ),
    )


def _method(audit: Audit) -> cabc.Iterator[str | Line]:
    target = audit.target
    server: Line = ("Server: PostgreSQL ", Volatile("server", (audit.server,)))
    if target.kind == "dsn":
        yield server
        yield "A live database, read in place, in one read-only transaction"
        return
    applied = f"{audit.applied} applied in turn to an empty database"
    yield (
        "Migrations: ",
        Path(target.path or ""),
        f", {target.layout} layout, {applied}",
    )
    yield "Digest of the migrations: ", Name(target.digest or "")
    yield server
    stubs = names(audit.stubs) or ("none",)
    yield "Extensions declared without their code: ", Volatile("stubs", stubs)


def _models(entity: Entity, recognition: Recognition | None) -> Line:
    if not entity.expected:
        return (f"not expected: {entity.reason}",)
    is_recognized = recognition and recognition.entity(entity.name).used
    spans: list[Span] = ["recognized, "] if is_recognized else []
    for number, model in enumerate(entity.models):
        spans += ["; "] if number else []
        spans += _model(model)
    return tuple(spans)


def _model(model: StorageModel) -> cabc.Iterator[Span]:
    """Yield a storage model: its tables, and the columns that it needs."""
    kind = "table" if len(model.tables) == 1 else "any of the tables"
    yield from (Name(model.name), f": {kind} ", *names(model.tables))
    for number, group in enumerate(model.column_groups):
        yield " and " if number else " with "
        for place, column in enumerate(group):
            yield from (" or ", Name(column)) if place else (Name(column),)


def _limits(audit: Audit) -> cabc.Iterator[str]:
    yield "rows: only the schema was read, no data"
    if audit.target.kind != "dsn":
        yield "the databases that run: what was changed there by hand is not seen"
    yield (
        "the program, beyond the wiring of its ports: whether a write really compares "
        "the revision is for its own tests to show"
    )
    unprobed = [
        check.entity
        for check in audit.report.checks
        if check.coverage is RuntimeWiring.NOT_PROBED
    ]
    if unprobed:
        yield f"the wiring of {listed(unprobed)}, which was not probed"
    yield "schemas, tables, and entities that are not named above"


def _decisions(report: UserStateSchemaAuditReport) -> Section:
    asked = {check: name for name, check in DECISIONS.items()}
    rows: list[tuple[str | Line, ...]] = [("migration", "check", "answer", "rationale")]
    rows += [
        (
            in_words(asked.get(check.id, "")) or f"{check.entity} {check.axis}",
            (Name(check.id),),
            answer_in_words(check),
            (Sentence(check.rationale),),
        )
        for check in report.checks
        if check.decision is not None
    ]
    return Section("Decisions", (_table(*rows),))


def _architecture(audit: Audit) -> Section | None:
    diagram = audit.diagram or StateDiagram()
    decisions = [*architecture(audit.report, audit.model, diagram)]
    if not decisions:
        return None
    blocks = tuple(map(_architecture_decision, decisions))
    return Section("Architecture decisions", blocks)


def _architecture_decision(decision: ArchitectureDecision) -> Section:
    standing = Strong(str(decision.standing))
    lines: list[Line] = [
        ("Standing: ", standing, " (", Name(decision.check), ")"),
        (Sentence(decision.statement),),
    ]
    if decision.reason:
        lines.append(("Reason: ", Sentence(decision.reason)))
    options = tuple(
        Item(
            (Strong(option.name), " (recommended)" * option.is_recommended),
            tuple((Sentence(text),) for text in option.consequences),
        )
        for option in decision.options
    )
    blocks: tuple[Block, ...] = (_bullets(*lines),)
    if options:
        blocks += Paragraph(("Options:",)), Items(options, numbered=True)
    return Section(decision.title, blocks)


def _accepted(audit: Audit) -> Section:
    verdicts = [verdict for verdict in audit.verdicts if verdict.acceptance]
    rows: list[tuple[str | Line, ...]] = [("check", "answer", "reason", "until")]
    rows += map(_acceptance, verdicts)
    none = Paragraph(("No gap is accepted.",))
    return Section("Accepted gaps", (_table(*rows) if verdicts else none,))


def _acceptance(verdict: Verdict) -> tuple[str | Line, ...]:
    check, acceptance = verdict.check, verdict.acceptance
    until = acceptance.until if acceptance else None
    return (
        (Name(check.id),),
        answer_in_words(check),
        acceptance.reason if acceptance else "",
        until.isoformat() if until else "it is closed",
    )


def _diagram(diagram: StateDiagram | None) -> Section:
    if diagram is None or not diagram.tables:
        note = "None of the tables that the model names is there."
        return Section("User-state tables", (Paragraph((note,)),))
    return Section("User-state tables", (diagram,))


def _timeline(timeline: Timeline | None) -> Section | None:
    if timeline is None or not timeline.entries:
        return None
    note = _LAST
    if timeline.others:
        others = "1 other migration" if timeline.others == 1 else ""
        others = others or f"{timeline.others} other migrations"
        note += f" {others} did nothing to these tables."
    return Section("Timeline", (Paragraph((note,)), timeline))


def event_line(event: TimelineEvent) -> Line:
    """Return what a migration did to a table, in a line."""
    parts: list[Span] = []
    for kind, several, subjects in (
        ("column", "columns", event.columns),
        ("constraint", "constraints", event.constraints),
        ("index", "indexes", event.indexes),
    ):
        if event.step is Step.RENAMED:
            for name in subjects:
                parts += [f"{kind} ", Name(f"{event.table}.{name}")]
        elif subjects:
            kinds = kind if len(subjects) == 1 else several
            parts += ["; " if parts else "", f"{kinds} ", *names(subjects)]
    table = Name(event.table)
    head: Line = (Strong(event.step.value), " ")
    if event.step is Step.RENAMED:
        what = parts or ["table ", table]
        return (*head, *what, " to ", Name(event.renamed_to))
    if not event.is_whole:
        return (*head, "in ", table, ": ", *parts)
    link = " with " if event.step is Step.INTRODUCED else "; "
    return (*head, "table ", table, *([link, *parts] if parts else []))
