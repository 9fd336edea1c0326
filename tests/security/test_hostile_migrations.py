"""A migration that sets out to fool the audit does not."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.application.settings import PostgresSettings
from pytest_userstate.domain.errors import (
    MigrationError,
    SchemaSnapshotRepositoryError,
    ServerError,
)
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound import migrated_database
from pytest_userstate.outbound.migrations.finding.discovery import locate
from pytest_userstate.outbound.migrations.running import session
from pytest_userstate.outbound.migrations_target import MigrationsTarget
from pytest_userstate.outbound.postgres.binaries import find_binaries

DOUBLES = pathlib.Path(__file__).parents[1] / "helpers/hostile.sql"
USERS = "CREATE TABLE users (id uuid PRIMARY KEY, display_name text NOT NULL);"
# All that a role can change about the sessions of others, or of its own.
FOR_ALL_SESSIONS = """
ALTER DATABASE userstate SET search_path = evil, pg_catalog;
ALTER ROLE userstate SET search_path = evil, pg_catalog, pg_temp;
ALTER ROLE userstate SET row_security = off;
ALTER ROLE userstate SET client_encoding = 'LATIN1';
ALTER ROLE userstate SET default_transaction_read_only = on;
ALTER ROLE userstate SET default_transaction_isolation = serializable;
ALTER ROLE userstate SET datestyle = 'SQL, DMY';
ALTER ROLE userstate SET standard_conforming_strings = off;
ALTER ROLE userstate SET quote_all_identifiers = on;
ALTER ROLE userstate SET statement_timeout = '1ms';
ALTER ROLE userstate SET idle_in_transaction_session_timeout = '1s';
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM userstate;
REVOKE ALL ON users FROM userstate, PUBLIC;
ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY nothing ON users USING (false);
CREATE TEMPORARY TABLE user_preferences (user_id uuid, interest_theme_ids uuid[]);
CREATE TEMPORARY VIEW pg_class AS SELECT 1 AS oid;
CREATE VIEW profiles AS SELECT 1 AS id FROM pg_sleep(3600);
"""


def target(
    root: pathlib.Path, *migrations: str, timeout: float = 60
) -> MigrationsTarget:
    """Write migrations, and get ready to audit them."""
    folder = root / "migrations"
    folder.mkdir()
    for number, sql in enumerate(migrations, 1):
        (folder / f"{number}.sql").write_text(sql)
    return MigrationsTarget(
        target=locate(root=root, base=root, path=None),
        binaries=find_binaries(),
        setup=None,
        settings=PostgresSettings(migration_timeout=timeout),
    )


def read(project: MigrationsTarget) -> SchemaSnapshot:
    """Apply the migrations and read what they have made."""
    with project.open() as database:
        return database.load()


def test_the_schema_is_read_as_it_is(tmp_path: pathlib.Path) -> None:
    """Whatever the migration sets, shadows, revokes, and hides."""
    snapshot = read(target(tmp_path, USERS, DOUBLES.read_text(), FOR_ALL_SESSIONS))
    [users] = snapshot.tables
    assert users.qualified_name == "public.users"
    columns = [(each.name, each.data_type, each.is_nullable) for each in users.columns]
    assert columns == [("display_name", "text", False), ("id", "uuid", False)]
    assert users.source is not None
    assert users.source.path == "migrations/1.sql"
    assert {each.name for each in snapshot.views if each.schema == "public"} == {
        "profiles"
    }


def test_no_migration_goes_on_for_ever(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does not heed being cancelled is hung up on, and its server stopped.

    (Others are in tests/integration/test_migration_runner.py.)
    """
    monkeypatch.setattr(session, "_SETTLING_TIME", 0.2)
    heedless = (
        "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(3600);"
        " EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;"
    )
    project = target(tmp_path, heedless, timeout=0.2)
    with pytest.raises(MigrationError, match=r"not done after 0\.2 seconds"):
        read(project)


def test_no_view_is_read_for_ever(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes long to write as text is given up, and the audit fails."""
    monkeypatch.setattr(migrated_database, "READING_TIMEOUT", "50ms")
    slow = """
    DO $$ BEGIN
      FOR i IN 1 .. 20 LOOP
        EXECUTE format('CREATE TABLE t%s (%s)', i, (
          SELECT string_agg(format('c%s_%s int', i, j), ',')
          FROM generate_series(1, 1000) AS j));
      END LOOP;
      EXECUTE 'CREATE VIEW v AS SELECT 1 AS one FROM users ' || (
        SELECT string_agg(format('JOIN t%s ON true', i), ' ')
        FROM generate_series(1, 20) AS i);
    END $$;
    """
    with pytest.raises(SchemaSnapshotRepositoryError, match="took longer than it may"):
        read(target(tmp_path, USERS, slow))


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER DATABASE userstate CONNECTION LIMIT 0",
        "REVOKE CONNECT ON DATABASE userstate FROM PUBLIC, userstate",
        "ALTER DATABASE userstate SET local_preload_libraries = 'x'",
    ],
)
def test_a_migration_that_locks_the_audit_out_fails_it(
    tmp_path: pathlib.Path, statement: str
) -> None:
    """The failure says what the server said."""
    with pytest.raises(ServerError, match="cannot connect to the embedded PostgreSQL"):
        read(target(tmp_path, USERS, f"{statement};"))
