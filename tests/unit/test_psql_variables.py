r"""Variables of psql are replaced where psql replaces them, and found again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_userstate.outbound.migrations.variables import (
    is_valid_name,
    with_values,
)
from tests.helpers.psql_variables import SENT, VALUES


@pytest.mark.parametrize(("sql", "sent"), SENT.items(), ids=SENT)
def test_what_psql_sends(sql: str, sent: str) -> None:
    """Psql itself is asked in the integration tests."""
    assert with_values(sql, VALUES)[0] == sent


def test_one_statement_after_the_other() -> None:
    """What one of them is read as changes nothing for the next."""
    whole = ";\n".join(SENT)
    assert with_values(whole, VALUES)[0] == ";\n".join(SENT.values())


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        (
            'SELECT 1; COPY :"a" FROM stdin;\n:a\n\\.\nSELECT :a;',
            'SELECT 1; COPY "x" FROM stdin;\n:a\n\\.\nSELECT x;',
        ),
        (
            "/* */ COPY :copy;\n:a'\n\\.\nSELECT :a",
            "/* */ COPY t FROM stdin;\n:a'\n\\.\nSELECT x",
        ),
        ("COPY t FROM stdin; SELECT :a;\n:a\n\\.\n:a", None),
        (
            "COPY t TO stdout;\nSELECT :a;\n\\.\n",
            "COPY t TO stdout;\nSELECT x;\n\\.\n",
        ),
        ("\\restrict :a\nSELECT :a;", "\\restrict :a\nSELECT x;"),
        ("SELECT 1 \\gset :a\n:a", "SELECT 1 \\gset :a\nx"),
        ("SELECT 'open :a", "SELECT 'open :a"),
        ("SELECT /* :a", "SELECT /* :a"),
        ("-- :a", "-- :a"),
        (":a", "x"),
        ("", ""),
    ],
)
def test_rows_and_commands_are_left_alone(sql: str, sent: str | None) -> None:
    """What stands on the line of a COPY is left as well, and so is refused."""
    expected = "COPY t FROM stdin; SELECT :a;\n:a\n\\.\nx" if sent is None else sent
    assert with_values(sql, VALUES)[0] == expected


@pytest.mark.parametrize("sql", ["SELECT 1::int;", "SELECT ':a';", "SELECT :none", ""])
def test_a_script_without_variables_is_its_own_original(sql: str) -> None:
    """There is nothing to find again."""
    assert with_values(sql, VALUES) == (sql, None)


@pytest.mark.parametrize("sql", [*SENT, ";\n".join(SENT)])
def test_a_place_is_found_again(sql: str) -> None:
    """What was not replaced by its character, the rest where its variable begins."""
    sent, original = with_values(sql, VALUES)
    if original is None:
        return
    assert original.text == sql
    inside = set()
    for (start, end), (place, after) in original.replacements:
        assert sql[place] in ":\\"
        assert sql[place] == "\\" or after - place > 1
        for position in range(start, end):
            assert original.position(position) == place
            inside.add(position)
    for position in set(range(len(sent))) - inside:
        assert sent[position] == sql[original.position(position)]
    assert original.position(len(sent)) == len(sql)


def test_lines_are_those_of_the_file() -> None:
    """Also behind a value of several lines."""
    sent, original = with_values("SELECT\n:a,\n:b,\n2", {"a": "1\n+\n1", "b": "\n"})
    assert sent == "SELECT\n1\n+\n1,\n\n,\n2"
    assert original is not None
    assert [original.line(sent.index(each)) for each in "S+2"] == [1, 2, 4]


@given(st.text("ab:'\"\\;$/*-({?})\n é", max_size=30), st.text("ab:'\" ;$\n"))
def test_any_text_comes_to_an_end(sql: str, value: str) -> None:
    """And everything in it is in its place."""
    sent, original = with_values(sql, {"a": value, "b": "1"})
    if original is None:
        assert sent == sql
        return
    places = [original.position(position) for position in range(len(sent) + 1)]
    assert places == sorted(places)
    assert places[-1] == len(sql)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("a", True), ("1", True), ("A_1é", True), ("a-b", False), ("", False)],
)
def test_names_of_variables(name: str, *, is_one: bool) -> None:
    """Psql refuses all others."""
    assert is_valid_name(name) is is_one
