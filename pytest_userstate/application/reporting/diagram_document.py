"""The diagram of the user-state tables as plain values, and back."""

from __future__ import annotations

import typing as typ

from pytest_userstate.domain.state_diagram import (
    KeyRole,
    Relation,
    StateColumn,
    StateDiagram,
    StateTable,
)

Json: typ.TypeAlias = dict[str, typ.Any]


def diagram_document(diagram: StateDiagram) -> Json:
    """Return the diagram as the JSON report has it."""
    return {
        "tables": [
            {
                "schema": table.schema,
                "name": table.name,
                "holds_state": table.holds_state,
                "columns": [
                    {
                        "name": column.name,
                        "type": column.data_type,
                        "nullable": column.is_nullable,
                        "keys": [role.value for role in column.roles],
                        "unique_with": [list(names) for names in column.unique_with],
                    }
                    for column in table.columns
                ],
            }
            for table in diagram.tables
        ],
        "relations": [
            {
                "name": relation.name,
                "schema": relation.schema,
                "table": relation.table,
                "columns": list(relation.columns),
                "target_schema": relation.target_schema,
                "target_table": relation.target_table,
                "optional": relation.is_optional,
                "single": relation.is_single,
                "identifying": relation.is_identifying,
                "certain": relation.is_certain,
            }
            for relation in diagram.relations
        ],
    }


def read_diagram(value: Json) -> StateDiagram:
    """Read what `diagram_document` wrote."""
    return StateDiagram(
        tables=(
            StateTable(
                schema=table["schema"],
                name=table["name"],
                holds_state=table["holds_state"],
                columns=(
                    StateColumn(
                        name=column["name"],
                        data_type=column["type"],
                        is_nullable=column["nullable"],
                        roles=map(KeyRole, column["keys"]),
                        unique_with=column["unique_with"],
                    )
                    for column in table["columns"]
                ),
            )
            for table in value["tables"]
        ),
        relations=(
            Relation(
                name=relation["name"],
                schema=relation["schema"],
                table=relation["table"],
                columns=relation["columns"],
                target_schema=relation["target_schema"],
                target_table=relation["target_table"],
                is_optional=relation["optional"],
                is_single=relation["single"],
                is_identifying=relation["identifying"],
                is_certain=relation["certain"],
            )
            for relation in value["relations"]
        ),
    )
