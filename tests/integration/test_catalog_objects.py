"""What the catalog reader makes of views, types, extensions, and kinds of tables."""

from __future__ import annotations

import psycopg
import pytest

from pytest_userstate.domain.snapshot import (
    CheckConstraint,
    Column,
    Domain,
    Enum,
    Extension,
    Index,
    Table,
    TableKind,
    View,
    ViewKind,
)
from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)
from tests.helpers.catalog import read


def test_the_temporary_and_the_system_s_own_are_left_out(
    database: psycopg.Connection,
) -> None:
    """Nor does a temporary table stand in for the one that it hides."""
    snapshot = read(
        database,
        """
        CREATE TABLE users (id int);
        CREATE TABLE hobbies (user_id int, theme text DEFAULT 'x');
        CREATE TEMPORARY TABLE users (name json);
        CREATE TEMPORARY TABLE temporary (id serial PRIMARY KEY);
        CREATE TEMPORARY TABLE heir () INHERITS (temporary);
        CREATE TEMPORARY TABLE pg_class (oid int);
        CREATE TEMPORARY VIEW v AS SELECT 1 AS one;
        """,
    )
    assert [one.qualified_name for one in snapshot.tables] == [
        "public.hobbies",
        "public.users",
    ]
    assert [one.name for one in snapshot.tables[1].columns] == ["id"]
    assert snapshot.views == ()


def test_views_are_recorded_apart_from_tables(database: psycopg.Connection) -> None:
    """Views and materialized views, with their columns and queries."""
    snapshot = read(
        database,
        """
        CREATE TABLE a (id int PRIMARY KEY);
        CREATE TABLE b (id int, note text COLLATE "C");
        CREATE VIEW v AS SELECT a.id, b.note FROM a JOIN b ON b.id = a.id;
        CREATE MATERIALIZED VIEW m AS SELECT 1 AS one;
        CREATE INDEX ON m (one);
        COMMENT ON VIEW v IS 'Both';
        COMMENT ON COLUMN v.note IS 'The note';
        """,
    )
    assert [one.name for one in snapshot.tables] == ["a", "b"]
    materialized, view = snapshot.views
    assert materialized == View(
        "m",
        [Column("one", "integer", is_nullable=True)],
        kind=ViewKind.MATERIALIZED,
        definition=" SELECT 1 AS one;",
        indexes=[Index(name="m_one_idx", columns=["one"])],
    )
    assert (view.kind, view.comment) == (ViewKind.VIEW, "Both")
    assert view.columns == (
        Column("id", "integer", is_nullable=True),
        Column("note", "text", is_nullable=True, collation="C", comment="The note"),
    )
    assert view.definition is not None
    assert "FROM (public.a\n     JOIN public.b ON ((b.id = a.id)));" in view.definition


def test_foreign_tables_are_recorded_as_views(
    database: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    """What they show is stored elsewhere."""
    superuser.execute(
        """
        CREATE FOREIGN DATA WRAPPER nothing;
        CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing;
        CREATE FOREIGN TABLE far (id int NOT NULL) SERVER elsewhere;
        ALTER FOREIGN TABLE far OWNER TO userstate;
        """
    )
    snapshot = read(database)
    assert snapshot.tables == ()
    assert snapshot.views == (
        View("far", [Column("id", "integer")], kind=ViewKind.FOREIGN),
    )


def test_enums_keep_the_order_that_postgresql_sorts_by(
    database: psycopg.Connection,
) -> None:
    """Labels that were added in between stand in between."""
    snapshot = read(
        database,
        """
        CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s "fine"');
        ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok';
        CREATE TYPE nothing AS ENUM ();
        COMMENT ON TYPE mood IS 'Moods';
        """,
    )
    assert snapshot.enums == (
        Enum(name="mood", labels=["sad", "meh", "ok", 'it\'s "fine"'], comment="Moods"),
        Enum(name="nothing", labels=[]),
    )


def test_domains_have_their_base_and_what_they_add_to_it(
    database: psycopg.Connection,
) -> None:
    """A domain over one that excludes null excludes it, too."""
    snapshot = read(
        database,
        """
        CREATE SCHEMA auth;
        CREATE TYPE mood AS ENUM ('sad', 'ok');
        CREATE DOMAIN auth.mood AS public.mood DEFAULT 'ok';
        CREATE DOMAIN mail AS varchar(80) COLLATE "C" NOT NULL
          CONSTRAINT has_at CHECK (VALUE LIKE '%@%');
        CREATE DOMAIN work AS mail CHECK (length(VALUE) > 3);
        COMMENT ON DOMAIN mail IS 'An address';
        """,
    )
    assert snapshot.domains == (
        Domain(
            name="mood",
            schema="auth",
            data_type="public.mood",
            default="'ok'::public.mood",
        ),
        Domain(
            name="mail",
            data_type="character varying(80)",
            is_nullable=False,
            collation="C",
            check_constraints=[
                CheckConstraint(
                    name="has_at", definition="CHECK (((VALUE)::text ~~ '%@%'::text))"
                )
            ],
            comment="An address",
        ),
        Domain(
            name="work",
            data_type="public.mail",
            is_nullable=False,
            check_constraints=[
                CheckConstraint(
                    name="work_check",
                    definition="CHECK ((length((VALUE)::text) > 3))",
                )
            ],
        ),
    )


def test_objects_of_extensions_are_left_out(
    database: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    """Tables, types, and schemas that belong to one; users' beside them stay."""
    if not superuser.execute(
        "SELECT FROM pg_available_extensions WHERE name = 'hstore'"
    ).rowcount:
        pytest.skip("this server comes without the extension hstore")
    superuser.execute(
        """
        CREATE EXTENSION hstore SCHEMA public;
        CREATE TABLE settings (id int PRIMARY KEY);
        CREATE VIEW shown AS SELECT 1 AS one;
        CREATE TYPE level AS ENUM ('low');
        CREATE DOMAIN label AS text;
        CREATE SCHEMA theirs;
        ALTER EXTENSION hstore ADD TABLE settings;
        ALTER EXTENSION hstore ADD VIEW shown;
        ALTER EXTENSION hstore ADD TYPE level;
        ALTER EXTENSION hstore ADD DOMAIN label;
        ALTER EXTENSION hstore ADD SCHEMA theirs;
        """
    )
    superuser.execute(
        """
        CREATE TABLE users (
          a hstore, l level, d label, s int REFERENCES settings ON DELETE CASCADE)
        """
    )
    snapshot = PostgresSchemaSnapshotRepository(database).load()
    assert [one.name for one in snapshot.tables] == ["users"]
    assert (snapshot.views, snapshot.enums, snapshot.domains) == ((), (), ())
    assert snapshot.schemas == ("public",)
    assert [one.data_type for one in snapshot.tables[0].columns] == [
        "public.hstore",
        "public.label",
        "public.level",
        "integer",
    ]
    assert snapshot.tables[0].foreign_keys[0].target_table == "settings"
    hstore, plpgsql = snapshot.extensions
    assert (hstore.name, hstore.schema, hstore.is_stub) == ("hstore", "public", False)
    assert plpgsql == Extension(name="plpgsql", version="1.0", schema="pg_catalog")


def test_tables_know_their_kind_and_their_comments(
    database: psycopg.Connection,
) -> None:
    """Ordinary, unlogged, kept by a migration tool."""
    database.execute(
        """
        CREATE SCHEMA other;
        CREATE TABLE plain (c int);
        CREATE UNLOGGED TABLE fast ();
        CREATE TABLE migrations (version text);
        CREATE TABLE other.migrations (version text);
        COMMENT ON TABLE plain IS 'Plain — и ещё';
        COMMENT ON COLUMN plain.c IS 'A column';
        COMMENT ON SCHEMA other IS 'not a table';
        """
    )
    repository = PostgresSchemaSnapshotRepository(
        database, bookkeeping=frozenset({"migrations"})
    )
    assert repository.load().tables == (
        Table(
            "migrations",
            [Column("version", "text", is_nullable=True)],
            "other",
            is_bookkeeping=True,
        ),
        Table("fast", is_unlogged=True),
        Table(
            "migrations",
            [Column("version", "text", is_nullable=True)],
            is_bookkeeping=True,
        ),
        Table(
            "plain",
            [Column("c", "integer", is_nullable=True, comment="A column")],
            kind=TableKind.ORDINARY,
            comment="Plain — и ещё",
        ),
    )
