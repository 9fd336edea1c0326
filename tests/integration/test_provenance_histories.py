"""What an audit notes of migrations is what comparing everything shows.

Everything here is found out in two ways (`tests.helpers.histories`), and both have to
come to the same after each migration.
"""

from __future__ import annotations

import pathlib
import random

import pytest

from pytest_userstate.outbound.postgres.server import EmbeddedServer
from pytest_userstate.outbound.postgres.settings import OWNER, SUPERUSER
from tests.helpers.histories import agreed
from tests.integration.test_provenance import plan
from tests.integration.test_provenance_changes import CHANGES, SETUP

HISTORIES = sorted(pathlib.Path(__file__).with_name("histories").glob("*.sql"))
# They write to what is the system's own, or make what only a superuser can.
BY_SUPERUSER = {"foreign_tables", "other_things", "tidying"}


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
def test_histories(server: EmbeddedServer, file: pathlib.Path) -> None:
    """Each paragraph of a file is a migration."""
    expect_agreement(server, file)


def expect_agreement(server: EmbeddedServer, file: pathlib.Path) -> None:
    """Find out in both ways what the migrations of a file do."""
    migrations = file.read_text("utf-8").split("\n\n")
    role = SUPERUSER if file.stem in BY_SUPERUSER else OWNER
    told = agreed(server, plan(*migrations, in_transaction=False), role=role)
    assert len(told[f"{len(migrations)}.sql"]) > 1


def test_all_changes_one_after_the_other(server: EmbeddedServer) -> None:
    """What was there before comes from nowhere."""
    changes = list(filter(None, map(str.strip, CHANGES.splitlines())))
    told = agreed(server, plan(*changes), role=SUPERUSER, setup=SETUP)
    assert told[""] == frozenset()
    assert len(told[f"{len(changes)}.sql"]) > 1


@pytest.mark.parametrize("seed", range(4))
def test_random_histories(server: EmbeddedServer, seed: int) -> None:
    """Whatever comes after whatever, and is rolled back."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    migrations = [_random_migration(chance) for _ in range(50)]
    told = agreed(server, plan(*migrations, in_transaction=False), setup=HELPERS)
    assert len(told["50.sql"]) > 1


HELPERS = """
    CREATE SCHEMA other;
    CREATE DOMAIN positive AS int;
    CREATE FUNCTION attempt(change text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN EXECUTE change; EXCEPTION WHEN others THEN NULL; END $$"""
# Some of them fail: there is no such thing, or there is already.
STATEMENTS = """
    CREATE TABLE {0} (k int PRIMARY KEY, c1 text DEFAULT 'x', c2 positive)
    CREATE TABLE {0} (LIKE {1} INCLUDING ALL, more int NOT NULL)
    CREATE TABLE {0} (k int, c1 text) PARTITION BY LIST (k)
    CREATE TABLE {0} () INHERITS ({1})
    CREATE VIEW {0} AS SELECT * FROM {1}
    CREATE OR REPLACE VIEW {0} AS SELECT *, {n} AS one FROM {1}
    DROP TABLE {0} CASCADE
    DROP VIEW {0} CASCADE
    ALTER TABLE {0} RENAME TO {1}
    ALTER TABLE {0} SET SCHEMA other
    ALTER TABLE other.{0} SET SCHEMA public
    ALTER SCHEMA other RENAME TO another
    ALTER SCHEMA another RENAME TO other
    ALTER TABLE {0} ADD c{n} int CHECK (c{n} > {n})
    ALTER TABLE {0} ADD c{n} int GENERATED ALWAYS AS IDENTITY
    ALTER TABLE {0} DROP c{n}
    ALTER TABLE {0} RENAME c{n} TO c{m}
    ALTER TABLE {0} ALTER c{n} TYPE text USING NULL
    ALTER TABLE {0} ALTER c{n} SET NOT NULL
    ALTER TABLE {0} ALTER c{n} DROP NOT NULL
    ALTER TABLE {0} ALTER c{n} SET DEFAULT '{m}'
    ALTER TABLE {0} ALTER c{n} DROP DEFAULT
    ALTER TABLE {0} ADD FOREIGN KEY (k) REFERENCES {1}
    ALTER TABLE {0} ADD CONSTRAINT n{n} CHECK (k <> {m}) NOT VALID
    ALTER TABLE {0} VALIDATE CONSTRAINT n{n}
    ALTER TABLE {0} RENAME CONSTRAINT n{n} TO n{m}
    ALTER TABLE {0} DROP CONSTRAINT n{n}
    ALTER TABLE {0} ADD CONSTRAINT n{n} UNIQUE (c{m})
    ALTER TABLE {0} ATTACH PARTITION {1} FOR VALUES IN ({n})
    ALTER TABLE {0} DETACH PARTITION {1}
    ALTER TABLE {0} INHERIT {1}
    ALTER TABLE {0} NO INHERIT {1}
    CREATE INDEX i{n} ON {0} (c{m})
    ALTER INDEX i{n} RENAME TO i{m}
    DROP INDEX i{n}
    REINDEX TABLE {0}
    CLUSTER {0} USING i{n}
    COMMENT ON TABLE {0} IS '{n}'
    COMMENT ON COLUMN {0}.c{n} IS '{m}'
    ALTER DOMAIN positive SET NOT NULL
    ALTER DOMAIN positive DROP NOT NULL
    GRANT SELECT ON {0} TO PUBLIC
    GRANT USAGE ON SCHEMA public TO PUBLIC
    INSERT INTO {0} (k) VALUES ({n})
"""


def _random_migration(chance: random.Random) -> str:
    """Return a block that may be undone as a whole, as each of its parts may be."""
    attempts = []
    for _ in range(chance.randint(1, 6)):
        statement = chance.choice(STATEMENTS.strip().splitlines()).strip()
        tables = chance.choices(["a", "b", "c"], k=2)
        n, m = chance.choices(range(1, 5), k=2)
        attempts.append(
            f"PERFORM attempt($a${statement.format(*tables, n=n, m=m)}$a$);"
        )
    end = chance.choice(["", "", "", "PERFORM 1 / 0;"])
    caught = "EXCEPTION WHEN division_by_zero THEN NULL;"
    return f"DO $do$BEGIN {' '.join(attempts)} {end} {caught} END$do$"
