"""Hypothesis strategies: schemas, models and wiring around interesting names."""

from __future__ import annotations

import attrs
from hypothesis import strategies as st

from pytest_userstate.domain.columns import Column, ForeignKey, KeyConstraint, Source
from pytest_userstate.domain.coverage import Axis, RuntimeWiring
from pytest_userstate.domain.gate import Acceptance, GatePolicy
from pytest_userstate.domain.model import (
    AuditModel,
    Canonical,
    Entity,
    PerUser,
    Revisions,
    StorageModel,
)
from pytest_userstate.domain.snapshot import (
    DroppedObject,
    SchemaSnapshot,
    Table,
    View,
    ViewKind,
)
from pytest_userstate.domain.wiring import PortWiring, Wiring
from tests.helpers.schemas import TOKENS, model_with

TABLES = (
    "users",
    "Users",
    "user_credentials",
    "login_credentials",
    "credentials",
    "user_preferences",
    "user_preference",
    "user_interest_themes",
    "consent_log",
    "consent_state",
    "unrelated",
)
COLUMNS = (
    "id",
    "user_id",
    "display_name",
    "displayName",
    "password_hash",
    "password_digest",
    "credential_hash",
    "interest_theme_ids",
    "theme_id",
    "revision",
    "Revision",
    "row_version",
    "note",
)
SCHEMAS = ("public", "app", "a.b")

sources = st.builds(
    Source,
    path=st.sampled_from(["m/1.sql", "m/2.sql"]),
    line=st.none() | st.integers(1, 3),
)
kinds = st.sampled_from([each for each in TOKENS.values() if each])
some = st.lists(st.sampled_from(COLUMNS), unique=True, max_size=6)
all_but_some = st.lists(st.sampled_from(COLUMNS), unique=True, max_size=2).map(
    lambda missing: [name for name in COLUMNS if name not in missing]
)


@st.composite
def column_lists(draw: st.DrawFn) -> list[Column]:
    """Draw columns: few of the names, or nearly all, so that both ends occur."""
    names = draw(some | all_but_some)
    kind, source = draw(kinds), draw(st.none() | sources)
    return [
        attrs.evolve(kind, name=name, source=source)
        if name in {"revision", "row_version"}
        else Column(name, "text", is_primary_key=name == "id", source=source)
        for name in names
    ]


tables = st.builds(
    Table,
    name=st.sampled_from(TABLES),
    columns=column_lists(),
    schema=st.sampled_from(SCHEMAS),
    primary_key=st.none()
    | st.builds(KeyConstraint, name=st.just("pk"), columns=st.just(["user_id"])),
    foreign_keys=st.lists(
        st.builds(
            ForeignKey,
            name=st.just("fk"),
            columns=st.sampled_from([["user_id"], ["theme_id"], ["note"]]),
            target_table=st.just("users"),
            target_columns=st.just(["id"]),
        ),
        max_size=1,
    ),
    source=st.none() | sources,
)
views = st.builds(
    View,
    name=st.sampled_from(TABLES),
    columns=column_lists(),
    schema=st.sampled_from(SCHEMAS),
    kind=st.sampled_from(ViewKind),
    source=st.none() | sources,
)
dropped = st.builds(
    DroppedObject,
    schema=st.sampled_from(SCHEMAS),
    table=st.sampled_from(TABLES),
    column=st.sampled_from(["", *COLUMNS]),
    source=sources,
)


@st.composite
def snapshots(draw: st.DrawFn) -> SchemaSnapshot:
    """Draw a snapshot around the names that the models look for."""
    relations = draw(
        st.lists(
            st.one_of(tables, tables, tables, views),
            max_size=7,
            unique_by=lambda each: (each.schema, each.name),
        )
    )
    return SchemaSnapshot(
        tables=[each for each in relations if isinstance(each, Table)],
        views=[each for each in relations if isinstance(each, View)],
        dropped=draw(st.lists(dropped, max_size=4)),
    )


@st.composite
def own_entities(draw: st.DrawFn) -> Entity:
    """Draw an entity of the repository's own, with up to three models."""
    names = draw(st.lists(st.sampled_from("abc"), min_size=1, unique=True))
    canonical = draw(st.none() | st.sampled_from(names))
    return Entity(
        name="consents",
        allow_multiple=draw(st.booleans()),
        revisions=draw(st.sampled_from(Revisions)),
        canonical=Canonical(model=canonical, reason="why") if canonical else None,
        models=[
            StorageModel(
                name=name,
                tables=draw(
                    st.lists(
                        st.sampled_from([*TABLES, "app.users", "app.consent_log"]),
                        min_size=1,
                        max_size=3,
                        unique=True,
                    )
                ),
                columns=draw(st.lists(st.sampled_from(COLUMNS), max_size=2)),
                any_of=draw(
                    st.lists(
                        st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=2),
                        max_size=1,
                    )
                ),
                per_user=draw(st.none() | st.sampled_from(PerUser)),
                revision=draw(
                    st.sampled_from([["revision"], ["revision", "row_version"]])
                ),
                revision_table=draw(st.sampled_from([None, None, "users"])),
            )
            for name in names
        ],
    )


@st.composite
def models(draw: st.DrawFn) -> AuditModel:
    """Draw the default model with a declaration, schemas and an own entity."""
    return model_with(
        *draw(st.lists(own_entities(), max_size=1)),
        canonical=draw(st.sampled_from([None, "preferences", "join_table"])),
        schemas=draw(st.sampled_from([("public",), ("public", "app"), SCHEMAS])),
    )


wirings = st.builds(
    Wiring,
    st.lists(
        st.builds(
            PortWiring,
            entity=st.sampled_from(["login", "users", "interests", "consents"]),
            port=st.sampled_from(["Port", "Other"]),
            state=st.sampled_from(RuntimeWiring),
            reason=st.sampled_from(["", "a reason"]),
            sources=st.lists(sources, max_size=2),
            model=st.sampled_from([None, "preferences", "join_table", "users", "a"]),
        ),
        unique_by=lambda each: (each.entity, each.port),
    ),
)


policies = st.builds(
    GatePolicy,
    axes=st.sets(st.sampled_from(Axis)),
    fail_on_deferred=st.booleans(),
    acceptances=st.lists(
        st.builds(
            Acceptance,
            check=st.sampled_from(model_with().check_ids()),
            reason=st.just("known"),
        ),
        unique_by=lambda each: each.check,
    ),
)
