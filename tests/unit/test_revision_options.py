"""In which words the decisions about revisions are titled and stated."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.domain.architecture import ArchitectureDecision, architecture
from pytest_userstate.domain.model import AuditModel, Entity, Revisions, StorageModel
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import ForeignKey, SchemaSnapshot, Table
from pytest_userstate.domain.state_diagram import draw
from tests.helpers.schemas import TOKENS, join_table, model_with, preferences, table

TRACKED = preferences(TOKENS["not null"])


def decisions(
    *tables: Table, model: AuditModel | None = None
) -> dict[str, ArchitectureDecision]:
    """Return the decisions by the check that they rest on."""
    model = model or model_with()
    snapshot = SchemaSnapshot(tables)
    report = UserStateSchemaAuditReport.evaluate(snapshot, model=model)
    found = architecture(report, model, draw(snapshot, model))
    return {each.check: each for each in found}


def test_titles_are_words() -> None:
    """Also where the entity's name is of several."""
    own = Entity(
        name="reading_lists_shared",
        revisions=Revisions.EXPECTED,
        models=[StorageModel(name="lists", tables="lists", columns=["user_id"])],
    )
    found = decisions(model=model_with(own))
    titles = [found[each].title for each in found if each.startswith("reading")]
    assert titles == [
        "Reading lists shared storage path",
        "Revision model of reading lists shared",
        "Stale-write handling of reading lists shared",
    ]


@pytest.mark.parametrize(
    ("tables", "statement"),
    [
        (
            [TRACKED, join_table()],
            (
                "revisions are kept in public.user_preferences.revision (preferences); "
                "public.user_interest_themes (join_table) has none; "
                "this holds if preferences is kept"
            ),
        ),
        (
            [TRACKED, join_table(TOKENS["not null"])],
            (
                "revisions are kept in public.user_preferences.revision (preferences) "
                "and public.user_interest_themes.revision (join_table); "
                "this holds if preferences or join_table is kept"
            ),
        ),
    ],
    ids=["one", "both"],
)
def test_a_proviso_names_the_models_that_keep_a_revision(
    tables: list[Table], statement: str
) -> None:
    """The others would need a migration."""
    assert decisions(*tables)["interests.revision"].statement == statement


def test_a_proviso_names_a_model_of_two_tables_once() -> None:
    """Either of its tables keeps a revision."""
    lists, other = (
        StorageModel(
            name=name, tables=tables, columns=["user_id"], revision=["revision"]
        )
        for name, tables in (("lists", ["a", "b"]), ("log", ["c"]))
    )
    own = Entity(name="consents", revisions=Revisions.EXPECTED, models=[lists, other])
    stored = [table(name, "user_id", TOKENS["not null"]) for name in "abc"]
    found = decisions(*stored, model=model_with(own))["consents.revision"]
    assert found.statement.endswith("; this holds if lists or log is kept")


@pytest.mark.parametrize(
    ("name", "written"), [("lists", "lists"), ("lists.old", '"lists.old"')]
)
def test_rows_of_several_for_an_owner_spread_a_revision(
    name: str, written: str
) -> None:
    """A change of the whole set is not caught, also if the name has a dot in it."""
    own = Entity(
        name="consents",
        revisions=Revisions.EXPECTED,
        models=[StorageModel(name="m", tables=f"public.{name}", columns=["user_id"])],
    )
    to_users = ForeignKey(
        name="f", columns=["user_id"], target_table="users", target_columns=["id"]
    )
    stored = attrs.evolve(table(name, "user_id"), foreign_keys=[to_users])
    found = decisions(table("users", "id"), stored, model=model_with(own))
    column, _ = found["consents.revision"].options
    assert column.name == f"a column revision of public.{written}"
    assert len(column.consequences) == 3
