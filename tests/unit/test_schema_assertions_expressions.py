"""Expressions compare without what PostgreSQL adds to them, and nothing else."""

from __future__ import annotations

import pytest

from pytest_userstate.application.sql.expressions import (
    same_expression,
    same_tokens,
)
from pytest_userstate.application.sql.tokens import UnreadableSqlError, tokens

VARCHARS = frozenset({"state"})

SAME = [
    ("1", "1"),
    ("-1", "'-1'::integer"),
    ("1", "(1)::numeric"),
    ("'draft'", "'draft'::text"),
    ("'draft'::text", "'draft'::text"),
    ("'draft'", "'draft'::public.route_status"),
    ("'draft'::route_status", "'draft'::public.route_status"),
    ("'it''s'", "'it''s'::text"),
    ("'{}'", "'{}'::uuid[]"),
    ("null", "NULL::text"),
    ("NOW()", "now()"),
    ("touch()", "public.touch()"),
    ("nextval('users_id_seq')", "nextval('public.users_id_seq'::regclass)"),
    ("nextval('users_id_seq'::regclass)", "nextval('public.users_id_seq'::regclass)"),
    ("deleted_at is null", "(deleted_at IS NULL)"),
    ("a IS NOT TRUE", "(a IS NOT TRUE)"),
    ("status != 'draft'", "(status <> 'draft'::public.route_status)"),
    ("a = 1 and b = 2", "((a = 1) AND (b = 2))"),
    ("b = 2 and a = 1", "((a = 1) AND (b = 2))"),
    ("a = 1 and (b = 2 or c = 3)", "((a = 1) AND ((b = 2) OR (c = 3)))"),
    ("a = 1 and b = 2 or c = 3", "(((a = 1) AND (b = 2)) OR (c = 3))"),
    ("not a", "(NOT a)"),
    ("n between 1 and 80", "((n >= 1) AND (n <= 80))"),
    ("n not between 1 and 80", "((n < 1) OR (n > 80))"),
    (
        "n between -90 and 90",
        "((n >= ('-90'::integer)::numeric) AND (n <= (90)::numeric))",
    ),
    ("flag in ('a', 'b')", "(flag = ANY (ARRAY['a'::bpchar, 'b'::bpchar]))"),
    ("flag not in ('a', 'b')", "(flag <> ALL (ARRAY['a'::bpchar, 'b'::bpchar]))"),
    ("flag in ('a')", "(flag = 'a'::bpchar)"),
    (
        "state in ('a', 'b')",
        """((state)::text = ANY
        ((ARRAY['a'::character varying, 'b'::character varying])::text[]))""",
    ),
    ("state = 'a'", "((state)::text = 'a'::text)"),
    ("char_length(state) > 3", "(char_length((state)::text) > 3)"),
    ("name like 'a%'", "(name ~~ 'a%'::text)"),
    ("name not ilike 'a%'", "(name !~~* 'a%'::text)"),
    ("name ~ '^[a-z]+$'", "(name ~ '^[a-z]+$'::text)"),
    ("a || ' ' || b", "((a || ' '::text) || b)"),
    ("a + b * c", "(a + (b * c))"),
    ("a - b - c", "((a - b) - c)"),
    ("-a", "(- a)"),
    ("ended > started + interval '1 day'", "(ended > (started + '1 day'::interval))"),
    ("at at time zone 'utc'", "(at AT TIME ZONE 'utc'::text)"),
    ("a is distinct from b", "(a IS DISTINCT FROM b)"),
    ("a is not distinct from b", "(NOT (a IS DISTINCT FROM b))"),
    ("name collate \"C\" > 'a'", "((name COLLATE \"C\") > 'a'::text)"),
    ("cast(a as date) = b", "((a)::date = b)"),
    ("tags[1] = 'x'", "(tags[1] = 'x'::text)"),
    ('"Odd Name" > 0', '("Odd Name" > 0)'),
    ("a=-1", "(a = '-1'::integer)"),
    ("a > 0 -- positive", "(a > 0)"),
    ("case when a then 1 end", "CASE WHEN a THEN 1 END"),
    ("VALUE > 0", "(VALUE > 0)"),
]


@pytest.mark.parametrize(("expected", "found"), SAME)
def test_what_postgresql_adds_may_be_left_out(expected: str, found: str) -> None:
    """Parentheses, casts of constants, schemas, and its own way to say things."""
    assert same_expression(expected, found, varchars=VARCHARS)


DIFFERENT = [
    ("1", "2"),
    ("'a'", "'b'::text"),
    ("'A'", "'a'::text"),
    ("'1'::integer", "'1'::bigint"),
    ("a", "b"),
    ("now()", "clock_timestamp()"),
    ("app.touch()", "public.touch()"),
    ("x >= 1", "(x > 1)"),
    ("a - b", "(b - a)"),
    ("a - (b - c)", "((a - b) - c)"),
    ("a and b or c", "(a AND (b OR c))"),
    ("not a and b", "(NOT (a AND b))"),
    ("a and b", "(a AND b AND c)"),
    ("a and b and c", "(a AND b)"),
    ("a and a", "(a AND b)"),
    ("a is null", "(a IS NOT NULL)"),
    ("a = 'x'", "((a)::text = 'x'::text)"),
    ("state = 'a'", "((state)::date = 'a'::date)"),
    ("a::date = b", "(a = b)"),
    ("a = b", "((a)::date = b)"),
    ("n between 1 and 80", "((n > 1) AND (n < 80))"),
    (
        "flag in ('a', 'b')",
        "(flag = ANY (ARRAY['b'::bpchar, 'a'::bpchar, 'c'::bpchar]))",
    ),
    ("flag in ('a', 'b')", "(flag <> ALL (ARRAY['a'::bpchar, 'b'::bpchar]))"),
    ("'Odd' > 0", '("Odd" > 0)'),
    ("case when a then 1 end", "CASE WHEN b THEN 1 END"),
    ("nextval('a_seq')", "nextval('public.b_seq'::regclass)"),
    ("(", "(a > 0)"),
]


@pytest.mark.parametrize(("expected", "found"), DIFFERENT)
def test_what_means_something_else_is_different(expected: str, found: str) -> None:
    """Where it is not sure, the two are different: nothing passes by accident."""
    assert not same_expression(expected, found, varchars=VARCHARS)


def test_tokens_compare_without_blanks_case_and_outer_parentheses() -> None:
    """Inner parentheses count, and so does what stands in quotes."""
    assert same_tokens("range(At)", "( RANGE (at) )")
    assert not same_tokens("(a) b (c)", "a) b (c")
    assert not same_tokens("list ('A')", "LIST ('a')")
    assert same_tokens("\x00 a", "\x00  a")


@pytest.mark.parametrize("text", ["'open", '"open', "\x00"])
def test_what_is_no_sql_is_told(text: str) -> None:
    """The error names the place."""
    with pytest.raises(UnreadableSqlError, match="cannot be read from"):
        tokens(text)
