"""Advisories on what real servers make of SQL: checks, triggers, predicates.

Where a rule reads text that PostgreSQL has deparsed, no snapshot built by hand can
vouch for it.
"""

from __future__ import annotations

import re

import psycopg
import pytest

from pytest_userstate.domain.advisories import advise
from tests.helpers.catalog import read

USERS = "CREATE TABLE users (id int PRIMARY KEY, display_name text NOT NULL);"
TOUCH = """
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
"""


def preferences(*more: str) -> str:
    """Return a table of preferences about which there is nothing else to say."""
    columns = ", ".join(
        (
            "user_id int PRIMARY KEY REFERENCES users",
            "interest_theme_ids theme[] NOT NULL",
            *more,
        )
    )
    return (
        f"{USERS} CREATE TYPE theme AS ENUM ('food', 'music');"
        f"CREATE TABLE user_preferences ({columns});"
    )


def join_table(more: str) -> str:
    """Return a join table without uniqueness, but for what is added to `t`."""
    more = re.sub(r"\bt\b", "user_interest_themes", more)
    return (
        f"{USERS} CREATE EXTENSION btree_gist; CREATE TABLE user_interest_themes "
        f"(id int PRIMARY KEY, user_id int REFERENCES users, theme_id int, "
        f"deleted_at timestamptz, during int4range); {more};"
    )


def credentials(*more: str) -> str:
    """Return a table of credentials about which there is nothing else to say."""
    columns = ", ".join(("user_id int PRIMARY KEY REFERENCES users", *more))
    return f"{USERS} CREATE TABLE user_credentials ({columns});"


def codes(database: psycopg.Connection, ddl: str) -> list[str]:
    """Return the codes of the advisories on what the statements make."""
    return [each.code for each in advise(read(database, ddl))]


@pytest.mark.parametrize(
    "check",
    [
        "revision > 0",
        "revision > -1",
        "0 <= revision",
        "1 <= revision AND revision < 1000",
        "revision BETWEEN 1 AND 1000",
        "revision::numeric >= 0.0",
        "revision >= 0::bigint",
        "revision >= smallint '1'",
        "NOT revision < 0",
        "revision IN (1, 2, 3)",
        "is_revision(revision)",
        "revision IS NULL OR revision >= 0",
        "user_id > 0 AND revision >= 0",
    ],
)
def test_a_revision_that_a_check_keeps_from_being_negative(
    database: psycopg.Connection, check: str
) -> None:
    """Whatever way PostgreSQL writes it, and what cannot be read gets the benefit."""
    function = (
        "CREATE FUNCTION is_revision(numeric) RETURNS boolean IMMUTABLE "
        "LANGUAGE sql AS 'SELECT $1 >= 0';"
    )
    ddl = preferences(f"revision integer NOT NULL DEFAULT 1 CHECK ({check})")
    assert codes(database, function + ddl) == []
    for kind in ("numeric(10)", "bigint"):
        database.execute(f"ALTER TABLE user_preferences ALTER revision TYPE {kind}")
        assert codes(database, "") == []


@pytest.mark.parametrize(
    "check",
    [
        "true",
        "revision >= -1",
        "revision > -2",
        "revision < 1000",
        "0 > revision",
        "revision <> 0",
        "user_id >= 0",
        "user_id >= 0 AND revision < 9",
        "old_revision >= 0 AND revision < 9",
        '"Revision" >= 0 AND revision < 9',
    ],
)
def test_a_revision_that_a_check_lets_be_negative(
    database: psycopg.Connection, check: str
) -> None:
    """A check on it is not yet a check that keeps it from being negative."""
    ddl = preferences(
        f"revision integer NOT NULL DEFAULT 1 CHECK ({check})",
        "old_revision integer",
        '"Revision" integer',
    )
    assert codes(database, ddl) == ["US101"]


def test_a_revision_of_a_domain_has_what_the_domain_has(
    database: psycopg.Connection,
) -> None:
    """Checks and defaults of domains, and of those that they are based on."""
    domains = """
        CREATE SCHEMA kinds;
        CREATE DOMAIN kinds.counted AS bigint CHECK (VALUE >= 0);
        CREATE DOMAIN "Revision" AS kinds.counted DEFAULT 1 NOT NULL;
        CREATE DOMAIN bare AS bigint;
    """
    table = read(
        database,
        f"{domains} {preferences()} "
        'ALTER TABLE user_preferences ADD revision "Revision"',
    )
    assert advise(table) == ()
    database.execute("ALTER TABLE user_preferences ALTER revision TYPE bare")
    assert codes(database, "") == ["US101", "US102"]


@pytest.mark.parametrize(
    ("trigger", "found"),
    [
        ("BEFORE INSERT ON user_preferences FOR EACH ROW", []),
        ('BEFORE UPDATE OF "x ON y" OR INSERT ON user_preferences FOR EACH ROW', []),
        ("BEFORE UPDATE ON user_preferences FOR EACH ROW", ["US102"]),
        ("AFTER INSERT ON user_preferences FOR EACH ROW", ["US102"]),
        ("BEFORE INSERT ON user_preferences FOR EACH STATEMENT", ["US102"]),
        ("BEFORE INSERT ON users FOR EACH ROW", ["US102"]),
    ],
)
def test_a_trigger_can_set_the_first_revision(
    database: psycopg.Connection, trigger: str, found: list[str]
) -> None:
    """Only before the insert, row by row, and on the same table."""
    ddl = preferences("revision uuid NOT NULL", '"x ON y" int')
    create = f'CREATE TRIGGER "BEFORE INSERT ON" {trigger} EXECUTE FUNCTION touch();'
    assert codes(database, TOUCH + ddl + create) == found


@pytest.mark.parametrize(
    ("trigger", "found"),
    [
        ("BEFORE UPDATE ON users FOR EACH ROW", []),
        ("BEFORE INSERT OR UPDATE ON users FOR EACH ROW", []),
        ("BEFORE UPDATE OF display_name ON users FOR EACH ROW", []),
        ("BEFORE UPDATE ON users FOR EACH ROW WHEN (OLD <> NEW)", []),
        ("BEFORE INSERT ON users FOR EACH ROW", ["US401"]),
        ("BEFORE DELETE OR INSERT ON users FOR EACH ROW", ["US401"]),
        ("AFTER UPDATE ON users FOR EACH ROW", ["US401"]),
        ("BEFORE UPDATE ON users FOR EACH STATEMENT", ["US401"]),
    ],
)
def test_a_trigger_can_maintain_updated_at(
    database: psycopg.Connection, trigger: str, found: list[str]
) -> None:
    """Only before the update, row by row; a default holds at insert only."""
    ddl = f"{USERS} ALTER TABLE users ADD updated_at timestamptz DEFAULT now();"
    create = f"CREATE TRIGGER t {trigger} EXECUTE FUNCTION touch();"
    assert codes(database, TOUCH + ddl + create) == found
    database.execute("ALTER TABLE users DISABLE TRIGGER t")
    assert codes(database, "") == ["US401"]


@pytest.mark.parametrize(
    "key",
    [
        "ALTER TABLE t ADD UNIQUE (theme_id, user_id)",
        "CREATE UNIQUE INDEX ON t (user_id, theme_id)",
        "CREATE UNIQUE INDEX ON t (user_id, theme_id) WHERE deleted_at IS NULL",
        "CREATE UNIQUE INDEX ON t (user_id, coalesce(theme_id, 0))",
        "CREATE UNIQUE INDEX ON t (user_id)",
        "ALTER TABLE t ADD EXCLUDE USING gist (user_id WITH =, theme_id WITH =)",
        "ALTER TABLE t ADD EXCLUDE USING gist (user_id WITH =, during WITH &&)",
    ],
)
def test_a_join_table_with_uniqueness(database: psycopg.Connection, key: str) -> None:
    """As a constraint or as an index, for the rows that live, or over time."""
    assert codes(database, join_table(key)) == []


@pytest.mark.parametrize(
    "key",
    [
        "CREATE INDEX ON t (user_id, theme_id)",
        "CREATE UNIQUE INDEX ON t (user_id) WHERE deleted_at IS NULL",
        "CREATE UNIQUE INDEX ON t (user_id, theme_id, deleted_at)",
        "CREATE UNIQUE INDEX ON t (user_id, id) INCLUDE (theme_id)",
        "ALTER TABLE t ADD EXCLUDE USING gist (id WITH =, during WITH &&)",
    ],
)
def test_a_join_table_without_uniqueness(
    database: psycopg.Connection, key: str
) -> None:
    """What lets a pair stand twice all the same does not count."""
    assert codes(database, join_table(key)) == ["US205"]


def test_an_index_that_failed_makes_nothing_unique(
    database: psycopg.Connection,
) -> None:
    """It is in the catalog, and marked as invalid."""
    database.execute(
        join_table("INSERT INTO users VALUES (1, 'x')")
        + "INSERT INTO user_interest_themes VALUES (1, 1, 1), (2, 1, 1);"
    )
    database.commit()
    database.autocommit = True
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY ON user_interest_themes "
            "(user_id, theme_id)"
        )
    assert codes(database, "") == ["US205"]


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("password_hash text NOT NULL", []),
        ("password_hash text", ["US301"]),
        ("password_hash text CHECK (password_hash <> '')", ["US301"]),
        ("password_hash text CHECK (password_hash IS NOT NULL OR subject > '')", []),
        ("password_hash text CHECK ((password_hash IS NULL) = (subject > ''))", []),
        ("password_hash text CHECK (num_nonnulls(password_hash, subject) = 1)", []),
        ("password_hash text CHECK (subject IS NOT NULL)", ["US301"]),
        ("password_hash text, password_digest text NOT NULL", []),
        ("password_hash filled", []),
        ("password_hash varchar(60) NOT NULL", []),
        ("password_hash varchar(59) NOT NULL", ["US302"]),
        ("password_hash char(32) NOT NULL", ["US302"]),
        ("password_hash short NOT NULL", ["US302"]),
        ("password_hash varchar NOT NULL", []),
        ("password_hash bytea NOT NULL", []),
        ("password_hash varchar(40)", ["US301", "US302"]),
    ],
)
def test_credentials(
    database: psycopg.Connection, column: str, found: list[str]
) -> None:
    """Nullable unless something else is demanded in its place; room for a hash."""
    domains = "CREATE DOMAIN filled AS text NOT NULL; CREATE DOMAIN short AS char(20);"
    assert codes(database, domains + credentials(column, "subject text")) == found


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("int[]", ["US204"]),
        ("text[]", ["US204"]),
        ("jsonb", ["US204"]),
        ("ids", ["US204"]),
        ("theme[]", []),
        ("kinds.theme[]", []),
        ("kind", []),
    ],
)
def test_ids_in_one_column(
    database: psycopg.Connection, kind: str, found: list[str]
) -> None:
    """Arrays, documents, and domains over them; labels of an enumeration are none."""
    kinds = """
        CREATE SCHEMA kinds; CREATE TYPE kinds.theme AS ENUM ('food');
        CREATE DOMAIN ids AS int[]; CREATE DOMAIN kind AS kinds.theme[];
    """
    ddl = f"{kinds} {preferences()} ALTER TABLE user_preferences "
    ddl += f"DROP interest_theme_ids, ADD interest_theme_ids {kind}"
    assert codes(database, ddl) == found


@pytest.mark.parametrize("timing", ["BEFORE INSERT", "CONSTRAINT"])
def test_a_trigger_that_may_check_ids_is_told(
    database: psycopg.Connection, timing: str
) -> None:
    """It does not silence the advisory, since it sees only one side."""
    kind = "CONSTRAINT " if timing == "CONSTRAINT" else ""
    when = "AFTER INSERT" if kind else timing
    ddl = f"""
        {TOUCH} {preferences()}
        ALTER TABLE user_preferences ALTER interest_theme_ids TYPE text[];
    """
    (without,) = advise(read(database, ddl))
    assert "trigger" not in without.message
    (found,) = advise(
        read(
            database,
            f"CREATE {kind}TRIGGER t {when} ON user_preferences "
            "FOR EACH ROW EXECUTE FUNCTION touch()",
        )
    )
    assert "a trigger may check what is written, not what is deleted" in found.message
