"""A migration that shadows every name gets no code of its own run as superuser.

PostgreSQL runs the script of a trusted extension as superuser, with a search path that
begins with the schema that the migration names. That schema holds a double of each
function, operator and type that the script and its functions mention, for many types
of arguments: a better match than PostgreSQL's own if a name is looked up by the path.
"""

from __future__ import annotations

import collections.abc as cabc
import json
import pathlib
import re

import psycopg
import pytest

from pytest_userstate.outbound.postgres.server import SUPERUSER, EmbeddedServer
from pytest_userstate.outbound.postgres.stubs import STUB_EXTENSIONS, STUBS
from tests.helpers.servers import wheel

DOUBLES = pathlib.Path(__file__).parents[1] / "helpers/doubles.sql"
RELOCATABLE = {"http", "pg_net", "pgcrypto", "pgjwt", "uuid-ossp"}
RAN = "the code of a migration ran"
# What a call of a function takes for an argument of a type.
SAMPLES = {
    "text": "'bf'::pg_catalog.text",
    "character varying": "'a'::varchar",
    "bytea": "'a'::pg_catalog.bytea",
    "integer": "8",
    "bigint": "1::bigint",
    "boolean": "true",
    "uuid": "pg_catalog.gen_random_uuid()",
    "json": "'{}'::pg_catalog.json",
    "jsonb": "'{}'::pg_catalog.jsonb",
    "text[]": "'{a}'::pg_catalog.text[]",
}
MEMBERS = """
SELECT p.oid::regprocedure::text, ARRAY(
  SELECT format_type(t, NULL) FROM unnest(proargtypes) WITH ORDINALITY AS a (t, n)
  ORDER BY n)
FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
  AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid WHERE extname = %s
"""
# Members of an extension that depend on something of the migration's.
BOUND = """
SELECT pg_describe_object(d.classid, d.objid, 0),
  pg_describe_object(d.refclassid, d.refobjid, 0)
FROM pg_depend d JOIN pg_depend m ON m.classid = d.classid AND m.objid = d.objid
  AND m.deptype = 'e'
WHERE d.deptype <> 'e' AND d.refclassid <> 'pg_namespace'::regclass
  AND pg_describe_object(d.refclassid, d.refobjid, 0) ~ '\\mevil\\.'
  AND NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = d.refclassid
    AND i.objid = d.refobjid AND i.deptype = 'e')
"""


@pytest.fixture(scope="module")
def server() -> cabc.Iterator[EmbeddedServer]:
    """Start a server with the stubs, and with a database full of doubles."""
    with EmbeddedServer(wheel(), stub_extensions=STUBS, all_databases=True) as running:
        with running.connect(user=SUPERUSER) as session:
            session.execute("CREATE DATABASE shadowed OWNER userstate")
        with running.connect() as session:
            signatures = [
                signature
                for extension in sorted(STUB_EXTENSIONS)
                for signature in made_by(session, extension)
            ]
        with running.connect(dbname="shadowed") as session:
            shadow(session, signatures)
        yield running


@pytest.fixture
def fresh(server: EmbeddedServer) -> cabc.Iterator[str]:
    """Copy the database with the doubles, which the migrations' role owns."""
    with server.connect(user=SUPERUSER) as session:
        session.execute("CREATE DATABASE fresh OWNER userstate TEMPLATE shadowed")
        try:
            yield "fresh"
        finally:
            session.execute("DROP DATABASE fresh WITH (FORCE)")


def made_by(session: psycopg.Connection, extension: str) -> list[str]:
    """Return the names and types of arguments of a stub's functions, as JSON."""
    session.execute(f'CREATE EXTENSION "{extension}"')
    return [
        json.dumps([signature.partition("(")[0].rpartition(".")[2], types])
        for signature, types in session.execute(MEMBERS, [extension]).fetchall()
    ]


def shadow(session: psycopg.Connection, signatures: list[str]) -> None:
    """Make doubles of all that the scripts of the stubs mention, or make."""
    scripts = (script.read_text() for script in STUBS.glob("extension/*.sql"))
    code = re.sub(r"--[^\n]*|'[^']*'", " ", "\n".join(scripts))
    names = set(re.findall(r"([a-z_][a-z_0-9]*)\s*\(", code)) | {"substring", "extract"}
    operators = set(re.findall(r"[-+*/<>=~!@#%^&|]+", code)) | {"~~", "!~~"}
    session.execute(DOUBLES.read_text())
    session.execute(
        "SELECT evil.make_doubles(%s, %s, %s::jsonb[])",
        [sorted(names), sorted(operators), signatures],
    )


def create(session: psycopg.Connection, extension: str) -> None:
    """Create an extension as a migration would that wants its own code run."""
    session.execute("SET search_path = evil, pg_catalog")
    where = " SCHEMA evil" if extension in RELOCATABLE else ""
    session.execute(f'CREATE EXTENSION "{extension}"{where}')


def test_the_doubles_are_better_matches(server: EmbeddedServer) -> None:
    """A bare name in a script would run one of them."""
    with server.connect(dbname="shadowed") as session:
        session.execute("SET search_path = evil, pg_temp")
        for expression in (
            "format('%s', 'a'::text, 'b'::text)",
            "string_agg('a'::bytea, '')",
            "'a'::varchar || 'b'::varchar",
            "1 + 1::numeric",
            "repeat('a', 1::numeric)",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match=RAN):
                session.execute(f"SELECT {expression}")


def test_no_migration_becomes_superuser_by_a_stub(server: EmbeddedServer) -> None:
    """A function of the schema that a migration names is not called by the script."""
    with server.connect() as session, session.transaction(force_rollback=True):
        session.execute(
            """
            DROP EXTENSION pgcrypto;
            CREATE SCHEMA evil;
            CREATE FUNCTION evil.format(text, text, text) RETURNS text LANGUAGE plpgsql
            AS $$ BEGIN
              EXECUTE 'ALTER ROLE userstate SUPERUSER';
              RETURN pg_catalog.format($1, $2, $3);
            END $$;
            CREATE EXTENSION pgcrypto SCHEMA evil;
            """
        )
        roles = "SELECT rolname FROM pg_roles WHERE rolsuper ORDER BY rolname"
        assert session.execute(roles).fetchall() == [("postgres",), (SUPERUSER,)]


@pytest.mark.parametrize("extension", sorted(STUB_EXTENSIONS))
def test_no_stub_runs_what_a_migration_has_made(
    server: EmbeddedServer, fresh: str, extension: str
) -> None:
    """Neither when it is created nor when a superuser calls its functions."""
    with server.connect(dbname=fresh) as session:
        create(session, extension)
    with server.connect(dbname=fresh, user=SUPERUSER) as session:
        assert session.execute(BOUND).fetchall() == []
        functions = session.execute(MEMBERS, [extension]).fetchall()
        session.execute("SET search_path = evil, pg_catalog")
        for signature, types in functions:
            name = signature.partition("(")[0]
            samples = (SAMPLES.get(kind, f"NULL::{kind}") for kind in types)
            call = f"SELECT {name}({', '.join(samples)})"
            try:
                session.execute(call)
            except psycopg.Error as error:
                assert RAN not in str(error), call  # noqa: PT017 - others are fine


@pytest.mark.parametrize("extension", sorted(STUB_EXTENSIONS))
def test_no_migration_can_change_a_function_of_a_stub(
    server: EmbeddedServer, fresh: str, extension: str
) -> None:
    """They are the superuser's, though the extension and its schema are not."""
    with server.connect(dbname=fresh) as session:
        create(session, extension)
        session.execute("SET search_path = pg_catalog")
        functions = session.execute(MEMBERS, [extension]).fetchall()
        for signature, _ in functions:
            definition = session.execute(
                "SELECT pg_get_functiondef(%s::regprocedure)", [signature]
            ).fetchone()
            assert definition is not None
            for statement in (
                definition[0],
                f"ALTER FUNCTION {signature} SECURITY DEFINER",
                f"ALTER FUNCTION {signature} SET search_path = evil",
                f"ALTER FUNCTION {signature} RENAME TO other",
                f"ALTER FUNCTION {signature} SET SCHEMA public",
                f"ALTER FUNCTION {signature} OWNER TO userstate",
                f'ALTER EXTENSION "{extension}" DROP FUNCTION {signature}',
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(statement)
            with pytest.raises(
                (
                    psycopg.errors.InsufficientPrivilege,
                    psycopg.errors.DependentObjectsStillExist,
                )
            ):
                session.execute(f"DROP FUNCTION {signature} CASCADE")


def test_the_tables_of_stubs_cannot_be_made_to_run_code(
    server: EmbeddedServer, fresh: str
) -> None:
    """Functions that insert into them run as superuser, and so would triggers."""
    with server.connect(dbname=fresh) as session:
        session.execute("CREATE EXTENSION pg_cron; CREATE EXTENSION pg_net")
        session.execute(
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE 'evil'; END $$"
        )
        for table in ("cron.job", "net.http_request_queue", "net._http_response"):
            for statement in (
                f"CREATE TRIGGER t AFTER INSERT ON {table} EXECUTE FUNCTION f()",
                f"CREATE RULE r AS ON INSERT TO {table} DO ALSO SELECT 1",
                f"ALTER TABLE {table} ADD CHECK (true)",
                f"CREATE TABLE heir () INHERITS ({table})",
                f"CREATE POLICY p ON {table}",
                f"CREATE INDEX ON {table} ((1))",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(statement)
