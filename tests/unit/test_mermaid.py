"""The diagram in Mermaid: its lines, and names that would be more than names."""

from __future__ import annotations

import re

import attrs
import pytest

from pytest_userstate.application.reporting.mermaid import (
    mermaid,
)
from pytest_userstate.domain.state_diagram import (
    KeyRole,
    StateColumn,
    StateDiagram,
    StateRelation,
    StateTable,
)
from tests.helpers.documents import page
from tests.helpers.schemas import table as relation

HOSTILE = [
    'a"b',
    "a%%{init: {}}%%b",
    "a\nb",
    "```",
    "direction TB",
    "a\\b",
    "<script>",
    "#quot;",
    "a~b~",
    "x } y",
    "\u202ex",
    "a.b",
]
# What Mermaid's lexer takes: names in quotation marks, words, keys, comments.
NAME = r'"[\w.()+␣-]+"'
TABLE = re.compile(rf"    {NAME} {{")
COLUMN = re.compile(
    r"        [A-Za-z_][\w()\[\]-]* (?!(?:pk|fk|uk)\b)[A-Za-z_][\w()\[\]-]*"
    r'( (PK|FK|UK)(, (PK|FK|UK))*)? "[\w .,;()\[\]+-]+"',
    re.ASCII | re.IGNORECASE,
)
RELATION = re.compile(rf"    {NAME} (\|\||\|o)(--|\.\.)(o\||o\{{) {NAME} : {NAME}")
LINE = StateRelation(
    name="fk",
    schema="public",
    table="child",
    target_schema="public",
    target_table="users",
    columns=["user_id"],
    is_optional=False,
    is_single=False,
    is_identifying=False,
    is_certain=True,
)


def table(name: str, *columns: StateColumn, schema: str = "public") -> StateTable:
    """Return a table of the diagram."""
    return StateTable(schema=schema, name=name, holds_state=True, columns=columns)


def column(name: str, data_type: str = "text", **facts: object) -> StateColumn:
    """Return a column that is never null, unless told otherwise."""
    return StateColumn(
        **{"name": name, "data_type": data_type, "is_nullable": False, **facts}  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({}, "||..o{"),
        ({"is_optional": True}, "|o..o{"),
        ({"is_single": True}, "||..o|"),
        ({"is_identifying": True}, "||--o{"),
        ({"is_optional": True, "is_single": True}, "|o..o|"),
    ],
)
def test_lines_have_the_right_ends(facts: dict[str, bool], line: str) -> None:
    """The target is on the left; dotted where it is not part of the key."""
    relation = attrs.evolve(LINE, **facts)
    (text,) = mermaid(StateDiagram(relations=[relation]))[1:]
    assert text == f'    "public.users" {line} "public.child" : "fk"'


def test_columns_have_type_name_keys_and_nullability() -> None:
    """What does not fit into Mermaid's words is said in the comment."""
    columns = [
        column("id", "uuid", roles=[KeyRole.PRIMARY, KeyRole.FOREIGN]),
        column("name", "character varying(32)", is_nullable=True),
        column("tags", "text[]", unique_with=[["id", "name"]]),
        column("price", "numeric(10,2)"),
        column("mood", "legal.mood"),
        column("user id"),
        column("PK"),
        column("1st"),
        column("größe"),
    ]
    lines = mermaid(StateDiagram(tables=[table("users", *columns)]))
    assert lines[1:] == [
        '    "public.users" {',
        '        uuid id PK, FK "not null"',
        '        character_varying(32) name "null"',
        '        text[] tags "not null; unique with id, name"',
        '        numeric(10_2) price "not null; type numeric(10,2)"',
        '        legal_mood mood "not null; type legal.mood"',
        '        text user_id "not null; named user id"',
        '        text _PK "not null; named PK"',
        '        text _1st "not null; named 1st"',
        '        text gr__e "not null; named größe"',
        "    }",
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_more_than_a_name(name: str) -> None:
    """Every line keeps its shape, whatever tables, columns and keys are called."""
    relation = attrs.evolve(
        LINE, name=name, schema=name, table=name, target_schema=name, target_table=name
    )
    lines = mermaid(
        StateDiagram(
            tables=[table(name, column(name, name, unique_with=[[name]]), schema=name)],
            relations=[relation],
        )
    )
    head, first, inner, last, line = lines
    assert (head, last) == ("erDiagram", "    }")
    assert TABLE.fullmatch(first), first
    assert COLUMN.fullmatch(inner), inner
    assert RELATION.fullmatch(line), line


def test_different_places_have_different_names() -> None:
    """A dot within a name is no dot between names."""
    tables = [table("b.c", schema="a"), table("c", schema="a.b")]
    first, _, second, _ = mermaid(StateDiagram(tables=tables))[1:]
    assert (first, second) == ('    "a.b(U+002E)c" {', '    "a(U+002E)b.c" {')


def test_blanks_stay_visible() -> None:
    """A blank could make a keyword of two words."""
    (first, _) = mermaid(StateDiagram(tables=[table('direction TB "x"')]))[1:]
    assert first == '    "public.direction␣TB␣(U+0022)x(U+0022)" {'


def test_what_is_not_enforced_is_told_apart() -> None:
    """The line's label says so."""
    relation = attrs.evolve(LINE, is_certain=False)
    (text,) = mermaid(StateDiagram(relations=[relation]))[1:]
    assert text.endswith('"fk (not for every row)"')


def test_no_table_no_diagram() -> None:
    """An empty block would be an error in Mermaid."""
    assert "```mermaid" not in page(relation("other"))
    assert "```mermaid" in page(relation("users", "id", "display_name"))
