"""Nothing passes that should not: odd names, duplicates, parameters, void indexes."""

from __future__ import annotations

import collections.abc as cabc

import attrs
import pytest

from pytest_userstate import (
    CheckConstraint,
    Column,
    Domain,
    ExclusionConstraint,
    Extension,
    ForeignKey,
    Index,
    KeyConstraint,
    SchemaSnapshot,
    Table,
    Trigger,
)
from pytest_userstate.assertions import (
    TableAssertions,
    assert_domain,
    assert_extension,
    assert_table,
)

COLUMNS = [Column(name, "text") for name in ("a", "b", "a, b", "a.b", 'say "x"')]


def table(**parts: object) -> TableAssertions:
    """Return assertions about a table with these parts."""
    made = Table("t", COLUMNS, **parts)  # type: ignore[arg-type]
    target = Table("users", [Column("id", "uuid")])
    return assert_table(SchemaSnapshot([made, target]), "t")


def message(call: cabc.Callable[[], object]) -> str:
    """Return what a failing assertion says, its lines in one if they were wrapped."""
    with pytest.raises(AssertionError) as caught:
        call()
    return str(caught.value).replace("\n              ", " ")


def foreign_key(name: str, *columns: str, **facts: str) -> ForeignKey:
    """Return a foreign key to the users."""
    return ForeignKey(
        name=name,
        columns=columns,
        target_table="users",
        target_columns=["id"] * len(columns),
        **facts,
    )


def test_a_second_foreign_key_on_the_same_column_is_one_too_many() -> None:
    """Keys are counted, not only named by their columns."""
    both = table(foreign_keys=[foreign_key("one", "a"), foreign_key("two", "a")])
    assert "unexpected  a" in message(lambda: both.has_exactly_foreign_keys(["a"]))
    both.has_exactly_foreign_keys(["a", "a"])
    one = table(foreign_keys=[foreign_key("one", "a")])
    assert "missing     a" in message(lambda: one.has_exactly_foreign_keys(["a", "a"]))


def test_a_second_unique_constraint_on_the_same_columns_is_one_too_many() -> None:
    """PostgreSQL keeps both, with an index for each."""
    keys = [KeyConstraint(name=name, columns=["a", "b"]) for name in ("one", "two")]
    both = table(unique_constraints=keys)
    text = message(lambda: both.has_exactly_unique_constraints([["a", "b"]]))
    assert "unexpected  a, b" in text
    both.has_exactly_unique_constraints([["a", "b"], ["a", "b"]])


def test_a_column_whose_name_holds_a_comma_is_not_two_columns() -> None:
    """The name is quoted in the message, so that both can be told apart."""
    keys = table(
        unique_constraints=[KeyConstraint(name="u", columns=["a", "b"])],
        foreign_keys=[foreign_key("f", "a", "b")],
    )
    text = message(lambda: keys.has_exactly_unique_constraints(["a, b"]))
    assert 'missing     "a, b"' in text
    assert "unexpected  a, b" in text
    text = message(lambda: keys.has_exactly_foreign_keys(["a, b"]))
    assert 'missing     "a, b"' in text
    text = message(lambda: keys.has_unique_constraint("a, b"))
    assert '"a, b"' in text


def test_columns_that_a_foreign_key_sets_are_told_from_one_with_a_comma() -> None:
    """The action is text, in which such a name is quoted."""
    key = foreign_key("f", "a", "b", on_delete="set null (a, b)")
    keys = table(foreign_keys=[key])
    keys.has_foreign_key(["a", "b"], on_delete="set null", on_delete_columns=["b", "a"])
    text = message(
        lambda: keys.has_foreign_key(
            ["a", "b"], on_delete="set null", on_delete_columns=["a, b"]
        )
    )
    assert 'set null ("a, b")' in text


def test_keys_that_differ_in_order_alone_say_so() -> None:
    """The reader need not compare two long lists."""
    keys = table(
        primary_key=KeyConstraint(name="p", columns=["a", "b"]),
        unique_constraints=[KeyConstraint(name="u", columns=["a", "b"])],
        foreign_keys=[foreign_key("f", "a", "b")],
        indexes=[Index(name="i", columns=["a", "b"])],
    )
    only = "only the order of the columns differs"
    assert only in message(lambda: keys.has_primary_key(["b", "a"]))
    assert only in message(lambda: keys.has_unique_constraint(["b", "a"]))
    assert only in message(lambda: keys.has_foreign_key(["b", "a"]))
    assert only in message(lambda: keys.has_index(["b", "a"]))
    assert only in message(lambda: keys.has_exactly_unique_constraints([["b", "a"]]))
    assert only in message(lambda: keys.has_exactly_foreign_keys([["b", "a"]]))
    assert only not in message(lambda: keys.has_primary_key("a"))


def test_a_check_in_another_spelling_says_how_to_write_it() -> None:
    """Its names and numbers are the same; what they say may be."""
    check = CheckConstraint(name="c", definition="CHECK (((a > 0) OR (b IS NULL)))")
    checks = table(check_constraints=[check])
    text = message(lambda: checks.has_check_constraint("0 < a OR b IS NULL"))
    assert "write it as PostgreSQL does: (((a > 0) OR (b IS" in text
    text = message(lambda: checks.has_check_constraint("a > 1 OR b IS NULL"))
    assert "write it" not in text
    text = message(lambda: checks.has_check_constraint("b > 0 OR b IS NULL"))
    assert "write it" not in text


EXCLUSIONS = {
    "EXCLUDE USING btree (a WITH =)": ["a"],
    "EXCLUDE USING gist (a WITH =, b WITH &&)": ["a", "b"],
    "EXCLUDE USING gist (a gist_text_ops WITH =, b WITH &&) DEFERRABLE": ["a", "b"],
    'EXCLUDE USING btree ("a, b" WITH =)': ["a, b"],
    "EXCLUDE USING btree (a WITH OPERATOR(public.=))": ["a"],
    'EXCLUDE USING btree (a COLLATE "C" DESC NULLS LAST WITH =)': ["a"],
    "EXCLUDE USING btree (a WITH =) INCLUDE (b)": ["a"],
}


@pytest.mark.parametrize("definition", EXCLUSIONS)
def test_an_exclusion_constraint_makes_its_columns_unique(definition: str) -> None:
    """No two rows that are equal in them can pass."""
    constraint = ExclusionConstraint(name="x", definition=definition)
    excluded = table(exclusion_constraints=[constraint])
    columns = EXCLUSIONS[definition]
    text = message(lambda: excluded.has_no_unique_constraint(columns))
    assert "the exclusion constraint x EXCLUDE" in text
    excluded.has_no_unique_constraint('"a.b"')


@pytest.mark.parametrize(
    "definition",
    [
        "EXCLUDE USING btree (a WITH =) WHERE ((b IS NOT NULL))",
        "EXCLUDE USING btree (lower(a) WITH =)",
        "EXCLUDE USING btree (((a || b)) WITH =)",
        "EXCLUDE USING gist (a WITH <>)",
        "EXCLUDE USING gist (a WITH =, b WITH <>)",
        'EXCLUDE USING gist (a WITH =, "WITH =" WITH <>)',
        "EXCLUDE USING gist (b WITH =)",
        "nonsense",
        "EXCLUDE 'nonsense",
    ],
)
def test_other_exclusion_constraints_leave_a_column_as_it_is(definition: str) -> None:
    """Equal rows can pass a condition, an expression, or another operator."""
    constraint = ExclusionConstraint(name="x", definition=definition)
    table(exclusion_constraints=[constraint]).has_no_unique_constraint("a")


def test_an_invalid_unique_index_makes_nothing_unique() -> None:
    """It was not built to its end, so that rows may be equal."""
    void = table(
        indexes=[Index(name="i", columns=["a"], is_unique=True, is_valid=False)]
    )
    void.has_no_unique_constraint("a")
    assert "the index" not in message(lambda: void.has_unique_constraint("a"))
    text = message(lambda: void.has_index("a", unique=True))
    assert "found     yes, but the index is not valid" in text
    message(lambda: void.has_index("a", unique=False))
    void.has_index("a", unique=True, valid=False)
    message(lambda: void.has_index("a", unique=True, valid=True))


def test_a_key_whose_index_is_not_valid_does_not_hold() -> None:
    """As on a partitioned table of which some partition lacks the index."""
    keys = table(
        primary_key=KeyConstraint(name="p", columns=["a"]),
        unique_constraints=[KeyConstraint(name="u", columns=["b"])],
        indexes=[
            Index(name=name, columns=[column], constraint=name, is_valid=False)
            for name, column in (("p", "a"), ("u", "b"))
        ],
    )
    assert "some partition lacks it" in message(lambda: keys.has_primary_key("a"))
    assert "some partition lacks it" in message(lambda: keys.has_unique_constraint("b"))


def test_an_index_of_all_values_that_are_not_null_makes_unique() -> None:
    """Two nulls never clash, with the condition or without it."""
    index = Index(
        name="i", columns=["a"], is_unique=True, predicate='("a" IS NOT NULL)'
    )
    assert "the index" in message(
        lambda: table(indexes=[index]).has_no_unique_constraint("a")
    )
    other = attrs.evolve(index, predicate="(b IS NOT NULL)")
    table(indexes=[other]).has_no_unique_constraint("a")


@pytest.mark.parametrize("predicate", ["true", "(a IS NOT NULL)"])
def test_an_index_that_leaves_out_no_value_makes_unique(predicate: str) -> None:
    """Its condition holds for every row, or for each that has a value."""
    index = Index(
        name="i",
        columns=["a"],
        is_unique=True,
        predicate=predicate,
        nulls_distinct=False,
    )
    text = message(lambda: table(indexes=[index]).has_no_unique_constraint("a"))
    assert "the index: unique i" in text


def test_columns_are_unique_if_some_of_them_are() -> None:
    """A key on one makes each pair unique that it is in; the reverse does not hold."""
    keys = table(
        primary_key=KeyConstraint(name="p", columns=["a"]),
        unique_constraints=[KeyConstraint(name="u", columns=["b", "a.b"])],
    )
    text = message(lambda: keys.has_no_unique_constraint(["b", "a"]))
    assert "the primary key p (a)" in text
    text = message(lambda: keys.has_no_unique_constraint(['"a.b"', "b", "a, b"]))
    assert "u (b, a.b)" in text
    keys.has_no_unique_constraint("b")


def test_an_expression_that_may_be_the_same_is_no_absence() -> None:
    """What cannot be told apart cannot be said to be missing."""
    indexes = table(indexes=[Index(name="i", columns=["((a || 'x') || b)"])])
    text = message(lambda: indexes.has_no_index("a || ('x' || b)"))
    assert "i (((a || 'x') || b))" in text
    indexes.has_no_index("a || ('y' || b)")
    indexes.has_no_index("lower(a)")


DOMAINS = SchemaSnapshot(
    domains=[
        Domain(name="short", data_type="character varying(32)"),
        Domain(name="blank", data_type="character(5)"),
        Domain(name="bits", data_type="bit(3)"),
        Domain(name="price", data_type="numeric(10,2)"),
        Domain(name="moment", data_type="timestamp(3) with time zone"),
        Domain(name="span", data_type="interval year to month"),
        Domain(name="list", data_type="character varying(32)[]"),
        Domain(name="shorter", data_type="public.short"),
        Domain(name="shortest", data_type="public.shorter"),
    ]
)


@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        ("short", "varchar"),
        ("short", "varchar(32)"),
        ("short", "character varying"),
        ("blank", "char"),
        ("blank", "bpchar"),
        ("bits", "bit"),
        ("price", "numeric"),
        ("price", "decimal"),
        ("price", "numeric(10, 2)"),
        ("moment", "timestamptz"),
        ("span", "interval"),
        ("list", "varchar[]"),
        ("shorter", "short"),
        ("shorter", "varchar"),
        ("shortest", "varchar"),
        ("shortest", "public.short"),
    ],
)
def test_a_type_without_parameters_stands_for_any(domain: str, kind: str) -> None:
    """In a negative assertion: that it is not one length would pass by accident."""
    found = assert_domain(DOMAINS, domain)
    assert "is based on" in message(lambda: found.is_not_based_on(kind))


@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        ("short", "varchar(33)"),
        ("short", "text"),
        ("short", "varchar[]"),
        ("list", "varchar"),
        ("price", "numeric(10)"),
        ("moment", "timestamp"),
        ("moment", "timestamptz(6)"),
        ("shorter", "varchar(31)"),
    ],
)
def test_a_type_with_other_parameters_is_another_one(domain: str, kind: str) -> None:
    """Whoever writes them means them."""
    assert_domain(DOMAINS, domain).is_not_based_on(kind)


def test_names_given_by_keyword_may_be_quoted_as_any_other_name() -> None:
    """As the page says of all names."""
    named = table(
        primary_key=KeyConstraint(name="p.k", columns=["a"]),
        unique_constraints=[KeyConstraint(name="u.k", columns=["b"])],
        foreign_keys=[foreign_key('f "k"', "a")],
        check_constraints=[CheckConstraint(name="c.k", definition="CHECK (true)")],
        exclusion_constraints=[
            ExclusionConstraint(name="x.k", definition="EXCLUDE USING gist (a WITH =)")
        ],
        indexes=[Index(name="i.k", columns=["a"])],
    )
    named.has_primary_key("a", name='"p.k"')
    named.has_unique_constraint("b", name='"u.k"')
    named.has_foreign_key("a", name='"f ""k"""')
    named.has_check_constraint("true", name='"c.k"')
    named.has_exclusion_constraint("EXCLUDE USING gist (a WITH =)", name='"x.k"')
    named.has_index("a", name='"i.k"', method='"btree"')
    with pytest.raises(ValueError, match=r"name: 'i\.k' is not a single name"):
        named.has_index("a", name="i.k")
    domain = Domain(
        name="d",
        data_type="text",
        collation="C",
        check_constraints=[CheckConstraint(name="d.k", definition="CHECK (true)")],
    )
    snapshot = SchemaSnapshot(
        domains=[domain], extensions=[Extension(name="x", version="1", schema="a.b")]
    )
    found = assert_domain(snapshot, "d", collation='pg_catalog."C"')
    found.has_check_constraint("true", name='"d.k"')
    assert_domain(snapshot, "d", collation='"C"')
    assert_extension(snapshot, "x", schema='"a.b"')


def test_a_constraint_trigger_is_a_constraint() -> None:
    """PostgreSQL lists it as one, under its name."""
    trigger = Trigger(name="c", function="f", definition="", is_constraint=True)
    text = message(lambda: table(triggers=[trigger]).has_no_constraint("c"))
    assert "has a constraint trigger 'c'" in text
    table(triggers=[attrs.evolve(trigger, is_constraint=False)]).has_no_constraint("c")


def test_a_partition_that_is_named_twice_is_a_mistake() -> None:
    """With its schema or without."""
    with pytest.raises(ValueError, match=r"'public\.a' is named twice"):
        table().has_exactly_partitions(["a", "public.a"])


def test_a_serial_column_is_told_from_an_identity_column() -> None:
    """Only one of the two has a default."""
    with pytest.raises(ValueError, match="identity=SOME if it is an identity column"):
        table().has_column("a", data_type="bigserial")
