"""Explanations of comparisons that failed, for pytest's own ``assert``.

pytest shows eight lines unless it is asked for more: the most telling come first.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import typing as typ

import attrs

from pytest_userstate.application.schema_words import (
    WIDTH,
    counted,
    in_lines,
    legend,
    shortened,
)
from pytest_userstate.application.wording import did_you_mean, inert, wrap
from pytest_userstate.domain.coverage import (
    ConflictCoverage,
    EntitySchemaCoverage,
    InterestsStorageCoverage,
    LoginSchemaCoverage,
    MigrationDecision,
    RevisionCoverage,
    RuntimeWiring,
)
from pytest_userstate.domain.difference import Difference
from pytest_userstate.domain.evidence import Check
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import (
    Domain,
    Enum,
    SchemaSnapshot,
    Sequence,
    Table,
    View,
)

_CHECKS: typ.Final = 25
QUESTIONS: typ.Final[cabc.Mapping[type[enum.StrEnum], str]] = {
    EntitySchemaCoverage: "whether the schema stores an entity",
    LoginSchemaCoverage: "whether the schema stores credentials",
    InterestsStorageCoverage: "which of the ways to store interests the schema has",
    RevisionCoverage: "whether the storage keeps a revision",
    ConflictCoverage: "whether a stale write can be seen to be one",
    RuntimeWiring: "what the running program puts behind a port",
    MigrationDecision: "what follows for migrations",
}
"""The question that each enumeration answers."""

MEANINGS: typ.Final[cabc.Mapping[type[enum.StrEnum], cabc.Mapping[str, str]]] = {
    EntitySchemaCoverage: {
        "covered": "one storage model is complete, or several if that is fine",
        "missing": "no storage model is complete",
        "ambiguous": "several are complete, and which one counts is not declared",
    },
    LoginSchemaCoverage: {
        "credentials_persisted": "a column or table for credentials is there",
        "missing_credential_storage": "nothing that could hold credentials is there",
        "ambiguous": "several copies are there, and which one counts is not declared",
    },
    InterestsStorageCoverage: {
        "missing": "no model is complete",
        "canonical_preferences": "the model with the column in user_preferences",
        "canonical_join_table": "the model with the table user_interest_themes",
        "dual_model": "both models are complete",
        "covered": "a model of the repository's own is complete",
        "ambiguous": "several are complete, and the model does not distinguish them",
    },
    RevisionCoverage: {
        "tracked": "the storage has its revision column",
        "untracked": "the storage has no revision column, or is missing itself",
    },
    ConflictCoverage: {
        "detectable": "the schema lets a stale write be detected; not proved",
        "bypassed": "a write in the sources ignores the revision that is there",
        "unreliable": "there is a revision column, but none that can be relied on",
        "absent": "there is no revision column",
    },
    RuntimeWiring: {
        "database_backed": "the port reads and writes the database",
        "fixture_backed": "the port is served from fixtures",
        "conditional": "the port is served from the database in some builds or runs",
        "unwired": "nothing is behind the port",
        "not_probed": "neither declared nor looked for",
    },
    MigrationDecision: {
        "required": "a migration is due now",
        "not_required": "no migration is needed",
        "deferred": "a migration is due after its prerequisite",
    },
}
"""What each value means, by enumeration."""

NOT_APPLICABLE: typ.Final = "the check is not applicable, so it has no answer"


def explain(operator: str, left: object, right: object) -> list[str] | None:
    """Return the lines that explain a failed comparison, or None to leave it."""
    if operator not in {"==", "!="}:
        return None
    lines = _explained(operator, left, right)
    return [*map(inert, lines)] if lines else None


def _explained(operator: str, left: object, right: object) -> list[str] | None:
    if is_answer(left) or is_answer(right):
        return _explain_answers(operator, left, right)
    if isinstance(left, SchemaSnapshot) or isinstance(right, SchemaSnapshot):
        return _explain_snapshots(operator, left, right)
    match left, right:
        case UserStateSchemaAuditReport(), UserStateSchemaAuditReport():
            return _explain_reports(operator, left, right)
        case _ if operator == "==" and type(left) is type(right):
            return _explain_objects(left, right)
    return None


def _explain_snapshots(operator: str, left: object, right: object) -> list[str]:
    head = f"{_type(left)} {operator} {_type(right)}"
    if not isinstance(left, SchemaSnapshot) or not isinstance(right, SchemaSnapshot):
        return [head, "only one of the two is a snapshot of a schema"]
    if operator == "!=":
        return [f"{head}: they are the same, {len(left.tables):,} tables each"]
    difference = Difference.between(left, right)
    if not difference.is_empty:
        return [f"{head}: {counted(difference.changes)}", *_with_legend(difference)]
    difference = Difference.between(left, right, bookkeeping=True)
    return [
        f"{head}: only tables in which a migration tool keeps its records differ",
        *_with_legend(difference),
    ]


def _explain_objects(left: object, right: object) -> list[str] | None:
    one, other = _snapshot_with(left), _snapshot_with(right)
    if one is None or other is None:
        return None
    difference = Difference.between(one, other, bookkeeping=True)
    name = type(left).__name__
    head = f"{name} == {name}: {counted(difference.changes)}"
    return [head, *_with_legend(difference)]


def _snapshot_with(value: object) -> SchemaSnapshot | None:
    """Return a snapshot of nothing but this object, if there can be one."""
    match value:
        case Table():
            return SchemaSnapshot([value])
        case View():
            return SchemaSnapshot(views=[value])
        case Enum():
            return SchemaSnapshot(enums=[value])
        case Domain():
            return SchemaSnapshot(domains=[value])
        case Sequence():
            return SchemaSnapshot(sequences=[value])
        case _:
            return None


def _with_legend(difference: Difference) -> list[str]:
    signs = legend(
        difference.changes, before="on the left", after="on the right", both="on both"
    )
    return [signs, *in_lines(difference.changes)]


def _explain_answers(operator: str, left: object, right: object) -> list[str]:
    known = [side for side in (left, right) if is_answer(side)]
    lines = [f"{_answer(left)} {operator} {_answer(right)}"]
    for line in dict.fromkeys(map(question, known)):
        lines += wrap(line, indent="", width=WIDTH, is_tight=True)
    for side, value in (("left", left), ("right", right)):
        text = _explained_answer(value, answers(known[0]))
        line = f"{side:<6}{_answer(value)}: {text}"
        lines += wrap(line, indent="", hanging=6, width=WIDTH, is_tight=True)
    return lines


def _explained_answer(value: object, known: cabc.Mapping[str, str]) -> str:
    """Return what an answer means, or which answers there could be instead."""
    if text := answer_in_words(value, known):
        return text
    if isinstance(value, str):
        return f"none of the answers {', '.join(known)}{did_you_mean(value, known)}"
    return f"a value of {_type(value)}, and no answer"


def _answer(value: object) -> str:
    return str(value) if is_answer(value) else shortened(repr(value), 60)


def _explain_reports(
    operator: str,
    left: UserStateSchemaAuditReport,
    right: UserStateSchemaAuditReport,
) -> list[str]:
    head = f"report {operator} report:"
    if operator == "!=":
        return [f"{head} they are the same"]
    old, new = ({check.id: check for check in side.checks} for side in (left, right))
    lines: list[str] = []
    for check_id in dict.fromkeys((*old, *new)):
        lines += _check_lines(check_id, old.get(check_id), new.get(check_id))
    if not lines:
        lines = ["the checks are the same; what is not applicable differs"]
    more = len(lines) - _CHECKS
    tail = [f"… and {more} more lines"] if more > 0 else []
    return [f"{head} they differ", *lines[:_CHECKS], *tail]


def _check_lines(check_id: str, left: Check | None, right: Check | None) -> list[str]:
    if left == right:
        return []
    if left is None or right is None:
        return [f"{check_id}: only on the {'right' if left is None else 'left'}"]
    facts = [
        f"{name} {_in_short(one)} != {_in_short(other)}"
        for name in (field.name for field in attrs.fields(Check))
        if name not in {"evidence", "rationale"}
        and (one := getattr(left, name)) != (other := getattr(right, name))
    ]
    return [f"{check_id}: {', '.join(facts) or 'the evidence or rationale differs'}"]


def _in_short(value: object) -> str:
    return "none" if value is None or value == () else shortened(str(value), 60)


def _type(value: object) -> str:
    return type(value).__name__


def is_answer(value: object) -> typ.TypeGuard[enum.StrEnum]:
    """Whether a value is an answer of the audit."""
    return type(value) in MEANINGS


def answers(value: enum.StrEnum) -> cabc.Mapping[str, str]:
    """Return all answers to the question that a value answers, with meanings."""
    return MEANINGS[type(value)]


def question(value: enum.StrEnum) -> str:
    """Return the enumeration of a value, and the question that it answers."""
    return f"{type(value).__name__} says {QUESTIONS[type(value)]}"


def answer_in_words(value: object, known: cabc.Mapping[str, str]) -> str:
    """Return what an answer means, or a string among the known ones; else nothing."""
    if value is None:
        return NOT_APPLICABLE
    if is_answer(value):
        return answers(value)[value.value]
    return known.get(value, "") if isinstance(value, str) else ""
