"""Literals have the value that PostgreSQL gives them."""

from __future__ import annotations

import hypothesis
import psycopg
import pytest
from hypothesis import strategies as st

from pytest_userstate.application.sql.tokens import (
    TokenKind,
    UnreadableSqlError,
    tokens,
)

LITERALS = [
    "'it''s'",
    r"'a\nb'",
    r"E'a\nb\tc\\d\'e''f'",
    r"E'\x41\101\u0042\U0001F600'",
    r"E'\303\251'",
    r"E'\ud83d\ude00'",
    r"e'\q'",
    r"U&'d\0061t\+000061 \\'",
    r"u&'d!0061' UESCAPE '!'",
    "N'a'",
    "$$it's$$",
    "$tag$a $$ b$tag$",
    "'a'\n  'b' -- c\n 'd'",
    "E'a\\n'\n'b\\n'",
    "''",
]


def _value(literal: str) -> str:
    kinds = [(token.kind, token.text) for token in tokens(literal)]
    assert [kind for kind, _ in kinds] == [TokenKind.STRING]
    return kinds[0][1]


@pytest.mark.parametrize("literal", LITERALS)
def test_a_literal_has_the_value_that_postgresql_gives_it(
    database: psycopg.Connection, literal: str
) -> None:
    """Escapes, Unicode escapes, dollar quotes, and strings on several lines."""
    row = database.execute(f"SELECT {literal}::text AS value".encode()).fetchone()
    assert row is not None
    assert _value(literal) == row[0]


@pytest.mark.parametrize("literal", ["B'101'", "X'1fA'", "x''", "b''"])
def test_a_bit_string_is_its_binary_digits(
    database: psycopg.Connection, literal: str
) -> None:
    """Hexadecimal digits are four bits each."""
    row = database.execute(f"SELECT ({literal})::text AS value".encode()).fetchone()
    assert row is not None
    assert [token.text for token in tokens(literal)] == [row[0]]


@hypothesis.settings(
    max_examples=200,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
    deadline=None,
)
@hypothesis.given(
    body=st.text(st.sampled_from("ab'\\x1u04U+$\n"), max_size=10),
    prefix=st.sampled_from(["", "E", "U&", "N", "$$", "$a$"]),
)
def test_any_literal_is_read_as_postgresql_reads_it_or_refused(
    database: psycopg.Connection, body: str, prefix: str
) -> None:
    """What the server takes for one text is the same text here."""
    literal = f"{prefix}{body}{prefix}" if "$" in prefix else f"{prefix}'{body}'"
    try:
        row = database.execute(f"SELECT ARRAY[{literal}]::text[]".encode()).fetchone()
    except psycopg.Error:
        return
    assert row is not None
    try:
        found = tokens(literal)
    except UnreadableSqlError:
        pytest.fail(f"PostgreSQL reads {literal!r} as {row[0]!r}")
    strings = [token.text for token in found if token.kind is TokenKind.STRING]
    if len(found) == len(strings) == 1:
        assert strings == list(row[0])
