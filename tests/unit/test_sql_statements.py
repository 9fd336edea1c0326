"""The lexer splits a batch where PostgreSQL's own would."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_userstate.outbound.migrations.sql import statements

ROUTINE = "CREATE FUNCTION f() RETURNS int LANGUAGE sql "


def texts(sql: str) -> list[str]:
    """Return the text of each statement."""
    return [each.text for each in statements(sql)]


@pytest.mark.parametrize(
    "sql",
    [
        "",
        " \t\r\n\f\v",
        ";",
        ";;\n;",
        "-- only a comment",
        "-- a comment;\n;-- and another",
        "/* a; b */ ; /* /* nested; */ still; */",
        "--no end of line\r;",
    ],
)
def test_comments_and_stray_semicolons_are_no_statements(sql: str) -> None:
    """Nothing that the server would run is found in them."""
    assert statements(sql) == ()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a;b", ["a", "b"]),
        ("a;;b;", ["a", "b"]),
        ("SELECT ';';b", ["SELECT ';'", "b"]),
        ("SELECT 'it''s;';b", ["SELECT 'it''s;'", "b"]),
        ("SELECT 'a\\';b", ["SELECT 'a\\'", "b"]),
        ("SELECT E'a\\';b';c", ["SELECT E'a\\';b'", "c"]),
        ("SELECT e'\\\\';c", ["SELECT e'\\\\'", "c"]),
        ("SELECT nameE'\\';c", ["SELECT nameE'\\'", "c"]),
        ("SELECT E'a'\n'\\';b';c", ["SELECT E'a'\n'\\';b'", "c"]),
        ("SELECT E'a' -- x\n  '\\';b';c", ["SELECT E'a' -- x\n  '\\';b'", "c"]),
        ("SELECT E'a' '\\';c", ["SELECT E'a' '\\'", "c"]),
        ("SELECT 'a'\n'\\';c", ["SELECT 'a'\n'\\'", "c"]),
        ("SELECT U&'\\0041;';c", ["SELECT U&'\\0041;'", "c"]),
        ("SELECT U&'\\';c", ["SELECT U&'\\'", "c"]),
        ("SELECT n';', b'1;', X';';c", ["SELECT n';', b'1;', X';'", "c"]),
        ('SELECT ";";c', ['SELECT ";"', "c"]),
        ('SELECT "a"";";c', ['SELECT "a"";"', "c"]),
        ('SELECT U&"\\";c', ['SELECT U&"\\"', "c"]),
        ("SELECT $$;$$;c", ["SELECT $$;$$", "c"]),
        ("SELECT $a$;$$;$b$;$a$;c", ["SELECT $a$;$$;$b$;$a$", "c"]),
        ("SELECT $é$;$é$;c", ["SELECT $é$;$é$", "c"]),
        ("SELECT $a$ '$a$;c", ["SELECT $a$ '$a$", "c"]),
        ("SELECT $$ $a$ $$;c", ["SELECT $$ $a$ $$", "c"]),
        ("SELECT a$$;c$$", ["SELECT a$$", "c$$"]),
        ("SELECT $1;c$1", ["SELECT $1", "c$1"]),
        ("SELECT $1a$;$1a$", ["SELECT $1a$", "$1a$"]),
        ("SELECT 1$$;$$;c", ["SELECT 1$$;$$", "c"]),
        ("SELECT 1--2;\n+3;c", ["SELECT 1--2;\n+3", "c"]),
        ("SELECT 2*/* ; */3;c", ["SELECT 2*/* ; */3", "c"]),
        ("SELECT 4/2;c", ["SELECT 4/2", "c"]),
        ("SELECT /* /* ; */ ; */ 1;c", ["SELECT /* /* ; */ ; */ 1", "c"]),
        ("SELECT '/*';c --*/", ["SELECT '/*'", "c --*/"]),
        ("SELECT '--';c", ["SELECT '--'", "c"]),
        ("-- it's \"\na;b", ["a", "b"]),
        ("/* it's */ a;b", ["a", "b"]),
        ("CREATE RULE r AS ON DELETE TO t DO (a; b);c", None),
        (ROUTINE + "BEGIN ATOMIC SELECT 1; SELECT 2; END;c", None),
        (ROUTINE + "begin /* x */ atomic SELECT 1; END;c", None),
        (ROUTINE + "BEGIN ATOMIC END;c", None),
        (ROUTINE + "BEGIN ATOMIC SELECT CASE WHEN a THEN b END; END;c", None),
        (ROUTINE + "BEGIN ATOMIC SELECT 1 AS end; SELECT 2 case; END;c", None),
        (ROUTINE + "BEGIN ATOMIC SELECT 1 end; SELECT t.end FROM t; END;c", None),
        ("CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC SELECT 1; END;c", None),
        (ROUTINE + "RETURN 1;c", None),
        ("BEGIN; SELECT 1; END;c", ["BEGIN", "SELECT 1", "END", "c"]),
        ("SELECT begin atomic;c", ["SELECT begin atomic", "c"]),
        ("SELECT (1;c", ["SELECT (1;c"]),
        ("SELECT 1);c", ["SELECT 1)", "c"]),
    ],
)
def test_only_a_semicolon_of_its_own_ends_a_statement(
    sql: str, expected: list[str] | None
) -> None:
    """Quotes, comments, parentheses and function bodies hide semicolons."""
    assert texts(sql) == (expected or [sql.removesuffix(";c"), "c"])


@pytest.mark.parametrize(
    "sql",
    ["a;'b;c", 'a;"b;c', "a;$$b;c", "a;$x$b;$$c", "a;/* b;c", "a;E'b\\", "a;(b;c"],
)
def test_what_is_not_closed_is_one_statement_to_the_end(sql: str) -> None:
    """Refusing it is the server's business."""
    assert texts(sql) == ["a", sql.removeprefix("a;")]


def test_a_statement_knows_its_place() -> None:
    """`start` counts characters from 0, `line` lines from 1, at the first token."""
    sql = "-- é\r\n\r\n/* two\n*/ SELECT\n 1 ;\n\nSELECT 2"
    first, second = statements(sql)
    assert (first.start, first.line) == (sql.index("SELECT"), 4)
    assert (second.start, second.line) == (sql.rindex("SELECT"), 7)
    assert first.text == "SELECT\n 1"
    assert first.end == first.start + len("SELECT\n 1")
    assert (first.first_line, second.first_line) == ("SELECT", "SELECT 2")


def test_words_are_folded_as_the_server_folds_them() -> None:
    """ASCII only; quoted identifiers stand verbatim, literals and comments not."""
    [found] = statements(
        'ALTER/**/TABLE Ünï."My ""T" -- no\n ADD X int DEFAULT 12.5e3 + \'Q\' || $$R$$'
    )
    assert found.words == (
        *("alter", "table", "Ünï", ".", 'My "T', "add", "x", "int", "default"),
        *("12.5e3", "+", "|", "|"),
    )


@pytest.mark.parametrize(
    ("sql", "controls"),
    [
        ("BEGIN", True),
        ("begin work", True),
        ("START TRANSACTION", True),
        ("COMMIT", True),
        ("END", True),
        ("ABORT", True),
        ("ROLLBACK", True),
        ("ROLLBACK AND CHAIN", True),
        ("PREPARE TRANSACTION 'x'", True),
        ("ROLLBACK TO SAVEPOINT a", False),
        ("SAVEPOINT a", False),
        ("PREPARE p AS SELECT 1", False),
        ("SELECT 'COMMIT'", False),
    ],
)
def test_transaction_control_is_told_from_savepoints(
    sql: str, *, controls: bool
) -> None:
    """What ends or begins a transaction leaves no doubt about its boundaries."""
    assert statements(sql)[0].controls_transaction is controls


@pytest.mark.parametrize(
    ("sql", "can_share"),
    [
        ("CREATE TABLE t (a int)", True),
        ("INSERT INTO t VALUES (1)", True),
        ("SELECT f()", True),
        ("CREATE INDEX CONCURRENTLY i ON t (a)", False),
        ("DROP INDEX CONCURRENTLY i", False),
        ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", False),
        ("VACUUM", False),
        ("REINDEX DATABASE d", False),
        ("CLUSTER", False),
        ("CREATE DATABASE d", False),
        ("ALTER SYSTEM SET work_mem = '1MB'", False),
        ("DROP SUBSCRIPTION s", False),
        ("CALL p()", False),
        ("DO $$BEGIN COMMIT; END$$", False),
        ("BEGIN", False),
    ],
)
def test_what_needs_to_stand_alone_is_known(sql: str, *, can_share: bool) -> None:
    """In doubt a statement is not put into a transaction with others."""
    assert statements(sql)[0].can_share_a_transaction is can_share


PIECES = st.one_of(
    st.sampled_from(
        [
            *("'", '"', "$$", "$a$", "$", ";", "(", ")", "\\", "--", "/*", "*/", "\n"),
            *("E'", "e'", "U&'", 'u&"', "N'", "x'", "\r", " ", "\t", "\v", "\x1c", "é"),
            *("begin", "atomic", "end", "case", "create function f() ", "\ufeff", "\0"),
            *(
                "a",
                "B",
                "_",
                "1",
                "1e5",
                ".",
                "/",
                "*",
                "-",
                "+",
                "''",
                '""',
                "E",
                "U&",
            ),
        ]
    ),
    st.text(max_size=3),
)
BATCHES = st.lists(PIECES, max_size=40).map("".join)
BLANKS = " \t\n\r\f\v"


@given(BATCHES)
@example("a;\x1c;b")
@example("E'\\")
@example("'a'\n'")
def test_any_text_is_split_without_loss(sql: str) -> None:
    """Between statements there is nothing but blanks, comments and semicolons."""
    position = 0
    for found in statements(sql):
        assert sql[found.start : found.end] == found.text
        assert found.line == sql.count("\n", 0, found.start) + 1
        assert found.text
        assert found.text[0] not in f"{BLANKS};"
        assert found.text[-1] not in BLANKS
        assert _is_blank(sql[position : found.start])
        position = found.end
    assert _is_blank(sql[position:])


@given(BATCHES)
def test_a_statement_alone_is_one_statement(sql: str) -> None:
    """Splitting what was split finds the same text and words again."""
    for found in statements(sql):
        [again] = statements(found.text)
        assert (again.text, again.words) == (found.text, found.words)


@given(st.lists(BATCHES, max_size=4))
def test_batches_that_end_with_a_statement_can_be_joined(batches: list[str]) -> None:
    """A closed batch does not change how the next one is split."""
    closed = [batch for batch in batches if _is_closed(batch)]
    joined = "\n;\n".join(closed)
    assert texts(joined) == [text for batch in closed for text in texts(batch)]


def _is_closed(batch: str) -> bool:
    *_, last = ("", *texts(batch + "\n;\nlast"))
    return last == "last"


def _is_blank(text: str) -> bool:
    """Tell whether a text holds nothing but blanks, comments and semicolons."""
    while "/*" in text:
        shorter = re.sub(r"/\*(?:(?!/\*|\*/).)*\*/", " ", text, flags=re.DOTALL)
        if shorter == text:
            break
        text = shorter
    return not re.sub(r"--[^\n\r]*", "", text).strip(f"{BLANKS};")
