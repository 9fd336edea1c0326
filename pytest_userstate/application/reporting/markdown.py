"""The audit as a page to read and to commit, in Markdown.

One fact stands on one line, so that a change of one is a change of one line.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import typing as typ

from pytest_userstate.application.audit import Audit
from pytest_userstate.application.reporting import proofs
from pytest_userstate.application.reporting.markdown_syntax import (
    Links,
    Volatile,
    code,
    codes,
    plain,
    sentence,
    table,
    text,
    visible,
    volatile,
    words,
)
from pytest_userstate.application.reporting.mermaid import diagram_section
from pytest_userstate.application.reporting.text import first_steps
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.application.schema_words import counted, described
from pytest_userstate.domain.architecture import (
    ArchitectureDecision,
    DecisionOption,
    architecture,
)
from pytest_userstate.domain.coverage import Axis, RuntimeWiring
from pytest_userstate.domain.difference import Change
from pytest_userstate.domain.evidence import Check, Evidence, listed
from pytest_userstate.domain.gate import Outcome, Verdict
from pytest_userstate.domain.model import Entity, StorageModel
from pytest_userstate.domain.report import DECISIONS, UserStateSchemaAuditReport
from pytest_userstate.domain.state_diagram import StateDiagram

if typ.TYPE_CHECKING:
    from pytest_userstate.application.comparison import Comparison

_ORIGIN: typ.Final = (
    "Written by `pytest --userstate-audit --userstate-report FILE`: renew this page, "
    "do not edit it."
)


def render(record: RunRecord, links: Links) -> str:
    """Return the report of a run as Markdown text."""
    return plain(marked(record, links))


def marked(record: RunRecord, links: Links) -> str:
    """Return the same, with marks around what does not count in a comparison."""
    sections = [["# User-state audit"], _summary(record)]
    audit = record.audit
    if audit:
        sections += [
            scope(audit, links),
            matrix(audit.report),
            findings(audit, record.outcomes, links),
            other_schemas(record, links),
            decisions(audit.report),
            architecture_decisions(audit),
            proofs.markdown(audit.proof),
            downstream(audit),
            accepted(audit),
            advisories(audit, links),
            warnings(audit),
            diagram_section(audit.diagram),
        ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _summary(record: RunRecord) -> list[str]:
    lines = [
        _ORIGIN,
        "",
        f"Status: **{record.status.value}**{_counts(record)}",
    ]
    if record.error:
        message = record.error.message.splitlines()
        lines += ["", *(f"    {visible(line)}" for line in message)]
    for name, checks in (
        ("did not run although nobody deselected them", record.vanished),
        ("were given another outcome than the gate's", record.contradicted),
    ):
        if checks:
            lines += ["", f"These checks {name}: {codes(checks)}"]
    for document in record.documents:
        if not document.is_current:
            lines += ["", f"A committed report: {text(document.message)}"]
    return lines


def _counts(record: RunRecord) -> str:
    """Count the outcomes, in the order of their first check."""
    if not record.audit:
        return ""
    counts: cabc.Mapping[str, int] = collections.Counter(record.outcomes.values())
    counted = ", ".join(f"{count} {words(name)}" for name, count in counts.items())
    partial = "" if record.is_complete else " (partial: not every check ran)"
    return f": {counted}{partial}"


_QUESTIONS: typ.Final = {
    Axis.SCHEMA: "does the schema store it?",
    Axis.WIRING: "does the running program use what is stored?",
    Axis.REVISION: "does the storage keep a revision?",
    Axis.CONFLICT: "can a stale write be told from a fresh one?",
}


def scope(audit: Audit, links: Links) -> list[str]:
    """Return the section about scope and method."""
    return [
        "## Scope and method",
        "",
        *_method(audit, links),
        "",
        *_axes(audit),
        "",
        *_entities(audit),
        "",
        "Not covered:",
        "",
        *(f"- {line}" for line in _limits(audit)),
    ]


def _method(audit: Audit, links: Links) -> list[str]:
    target = audit.target
    server = f"PostgreSQL {volatile(Volatile.SERVER, text(audit.server))}"
    if target.kind == "dsn":
        lines = [
            f"- Server: {server}",
            "- A live database, read in place, in one read-only transaction",
        ]
    else:
        lines = [
            f"- Migrations: {links.path(target.path or '')}, {_applied(audit)}",
            f"- Digest of the migrations: {code(target.digest or '')}",
            f"- Server: {server}",
        ]
        stubs = codes(audit.stubs) or "none"
        lines.append(
            "- Extensions declared without their code: "
            + volatile(Volatile.STUBS, stubs)
        )
    schemas = codes(audit.settings.model.schemas)
    return [
        *lines,
        "- Read: PostgreSQL's catalog, held against the storage models below",
        f"- Counted: ordinary and partitioned tables of {schemas}, by exact names",
        "- Not counted: views, foreign tables, temporary tables",
    ]


def _applied(audit: Audit) -> str:
    layout = text(audit.target.layout or "")
    return f"{layout} layout, {audit.applied} applied in turn to an empty database"


def _axes(audit: Audit) -> list[str]:
    gated = audit.settings.gate.axes
    rows = [("axis", "question", "gated")]
    rows += [
        (axis.value, _QUESTIONS[axis], "yes" if axis in gated else "no")
        for axis in Axis
    ]
    return table(rows)


def _entities(audit: Audit) -> list[str]:
    rows = [("entity", "storage models", "several complete")]
    rows += [
        (text(entity.name), _models(entity), entity.several.value)
        for entity in audit.settings.model.entities
    ]
    return table(rows)


def _models(entity: Entity) -> str:
    if not entity.expected:
        return f"not expected: {text(entity.reason)}"
    return "; ".join(map(_model, entity.models))


def _model(model: StorageModel) -> str:
    """Describe a storage model: its tables, and the columns that it needs."""
    kind = "table" if len(model.tables) == 1 else "any of the tables"
    columns = " and ".join(" or ".join(map(code, g)) for g in model.column_groups)
    named = f"{code(model.name)}: {kind} {codes(model.tables)}"
    return named + (f" with {columns}" if columns else "")


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
        yield f"the wiring of {text(listed(unprobed))}, which was not probed"
    yield "schemas, tables, and entities that are not named above"


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
            text(reading.entity),
            reading.use.words,
            sentence(reading.detail) if reading.detail else "",
        )
        for reading in report.readings
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
    facts = dict.fromkeys(_fact(fact, links) for fact in check.evidence)
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
    judgement = f"outcome: {words(outcome)}"
    if outcome is Outcome.FAILED and verdict.reason != verdict.check.rationale:
        judgement += f" ({text(verdict.reason)})"
    return judgement


def _fact(fact: Evidence, links: Links) -> str:
    bare = Evidence(kind=fact.kind, subject=fact.subject, detail=fact.detail)
    statement = str(bare).removeprefix(fact.subject)
    gap = "" if statement.startswith(":") or not statement else " "
    changed = f", changed by {links.source(fact.changed_by)}" if fact.changed_by else ""
    source = f" ({links.source(fact.source)}{changed})" if fact.source else ""
    return f"{code(fact.subject)}{gap}{text(statement)}{source}"


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


def other_schemas(record: RunRecord, links: Links) -> list[str]:
    """Return the section, empty where nothing was compared."""
    comparisons = record.audit.comparisons if record.audit else ()
    if not comparisons:
        return []
    lines = ["## Other schemas"]
    for comparison in comparisons:
        outcome = record.outcomes.get(comparison.name, Outcome.DESELECTED)
        lines += ["", f"### {text(comparison.name)}", "", *_facts(comparison, outcome)]
        lines += [f"- {_difference(change, links)}" for change in comparison.changes]
    return lines


def _facts(comparison: Comparison, outcome: Outcome) -> cabc.Iterator[str]:
    yield f"- compared with: {text(comparison.reference)}"
    yield f"- outcome: {outcome.value}"
    if comparison.error:
        yield f"- error: {text(comparison.error)}"
    if comparison.changes:
        before, after = text(comparison.before), text(comparison.after)
        yield f"- found: {text(counted(comparison.changes))}"
        yield f"- removed: only in {before}; added: only in {after}"


def _difference(change: Change, links: Links) -> str:
    what = f"{change.kind}: {change.what} {code(change.subject)}"
    difference = described(change)
    detail = f" {text(difference)}" if difference else ""
    made = f" ({links.source(change.source)})" if change.source else ""
    gone = change.dropped
    end = f", {text(gone.fate)} by {links.source(gone.source)}" if gone else ""
    return f"{what}{detail}{made}{end}"


def architecture_decisions(audit: Audit) -> list[str]:
    """Return the section about architecture."""
    lines = ["## Architecture decisions"]
    for decision in architecture(
        audit.report, audit.settings.model, audit.diagram or StateDiagram()
    ):
        lines += ["", *_architecture_decision(decision)]
    return lines if len(lines) > 1 else []


def _architecture_decision(decision: ArchitectureDecision) -> list[str]:
    lines = [
        f"### {text(decision.title)}",
        "",
        f"- Standing: **{decision.standing}** ({code(decision.check)})",
        f"- {sentence(decision.statement)}",
    ]
    if decision.reason:
        lines.append(f"- Reason: {sentence(decision.reason)}")
    if decision.options:
        lines += ["", "Options:"]
    for number, option in enumerate(decision.options, 1):
        lines += ["", *_option(number, option)]
    return lines


def _option(number: int, option: DecisionOption) -> list[str]:
    recommended = " (recommended)" if option.is_recommended else ""
    return [
        f"{number}. **{text(option.name)}**{recommended}",
        *(f"   - {sentence(consequence)}" for consequence in option.consequences),
    ]


def downstream(audit: Audit) -> list[str]:
    """Return the section about planned work: what can start, and what blocks it."""
    if not audit.downstream:
        return []
    rows = [("item", "title", "needs", "status", "blocked by")]
    rows += [
        (
            text(status.item.id),
            text(status.item.title),
            codes(status.item.needs),
            "ready" if status.is_ready else "blocked",
            "; ".join(
                f"{code(blocker.need)}: {text(blocker.reason)}"
                for blocker in status.blockers
            ),
        )
        for status in audit.downstream
    ]
    return [
        "## Downstream work",
        "",
        "Work is ready when all that it needs is closed; an accepted gap is not.",
        "",
        *table(rows),
        *(["", sentence(steps)] if (steps := first_steps(audit)) else []),
    ]


def accepted(audit: Audit) -> list[str]:
    """Return the section about known gaps."""
    verdicts = [verdict for verdict in audit.verdicts if verdict.acceptance]
    rows = [("check", "answer", "reason", "until"), *map(_accepted, verdicts)]
    body = table(rows) if verdicts else ["No gap is accepted."]
    return ["## Accepted gaps", "", *body]


def _accepted(verdict: Verdict) -> tuple[str, str, str, str]:
    check, acceptance = verdict.check, verdict.acceptance
    until = acceptance.until if acceptance else None
    return (
        code(check.id),
        words(check.decision or check.coverage),
        text(acceptance.reason) if acceptance else "",
        until.isoformat() if until else "it is closed",
    )


def advisories(audit: Audit, links: Links) -> list[str]:
    """Return the section about what is worth a second look."""
    if not audit.advisories:
        return []
    lines = ["## Advisories", "", "They change no decision and no outcome.", ""]
    for advisory in audit.advisories:
        source = f" ({links.source(advisory.source)})" if advisory.source else ""
        silenced = ""
        if advisory.silenced is not None:
            silenced = f" Silenced: {sentence(advisory.silenced)}"
        lines.append(
            f"- **{text(advisory.code)}** {code(advisory.subject)}{source}: "
            f"{sentence(advisory.message)}{silenced}"
        )
    return lines


def warnings(audit: Audit) -> list[str]:
    """Return the section about what is surprising."""
    if not audit.warnings:
        return []
    return ["## Warnings", "", *(f"- {text(warning)}" for warning in audit.warnings)]
