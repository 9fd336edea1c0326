"""What the audit says of its checks, compared with what a test expects."""

from __future__ import annotations

import collections
import collections.abc as cabc
import functools
import json
import pathlib
import re
import typing as typ

import attrs

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import Unspecified
from pytest_userstate.application.asserting.failures import (
    Detail,
    Failure,
    Mismatch,
    bounded,
    detail,
    listed,
)
from pytest_userstate.application.asserting.matching import (
    Keyword,
    Subject,
    as_expected,
    facts_of,
    in_words,
    mismatches,
)
from pytest_userstate.application.reporting.findings import condensed, ways_to_close
from pytest_userstate.application.reporting.json_report import (
    SCHEMA_VERSION,
    Json,
    report_document,
)
from pytest_userstate.application.schema_words import shortened
from pytest_userstate.application.wording import did_you_mean, similar
from pytest_userstate.domain.columns import Source
from pytest_userstate.domain.coverage import (
    MigrationDecision,
    coverage_type,
)
from pytest_userstate.domain.evidence import Check, Evidence, EvidenceKind
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot

Decision: typ.TypeAlias = (
    MigrationDecision | typ.Literal["required", "not_required", "deferred"]
)
FactKind: typ.TypeAlias = (
    EvidenceKind
    | typ.Literal[
        "present", "absent", "contradiction", "declared", "dropped", "near_miss"
    ]
)
_PLACE: typ.Final = re.compile(r"(?P<path>.+?)(?::(?P<line>\d+))?")
_LINE: typ.Final = re.compile(r"(?<=\.\w)(\w*):\d+")
_FIELDS: typ.Final = (
    "coverage",
    "decision",
    "models",
    "canonical",
    "recommendation",
    "prerequisite",
    "rationale",
)
_NOTHING_TO_CHANGE: typ.Final = (
    "the audit finds nothing to change here: if the test is right, look at the files "
    "that the evidence names"
)
_MOST_DIFFERENCES: typ.Final = 12
_LONGEST_VALUE: typ.Final = 160
_HINT: typ.Final = (
    "if this is as it should be, accept it: write the report anew with "
    "pytest --userstate-audit --userstate-report=FILE.json"
)
_NO_SOURCES: typ.Final = (
    "one of the two reports names no migrations: it is about a database or a "
    "snapshot, whose history is not known. Compare reports about migrations"
)


@attrs.frozen
class CellFacts:
    """What a report says about a cell: facts and evidence, or why it has none."""

    facts: dict[str, str] = attrs.field(factory=dict)
    evidence: list[str] = attrs.field(factory=list)
    not_applicable: str = ""


def report_of(value: object) -> UserStateSchemaAuditReport:
    """Return the report; nothing else is taken for one."""
    if not isinstance(value, UserStateSchemaAuditReport):
        message = (
            f"report: expected a UserStateSchemaAuditReport, such as userstate_report "
            f"or what userstate_audit returns, not {type(value).__name__}"
        )
        raise TypeError(message)
    return value


def find_check(report: object, check_id: object) -> Check:
    """Return the check of this id, or raise an error that names the nearest."""
    audited, name = report_of(report), arguments.text(check_id, "check")
    known = {check.id: check for check in audited.checks}
    if name in known:
        return known[name]
    for cell in audited.not_applicable:
        if f"{cell.entity}.{cell.axis}" == name:
            message = f"{name} is no check here: {cell.reason}"
            raise LookupError(message)
    message = (
        f"there is no check {name!r}{did_you_mean(name, known)}; the checks are "
        f"{', '.join(known) or 'none at all'}"
    )
    raise LookupError(message)


def decided(check: Check) -> MigrationDecision:
    """Return the decision of a check that has one."""
    if check.decision is None:
        message = f"{check.id} has no decision: no migration follows from wiring"
        raise ValueError(message)
    return check.decision


def chosen_checks(
    report: object, checks: cabc.Iterable[str] | Unspecified
) -> list[Check]:
    """Return the named checks, or all that have a decision if none is named."""
    if isinstance(checks, Unspecified):
        decided_checks = [check for check in report_of(report).checks if check.decision]
        if not decided_checks:
            message = "the report has no check that a migration could follow from"
            raise LookupError(message)
        return decided_checks
    names = arguments.several(checks, "checks")
    if not names:
        message = "checks: name at least one, or leave it out for all"
        raise ValueError(message)
    chosen = [find_check(report, name) for name in names]
    for check in chosen:
        decided(check)
    return chosen


def needless(checks: cabc.Sequence[Check]) -> Failure | None:
    """Return a failure if one of the checks needs a migration."""
    due = [check for check in checks if check.decision is not None]
    due = [check for check in due if check.decision != MigrationDecision.NOT_REQUIRED]
    if not due:
        return None
    first, *others = due
    names = listed([check.id for check in due])
    return Failure(
        headline=f"no migration should be needed, but one is for {names}",
        details=(
            *detail("expected", "decision not_required"),
            *detail("found", f"{first.id}: {found_in_words(first)}"),
            *background(first),
            *detail(
                "also", (f"{other.id}: {found_in_words(other)}" for other in others)
            ),
        ),
    )


def not_as_expected(check: Check, given: cabc.Mapping[str, object]) -> Failure | None:
    """Return a failure unless the check is as a call says."""
    facts = facts_of(_keywords(check), given)
    subject = Subject(SchemaSnapshot(), check)
    return as_expected(check.id, facts, subject, details=background(check))


def _keywords(check: Check) -> dict[str, Keyword]:
    """Return what can be said about a check; the words depend on its kind."""
    coverages = tuple(map(str, coverage_type(check.entity, check.axis)))
    decisions = tuple(map(str, MigrationDecision))
    return {
        "coverage": Keyword(
            "coverage", functools.partial(arguments.choice, choices=coverages)
        ),
        "decision": Keyword(
            lambda check, _: decided(check),
            functools.partial(arguments.choice, choices=decisions),
        ),
        "models": Keyword(
            "models",
            arguments.several,
            same=lambda expected, models, _: sorted(expected) == sorted(models),
            words=lambda models: in_words(tuple(sorted(models))),
        ),
        "canonical": Keyword("canonical", arguments.text, is_optional=True),
        "recommendation": Keyword("recommendation", arguments.text, is_optional=True),
        "prerequisite": Keyword(
            lambda check, _: (
                (check.prerequisite.check or check.prerequisite.condition)
                if check.prerequisite
                else None
            ),
            arguments.text,
            is_optional=True,
        ),
    }


def background(check: Check) -> tuple[Detail, ...]:
    """Return the check's rationale, its evidence, and what to do."""
    return (
        *detail("rationale", check.rationale),
        *detail("evidence", condensed(check.evidence)),
        *detail("hint", _ways(check)),
    )


def _ways(check: Check) -> list[str]:
    """Return what brings the check and the test together."""
    if check.decision is MigrationDecision.NOT_REQUIRED:
        return [_NOTHING_TO_CHANGE]
    return ways_to_close(check)


def found_in_words(check: Check) -> str:
    """Return what the audit says about a check, in a line."""
    if check.decision is None:
        return f"coverage {check.coverage}"
    waits = f", until {check.prerequisite}" if check.prerequisite else ""
    return f"coverage {check.coverage}, decision {check.decision}{waits}"


def expected_evidence(
    check: Check, given: cabc.Mapping[str, object]
) -> Evidence | Failure:
    """Return the fact of the check that is like this, or what facts there are."""
    stated, subject = facts_of(_EVIDENCE, given), Subject(SchemaSnapshot(), check)
    for fact in check.evidence:
        if not mismatches(stated, fact, subject):
            return fact
    name = str(given["subject"])
    about = [fact for fact in check.evidence if fact.subject in _either_name(name)]
    subjects = sorted({fact.subject for fact in check.evidence})
    qualified = name if "." in name else f"public.{name}"
    return Failure(
        headline=f"{check.id} has no such evidence",
        details=(
            *detail("expected", ", ".join(f"{fact.name} {fact}" for fact in stated)),
            *detail(
                "found",
                map(_fact_in_words, about) if about else f"nothing about {name}",
            ),
            *detail("nearest", () if about else similar(qualified, subjects)),
            *background(check),
        ),
    )


def _either_name(subject: str) -> tuple[str, str]:
    return subject, f"public.{subject}"


def _fact_in_words(fact: Evidence) -> str:
    by = f", by {fact.source}" if fact.source else ", by no file that is known"
    model = f", for model {fact.model}" if fact.model else ""
    return f"{fact.subject}: {fact.kind}{by}{model}"


def _place(source: object, what: str) -> Source:
    match = _PLACE.fullmatch(arguments.text(source, what))
    if match is None:
        message = f"{what}: {source!r} is neither a path nor path:line"
        raise ValueError(message)
    line = match["line"]
    return Source(match["path"], int(line) if line else None)


def _is_from(expected: Source, source: Source, _: object) -> bool:
    if expected.line not in {None, source.line}:
        return False
    parts = pathlib.PurePosixPath(expected.path).parts
    return pathlib.PurePosixPath(source.path).parts[-len(parts) :] == parts


_EVIDENCE: typ.Final = {
    "subject": Keyword(
        "subject",
        arguments.text,
        same=lambda expected, subject, _: subject in _either_name(expected),
    ),
    "kind": Keyword(
        "kind",
        functools.partial(arguments.choice, choices=tuple(map(str, EvidenceKind))),
    ),
    "source": Keyword("source", _place, same=_is_from),
    "model": Keyword("model", arguments.text),
}


def different(
    report: UserStateSchemaAuditReport,
    accepted: UserStateSchemaAuditReport | str,
    *,
    name: str,
) -> Failure | None:
    """Return a failure unless a report says of every check what another one says.

    The other one is a report or the text of a JSON report, and is called `name`.
    """
    if isinstance(accepted, str):
        before = _findings(_parsed(accepted, name))
    else:
        before = _findings(report_document(accepted))
    after = _findings(report_document(report))
    differences = [
        difference
        for check_id in dict.fromkeys([*before, *after])
        for difference in _differences(
            check_id, before.get(check_id), after.get(check_id)
        )
    ]
    if not differences:
        return None
    checks = dict.fromkeys(mismatch.keyword.split()[0] for mismatch in differences)
    more = len(differences) - _MOST_DIFFERENCES
    sources = _HINT if _has_sources(before) == _has_sources(after) else _NO_SOURCES
    return Failure(
        headline=f"the report differs from {name} in {', '.join(bounded([*checks]))}",
        mismatches=tuple(differences[:_MOST_DIFFERENCES]),
        details=(
            *detail("and", f"{more} more differences" if more > 0 else ""),
            *detail("hint", sources),
        ),
    )


def _parsed(text: str, name: str) -> Json:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"{name} is no JSON: {error}"
        raise ValueError(message) from error
    version = value.get("schema_version") if isinstance(value, dict) else None
    if version != SCHEMA_VERSION or not isinstance(value.get("checks"), list):
        message = (
            f"{name} is no report of version {SCHEMA_VERSION}: write one with "
            "pytest --userstate-audit --userstate-report=FILE.json"
        )
        raise ValueError(message)
    if not value["checks"] and not value["not_applicable"]:
        problem = (value["error"] or {}).get("message", "it has no checks")
        message = f"{name} is the report of a run that found out nothing: {problem}"
        raise ValueError(message)
    return typ.cast("Json", value)


def _findings(document: Json) -> dict[str, CellFacts]:
    """Return what a report says about each cell of the matrix, by id."""
    cells = {
        cell["id"]: CellFacts(not_applicable=cell["reason"])
        for cell in document["not_applicable"]
    }
    return cells | {
        check["id"]: CellFacts(
            facts={name: _in_a_line(check[name]) for name in _FIELDS},
            evidence=[_evidence_in_words(fact) for fact in check["evidence"]],
        )
        for check in document["checks"]
    }


def _in_a_line(value: object) -> str:
    """Return a value of a report, without the lines of files that it names."""
    match value:
        case None | []:
            return "none"
        case dict():
            return ", ".join(map(str, value.values()))
        case list():
            return ", ".join(sorted(map(str, value)))
        case _:
            return _LINE.sub(r"\1", str(value))


def _evidence_in_words(fact: Json) -> str:
    group = f" (group {fact['group']})" if fact["group"] else ""
    model = f" for model {fact['model']}" if fact["model"] else ""
    text = f": {_in_a_line(fact['detail'])}" if fact["detail"] else ""
    source = f", by {fact['source']['path']}" if fact["source"] else ""
    return f"{fact['subject']} {fact['kind']}{group}{model}{text}{source}"


def _differences(
    check_id: str, before: CellFacts | None, after: CellFacts | None
) -> cabc.Iterator[Mismatch]:
    if before is None or after is None or before.not_applicable or after.not_applicable:
        if before != after:
            yield Mismatch(check_id, _whole(before), _whole(after))
        return
    for name, text in before.facts.items():
        if text != after.facts[name]:
            expected, found = (
                shortened(side.facts[name], _LONGEST_VALUE) for side in (before, after)
            )
            yield Mismatch(f"{check_id} {name}", expected, found)
    # Counted, since several lines of one file can give the same fact.
    old, new = map(collections.Counter, (before.evidence, after.evidence))
    gone, more = [*(old - new).elements()], [*(new - old).elements()]
    if gone or more:
        yield Mismatch(
            f"{check_id} evidence",
            "; ".join(bounded(gone, limit=3)) or "nothing more",
            "; ".join(bounded(more, limit=3)) or "none of it",
        )


def _whole(finding: CellFacts | None) -> str:
    if finding is None:
        return "no such check"
    if finding.not_applicable:
        return f"not applicable: {finding.not_applicable}"
    decision = finding.facts["decision"]
    suffix = f", decision {decision}" if decision != "none" else ""
    return f"coverage {finding.facts['coverage']}{suffix}"


def _has_sources(findings: cabc.Mapping[str, CellFacts]) -> bool:
    return any(
        ", by " in fact
        for finding in findings.values()
        for fact in finding.evidence
        if " present" in fact
    )
