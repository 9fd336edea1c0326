"""What looks like missing storage but does not count, and what is gone."""

from __future__ import annotations

import collections.abc as cabc
import difflib
import itertools
import typing as typ

from pytest_userstate.domain.classification import Candidate, Storage, places
from pytest_userstate.domain.evidence import Evidence, EvidenceKind, SchemaObject
from pytest_userstate.domain.recognition.words import words
from pytest_userstate.domain.revision_columns import revisions_near
from pytest_userstate.domain.revision_tokens import is_token_name, why_unreliable
from pytest_userstate.domain.snapshot import (
    DroppedObject,
    SchemaSnapshot,
    Source,
    Table,
    View,
)

NEAR: typ.Final = 0.85
"""How alike two names must be (difflib's ratio) to be shown as a near miss.

Names of two words or more are near, too, where one has all words of the other:
``user_interests`` to ``user_interest_themes``.
"""


def near_misses(storage: Storage, snapshot: SchemaSnapshot) -> tuple[Evidence, ...]:
    """Return what looks like the missing storage but is not, and what is gone."""
    facts: list[Evidence] = []
    for model in storage.entity.models:
        if model.name in storage.models:
            continue
        schemas_of: dict[str, list[str]] = {}
        for schema, name in places(model, storage.schemas):
            schemas_of.setdefault(name, []).append(schema)
        for name, schemas in schemas_of.items():
            facts += _near_tables(name, schemas, snapshot)
        for candidate in storage.candidates:
            if candidate.model == model:
                names = itertools.chain.from_iterable(candidate.missing)
                facts += near_columns(candidate.table, names, snapshot)
    return tuple(dict.fromkeys(facts))


def _near_tables(
    name: str, schemas: list[str], snapshot: SchemaSnapshot
) -> list[Evidence]:
    facts = [
        _gone(gone)
        for gone in snapshot.dropped
        if gone.schema in schemas
        and (gone.table, gone.part) == (name, "")
        and snapshot.table(name, schema=gone.schema) is None
    ]
    relations: list[Table | View] = [*snapshot.tables, *snapshot.views]
    for relation in relations:
        if relation.name == name and isinstance(relation, View):
            detail = f"it is a {relation.kind}, which stores no rows"
        elif relation.name == name and relation.schema not in schemas:
            detail = f"the model looks in schema {', '.join(schemas)}"
        elif relation.schema in schemas and _is_near(relation.name, name):
            detail = f"the model wants {name!r}"
        else:
            continue
        facts.append(_near(relation.qualified_name, detail, relation.source))
    return facts


def near_columns(
    table: Table, missing: cabc.Iterable[str], snapshot: SchemaSnapshot
) -> list[Evidence]:
    """Return what looks like a missing column of the table, and what is gone."""
    facts = []
    for name in missing:
        facts += [
            _gone(gone)
            for gone in snapshot.dropped
            if (gone.schema, gone.table, gone.column)
            == (table.schema, table.name, name)
        ]
        facts += [
            _near(
                f"{table.qualified_name}.{column.name}",
                f"the model wants {name!r}",
                column.source or table.source,
            )
            for column in table.columns
            if _is_near(column.name, name)
        ]
    return facts


def near_revisions(candidate: Candidate) -> list[Evidence]:
    """Return the columns that may be meant as the revision, with the lines to say so.

    These are those of the table with a common name of a revision, and those of rows to
    which the keys of a user's row lead. A column that could not show a stale write is
    none of them.
    """
    table, names = candidate.table, candidate.model.revision
    own = [
        _near(
            f"{table.qualified_name}.{column.name}",
            f"it is named like a revision; if it is one, write "
            f'revision = ["{column.name}"] in the model',
            column.source or table.source,
        )
        for column in table.columns
        if column.name not in names
        and is_token_name(column.name, table.name)
        and why_unreliable(column.data_type) is None
    ]
    elsewhere = [
        _near(
            f"{keeper.qualified_name}.{column.name}",
            f"it is a revision of the same user's row; if every write of "
            f"{table.qualified_name} raises it, write revision = "
            f'{{ table = "{_in_model(keeper)}", column = "{column.name}" }} '
            "in the model",
            column.source or keeper.source,
            about=SchemaObject(keeper.schema, keeper.name, column.name),
        )
        for keeper, column in revisions_near(table, candidate.snapshot)
    ]
    return [*own, *elsewhere]


def _in_model(table: Table) -> str:
    """Return a table's name as a model names it."""
    return table.qualified_name.removeprefix("public.")


def _gone(gone: DroppedObject) -> Evidence:
    """Return what became of a name; a renamed thing is there under another one."""
    made = f", introduced by {gone.introduced_by}" if gone.introduced_by else ""
    return Evidence(
        kind=EvidenceKind.DROPPED,
        subject=gone.qualified_name,
        detail=f"{gone.fate}{made}" if gone.renamed_to else "",
        source=gone.source,
    )


def _near(
    subject: str,
    detail: str,
    source: Source | None,
    about: SchemaObject | None = None,
) -> Evidence:
    return Evidence(
        kind=EvidenceKind.NEAR_MISS,
        subject=subject,
        about=about,
        detail=detail,
        source=source,
    )


def _is_near(name: str, expected: str) -> bool:
    if name == expected:
        return False
    some, others = words(name), words(expected)
    if "".join(some).removesuffix("s") == "".join(others).removesuffix("s"):
        return True
    fewer, more = sorted((set(some), set(others)), key=len)
    if len(fewer) > 1 and fewer <= more:
        return True
    return _are_alike(name.lower().replace("_", ""), expected.lower().replace("_", ""))


def _are_alike(name: str, expected: str) -> bool:
    matcher = difflib.SequenceMatcher(None, name, expected)
    # The cheap upper bounds first: a schema may have thousands of tables.
    return (
        matcher.real_quick_ratio() >= NEAR
        and matcher.quick_ratio() >= NEAR
        and matcher.ratio() >= NEAR
    )
