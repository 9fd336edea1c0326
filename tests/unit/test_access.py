"""What roles may do: the privileges there are, and who has them by which way."""

from __future__ import annotations

import itertools

import attrs
import pytest

from pytest_userstate.domain.access import Access, Grant, ObjectAccess, Role, Securable

KINDS = {
    Securable.SCHEMA: {"create", "usage"},
    Securable.SEQUENCE: {"select", "update", "usage"},
    Securable.TYPE: {"usage"},
    Securable.TABLE: {
        *("delete", "insert", "maintain", "references"),
        *("select", "trigger", "truncate", "update"),
    },
}


def made(kind: Securable, *grants: Grant, name: str = "x") -> ObjectAccess:
    """Return an object on which these grants were made."""
    return ObjectAccess(
        kind=kind, schema="public", name=name, owner="owner", grants=grants
    )


@pytest.mark.parametrize(("kind", "privileges"), KINDS.items())
def test_an_owner_has_every_privilege_by_default(
    kind: Securable, privileges: set[str]
) -> None:
    """So has a superuser, whatever was granted; others may use types only."""
    root = Access(roles=[Role("root", is_superuser=True)])
    default = ObjectAccess(kind=kind, schema="public", name="x", owner="owner")
    everybody = {"usage"} if kind is Securable.TYPE else set()
    assert root.privileges("owner", default) == privileges
    assert root.privileges("somebody", default) == everybody
    assert root.privileges("root", made(kind)) == privileges
    assert root.privileges("owner", made(kind)) == frozenset()


def test_maintain_is_no_privilege_of_an_old_server() -> None:
    """It came with PostgreSQL 17."""
    old = Access(has_maintain=False)
    assert old.possible(Securable.TABLE) == KINDS[Securable.TABLE] - {"maintain"}
    assert old.possible(Securable.TABLE, column="c") == {
        *("insert", "references", "select", "update")
    }


@pytest.mark.parametrize(
    ("role", "kind", "privileges"),
    [
        ("pg_read_all_data", Securable.TABLE, {"select"}),
        ("pg_read_all_data", Securable.SEQUENCE, {"select"}),
        ("pg_read_all_data", Securable.SCHEMA, {"usage"}),
        ("pg_read_all_data", Securable.TYPE, set()),
        ("pg_write_all_data", Securable.TABLE, {"insert", "update", "delete"}),
        ("pg_write_all_data", Securable.SEQUENCE, {"update"}),
        ("pg_write_all_data", Securable.SCHEMA, {"usage"}),
        ("pg_maintain", Securable.TABLE, {"maintain"}),
        ("pg_maintain", Securable.SEQUENCE, set()),
    ],
)
def test_members_of_predefined_roles_may_do_the_same_everywhere(
    role: str, kind: Securable, privileges: set[str]
) -> None:
    """As PostgreSQL documents them; over other roles as well."""
    access = Access(
        roles=[Role("app", inherits=["team"]), Role("team", inherits=[role])]
    )
    assert access.privileges("app", made(kind)) == privileges
    assert access.privileges("other", made(kind)) == frozenset()


def test_an_object_is_found_by_its_kind_and_place() -> None:
    """Exactly: a sequence may have the name that a table has elsewhere."""
    here, there = made(Securable.TABLE), made(Securable.TABLE, name="y")
    schema = ObjectAccess(kind=Securable.SCHEMA, schema="public", owner="owner")
    access = Access(objects=[there, schema, here])
    assert access.of(Securable.TABLE, "public", "x") is here
    assert access.of(Securable.TABLE, "public", "y") is there
    assert access.of(Securable.SCHEMA, "public") is schema
    assert access.of(Securable.SEQUENCE, "public", "x") is None
    assert access.of(Securable.TABLE, "other", "x") is None


def test_grants_are_in_canonical_order() -> None:
    """By role, privilege, column, and whether they can be passed on."""
    ordered = [
        Grant("a", "select"),
        Grant("a", "select", is_grantable=True),
        Grant("a", "select", column="c"),
        Grant("a", "select", column="c", is_grantable=True),
        Grant("a", "update"),
        Grant("b", "insert"),
    ]
    for grants in itertools.permutations(ordered):
        found = attrs.evolve(made(Securable.TABLE, *grants), column_grants=grants)
        assert found.grants == found.column_grants == tuple(ordered)
    assert ObjectAccess(kind=Securable.TYPE, schema="s", owner="o").grants is None


def test_nobody_may_pass_a_privilege_on_unless_it_is_said() -> None:
    """Nor is a grant one of a single column."""
    assert Grant("a", "select") == Grant("a", "select", column="", is_grantable=False)


def test_objects_are_in_canonical_order() -> None:
    """By kind, schema, and name, so that a report of them does not change."""
    ordered = [
        ObjectAccess(kind=kind, schema=schema, name=name, owner="owner")
        for kind in (Securable.SEQUENCE, Securable.TABLE)
        for schema in ("app", "public")
        for name in ("x", "y")
    ]
    assert Access(objects=reversed(ordered)).objects == tuple(ordered)


def test_a_column_has_privileges_of_its_own() -> None:
    """Rows are deleted from a table; what it has as a whole, a column has too."""
    table = made(Securable.TABLE, Grant("app", "delete"), Grant("app", "select"))
    access = Access()
    assert access.privileges("app", table) == {"delete", "select"}
    assert access.privileges("app", table, column="body") == {"select"}


def test_a_grant_on_a_column_leaves_the_defaults_of_its_table() -> None:
    """The owner keeps everything, and the grantee has the column."""
    granted = Grant("reader", "update", column="body")
    table = ObjectAccess(
        kind=Securable.TABLE,
        schema="public",
        name="notes",
        owner="owner",
        column_grants=[granted],
    )
    access = Access()
    assert access.privileges("reader", table, column="body") == {"update"}
    assert access.privileges("reader", table) == frozenset()
    owned = [Grant("owner", each) for each in sorted(KINDS[Securable.TABLE])]
    assert access.grants(table) == (*owned, granted)
