"""The design's decision table once more, as plainly as can be.

It knows nothing of the package: words in, words out. A table is described by
the storage model that it belongs to, whether it has all of the model's
columns, and what kind of revision column it has.
"""

from __future__ import annotations

import dataclasses

USABLE = {"not null", "in a not-null domain", "identity, by default"}
REQUIRED, NOT_REQUIRED, DEFERRED = "required", "not_required", "deferred"


@dataclasses.dataclass(frozen=True)
class Stored:
    """A table of the schema, in the words of the decision table."""

    name: str
    model: str
    is_complete: bool
    token: str = "no column"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a check should say; a prerequisite is a check or a list of tables."""

    coverage: str
    decision: str
    prerequisite: str | tuple[str, ...] | None = None


@dataclasses.dataclass(frozen=True)
class Words:
    """The coverage words of an entity."""

    missing: str = "missing"
    several: str = "ambiguous"
    copies: str = "ambiguous"
    covered: dict[str, str] = dataclasses.field(default_factory=dict)


INTERESTS = Words(
    several="dual_model",
    covered={
        "preferences": "canonical_preferences",
        "join_table": "canonical_join_table",
    },
)
LOGIN = Words(
    missing="missing_credential_storage",
    covered=dict.fromkeys(("users", "credentials"), "credentials_persisted"),
)
OWN = Words()


def models_of(tables: list[Stored]) -> list[str]:
    """Return the models that some table completes, each once."""
    return list(dict.fromkeys(each.model for each in tables if each.is_complete))


def _shown(tables: list[Stored], words: Words, *, several_are_fine: bool) -> str:
    """Say which coverage the tables show; what was declared plays no part."""
    complete = [each for each in tables if each.is_complete]
    models = models_of(tables)
    if not complete:
        return words.missing
    names = [each.name.split(".")[1] for each in complete]
    alone = len(set(names)) == len(names) if several_are_fine else len(complete) == 1
    if alone:
        return words.covered.get(models[0], "covered")
    if len(models) == 1 or several_are_fine:
        return words.copies
    return words.several


def schema(
    tables: list[Stored],
    canonical: str | None = None,
    *,
    words: Words = INTERESTS,
    several_are_fine: bool = False,
) -> Answer:
    """Answer the schema check."""
    complete = [each for each in tables if each.is_complete]
    coverage = _shown(tables, words, several_are_fine=several_are_fine)
    declared = [each for each in complete if each.model == canonical]
    others = [each for each in complete if each.model != canonical]
    if not complete:
        return Answer(coverage, REQUIRED)
    if canonical and not declared:
        return Answer(coverage, REQUIRED)
    if coverage in {"covered", *words.covered.values()}:
        return Answer(coverage, NOT_REQUIRED)
    if len(declared) == 1 and others:
        return Answer(coverage, DEFERRED, tuple(each.name for each in others))
    return Answer(coverage, REQUIRED)


def revision(
    tables: list[Stored], canonical: str | None = None, *, entity: str = "interests"
) -> Answer:
    """Answer the revision check, where several models are ambiguous."""
    complete = [each for each in tables if each.is_complete]
    declared = [each for each in complete if each.model == canonical]
    waits = Answer("untracked", DEFERRED, f"{entity}.schema")
    if not complete or (canonical and not declared):
        return waits
    counting = declared or complete
    if any(each.token != "no column" for each in counting):
        return Answer("tracked", NOT_REQUIRED)
    return Answer("untracked", REQUIRED) if len(counting) == 1 else waits


def conflict(
    tables: list[Stored], canonical: str | None = None, *, entity: str = "interests"
) -> Answer:
    """Answer the conflict check, where several models are ambiguous."""
    tracking = revision(tables, canonical, entity=entity)
    if tracking.coverage == "untracked":
        return dataclasses.replace(tracking, coverage="absent")
    complete = [each for each in tables if each.is_complete]
    counting = [each for each in complete if each.model == canonical] or complete
    if any(each.token in USABLE for each in counting):
        return Answer("detectable", NOT_REQUIRED)
    return Answer("unreliable", REQUIRED)
