"""Drafts as files: each tool reads the next one as its own, and after the others."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.drafts import AddColumns, NewColumn, RepairRevision
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.snapshot import Column
from pytest_userstate.outbound.files import NewFiles
from pytest_userstate.outbound.migrations.finding.discovery import (
    LayoutChoice,
    Target,
    locate,
)
from pytest_userstate.outbound.migrations.next_files import NewMigration
from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.proving.statements import statements

CHANGE = AddColumns(
    schema="public",
    table="Choices",
    columns=[NewColumn(name="revision", data_type="bigint", default="1")],
)
UP, DOWN = "ADD COLUMN revision bigint NOT NULL DEFAULT 1", "DROP COLUMN revision"
CREATE = "CREATE TABLE a (id int);"
FOLDERS: dict[str, tuple[dict[str, str], list[str]]] = {
    "diesel": (
        {"2025-06-01-102059_a/up.sql": CREATE, "2025-06-01-102059_a/down.sql": ""},
        ["2025-06-01-102100_next/up.sql", "2025-06-01-102100_next/down.sql"],
    ),
    "golang-migrate": (
        {"000009_a.up.sql": CREATE, "000009_a.down.sql": ""},
        ["000010_next.up.sql", "000010_next.down.sql"],
    ),
    "goose": (
        {"00001_a.sql": f"-- +goose Up\n{CREATE}\n-- +goose Down\n"},
        ["00002_next.sql"],
    ),
    "dbmate": (
        {"20250601102059_a.sql": f"-- migrate:up\n{CREATE}\n-- migrate:down\n"},
        ["20250601102100_next.sql"],
    ),
    "sql-migrate": (
        {"1_a.sql": f"-- +migrate Up\n{CREATE}\n-- +migrate Down\n"},
        ["2_next.sql"],
    ),
    "flyway": ({"V9__create_a.sql": CREATE}, ["V10__next.sql"]),
    "refinery": ({"V1__create_a.sql": CREATE}, ["V2__next.sql"]),
    "prisma": (
        {
            "20250601102059_a/migration.sql": CREATE,
            "migration_lock.toml": 'provider = "postgresql"\n',
        },
        ["20250601102100_next/migration.sql"],
    ),
    "sqlx": (
        {"20250601102059_a.up.sql": CREATE, "20250601102059_a.down.sql": ""},
        ["20250601102100_next.up.sql", "20250601102100_next.down.sql"],
    ),
    "tern": (
        {"001_a.sql": f"{CREATE}\n---- create above / drop below ----\n"},
        ["002_next.sql"],
    ),
    "supabase": ({"20250601102059_a.sql": CREATE}, ["20250601102100_next.sql"]),
    "postgrator": (
        {"9.do.a.sql": CREATE, "9.undo.a.sql": ""},
        ["10.do.next.sql", "10.undo.next.sql"],
    ),
    "yoyo": ({"0001_a.sql": f"-- depends:\n{CREATE}"}, ["0002_next.sql"]),
    "micrate": (
        {"01_a.sql": f"-- +micrate Up\n{CREATE}\n-- +micrate Down\n"},
        ["02_next.sql"],
    ),
    "play": ({"1.sql": f"# --- !Ups\n{CREATE}\n# --- !Downs\n"}, ["2.sql"]),
    "mybatis": ({"01_a.sql": f"{CREATE}\n-- //@UNDO\n"}, ["02_next.sql"]),
    "rambler": (
        {"01_a.sql": f"-- rambler up\n{CREATE}\n-- rambler down\n"},
        ["02_next.sql"],
    ),
    "node-pg-migrate": (
        {"1_a.sql": f"-- Up Migration\n{CREATE}\n-- Down Migration\n"},
        ["2_next.sql"],
    ),
    "hasura": (
        {"1650000000000_a/up.sql": CREATE, "1650000000000_a/down.sql": ""},
        ["1650000000001_next/up.sql", "1650000000001_next/down.sql"],
    ),
    "drizzle": (
        {
            "0000_a.sql": CREATE,
            "meta/_journal.json": '{"version": "7", "dialect": "postgresql", '
            '"entries": [{"idx": 0, "when": 5, "tag": "0000_a"}]}',
        },
        ["0001_next.sql", "meta/_journal.json"],
    ),
    "sqitch": (
        {
            "sqitch.plan": "%project=a\n\na 2026-01-01T10:00:00Z Ada <a@b.c> # A.\n",
            "deploy/a.sql": f"BEGIN; {CREATE} COMMIT;",
        },
        ["deploy/next.sql", "revert/next.sql", "sqitch.plan"],
    ),
    "plain": ({"001_create_a.sql": CREATE}, ["002_next.sql"]),
}


def target_of(folder: pathlib.Path, layout: str) -> Target:
    """Read a folder as a tool does."""
    return locate(
        root=folder,
        base=folder,
        path=str(folder / "migrations"),
        choice=LayoutChoice(layout=layout),
    )


ONE_WAY = {"drizzle", "flyway", "plain", "prisma", "refinery", "supabase", "yoyo"}


@pytest.mark.parametrize("layout", FOLDERS)
def test_the_tool_reads_the_draft_as_its_next_migration(
    layout: str, tmp_path: pathlib.Path
) -> None:
    """Its change is applied, its reverse is not."""
    files, expected = FOLDERS[layout]
    store = NewFiles(tmp_path / "migrations", option="--userstate-draft", what="draft")
    for path, text in files.items():
        store.write(path, text)
    folder, before = tmp_path / "migrations", target_of(tmp_path, layout)
    script = statements(CHANGE)
    new = NewMigration(
        name="next", up=script.up, down=script.down, plan=before.plan, folder=folder
    )
    drafts = before.layout.next_files(new)
    assert [draft.path for draft in drafts] == expected
    for draft in drafts:
        if draft.added:
            (folder / draft.path).unlink()
        store.write(draft.path, draft.text)
    after = target_of(tmp_path, layout).plan
    assert isinstance(after, Plan)
    *_, made = after.migrations
    sql = "\n".join(batch.sql for batch in made.batches)
    assert (UP in sql, DOWN in sql) == (True, False)
    if layout not in ONE_WAY:
        assert any(DOWN in draft.text for draft in drafts)
    with pytest.raises(ToolError, match="cannot be written: File exists"):
        store.write(drafts[0].path, "")


def test_names_are_quoted_and_a_default_stays() -> None:
    """A reverse takes away only what the change has brought."""
    assert 'ALTER TABLE public."Choices"' in statements(CHANGE).up
    for default in ("1", None):
        column = Column("revision", "integer", is_nullable=True, default=default)
        change = RepairRevision(schema="s", table="t", column=column)
        script = statements(change)
        assert ("DROP DEFAULT" in script.down) == (default is None)
        assert ("SET DEFAULT" in script.up) == (default is None)
