"""What each answer of the audit means, in a sentence for the reader of a failure."""

from __future__ import annotations

import collections.abc as cabc
import enum
import typing as typ

from pytest_userstate.domain.coverage import (
    ConflictCoverage,
    EntitySchemaCoverage,
    InterestsStorageCoverage,
    LoginSchemaCoverage,
    MigrationDecision,
    RevisionCoverage,
    RuntimeWiring,
)

QUESTIONS: typ.Final[cabc.Mapping[type[enum.StrEnum], str]] = {
    EntitySchemaCoverage: "whether the schema stores an entity",
    LoginSchemaCoverage: "whether the schema stores credentials",
    InterestsStorageCoverage: "which of the ways to store interests the schema has",
    RevisionCoverage: "whether the storage keeps a revision",
    ConflictCoverage: "whether a stale write can be told from a fresh one",
    RuntimeWiring: "what the running program puts behind a port",
    MigrationDecision: "what follows for migrations",
}
"""The question that each enumeration answers."""

MEANINGS: typ.Final[cabc.Mapping[type[enum.StrEnum], cabc.Mapping[str, str]]] = {
    EntitySchemaCoverage: {
        "covered": "one storage model is complete, or several where that is fine",
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
        "ambiguous": "several are complete that the audit model cannot tell apart",
    },
    RevisionCoverage: {
        "tracked": "the storage has its revision column",
        "untracked": "the storage has no revision column, or is missing itself",
    },
    ConflictCoverage: {
        "detectable": "a revision column can be written, and is never null",
        "unreliable": "there is a revision column, but none that can be relied on",
        "absent": "there is no revision column",
    },
    RuntimeWiring: {
        "database_backed": "the port reads and writes the database",
        "fixture_backed": "the port is served from fixtures",
        "conditional": "the port is served from the database in some builds or runs",
        "unwired": "nothing is behind the port",
        "not_probed": "nobody has said or looked",
    },
    MigrationDecision: {
        "required": "a migration is due now",
        "not_required": "no migration is needed",
        "deferred": "a migration is due after its prerequisite",
    },
}
"""What each value means, by enumeration."""

NOT_APPLICABLE: typ.Final = "the check is not applicable, so it has no answer"


def is_answer(value: object) -> typ.TypeGuard[enum.StrEnum]:
    """Whether a value is an answer of the audit."""
    return type(value) in MEANINGS


def answers(value: enum.StrEnum) -> cabc.Mapping[str, str]:
    """Return all answers to the question that a value answers, with meanings."""
    return MEANINGS[type(value)]


def question(value: enum.StrEnum) -> str:
    """Return the enumeration of a value, and the question that it answers."""
    return f"{type(value).__name__} says {QUESTIONS[type(value)]}"


def meaning(value: object, known: cabc.Mapping[str, str]) -> str:
    """Return what an answer means; empty for what is no answer.

    Parameters
    ----------
    known : mapping
        The answers that a plain string may stand for.
    """
    if value is None:
        return NOT_APPLICABLE
    if is_answer(value):
        return answers(value)[value.value]
    return known.get(value, "") if isinstance(value, str) else ""
