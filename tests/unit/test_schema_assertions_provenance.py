"""A failing assertion names the migrations behind what is there, and what is gone."""

from __future__ import annotations

import pytest

from pytest_userstate.application.reporting.findings import condensed
from pytest_userstate.assertions import assert_table
from pytest_userstate.domain.columns import ForeignKey, Index, KeyConstraint
from pytest_userstate.domain.evidence import Evidence, EvidenceKind
from pytest_userstate.domain.snapshot import (
    Column,
    DroppedObject,
    SchemaSnapshot,
    Source,
    Table,
)
from pytest_userstate.domain.storage_facts import near_columns

MADE, CHANGED, DROPPED = Source("1.sql", 2), Source("2.sql", 7), Source("3.sql", 4)
USERS = Table(
    "users",
    [
        Column("id", "uuid", is_primary_key=True, source=MADE),
        Column("nick", "text", source=MADE, changed_by=CHANGED),
    ],
    primary_key=KeyConstraint(name="users_pkey", columns=["id"], source=MADE),
    foreign_keys=[
        ForeignKey(
            name="users_org",
            columns=["id"],
            target_table="orgs",
            target_columns=["id"],
            source=MADE,
            changed_by=CHANGED,
        )
    ],
    indexes=[Index(name="users_nick", columns=["nick"], source=MADE)],
    source=MADE,
)


def dropped(**part: str) -> SchemaSnapshot:
    """Return a schema in which a part of users was dropped."""
    gone = DroppedObject(schema="public", table="users", source=DROPPED, **part)
    return SchemaSnapshot(tables=[USERS], dropped=[gone])


def message(call: object) -> str:
    """Return what a failing assertion says."""
    with pytest.raises(AssertionError) as caught:
        call()  # type: ignore[operator]
    return str(caught.value)


def test_a_column_that_is_otherwise_names_who_changed_it_last() -> None:
    """Beside the migration that introduced it."""
    users = assert_table(SchemaSnapshot(tables=[USERS]), "users")
    said = message(lambda: users.has_column("nick", nullable=True))
    assert "by 1.sql:2" in said
    assert "last by 2.sql:7" in said
    unchanged = message(lambda: users.has_column("id", nullable=True))
    assert "last by" not in unchanged


def test_a_constraint_that_is_otherwise_names_who_changed_it_last() -> None:
    """The one that comes closest."""
    users = assert_table(SchemaSnapshot(tables=[USERS]), "users")
    said = message(lambda: users.has_foreign_key("id", on_delete="cascade"))
    assert "last by 2.sql:7" in said


def test_an_index_that_is_gone_names_who_dropped_it() -> None:
    """By its name, or any where none was named."""
    users = assert_table(dropped(index="users_by_nick"), "users")
    for call in (
        lambda: users.has_index("id"),
        lambda: users.has_index("id", name="users_by_nick"),
    ):
        assert "index users_by_nick, by 3.sql:4" in message(call)
    other = message(lambda: users.has_index("id", name="another"))
    assert "3.sql" not in other


def test_a_constraint_that_is_gone_names_who_dropped_it() -> None:
    """An index of the same name is another thing."""
    users = assert_table(dropped(constraint="users_nick_key"), "users")
    said = message(lambda: users.has_unique_constraint("nick"))
    assert "constraint users_nick_key, by 3.sql:4" in said
    assert "3.sql" not in message(lambda: users.has_index("id"))


def test_what_should_not_be_there_names_who_introduced_it() -> None:
    """The index, not only its table."""
    users = assert_table(SchemaSnapshot(tables=[USERS]), "users")
    said = message(lambda: users.has_no_index_named("users_nick"))
    assert "(1.sql:2)" in said


@pytest.mark.parametrize("kind", ["constraint", "index"])
def test_a_dropped_part_is_no_dropped_table_or_column(kind: str) -> None:
    """Though it hangs on the table, and may have a column's name."""
    snapshot = dropped(**{kind: "email"})
    assert near_columns(USERS, ["email"], snapshot) == []
    said = message(
        lambda: assert_table(
            SchemaSnapshot(dropped=snapshot.dropped), "users"
        ).has_column("id")
    )
    assert "3.sql" not in said


def test_evidence_tells_who_changed_its_subject() -> None:
    """In one line, and apart from what somebody else changed."""
    facts = [
        Evidence(
            kind=EvidenceKind.PRESENT,
            subject=f"public.users.{name}",
            source=MADE,
            changed_by=changed,
        )
        for name, changed in (("id", None), ("nick", CHANGED))
    ]
    assert condensed(facts) == [
        "+ public.users: id (1.sql:2)",
        "+ public.users: nick (1.sql:2, changed by 2.sql:7)",
    ]
    assert str(facts[1]).endswith("is there (1.sql:2, changed by 2.sql:7)")
