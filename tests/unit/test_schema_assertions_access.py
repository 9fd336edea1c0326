"""Who may do what, by PostgreSQL's rules."""

from __future__ import annotations

import pytest

from pytest_userstate import (
    Access,
    Column,
    Grant,
    ObjectAccess,
    Role,
    SchemaSnapshot,
    Securable,
    Table,
)
from pytest_userstate.assertions import assert_table
from pytest_userstate.outbound.postgres.catalog.access import grants

NOTES = ObjectAccess(
    kind=Securable.TABLE,
    schema="public",
    name="notes",
    owner="app",
    grants=[
        Grant("app", "select"),
        Grant("reader", "select"),
        Grant("public", "insert"),
    ],
    column_grants=[Grant("reader", "update", column="body")],
)
UNTOUCHED = ObjectAccess(
    kind=Securable.TABLE, schema="public", name="users", owner="app"
)
MOOD = ObjectAccess(kind=Securable.TYPE, schema="public", name="mood", owner="app")
ACCESS = Access(
    objects=[NOTES, UNTOUCHED, MOOD],
    roles=[
        Role("app"),
        Role("root", is_superuser=True),
        Role("reader"),
        Role("clerk", inherits=["reader"]),
        Role("boss", inherits=["clerk"]),
        Role("backup", inherits=["pg_read_all_data"]),
        Role("loader", inherits=["pg_write_all_data"]),
        Role("friend", inherits=["app"]),
        Role("stranger"),
        Role("round", inherits=["about"]),
        Role("about", inherits=["round"]),
    ],
)


@pytest.mark.parametrize(
    ("role", "target", "column", "privileges"),
    [
        ("app", NOTES, "", {"select", "insert"}),
        ("reader", NOTES, "", {"select", "insert"}),
        ("reader", NOTES, "body", {"select", "insert", "update"}),
        ("reader", NOTES, "owner", {"select", "insert"}),
        ("clerk", NOTES, "", {"select", "insert"}),
        ("boss", NOTES, "body", {"select", "insert", "update"}),
        ("stranger", NOTES, "", {"insert"}),
        ("public", NOTES, "", {"insert"}),
        ("nobody at all", NOTES, "", {"insert"}),
        ("round", NOTES, "", {"insert"}),
        ("backup", NOTES, "", {"select", "insert"}),
        ("loader", UNTOUCHED, "", {"insert", "update", "delete"}),
        ("stranger", UNTOUCHED, "", set()),
        ("app", UNTOUCHED, "", ACCESS.possible(Securable.TABLE)),
        ("friend", UNTOUCHED, "", ACCESS.possible(Securable.TABLE)),
        ("root", NOTES, "", ACCESS.possible(Securable.TABLE)),
        ("root", NOTES, "body", {"select", "insert", "update", "references"}),
        ("stranger", MOOD, "", {"usage"}),
    ],
)
def test_privileges_come_from_grants_memberships_and_defaults(
    role: str, target: ObjectAccess, column: str, privileges: set[str]
) -> None:
    """Everything that `has_table_privilege` and its kind count."""
    assert ACCESS.privileges(role, target, column=column) == privileges


def test_maintain_is_a_privilege_of_newer_servers() -> None:
    """Before 17 nobody has it, not even a superuser."""
    older = Access(objects=[UNTOUCHED], roles=[Role("root", is_superuser=True)])
    assert "maintain" in older.privileges("root", UNTOUCHED)
    older = Access(roles=older.roles, has_maintain=False)
    assert "maintain" not in older.privileges("root", UNTOUCHED)
    assert "maintain" not in older.privileges("app", UNTOUCHED)


def test_all_privileges_revoked_is_not_the_default() -> None:
    """An empty list leaves nothing, not even to the owner."""
    target = ObjectAccess(
        kind=Securable.TABLE, schema="public", name="t", owner="app", grants=[]
    )
    assert ACCESS.privileges("app", target) == set()


def test_order_is_canonical() -> None:
    """As it is everywhere in a snapshot."""
    turned = Access(objects=reversed(ACCESS.objects), roles=reversed(ACCESS.roles))
    assert turned == ACCESS
    assert NOTES.grants is not None
    assert [grant.role for grant in NOTES.grants] == ["app", "public", "reader"]


def test_access_takes_no_part_in_the_equality_of_snapshots() -> None:
    """The roles of a server are no part of a schema."""
    table = Table("notes", [Column("body", "text")])
    assert SchemaSnapshot([table]) == SchemaSnapshot([table], access=ACCESS)
    assert hash(SchemaSnapshot([table])) == hash(SchemaSnapshot([table], access=ACCESS))


def test_a_snapshot_without_access_cannot_pass_as_forbidding() -> None:
    """What is not known is a failure, also for the negative form."""
    notes = assert_table(SchemaSnapshot([Table("notes")]), "notes")
    for call in (
        lambda: notes.forbids("stranger", to="select"),
        lambda: notes.allows_exactly("stranger", to=[]),
        lambda: notes.is_owned_by("app"),
    ):
        with pytest.raises(AssertionError, match="nothing is known"):
            call()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", []),
        ("{app=arw/app}", [("app", "insert"), ("app", "select"), ("app", "update")]),
        ("{=r/app}", [("public", "select")]),
        ("{app=r*w/app}", [("app", "select*"), ("app", "update")]),
        ("{app=dDxtm/app,b=UC/app}", None),
        ('{"\\"odd role\\"=r/app"}', [("odd role", "select")]),
        ('{"\\"a\\"\\"b,{}=\\\\c\\"=r/app"}', [('a"b,{}=\\c', "select")]),
        ("{12345=r/app}", [("12345", "select")]),
    ],
)
def test_lists_of_privileges_are_read(
    text: str, expected: list[tuple[str, str]] | None
) -> None:
    """Names in quotes, everybody, and what can be passed on."""
    found = [
        (each.role, each.privilege + "*" * each.is_grantable) for each in grants(text)
    ]
    if expected is None:
        assert len(found) == 7
    else:
        assert sorted(found) == sorted(expected)
