"""Drafts of migrations, tried on a real server before they are shown."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import shutil
import subprocess
import sys

import attrs
import pytest

from pytest_userstate.application.drafting import draft_migrations
from pytest_userstate.domain.drafts import Draft, DraftTrial, VerifiedDraft
from pytest_userstate.domain.model import DEFAULT_MODEL
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.migrations.plan import Migration, Plan
from pytest_userstate.outbound.proving.scratch import ScratchServer
from tests.helpers.scratch import Migrated, migrated

PLAN = Plan(
    layout="golang-migrate",
    migrations=(Migration(version="1", path="db/0001_a.up.sql", batches=()),),
)
USERS = "CREATE TABLE users (id bigint PRIMARY KEY, display_name text NOT NULL);"
PREFERENCES = (
    "CREATE TABLE user_preferences (user_id bigint PRIMARY KEY REFERENCES users,"
    " interest_theme_ids uuid[] NOT NULL DEFAULT '{}'"
)
SQUAWK = shutil.which("squawk") or shutil.which(
    "squawk", path=str(pathlib.Path(sys.executable).parent)
)


@pytest.fixture(scope="module")
def database() -> cabc.Iterator[Migrated]:
    """Start a server."""
    with migrated("", PLAN) as database:
        yield database


@contextlib.contextmanager
def schema(
    database: Migrated, ddl: str
) -> cabc.Iterator[tuple[ScratchServer, SchemaSnapshot]]:
    """Make a schema in the database that is copied, and drop it afterwards."""
    database.execute(ddl)
    try:
        snapshot, before = database.load(), database.contents()
        yield database.scratch, snapshot
        assert database.load() == snapshot
        assert database.contents() == before
    finally:
        database.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def drafts(database: Migrated, ddl: str) -> dict[str, VerifiedDraft]:
    """Return the drafts for a schema, by their checks."""
    with schema(database, ddl) as (scratch, snapshot):
        made = draft_migrations(scratch, snapshot, DEFAULT_MODEL)
    return {draft.check: draft for draft in made}


def test_each_kind_of_gap(database: Migrated, tmp_path: pathlib.Path) -> None:
    """Storage, columns, revisions: closed by drafts that squawk accepts."""
    nothing = drafts(database, USERS)
    assert nothing["login.schema"].closes == ("login.schema",)
    up, down = nothing["login.schema"].files
    assert up.path == "0002_create_user_credentials.up.sql"
    assert "user_id bigint NOT NULL REFERENCES public.users (id)" in up.text
    assert "DROP TABLE public.user_credentials;" in down.text
    assert nothing["interests.schema"].closes == (
        *("interests.schema", "interests.revision", "interests.conflict"),
    )

    no_revision = drafts(database, f"{USERS}{PREFERENCES})")["interests.revision"]
    assert no_revision.closes == ("interests.revision", "interests.conflict")
    assert "a row that was there is as it was" in no_revision.facts
    assert "ADD COLUMN revision bigint NOT NULL DEFAULT 1" in no_revision.files[0].text

    nullable = drafts(database, f"{USERS}{PREFERENCES}, revision integer)")
    assert nullable["interests.conflict"].closes == ("interests.conflict",)
    assert "squawk warns of SET NOT NULL" in nullable["interests.conflict"].facts[-1]

    begun = drafts(
        database, f"{USERS}CREATE TABLE user_preferences (user_id bigint, theme text)"
    )
    assert "ADD COLUMN interest_theme_ids" in begun["interests.schema"].files[0].text

    if SQUAWK is None:
        pytest.skip("squawk is not installed: pip install squawk-cli")
    for number, draft in enumerate(
        (nothing["login.schema"], nothing["interests.schema"], no_revision)
    ):
        file = tmp_path / f"{number}.sql"
        file.write_text(draft.files[0].text)
        arguments = ["--assume-in-transaction", "--pg-version", "15.0", str(file)]
        run = subprocess.run(
            [SQUAWK, *arguments], capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr


def test_what_nobody_can_draft_has_a_reason(database: Migrated) -> None:
    """A set of rows, a generated token, two storages."""
    themes = (
        "CREATE TABLE user_interest_themes (user_id bigint REFERENCES users,"
        " theme_id uuid, PRIMARY KEY (user_id, theme_id))"
    )
    made = drafts(database, f"{USERS}{themes}")
    assert made["interests.revision"].files == ()
    assert "has several rows for each user" in made["interests.revision"].problem
    both = drafts(database, f"{USERS}{PREFERENCES});{themes}")
    assert "only you know" in both["interests.schema"].problem
    assert "it comes after this" in both["interests.revision"].problem
    generated = "revision int GENERATED ALWAYS AS (user_id::int) STORED)"
    made = drafts(database, f"{USERS}{PREFERENCES}, {generated}")
    assert "cannot be made usable in place" in made["interests.conflict"].problem
    # A trigger of the copy refuses the change: the draft is tried, and not shown.
    blocked = f"{USERS}{PREFERENCES}); CREATE VIEW v AS SELECT * FROM user_preferences;"
    assert drafts(database, blocked)["interests.revision"].problem == ""


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"is_restored": False}, "its reverse does not restore the schema"),
        ({"is_lossless": False}, "rows were not as before"),
        ({"after": SchemaSnapshot()}, "the check did not turn"),
    ],
)
def test_a_draft_that_is_not_verified_is_not_shown(
    database: Migrated, changes: dict[str, object], problem: str
) -> None:
    """The report says why instead."""
    with schema(database, f"{USERS}{PREFERENCES})") as (scratch, snapshot):

        class Wrong:
            """Tries drafts, with a result that is not as it should be."""

            def draft(self, draft: Draft, snapshot: SchemaSnapshot) -> DraftTrial:
                return attrs.evolve(scratch.draft(draft, snapshot), **changes)

        made = draft_migrations(Wrong(), snapshot, DEFAULT_MODEL)
    assert all(draft.files == () for draft in made)
    assert any(problem in draft.problem for draft in made)
