"""What histories prove, and the assertions about stale writes."""

from __future__ import annotations

import datetime as dt
import types

import attrs
import pytest

from pytest_userstate.assertions import (
    assert_facts_are_proved,
    assert_stale_write_is_refused,
    assert_stale_writes_are_caught,
)
from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.gate import GatePolicy, Outcome, judge
from pytest_userstate.domain.model import DEFAULT_MODEL
from pytest_userstate.domain.proof import FactProof, FactResult, Proof, confronted
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import Column, SchemaSnapshot, Table
from pytest_userstate.domain.stale_writes import (
    PLAIN,
    Act,
    Fate,
    History,
    Isolation,
    Manner,
    ProgramWrite,
    RevisionToken,
    StaleWriteProof,
    StaleWriteResult,
    Step,
    is_stale,
    orders,
)
from pytest_userstate.domain.stale_writes import judge as judge_histories

TODAY = dt.date(2026, 1, 1)
TOKEN = RevisionToken(
    schema="public",
    table="user_preferences",
    column="revision",
    entities=("interests",),
)
SERIAL = tuple(Step(writer, act) for writer in "AB" for act in Act)
COMPARED = Manner(compares=True, raises=True)
BLIND = Manner(compares=False, raises=True)


RIGHT = History(
    isolation=Isolation.READ_COMMITTED,
    manner=COMPARED,
    order=PLAIN,
    events=(),
    first=Fate.TOOK_EFFECT,
    second=Fate.REFUSED,
)


def history(**changes: object) -> History:
    """Return a history that is as it should be, but for what is said."""
    return attrs.evolve(RIGHT, **changes)


LOST = history(manner=BLIND, second=Fate.TOOK_EFFECT)
FRESH = history(order=SERIAL, second=Fate.TOOK_EFFECT)


def test_orders_differ_and_keep_each_writers_steps() -> None:
    """B is stale in all but the one in which A is through before B reads."""
    assert len({*orders()}) == 10
    for order in orders():
        for writer in "AB":
            assert [s.act for s in order if s.writer == writer] == list(Act)
    assert not is_stale(SERIAL)
    assert is_stale(PLAIN)
    assert sum(map(is_stale, orders())) == 9


@pytest.mark.parametrize(
    ("histories", "result"),
    [
        ([history(), FRESH, LOST], StaleWriteResult.CONDITIONAL),
        ([history(), history(manner=BLIND)], StaleWriteResult.ENFORCED),
        ([history(second=Fate.TOOK_EFFECT), LOST], StaleWriteResult.UNUSABLE),
        ([history(first=Fate.REFUSED), LOST], StaleWriteResult.UNUSABLE),
        ([history(), history(order=SERIAL)], StaleWriteResult.UNUSABLE),
        ([history(first=Fate.FAILED, error="x")], StaleWriteResult.INCONCLUSIVE),
        ([], StaleWriteResult.INCONCLUSIVE),
    ],
)
def test_what_histories_prove(
    histories: list[History], result: StaleWriteResult
) -> None:
    """Each history of a manner has to be right."""
    assert judge_histories(TOKEN, histories).result is result


def proof(result: StaleWriteResult) -> Proof:
    """Return a proof about one token."""
    return Proof(
        stale_writes=(StaleWriteProof(token=TOKEN, result=result, reason="because"),)
    )


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (StaleWriteResult.UNUSABLE, Outcome.FAILED),
        (StaleWriteResult.INCONCLUSIVE, Outcome.PASSED),
        (StaleWriteResult.CONDITIONAL, Outcome.PASSED),
    ],
)
def test_a_proof_can_fail_a_check_that_passed(
    result: StaleWriteResult, outcome: Outcome
) -> None:
    """The check names the token and the reason."""
    names = ("user_id", "interest_theme_ids", "revision")
    table = Table("user_preferences", [Column(name, "integer") for name in names])
    report = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot([table]), model=DEFAULT_MODEL
    )
    for axes, expected in (([Axis.CONFLICT], outcome), ([], Outcome.NOT_GATED)):
        verdicts = confronted(
            judge(report, GatePolicy(axes=axes), today=TODAY), proof(result)
        )
        [verdict] = [v for v in verdicts if v.check.id == "interests.conflict"]
        assert verdict.outcome is expected
        if expected is Outcome.FAILED:
            assert "public.user_preferences.revision: because" in verdict.reason


def test_a_proof_is_asserted() -> None:
    """Unusable and inconclusive tokens fail; so does one that was not tried."""
    assert_stale_writes_are_caught(proof(StaleWriteResult.ENFORCED))
    for result in (StaleWriteResult.UNUSABLE, StaleWriteResult.INCONCLUSIVE):
        with pytest.raises(AssertionError, match=f"revision is {result}"):
            assert_stale_writes_are_caught(proof(result), token=TOKEN.subject)
    with pytest.raises(AssertionError, match=r"no revision token public\.x was"):
        assert_stale_writes_are_caught(
            proof(StaleWriteResult.ENFORCED), token="public.x"
        )
    with pytest.raises(AssertionError, match="no revision token was tried"):
        assert_stale_writes_are_caught(Proof())


def test_writes_of_the_program_are_asserted() -> None:
    """With their tokens, by which they are found."""
    write = ProgramWrite("public.user_preferences", "UPDATE t", name="save")
    [good] = proof(StaleWriteResult.CONDITIONAL).stale_writes
    lost = attrs.evolve(good, result=StaleWriteResult.UNUSABLE, write=write)
    with pytest.raises(AssertionError, match=r"save \(UPDATE t\) is unusable"):
        assert_stale_writes_are_caught(
            Proof(stale_writes=(good,), program_writes=(lost,)), token=TOKEN.subject
        )


def test_facts_are_asserted() -> None:
    """A fact that could not be tried is not proved."""
    facts = (
        FactProof(check="users.schema", subject="users.id", result=FactResult.PROVED),
        FactProof(check="login.schema", subject="a", result=FactResult.NOT_PROVED),
    )
    proved = assert_facts_are_proved(Proof(facts=facts), check="users.schema")
    assert proved == facts[:1]
    with pytest.raises(AssertionError, match="1 of 2 facts were not proved"):
        assert_facts_are_proved(Proof(facts=facts))
    with pytest.raises(AssertionError, match=r"no fact of x\.schema was tried"):
        assert_facts_are_proved(Proof(facts=facts), check="x.schema")


class StaleError(Exception):
    """What a program may raise."""


def refusing(answer: object) -> object:
    """Raise or return an answer."""
    if isinstance(answer, Exception):
        raise answer
    return answer


@pytest.mark.parametrize(
    "answer",
    [
        types.SimpleNamespace(status_code=412),
        types.SimpleNamespace(status=409),
        types.SimpleNamespace(rowcount=0),
        0,
        False,
        StaleError(),
    ],
)
def test_a_refusal_is_known(answer: object) -> None:
    """By what HTTP, drivers, and programs say."""
    result = assert_stale_write_is_refused(
        lambda: 1, lambda: refusing(answer), raises=StaleError
    )
    assert result is answer


@pytest.mark.parametrize("answer", [1, None, True, types.SimpleNamespace(status=200)])
def test_a_second_success_is_a_lost_update(answer: object) -> None:
    """Whatever is no refusal."""
    with pytest.raises(AssertionError, match="second write is not refused"):
        assert_stale_write_is_refused(lambda: 1, lambda: answer)


def test_a_write_that_is_refused_at_once_shows_nothing() -> None:
    """A helper that refuses all would pass otherwise."""
    with pytest.raises(AssertionError, match="first write is refused"):
        assert_stale_write_is_refused(lambda: 0, lambda: 0)
    failed, refused = (types.SimpleNamespace(status=code) for code in (500, 412))
    with pytest.raises(AssertionError, match="first write fails"):
        assert_stale_write_is_refused(lambda: failed, lambda: refused)


def test_an_answer_does_not_hide_what_is_stored() -> None:
    """A write that retries until it wins, and then says that it was refused."""
    stored = [0]

    def write(value: int, answer: object) -> object:
        stored[0] = value
        return answer

    with pytest.raises(AssertionError, match="but what is stored has"):
        assert_stale_write_is_refused(
            lambda: write(1, 1), lambda: write(2, 0), state=stored.copy
        )
    with pytest.raises(AssertionError, match="first write changes nothing"):
        assert_stale_write_is_refused(lambda: 1, lambda: 0, state=stored.copy)


def test_an_unexpected_exception_is_not_a_refusal() -> None:
    """It fails the test as itself."""
    with pytest.raises(StaleError):
        assert_stale_write_is_refused(lambda: 1, lambda: refusing(StaleError()))
