"""Expressions compare without what PostgreSQL adds to them, and nothing else."""

from __future__ import annotations

import pytest

from pytest_userstate.application.sql.equality import (
    same_expression,
    same_text,
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
    ('"user" = current_user', '("user" = CURRENT_USER)'),
    ("owner = user", "(owner = USER)"),
    ('"id" > 0', "(id > 0)"),
    (r"x = E'it\'s\n'", "(x = 'it''s\n'::text)"),
    (r"x ~ E'^\\d+$'", r"(x ~ '^\d+$'::text)"),
    (r"x = U&'d\0061ta'", "(x = 'data'::text)"),
    ("x = $$it's$$", "(x = 'it''s'::text)"),
    ("x = 'a'\n  'b'", "(x = 'ab'::text)"),
    ("x = N'a'", "(x = 'a'::bpchar)"),
    ("bits = B'101'", """(bits = '101'::"bit")"""),
    ("bits = X'1F'", """(bits = '00011111'::"bit")"""),
    ("c ~ '^a'", "(c OPERATOR(public.~) '^a'::public.citext)"),
    ("c operator(public.~) '^a'", "(c OPERATOR(public.~) '^a'::public.citext)"),
    ("n > 1e3", "(n > '1000'::numeric)"),
    ("n > 1_000", "(n > 1000)"),
    ("(a, b) > (1, 2)", "(ROW(a, b) > ROW(1, 2))"),
    ("at > '2020-01-01'", "(at > '2020-01-01 00:00:00+00'::timestamp with time zone)"),
    (
        "at > '2020-01-01'",
        "(at > '2020-01-01 00:00:00'::timestamp without time zone)",
    ),
    ("x like 'a!%' escape '!'", "(x ~~ like_escape('a!%'::text, '!'::text))"),
    ("x similar to 'a+'", "(x ~ similar_to_escape('a+'::text))"),
    (
        "n between symmetric 1 and 5",
        "(((n >= 1) AND (n <= 5)) OR ((n >= 5) AND (n <= 1)))",
    ),
    ("extract(year from d) > 2000", "(EXTRACT(year FROM d) > (2000)::numeric)"),
    ("trim(x) <> ''", "(TRIM(BOTH FROM x) <> ''::text)"),
    ("substring(x from 1 for 3) = 'a'", "(SUBSTRING(x FROM 1 FOR 3) = 'a'::text)"),
    ("position('@' in x) > 1", "(POSITION(('@'::text) IN (x)) > 1)"),
    ("(select auth.uid()) = id", "(( SELECT auth.uid() AS uid) = id)"),
    (
        "state in ('a', 'b')",
        """((state)::text = ANY (ARRAY[('a'::character varying)::text,
        ('b'::character varying)::text]))""",
    ),
    ("case n when 1 then x end", "\nCASE n\n    WHEN 1 THEN x\nEND"),
    ("d >= date '2020-01-01'", "(d >= '2020-01-01'::date)"),
    ("numeric '1.5' < n", "('1.5'::numeric < n)"),
    ("tags @> array['a']", "(tags @> ARRAY['a'::text])"),
    ("a isnull or b notnull", "((a IS NULL) OR (b IS NOT NULL))"),
    ("(r).x > 0", "((r).x > 0)"),
    ("a[1:2] = b", "(a[1:2] = b)"),
    ("@ n > 0", "((@ n) > 0)"),
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
    ('"user" = owner', "(USER = owner)"),
    ("user = owner", '("user" = owner)'),
    ('a IS NOT DISTINCT FROM "null"', "(NOT (a IS DISTINCT FROM NULL::text))"),
    ('"true"', "true"),
    ('"Id" > 0', "(id > 0)"),
    ("'('", '"("'),
    (r"x = E'\n'", r"(x = '\n'::text)"),
    (r"x = '\n'", "(x = '\n'::text)"),
    ("x = B'101'", "(x = '101'::text)"),
    ("touch()", "auth.touch()"),
    ("'a'::role", "'a'::auth.role"),
    ("'{}'::role[]", "'{}'::auth.role[]"),
    ("nextval('users_id_seq')", "nextval('auth.users_id_seq'::regclass)"),
    ("nextval('public.users_id_seq')", "nextval('users_id_seq'::regclass)"),
    ("c ~ '^a'", "(c OPERATOR(other.~) '^a'::other.citext)"),
    ("n > 1e3", "(n > '100'::numeric)"),
    ("at > '2020-01-01'", "(at > '2020-01-01 00:00:01+00'::timestamp with time zone)"),
    ("trim(leading from x)", "TRIM(TRAILING FROM x)"),
    ("(select auth.uid()) = id", "(( SELECT auth.role() AS role) = id)"),
    ("case when a then 1 end", "CASE WHEN a THEN 1 ELSE 2 END"),
]

IN_SEARCH_PATH = [
    ("touch()", "app.touch()"),
    ("'a'::role", "'a'::app.role"),
    ("nextval('a_seq')", "nextval('app.a_seq'::regclass)"),
    ("c ~ 'x'", "(c OPERATOR(app.~) 'x'::app.citext)"),
    ("a collate mine > 'x'", "((a COLLATE app.mine) > 'x'::text)"),
]


@pytest.mark.parametrize(("expected", "found"), IN_SEARCH_PATH)
def test_a_name_without_a_schema_is_looked_up_in_the_search_path(
    expected: str, found: str
) -> None:
    """A name that another schema has, too, is not taken for it."""
    assert same_expression(expected, found, search_path=["app"])
    assert not same_expression(expected, found)
    assert not same_expression(expected, found, search_path=[])


RESTORED = [
    (
        "(s = ANY ((ARRAY['a'::character varying, 'b'::varchar])::text[]))",
        "(s = ANY (ARRAY[('a'::character varying)::text, ('b'::varchar)::text]))",
    ),
    (
        "CHECK (((x <> ''::text) AND ((n >= 1) AND (n <= 5))))",
        "CHECK (((x <> ''::text) AND (n >= 1) AND (n <= 5)))",
    ),
    (
        "(a AND EXISTS ( SELECT 1 FROM t WHERE (b AND (c AND d))))",
        "(a AND EXISTS ( SELECT 1 FROM t WHERE (b AND c AND d)))",
    ),
    (
        "WHEN ((a AND (b AND c))) EXECUTE FUNCTION f('x')",
        "WHEN ((a AND b AND c)) EXECUTE FUNCTION f('x')",
    ),
    (
        "((a OR (b AND (c AND d))) OR e)",
        "(a OR (b AND c AND d) OR e)",
    ),
]


@pytest.mark.parametrize(("before", "after"), RESTORED)
def test_what_a_restored_dump_writes_otherwise_is_the_same(
    before: str, after: str
) -> None:
    """PostgreSQL reads back what it wrote, and writes it once more."""
    assert same_text(before, after)
    assert same_text(after, before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("(a AND (b OR c))", "(a AND b OR c)"),
        ("(NOT (a AND b) AND c)", "(NOT a AND b AND c)"),
        ("(a AND (SELECT b AND c))", "(a AND SELECT b AND c)"),
        ("(x = (a AND b))", "(x = a AND b)"),
        ("(ARRAY['a'::text])::int[]", "ARRAY[('a'::text)::text]"),
        ('"user"', "USER"),
        ("'('", "("),
        ("a(b", "a b"),
        ("f(DISTINCT (a, b))", "f(DISTINCT a, b)"),
        ("'a '::bpchar::text", "'a '::text"),
        (
            "(EXISTS (SELECT 1 WHERE a AND b OR c))",
            "(EXISTS (SELECT 1 WHERE a AND (b OR c)))",
        ),
    ],
)
def test_other_texts_are_different(before: str, after: str) -> None:
    """Parentheses count where they decide what belongs together."""
    assert not same_text(before, after)


@pytest.mark.parametrize("depth", [90, 200, 10_000])
def test_deeply_nested_sql_is_compared_without_end_of_the_stack(depth: int) -> None:
    """What is nested too deeply to be read is compared word by word."""
    text = "(" * depth + "a" + ")" * depth
    assert same_expression(text, text)
    assert same_text(text, text)
    assert not same_text(text, text.replace("a", "b"))


def test_nested_queries_are_compared_in_a_moment() -> None:
    """What is around a query that was read is read again, but not the query."""
    depth = 25
    text = "f((SELECT a FROM " * depth + "b" + ") ORDER BY a)" * depth
    assert same_text(text, f"{text} ")
    assert not same_text(text, text.replace("b", "c"))


@pytest.mark.parametrize(("expected", "found"), DIFFERENT)
def test_what_means_something_else_is_different(expected: str, found: str) -> None:
    """Where it is not sure, the two are different: nothing passes by accident."""
    assert not same_expression(expected, found, varchars=VARCHARS)


def test_tokens_compare_without_blanks_case_and_outer_parentheses() -> None:
    """Inner parentheses count, and so does what stands in quotes."""
    assert same_text("range(At)", "( RANGE (at) )")
    assert not same_text("(a) b (c)", "a) b (c")
    assert not same_text("list ('A')", "LIST ('a')")
    assert same_text("\x00 a", "\x00  a")


@pytest.mark.parametrize("text", ["'open", '"open', "\x00"])
def test_what_is_no_sql_is_told(text: str) -> None:
    """The error names the place."""
    with pytest.raises(UnreadableSqlError, match="cannot be read from"):
        tokens(text)
