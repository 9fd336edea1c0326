"""Reading SQL text takes time in proportion to its length, whatever the text is."""

from __future__ import annotations

import collections.abc as cabc

import pytest

from pytest_userstate.outbound.migrations.sql import script, statements
from pytest_userstate.outbound.migrations.tools.sqitch import with_values
from tests.helpers.growth import expect_linear

pytestmark = pytest.mark.many_examples

Make = cabc.Callable[[int], str]
BODY = "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC "
TEXTS: dict[str, Make] = {
    "statements": lambda size: "SELECT 1;\n" * size,
    "a body": lambda size: BODY + "SELECT 1;" * size + " END;",
    "a body that is not closed": lambda size: BODY + "SELECT 1;" * size,
    "a body with cases": lambda size: (
        BODY + "SELECT CASE WHEN a THEN b END;" * size + " END;"
    ),
    "many bodies": lambda size: (BODY + "SELECT 1; END;") * size,
    "atomic without a body": lambda size: "SELECT atomic;" * size,
    "semicolons in parentheses": lambda size: "SELECT (" + "a;" * size,
    "rules": lambda size: "CREATE RULE r AS ON DELETE TO t DO (a; b);" * size,
    "nested comments": lambda size: "/*" * size + "*/" * size + "SELECT 1",
    "comments that are not closed": lambda size: "SELECT 1; " + "/* " * size,
    "many comments": lambda size: "/* a */ SELECT /* b */ 1; -- c\n" * size,
    "comments before a body": lambda size: "/* atomic */ " * size + BODY,
    "dollar quotes": lambda size: "DO $a$ ; $b$ ; $a$;" * size,
    "dollar quotes that are not closed": lambda size: "".join(
        f"$a{number}$" for number in range(size)
    ),
    "dollars": lambda size: "$" * size,
    "deep parentheses": lambda size: "SELECT " + "(" * size + "1" + ")" * size,
    "closing parentheses": lambda size: ")" * size,
    "one line": lambda size: "SELECT " + "a, " * size + "b",
    "one word": lambda size: "a" * (10 * size),
    "literals": lambda size: "SELECT 'it''s' E'a\\'b' U&'c' \"d\"\"e\";" * size,
    "quotes": lambda size: "'" * (2 * size + 1),
    "literals over lines": lambda size: "SELECT E'a'" + "\n'b'" * size,
    "blanks after a literal": lambda size: "SELECT E'a'" + " \t" * size + "x",
    "line breaks after literals": lambda size: "SELECT " + ("E'a'" + "\n " * 9) * size,
    "slashes": lambda size: "SELECT 1" + " / 2" * size,
    "stray semicolons": lambda size: ";" * size + " ;\n" * size,
    "commands of psql": lambda size: "\\set a b\nSELECT 1 \\gexec\n" * size,
    "backslashes": lambda size: "\\" * size,
    "copies": lambda size: "COPY t FROM stdin;\n1\t2\n\\.\n" * size,
    "rows": lambda size: "COPY t FROM stdin;\n" + "1\t2\n" * size + "\\.\n",
    "copies on one line": lambda size: (
        "COPY t FROM stdin;" * size + "\n" + "1\n\\.\n" * size
    ),
    "text behind copies": lambda size: "COPY t FROM stdin; SELECT 1\n\\.\n" * size,
    "copies that are not ended": lambda size: "COPY t FROM stdin;\n" * size,
    "placeholders": lambda size: "SELECT ${a}, :b, {{ c }};" * size,
}
READERS = {"statements": statements, "script": script}


@pytest.mark.parametrize("make", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_splitting_a_text_is_linear(
    read: cabc.Callable[[str], object], make: Make
) -> None:
    """Twice the text takes at most two and a half times as long to split."""
    expect_linear(make, read)


@pytest.mark.parametrize("make", TEXTS.values(), ids=TEXTS)
def test_finding_the_words_of_a_text_is_linear(make: Make) -> None:
    """Twice the text takes at most two and a half times as long to read to the end."""
    expect_linear(make, lambda sql: [part.words for part in statements(sql)])


VALUES = {
    "a": "users",
    "b": "it's 'x'",
    "c": ":a, :a",
    "d": ":d",
    "e": 'public, "$user"',
}
WITH_VARIABLES: dict[str, Make] = {
    **TEXTS,
    "plain": lambda size: "SELECT * FROM :a;\n" * size,
    "in one statement": lambda size: "SELECT " + ":a, " * size,
    "quoted": lambda size: "SELECT :'b', :\"b\", :{?b};\n" * size,
    "with a quoted name": lambda size: "SET search_path = :e;\n" * size,
    "in parentheses": lambda size: "SELECT (" + ":a;" * size,
    "in a body": lambda size: BODY + "SELECT :a;" * size + " END;",
    "without a value": lambda size: "SELECT :none, 1::int;" * size,
    "colons": lambda size: ":" * size,
    "escaped": lambda size: "SELECT \\:a;" * size,
}


@pytest.mark.parametrize("make", WITH_VARIABLES.values(), ids=WITH_VARIABLES)
def test_replacing_variables_is_linear(make: Make) -> None:
    """Twice the text takes at most two and a half times as long to fill in."""
    expect_linear(make, lambda sql: with_values(f"SELECT :a;{sql}", VALUES))
