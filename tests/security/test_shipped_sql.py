"""SQL that is shipped names the schema of all that it mentions.

PostgreSQL looks up a bare name of a function, operator or type in the search path. A
migration can choose that path for the scripts of trusted extensions, and for functions
without a path of their own, also if they run with their owner's rights.
"""

from __future__ import annotations

import itertools
import pathlib
import re
import typing as typ

import pytest

import pytest_userstate

PACKAGE = pathlib.Path(pytest_userstate.__file__).parent
SCRIPTS = sorted(PACKAGE.rglob("*.sql"))
STUBS = [script for script in SCRIPTS if script.parent.name == "extension"]
PINNED = "SET search_path = pg_catalog, pg_temp"
# Two functions of a platform that put an extension where their caller's path says.
UNPINNED = {"extensions.run_as_the_platform", "extensions.run_as_the_services"}

_TOKEN = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)"
    r"|(?P<body>(\$\w*\$).*?\3)"
    r"|(?P<string>[eE]?'(?:[^']|'')*')"
    r'|(?P<quoted>"[^"]*")'
    r"|(?P<word>\w+|\$\d+)"
    r"|(?P<grammar>::|:=)"
    r"|(?P<operator>[-+*/<>=~!@#%^&|]+)"
    r"|(?P<other>\S)",
    re.DOTALL,
)
# Words that a parenthesis follows and that are no functions. Types with a modifier are
# words of the grammar, as are functions such as substring(… FROM …): never looked up.
_GRAMMAR = frozenset(
    {
        *("any", "array", "as", "bit", "check", "default", "enum", "extract"),
        *("from", "in", "key", "not", "null", "operator", "or", "and", "over"),
        *("primary", "return", "returns", "row", "select", "substring", "table"),
        *("then", "unique", "values", "varchar", "when", "with"),
    }
)
_TYPES = frozenset(
    {
        *("text", "bytea", "uuid", "json", "jsonb", "timestamptz", "timetz"),
        *("record", "regclass", "regtype", "regproc", "oid", "inet", "int4"),
        *("int8", "int2", "float8", "bool", "bpchar"),
    }
)
# What the grammar turns into operators of the search path.
_HIDDEN_OPERATORS = frozenset(
    ["between", "ilike", "like", "similar", "nullif", "distinct", "using"]
)
_DECLARED_BY = frozenset(["function", "table", "type", "domain"])


class Token(typ.NamedTuple):
    """A token and its kind."""

    kind: str
    text: str


def tokens(sql: str) -> list[Token]:
    """Return the tokens of a script, without comments and psql's first line."""
    sql = re.sub(r"\A\\echo[^\n]*\n", "", sql)
    return [
        Token(match.lastgroup or "", match[0])
        for match in _TOKEN.finditer(sql)
        if match.lastgroup != "comment"
    ]


def statements(sql: str) -> list[list[Token]]:
    """Return the statements of a script; a body in BEGIN ATOMIC is part of one."""
    made: list[list[Token]] = [[]]
    is_atomic = False
    for token in tokens(sql):
        words = [other.text.lower() for other in made[-1][-1:]]
        if token.text.lower() == "atomic" and words == ["begin"]:
            is_atomic = True
        if token.text == ";" and (not is_atomic or words == ["end"]):
            made.append([])
            is_atomic = False
        else:
            made[-1].append(token)
    return [statement for statement in made if statement]


def declared(script: list[list[Token]]) -> set[str]:
    """Return the names of the functions and types that a script makes."""
    return {
        statement[2].text
        for statement in script
        if statement[1].text.lower() in _DECLARED_BY
    }


def bare(statement: list[Token], own: set[str]) -> list[str]:
    """Return what is looked up by the search path, outside of bodies in quotes."""
    words = [token.text.lower() for token in statement]
    faults = []
    for number, (token, word) in enumerate(zip(statement, words, strict=True)):
        previous = words[number - 1] if number else ""
        following = "".join(words[number + 1 : number + 2])
        is_called = (
            following == "("
            and previous not in {".", "with", *_DECLARED_BY}
            and word not in _GRAMMAR | own
        )
        is_operand = word == "case" and following != "when"
        is_list = word == "in" and following == "("
        if token.kind == "word" and (
            is_called
            or is_operand
            or is_list
            or word in _HIDDEN_OPERATORS
            or (word in _TYPES and previous != ".")
        ):
            faults.append(token.text)
        elif token.kind == "operator":
            path = words[max(0, number - 4) : number]
            if path != ["operator", "(", "pg_catalog", "."] and previous != (
                "search_path"
            ):
                faults.append(token.text)
        elif token.kind == "string" and "\\" in word and not word.startswith("e"):
            faults.append(f"{token.text}, which a setting gives its meaning")
    if words[1:2] in (["cast"], ["operator"]) or (
        words[:2] == ["create", "type"] and "as" not in words
    ):
        # They name functions and operators of types that the script has made; of what
        # is not its own, they name types. (An alignment is called int4, too.)
        return [fault for fault in faults if fault in _TYPES - {"int4"}]
    return faults


class Function(typ.NamedTuple):
    """A function that a script makes."""

    name: str
    text: str
    bodies: list[str]

    @property
    def is_pinned(self) -> bool:
        """Whether it has a search path of its own, of PostgreSQL's schema alone."""
        return PINNED in self.text

    @property
    def is_compiled(self) -> bool:
        """Whether its body is the name of a function of PostgreSQL in C."""
        return bool(re.search(r"LANGUAGE (internal|c) ", self.text))


def functions(sql: str) -> list[Function]:
    """Return the functions that a script makes, with their bodies in quotes."""
    return [
        Function(
            name="".join(token.text for token in statement[2:5]).partition("(")[0],
            text=" ".join(token.text for token in statement).replace(" ,", ","),
            bodies=[
                token.text.strip("$'")
                for before, token in itertools.pairwise(statement)
                if before.text.lower() == "as" and token.kind in ("body", "string")
            ],
        )
        for statement in statements(sql)
        if [token.text.lower() for token in statement[:2]] == ["create", "function"]
    ]


def test_the_lint_finds_what_is_bare() -> None:
    """It knows calls, operators, types, and what the grammar makes of words."""
    script = """
    CREATE FUNCTION f(text) RETURNS pg_catalog.uuid LANGUAGE sql
    BEGIN ATOMIC
      SELECT format('%s', a || b), CASE x WHEN 1 THEN 2 END, '\\d', a IN (1),
        x BETWEEN 1 AND 2, pg_catalog.lower(a), a OPERATOR(pg_catalog.~) b,
        CASE WHEN a THEN E'\\d' END, f(a), a::pg_catalog.text, a::jsonb;
    END;
    CREATE FUNCTION g() RETURNS int SET search_path = pg_catalog, pg_temp
    AS $$ SELECT lower('A') || 'B' $$;
    """
    made = statements(script)
    assert len(made) == 2
    assert bare(made[0], {"f"}) == [
        *("text", "format", "||", "CASE"),
        *("'\\d', which a setting gives its meaning", "IN", "BETWEEN", "jsonb"),
    ]
    assert bare(made[1], {"g"}) == []


@pytest.mark.parametrize("script", STUBS, ids=lambda script: script.name)
def test_the_script_of_a_stub_runs_nothing(script: pathlib.Path) -> None:
    """It makes functions, types, tables and schemas, and grants rights on them."""
    made = {
        " ".join(token.text for token in statement[:2]).upper()
        for statement in statements(script.read_text())
    }
    assert made <= {
        *("CREATE FUNCTION", "CREATE TYPE", "CREATE DOMAIN", "CREATE TABLE"),
        *("CREATE CAST", "CREATE OPERATOR"),
        *("CREATE SCHEMA", "GRANT USAGE", "GRANT SELECT"),
    }


@pytest.mark.parametrize("script", STUBS, ids=lambda script: script.name)
def test_the_script_of_a_stub_names_every_schema(script: pathlib.Path) -> None:
    """But for what it has made itself and calls with exactly its types."""
    made = statements(script.read_text())
    own = declared(made)
    assert [fault for statement in made for fault in bare(statement, own)] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_every_body_in_quotes_has_a_path_of_its_own(script: pathlib.Path) -> None:
    """Others are bound to what they call when they are created.

    Two functions of a platform have no path, and name every schema instead.
    """
    unpinned = [
        function
        for function in functions(script.read_text())
        if function.bodies and not (function.is_pinned or function.is_compiled)
    ]
    assert {function.name for function in unpinned} <= UNPINNED
    assert [
        fault
        for function in unpinned
        for body in function.bodies
        for statement in statements(body)
        for fault in bare(statement, set())
    ] == []
