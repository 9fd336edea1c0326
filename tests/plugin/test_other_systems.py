"""Systems that are not POSIX, such as Windows: no server, and all the rest works.

There these tests run as they stand; here, without what POSIX has.
"""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import subprocess
import sys

import pytest

from tests.helpers.backends import CHECKS, CREDENTIALS, PREFERENCES, USERS, Backend, Run

IS_POSIX = os.name == "posix"
NOT_POSIX = pathlib.Path(__file__).parents[1] / "helpers/not_posix.py"
REFUSED = "the embedded PostgreSQL runs on POSIX systems only: Linux, macOS, BSD."
# Which modules are imported once it is known that a server can run.
OF_THE_SERVER = {
    f"pytest_userstate.outbound.postgres.{name}"
    for name in ("cluster", "run_folders", "server", "supervisor")
}
IMPORT_ALL = """\
import importlib, pkgutil, pytest_userstate
for module in pkgutil.walk_packages(pytest_userstate.__path__, "pytest_userstate."):
    if not module.name.endswith(".__main__"):
        try:
            importlib.import_module(module.name)
        except ImportError:
            print(module.name)
"""
TESTS = """\
from pytest_userstate import Column, SchemaSnapshot, Table, UserStateSchemaAuditReport
from pytest_userstate.assertions import assert_table


def test_values():
    users = Table("users", [Column("id", "uuid"), Column("display_name", "text")])
    snapshot = SchemaSnapshot([users])
    assert_table(snapshot, "users").has_column("display_name", data_type="text")
    report = UserStateSchemaAuditReport.evaluate(snapshot)
    assert report.login_coverage.name == "MISSING_CREDENTIAL_STORAGE"


def test_server(userstate_connection):
    pass
"""


def program(*args: str) -> list[str]:
    """Return the command that runs code, or pytest, without what POSIX has."""
    if IS_POSIX:
        return [sys.executable, "-P", str(NOT_POSIX), *args]
    return [sys.executable, *(args if args[0] == "-c" else ("-m", "pytest", *args))]


def output_of(code: str) -> str:
    """Return what code prints."""
    done = subprocess.run(
        program("-c", code), check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture
def run(covered: Backend) -> cabc.Callable[..., Run]:
    """Return a function that runs pytest in a repository."""

    def run(*args: str, **environment: str) -> Run:
        done = subprocess.run(
            program("-W", "error", "-p", "no:cacheprovider", *args),
            cwd=covered.path,
            env={**os.environ, "COLUMNS": "80", **environment},
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        assert "Traceback (most recent call last)" not in done.stdout
        assert "INTERNALERROR" not in done.stdout
        return Run(done.returncode, done.stdout, report=None)

    covered.write("test_it.py", TESTS)
    return run


@pytest.fixture
def live() -> cabc.Iterator[str]:
    """Return the DSN of a running database in which everything is covered."""
    if not IS_POSIX:
        pytest.skip("no server of ours runs here")
    from pytest_userstate.outbound.postgres.binaries import (  # noqa: PLC0415 - POSIX
        find_binaries,
    )
    from pytest_userstate.outbound.postgres.server import (  # noqa: PLC0415 - POSIX
        EmbeddedServer,
    )

    with EmbeddedServer(find_binaries()) as server:
        with server.connect() as connection:
            for statement in (USERS, CREDENTIALS, PREFERENCES):
                connection.execute(statement)
        yield f"host={server.host} port={server.port} user=userstate dbname=userstate"


def test_only_the_server_needs_posix() -> None:
    """Every other module can be imported, and these are not before they are used."""
    assert {*output_of(IMPORT_ALL).split()} == OF_THE_SERVER


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--help"], "--userstate-audit"),
        (["--fixtures"], "userstate_connection"),
        (["--userstate-audit", "--collect-only", "-q"], "::interests.conflict"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_runs_nothing_works(
    run: cabc.Callable[..., Run], args: list[str], words: str
) -> None:
    """Whoever only asks is answered."""
    done = run(*args)
    assert done.status == 0, done.output
    assert words in done.output


def test_an_audit_is_refused_plainly(run: cabc.Callable[..., Run]) -> None:
    """Before anything is collected, with what to do instead."""
    done = run("--userstate-audit")
    assert done.status == 4
    assert done.output.startswith(f"ERROR: {REFUSED}")
    assert "--userstate-dsn" in done.output


def test_a_suite_runs_and_only_the_server_is_refused(
    run: cabc.Callable[..., Run],
) -> None:
    """The plugin is installed, and a test that wants no server notices nothing."""
    done = run("test_it.py")
    assert done.status == 1
    assert "1 passed, 1 error" in done.output
    assert f"\n{REFUSED}\n" in done.output


def test_a_live_database_is_audited(run: cabc.Callable[..., Run], live: str) -> None:
    """No server of ours is wanted."""
    done = run("--userstate-audit", "--userstate-dsn=env:LIVE", LIVE=live)
    assert done.status == 0, done.output
    assert f"{len(CHECKS) - 4} passed, 4 skipped" in done.output
