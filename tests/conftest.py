"""Real servers for the tests: every PostgreSQL on this machine, each in its turn.

`USERSTATE_TEST_BINDIRS` adds further ones: folders that hold `postgres` and
`initdb`, separated as in `PATH`. On a system that is not POSIX there are none.
"""

from __future__ import annotations

import collections.abc as cabc
import itertools
import typing as typ

import hypothesis
import psycopg
import pytest
from psycopg import sql

from pytest_userstate.outbound.postgres.binaries import Binaries, supported_version
from pytest_userstate.outbound.postgres.settings import OWNER, SUPERUSER
from pytest_userstate.outbound.postgres.stubs import STUBS
from tests.helpers.extras import skip_for_want_of_an_extra
from tests.helpers.servers import installations

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.server import EmbeddedServer

_numbers = itertools.count(1)

# The same examples in every run: a change is to blame for a failure, not the dice.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> cabc.Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """Skip what needs an extra that is not installed."""
    report = yield
    skip_for_want_of_an_extra(report)
    return report


def _name(binaries: Binaries) -> str:
    return f"postgres-{supported_version(binaries.postgres)}"


@pytest.fixture(scope="session", params=installations(), ids=_name)
def server(request: pytest.FixtureRequest) -> cabc.Iterator[EmbeddedServer]:
    """Start each PostgreSQL that is installed, with our stub extensions."""
    from pytest_userstate.outbound.postgres.server import (  # noqa: PLC0415 - POSIX
        EmbeddedServer,
    )

    with EmbeddedServer(
        request.param, stub_extensions=STUBS, all_databases=True, listens=True
    ) as running:
        yield running


@pytest.fixture
def database(server: EmbeddedServer) -> cabc.Iterator[psycopg.Connection]:
    """Make an empty database and connect to it as its owner, an ordinary role."""
    name = f"test_{next(_numbers)}"
    with server.connect(user=SUPERUSER) as session:
        session.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(OWNER)
            )
        )
        with server.connect(dbname=name) as connection:
            yield connection
            left = _kept(session, name) if connection.closed else []
        for each in left:
            with server.connect(dbname=name, user=SUPERUSER) as other:
                other.execute(sql.SQL("ROLLBACK PREPARED {}").format(each))
        session.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
        )


def _kept(session: psycopg.Connection, database: str) -> list[sql.Literal]:
    """Return what a runner keeps open whose connection was lost.

    In an audit its server goes with it.
    """
    query = """
        SELECT gid FROM pg_prepared_xacts
        WHERE database = %s AND gid LIKE 'pytest-userstate %%'"""
    return [sql.Literal(name) for (name,) in session.execute(query, (database,))]


@pytest.fixture
def superuser(
    server: EmbeddedServer, database: psycopg.Connection
) -> cabc.Iterator[psycopg.Connection]:
    """Connect to the database of the test as superuser."""
    with server.connect(dbname=database.info.dbname, user=SUPERUSER) as connection:
        yield connection
