"""Measure how long it takes to apply migrations, against psql.

Both sides apply the same files to a fresh database of the same server, in turn (A B A
B …): A as an audit does, with the question after each file what it has changed, and B
with one process of psql that reads all files, each in a transaction. There are 1,000
migrations that are made up in the proportions that long-lived repositories show, and a
structure dump with 1,400 statements, which psql runs one by one.
"""

from __future__ import annotations

import argparse
import collections.abc as cabc
import itertools
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import provenance

from pytest_userstate.outbound.migrations.plan import Batch, Migration, Mode, Plan
from pytest_userstate.outbound.migrations.running.runner import MigrationRunner
from pytest_userstate.outbound.postgres.binaries import find_binaries
from pytest_userstate.outbound.postgres.server import OWNER, SUPERUSER, EmbeddedServer
from pytest_userstate.outbound.postgres.stubs import STUBS

MIGRATIONS, STATEMENTS = 1_000, 1_400
BOUND = 1.4  # times as long as psql, on a quiet machine
_numbers = itertools.count(1)


def dump(statements: int) -> Plan:
    """Return a dump of tables, each with three statements more."""
    tables = [
        f"CREATE TABLE public.t{number} (id bigint NOT NULL, name text NOT NULL,"
        " status text DEFAULT 'new'::text, created_at timestamptz NOT NULL);\n"
        f"ALTER TABLE ONLY public.t{number} ADD CONSTRAINT t{number}_pkey"
        " PRIMARY KEY (id);\n"
        f"CREATE INDEX t{number}_name ON public.t{number} USING btree (name);\n"
        f"COMMENT ON TABLE public.t{number} IS 'The table {number}';\n"
        for number in range(statements // 4)
    ]
    batch = Batch(sql="\n".join(tables), mode=Mode.SCRIPT, in_transaction=False)
    migration = Migration(version="", path="structure.sql", batches=(batch,))
    return Plan(layout="structure", migrations=(migration,))


def files_of(plan: Plan, folder: pathlib.Path) -> list[str]:
    """Write what psql reads, and return its arguments."""
    arguments = []
    for number, migration in enumerate(plan.migrations):
        [batch] = migration.batches
        text = batch.sql
        if batch.in_transaction:
            text = f"BEGIN;\n{text}\nCOMMIT;\n"
        file = folder / f"{number:04}.sql"
        file.write_text(text, encoding="utf-8")
        arguments += ["-f", str(file)]
    return arguments


def compare(server: EmbeddedServer, name: str, plan: Plan, pairs: int) -> None:
    """Time both sides in turn; print the medians and the ratio pair by pair."""
    psql = shutil.which("psql")
    if psql is None:
        print("psql is not installed, so there is nothing to compare with")
        return
    with tempfile.TemporaryDirectory() as folder:
        files = files_of(plan, pathlib.Path(folder))
        place = ["-h", server.host, "-p", str(server.port), "-U", OWNER]
        command = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", *place, *files]

        def audit(database: str) -> None:
            with server.connect(dbname=database) as connection:
                MigrationRunner(connection).run(plan)

        def load(database: str) -> None:
            subprocess.run([*command, database], check=True)

        times = [
            (
                seconds(server, audit, is_observed=True),
                seconds(server, load, is_observed=False),
            )
            for _ in range(pairs + 1)
        ][1:]
    first, second = (statistics.median(side) for side in zip(*times, strict=True))
    ratios = sorted(a / b for a, b in times)
    print(f"{name}: as an audit does (A) and by psql (B)")
    print(f"  A {first * 1000:.0f} ms   B {second * 1000:.0f} ms   over {pairs} pairs")
    print(
        f"  A / B: median {statistics.median(ratios):.2f}, from {ratios[0]:.2f} to"
        f" {ratios[-1]:.2f}   (bound: {BOUND})"
    )


def seconds(
    server: EmbeddedServer,
    apply: cabc.Callable[[str], object],
    *,
    is_observed: bool,
) -> float:
    """Apply to a new database; return the seconds it took."""
    name = f"bench_{next(_numbers)}"
    with server.connect(user=SUPERUSER) as admin:
        admin.execute(f"CREATE DATABASE {name} OWNER {OWNER} STRATEGY file_copy")
        if not is_observed:
            with server.connect(user=SUPERUSER, dbname=name) as database:
                database.execute("SELECT pg_catalog.userstate_end()")
        started = time.perf_counter()
        apply(name)
        taken = time.perf_counter() - started
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    return taken


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    pairs = parser.parse_args().pairs
    migrations = provenance.made_up(MIGRATIONS)
    with EmbeddedServer(
        find_binaries(), stub_extensions=STUBS, all_databases=True
    ) as server:
        compare(server, f"{MIGRATIONS:,} migrations", migrations, pairs)
        compare(server, f"a dump of {STATEMENTS:,} statements", dump(STATEMENTS), pairs)


if __name__ == "__main__":
    main()
