"""Schemas in a short notation, for tests that need many of them.

One table a line: its name, and its columns in brackets. A column is a name, perhaps a
type after a colon (text if there is none), and marks: `*` for a part of the primary
key, `!` for a unique column, `>table` for a foreign key to the table's first column.

    users (id:bigint*, email!, password_hash)
    user_settings (user_id:bigint*>users, theme)
"""

from __future__ import annotations

import re
import typing as typ

from pytest_userstate import Column, ForeignKey, KeyConstraint, SchemaSnapshot, Table

_TABLE: typ.Final = re.compile(r"\s*(?P<name>[^\s(]+) *\((?P<columns>.*)\)\s*")
_COLUMN: typ.Final = re.compile(
    r"(?P<name>[^:*!>]+)(?::(?P<type>[^*!>]+))?(?P<marks>[*!]*)(?:>(?P<target>.+))?"
)


def sketched_schema(text: str) -> SchemaSnapshot:
    """Return the schema that is written in the notation above."""
    lines = (line for line in text.splitlines() if line.strip())
    return SchemaSnapshot([_table(line) for line in lines])


def _table(line: str) -> Table:
    table = _TABLE.fullmatch(line)
    assert table, line
    schema, name = _place(table["name"])
    columns, unique, foreign_keys = [], [], []
    for part in table["columns"].split(","):
        column = _COLUMN.fullmatch(part.strip())
        assert column, part
        columns.append(
            Column(
                column["name"],
                column["type"] or "text",
                is_primary_key="*" in column["marks"],
            )
        )
        if "!" in column["marks"]:
            key = KeyConstraint(name=f"{column['name']}_key", columns=[column["name"]])
            unique.append(key)
        if column["target"]:
            target_schema, target = _place(column["target"])
            foreign_keys.append(
                ForeignKey(
                    name=f"{column['name']}_fkey",
                    columns=[column["name"]],
                    target_table=target,
                    target_columns=["id"],
                    target_schema=target_schema,
                )
            )
    return Table(
        name, columns, schema, unique_constraints=unique, foreign_keys=foreign_keys
    )


def _place(name: str) -> tuple[str, str]:
    schema, dot, table = name.partition(".")
    return (schema, table) if dot else ("public", name)
