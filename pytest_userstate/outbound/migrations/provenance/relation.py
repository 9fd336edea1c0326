"""A table or view and its parts, as the server describes their state."""

from __future__ import annotations

import collections.abc as cabc
import json
import typing as typ

import attrs

from pytest_userstate.outbound.migrations.programs.inside.changes import Change

RelationName = tuple[str, str]
"""The schema and name of a relation."""
Part = tuple[str, int]
"""A kind, and a number that is the part's own within its relation."""
Named = tuple[str, object]
"""A name, and the values that go with it."""

RELATION, COLUMN, CONSTRAINT, INDEX = "", "column", "constraint", "index"
ITSELF: Part = (RELATION, 0)


@attrs.frozen
class RelationParts:
    """A table or view with all of its parts, itself included, by their numbers."""

    place: RelationName
    parts: cabc.Mapping[Part, Named]


Relations = cabc.Mapping[int, RelationParts | None]
"""Relations by number; None for what is gone, the system's, or temporary."""


def relations(changes: cabc.Iterable[Change]) -> Relations:
    """Return the relations that the server has described."""
    return {oid: _relation(state) if state else None for oid, state in changes}


def _relation(state: str) -> RelationParts | None:
    """Read a state; None for what is the system's, or temporary."""
    document = json.loads(bytes.fromhex(state))
    schema, name, itself, parents, *described = document
    columns, defaults, comments, constraints, indexes = (
        values or {} for values in described
    )
    schema = _unquoted(schema)
    if schema.startswith("pg_") or schema == "information_schema":
        return None
    unproven = _unproven(constraints.values())
    parts: dict[Part, Named] = {ITSELF: (name, (itself, parents, comments.get("0")))}
    for number, (column, *facts) in columns.items():
        more = (defaults.get(number), comments.get(number), int(number) in unproven)
        parts[COLUMN, int(number)] = (column, (facts, more))
    for number, (constraint, *facts) in constraints.items():
        if facts[0] != "n":  # the column's own flag says so
            parts[CONSTRAINT, int(number)] = (constraint, facts)
    for number, (index, *facts) in indexes.items():
        parts[INDEX, int(number)] = (index, facts)
    return RelationParts((schema, name), parts)


def _unproven(constraints: cabc.Iterable[list[typ.Any]]) -> frozenset[int]:
    """Return the numbers of columns that are not null, but for rows that were there."""
    return frozenset(
        number
        for _, kind, is_validated, numbers, *_ in constraints
        if kind == "n" and not is_validated
        for number in numbers
    )


def _unquoted(identifier: str) -> str:
    """Return the name for which an identifier stands, which may be quoted."""
    if not identifier.startswith('"'):
        return identifier
    return identifier[1:-1].replace('""', '"')
