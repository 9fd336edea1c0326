"""From checks to outcomes: what fails, what is expected to, what passes."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from pytest_userstate.domain.coverage import Axis, EntitySchemaCoverage, RuntimeWiring
from pytest_userstate.domain.evidence import Check
from pytest_userstate.domain.gate import (
    Acceptance,
    GatePolicy,
    Outcome,
    Verdict,
    judge,
)
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table
from pytest_userstate.domain.wiring import PortWiring, Wiring
from tests.helpers.schemas import TOKENS, join_table, model_with, preferences

TODAY = dt.date(2027, 3, 31)
EMPTY: list[Table] = []
CLOSED = [preferences(TOKENS["not null"])]
UNTRACKED = [preferences()]
DUAL = [preferences(TOKENS["not null"]), join_table()]


def verdict(
    check: str,
    *tables: Table,
    policy: GatePolicy | None = None,
    state: str = "not_probed",
    reads: str | None = None,
    canonical: str | None = None,
) -> Verdict:
    """Return what the gate says about a check of these tables."""
    port = PortWiring(
        entity="interests",
        port="UserInterests",
        state=RuntimeWiring(state),
        model=reads,
    )
    report = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot(tables),
        model=model_with(canonical=canonical),
        wiring=Wiring([port]),
    )
    verdicts = judge(report, policy or GatePolicy(), today=TODAY)
    assert [each.check for each in verdicts] == list(report.checks)
    return next(each for each in verdicts if each.check.id == check)


def accepting(
    check: str,
    *,
    until: dt.date | None = None,
    axes: object = None,
    strict: bool = False,
) -> GatePolicy:
    """Return a policy that accepts the gap of a check."""
    accepted = Acceptance(check=check, reason="The board decides in May", until=until)
    return GatePolicy(
        axes=Axis if axes is None else axes,
        acceptances=[accepted],
        fail_on_deferred=strict,
    )


# --- the axes -----------------------------------------------------------------


def test_schema_revision_and_conflict_are_gated_by_default() -> None:
    """Wiring is shown, and gated on request."""
    report = UserStateSchemaAuditReport.evaluate(SchemaSnapshot())
    gated = {
        each.check.axis
        for each in judge(report, GatePolicy(), today=TODAY)
        if each.gated
    }
    assert gated == {"schema", "revision", "conflict"}
    assert GatePolicy().fail_on_deferred is False
    assert GatePolicy().acceptances == ()


@pytest.mark.parametrize("axis", Axis)
def test_only_the_axes_of_the_policy_are_gated(axis: Axis) -> None:
    """Each by itself, and none where there is none."""
    check = f"interests.{axis}"
    assert verdict(check, policy=GatePolicy(axes=[axis])).gated
    others = GatePolicy(axes=[each for each in Axis if each is not axis])
    assert not verdict(check, policy=others).gated


@pytest.mark.parametrize("tables", [EMPTY, UNTRACKED, CLOSED, DUAL])
@pytest.mark.parametrize("axis", Axis)
@pytest.mark.parametrize("strict", [False, True])
def test_on_an_axis_that_is_not_gated_nothing_fails(
    tables: list[Table], axis: Axis, *, strict: bool
) -> None:
    """Required, deferred, unknown or closed: it is only shown."""
    policy = GatePolicy(
        axes=[each for each in Axis if each is not axis], fail_on_deferred=strict
    )
    answer = verdict(f"interests.{axis}", *tables, policy=policy)
    assert answer.outcome is Outcome.NOT_GATED
    assert str(axis) in answer.reason


# --- decisions ----------------------------------------------------------------


def test_what_is_closed_passes() -> None:
    """Not required is the only decision that does."""
    for axis in ("schema", "revision", "conflict"):
        answer = verdict(f"interests.{axis}", *CLOSED)
        assert answer.outcome is Outcome.PASSED
        assert answer.gated


def test_what_is_required_fails() -> None:
    """The reason is the rationale of the decision."""
    for check, tables in (
        ("interests.schema", EMPTY),
        ("interests.schema", DUAL),
        ("interests.revision", UNTRACKED),
        ("interests.conflict", UNTRACKED),
        ("login.schema", CLOSED),
    ):
        answer = verdict(check, *tables)
        assert answer.outcome is Outcome.FAILED
        assert answer.reason == answer.check.rationale
        assert not answer.outcome.is_expected_failure


@pytest.mark.parametrize(
    ("check", "tables", "canonical", "waits_for"),
    [
        ("interests.revision", EMPTY, None, "interests.schema is closed"),
        ("interests.conflict", EMPTY, None, "interests.schema is closed"),
        (
            "interests.schema",
            DUAL,
            "preferences",
            "public.user_interest_themes is retired",
        ),
    ],
)
def test_what_is_deferred_is_an_expected_failure_that_names_its_prerequisite(
    check: str, tables: list[Table], canonical: str | None, waits_for: str
) -> None:
    """Unless the policy says that it fails."""
    answer = verdict(check, *tables, canonical=canonical)
    assert answer.outcome is Outcome.DEFERRED
    assert answer.outcome.is_expected_failure
    assert answer.reason == f"deferred until {waits_for}"
    strict = GatePolicy(fail_on_deferred=True)
    answer = verdict(check, *tables, canonical=canonical, policy=strict)
    assert answer.outcome is Outcome.FAILED


# --- acceptances --------------------------------------------------------------


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("check", "decision"),
    [("interests.schema", "required"), ("interests.revision", "deferred")],
)
def test_an_accepted_gap_is_an_expected_failure_with_its_reason(
    check: str, decision: str, *, strict: bool
) -> None:
    """Required or deferred, whatever the policy says about deferred ones."""
    answer = verdict(check, policy=accepting(check, strict=strict))
    assert answer.check.decision == decision
    assert answer.outcome is Outcome.ACCEPTED
    assert answer.outcome.is_expected_failure
    assert "The board decides in May" in answer.reason
    assert answer.acceptance is not None
    assert answer.acceptance.check == check


def test_an_acceptance_is_for_one_check_only() -> None:
    """The others are judged as ever."""
    answer = verdict("login.schema", policy=accepting("interests.schema"))
    assert answer.outcome is Outcome.FAILED
    assert answer.acceptance is None


@pytest.mark.parametrize("axes", [None, []], ids=["gated", "not gated"])
@pytest.mark.parametrize("until", [None, TODAY, TODAY - dt.timedelta(days=1)])
def test_an_acceptance_whose_gap_is_closed_fails(
    axes: list[Axis] | None, until: dt.date | None
) -> None:
    """Also on an axis that is not gated; it says what to remove."""
    policy = accepting("interests.schema", axes=axes, until=until)
    answer = verdict("interests.schema", *CLOSED, policy=policy)
    assert answer.outcome is Outcome.FAILED
    assert "closed" in answer.reason
    assert "remove the acceptance of interests.schema" in answer.reason


@pytest.mark.parametrize("axes", [None, []], ids=["gated", "not gated"])
def test_an_acceptance_whose_date_has_passed_fails(axes: list[Axis] | None) -> None:
    """Also on an axis that is not gated; it says what to remove, and the gap."""
    policy = accepting("interests.schema", axes=axes, until=dt.date(2027, 3, 30))
    answer = verdict("interests.schema", policy=policy)
    assert answer.outcome is Outcome.FAILED
    assert "2027-03-30" in answer.reason
    assert "remove the acceptance of interests.schema" in answer.reason
    assert answer.check.rationale in answer.reason


@pytest.mark.parametrize("until", [None, TODAY, TODAY + dt.timedelta(days=1)])
def test_the_last_day_of_an_acceptance_still_counts(until: dt.date | None) -> None:
    """The date is inclusive, and there may be none."""
    gated = accepting("interests.schema", until=until)
    assert verdict("interests.schema", policy=gated).outcome is Outcome.ACCEPTED
    shown = accepting("interests.schema", until=until, axes=[])
    assert verdict("interests.schema", policy=shown).outcome is Outcome.NOT_GATED


@pytest.mark.parametrize("state", RuntimeWiring)
def test_a_wiring_gap_can_be_accepted_too(state: RuntimeWiring) -> None:
    """On the gated axis it is expected to fail, or the acceptance is stale."""
    policy = accepting("interests.wiring")
    answer = verdict("interests.wiring", *CLOSED, policy=policy, state=state)
    stale = state in {RuntimeWiring.DATABASE_BACKED, RuntimeWiring.CONDITIONAL}
    assert answer.outcome is (Outcome.FAILED if stale else Outcome.ACCEPTED)
    shown = accepting("interests.wiring", axes=[])
    answer = verdict("interests.wiring", *CLOSED, policy=shown, state=state)
    assert answer.outcome is (Outcome.FAILED if stale else Outcome.NOT_GATED)


# --- wiring -------------------------------------------------------------------

WIRING = GatePolicy(axes=[Axis.WIRING])


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("database_backed", Outcome.PASSED),
        ("conditional", Outcome.PASSED),
        ("fixture_backed", Outcome.FAILED),
        ("unwired", Outcome.FAILED),
        ("not_probed", Outcome.FAILED),
    ],
)
def test_gated_wiring_passes_when_it_reaches_the_stored_state(
    state: str, outcome: Outcome
) -> None:
    """Unknown is never a pass."""
    answer = verdict("interests.wiring", *CLOSED, policy=WIRING, state=state)
    assert answer.outcome is outcome
    assert answer.reason == answer.check.rationale


def test_gated_wiring_that_nobody_declared_fails() -> None:
    """Login has no port here."""
    answer = verdict("login.wiring", *CLOSED, policy=WIRING)
    assert answer.outcome is Outcome.FAILED
    assert "[wiring.ports.login]" in answer.reason


@pytest.mark.parametrize("state", ["database_backed", "conditional"])
@pytest.mark.parametrize("tables", [EMPTY, [preferences(without="user_id")]])
def test_gated_wiring_over_missing_storage_fails(
    state: str, tables: list[Table]
) -> None:
    """Whatever is wired reaches nothing; the reason says what is missing."""
    answer = verdict("interests.wiring", *tables, policy=WIRING, state=state)
    assert answer.outcome is Outcome.FAILED
    assert "storage behind it is missing" in answer.reason
    assert "user_interest_themes" in answer.reason


@pytest.mark.parametrize("state", ["database_backed", "conditional"])
def test_gated_wiring_reads_the_storage_that_it_names(state: str) -> None:
    """Another model of the entity does not help it."""
    for reads, outcome in (
        ("preferences", Outcome.PASSED),
        ("join_table", Outcome.FAILED),
        (None, Outcome.PASSED),
    ):
        answer = verdict(
            "interests.wiring", *CLOSED, policy=WIRING, state=state, reads=reads
        )
        assert answer.outcome is outcome


def test_gated_wiring_over_storage_that_needs_deciding_passes() -> None:
    """Two models are a finding of the schema axis, not of this one."""
    answer = verdict("interests.wiring", *DUAL, policy=WIRING, state="database_backed")
    assert answer.outcome is Outcome.PASSED


def test_wiring_that_answers_in_other_words_is_open() -> None:
    """Unknown is never a pass, however it came to be."""
    check = Check(
        entity="interests",
        axis=Axis.WIRING,
        coverage=EntitySchemaCoverage.COVERED,
        rationale="a report from elsewhere",
    )
    report = UserStateSchemaAuditReport(entities=["interests"], checks=[check])
    (answer,) = judge(report, WIRING, today=TODAY)
    assert answer.outcome is Outcome.FAILED


# --- policies as values -------------------------------------------------------


def test_a_policy_of_its_own_gates_the_axes_that_migrations_close() -> None:
    """As a set: a policy that names them itself is the same."""
    own = [Axis.CONFLICT, Axis.SCHEMA, Axis.REVISION]
    assert GatePolicy() == GatePolicy(axes=own)


def test_a_policy_takes_any_iterable() -> None:
    """And is a value that can be compared and hashed."""
    one = GatePolicy(axes=iter([Axis.SCHEMA, Axis.WIRING]), acceptances=iter(()))
    assert one == GatePolicy(axes=[Axis.WIRING, Axis.SCHEMA])
    assert hash(one) == hash(GatePolicy(axes={Axis.SCHEMA, Axis.WIRING}))


@pytest.mark.parametrize("outcome", Outcome)
def test_two_outcomes_are_expected_failures(outcome: Outcome) -> None:
    """Accepted and deferred."""
    assert outcome.is_expected_failure is (outcome in {"accepted", "deferred"})


def test_the_outcomes_are_those_of_the_report() -> None:
    """The words of the JSON report."""
    assert [str(each) for each in Outcome] == [
        "passed",
        "failed",
        "accepted",
        "deferred",
        "not_gated",
        "skipped",
        "error",
        "deselected",
    ]


@pytest.mark.parametrize(
    "value",
    [
        Acceptance(check="login.schema", reason="known"),
        GatePolicy(),
        verdict("login.schema"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_of_the_gate_are_built_by_name(value: object) -> None:
    """Fields that are all words could be mistaken for one another."""
    fields = attrs.fields(type(value))
    assert all(field.kw_only for field in fields)
