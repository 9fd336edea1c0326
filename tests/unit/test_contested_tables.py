"""Which tables store the same as another, so that it matters which one is used."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.domain.classification import contested_tables
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table
from tests.helpers.schemas import join_table, model_with, preferences, table

PREFERENCES = "user_preferences"
JOIN_TABLE = "user_interest_themes"
TWO_SCHEMAS = model_with(schemas=["app", "public"])


@pytest.mark.parametrize(
    ("tables", "model", "names"),
    [
        ([], model_with(), ()),
        ([preferences()], model_with(), ()),
        ([preferences(), join_table(without="theme_id")], model_with(), ()),
        ([preferences(), join_table()], model_with(), (PREFERENCES, JOIN_TABLE)),
        (
            [preferences(), join_table()],
            model_with(canonical="join_table"),
            (PREFERENCES, JOIN_TABLE),
        ),
        ([preferences()], model_with(canonical="join_table"), ()),
        ([preferences(), preferences(schema="app")], TWO_SCHEMAS, (PREFERENCES,)),
    ],
    ids=[
        *("none", "one", "another incomplete", "undeclared", "declared"),
        *("declared incomplete", "copies"),
    ],
)
def test_the_tables_of_an_entity_that_is_stored_twice(
    tables: list[Table], model: AuditModel, names: tuple[str, ...]
) -> None:
    """By name, each once, whether or not one of them is declared canonical."""
    assert contested_tables(SchemaSnapshot(tables), model) == names


def test_where_several_storages_are_fine_none_is_contested() -> None:
    """Credentials may be kept in more than one place."""
    credentials = ("user_id", "password_hash")
    snapshot = SchemaSnapshot(
        [table("users", *credentials), table("user_credentials", *credentials)]
    )
    assert contested_tables(snapshot, model_with()) == ()


def test_every_entity_is_looked_at() -> None:
    """Those of the model that is configured, in its order."""
    model = model_with()
    *_, interests = model.entities
    twice = attrs.evolve(model, entities=[attrs.evolve(interests, name="likes")])
    snapshot = SchemaSnapshot([preferences(), join_table()])
    assert contested_tables(snapshot, twice) == (PREFERENCES, JOIN_TABLE)
