"""Builders of schemas and models for tests: what is not said is unremarkable."""

from __future__ import annotations

import collections.abc as cabc

import attrs

from pytest_userstate.domain.columns import Column, Generated, Identity
from pytest_userstate.domain.model import (
    DEFAULT_MODEL,
    AuditModel,
    Canonical,
    Entity,
)
from pytest_userstate.domain.snapshot import Table

TOKENS: dict[str, Column | None] = {
    "no column": None,
    "not null": Column("revision", "integer"),
    "nullable": Column("revision", "integer", is_nullable=True),
    "in a not-null domain": Column("revision", "revision_number", is_domain=True),
    "in a nullable domain": Column(
        "revision", "revision_number", is_nullable=True, is_domain=True
    ),
    "generated, stored": Column(
        "revision", "integer", generated=Generated.STORED, expression="1"
    ),
    "generated, virtual": Column(
        "revision", "integer", generated=Generated.VIRTUAL, expression="1"
    ),
    "identity, always": Column("revision", "bigint", identity=Identity.ALWAYS),
    "identity, by default": Column("revision", "bigint", identity=Identity.BY_DEFAULT),
    "without equality": Column("revision", "json", has_equality=False),
}
"""Every kind of revision column that the rules tell apart, by description."""


def table(name: str, *columns: str | Column | None, schema: str = "public") -> Table:
    """Return a table; a bare name is a text column, None is no column."""
    return Table(
        name,
        [
            Column(each, "text") if isinstance(each, str) else each
            for each in columns
            if each is not None
        ],
        schema,
    )


def preferences(
    *more: str | Column | None, schema: str = "public", without: str = ""
) -> Table:
    """Return the table of the preferences model, complete unless told otherwise."""
    needed = {"user_id", "interest_theme_ids"} - {without}
    return table("user_preferences", *sorted(needed), *more, schema=schema)


def join_table(
    *more: str | Column | None, schema: str = "public", without: str = ""
) -> Table:
    """Return the table of the join-table model, complete unless told otherwise."""
    needed = {"user_id", "theme_id"} - {without}
    return table("user_interest_themes", *sorted(needed), *more, schema=schema)


def model_with(
    *entities: Entity,
    schemas: cabc.Iterable[str] = ("public",),
    canonical: str | None = None,
) -> AuditModel:
    """Return the default model with the entities replaced by name, or added.

    `canonical` declares a storage model of interests.
    """
    rows = {each.name: each for each in DEFAULT_MODEL.entities}
    if canonical:
        declared = Canonical(model=canonical, reason="ADR 7")
        rows["interests"] = attrs.evolve(rows["interests"], canonical=declared)
    rows |= {each.name: each for each in entities}
    return AuditModel(entities=rows.values(), schemas=schemas)


def only(entity: str, model: AuditModel = DEFAULT_MODEL) -> AuditModel:
    """Return the model with a single entity left, for long truth tables."""
    rows = [each for each in model.entities if each.name == entity]
    return attrs.evolve(model, entities=rows)
