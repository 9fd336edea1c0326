"""Drafts of tables that are missing: what a new table has to contain."""

from __future__ import annotations

from pytest_userstate.domain.drafts import CreateTable, Draft, draft_of
from pytest_userstate.domain.model import DEFAULT_MODEL
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot


def test_a_table_is_created_with_the_columns_that_all_entities_need_of_it() -> None:
    """Login, users, and profile are in `users`: one draft closes all three."""
    snapshot = SchemaSnapshot([])
    report = UserStateSchemaAuditReport.evaluate(snapshot)
    changes = set()
    for name in ("login.schema", "users.schema", "profile.schema"):
        [check] = [one for one in report.checks if one.id == name]
        draft = draft_of(check, snapshot, DEFAULT_MODEL)
        assert isinstance(draft, Draft)
        changes.update(draft.changes)
    [change] = changes
    assert isinstance(change, CreateTable)
    names = [column.name for column in change.columns]
    assert names == ["id", "password_hash", "display_name"]
    assert change.key == ("id",)
