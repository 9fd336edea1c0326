"""Stub extensions: signatures and values of the real ones, as far as SQL goes."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

import psycopg
import pytest

from pytest_userstate.outbound.postgres.catalog import (
    PostgresSchemaSnapshotRepository,
)
from pytest_userstate.outbound.postgres.server import SUPERUSER, EmbeddedServer
from pytest_userstate.outbound.postgres.stubs import (
    LENT,
    OF_PLATFORMS,
    OF_POSTGRESQL,
    STUB_EXTENSIONS,
    STUBS,
)
from tests.helpers.servers import installations, wheel

HINT = "Use a server that has it: --postgresql-exec=/path/to/pg_ctl"
SIGNATURES = """
SELECT proname, pg_get_function_arguments(pg_proc.oid),
  pg_get_function_result(pg_proc.oid),
  provolatile, proisstrict, proparallel, proretset, prokind, proleakproof, prosecdef
FROM pg_proc
JOIN pg_depend ON objid = pg_proc.oid AND classid = 'pg_proc'::regclass
  AND deptype = 'e'
JOIN pg_extension ON pg_extension.oid = refobjid
WHERE extname = %s
"""
MIGRATION = """
CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;
CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
  email text NOT NULL,
  email_hash bytea GENERATED ALWAYS AS (digest(email, 'sha256')) STORED,
  password_hash text NOT NULL,
  token text NOT NULL DEFAULT encode(gen_random_bytes(32), 'hex'),
  note bytea);
CREATE UNIQUE INDEX ON users (hmac(lower(email), 'key', 'sha1'));
INSERT INTO users (email, password_hash)
  SELECT 'user' || i || '@example.org', crypt('pw' || i, gen_salt('bf', 8))
  FROM generate_series(1, 5) AS i;
CREATE VIEW notes AS SELECT pgp_sym_decrypt(note, 'key') AS note FROM users;
"""


@pytest.fixture(scope="module")
def stubbed() -> cabc.Iterator[EmbeddedServer]:
    """Start the embedded server with the stubs."""
    with EmbeddedServer(wheel(), stub_extensions=STUBS, all_databases=True) as running:
        yield running


@pytest.fixture(scope="module")
def stub(stubbed: EmbeddedServer) -> cabc.Iterator[psycopg.Connection]:
    """Create the stubs as the ordinary role that owns the database."""
    with stubbed.connect() as connection:
        _create_extensions(connection)
        yield connection


@pytest.fixture(scope="module")
def real() -> cabc.Iterator[psycopg.Connection]:
    """Find a server with the real extensions, and create them there."""
    for binaries in installations():
        with EmbeddedServer(binaries) as server, server.connect() as connection:
            available = connection.execute(
                "SELECT FROM pg_available_extensions WHERE name = ANY (%s)",
                [list(OF_POSTGRESQL)],
            ).rowcount
            if available == len(OF_POSTGRESQL):
                _create_extensions(connection)
                yield connection
                return
    pytest.skip("no PostgreSQL with pgcrypto and uuid-ossp is installed")


@pytest.fixture
def fresh(stubbed: EmbeddedServer) -> cabc.Iterator[psycopg.Connection]:
    """Make an empty database on the server with the stubs."""
    with stubbed.connect(user=SUPERUSER) as session:
        session.execute("CREATE DATABASE fresh OWNER userstate")
        try:
            with stubbed.connect(dbname="fresh") as connection:
                yield connection
        finally:
            session.execute("DROP DATABASE fresh WITH (FORCE)")


def _create_extensions(connection: psycopg.Connection) -> None:
    connection.execute("CREATE SCHEMA extensions")
    for name in OF_POSTGRESQL:
        connection.execute(f'CREATE EXTENSION "{name}" SCHEMA extensions')
    connection.execute("SET search_path = extensions, public")


def signatures(
    connection: psycopg.Connection, extension: str
) -> set[tuple[typ.Any, ...]]:
    """Return what can be known of an extension's functions from outside."""
    return set(connection.execute(SIGNATURES, [extension]).fetchall())


def version(connection: psycopg.Connection, extension: str) -> str:
    """Return the version that is installed."""
    row = connection.execute(
        "SELECT extversion FROM pg_extension WHERE extname = %s", [extension]
    ).fetchone()
    assert row is not None
    return str(row[0])


def value(connection: psycopg.Connection, expression: str) -> typ.Any:
    """Evaluate an expression; an error gives its state and message."""
    try:
        row = connection.execute(f"SELECT {expression}").fetchone()
    except psycopg.Error as error:
        return error.diag.sqlstate, error.diag.message_primary
    assert row is not None
    return row[0]


@pytest.mark.parametrize("extension", sorted(OF_POSTGRESQL))
def test_the_signatures_are_those_of_the_real_one(
    fresh: psycopg.Connection, real: psycopg.Connection, extension: str
) -> None:
    """Names, arguments, results, volatility, strictness, parallel safety."""
    same = version(real, extension)
    fresh.execute(f"CREATE EXTENSION \"{extension}\" VERSION '{same}'")
    assert signatures(fresh, extension) == signatures(real, extension)


def test_what_18_added_to_pgcrypto_is_there(fresh: psycopg.Connection) -> None:
    """Version 1.4 is 1.3 and the function fips_mode."""
    fresh.execute("CREATE EXTENSION pgcrypto VERSION '1.3'")
    before = signatures(fresh, "pgcrypto")
    fresh.execute("ALTER EXTENSION pgcrypto UPDATE")
    assert version(fresh, "pgcrypto") == "1.4"
    assert signatures(fresh, "pgcrypto") - before == {
        ("fips_mode", "", "boolean", "v", True, "s", False, "f", False, False)
    }


@pytest.mark.parametrize(
    "expression",
    [
        *(
            f"digest('{text}'::{of}, '{algorithm}')"
            for algorithm in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
            for text, of in (("", "bytea"), ("naïve ключ", "text"))
        ),
        "digest('abc', 'SHA1')",
        "digest('abc', 'sha-1')",
        "digest('abc', 'SHA2-256')",
        # Each length of the padding, and more than one block.
        *(f"digest(repeat('a', {n}), 'sha1')" for n in (54, 55, 56, 63, 64, 65, 1000)),
        *(
            f"hmac('naïve', '{key}', '{algorithm}')"
            for algorithm in ("md5", "sha1", "sha256", "SHA512")
            for key in ("", "k", "k" * 64, "k" * 65, "k" * 129)
        ),
        r"hmac('\x00ff'::bytea, '\xff00'::bytea, 'sha384')",
        *(
            f"armor(decode(repeat('6100', {n}), 'hex'))"
            for n in (0, 1, 2, 3, 28, 29, 57, 500)
        ),
        "armor('hello', ARRAY['Version', 'Comment'], ARRAY['1', 'two: x'])",
        "armor('hello', '{}', '{}')",
        "armor('a', ARRAY['a'], ARRAY['b', 'c'])",
        "armor('a', ARRAY['a: b'], ARRAY['c'])",
        "armor('a', ARRAY['é'], ARRAY['c'])",
        "armor('a', ARRAY['a'], ARRAY['é'])",
        "armor('a', ARRAY[NULL], ARRAY['c'])",
        "armor('a', ARRAY['a'], ARRAY[NULL])",
        r"armor('a', ARRAY[E'a\nb'], ARRAY['c'])",
        r"armor('a', ARRAY['a'], ARRAY[E'c\nd'])",
        "armor('a', ARRAY[['a']], ARRAY[['b']])",
        *(
            f"dearmor(armor(decode(repeat('fe', {n}), 'hex')))"
            for n in (0, 1, 2, 3, 57, 58)
        ),
        "dearmor(armor('hello', ARRAY['Comment'], ARRAY['x']))",
        r"dearmor(replace(armor('hello'), E'\n', E'\r\n'))",
        "dearmor('x')",
        "dearmor(replace(armor('hello'), 'R/WK', 'RAWK'))",
        "dearmor(replace(armor('hello'), 'aGVsbG8=', 'aGVsbG8'))",
        "dearmor(replace(armor('hello'), 'END', 'and'))",
        (
            "ARRAY(SELECT pgp_armor_headers("
            "armor('a', ARRAY['Version', 'Comment'], ARRAY['1', 'two: x'])))::text"
        ),
        "ARRAY(SELECT pgp_armor_headers(armor('a')))::text",
        "ARRAY(SELECT pgp_armor_headers('x'))::text",
        "gen_random_bytes(0)",
        "gen_random_bytes(1025)",
        "gen_random_bytes(NULL)",
        "gen_salt('nonsense')",
        "gen_salt('bf', 3)",
        "gen_salt('bf', 32)",
        "gen_salt('xdes', 2)",
        "gen_salt('md5', 7)",
        "gen_salt('des', 7)",
        "crypt('a', '')",
        "crypt('a', 'a')",
        "crypt('a', '$2a$06$short')",
        "crypt('a', '_J9..abc')",
        "crypt(NULL, 'ab')",
        "uuid_nil()",
        "uuid_ns_dns()",
        "uuid_ns_url()",
        "uuid_ns_oid()",
        "uuid_ns_x500()",
        "uuid_generate_v3(uuid_ns_url(), 'http://www.postgresql.org')",
        "uuid_generate_v3(uuid_nil(), 'naïve ключ')",
        "uuid_generate_v5(uuid_ns_dns(), 'www.example.com')",
        "uuid_generate_v5(uuid_ns_url(), repeat('ключ', 100))",
        "uuid_generate_v5(uuid_ns_url(), '')",
    ],
)
def test_what_is_determined_is_as_the_real_one_says(
    stub: psycopg.Connection, real: psycopg.Connection, expression: str
) -> None:
    """Values, and the errors of bad arguments."""
    assert value(stub, expression) == value(real, expression)


@pytest.mark.parametrize(
    ("salt", "length"),
    [
        ("gen_salt('bf')", 60),
        ("gen_salt('BF', 10)", 60),
        ("gen_salt('md5')", 34),
        ("gen_salt('md5', 1000)", 34),
        ("gen_salt('xdes')", 20),
        ("gen_salt('xdes', 16777215)", 20),
        ("gen_salt('des')", 13),
        ("gen_salt('des', 25)", 13),
    ],
)
def test_password_hashes_have_the_shape_of_real_ones(
    stub: psycopg.Connection, real: psycopg.Connection, salt: str, length: int
) -> None:
    """The salt alike but for its random part; the hash as long, the salt first."""
    for connection in (stub, real):
        row = connection.execute(
            f"SELECT salt, crypt('pw', salt) FROM (SELECT {salt} AS salt) AS made"
        ).fetchone()
        assert row is not None
        made, hashed = row
        # The last character of bcrypt's salt carries two bits only.
        assert hashed.startswith(made[:-1])
        assert re.fullmatch(r"[./A-Za-z0-9$_]+", hashed)
        assert len(hashed) == length
    shape = "regexp_replace({}, '[./A-Za-z0-9]{{{}}}$', '')"
    random = {60: 22, 34: 8, 20: 4, 13: 2}[length]
    expression = shape.format(salt, random)
    assert value(stub, expression) == value(real, expression)


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("sha256crypt", r"\$5\$rounds=5000\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{43}"),
        ("sha512crypt", r"\$6\$rounds=5000\$[./0-9A-Za-z]{16}\$[./0-9A-Za-z]{86}"),
    ],
)
def test_the_hashes_that_18_brought_have_their_shape(
    stub: psycopg.Connection, kind: str, shape: str
) -> None:
    """No older server has them to compare with."""
    assert re.fullmatch(shape, value(stub, f"crypt('pw', gen_salt('{kind}'))"))
    assert value(stub, f"gen_salt('{kind}', 999)") == (
        "22023",
        "gen_salt: Incorrect number of rounds",
    )


@pytest.mark.parametrize(
    "kind", ["bf", "md5", "xdes", "des", "sha256crypt", "sha512crypt"]
)
def test_passwords_can_be_checked_against_their_hashes(
    stub: psycopg.Connection, kind: str
) -> None:
    """The right one fits, another does not, and each salt gives another hash."""
    row = stub.execute(
        """
        SELECT hash = crypt('pw', hash), hash = crypt('no', hash), hash = other
        FROM (SELECT crypt('pw', gen_salt(%(kind)s)), crypt('pw', gen_salt(%(kind)s)))
          AS made (hash, other)
        """,
        {"kind": kind},
    ).fetchone()
    assert row == (True, False, False)


def test_a_salt_may_be_longer_than_is_used(stub: psycopg.Connection) -> None:
    """As with the real one, so that hashes can be passed for salts."""
    assert value(stub, "crypt('pw', '$1$abcdefghijkl')").startswith("$1$abcdefgh$")
    assert value(stub, "crypt('pw', '$1$ab$xyz')").startswith("$1$ab$")
    assert value(stub, "crypt('pw', '$5$saltstring')").startswith("$5$saltstring$")


def test_random_values_are_random(stub: psycopg.Connection) -> None:
    """And as long as they were asked for."""
    row = stub.execute(
        """
        SELECT count(DISTINCT gen_random_bytes(16)), count(DISTINCT gen_random_uuid()),
          count(DISTINCT uuid_generate_v1()), count(DISTINCT uuid_generate_v1mc()),
          count(DISTINCT uuid_generate_v4()), count(DISTINCT gen_salt('bf'))
        FROM generate_series(1, 500)
        """
    ).fetchone()
    assert row == (500,) * 6
    lengths = [1, 31, 32, 33, 1024]
    for length in lengths:
        assert len(value(stub, f"gen_random_bytes({length})")) == length


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("uuid_generate_v1", 1),
        ("uuid_generate_v1mc", 1),
        ("uuid_generate_v4", 4),
        ("gen_random_uuid", 4),
    ],
)
def test_generated_uuids_tell_their_version(
    stub: psycopg.Connection, function: str, expected: int
) -> None:
    """Those of version 1 tell the time, too, and that their node is no real one."""
    made = value(stub, f"{function}()")
    assert (made.version, made.variant) == (expected, "specified in RFC 4122")
    if expected == 1:
        assert made.node >> 40 & 1
        drift = f"abs(extract(epoch FROM now() - uuid_extract_timestamp('{made}')))"
        assert value(stub, drift) < 5


@pytest.mark.parametrize(
    "call",
    [
        "encrypt('a', 'k', 'aes')",
        "decrypt('a', 'k', 'aes')",
        "encrypt_iv('a', 'k', 'i', 'aes')",
        "decrypt_iv('a', 'k', 'i', 'aes')",
        "pgp_key_id('a')",
        "fips_mode()",
        *(
            f"pgp_{kind}_{way}{binary}('a', 'k'{rest})"
            for kind, way, options in (
                ("sym", "encrypt", 1),
                ("sym", "decrypt", 1),
                ("pub", "encrypt", 1),
                ("pub", "decrypt", 2),
            )
            for binary in ("", "_bytea")
            for rest in (", 'o'" * n for n in range(options + 1))
        ),
    ],
)
def test_what_cannot_work_says_that_it_is_a_stub(
    stub: psycopg.Connection, call: str
) -> None:
    """And how to get at the real one."""
    name = call.partition("(")[0]
    with pytest.raises(psycopg.errors.FeatureNotSupported) as caught:
        stub.execute(f"SELECT {call}")
    message = f"{name} is a stub: the embedded PostgreSQL has no pgcrypto"
    assert caught.value.diag.message_primary == message
    assert caught.value.diag.message_hint == HINT


@pytest.mark.parametrize("call", ["digest('a', 'sha3-256')", "hmac('a', 'k', 'md4')"])
def test_a_digest_that_postgresql_lacks_says_which_there_are(
    stub: psycopg.Connection, call: str
) -> None:
    """A migration may ask for any that OpenSSL has."""
    with pytest.raises(psycopg.errors.FeatureNotSupported) as caught:
        stub.execute(f"SELECT {call}")
    assert re.fullmatch(
        r"digest is a stub for '(sha3-256|md4)': "
        "the embedded PostgreSQL has no pgcrypto",
        caught.value.diag.message_primary or "",
    )
    assert "sha1, sha224" in (caught.value.diag.message_detail or "")
    assert caught.value.diag.message_hint == HINT


@pytest.mark.parametrize("search_path", ["''", "nowhere", "hostile, pg_catalog"])
def test_no_function_depends_on_the_search_path(
    fresh: psycopg.Connection, search_path: str
) -> None:
    """Not even on one with other functions of the names that are used."""
    fresh.execute(
        """
        CREATE SCHEMA stubs;
        CREATE EXTENSION pgcrypto SCHEMA stubs;
        CREATE EXTENSION "uuid-ossp" SCHEMA stubs;
        CREATE SCHEMA hostile;
        CREATE FUNCTION hostile.sha256(bytea) RETURNS bytea RETURN 'x'::bytea;
        CREATE FUNCTION hostile.digest(bytea, text) RETURNS bytea RETURN 'x'::bytea;
        CREATE FUNCTION hostile.uuid_ns_dns() RETURNS uuid RETURN NULL::uuid;
        """
    )
    calls = [
        "stubs.hmac('a', 'k', 'sha256')",
        "stubs.digest('a', 'sha1')",
        "length(stubs.crypt('a', stubs.gen_salt('md5')))",
        "length(stubs.gen_random_bytes(8))",
        "stubs.dearmor(stubs.armor('a'))",
        "stubs.uuid_generate_v5(stubs.uuid_ns_dns(), 'a')",
        "stubs.uuid_generate_v3(stubs.uuid_ns_dns(), 'a')",
        "stubs.uuid_generate_v1() IS NOT NULL",
        "stubs.uuid_generate_v4() IS NOT NULL",
    ]
    before = [value(fresh, call) for call in calls]
    fresh.execute(f"SET search_path = {search_path}")
    assert [value(fresh, call) for call in calls] == before
    assert before[2:4] == [34, 8]


def test_a_typical_migration_runs_as_the_ordinary_role(
    fresh: psycopg.Connection,
) -> None:
    """Defaults, generated columns, indexes, views; what it creates is the user's."""
    fresh.execute(MIGRATION)
    row = fresh.execute(
        """
        SELECT count(*), bool_and(password_hash LIKE '$2a$08$%' AND length(token) = 64),
          bool_and(email_hash = sha256(email::bytea)) FROM users
        """
    ).fetchone()
    assert row == (5, True, True)
    snapshot = PostgresSchemaSnapshotRepository(fresh).load()
    assert [table.name for table in snapshot.tables] == ["users"]
    assert {one.name: one.is_stub for one in snapshot.extensions} == {
        "pgcrypto": True,
        "plpgsql": False,
        "uuid-ossp": True,
    }


@pytest.mark.parametrize("extension", sorted(STUB_EXTENSIONS))
def test_a_comment_does_not_hide_that_an_extension_is_a_stub(
    fresh: psycopg.Connection, extension: str
) -> None:
    """Dumps comment on the extensions that they create."""
    fresh.execute(f'CREATE EXTENSION "{extension}"')
    fresh.execute(f"COMMENT ON EXTENSION \"{extension}\" IS 'the real one'")
    snapshot = PostgresSchemaSnapshotRepository(fresh).load()
    assert {one.name: one.is_stub for one in snapshot.extensions} == {
        extension: True,
        "plpgsql": False,
    }


def test_the_stubs_say_that_they_are_stubs(stubbed: EmbeddedServer) -> None:
    """In the comment that PostgreSQL shows; and the control files are complete."""
    assert {one.stem for one in STUBS.glob("extension/*.control")} == STUB_EXTENSIONS
    with stubbed.connect() as connection:
        found = connection.execute(
            """
            SELECT name, comment, trusted, relocatable
            FROM pg_available_extension_versions
              JOIN pg_available_extensions USING (name, comment)
            WHERE name = ANY (%s) AND version = default_version
            """,
            [list(STUB_EXTENSIONS)],
        ).fetchall()
    assert {row[0] for row in found} == STUB_EXTENSIONS
    for name, comment, trusted, relocatable in found:
        assert comment.startswith(f"stub of {name}: ")
        assert trusted
        assert relocatable or name in OF_PLATFORMS


def test_a_schema_with_places_is_read(fresh: psycopg.Connection) -> None:
    """PostGIS's types, indexes, and the functions that a schema is made with."""
    fresh.execute("CREATE EXTENSION postgis")
    for statement in (
        (
            "CREATE TABLE shops (place geometry(Point, 4326), area geography(POLYGON),"
            " made geometry GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(1, 2), 4326))"
            " STORED)"
        ),
        "CREATE INDEX ON shops USING gist (place)",
        "CREATE INDEX ON shops USING gist (area)",
        "CREATE UNIQUE INDEX ON shops (place)",
        (
            "INSERT INTO shops SELECT ST_MakePoint(x, 1), 'POLYGON((0 0))'"
            " FROM generate_series(1, 2000) AS x"
        ),
        (
            "CREATE FUNCTION near(it geography) RETURNS boolean LANGUAGE sql AS"
            " 'SELECT ST_DWithin(area, it, 5) FROM shops ORDER BY area <-> it LIMIT 1'"
        ),
        "CREATE VIEW labels AS SELECT ST_AsText(place), ST_X(place) FROM shops",
    ):
        fresh.execute(statement)
    assert value(fresh, "count(*) FROM (SELECT DISTINCT place FROM shops) AS s") == 2000
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="is a stub") as caught:
        fresh.execute("SELECT * FROM labels")
    assert "--userstate-server" in str(caught.value.diag.message_hint)
    snapshot = PostgresSchemaSnapshotRepository(fresh).load()
    types = {
        column.name: column.data_type for column in snapshot.table("shops").columns
    }
    assert types["place"] == types["made"] == "public.geometry"
    assert types["area"] == "public.geography"
    assert [table.name for table in snapshot.tables] == ["shops"]


def test_partitions_are_noted(fresh: psycopg.Connection) -> None:
    """And can be configured, as pg_partman's documentation shows."""
    fresh.execute("CREATE SCHEMA partman")
    fresh.execute("CREATE EXTENSION pg_partman SCHEMA partman")
    fresh.execute(
        "SELECT partman.create_parent(p_parent_table := 'public.logs',"
        " p_control := 'at', p_interval := '1 day', p_premake := 7)"
    )
    fresh.execute(
        "UPDATE partman.part_config SET infinite_time_partitions = true,"
        " retention = '3 months' WHERE parent_table = 'public.logs'"
    )
    assert value(fresh, "premake FROM partman.part_config") == 7


def test_what_platforms_allow_needs_no_superuser(fresh: psycopg.Connection) -> None:
    """The real extensions of the server, as on RDS, and no others."""
    fresh.execute("CREATE SCHEMA lent")
    for name in LENT:
        fresh.execute(f"CREATE EXTENSION {name} SCHEMA lent CASCADE")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        fresh.execute("SELECT * FROM lent.pg_stat_statements")
    for statement in (
        "SELECT lent.pgstattuple('pg_class')",
        "SELECT * FROM lent.pg_buffercache",
        "SELECT lent.bt_index_check('pg_class_oid_index')",
        "SELECT * FROM lent.pg_get_wal_records_info('0/0', '0/1')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            fresh.execute(statement)
    snapshot = PostgresSchemaSnapshotRepository(fresh).load()
    assert not any(extension.is_stub for extension in snapshot.extensions)
    for name in ("file_fdw", "dblink", "postgres_fdw", "pageinspect", "pg_surgery"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            fresh.execute(f"CREATE EXTENSION {name}")


def test_an_extension_can_be_dropped_and_created_again(
    fresh: psycopg.Connection,
) -> None:
    """As migrations do that move one to another schema."""
    for schema in ("public", "extensions"):
        fresh.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        fresh.execute(f"CREATE EXTENSION pgcrypto WITH SCHEMA {schema}")
        assert value(fresh, f"length({schema}.gen_random_bytes(4))") == 4
        fresh.execute("DROP EXTENSION pgcrypto")
