r"""A script is split where psql splits it: rows to copy, and backslash commands."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_userstate.outbound.migrations.sql import (
    PsqlCommand,
    Statement,
    script,
    statements,
)
from tests.helpers.sql_batches import batches


def texts(sql: str) -> list[str]:
    """Return the text of each part."""
    return [each.text for each in script(sql)]


def rows(sql: str) -> list[str | None]:
    """Return what each statement reads."""
    return [
        None if each.data is None else sql[slice(*each.data)]
        for each in script(sql)
        if isinstance(each, Statement)
    ]


COPIES = {
    "rows": ("COPY t FROM stdin;\n1\n2\n\\.\n", ["1\n2\n"]),
    "no rows": ("COPY t FROM stdin;\n\\.\n", [""]),
    "to the end": ("COPY t FROM stdin;\n1\n", ["1\n"]),
    "no line end": ("COPY t FROM stdin;\n1\n\\.", ["1\n"]),
    "nothing at all": ("COPY t FROM stdin;", [""]),
    "no semicolon": ("COPY t FROM stdin", [""]),
    "carriage returns": ("COPY t FROM stdin;\r\n1\r\n\\.\r\n", ["1\r\n"]),
    "quotes in rows": (
        "copy t (a, b) From STDIN;\n'\t;\"$$/*\n\\.\n",
        ["'\t;\"$$/*\n"],
    ),
    "backslashes in rows": (
        "COPY t FROM stdin;\n\\N\t\\\\.\n \\.\n\\.\n",
        ["\\N\t\\\\.\n \\.\n"],
    ),
    "a comment behind": ("COPY t FROM stdin; -- so;\n1\n\\.\n", ["1\n"]),
    "options": ("COPY t FROM stdin WITH (FORMAT csv);\n1,2\n\\.\n", ["1,2\n"]),
    "two": (
        "COPY t FROM stdin;\n1\n\\.\n\nCOPY u FROM stdin;\n2\n\\.\n",
        ["1\n", "2\n"],
    ),
    "a table named so": ("COPY (SELECT 1 FROM stdin) TO stdout;\n1\n", [None, None]),
    "out": ("COPY stdin TO stdout;\n", [None]),
    "a file": ("COPY t FROM 'stdin';\n", [None]),
}


@pytest.mark.parametrize(("sql", "expected"), COPIES.values(), ids=COPIES)
def test_rows_follow_a_copy(sql: str, expected: list[str | None]) -> None:
    """They begin on the line after it, and end before a backslash and a dot."""
    assert rows(sql) == expected


def test_statements_go_on_behind_the_rows() -> None:
    """Lines are counted through them."""
    sql = "COPY t FROM stdin;\nit's;\n\\.\n\nSELECT 1;"
    copy, select = script(sql)
    assert (select.text, select.line) == ("SELECT 1", 5)
    assert (copy.line, copy.text) == (1, "COPY t FROM stdin")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("\\restrict abc\nSELECT 1;", [("\\restrict", 1, False)]),
        ("SELECT 1;\n\n  \\i file.sql\n", [("\\i", 3, False)]),
        ("SELECT 1 \\gexec\nSELECT 2;", [("\\gexec", 1, True)]),
        ("SELECT 1\n\\g\n", [("\\g", 2, True)]),
        ("SELECT 1; \\. \n", [("\\.", 1, False)]),
        ("\\! rm -rf /", [("\\!", 1, False)]),
        ("\\", [("\\", 1, False)]),
        ("a \\; b;", [("\\;", 1, True)]),
        ("/* \\i */ -- \\i\n SELECT '\\i', \"\\i\", $$\\i$$, E'\\'\\i';", []),
    ],
)
def test_a_backslash_outside_of_quotes_is_a_command(
    sql: str, expected: list[tuple[object, ...]]
) -> None:
    """Name, line, and whether a statement is left open before it."""
    found = [each for each in script(sql) if isinstance(each, PsqlCommand)]
    assert [
        (each.name, each.line, each.follows_a_statement) for each in found
    ] == expected


PIECES = st.one_of(
    st.sampled_from(
        [
            *(
                "'",
                '"',
                "$$",
                "$a$",
                ";",
                ";\n",
                "(",
                ")",
                "\\",
                "--",
                "/*",
                "*/",
                "\n",
            ),
            *("E'", "U&'", "\r", " ", "é", "begin", "atomic", "end", "a", "1"),
            *("COPY t FROM stdin", "\n\\.\n", "\\restrict a\n", "create function f() "),
        ]
    ),
    st.text(max_size=3),
)


@given(st.lists(PIECES, max_size=40).map("".join))
@example("COPY t FROM stdin;")
@example("COPY t FROM stdin;\n\\.;")
@example("COPY t FROM stdin; COPY t FROM stdin;\n1\n\\.\n2\n\\.\nx")
def test_any_text_is_split_without_loss(sql: str) -> None:
    """Parts are in order, in their places, and never overlap."""
    position = 0
    blocks: list[tuple[int, int]] = []
    for part in script(sql):
        assert part.start >= position
        assert part.line == sql.count("\n", 0, part.start) + 1
        position = part.start + len(part.text)
        if isinstance(part, Statement) and part.data is not None:
            start, stop = part.data
            assert position <= start <= stop <= len(sql)
            blocks.append(part.data)
    pairs = itertools.pairwise(blocks)
    assert all(one[1] <= other[0] for one, other in pairs)


@given(batches())
def test_known_statements_are_found_again(known: tuple[str, list[str]]) -> None:
    """By both: what psql adds changes nothing where there is nothing of psql's."""
    sql, expected = known
    assert [each.text for each in statements(sql)] == expected
    assert texts(sql) == expected
    assert [each.words for each in script(sql) if isinstance(each, Statement)] == [
        each.words for each in statements(sql)
    ]


@given(st.lists(batches(most=2), max_size=3), st.data())
def test_scripts_with_rows_and_commands(
    known: list[tuple[str, list[str]]], data: st.DataObject
) -> None:
    """Rows and commands between batches are told from them."""
    lines = st.text(st.sampled_from("'\"$;/*-\\a\té"), max_size=8).filter(
        lambda line: line != "\\."
    )
    sql, expected, copied = "\\restrict key\n", ["\\restrict key"], []
    for text, parts in known:
        block = "".join(f"{line}\n" for line in data.draw(st.lists(lines, max_size=3)))
        sql += f"{text}\nCOPY t FROM stdin;\n{block}\\.\n"
        expected += [*parts, "COPY t FROM stdin"]
        copied.append(block)
    sql += "\\unrestrict key"
    assert texts(sql) == [*expected, "\\unrestrict key"]
    assert [each for each in rows(sql) if each is not None] == copied
