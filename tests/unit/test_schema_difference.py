"""What counts as a difference between two schemas, and what does not."""

from __future__ import annotations

import typing as typ

import attrs
import hypothesis
import pytest

from pytest_userstate import (
    CheckConstraint,
    Column,
    Difference,
    Domain,
    Enum,
    ExclusionConstraint,
    Extension,
    ForeignKey,
    Function,
    Index,
    KeyConstraint,
    Policy,
    Rule,
    SchemaSnapshot,
    Sequence,
    Table,
    Trigger,
    View,
    schema_difference,
)
from pytest_userstate.application.sql.equality import same_query, same_text
from pytest_userstate.domain.difference import ChangeKind
from tests.helpers.strategies import snapshots


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("SELECT t.a, t.b FROM p.t", "SELECT a, b FROM p.t", True),
        ("SELECT u.a FROM p.t u", "SELECT a FROM p.t u", True),
        ("SELECT u.a\n FROM p.t u", "SELECT u.a FROM p.t u", True),
        ('SELECT "T".a FROM p."T"', 'SELECT a FROM p."T"', True),
        ("SELECT TRIM(FROM t.a) FROM p.t", "SELECT TRIM(FROM a) FROM p.t", True),
        ("SELECT t.t FROM p.t", "SELECT t FROM p.t", True),
        ("SELECT t.a FROM (q) t(a)", "SELECT a FROM (q) t(a)", True),
        ("SELECT t.a FROM p.t", "SELECT b FROM p.t", False),
        ("SELECT f((t.a, t.b)) FROM p.t", "SELECT f(t.a, t.b) FROM p.t", False),
        ('FROM a "left" JOIN b ON c', "FROM a LEFT JOIN b ON c", False),
        ("SELECT a UNION (SELECT b EXCEPT SELECT c)",
         "SELECT a UNION SELECT b EXCEPT SELECT c", False),
        ("SELECT t.a, u.b FROM p.t, p.u", "SELECT a, b FROM p.t, p.u", False),
        ("SELECT t.a FROM p.t, p.u", "SELECT u.a FROM p.t, p.u", False),
        ("SELECT a FROM p.t", "SELECT a FROM t", False),
        ("SELECT a FROM p.t, p.u", "SELECT a FROM t, p.u", False),
        ("SELECT p.f(a) FROM p.p", "SELECT f(a) FROM p.p", False),
        ("SELECT a::p.m FROM p.p", "SELECT a::m FROM p.p", False),
        ("SELECT a FROM p.t", "SELECT a FROM p.t WHERE b", False),
        ("SELECT 'A' FROM p.t", "SELECT 'a' FROM p.t", False),
        ("SELECT $1", "SELECT  $1", True),
    ],
)  # fmt: skip
def test_queries_that_differ_in_written_out_relations_alone_are_the_same(
    one: str, other: str, *, same: bool
) -> None:
    """In both directions; where it is not sure, they are different."""
    assert same_query(one, other) is same
    assert same_query(other, one) is same


def test_other_texts_differ_in_blanks_alone() -> None:
    """A relation written out is another expression there."""
    assert same_text("(a > 1)", "a  >  1")
    assert not same_text("t.a > 1", "a > 1")


USERS = Table(
    "users",
    [
        Column("id", "uuid", is_primary_key=True, default="f(  1 )"),
        Column("low", "text", expression="lower(  name )"),
    ],
    primary_key=KeyConstraint(name="users_pkey", columns=["id"]),
    check_constraints=[CheckConstraint(name="c", definition="CHECK (  id )")],
    indexes=[
        Index(name="users_pkey", columns=["id"], constraint="users_pkey"),
        Index(
            name="i",
            columns=["lower(  name )"],
            predicate="(  low )",
            definition="x  y",
        ),
    ],
    triggers=[Trigger(name="t", function="f", definition="CREATE  TRIGGER")],
    policies=[Policy(name="p", using="(  true )", check="(  a  = b )")],
    partition_key="RANGE  (id)",
)
BASE = SchemaSnapshot(
    [USERS],
    views=[View("v", definition="SELECT  users.id  FROM users")],
    domains=[Domain(name="d", data_type="text", default="(  'x' )")],
    extensions=[Extension(name="citext", version="1.6")],
)


def test_a_trigger_of_an_older_snapshot_file_is_the_same_trigger() -> None:
    """Its statement says all of it; only newer files have it in single facts."""
    older = Trigger(name="t", function="public.f", definition="CREATE TRIGGER t …")
    newer = attrs.evolve(older, timing="before", events=["insert"], level="row")
    one, other = (
        SchemaSnapshot([Table("t", triggers=[each])]) for each in (older, newer)
    )
    assert schema_difference(one, other).is_empty
    assert schema_difference(other, one).is_empty


def rewritten(value: object) -> object:
    """Return the value with single blanks only in each text of it."""
    match value:
        case str():
            return " ".join(value.split())
        case tuple():
            return tuple(rewritten(each) for each in value)
        case _ if attrs.has(type(value)):
            fields = attrs.fields(type(value))
            return attrs.evolve(  # type: ignore[misc]
                value, **{f.name: rewritten(getattr(value, f.name)) for f in fields}
            )
        case _:
            return value


def test_how_a_text_is_written_is_no_difference() -> None:
    """In whichever object it stands."""
    other = rewritten(BASE)
    assert isinstance(other, SchemaSnapshot)
    assert len(Difference.between(BASE, other).changes) == 9
    assert schema_difference(BASE, other).is_empty
    assert schema_difference(other, BASE).is_empty


def test_versions_of_extensions_and_stubs_are_no_difference() -> None:
    """They are the server's; whether the extension is there is the schema's."""
    stub = Extension(name="citext", version="1.8", is_stub=True)
    assert schema_difference(BASE, attrs.evolve(BASE, extensions=[stub])).is_empty
    moved = attrs.evolve(stub, schema="other")
    (change,) = schema_difference(BASE, attrs.evolve(BASE, extensions=[moved])).changes
    assert [each.field for each in change.fields] == ["schema"]
    (change,) = schema_difference(BASE, attrs.evolve(BASE, extensions=[])).changes
    assert (str(change.kind), change.subject) == ("removed", "citext")


@pytest.mark.parametrize("marked", ["before", "after"])
def test_records_of_tools_are_left_out_whichever_side_marks_them(marked: str) -> None:
    """A live database does not say which tables are some tool's own."""
    records = Table("records", [Column("id", "bigint")])
    numbers = Sequence(name="records_id_seq", owned_by="public.records.id")
    sides = {
        side: attrs.evolve(
            BASE,
            tables=[USERS, attrs.evolve(records, is_bookkeeping=side == marked)],
            sequences=[numbers],
        )
        for side in ("before", "after")
    }
    assert schema_difference(**sides).is_empty
    alone = {**sides, "before" if marked == "after" else "after": BASE}
    assert schema_difference(**alone).is_empty
    unmarked = attrs.evolve(BASE, tables=[USERS, records], sequences=[numbers])
    (change,) = schema_difference(BASE, unmarked).changes
    assert change.subject == "public.records"


def test_what_follows_from_another_change_is_not_told_again() -> None:
    """A key that is gone takes its index along, and the mark on its columns."""
    bare = attrs.evolve(
        USERS,
        primary_key=None,
        indexes=USERS.indexes[:1],
        columns=[attrs.evolve(c, is_primary_key=False) for c in USERS.columns],
    )
    assert [index.name for index in bare.indexes] == ["i"]
    after = attrs.evolve(BASE, tables=[bare])
    for difference in (schema_difference(BASE, after), schema_difference(after, BASE)):
        (change,) = difference.changes
        assert (change.what, change.subject) == (
            "primary key",
            "public.users.users_pkey",
        )
    nullable = attrs.evolve(
        bare, columns=[attrs.evolve(c, is_nullable=True) for c in bare.columns]
    )
    after = attrs.evolve(BASE, tables=[nullable])
    assert [each.what for each in schema_difference(BASE, after).changes] == [
        "column",
        "column",
        "primary key",
    ]


def test_the_sequence_of_a_column_comes_and_goes_with_it() -> None:
    """One that belongs to no column, or whose column stays, is told."""
    column = Column("nr", "integer")
    owned = Sequence(name="nr_seq", owned_by="public.users.nr")
    more = attrs.evolve(USERS, columns=[*USERS.columns, column])
    with_both = attrs.evolve(BASE, tables=[more], sequences=[owned])
    with_column = attrs.evolve(BASE, tables=[more])
    free = attrs.evolve(BASE, sequences=[Sequence(name="free")])
    for before, after, told in (
        (BASE, with_both, ["column"]),
        (with_both, BASE, ["column"]),
        (with_both, attrs.evolve(BASE, tables=[]), ["table"]),
        (with_both, with_column, ["sequence"]),
        (BASE, free, ["sequence"]),
    ):
        changes = schema_difference(before, after).changes
        assert [each.what for each in changes] == told


@pytest.mark.parametrize(
    ("what", "parts"),
    [
        ("column", {"columns": [Column("n", "text")]}),
        ("primary key", {"primary_key": KeyConstraint(name="n", columns=["a"])}),
        (
            "unique constraint",
            {"unique_constraints": [KeyConstraint(name="n", columns=["a"])]},
        ),
        (
            "foreign key",
            {
                "foreign_keys": [
                    ForeignKey(
                        name="n", columns=["a"], target_table="t", target_columns=["b"]
                    )
                ]
            },
        ),
        (
            "check constraint",
            {"check_constraints": [CheckConstraint(name="n", definition="CHECK (a)")]},
        ),
        (
            "exclusion constraint",
            {"exclusion_constraints": [ExclusionConstraint(name="n", definition="a")]},
        ),
        ("index", {"indexes": [Index(name="n", columns=["a"])]}),
        ("trigger", {"triggers": [Trigger(name="n", function="f", definition="x")]}),
        ("policy", {"policies": [Policy(name="n")]}),
    ],
)
def test_a_part_of_a_table_is_told_as_what_it_is(
    what: str, parts: dict[str, typ.Any]
) -> None:
    """Not as a table that has changed."""
    with_part = SchemaSnapshot([attrs.evolve(Table("t"), **parts)])
    (change,) = Difference.between(SchemaSnapshot([Table("t")]), with_part).changes
    assert (change.what, change.subject) == (what, "public.t.n")


def test_changes_come_in_canonical_order() -> None:
    """Kind by kind, whatever the names; by schema and name within a kind."""
    after = SchemaSnapshot(
        [Table("h"), Table("g", schema="z"), Table("i")],
        views=[View("f")],
        enums=[Enum(name="e", labels=["x"])],
        domains=[Domain(name="d", data_type="text")],
        sequences=[Sequence(name="c")],
        extensions=[Extension(name="b", version="1")],
        schemas=["a", "public", "z"],
    )
    difference = Difference.between(SchemaSnapshot(), after)
    assert [each.what for each in difference.changes] == [
        *("table", "table", "table", "view", "enum", "domain", "sequence"),
        *("extension", "schema", "schema", "schema"),
    ]
    assert [each.subject for each in difference.changes[:3]] == [
        *("public.h", "public.i", "z.g"),
    ]
    assert difference == Difference(difference.changes)
    assert hash(difference) == hash(Difference(difference.changes))
    for back in Difference.between(after, SchemaSnapshot()).changes:
        assert (back.kind, back.fields) == (ChangeKind.REMOVED, ())


@hypothesis.given(snapshots(), snapshots())
def test_a_difference_is_never_invented_nor_lost(
    before: SchemaSnapshot, after: SchemaSnapshot
) -> None:
    """It is empty exactly where the strict one is, for texts that do not vary."""
    strict = Difference.between(before, after)
    found = schema_difference(before, after)
    assert found.is_empty == strict.is_empty
    assert set(found.changes) <= set(strict.changes)
    assert schema_difference(before, before).is_empty


def test_a_file_of_format_1_differs_only_in_what_it_could_hold() -> None:
    """An upgrade alone does not make a committed snapshot file differ."""
    old = SchemaSnapshot([Table("users")], has_protection=False)
    rule = Rule(name="keep", definition="CREATE RULE …")
    new = SchemaSnapshot(
        [Table("users", rules=[rule], grants=["select to app"])],
        functions=[Function(name="touch")],
    )
    assert schema_difference(old, new).is_empty
    assert schema_difference(new, old).is_empty
    changed = attrs.evolve(new, tables=[Table("accounts")])
    assert len(schema_difference(old, changed).changes) == 2
    assert len(schema_difference(SchemaSnapshot([Table("users")]), new).changes) == 3


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        (
            "CHECK ((s = ANY (ARRAY['a'::text, 'b'::text])))",
            "CHECK (s IN ('a', 'b'))",
            True,
        ),
        ("CHECK (((n >= 1) AND (n <= 5)))", "CHECK (n BETWEEN 1 AND 5)", True),
        ("CHECK ((n > 1)) NOT VALID", "CHECK (n > 1) NOT VALID", True),
        ("CHECK ((n > 1)) NOT VALID", "CHECK (n > 1)", False),
        ("CHECK ((n > 1))", "CHECK (n > 2)", False),
        ("CHECK (a.f(n))", "CHECK (f(n))", False),
        ("CHECK ((n = 'a'::a.mood))", "CHECK ((n = 'a'::b.mood))", False),
    ],
)
def test_checks_are_compared_as_assertions_compare_them(
    before: str,
    after: str,
    is_same: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A file that somebody wrote, or another version, may spell a check otherwise."""
    one, other = (
        SchemaSnapshot(
            [Table("t", check_constraints=[CheckConstraint(name="c", definition=text)])]
        )
        for text in (before, after)
    )
    assert schema_difference(one, other).is_empty is is_same
    assert schema_difference(other, one).is_empty is is_same
