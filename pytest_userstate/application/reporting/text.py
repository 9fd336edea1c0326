"""The audit as text for a terminal: 80 columns, readable without colour."""

from __future__ import annotations

import collections.abc as cabc
import itertools
import typing as typ

from pytest_userstate.application.audit import Audit
from pytest_userstate.application.schema_words import counted, in_lines
from pytest_userstate.application.wording import inert, wrap
from pytest_userstate.domain.coverage import (
    Axis,
    ConflictCoverage,
    MigrationDecision,
    RuntimeWiring,
)
from pytest_userstate.domain.downstream import WorkStatus, unblocking
from pytest_userstate.domain.evidence import (
    Check,
    Evidence,
    EvidenceKind,
    listed,
    origin,
)
from pytest_userstate.domain.gate import Outcome, Verdict
from pytest_userstate.domain.readings import Reading, Use
from pytest_userstate.domain.report import DECISIONS, UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import Source

if typ.TYPE_CHECKING:
    from pytest_userstate.application.comparison import Comparison

NOT_APPLICABLE: typ.Final = "n/a"
_INDENT: typ.Final = "  "
_MOST_FACTS: typ.Final = 6
_SIGNS: typ.Final = {
    EvidenceKind.PRESENT: "+",
    EvidenceKind.ABSENT: "-",
    EvidenceKind.CONTRADICTION: "!",
    EvidenceKind.DECLARED: "=",
    EvidenceKind.DROPPED: "x",
    EvidenceKind.NEAR_MISS: "~",
}


def matrix(report: UserStateSchemaAuditReport) -> list[str]:
    """Return the matrix, one line per entity, and why cells are not applicable."""
    cells = {(check.entity, check.axis): check.coverage for check in report.checks}
    rows = [["", *(axis.value for axis in Axis)]]
    rows += [
        [entity, *(cells.get((entity, axis), NOT_APPLICABLE) for axis in Axis)]
        for entity in report.entities
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return [*(line.rstrip() for line in lines), *_not_applicable(report)]


def detectable(audit: Audit) -> list[str]:
    """Say what the word of the conflict axis means, if the matrix has it."""
    checks = audit.report.checks
    if not any(check.coverage is ConflictCoverage.DETECTABLE for check in checks):
        return []
    proved = "not proved" if audit.proof is None else "what is proved is below"
    return [f"detectable: the schema lets a stale write be detected; {proved}"]


def recognized(audit: Audit) -> list[str]:
    """Return where the audit relies on recognized storage, or nothing."""
    entities = audit.recognition.entities if audit.recognition else ()
    tables = {
        entity.name: " or ".join(storage.table for storage in entity.used)
        for entity in entities
        if entity.used
    }
    if not tables:
        return []
    places = ", ".join(f"{name} in {table}" for name, table in tables.items())
    return wrap(
        f"recognized storage: {places} (to write it down: pytest --userstate-audit "
        "--userstate-init)",
        indent="",
        hanging=2,
    )


def readings(report: UserStateSchemaAuditReport) -> list[str]:
    """Return what schema and wiring say together, for the entities that share it."""
    uses: dict[Use, list[str]] = {}
    for reading in report.readings:
        uses.setdefault(reading.use, []).append(reading.entity)
    return [
        line
        for use in (Use.IN_USE, Use.PARTLY_IN_USE, Use.NOT_YET_USED)
        for line in wrap(f"{use.words}: {', '.join(uses.get(use, ()))}", indent="")
        if use in uses
    ]


def alarms(report: UserStateSchemaAuditReport) -> list[str]:
    """Return where wiring and schema contradict, and what is probably unused."""
    return [
        line
        for reading in report.readings
        if reading.detail
        for line in wrap(f"{alarm(reading)}: {reading.detail}", indent="", hanging=2)
    ]


def alarm(reading: Reading) -> str:
    """Return the heading of a reading's detail."""
    if reading.use is Use.CONTRADICTION:
        return f"{reading.use.words} ({reading.entity})"
    return f"probably unused ({reading.entity})"


def decisions(
    audit: Audit, outcomes: cabc.Mapping[str, Outcome]
) -> cabc.Iterator[tuple[Outcome, str, list[str]]]:
    """Yield, for each check with a decision, its outcome, heading, and details.

    Checks without a decision (wiring) are told where they matter: where they
    failed, or would have.
    """
    names = {check: name.replace("_", " ") for name, check in DECISIONS.items()}
    relevant = {Outcome.FAILED, Outcome.ACCEPTED}
    for verdict in audit.verdicts:
        check = verdict.check
        outcome = outcomes.get(check.id, Outcome.DESELECTED)
        if check.decision or outcome in relevant:
            answer = (check.decision or check.coverage).value.replace("_", " ")
            name = f" ({names[check.id]})" if check.id in names else ""
            yield outcome, f"{check.id}: {answer}{name}", details(verdict)


def details(verdict: Verdict, *, most: int = _MOST_FACTS) -> list[str]:
    """Return the rationale, what the gate says to it, and the evidence."""
    check = verdict.check
    lines = wrap(check.rationale)
    if verdict.reason not in {check.rationale, ""} and (
        verdict.outcome is not Outcome.NOT_GATED
    ):
        lines += wrap(verdict.reason)
    facts = condensed(check.evidence)
    for fact in facts[:most]:
        lines += wrap(fact, hanging=2)
    if len(facts) > most:
        lines.append("  and more, in the report")
    return lines


def condensed(evidence: cabc.Iterable[Evidence]) -> list[str]:
    """Return the facts as lines: one for all columns that one source made.

    >>> from pytest_userstate.domain.snapshot import Source
    >>> condensed(
    ...     Evidence(
    ...         kind=EvidenceKind.PRESENT,
    ...         subject=f"public.users{column}",
    ...         source=Source("up.sql", 3),
    ...     )
    ...     for column in ("", ".id", ".display_name")
    ... )
    ['+ public.users: id, display_name (up.sql:3)']
    """
    lines = []
    for key, facts in itertools.groupby(evidence, key=_place):
        kind, place, source, changed_by = key
        if kind not in {EvidenceKind.PRESENT, EvidenceKind.ABSENT}:
            lines += [f"{_SIGNS[kind]} {fact}" for fact in facts]
            continue
        subjects = [fact.subject for fact in facts]
        columns = [
            subject.removeprefix(f"{place}.")
            for subject in subjects
            if subject != place
        ]
        names = f"{place}: {', '.join(columns)}" if columns else place
        if "." not in place:
            names = ", ".join(subjects)
        lines.append(f"{_SIGNS[kind]} {names}{origin(source, changed_by)}")
    return lines


def _place(
    fact: Evidence,
) -> tuple[EvidenceKind, str, Source | None, Source | None]:
    """Return what facts have in common that are told in one line."""
    depth = fact.subject.count(".")
    place = fact.subject if depth == 1 else fact.subject.rpartition(".")[0]
    if fact.kind is EvidenceKind.ABSENT and depth == 1:
        place = fact.subject.partition(".")[0]
    return fact.kind, place, fact.source, fact.changed_by


def advisories(audit: Audit) -> list[str]:
    """Return the advisories, those that are silenced in one line each."""
    lines = []
    for advisory in audit.advisories:
        if advisory.silenced is None:
            source = f" ({advisory.source})" if advisory.source else ""
            lines += [
                f"{advisory.code} {advisory.subject}",
                *wrap(f"{advisory.message}{source}"),
            ]
    for advisory in audit.advisories:
        if advisory.silenced is not None:
            silenced = (
                f"{advisory.code} {advisory.subject} is silenced: {advisory.silenced}"
            )
            lines += wrap(silenced, hanging=2, indent="")
    return lines


def downstream(audit: Audit) -> list[str]:
    """Return the downstream work, each item with what keeps it; then where to begin."""
    lines = []
    for status in audit.downstream:
        item = f"{status.item.id} {status.item.title}"
        is_ready = "ready" if status.is_ready else f"blocked by {needs(status)}"
        lines += wrap(f"{item}: {is_ready}", hanging=2, indent="")
        for blocker in status.blockers:
            lines += wrap(f"{blocker.need}: {blocker.reason}", hanging=2)
    return [*lines, *wrap(first_steps(audit), hanging=2, indent="")]


def needs(status: WorkStatus) -> str:
    """Return the needs that keep an item, in one line."""
    return ", ".join(status.blocked_by)


def first_steps(audit: Audit) -> str:
    """Say which checks to close first; nothing where only one item waits."""
    if sum(not status.is_ready for status in audit.downstream) < 2:
        return ""
    steps = (
        f"{check} (for {listed(ids)})" for check, ids in unblocking(audit.downstream)
    )
    return f"to close first: {', then '.join(steps)}"


def explanation(verdict: Verdict) -> str:
    """Return what a failing check prints: expected, found, evidence, what to do."""
    check = verdict.check
    expected = "the gap to be closed"
    if check.axis is Axis.WIRING:
        expected = "wiring that reaches the database, over storage that is there"
    elif verdict.acceptance is None:
        expected = "decision not_required"
    found = f"decision {check.decision.value}, " if check.decision else ""
    lines = [
        f"{check.id} failed",
        f"expected: {expected}",
        *wrap(f"found: {found}coverage {check.coverage.value}", indent=""),
        *details(verdict, most=30),
    ]
    steps = next_steps(verdict)
    if steps:
        lines.append("to do, one of these:")
    for step in steps:
        lines += wrap(step, hanging=2)
    return "\n".join(lines)


def _not_applicable(report: UserStateSchemaAuditReport) -> list[str]:
    """Say once for each reason which rows it is about."""
    rows: dict[str, dict[str, None]] = {}
    for cell in report.not_applicable:
        rows.setdefault(cell.reason, {})[cell.entity] = None
    return [
        line
        for reason, entities in rows.items()
        for line in wrap(
            f"{NOT_APPLICABLE} ({', '.join(entities)}): {reason}", indent="", hanging=5
        )
    ]


def next_steps(verdict: Verdict) -> list[str]:
    """Return the ways to make the check pass, any of which will do.

    None where an acceptance is at fault, whose reason says what to do.
    """
    if verdict.acceptance is not None:
        return []
    check = verdict.check
    return [
        *_closing(check),
        f'let the gap pass: [[accept]] with check = "{check.id}" and a reason',
    ]


def _closing(check: Check) -> list[str]:
    """Return the ways to close the gap."""
    if check.decision is MigrationDecision.DEFERRED:
        return [f"see to it that {check.prerequisite}"]
    match check.axis:
        case Axis.SCHEMA:
            return _storing(check)
        case Axis.WIRING:
            return [_wiring(check)]
        case Axis.REVISION | Axis.CONFLICT:
            return _tracking(check)


def _wiring(check: Check) -> str:
    match check.coverage:
        case RuntimeWiring.NOT_PROBED:
            return f"say under [wiring.ports.{check.entity}] what stands behind it"
        case RuntimeWiring.DATABASE_BACKED | RuntimeWiring.CONDITIONAL:
            return f"close {check.entity}.{Axis.SCHEMA}: the program uses its storage"
        case _:
            return "put an adapter that reaches the database behind the port"


def _tracking(check: Check) -> list[str]:
    """Return the ways to have a revision that tells stale writes, or none."""
    if check.coverage is ConflictCoverage.UNRELIABLE:
        return ["write a migration that mends the column, or adds another one"]
    entity = f"entities.{check.entity}"
    return [
        "write a migration that adds a revision column",
        f"name the column that you have: revision in [[{entity}.models]]",
        f'expect none: revisions = "not_expected" under [{entity}]',
    ]


def _storing(check: Check) -> list[str]:
    """Return the ways to have one complete storage that counts, or none."""
    entity = f"entities.{check.entity}"
    complete = listed(check.models, "or")
    if len(check.models) > 1 and not check.canonical:
        return [f"declare {complete} canonical under [{entity}]"]
    if check.models and check.canonical not in {None, *check.models}:
        return [
            f"write a migration that completes {check.canonical}",
            f"declare {complete} canonical under [{entity}]",
        ]
    if check.models:
        return ["write a migration that drops the copies that do not count"]
    return [
        "write a migration that adds what is missing",
        f"name the tables that you have: [[{entity}.models]]",
        f"expect none: expected = false under [{entity}]",
    ]


def comparison_heading(comparison: Comparison) -> str:
    """Return the comparison's name and its result in a line."""
    match comparison:
        case _ if comparison.error:
            result = "not compared"
        case _ if comparison.is_first:
            result = "written anew, there was nothing to compare with"
        case _ if comparison.changes and comparison.is_accepted:
            result = f"{_differences(comparison)}, accepted"
        case _:
            result = _differences(comparison)
    return f"{comparison.name}: {result}"


def comparison_details(comparison: Comparison) -> list[str]:
    """Return what it was compared with, and what differs."""
    return [
        *([] if comparison.is_first else _reference(comparison)),
        *_indented(comparison.error.splitlines()),
        *_indented(_difference_lines(comparison)),
        *([] if _is_settled(comparison) else _indented(_remedy(comparison))),
    ]


def comparison_explanation(comparison: Comparison) -> str:
    """Return what a failing comparison prints: expected, found, what to do."""
    return "\n".join(
        [
            f"{comparison.name} failed",
            *wrap(f"expected: {comparison.expected}", indent="", hanging=2),
            f"found: {_differences(comparison)}",
            *_indented(_difference_lines(comparison)),
            *_remedy(comparison),
        ]
    )


def _reference(comparison: Comparison) -> list[str]:
    return wrap(f"compared with {comparison.reference}", hanging=2)


def _legend(comparison: Comparison) -> str:
    """Return what the signs before the differences mean."""
    before, after = comparison.before, comparison.after
    return f"(- only in {before}, + only in {after}, ! {before} != {after})"


def _differences(comparison: Comparison) -> str:
    match len(comparison.changes):
        case 0:
            return "no difference"
        case 1:
            return "1 difference"
        case count:
            return f"{count:,} differences"


def _difference_lines(comparison: Comparison) -> list[str]:
    if not comparison.changes:
        return []
    lines = [
        *wrap(counted(comparison.changes), indent=""),
        *wrap(_legend(comparison), indent="", hanging=1),
    ]
    return [*lines, *in_lines(comparison.changes)]


def _is_settled(comparison: Comparison) -> bool:
    return bool(comparison.error) or comparison.is_accepted or not comparison.changes


def _remedy(comparison: Comparison) -> list[str]:
    # A command stays on one line, so that it can be copied.
    return [
        line
        for paragraph in comparison.remedy.splitlines()
        for line in (
            [paragraph] if paragraph[:1] == " " else wrap(paragraph, indent="")
        )
    ]


def _indented(lines: cabc.Iterable[str]) -> list[str]:
    return [f"{_INDENT}{inert(line)}" for line in lines]
