"""Advisories about revision columns: what bounds a number, and where it starts."""

from __future__ import annotations

import typing as typ

import attrs
import pytest

from pytest_userstate.domain.advisories import advise
from pytest_userstate.domain.columns import CheckConstraint, Column, Trigger
from pytest_userstate.domain.model import Entity, StorageModel
from pytest_userstate.domain.snapshot import Domain, SchemaSnapshot, Table
from tests.helpers.schemas import model_with, preferences

REVISION = Column("revision", "integer", default="1")
DOMAIN = Domain(name="counter", data_type="integer")


def codes(
    column: Column,
    *,
    check: str | None = None,
    domains: tuple[Domain, ...] = (),
    **more: typ.Any,
) -> set[str]:
    """Return which advisories there are about revisions."""
    checks = [CheckConstraint(name="c", definition=check)] if check else []
    table = attrs.evolve(preferences(column), check_constraints=checks, **more)
    found = advise(SchemaSnapshot([Table("users"), table], domains=domains))
    return {each.code for each in found if each.code.startswith("US1")}


@pytest.mark.parametrize(
    ("check", "is_bound"),
    [
        ("CHECK ((revision >= 0))", True),
        ("CHECK ((revision > 0))", True),
        ("CHECK ((revision > '-1'::integer))", True),
        ("CHECK ((revision = 0))", True),
        ("CHECK ((revision >= '-1'::integer))", False),
        ("CHECK ((revision = '-1'::integer))", False),
        ("CHECK ((revision > '-2'::integer))", False),
        ("CHECK ((0 <= revision))", True),
        ("CHECK ((0 < revision))", True),
        ("CHECK (('-1'::integer < revision))", True),
        ("CHECK (('-1'::integer <= revision))", False),
        ("CHECK ((revision <= 0))", False),
        ("CHECK ((revision <> 5))", False),
        ("CHECK ((abs(revision) = revision))", True),
        ("CHECK (CASE WHEN true THEN (revision <> 5) ELSE false END)", True),
    ],
)
def test_which_checks_keep_a_number_from_being_negative(
    check: str,
    is_bound: bool,  # noqa: FBT001
) -> None:
    """From either side; what cannot be read has the benefit of the doubt."""
    assert (codes(REVISION, check=check) == set()) is is_bound
    assert codes(REVISION, check=check) <= {"US101"}


@pytest.mark.parametrize(
    ("check", "is_bound"),
    [
        ({"definition": "CHECK ((VALUE > 0))"}, True),
        ({"definition": "CHECK ((VALUE > 0))", "is_enforced": False}, False),
        ({"definition": "CHECK ((VALUE < 9))"}, False),
        ({"definition": "CHECK ((revision > 0))"}, False),
    ],
)
def test_a_domain_may_bound_the_number(
    check: dict[str, typ.Any],
    is_bound: bool,  # noqa: FBT001
) -> None:
    """Where the check of the domain is enforced."""
    bound = attrs.evolve(DOMAIN, check_constraints=[CheckConstraint(name="c", **check)])
    column = Column("revision", "counter", default="1", is_domain=True)
    assert codes(column, domains=(bound,)) == (set() if is_bound else {"US101"})


def test_an_array_of_numbers_is_no_number() -> None:
    """Nobody counts with it, so nobody wants a check."""
    assert codes(Column("revision", "integer[]", default="'{}'")) == set()


@pytest.mark.parametrize(
    ("default", "starts"),
    [
        ("0", True),
        (None, False),
        ("NULL::integer", False),
        ("null", False),
        ("f(NULL::text)", True),
    ],
)
def test_a_domain_may_say_where_it_starts(
    default: str | None,
    starts: bool,  # noqa: FBT001
) -> None:
    """Unless its default is null as well."""
    domain = attrs.evolve(DOMAIN, data_type="text", default=default)
    column = Column("revision", "counter", is_domain=True)
    assert ("US102" in codes(column, domains=(domain,))) is not starts


@pytest.mark.parametrize(("event", "starts"), [("insert", True), ("update", False)])
def test_a_trigger_may_set_where_it_starts(event: str, starts: bool) -> None:  # noqa: FBT001
    """Before the insert; one before an update comes too late."""
    trigger = Trigger(
        name="t",
        function="public.f",
        definition="CREATE TRIGGER …",
        timing="before",
        events=[event],
        level="row",
    )
    column = attrs.evolve(REVISION, default=None, data_type="uuid")
    assert (codes(column, triggers=[trigger]) == set()) is starts


def test_the_message_says_which_check_to_add() -> None:
    """With the type as the schema writes it."""
    snapshot = SchemaSnapshot([Table("users"), preferences(REVISION)])
    (message,) = (e.message for e in advise(snapshot) if e.code == "US101")
    assert message.startswith("no check keeps this revision (integer) from being neg")
    assert message.endswith("add CHECK (revision >= 0)")


def test_a_type_that_shares_its_name_with_a_domain_is_none() -> None:
    """Nobody counts with a type of that name in another schema."""
    column = Column("revision", "counter", default="'a'")
    assert codes(column, domains=(DOMAIN,)) == set()


def consents(*tables: str) -> Entity:
    """Return an entity of several models, one in each table, which is fine."""
    models = [
        StorageModel(
            name=f"m{number}", tables=name, columns=["user_id"], revision=["revision"]
        )
        for number, name in enumerate(tables)
    ]
    return Entity(name="consents", models=models, allow_multiple=True)


def revised(name: str, default: str | None = None) -> Table:
    """Return a table with a revision."""
    revision = attrs.evolve(REVISION, default=default)
    return Table(name, [Column("user_id", "uuid"), revision])


@pytest.mark.parametrize(
    ("tables", "found"),
    [
        (
            [revised("a", "1"), revised("b"), revised("c")],
            [
                ("US101", "public.a.revision"),
                ("US101", "public.b.revision"),
                ("US101", "public.c.revision"),
                ("US102", "public.b.revision"),
                ("US102", "public.c.revision"),
            ],
        ),
        (
            [revised("a"), revised("a")],
            [("US101", "public.a.revision"), ("US102", "public.a.revision")],
        ),
    ],
    ids=["three tables", "one table, two models"],
)
def test_each_revision_is_told_of_once(
    tables: list[Table], found: list[tuple[str, str]]
) -> None:
    """Whatever there is to say of the one before; none is a second to another."""
    model = model_with(consents(*(each.name for each in tables)))
    snapshot = SchemaSnapshot({each.name: each for each in tables}.values())
    advisories = advise(snapshot, model=model)
    assert [(e.code, e.subject) for e in advisories if e.code < "US2"] == found


@pytest.mark.parametrize(
    ("data_type", "default"),
    [
        ("integer", "1"),
        ("numeric(10,0)", "1"),
        ("timestamp(3) without time zone", "now()"),
        ("timestamp with time zone", "now()"),
        ("uuid", "gen_random_uuid()"),
        ("text", "gen_random_uuid()::text"),
        ("bytea", "uuid_send(gen_random_uuid())"),
        ("xid8", "'1'"),
        ("character varying(8)", None),
        ("point", None),
    ],
)
def test_the_default_that_is_advised_has_the_type_of_the_column(
    data_type: str, default: str | None
) -> None:
    """A type without a likely first value gets no example."""
    table = preferences(Column("revision", data_type))
    (message,) = (
        advisory.message
        for advisory in advise(SchemaSnapshot([Table("users"), table]))
        if advisory.code == "US102"
    )
    example = f", such as DEFAULT {default}" if default else ""
    assert message.endswith(f"that does not name it fails; set one{example}")
