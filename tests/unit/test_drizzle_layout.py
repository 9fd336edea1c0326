"""Drizzle's files are read as drizzle-orm's migrator reads them."""

from __future__ import annotations

import json
import pathlib

import pytest

from pytest_userstate.domain.errors import TargetNotFoundError
from pytest_userstate.outbound.migrations.finding.discovery import (
    LayoutChoice,
    Target,
    locate,
)
from pytest_userstate.outbound.migrations.plan import Mode
from pytest_userstate.outbound.migrations.tools.drizzle import LAYOUT
from tests.helpers.folders import Folder


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> Folder:
    """Make the repository's migrations folder."""
    return Folder(LAYOUT, tmp_path, "drizzle")


def journal(*tags: str, dialect: str = "postgresql") -> str:
    """Return a journal that lists these files."""
    entries = [
        {"idx": number, "when": 1_700_000_000_000 + number, "tag": tag}
        for number, tag in enumerate(tags)
    ]
    return json.dumps({"version": "7", "dialect": dialect, "entries": entries})


def search(folder: Folder, *, layout: str | None = None) -> Target:
    """Find the migrations, with nothing said or with a layout for the folder."""
    return locate(
        root=folder.root,
        base=folder.root,
        path=str(folder.path) if layout else None,
        choice=LayoutChoice(layout=layout),
    )


def test_the_journal_decides(folder: Folder) -> None:
    """Its files run in its order; any other is left out and named."""
    for name in ("0000_init", "0001_second", "0001_thrown_away"):
        folder.write(f"{name}.sql")
    folder.write("meta/_journal.json", journal("0001_second", "0000_init"))
    assert folder.versions == ["0001_second", "0000_init"]
    [warning] = folder.load().warnings
    assert "drizzle/0001_thrown_away.sql is left out" in warning
    assert "drizzle runs only SQL files that meta/_journal.json lists" in warning


def test_a_journal_is_not_read_as_plain_sql(folder: Folder) -> None:
    """Whoever says `tool = "plain"` would run what Drizzle never runs."""
    folder.write("0000_init.sql")
    folder.write("meta/_journal.json", journal("0000_init"))
    with pytest.raises(TargetNotFoundError, match='tool = "drizzle"'):
        search(folder, layout="plain")


def test_a_file_is_cut_at_its_breakpoints(folder: Folder) -> None:
    """Each piece is sent by itself, in one transaction with its row."""
    sql = "A;\n--> statement-breakpoint\nDO $$ ; $$;\n--> statement-breakpoint\n"
    folder.write("0000_a.sql", sql)
    folder.write("meta/_journal.json", journal("0000_a"))
    [migration] = folder.load().migrations
    [batch] = migration.batches
    assert (batch.mode, batch.in_transaction) == (Mode.PIECES, True)
    assert batch.pieces is not None
    sent = [sql[slice(*piece)].strip() for piece in batch.pieces]
    assert sent == ["A;", "DO $$ ; $$;"]
    [(_, values)] = batch.record
    assert values == ("0000_a",)


def test_folders_without_a_journal_run_by_name(folder: Folder) -> None:
    """That is how drizzle-kit writes them since 1.0."""
    for name in ("20250102_b", "20250101_a"):
        folder.write(f"{name}/migration.sql")
        folder.write(f"{name}/snapshot.json", "{}")
    assert LAYOUT.recognizes(folder.path)
    assert folder.versions == ["20250101_a", "20250102_b"]


@pytest.mark.parametrize(
    "config",
    [
        "export default defineConfig({ out: './db/out', dialect: 'postgresql' });",
        'export default { dialect: "postgresql", out: "db/out" };',
    ],
)
def test_the_folder_that_the_configuration_names_is_found(
    tmp_path: pathlib.Path, config: str
) -> None:
    """It is the value of `out`, beside the file."""
    folder = Folder(LAYOUT, tmp_path, "apps/web/db/out")
    folder.write("0000_a.sql")
    folder.write("meta/_journal.json", journal("0000_a"))
    (tmp_path / "apps/web/drizzle.config.ts").write_text(config)
    target = search(folder)
    assert (target.relative_path, target.plan.layout) == ("apps/web/db/out", "drizzle")
    assert target.found == "found by apps/web/drizzle.config.ts"


def test_a_file_that_is_missing_is_refused(folder: Folder) -> None:
    """Drizzle stops there; the entry is named with its file."""
    folder.write("meta/_journal.json", journal("0000_a"))
    message = str(folder.refusal())
    assert "drizzle/0000_a.sql does not exist" in message
    assert "drizzle/meta/_journal.json lists '0000_a'" in message


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"entries": 1}', "[" * 100_000, journal("../secret")],
    ids=["empty", "list", "table", "number", "deep", "path"],
)
def test_a_journal_of_another_form_is_refused(folder: Folder, text: str) -> None:
    """With its path; a tag never leads out of the folder."""
    folder.write("meta/_journal.json", text)
    assert folder.refusal().path == "drizzle/meta/_journal.json"


def test_a_journal_of_another_database_is_refused(folder: Folder) -> None:
    """Its SQL is not PostgreSQL's."""
    folder.write("meta/_journal.json", journal(dialect="mysql"))
    assert "the dialect is 'mysql'" in str(folder.refusal())
