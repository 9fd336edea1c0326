"""Planned work: ready when everything that it needs is closed."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.domain.check import Check
from pytest_userstate.domain.coverage import (
    Axis,
    EntitySchemaCoverage,
    MigrationDecision,
    RuntimeWiring,
)
from pytest_userstate.domain.downstream import WorkItem, WorkStatus, assess
from pytest_userstate.domain.evidence import Evidence, EvidenceKind
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.wiring import PortWiring, Wiring
from tests.helpers.schemas import TOKENS, join_table, model_with, preferences, table


def status(
    *needs: str,
    snapshot: SchemaSnapshot,
    state: str = "not_probed",
    canonical: str | None = None,
) -> WorkStatus:
    """Return the status of a work item with these needs."""
    port = PortWiring(
        entity="interests", port="UserInterests", state=RuntimeWiring(state)
    )
    report = UserStateSchemaAuditReport.evaluate(
        snapshot, model=model_with(canonical=canonical), wiring=Wiring([port])
    )
    item = WorkItem(id="3.5.3", title="Adapters", needs=needs)
    (only,) = assess(report, [item])
    assert only.item is item
    return only


STORED = SchemaSnapshot([preferences(TOKENS["not null"])])
DUAL = SchemaSnapshot([preferences(TOKENS["not null"]), join_table()])


def test_work_whose_needs_are_closed_is_ready() -> None:
    """Every need counts."""
    ready = status("interests.schema", "interests.revision", snapshot=STORED)
    assert ready.is_ready
    assert ready.blocked_by == ()


def test_work_is_blocked_by_each_open_need_in_the_order_given() -> None:
    """Required and deferred both block; what is closed is not listed."""
    blocked = status(
        "interests.revision",
        "users.schema",
        "interests.schema",
        "login.schema",
        snapshot=SchemaSnapshot([table("users", "id", "display_name")]),
    )
    assert not blocked.is_ready
    assert blocked.blocked_by == (
        "interests.revision",
        "interests.schema",
        "login.schema",
    )


def test_deferred_is_not_closed() -> None:
    """A declared canonical model still waits for the other to go."""
    blocked = status("interests.schema", snapshot=DUAL, canonical="preferences")
    assert blocked.blocked_by == ("interests.schema",)


def test_work_that_needs_nothing_is_ready() -> None:
    """There is nothing to wait for."""
    assert status(snapshot=SchemaSnapshot()).is_ready


@pytest.mark.parametrize("state", RuntimeWiring)
def test_wiring_is_closed_when_the_program_reaches_the_stored_state(
    state: RuntimeWiring,
) -> None:
    """Unknown is open, like fixtures; so is a database without the storage."""
    need = "interests.wiring"
    reaches = state in {RuntimeWiring.DATABASE_BACKED, RuntimeWiring.CONDITIONAL}
    assert status(need, snapshot=STORED, state=state).is_ready is reaches
    assert not status(need, snapshot=SchemaSnapshot(), state=state).is_ready


def test_items_keep_their_order() -> None:
    """Any iterable of them will do."""
    report = UserStateSchemaAuditReport.evaluate(STORED)
    items = [WorkItem(id=each, title=each, needs=iter(())) for each in "cab"]
    assert [each.item.id for each in assess(report, iter(items))] == ["c", "a", "b"]


def test_a_need_that_is_no_check_is_an_error() -> None:
    """It is not silently ready."""
    with pytest.raises(LookupError, match=r"interests\.shema"):
        status("interests.shema", snapshot=STORED)
    with pytest.raises(LookupError, match="expects no revisions"):
        status("users.revision", snapshot=STORED)


def test_a_gap_without_words_is_a_gap() -> None:
    """The decision counts, not the rationale."""
    check = Check(
        entity="users",
        axis=Axis.SCHEMA,
        coverage=EntitySchemaCoverage.MISSING,
        decision=MigrationDecision.REQUIRED,
        rationale="",
        evidence=[Evidence(kind=EvidenceKind.ABSENT, subject="public.users")],
    )
    report = UserStateSchemaAuditReport(entities=["users"], checks=[check])
    (blocked,) = assess(report, [WorkItem(id="1", title="one", needs=["users.schema"])])
    assert blocked.blocked_by == ("users.schema",)


@pytest.mark.parametrize("kind", [WorkItem, WorkStatus])
def test_work_is_described_by_name(kind: type) -> None:
    """An id and a title could be mistaken for one another."""
    assert all(field.kw_only for field in attrs.fields(kind))
