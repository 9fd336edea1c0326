"""Types compare as PostgreSQL means them."""

from __future__ import annotations

import pytest

from pytest_userstate import Column, SchemaSnapshot, Table
from pytest_userstate.application.sql.data_types import ALIASES, data_type
from pytest_userstate.assertions import assert_table


def holds(found: str, expected: str) -> bool:
    """Whether a column of one type passes for one of another."""
    table = assert_table(SchemaSnapshot([Table("t", [Column("c", found)])]), "t")
    try:
        table.has_column("c", data_type=expected)
    except AssertionError:
        return False
    return True


SAME = {
    "character varying(32)": ["varchar(32)", "VARCHAR (32)", "char varying(32)"],
    "character varying": ["varchar", "character varying", "national char varying"],
    "character(1)": ["char", "character", "char(1)", "bpchar(1)", "nchar"],
    "bpchar": ["bpchar"],
    '"char"': ['"char"', 'pg_catalog."char"'],
    "integer": ["int", "int4", "INTEGER", "pg_catalog.int4", " integer "],
    "smallint": ["int2", "smallint"],
    "bigint": ["int8", "bigint"],
    "integer[]": ["int[]", "int4[]", "integer[][]", "int[3]", "integer ARRAY"],
    "boolean": ["bool", "Boolean"],
    "real": ["float4", "float(1)", "float(24)"],
    "double precision": ["float8", "float", "float(25)", "double  precision"],
    "numeric": ["decimal", "dec", "numeric"],
    "numeric(10,2)": ["numeric(10,2)", "numeric( 10 , 2 )", "decimal(10, 2)"],
    "numeric(10,0)": ["numeric(10)", "dec(10,0)"],
    "numeric(3,-2)": ["numeric(3, -2)"],
    "bit(1)": ["bit", "bit(1)"],
    "bit varying(5)": ["varbit(5)", "bit varying(5)"],
    "timestamp with time zone": ["timestamptz", "timestamp with time zone"],
    "timestamp(3) with time zone": ["timestamptz(3)", "timestamp (3) with time zone"],
    "timestamp without time zone": ["timestamp", "TIMESTAMP WITHOUT TIME ZONE"],
    "time(0) without time zone": ["time(0)", "time(0) without time zone"],
    "time with time zone": ["timetz"],
    "interval day to second(3)": ["interval day to second(3)"],
    "public.mood": ["mood", "public.mood", '"mood"', "MOOD"],
    "public.mood[]": ["mood[]", "public.mood[]"],
    'public."Mood"': ['"Mood"', 'public."Mood"'],
    "public.geometry(Point,4326)": ["geometry(Point, 4326)", "geometry(point,4326)"],
    "public.citext": ["citext", "public.citext"],
    "public.text": ["public.text"],
}


@pytest.mark.parametrize(
    ("found", "expected"),
    [(found, each) for found, several in SAME.items() for each in several],
)
def test_other_spellings_of_a_type_are_that_type(found: str, expected: str) -> None:
    """As PostgreSQL's own `CREATE TABLE` takes them."""
    assert holds(found, expected)


DIFFERENT = [
    ("character varying(32)", "varchar(33)"),
    ("character varying(32)", "varchar"),
    ("character varying", "text"),
    ("character(1)", "bpchar"),
    ('"char"', "char"),
    ("integer", "bigint"),
    ("integer[]", "integer"),
    ("integer", "integer[]"),
    ("real", "float"),
    ("numeric(10,2)", "numeric"),
    ("numeric(10,2)", "numeric(10)"),
    ("timestamp without time zone", "timestamptz"),
    ("timestamp(3) with time zone", "timestamptz"),
    ("time with time zone", "time"),
    ("public.mood", "legal.mood"),
    ('public."Mood"', "mood"),
    ('public."Mood"', "Mood"),
    ("public.text", "text"),
    ("text", "public.text"),
    ("public.mood", "public.moods"),
    ("json", "jsonb"),
]


@pytest.mark.parametrize(("found", "expected"), DIFFERENT)
def test_other_types_are_not_that_type(found: str, expected: str) -> None:
    """Neither a part of the name, nor a type that is merely alike, will do."""
    assert not holds(found, expected)


@pytest.mark.parametrize("alias", ALIASES)
def test_every_alias_leads_to_a_type_that_is_none_itself(alias: str) -> None:
    """Writing an alias and writing what it stands for is the same."""
    assert str(data_type(alias)) == str(data_type(ALIASES[alias]))


@pytest.mark.parametrize(
    ("serial", "column"),
    [("serial", "integer"), ("BIGSERIAL", "bigint"), ("smallserial", "smallint")],
)
def test_serial_is_refused_with_an_explanation(serial: str, column: str) -> None:
    """It is no type in the catalog, and can never be found there."""
    with pytest.raises(ValueError, match=f"column of type {column}"):
        holds("integer", serial)


NO_TYPES = [
    *("", "  ", "varchar(", "varchar)", "numeric()", "int int", "int;", "'text'"),
    *("a.b.c", "float(x)", "text[", "[]", "9", "a.", '"'),
]


@pytest.mark.parametrize("text", NO_TYPES)
def test_what_is_no_type_is_refused(text: str) -> None:
    """A slip of the pen is an error in the test, whatever the schema looks like."""
    with pytest.raises(ValueError, match="data_type"):
        holds("text", text)


@pytest.mark.parametrize("value", [None, 3, ["text"], str])
def test_a_type_is_a_string(value: object) -> None:
    """None does not mean "do not look"."""
    with pytest.raises(TypeError, match="data_type"):
        holds("text", value)


def test_a_type_that_cannot_be_read_still_compares() -> None:
    """A snapshot made by hand may hold any text; it is shown as it is."""
    table = assert_table(SchemaSnapshot([Table("t", [Column("c", "(odd)")])]), "t")
    with pytest.raises(AssertionError, match=r"\(odd\)"):
        table.has_column("c", data_type="text")
