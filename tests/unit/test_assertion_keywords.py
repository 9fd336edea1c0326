"""Each keyword of each assertion is about its own fact, and about no other."""

from __future__ import annotations

import collections.abc as cabc
import inspect
import typing as typ

import pytest

from pytest_userstate import (
    CheckConstraint,
    Column,
    Domain,
    ExclusionConstraint,
    Extension,
    ForeignKey,
    Generated,
    Identity,
    Index,
    KeyConstraint,
    Policy,
    SchemaSnapshot,
    Sequence,
    Table,
    Trigger,
)
from pytest_userstate.assertions import (
    TableAssertions,
    assert_domain,
    assert_extension,
    assert_sequence,
    assert_table,
)

COLUMN = Column(
    "c",
    "integer",
    default="1",
    generated=Generated.STORED,
    expression="(a + 1)",
    identity=Identity.ALWAYS,
    collation="C",
    comment="Why",
    is_primary_key=True,
)
TABLE = Table(
    "t",
    [COLUMN, *(Column(name, "integer") for name in ("a", "b", "d"))],
    primary_key=KeyConstraint(
        name="p", columns=["a"], included=["b"], is_deferrable=True
    ),
    unique_constraints=[
        KeyConstraint(name="u", columns=["a"], included=["b"], is_temporal=True)
    ],
    foreign_keys=[
        ForeignKey(
            name="f",
            columns=["a"],
            target_table="users",
            target_columns=["id"],
            on_update="cascade",
            on_delete="set null (a)",
            match="full",
            is_deferrable=True,
            is_validated=False,
        )
    ],
    check_constraints=[
        CheckConstraint(
            name="k", definition="CHECK ((a > 0))", columns=["a"], is_validated=False
        )
    ],
    exclusion_constraints=[
        ExclusionConstraint(name="x", definition="EXCLUDE USING gist (a WITH &&)")
    ],
    indexes=[
        Index(
            name="p",
            columns=["a"],
            included=["b"],
            is_unique=True,
            predicate="(a > 0)",
            constraint="p",
            is_clustered=True,
        )
    ],
    triggers=[
        Trigger(
            name="g",
            function="public.f",
            definition="CREATE TRIGGER …",
            timing="before",
            events=["insert", "update"],
            update_of=["a"],
            level="row",
            when="(new.a > 0)",
            is_constraint=True,
        )
    ],
    policies=[
        Policy(
            name="y", command="update", roles=["app"], using="(a > 0)", check="(a > 1)"
        )
    ],
)
SNAPSHOT = SchemaSnapshot(
    [TABLE, Table("users", [Column("id", "integer")])],
    domains=[
        Domain(
            name="m",
            data_type="text",
            default="'x'::text",
            collation="C",
            is_nullable=False,
        )
    ],
    sequences=[
        Sequence(
            name="s",
            data_type="integer",
            start=2,
            increment=3,
            minimum=4,
            maximum=5,
            cache=6,
            cycles=True,
            owned_by="public.t.a",
        )
    ],
    extensions=[Extension(name="e", version="1.2", schema="other", is_stub=True)],
)
Facts = dict[str, tuple[object, object]]
KEY: Facts = {
    "name": ("p", "q"),
    "included": ("b", "a"),
    "deferrable": (True, False),
    "initially_deferred": (False, True),
    "temporal": (False, True),
}


def of_table(name: str) -> cabc.Callable[..., object]:
    """Return a method of the assertions about the table."""
    return typ.cast(
        "cabc.Callable[..., object]", getattr(assert_table(SNAPSHOT, "t"), name)
    )


ASSERTIONS: dict[str, tuple[cabc.Callable[..., object], object, Facts]] = {
    "column": (
        of_table("has_column"),
        "c",
        {
            "data_type": ("int", "bigint"),
            "nullable": (False, True),
            "default": ("1", "2"),
            "generated": ("stored", "virtual"),
            "expression": ("a + 1", "a + 2"),
            "identity": ("always", "by default"),
            "primary_key": (True, False),
            "collation": ("C", "D"),
            "comment": ("Why", "why"),
        },
    ),
    "primary key": (of_table("has_primary_key"), "a", KEY),
    "unique constraint": (
        of_table("has_unique_constraint"),
        "a",
        {
            **KEY,
            "name": ("u", "p"),
            "deferrable": (False, True),
            "temporal": (True, False),
            "nulls_distinct": (True, False),
        },
    ),
    "foreign key": (
        of_table("has_foreign_key"),
        "a",
        {
            "references": ("users", "other.users"),
            "references_columns": ("id", "a"),
            "on_update": ("cascade", "restrict"),
            "match": ("full", "simple"),
            "deferrable": (True, False),
            "initially_deferred": (False, True),
            "validated": (False, True),
            "enforced": (True, False),
            "temporal": (False, True),
            "name": ("f", "g"),
        },
    ),
    "check constraint": (
        of_table("has_check_constraint"),
        "a > 0",
        {
            "name": ("k", "f"),
            "columns": ("a", "b"),
            "validated": (False, True),
            "enforced": (True, False),
        },
    ),
    "exclusion constraint": (
        of_table("has_exclusion_constraint"),
        "EXCLUDE USING gist (a WITH &&)",
        {"name": ("x", "y")},
    ),
    "index": (
        of_table("has_index"),
        "a",
        {
            "name": ("p", "q"),
            "method": ("btree", "gin"),
            "unique": (True, False),
            "where": ("a > 0", "a > 1"),
            "included": ("b", "a"),
            "nulls_distinct": (True, False),
            "valid": (True, False),
            "primary": (True, False),
            "clustered": (True, False),
        },
    ),
    "trigger": (
        of_table("has_trigger"),
        "g",
        {
            "function": ("f", "other.f"),
            "timing": ("before", "after"),
            "events": (["update", "insert"], "insert"),
            "update_of": ("a", "b"),
            "level": ("row", "statement"),
            "when": ("NEW.a > 0", "NEW.a > 1"),
            "enabled": (True, False),
            "constraint": (True, False),
        },
    ),
    "policy": (
        of_table("has_policy"),
        "y",
        {
            "command": ("update", "all"),
            "roles": ("app", "public"),
            "permissive": (True, False),
            "using": ("a > 0", "a > 1"),
            "check": ("a > 1", "a > 0"),
        },
    ),
    "domain": (
        assert_domain,
        "m",
        {
            "data_type": ("text", "varchar"),
            "nullable": (False, True),
            "default": ("'x'", "'y'"),
            "collation": ("C", "D"),
        },
    ),
    "sequence": (
        assert_sequence,
        "s",
        {
            "data_type": ("int", "bigint"),
            "start": (2, 1),
            "increment": (3, 1),
            "minimum": (4, 1),
            "maximum": (5, 1),
            "cache": (6, 1),
            "cycles": (True, False),
            "owned_by": ("t.a", "t.b"),
        },
    ),
    "extension": (
        assert_extension,
        "e",
        {
            "version": ("1.2", "1.1"),
            "schema": ("other", "public"),
            "stub": (True, False),
        },
    ),
}
CASES = [(kind, name) for kind, (_, _, facts) in ASSERTIONS.items() for name in facts]


def call(kind: str, **keywords: object) -> object:
    """Make an assertion with these keywords."""
    assertion, first, _ = ASSERTIONS[kind]
    source = () if inspect.ismethod(assertion) else (SNAPSHOT,)
    return assertion(*source, first, **keywords)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_keyword_holds_for_its_fact_alone(kind: str, name: str) -> None:
    """The fact as it is passes; another one fails under the keyword's name."""
    right, wrong = ASSERTIONS[kind][2][name]
    call(kind, **{name: right})
    with pytest.raises(AssertionError) as caught:
        call(kind, **{name: wrong})
    assert f"{name}:\n  expected" in str(caught.value)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_none_never_fits_what_is_there(kind: str, name: str) -> None:
    """They are refused if they are no answer; `None` never fits what is there."""
    with pytest.raises((AssertionError, TypeError)):
        call(kind, **{name: None})


@pytest.mark.parametrize("kind", ASSERTIONS)
def test_all_keywords_together_hold(kind: str) -> None:
    """A fact of one does not get in the way of another."""
    facts = ASSERTIONS[kind][2]
    call(kind, **{name: right for name, (right, _) in facts.items()})


@pytest.mark.parametrize("kind", ASSERTIONS)
def test_no_keyword_is_left_out(kind: str) -> None:
    """A new one has to be tried here."""
    parameters = inspect.signature(ASSERTIONS[kind][0]).parameters.values()
    keywords = {one.name for one in parameters if one.kind is one.KEYWORD_ONLY}
    own_test = {"on_delete", "on_delete_columns"} if kind == "foreign key" else set()
    assert keywords - own_test == {*ASSERTIONS[kind][2]}


def test_every_assertion_with_keywords_is_tried() -> None:
    """Those about partitions and row security have tests of their own."""
    own_test = {"has_row_security", "is_partitioned", "is_partition_of"}
    own_test |= {"is_ancestor_of", "is_descendant_of", "allows", "allows_exactly"}
    tried = {
        getattr(assertion, "__name__", "") for assertion, *_ in ASSERTIONS.values()
    }
    for name, method in inspect.getmembers(TableAssertions, inspect.isfunction):
        parameters = inspect.signature(method).parameters.values()
        has_keywords = any(one.kind is one.KEYWORD_ONLY for one in parameters)
        if has_keywords and not name.startswith("_"):
            assert name in tried | own_test | {"forbids"}
