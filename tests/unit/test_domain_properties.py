"""What holds for every schema, model and wiring, not only for known ones."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt

import attrs
import hypothesis
import pytest
from hypothesis import strategies as st

from pytest_userstate.domain.columns import Index
from pytest_userstate.domain.coverage import Axis, MigrationDecision
from pytest_userstate.domain.downstream import WorkItem, assess
from pytest_userstate.domain.evidence import (
    Check,
    SchemaObject,
    holds,
    substitutes,
)
from pytest_userstate.domain.gate import GatePolicy, Outcome, gap, judge
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table, View, ViewKind
from pytest_userstate.domain.wiring import Wiring
from tests.helpers.strategies import (
    SCHEMAS,
    TABLES,
    column_lists,
    models,
    policies,
    snapshots,
    wirings,
)
from tests.helpers.verdicts import faults

pytestmark = pytest.mark.many_examples

settings = hypothesis.settings(deadline=None, max_examples=100)


def evaluate(
    snapshot: SchemaSnapshot, model: AuditModel, wiring: Wiring
) -> UserStateSchemaAuditReport:
    """Audit the snapshot."""
    return UserStateSchemaAuditReport.evaluate(snapshot, model=model, wiring=wiring)


def verdicts(report: UserStateSchemaAuditReport) -> list[tuple[object, ...]]:
    """Return what an unrelated object must not change."""
    return [
        (
            check.id,
            check.coverage,
            check.decision,
            check.prerequisite,
            check.models,
            check.recommendation,
            check.rationale,
        )
        for check in report.checks
    ]


@settings
@hypothesis.given(snapshots(), models(), wirings)
def test_every_schema_gets_an_answer_that_its_evidence_carries(
    snapshot: SchemaSnapshot, model: AuditModel, wiring: Wiring
) -> None:
    """Total: each check is answered, justified, true, and says so in words."""
    report = evaluate(snapshot, model, wiring)
    assert [check.id for check in report.checks] == list(model.check_ids())
    assert not [fault for check in report.checks for fault in faults(check, snapshot)]


@settings
@hypothesis.given(snapshots(), models(), wirings)
def test_every_cell_of_the_matrix_is_a_check_or_says_why_not(
    snapshot: SchemaSnapshot, model: AuditModel, wiring: Wiring
) -> None:
    """Nothing falls between the checks and the cells that are none."""
    report = evaluate(snapshot, model, wiring)
    cells = [
        *((each.entity, each.axis) for each in report.checks),
        *((each.entity, each.axis) for each in report.not_applicable),
    ]
    assert sorted(cells) == sorted(
        (entity.name, axis) for entity in model.entities for axis in Axis
    )
    assert all(each.reason for each in report.not_applicable)


def without(
    snapshot: SchemaSnapshot, lost: cabc.Collection[SchemaObject]
) -> SchemaSnapshot:
    """Return the snapshot without some tables, columns, and keys."""

    def is_there(table: Table, constraint: str) -> bool:
        key = SchemaObject(table.schema, table.name, constraint=constraint)
        return key not in lost

    return attrs.evolve(
        snapshot,
        tables=[
            attrs.evolve(
                table,
                foreign_keys=[k for k in table.foreign_keys if is_there(table, k.name)],
                columns=[
                    column
                    for column in table.columns
                    if SchemaObject(table.schema, table.name, column.name) not in lost
                ],
            )
            for table in snapshot.tables
            if SchemaObject(table.schema, table.name) not in lost
        ],
    )


def stands_on_itself(check: Check, report: UserStateSchemaAuditReport) -> bool:
    """Whether a revision column is among the columns that make the storage."""
    storage = report.check(f"{check.entity}.schema")
    return check != storage and bool(
        {fact.subject for fact in check.evidence}
        & {fact.subject for fact in storage.evidence}
    )


@settings
@hypothesis.given(snapshots(), models(), st.data())
def test_the_evidence_says_what_a_verdict_outlives(
    snapshot: SchemaSnapshot, model: AuditModel, data: st.DataObject
) -> None:
    """Without some facts a verdict stands exactly if the evidence still holds."""
    report = evaluate(snapshot, model, Wiring())
    for check in report.checks:
        objects = [fact.about for fact in check.evidence if fact.about]
        if (
            check.decision is not MigrationDecision.NOT_REQUIRED
            or stands_on_itself(check, report)
            or not objects
        ):
            continue
        lost = data.draw(st.sets(st.sampled_from(objects), max_size=4))
        poorer = evaluate(without(snapshot, lost), model, Wiring()).check(check.id)
        stands = poorer.decision is MigrationDecision.NOT_REQUIRED
        assert stands is holds(check.evidence, lost)


@settings
@hypothesis.given(snapshots(), models())
def test_a_verdict_can_be_made_to_rest_on_a_single_fact(
    snapshot: SchemaSnapshot, model: AuditModel
) -> None:
    """Without its substitutes the verdict stands, and falls with the fact."""
    report = evaluate(snapshot, model, Wiring())
    for check in report.checks:
        if check.decision is not MigrationDecision.NOT_REQUIRED or stands_on_itself(
            check, report
        ):
            continue
        for fact in check.evidence:
            spare = substitutes(check.evidence, fact)
            if fact.about is None or spare is None:
                continue
            decisions = [
                evaluate(without(snapshot, lost), model, Wiring())
                .check(check.id)
                .decision
                for lost in (spare, [*spare, fact.about])
            ]
            assert decisions[0] is MigrationDecision.NOT_REQUIRED, (fact, spare)
            assert decisions[1] is not MigrationDecision.NOT_REQUIRED, (fact, spare)


@settings
@hypothesis.given(snapshots(), models(), wirings)
def test_the_same_input_gives_the_same_report(
    snapshot: SchemaSnapshot, model: AuditModel, wiring: Wiring
) -> None:
    """Deterministic, down to every word."""
    first, second = (evaluate(snapshot, model, wiring) for _ in range(2))
    assert first == second
    assert repr(first) == repr(second)


@settings
@hypothesis.given(snapshots(), models(), wirings, st.randoms(use_true_random=False))
def test_order_plays_no_part(
    snapshot: SchemaSnapshot, model: AuditModel, wiring: Wiring, random: object
) -> None:
    """Tables, columns, views and ports may come in any order."""
    assert hasattr(random, "sample")

    def shuffled(values: tuple[object, ...]) -> list[object]:
        return random.sample(values, len(values))

    again = attrs.evolve(
        snapshot,
        tables=shuffled(
            tuple(
                attrs.evolve(table, columns=shuffled(table.columns))
                for table in snapshot.tables
            )
        ),
        views=shuffled(snapshot.views),
        dropped=shuffled(snapshot.dropped),
    )
    assert again == snapshot
    assert repr(again) == repr(snapshot)
    assert hash(again) == hash(snapshot)
    rewired = Wiring(shuffled(wiring.ports))
    assert repr(evaluate(again, model, rewired)) == repr(
        evaluate(snapshot, model, wiring)
    )


UNRELATED = st.one_of(
    st.builds(
        Table,
        name=st.sampled_from(
            ["orders", "Users ", "üser", "__diesel_schema_migrations"]
        ),
        columns=column_lists(),
        schema=st.sampled_from(SCHEMAS),
        is_bookkeeping=st.booleans(),
        indexes=st.just([Index(name="i", columns=["id"])]),
    ),
    # Everything that could complete any model, but in a schema nobody looks in.
    st.builds(
        Table,
        name=st.sampled_from(TABLES),
        columns=column_lists(),
        schema=st.just("elsewhere"),
    ),
    st.builds(
        View,
        name=st.sampled_from(TABLES),
        columns=column_lists(),
        schema=st.just("elsewhere"),
        kind=st.sampled_from(ViewKind),
    ),
)


@settings
@hypothesis.given(snapshots(), models(), wirings, UNRELATED)
def test_what_is_unrelated_changes_no_verdict(
    snapshot: SchemaSnapshot, model: AuditModel, wiring: Wiring, extra: Table | View
) -> None:
    """A table, view or bookkeeping table more is at most a near miss."""
    if isinstance(extra, Table):
        more = attrs.evolve(snapshot, tables=[*snapshot.tables, extra])
    else:
        more = attrs.evolve(snapshot, views=[*snapshot.views, extra])
    assert verdicts(evaluate(more, model, wiring)) == verdicts(
        evaluate(snapshot, model, wiring)
    )


@settings
@hypothesis.given(snapshots(), models(), wirings)
def test_views_and_dropped_objects_change_no_verdict(
    snapshot: SchemaSnapshot, model: AuditModel, wiring: Wiring
) -> None:
    """They are named in the evidence, and that is all."""
    bare = attrs.evolve(snapshot, views=(), dropped=())
    assert verdicts(evaluate(bare, model, wiring)) == verdicts(
        evaluate(snapshot, model, wiring)
    )


@settings
@hypothesis.given(snapshots(), models(), wirings, policies)
def test_the_gate_judges_every_check(
    snapshot: SchemaSnapshot, model: AuditModel, wiring: Wiring, policy: GatePolicy
) -> None:
    """An open gap passes nowhere, and an ungated axis fails for acceptances only."""
    report = evaluate(snapshot, model, wiring)
    verdicts = judge(report, policy, today=dt.date(2027, 1, 1))
    assert [each.check for each in verdicts] == list(report.checks)
    for each in verdicts:
        is_open = gap(each.check, report) is not None
        is_stale = each.acceptance is not None and not is_open
        assert each.reason
        assert each.gated is (each.check.axis in policy.axes)
        if each.outcome is Outcome.PASSED:
            assert each.gated
            assert not is_open
        if each.outcome is Outcome.FAILED:
            assert is_stale or (each.gated and is_open)
        if is_stale:
            assert each.outcome is Outcome.FAILED
        if each.outcome.is_expected_failure:
            assert each.gated
            assert is_open


@settings
@hypothesis.given(snapshots(), models(), wirings)
def test_work_is_ready_exactly_when_its_needs_would_pass_the_gate(
    snapshot: SchemaSnapshot, model: AuditModel, wiring: Wiring
) -> None:
    """Acceptances play no part: only a closed check opens the way."""
    report = evaluate(snapshot, model, wiring)
    strict = GatePolicy(axes=Axis, fail_on_deferred=True)
    passed = {
        each.check.id
        for each in judge(report, strict, today=dt.date(2027, 1, 1))
        if each.outcome is Outcome.PASSED
    }
    ids = model.check_ids()
    items = [WorkItem(id=f"for {each}", title=each, needs=[each]) for each in ids]
    ready = {each.item.title for each in assess(report, items) if each.is_ready}
    assert ready == passed
