"""A decision cannot be built without the evidence that it rests on."""

from __future__ import annotations

import typing as typ

import attrs
import pytest

from pytest_userstate.domain.columns import Source
from pytest_userstate.domain.coverage import (
    Axis,
    EntitySchemaCoverage,
    MigrationDecision,
    RuntimeWiring,
)
from pytest_userstate.domain.errors import UnjustifiedDecisionError, UserStateError
from pytest_userstate.domain.evidence import (
    Check,
    Evidence,
    EvidenceKind,
    Prerequisite,
    SchemaObject,
    holds,
    substitutes,
)

REQUIRED = MigrationDecision.REQUIRED
NOT_REQUIRED = MigrationDecision.NOT_REQUIRED
DEFERRED = MigrationDecision.DEFERRED
CHECK = Prerequisite(check="consents.schema")
CONDITION = Prerequisite(condition="the old table is retired")


def fact(
    kind: str, group: int | None = None, alternative: int | None = None
) -> Evidence:
    """Return a fact of this kind."""
    return Evidence(
        kind=EvidenceKind(kind),
        subject=f"public.{kind}",
        group=group,
        alternative=alternative,
    )


def check(
    decision: MigrationDecision | None,
    *evidence: Evidence,
    prerequisite: Prerequisite | None = None,
    axis: Axis = Axis.SCHEMA,
) -> Check:
    """Build a check, whatever it says."""
    wiring = axis is Axis.WIRING
    return Check(
        entity="consents",
        axis=axis,
        coverage=(RuntimeWiring.NOT_PROBED if wiring else EntitySchemaCoverage.COVERED),
        decision=decision,
        prerequisite=prerequisite,
        rationale="for the sake of the test",
        evidence=evidence,
    )


JUSTIFIED: dict[str, dict[str, typ.Any]] = {
    "not required: one group": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 1)],
    },
    "not required: a declaration is a fact as well": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("declared", 1)],
    },
    "not required: each group has a fact": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 2), fact("declared", 1), fact("present", 1)],
    },
    "not required: a near miss beside it says nothing": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 1), fact("near_miss"), fact("dropped")],
    },
    "not required: two alternatives": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 1, 1), fact("present", 2, 2)],
    },
    "required: something is absent": {
        "decision": REQUIRED,
        "evidence": [fact("absent", 1)],
    },
    "required: something contradicts": {
        "decision": REQUIRED,
        "evidence": [fact("contradiction"), fact("present", 1)],
    },
    "deferred: a check comes first": {
        "decision": DEFERRED,
        "evidence": [fact("absent", 1)],
        "prerequisite": CHECK,
    },
    "deferred: a written condition": {
        "decision": DEFERRED,
        "evidence": [fact("present", 1)],
        "prerequisite": CONDITION,
    },
    "wiring: no decision, no evidence needed": {
        "decision": None,
        "evidence": [],
        "axis": Axis.WIRING,
    },
}

UNJUSTIFIED: dict[str, dict[str, typ.Any]] = {
    "not required: no evidence": {"decision": NOT_REQUIRED},
    "not required: only ungrouped facts": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present")],
    },
    "not required: a group without a supporting fact": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 1), fact("near_miss", 2)],
    },
    "not required: something is absent": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 1), fact("absent", 1)],
    },
    "not required: something contradicts, if in no group": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 1), fact("contradiction")],
    },
    "not required: with a prerequisite": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 1)],
        "prerequisite": CHECK,
    },
    "required: no evidence": {"decision": REQUIRED},
    "required: only what is there": {
        "decision": REQUIRED,
        "evidence": [fact("present", 1), fact("declared", 2)],
    },
    "required: only what is near or gone": {
        "decision": REQUIRED,
        "evidence": [fact("near_miss"), fact("dropped")],
    },
    "required: with a prerequisite": {
        "decision": REQUIRED,
        "evidence": [fact("absent", 1)],
        "prerequisite": CONDITION,
    },
    "deferred: no prerequisite": {
        "decision": DEFERRED,
        "evidence": [fact("absent", 1)],
    },
    "deferred: no evidence": {"decision": DEFERRED, "prerequisite": CHECK},
    "groups that start at 2": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 2)],
    },
    "groups with a gap": {
        "decision": REQUIRED,
        "evidence": [fact("absent", 1), fact("absent", 3)],
    },
    "not required: an alternative without a supporting fact": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 1, 1), fact("near_miss", 2, 2)],
    },
    "alternatives that start at 2": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 1, 2)],
    },
    "a group of two alternatives": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 1, 1), fact("present", 1, 2)],
    },
    "an alternative without a group": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 1), fact("present", None, 1)],
    },
    "groups that start at 0": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 0)],
    },
    "a schema check without a decision": {
        "decision": None,
        "evidence": [fact("present", 1)],
    },
    "a wiring check with a decision": {
        "decision": NOT_REQUIRED,
        "evidence": [fact("present", 1)],
        "axis": Axis.WIRING,
    },
    "a wiring check with a prerequisite": {
        "decision": None,
        "prerequisite": CHECK,
        "axis": Axis.WIRING,
    },
}


def build(decision: MigrationDecision | None, **rest: typ.Any) -> Check:
    """Build a check from a row of the tables above."""
    return check(decision, *rest.pop("evidence", ()), **rest)


@pytest.mark.parametrize("case", JUSTIFIED.values(), ids=JUSTIFIED)
def test_a_justified_decision_can_be_built(case: dict[str, typ.Any]) -> None:
    """The evidence carries it, and is kept in the order given."""
    built = build(**case)
    assert built.decision is case["decision"]
    assert list(built.evidence) == case["evidence"]


@pytest.mark.parametrize("case", UNJUSTIFIED.values(), ids=UNJUSTIFIED)
def test_an_unjustified_decision_cannot_be_built(case: dict[str, typ.Any]) -> None:
    """The error names the check, and is one of ours and a ValueError."""
    with pytest.raises(UnjustifiedDecisionError, match=r"consents\.") as caught:
        build(**case)
    assert isinstance(caught.value, UserStateError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("not required: no evidence", "needs a supporting fact in each group"),
        ("required: no evidence", "has to name what is absent or contradictory"),
        ("deferred: no evidence", "has to name the facts that it waits for"),
        ("deferred: no prerequisite", "goes with deferred, and only with it"),
        ("groups with a gap", "numbered from 1 without gaps"),
        ("alternatives that start at 2", "alternatives are numbered from 1"),
        ("a group of two alternatives", "belongs to one alternative"),
        ("an alternative without a group", "belongs to a group"),
        ("a schema check without a decision", "every check but that of wiring has"),
    ],
)
def test_the_error_says_what_the_evidence_lacks(row: str, complaint: str) -> None:
    """There is a different complaint for each part of the rule."""
    with pytest.raises(UnjustifiedDecisionError, match=complaint):
        build(**UNJUSTIFIED[row])


@pytest.mark.parametrize("case", UNJUSTIFIED.values(), ids=UNJUSTIFIED)
def test_a_justified_decision_cannot_be_changed_into_an_unjustified_one(
    case: dict[str, typ.Any],
) -> None:
    """The invariant holds for copies too."""
    valid = build(**JUSTIFIED["not required: one group"])
    changes = {"evidence": [], "prerequisite": None} | case
    with pytest.raises(UnjustifiedDecisionError):
        attrs.evolve(valid, **changes)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"check": "", "condition": ""},
        {"check": "interests.schema", "condition": "something else"},
    ],
)
def test_a_prerequisite_is_a_check_or_a_condition(fields: dict[str, str]) -> None:
    """Not both, and not neither."""
    with pytest.raises(UnjustifiedDecisionError, match="either a check or a written"):
        Prerequisite(**fields)


def test_a_prerequisite_reads_as_the_end_of_a_sentence() -> None:
    """It follows `deferred until`."""
    assert str(CHECK) == "consents.schema is closed"
    assert str(CONDITION) == "the old table is retired"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (EvidenceKind.PRESENT, " is there"),
        (EvidenceKind.ABSENT, " is missing"),
        (EvidenceKind.CONTRADICTION, ""),
        (EvidenceKind.DECLARED, " is declared"),
        (EvidenceKind.DROPPED, " was dropped"),
        (EvidenceKind.NEAR_MISS, " looks like it, but does not count"),
    ],
)
def test_a_fact_reads_as_one_line(kind: EvidenceKind, words: str) -> None:
    """Subject, what is said of it, detail, and where it comes from."""
    line = str(
        Evidence(
            kind=kind,
            subject="public.users.id",
            detail="some detail",
            source=Source("db/1.sql", 3),
        )
    )
    assert line == f"public.users.id{words}: some detail (db/1.sql:3)"


def test_a_fact_without_detail_and_source_is_short() -> None:
    """Nothing is printed for what is not known."""
    assert str(fact("present")) == "public.present is there"
    assert str(fact("absent")) == "public.absent is missing"
    assert str(fact("dropped")) == "public.dropped was dropped"


def test_a_check_can_be_hashed_whatever_it_was_built_of() -> None:
    """Models come in a list; a string would silently become its letters."""
    built = check(NOT_REQUIRED, fact("present", 1))
    evolved = attrs.evolve(built, models=["log"])
    assert hash(evolved) == hash(attrs.evolve(built, models=("log",)))
    with pytest.raises(TypeError, match="'log'"):
        attrs.evolve(built, models="log")


def test_a_check_is_named_after_its_cell() -> None:
    """Entity and axis, joined by a dot."""
    assert build(**JUSTIFIED["required: something is absent"]).id == "consents.schema"


def column(name: str, group: int, alternative: int | None = None) -> Evidence:
    """Return the fact that a column is there, or the table for no name."""
    about = SchemaObject("public", "users", name)
    return Evidence(
        kind=EvidenceKind.PRESENT,
        subject=str(about),
        about=about,
        group=group,
        alternative=alternative,
    )


TABLE, ID, HASH, DIGEST = (
    SchemaObject("public", "users", name) for name in ("", "id", "hash", "digest")
)


def test_the_loss_of_a_table_is_the_loss_of_its_columns() -> None:
    """A group whose only fact is a column of the table falls with it."""
    evidence = [column("hash", 1)]
    assert holds(evidence, [ID])
    assert not holds(evidence, [TABLE])


def test_one_whole_alternative_is_enough() -> None:
    """Half of each is none."""
    evidence = [
        column("id", 1),
        column("hash", 2, 1),
        column("digest", 3, 2),
        column("salt", 4, 2),
    ]
    salt = SchemaObject("public", "users", "salt")
    assert holds(evidence, [HASH])
    assert holds(evidence, [DIGEST, salt])
    assert not holds(evidence, [HASH, salt])
    assert not holds(evidence, [ID])


def test_a_fact_is_isolated_by_the_loss_of_what_stands_in_for_it() -> None:
    """The rest of its group, and one group of each other alternative."""
    evidence = [
        column("", 1, 1),
        column("hash", 2, 1),
        column("digest", 2, 1),
        column("id", 3, 2),
    ]
    assert substitutes(evidence, evidence[1]) == (DIGEST, ID)
    assert substitutes(evidence, evidence[3]) == (HASH, DIGEST)


def test_a_fact_that_no_loss_isolates_has_no_substitutes() -> None:
    """The other alternative stands wherever this one does; or nothing shows it."""
    evidence = [column("id", 1, 1), column("hash", 2, 1), column("id", 3, 2)]
    assert substitutes(evidence, evidence[1]) is None
    assert substitutes([fact("declared", 1)], fact("declared", 1)) is None
    assert substitutes([fact("near_miss")], fact("near_miss")) is None
