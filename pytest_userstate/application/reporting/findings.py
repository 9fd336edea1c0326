"""What a check or a comparison has to say: its answer, its reason, and what to do.

Whatever a reader sees of a failing check begins here, wherever it is printed.
"""

from __future__ import annotations

import collections.abc as cabc
import itertools
import typing as typ

import attrs

from pytest_userstate.application.schema_words import counted, described, in_lines
from pytest_userstate.application.settings import Home
from pytest_userstate.domain.coverage import (
    Axis,
    ConflictCoverage,
    MigrationDecision,
    RuntimeWiring,
    in_words,
)
from pytest_userstate.domain.difference import Change
from pytest_userstate.domain.evidence import (
    Check,
    Evidence,
    EvidenceKind,
    listed,
    origin,
)
from pytest_userstate.domain.gate import Outcome, Verdict
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import Source

if typ.TYPE_CHECKING:
    from pytest_userstate.application.comparison import Comparison
    from pytest_userstate.domain.drafts import VerifiedDraft

_ANSWERS: typ.Final = {
    MigrationDecision.REQUIRED: "migration required",
    MigrationDecision.NOT_REQUIRED: "no migration needed",
    MigrationDecision.DEFERRED: "migration deferred",
}
_SIGNS: typ.Final = {
    EvidenceKind.PRESENT: "+",
    EvidenceKind.ABSENT: "-",
    EvidenceKind.CONTRADICTION: "!",
    EvidenceKind.DECLARED: "=",
    EvidenceKind.DROPPED: "x",
    EvidenceKind.NEAR_MISS: "~",
    EvidenceKind.WRITTEN: ">",
}
_TELLING: typ.Final = (
    EvidenceKind.WRITTEN,
    EvidenceKind.CONTRADICTION,
    EvidenceKind.DROPPED,
    EvidenceKind.NEAR_MISS,
    EvidenceKind.DECLARED,
    EvidenceKind.PRESENT,
)
"""The kinds of facts that say most about why a check failed, the best first."""


# The parts of lines. A string is text, which nothing in it turns into markup.


@attrs.frozen
class Name:
    """A name, which Markdown shows as code."""

    text: str


@attrs.frozen
class Sentence:
    """Text that is a complete sentence."""

    text: str


@attrs.frozen
class Strong:
    """Emphasized text."""

    text: str


@attrs.frozen
class Path:
    """A file or folder of the audited repository."""

    text: str


@attrs.frozen
class Volatile:
    """A part that does not count when a committed page is compared."""

    kind: typ.Literal["server", "stubs"]
    spans: Line


Span: typ.TypeAlias = "str | Name | Sentence | Strong | Path | Volatile | Source"
Line: typ.TypeAlias = tuple[Span, ...]


def names(values: cabc.Iterable[str]) -> Line:
    """Return names, separated by commas."""
    spans: list[Span] = []
    for value in values:
        spans += [", ", Name(value)] if spans else [Name(value)]
    return tuple(spans)


@attrs.frozen(kw_only=True)
class Finding:
    """A check, or a comparison, with all that there is to say about it."""

    id: str
    outcome: Outcome
    # What the audit answers: ``migration required``, ``2 differences``.
    answer: str
    # The coverage in words; empty for a comparison.
    coverage: str = ""
    reason: str
    # What the gate says beyond the reason: an acceptance, or its end.
    judgement: str = ""
    expected: str
    evidence: tuple[Evidence, ...] = ()
    changes: tuple[Change, ...] = ()
    # What the schema was compared with, and what the signs in the lines mean.
    notes: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    # What to do; of several lines that begin with a dash, any will do.
    steps: tuple[str, ...] = ()
    # The place that says most about it.
    source: Source | None = None
    # The drafts of migrations that close it, or why there is none.
    drafts: tuple[VerifiedDraft, ...] = ()
    # Whether a migration follows from the check, or may.
    is_decided: bool = True
    # Whether its reason says what the program writes.
    has_writes: bool = False

    @property
    def heading(self) -> str:
        """The id with the answer."""
        return f"{self.id}: {self.answer}"

    @property
    def summary(self) -> str:
        """Why it has this outcome, in a line."""
        if self.outcome is Outcome.FAILED and self.judgement:
            return self.judgement
        return f"{self.answer}: {self.reason}"


def answer_in_words(check: Check) -> str:
    """Return the answer of a check: what follows for migrations, or its coverage."""
    if check.coverage is ConflictCoverage.BYPASSED:
        return f"{in_words(check.coverage)}, no migration needed"
    if check.decision is MigrationDecision.DEFERRED:
        return f"{_ANSWERS[check.decision]} until {check.prerequisite}"
    return _ANSWERS[check.decision] if check.decision else in_words(check.coverage)


def finding_of(
    verdict: Verdict,
    outcome: Outcome | None = None,
    report: UserStateSchemaAuditReport | None = None,
    home: Home = Home(),  # noqa: B008 - frozen
) -> Finding:
    """Return what there is to say about a check.

    The report helps to find the migration of a table that lacks something; `home` is
    the file that the steps are for.
    """
    check = verdict.check
    expected = "no migration to be needed"
    if verdict.acceptance is not None:
        expected = "an acceptance that still holds"
    elif check.axis is Axis.WIRING:
        expected = "wiring that reaches the database, over storage that is there"
    elif _is_contradicted(verdict):
        expected = "what was tried to agree with the audit"
    elif check.coverage is ConflictCoverage.BYPASSED:
        expected = "every write in the sources to compare the revision, and raise it"
    # The answer says already what a deferred migration waits for.
    said = {Outcome.NOT_GATED, Outcome.DEFERRED}
    is_more = verdict.outcome not in said and verdict.reason != check.rationale
    return Finding(
        id=home.full_id(check.id),
        outcome=outcome or Outcome.DESELECTED,
        has_writes=bool(check.writes),
        answer=answer_in_words(check),
        coverage=in_words(check.coverage),
        reason=check.rationale,
        judgement=verdict.reason if is_more else "",
        expected=expected,
        evidence=check.evidence,
        steps=tuple(next_steps(verdict, home)),
        source=_source(check, report),
        is_decided=check.decision is not None,
    )


def _source(check: Check, report: UserStateSchemaAuditReport | None) -> Source | None:
    """Return the place that says most about a check, or made the table it is about."""
    tables = {
        fact.subject: fact.source
        for other in (report.checks if report else ())
        for fact in other.evidence
        if fact.kind is EvidenceKind.PRESENT
    }
    absent = (fact for fact in check.evidence if fact.kind is EvidenceKind.ABSENT)
    lacking = {*map(_owner, absent)} & {*tables}
    for kind in _TELLING:
        for fact in check.evidence:
            is_elsewhere = kind is EvidenceKind.NEAR_MISS and lacking
            if is_elsewhere and _owner(fact) not in lacking:
                continue  # what another table has says little about this one
            if fact.kind is kind and fact.source:
                return fact.changed_by or fact.source
    places = (tables.get(_owner(fact)) for fact in check.evidence)
    return next(filter(None, places), None)


def _owner(fact: Evidence) -> str:
    """Return the table of a column."""
    return fact.subject.rpartition(".")[0]


def finding_of_comparison(
    comparison: Comparison,
    outcome: Outcome | None = None,
    home: Home = Home(),  # noqa: B008 - frozen
) -> Finding:
    """Return what there is to say about a comparison with another schema."""
    changes = comparison.changes
    before, after = comparison.before, comparison.after
    count = len(changes)
    answer = f"{count:,} differences" if count > 1 else "1 difference"
    match comparison:
        case _ if comparison.error:
            answer = "not compared"
        case _ if comparison.is_first:
            answer = "written anew, there was nothing to compare with"
        case _ if not changes:
            answer = "no difference"
        case _ if comparison.is_accepted:
            answer = f"{answer}, accepted"
    reference = f"compared with {comparison.reference}"
    signs = f"(- only in {before}, + only in {after}, ! {before} != {after})"
    sources = [change.source for change in changes]
    sources += [change.dropped.source for change in changes if change.dropped]
    is_settled = comparison.error or comparison.is_accepted or not changes
    return Finding(
        id=home.full_id(comparison.name),
        outcome=outcome or Outcome.DESELECTED,
        answer=answer,
        reason=comparison.error or counted(changes),
        expected=comparison.expected,
        changes=changes,
        notes=(reference, signs) if changes else (),
        lines=tuple(in_lines(changes)),
        steps=() if is_settled else tuple(comparison.remedy.splitlines()),
        source=next(filter(None, sources), None),
    )


def next_steps(verdict: Verdict, home: Home) -> list[str]:
    """Return the ways to make the check pass, any of which will do.

    There are none if an acceptance or a proof is at fault: its reason says what to do.
    """
    if verdict.acceptance is not None or _is_contradicted(verdict):
        return []
    check = verdict.check
    steps = [
        *ways_to_close(check),
        f'let the gap pass: [[accept]] with check = "{check.id}" and a reason',
    ]
    return [*map(home.written, steps)]


def _is_contradicted(verdict: Verdict) -> bool:
    """Whether what was tried does not agree with a schema that is as it should be."""
    check = verdict.check
    return (
        verdict.outcome is Outcome.FAILED
        and check.decision is MigrationDecision.NOT_REQUIRED
        and verdict.reason != check.rationale
    )


def ways_to_close(check: Check) -> list[str]:
    """Return the ways to close the gap."""
    if check.decision is MigrationDecision.DEFERRED:
        return [f"first: {check.prerequisite}"]
    match check.axis:
        case Axis.SCHEMA:
            return _storing(check)
        case Axis.WIRING:
            return _wiring(check)
        case Axis.REVISION | Axis.CONFLICT:
            return _tracking(check)


def _wiring(check: Check) -> list[str]:
    section = f"[wiring.ports.{check.entity}]"
    match check.coverage:
        case RuntimeWiring.NOT_PROBED:
            return [f"say under {section} what is behind it"]
        case RuntimeWiring.DATABASE_BACKED | RuntimeWiring.CONDITIONAL:
            return [f"close {check.entity}.{Axis.SCHEMA}: the program uses its storage"]
        case _:
            return [
                "put an adapter that reaches the database behind the port",
                f"correct what {section} says, if that is wrong",
            ]


def _tracking(check: Check) -> list[str]:
    """Return the ways to have a revision that shows stale writes, or none."""
    if check.coverage is ConflictCoverage.BYPASSED:
        places: dict[str, list[str]] = {}
        for write in check.writes:
            if write.remedy:
                places.setdefault(write.remedy, []).append(str(write.source))
        ways = (f"in {listed(where)}, {remedy}" for remedy, where in places.items())
        return ["; and ".join(ways)]
    if check.coverage is ConflictCoverage.UNRELIABLE:
        return ["write a migration that repairs the column, or adds another one"]
    entity = f"entities.{check.entity}"
    return [
        "write a migration that adds a revision column",
        f"name the column that you have: revision in [[{entity}.models]]",
        f"expect none: revisions = false under [{entity}]",
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


def change_line(change: Change) -> Line:
    """Return a difference between two schemas, in a line."""
    spans: list[Span] = [f"{change.kind}: {change.what} ", Name(change.subject)]
    if detail := described(change):
        spans.append(f" {detail}")
    if change.source:
        spans += [" (", change.source, ")"]
    if change.dropped:
        spans += [f", {change.dropped.fate} by ", change.dropped.source]
    return tuple(spans)


def fact_line(fact: Evidence) -> Line:
    """Return a fact in a line: its subject, what is said about it, and its origin."""
    bare = Evidence(kind=fact.kind, subject=fact.subject, detail=fact.detail)
    statement = str(bare).removeprefix(fact.subject)
    gap = "" if statement.startswith(":") or not statement else " "
    spans: list[Span] = [Name(fact.subject), gap, statement.lstrip()]
    if fact.source:
        spans += [" (", fact.source]
        spans += [", changed by ", fact.changed_by] if fact.changed_by else []
        spans += [")"]
    return tuple(spans)


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
        if kind not in {EvidenceKind.PRESENT, EvidenceKind.ABSENT} or not place:
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
    """Return what facts have in common that are shown in one line.

    The place of a key is empty: its name alone says little.
    """
    if fact.about and fact.about.constraint:
        return fact.kind, "", fact.source, fact.changed_by
    depth = fact.subject.count(".")
    place = fact.subject if depth == 1 else fact.subject.rpartition(".")[0]
    if fact.kind is EvidenceKind.ABSENT and depth == 1:
        place = fact.subject.partition(".")[0]
    return fact.kind, place, fact.source, fact.changed_by
