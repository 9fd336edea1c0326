"""Planned work: ready when everything that it needs is closed."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.domain.coverage import (
    Axis,
    EntitySchemaCoverage,
    MigrationDecision,
    RuntimeWiring,
)
from pytest_userstate.domain.downstream import (
    WorkItem,
    WorkStatus,
    assess,
    unblocking,
)
from pytest_userstate.domain.errors import InvalidModelError
from pytest_userstate.domain.evidence import Check, Evidence, EvidenceKind
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


def test_one_need_is_no_row_of_letters() -> None:
    """A string in the place of several would be taken for its letters."""
    with pytest.raises(TypeError, match=r"'interests\.schema'"):
        WorkItem(id="3.5.3", title="Adapters", needs="interests.schema")


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


def planned(
    *items: tuple[str, list[str]],
    snapshot: SchemaSnapshot = STORED,
    wiring: Wiring | None = None,
) -> dict[str, WorkStatus]:
    """Return the statuses of several items, by id."""
    report = UserStateSchemaAuditReport.evaluate(snapshot, wiring=wiring or Wiring())
    work = [WorkItem(id=name, title=name, needs=needs) for name, needs in items]
    return {each.item.id: each for each in assess(report, work)}


def reasons(status: WorkStatus) -> list[tuple[str, str]]:
    """Return each need that is not met, and why."""
    return [(each.need, each.reason) for each in status.blockers]


@pytest.mark.parametrize(
    ("need", "reason"),
    [
        ("interests.schema = canonical_preferences", None),
        ("interests.schema=canonical_preferences", None),
        ("interests.schema = dual_model", "canonical_preferences, not dual_model"),
        ("interests.wiring = conditional", "database_backed, not conditional"),
        ("interests.wiring = database_backed", None),
        ("login.schema = missing_credential_storage", None),
        (
            "login.wiring = database_backed",
            "database-backed, but the storage behind it is missing",
        ),
        ("login.wiring", "database-backed, but the storage behind it is missing"),
        ("users.wiring", "not probed"),
        ("users.schema", "missing, and a migration is required"),
    ],
)
def test_why_a_need_is_not_met(need: str, reason: str | None) -> None:
    """A check has to be closed; or to find what is wanted, and really so."""
    ports = [
        PortWiring(entity=name, port=name, state=RuntimeWiring.DATABASE_BACKED)
        for name in ("login", "interests")
    ]
    found = planned(("1", [need]), wiring=Wiring(ports))["1"]
    assert reasons(found) == ([] if reason is None else [(need, reason)])
    if reason:
        assert found.blockers[0].waits_for == (need.partition("=")[0].strip(),)


def test_an_item_waits_for_another() -> None:
    """Whichever stands first; the open checks at the end of the chain are named."""
    found = planned(
        ("4", ["3", "interests.schema"]),
        ("3", ["2", "2b"]),
        ("2", ["users.schema"]),
        ("2b", ["users.schema", "login.schema"]),
        ("1", ["interests.schema"]),
        ("0", ["1"]),
    )
    assert list(found) == ["4", "3", "2", "2b", "1", "0"]
    assert [name for name, each in found.items() if each.is_ready] == ["1", "0"]
    in_turn = "waits in turn for users.schema and login.schema"
    assert reasons(found["4"]) == [("3", in_turn)]
    assert found["4"].blocked_by == ("3",)
    assert found["3"].blocked_by == ("2", "2b")
    assert found["3"].blockers[0].waits_for == ("users.schema",)


def test_a_deferred_check_comes_down_to_its_prerequisite() -> None:
    """Closing the check itself is not what comes first."""
    nothing = planned(("1", ["interests.conflict"]), snapshot=SchemaSnapshot())["1"]
    assert nothing.blockers[0].waits_for == ("interests.schema",)
    assert reasons(nothing) == [
        (
            "interests.conflict",
            "absent, and a migration is deferred until interests.schema is closed",
        )
    ]
    retire = status("interests.schema", snapshot=DUAL, canonical="preferences")
    assert retire.blockers[0].waits_for == ("interests.schema",)
    assert "until public.user_interest_themes is retired" in retire.blockers[0].reason


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([("1", ["1"])], "1 needs 1"),
        ([("1", ["2"]), ("2", ["1"])], "1 needs 2, 2 needs 1"),
        (
            [("0", []), ("3", ["1"]), ("1", ["2", "0"]), ("2", ["0", "3"])],
            "3 needs 1, 1 needs 2, 2 needs 3",
        ),
    ],
)
def test_items_that_need_each_other_are_an_error(
    items: list[tuple[str, list[str]]], words: str
) -> None:
    """The circle is shown, from the item that stands first."""
    with pytest.raises(InvalidModelError, match=f"in a circle: {words}$"):
        planned(*items)


def test_what_most_wait_for_comes_first() -> None:
    """Each open check with the items that wait for it, in their order."""
    found = planned(
        ("1", ["login.schema"]),
        ("2", ["users.schema"]),
        ("3", ["2"]),
        ("4", ["interests.schema"]),
    )
    assert unblocking(found.values()) == (
        ("users.schema", ("2", "3")),
        ("login.schema", ("1",)),
    )
    assert unblocking(found.values()) == unblocking(list(found.values()))
