"""The user-state tables as an entity diagram in Mermaid.

Mermaid reads a name as code unless it is quoted, and a quoted one may hold
neither quotation marks, nor percent signs (which start directives), nor
backslashes. Its own character codes are not decoded in entity diagrams. So a
name keeps its letters, digits, and hyphens; a blank becomes a visible one, and
anything else its number in Unicode: ``(U+0022)``. Names of columns cannot be
quoted at all: what is not allowed there is replaced, and the comment beside it has
the name.
"""

from __future__ import annotations

import re
import typing as typ

from pytest_userstate.application.wording import visible
from pytest_userstate.domain.state_diagram import (
    StateColumn,
    StateDiagram,
    StateRelation,
    StateTable,
)

_ODD: typ.Final = re.compile(r"[^\w-]")
_ODD_IN_COMMENT: typ.Final = re.compile(r"[^\w .,;()\[\]-]")
_NOT_A_WORD: typ.Final = re.compile(r"[^A-Za-z0-9_()\[\]-]")
_KEYWORD: typ.Final = re.compile(r"(?:pk|fk|uk)\b|[^A-Za-z_]", re.IGNORECASE)


def mermaid(diagram: StateDiagram) -> list[str]:
    """Return the diagram's lines.

    >>> mermaid(StateDiagram())
    ['erDiagram']
    """
    lines = ["erDiagram"]
    for table in diagram.tables:
        lines += _table(table)
    return [*lines, *map(_relation, diagram.relations)]


def quoted(*parts: str, note: str = "") -> str:
    """Return a name, or a place of several names, in quotation marks."""
    name = ".".join(_ODD.sub(_coded, visible(part)) for part in parts)
    return f'"{name}{note}"'


def _coded(match: re.Match[str]) -> str:
    return "␣" if match[0] == " " else f"(U+{ord(match[0]):04X})"


def _table(table: StateTable) -> list[str]:
    name = quoted(table.schema, table.name)
    return [
        f"    {name} {{",
        *(f"        {_column(c)}" for c in table.columns),
        "    }",
    ]


def _column(column: StateColumn) -> str:
    notes = ["null" if column.is_nullable else "not null"]
    notes += [f"unique with {', '.join(names)}" for names in column.unique_with]
    name, data_type = _word(column.name), _word(column.data_type)
    if name != column.name:
        notes.append(f"named {column.name}")
    if data_type != column.data_type.replace(" ", "_"):
        notes.append(f"type {column.data_type}")
    roles = ", ".join(role.value for role in column.roles)
    return " ".join(filter(None, (data_type, name, roles, _comment(notes))))


def _word(name: str) -> str:
    """Return a name as Mermaid takes it for a column or a type."""
    word = _NOT_A_WORD.sub("_", name)
    return f"_{word}" if _KEYWORD.match(word) else word


def _comment(notes: list[str]) -> str:
    """Return notes in quotation marks."""
    return f'"{_ODD_IN_COMMENT.sub(_coded, visible("; ".join(notes)))}"'


def _relation(relation: StateRelation) -> str:
    """Return a line: one target, and how many rows refer to it."""
    target = quoted(relation.target_schema, relation.target_table)
    source = quoted(relation.schema, relation.table)
    one = "|o" if relation.is_optional else "||"
    many = "o|" if relation.is_single else "o{"
    line = "--" if relation.is_identifying else ".."
    note = "" if relation.is_certain else " (not for every row)"
    label = quoted(relation.name, note=note)
    return f"    {target} {one}{line}{many} {source} : {label}"
