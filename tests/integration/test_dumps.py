"""Files with a whole schema leave what psql, and Rails around it, would leave."""

from __future__ import annotations

import pathlib

import psycopg
import pytest

from pytest_userstate.application.settings import PostgresSettings
from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.finding.discovery import locate
from pytest_userstate.outbound.migrations.running.runner import MigrationRunner
from pytest_userstate.outbound.migrations.tools import dumps
from pytest_userstate.outbound.migrations_target import MigrationsTarget, SetupScript
from pytest_userstate.outbound.postgres.binaries import find_binaries
from tests.helpers.markdown import ROOT, blocks

PAGE = ROOT / "docs/troubleshooting.md"
STRUCTURE = """\
\\restrict abc

SELECT pg_catalog.set_config('search_path', '', false);

CREATE TABLE public.users (
    id bigint NOT NULL
);

CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
);

COPY public.users (id) FROM stdin;
1
\\.

\\unrestrict abc

SET search_path TO "$user", public;

INSERT INTO "schema_migrations" (version) VALUES
('20240101000000');
"""


def test_rails_structure(database: psycopg.Connection, tmp_path: pathlib.Path) -> None:
    """Rows of its tables come from the file."""
    file = tmp_path / "structure.sql"
    file.write_text(STRUCTURE)
    history = MigrationRunner(database).run(dumps.STRUCTURE.load(file, tmp_path))
    assert history.created["public", "users", "relation", ""].line == 5
    rows = database.execute("SELECT version FROM public.schema_migrations").fetchall()
    assert rows == [("20240101000000",)]


def test_a_dump_of_someone_elses(tmp_path: pathlib.Path) -> None:
    """Owners are left out, and roles that are missing are made, whatever their name."""
    file = tmp_path / "schema.sql"
    file.write_text(
        "CREATE TABLE t ();\nALTER TABLE t OWNER TO app;\n"
        'GRANT SELECT ON t TO reader, "a""b; $$ x";\n'
    )
    project = MigrationsTarget(
        target=locate(root=tmp_path, base=tmp_path, path=str(file)),
        binaries=find_binaries(),
        setup=SetupScript("roles.sql", "CREATE ROLE reader;"),
        settings=PostgresSettings(),
    )
    with project.open() as database:
        snapshot = database.load()
        warnings = database.warnings
    assert [table.name for table in snapshot.tables] == ["t"]
    assert "statement about owners left out" in warnings[0]
    assert warnings[1] == (
        'roles that the file grants to were missing and were made: a"b; $$ x'
    )


def test_what_is_about_the_server_is_left_out(tmp_path: pathlib.Path) -> None:
    """As people expect who restore dumps without owners and privileges."""
    file = tmp_path / "schema.sql"
    file.write_text(
        """\
CREATE ROLE app;
ALTER ROLE app WITH LOGIN PASSWORD 'SCRAM-SHA-256$x';
ALTER ROLE app IN DATABASE shop SET timezone TO 'UTC';
GRANT app TO admin;
CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8';
ALTER DATABASE shop OWNER TO app;
\\connect shop
COMMENT ON DATABASE shop IS 'of all';
GRANT CONNECT, TEMPORARY ON DATABASE shop TO app;
REVOKE CONNECT ON DATABASE shop FROM PUBLIC;
GRANT SET ON PARAMETER work_mem TO app;
CREATE SCHEMA sales AUTHORIZATION app;
ALTER SCHEMA public OWNER TO pg_database_owner;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements WITH SCHEMA public;
COMMENT ON EXTENSION pg_stat_statements IS 'track';
CREATE FUNCTION sales.f() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN END$$;
CREATE EVENT TRIGGER guard ON ddl_command_end EXECUTE FUNCTION sales.f();
ALTER EVENT TRIGGER guard OWNER TO postgres;
COMMENT ON EVENT TRIGGER guard IS 'x';
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION everything;
CREATE TABLE sales.users (id int, "GRANT" text);
SECURITY LABEL FOR anon ON COLUMN sales.users.id IS 'MASKED';
ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT SELECT ON TABLES TO reader;
SET SESSION AUTHORIZATION app;
GRANT SELECT (id) ON TABLE sales.users TO clerk WITH GRANT OPTION;
RESET SESSION AUTHORIZATION;
CREATE PUBLICATION these FOR TABLE sales.users;
"""
    )
    project = MigrationsTarget(
        target=locate(root=tmp_path, base=tmp_path, path=str(file)),
        binaries=find_binaries(),
        setup=None,
        settings=PostgresSettings(),
    )
    with project.open() as database:
        snapshot, warnings = database.load(), database.warnings
    [users] = snapshot.tables
    assert users.source is not None
    assert (users.schema, users.source.line) == ("sales", 22)
    assert len(warnings) == 3
    assert warnings[0].startswith("schema.sql:6: 6 statements about owners left out")
    assert warnings[1].startswith(
        "schema.sql:1: 14 statements about the whole database"
    )
    assert warnings[2].endswith(": admin, app, clerk, reader")


def test_a_dump_of_several_databases_is_refused(tmp_path: pathlib.Path) -> None:
    """Their tables would get into one."""
    file = tmp_path / "all.sql"
    file.write_text("\\connect a\nCREATE TABLE t ();\n\\connect b\n")
    [migration] = dumps.PG_DUMP.load(file, tmp_path).migrations
    assert "\\connect a" in migration.batches[0].sql


def test_another_owner_needs_what_the_troubleshooting_page_says(
    tmp_path: pathlib.Path,
) -> None:
    """Its setup file is enough for a migration that gives a table to another role."""
    [setup] = (b.text for b in blocks(PAGE) if b.language == "sql")
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/1.sql").write_text(
        "CREATE TABLE t ();\nALTER TABLE t OWNER TO app;\nALTER TABLE t ADD a int;\n"
    )
    target = locate(root=tmp_path, base=tmp_path, path=None)
    for sql in ("CREATE ROLE app;", setup):
        project = MigrationsTarget(
            target=target,
            binaries=find_binaries(),
            setup=SetupScript("roles.sql", sql),
            settings=PostgresSettings(),
        )
        if sql != setup:
            with pytest.raises(MigrationError, match="SET ROLE"), project.open():
                pass
            continue
        with project.open() as database:
            [table] = database.load().tables
        assert table.columns[0].name == "a"
