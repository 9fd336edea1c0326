"""Rows about one server: applying files, and reading schemas of many tables."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import functools
import importlib.util
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest.mock

import made_up
from commands import MIGRATIONS, NO_CACHE, STATEMENTS, Workplace
from rows import Measure, Row

from pytest_userstate import bootstrap
from pytest_userstate.application.settings import AuditRequest
from pytest_userstate.outbound.migrations.running import runner, session
from pytest_userstate.outbound.migrations.tools.rules import DIESEL as LAYOUT
from pytest_userstate.outbound.postgres.binaries import find_binaries
from pytest_userstate.outbound.postgres.server import OWNER, SUPERUSER, EmbeddedServer
from pytest_userstate.outbound.postgres.stubs import STUBS

ROOT = pathlib.Path(__file__).parents[1]
HERE = pathlib.Path(__file__).parent
PROGRAMS = find_binaries().bin_dir
PSQL = shutil.which("psql", path=f"{PROGRAMS}:{os.environ['PATH']}")
MANY, FEW = 20_000, 20
LARGE = 10_000
FILES = 1_000
NAMES = {
    f"{FILES:,} migrations with provenance / psql": "applying",
    f"the same without provenance, for each of {FILES:,}": "provenance",
    f"Prisma tree of {MIGRATIONS} migrations, whole audit / 1.5 x psql + 0.5 s": (
        "prisma"
    ),
    f"dump of {STATEMENTS:,} statements, whole audit / 1.5 x psql + 0.5 s": "dump",
    "private database for a test / `CREATE` and `DROP DATABASE`": "copy",
    f"snapshot of {LARGE:,} tables / SQLAlchemy's inspector": "snapshot",
    f"snapshot of {LARGE:,} tables / schemainspect": "schemainspect",
    f"snapshot of {LARGE:,} tables / `pg_dump -s`": "pg_dump",
    f"peak memory at {LARGE:,} tables / SQLAlchemy's `MetaData`": "memory",
    f"recognition in {LARGE:,} tables / reading them": "recognition",
    f"audit of a live database, {MANY:,} tables / {FEW}": "live",
}
WHAT = {name: what for what, name in NAMES.items()}


class NoRecorder:
    """Takes the place of a `Recorder`, and looks at nothing."""

    def __init__(self, session: session.Session) -> None:
        """Take away the event triggers."""
        session.commands(("SELECT pg_catalog.userstate_end()", ()))

    def note(self, *_: object) -> None:
        """Note nothing."""

    start = end = note


class Databases:
    """A server that is started by the first row, and its databases."""

    def __init__(self, place: Workplace, stack: contextlib.ExitStack) -> None:
        """Keep where to write files, and what stops the server."""
        self._place = place
        self._stack = stack
        self._numbers = itertools.count(1)

    @functools.cached_property
    def server(self) -> EmbeddedServer:
        """The server."""
        return self._stack.enter_context(
            EmbeddedServer(find_binaries(), stub_extensions=STUBS, all_databases=True)
        )

    @contextlib.contextmanager
    def fresh(self, *, is_observed: bool) -> cabc.Iterator[str]:
        """Make a database, and drop it afterwards."""
        name = f"bench_{next(self._numbers)}"
        with self.server.connect(user=SUPERUSER) as admin:
            admin.execute(f"CREATE DATABASE {name} OWNER {OWNER} STRATEGY file_copy")
            if not is_observed:
                with self.server.connect(user=SUPERUSER, dbname=name) as database:
                    database.execute("SELECT pg_catalog.userstate_end()")
            yield name
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @functools.cache  # noqa: B019 - as long as the run
    def with_tables(self, count: int) -> str:
        """Return the URL of a database with so many tables."""
        name = self._stack.enter_context(self.fresh(is_observed=False))
        with self.server.connect(dbname=name) as connection:
            for sql in made_up.tables(count):
                connection.execute(sql.encode())
            connection.execute("VACUUM ANALYZE")
        return self.server.url(name, OWNER)

    @functools.cached_property
    def files(self) -> list[pathlib.Path]:
        """Migrations as Diesel keeps them."""
        return made_up.diesel_tree(self._place.folder / "diesel", FILES)

    def apply(self, recorder: type = runner.Recorder) -> float:
        """Apply them as an audit does; return the seconds."""
        folder = self.files[0].parents[1]
        plan = LAYOUT.load(folder, folder)
        with (
            self.fresh(is_observed=True) as name,
            self.server.connect(dbname=name) as connection,
            unittest.mock.patch.object(runner, "Recorder", recorder),
        ):
            started = time.perf_counter()
            runner.MigrationRunner(connection).run(plan)
            return time.perf_counter() - started

    def psql(self, *files: pathlib.Path, in_transactions: bool) -> float:
        """Apply files by one psql, each in a transaction; return the seconds."""
        arguments = []
        for file in files:
            one = ["-f", str(file)]
            arguments += (
                ["-c", "BEGIN", *one, "-c", "COMMIT"] if in_transactions else one
            )
        with self.fresh(is_observed=False) as name:
            place = ["-h", self.server.host, "-p", str(self.server.port), "-U", OWNER]
            command = [PSQL or "", "-X", "-q", "-v", "ON_ERROR_STOP=1", *place, name]
            started = time.perf_counter()
            subprocess.run([*command, *arguments], check=True)
            return time.perf_counter() - started

    def read(self, reader: str, what: int) -> Measure:
        """Return what reads the large schema; it returns seconds (0) or MB (1)."""

        def measure() -> float:
            url = self.with_tables(LARGE)
            done = subprocess.run(
                [sys.executable, HERE / "reading.py", reader, url],
                check=True,
                capture_output=True,
                text=True,
            )
            return float(done.stdout.split()[what])

        return measure

    def dump(self) -> float:
        """Read the large schema by pg_dump; return the seconds."""
        url = self.with_tables(LARGE)
        started = time.perf_counter()
        subprocess.run(
            [PROGRAMS / "pg_dump", "-s", url],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return time.perf_counter() - started

    def live(self, count: int) -> Measure:
        """Return what audits a live database."""

        def measure() -> float:
            url = self.with_tables(count)
            started = time.perf_counter()
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "pytest", "--userstate-audit", *NO_CACHE),
                    f"--userstate-dsn={url}",
                ],
                cwd=self._place.folder / "bare",
                env={"PATH": os.environ["PATH"]},
                check=False,
                capture_output=True,
                text=True,
            )
            assert "error" not in done.stdout.splitlines()[-1], done.stdout
            return time.perf_counter() - started

        return measure

    @functools.cached_property
    def baseline(self) -> bootstrap.Baseline:
        """The migrated database that tests get copies of."""
        folder = ROOT / "examples/baseline"
        request = AuditRequest(invocation_dir=folder, root_dir=folder)
        prepared = bootstrap.prepare(request)
        return self._stack.enter_context(bootstrap.open_baseline(prepared))

    def copy(self) -> float:
        """Make and drop a private copy; return the seconds."""
        baseline = self.baseline
        started = time.perf_counter()
        with baseline.copy():
            pass
        return time.perf_counter() - started

    def bare_copy(self) -> float:
        """Do the same with the two statements alone."""
        admin = self.baseline.admin
        started = time.perf_counter()
        admin.execute("CREATE DATABASE bare TEMPLATE userstate")
        admin.execute("DROP DATABASE bare")
        return time.perf_counter() - started


def rows(place: Workplace, stack: contextlib.ExitStack) -> cabc.Iterator[Row]:
    """Yield the rows."""
    databases = Databases(place, stack)
    no_psql = "" if PSQL else "psql is not installed"
    yield Row(
        name="applying",
        what=WHAT["applying"],
        ours=databases.apply,
        theirs=lambda: databases.psql(*databases.files, in_transactions=True),
        target=1.4,
        pairs=5,
        lacks=no_psql,
    )
    yield Row(
        name="provenance",
        what=WHAT["provenance"],
        ours=lambda: databases.apply() / FILES,
        theirs=lambda: databases.apply(NoRecorder) / FILES,
        target=0.5,
        pairs=5,
        is_difference=True,
        digits=4,
    )
    trees = {
        "prisma": sorted((place.folder / "prisma").rglob("*.sql")),
        "dump": [place.folder / "dump/db/structure.sql"],
    }
    for name, files in trees.items():
        yield Row(
            name=name,
            what=WHAT[name],
            ours=functools.partial(place.audit_made_up, name),
            theirs=functools.partial(_within, databases, files),
            target=1,
            pairs=5,
            lacks=no_psql,
        )
    yield Row(
        name="copy",
        what=WHAT["copy"],
        ours=databases.copy,
        theirs=databases.bare_copy,
        target=1.5,
        pairs=30,
        digits=3,
    )
    lacking = "" if importlib.util.find_spec("schemainspect") else "not installed"
    for name, reader, target, lacks in (
        ("snapshot", "inspector", 0.2, ""),
        ("schemainspect", "schemainspect", None, lacking),
    ):
        yield Row(
            name=name,
            what=WHAT[name],
            ours=databases.read("ours", 0),
            theirs=databases.read(reader, 0),
            target=target,
            pairs=3,
            lacks=lacks,
        )
    yield Row(
        name="pg_dump",
        what=WHAT["pg_dump"],
        ours=databases.read("ours", 0),
        theirs=databases.dump,
        target=None,
        pairs=3,
        lacks="" if (PROGRAMS / "pg_dump").exists() else "no pg_dump beside the server",
    )
    yield Row(
        name="memory",
        what=WHAT["memory"],
        ours=databases.read("ours", 1),
        theirs=databases.read("metadata", 1),
        target=0.25,
        pairs=1,
        unit="MB",
        digits=0,
        warms_up=False,
    )
    yield Row(
        name="recognition",
        what=WHAT["recognition"],
        ours=databases.read("recognition", 0),
        theirs=databases.read("ours", 0),
        target=None,
        pairs=3,
    )
    yield Row(
        name="live",
        what=WHAT["live"],
        ours=databases.live(MANY),
        theirs=databases.live(FEW),
        target=3,
        pairs=3,
    )


def _within(databases: Databases, files: list[pathlib.Path]) -> float:
    return 1.5 * databases.psql(*files, in_transactions=False) + 0.5
