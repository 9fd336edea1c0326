"""Migrations of a Supabase project find the platform that they are written for."""

from __future__ import annotations

import contextlib
import pathlib

import psycopg
import pytest

from pytest_userstate.application.settings import PostgresSettings
from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.finding.discovery import Target, locate
from pytest_userstate.outbound.migrations_target import MigrationsTarget
from pytest_userstate.outbound.postgres.binaries import (
    Binaries,
    find_binaries,
    supported_version,
)
from tests.helpers.servers import installations

PROFILES = """\
-- What projects do: a table beside auth.users, policies, a trigger, a bucket.
CREATE TABLE public.profiles (
    id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
    token text DEFAULT encode(gen_random_bytes(8), 'hex')
);
ALTER TABLE public.profiles OWNER TO "postgres";
ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.profiles TO authenticated USING (auth.uid() = id);
CREATE FUNCTION public.on_user() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = '' AS $$
BEGIN
    INSERT INTO public.profiles (id) VALUES (new.id);
    RETURN new;
END $$;
DROP TRIGGER IF EXISTS on_user ON auth.users;
CREATE TRIGGER on_user AFTER INSERT ON auth.users
    FOR EACH ROW EXECUTE FUNCTION public.on_user();
INSERT INTO storage.buckets (id, name, public) VALUES ('a', 'a', true);
CREATE POLICY read ON storage.objects FOR SELECT TO anon
    USING (bucket_id = 'a' AND (storage.foldername(name))[1] = auth.uid()::text);
ALTER PUBLICATION supabase_realtime ADD TABLE public.profiles;
ALTER DEFAULT PRIVILEGES FOR ROLE "postgres" IN SCHEMA public
    GRANT SELECT ON TABLES TO "anon";
"""
USERS = """\
INSERT INTO auth.users (id) VALUES (gen_random_uuid());
CREATE TABLE public.seen AS SELECT count(*) AS n FROM public.profiles;
"""
ROLES = "CREATE ROLE app NOLOGIN; GRANT app TO authenticator;"
INDEX = "CREATE INDEX CONCURRENTLY i ON public.seen (n);"


def target(root: pathlib.Path, **files: str) -> Target:
    """Write the migrations, and find them."""
    folder = root / "supabase/migrations"
    folder.mkdir(parents=True)
    (folder.parent / "config.toml").write_text('project_id = "x"')
    for name, content in files.items():
        (folder / f"{name.removeprefix('v')}.sql").write_text(content)
    return locate(root=root, base=root, path=None)


EVENT_TRIGGER = """\
CREATE FUNCTION public.guard() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE 'this ran as %', current_user;
END $$;
CREATE EVENT TRIGGER guard ON ddl_command_end EXECUTE FUNCTION public.guard();
COMMENT ON EVENT TRIGGER guard IS 'x';
ALTER EVENT TRIGGER guard ENABLE ALWAYS;
CREATE EXTENSION citext;
DROP EVENT TRIGGER guard;
"""


def test_event_triggers_are_accepted_and_named(tmp_path: pathlib.Path) -> None:
    """They are not made: they would run as superuser in the scripts of extensions."""
    found = target(tmp_path, v1_guard=EVENT_TRIGGER)
    project = MigrationsTarget(
        target=found, binaries=find_binaries(), setup=None, settings=PostgresSettings()
    )
    with project.open() as database:
        [warning] = database.warnings
    assert warning.startswith("supabase/migrations/1_guard.sql:5: the event trigger")


@pytest.mark.parametrize("binaries", installations(), ids=lambda each: each.origin)
def test_a_project_of_supabase(tmp_path: pathlib.Path, binaries: Binaries) -> None:
    """As an ordinary role, found by itself, with rows and provenance."""
    found = target(tmp_path, v1_profiles=PROFILES, v2_users=USERS, v3_index=INDEX)
    assert found.plan.layout == "supabase"
    project = MigrationsTarget(
        target=found, binaries=binaries, setup=None, settings=PostgresSettings()
    )
    with project.open() as database:
        snapshot = database.load()
        with database.server.connect(user="postgres") as session:
            rows = session.execute(
                """SELECT version, name
                FROM supabase_migrations.schema_migrations ORDER BY version"""
            ).fetchall()
            seen = session.execute("TABLE public.seen").fetchall()
    assert rows == [("1", "profiles"), ("2", "users"), ("3", "index")]
    assert seen == [(1,)]
    own = {each.qualified_name for each in snapshot.tables if not each.is_bookkeeping}
    assert own == {"public.profiles", "public.seen"}
    users = next(each for each in snapshot.tables if each.name == "users")
    assert users.source is None
    assert users.is_bookkeeping


def test_a_project_makes_roles_where_that_gives_no_more(tmp_path: pathlib.Path) -> None:
    """Older servers would let it grant itself any role: they refuse."""
    for binaries in installations():
        root = tmp_path / binaries.bin_dir.name / binaries.origin.replace("/", "_")
        project = MigrationsTarget(
            target=target(root, v1_roles=ROLES),
            binaries=binaries,
            setup=None,
            settings=PostgresSettings(),
        )
        is_new = supported_version(binaries.postgres).major >= 16
        refused = pytest.raises(
            MigrationError, match="permission denied to create role"
        )
        with contextlib.nullcontext() if is_new else refused, project.open():
            pass


EXTENSIONS = """\
create extension vector with schema extensions;
CREATE EXTENSION IF NOT EXISTS "pg_graphql" WITH SCHEMA "graphql";
CREATE EXTENSION IF NOT EXISTS "supabase_vault" WITH SCHEMA "vault";
CREATE EXTENSION IF NOT EXISTS "pgsodium";
CREATE EXTENSION pg_cron WITH SCHEMA pg_catalog;
CREATE EXTENSION pg_net WITH SCHEMA extensions;
CREATE EXTENSION http WITH SCHEMA extensions;
CREATE EXTENSION pgjwt WITH SCHEMA extensions;
GRANT USAGE ON SCHEMA cron TO postgres;
CREATE TABLE public.notes (id int, near vector(3));
CREATE INDEX ON public.notes USING hnsw (near vector_cosine_ops) WITH (m = 8);
SELECT cron.schedule('daily', '0 0 * * *', 'DELETE FROM public.notes');
SELECT cron.schedule('* * * * *', $$SELECT net.http_post('http://localhost')$$);
SELECT cron.unschedule('daily');
SELECT net.http_get(url := 'http://localhost');
ALTER EXTENSION "uuid-ossp" SET SCHEMA public;
DROP EXTENSION IF EXISTS "pg_stat_statements", -- nobody looks
  hstore CASCADE;
"""


def test_extensions_of_the_platform(tmp_path: pathlib.Path) -> None:
    """Also those that take a superuser; jobs and requests are kept, and never run."""
    found = target(tmp_path, v1_extensions=EXTENSIONS)
    project = MigrationsTarget(
        target=found,
        binaries=find_binaries(),
        setup=None,
        settings=PostgresSettings(),
    )
    with (
        project.open() as database,
        database.server.connect(user="postgres") as session,
    ):
        jobs = session.execute("SELECT schedule, jobname FROM cron.job").fetchall()
        queued = session.execute("SELECT method FROM net.http_request_queue").fetchall()
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="http is a stub"):
            session.execute("SELECT http_get('http://localhost')")
        snapshot = database.load()
    assert jobs == [("* * * * *", None)]
    assert queued == [("GET",)]
    stubs = {each.name for each in snapshot.extensions if each.is_stub}
    assert stubs >= {"http", "pg_cron", "pg_net", "pgjwt", "pgsodium", "supabase_vault"}
    assert {each.name for each in snapshot.tables if not each.is_bookkeeping} == {
        "notes"
    }


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("ALTER TABLE auth.users ADD note text;", "must be owner of table users"),
        (
            "CREATE POLICY p ON storage.objects USING (nowhere);",
            'column "nowhere" does not exist',
        ),
        (
            "SELECT extensions.run_as_the_services('DROP TABLE auth.users');",
            "this is not for DROP TABLE auth.users",
        ),
    ],
)
def test_what_the_platform_does_not_allow_fails(
    tmp_path: pathlib.Path, sql: str, words: str
) -> None:
    """The tables of its services are not the project's."""
    found = target(tmp_path, v1_a=sql)
    project = MigrationsTarget(
        target=found,
        binaries=find_binaries(),
        setup=None,
        settings=PostgresSettings(),
    )
    with (
        pytest.raises(MigrationError, match=words),
        project.open(),
    ):
        pass
