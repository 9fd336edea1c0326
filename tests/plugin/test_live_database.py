"""A live database as the target: read in place, and left as it was."""

from __future__ import annotations

import collections.abc as cabc

import pytest

from pytest_userstate.outbound.postgres.binaries import find_binaries
from pytest_userstate.outbound.postgres.server import EmbeddedServer
from tests.helpers.backends import CHECKS, CREDENTIALS, PREFERENCES, USERS, Backend


@pytest.fixture(scope="module")
def live() -> cabc.Iterator[str]:
    """Return the DSN of a running database in which everything is covered."""
    with EmbeddedServer(find_binaries()) as server:
        with server.connect() as connection:
            for statement in (USERS, CREDENTIALS, PREFERENCES):
                connection.execute(statement)
        yield f"postgresql://userstate@/userstate?host={server.host}&port={server.port}"


@pytest.mark.parametrize("args", [[], ["-n", "2"]])
def test_a_live_database_is_audited_in_place(
    backend: Backend, live: str, args: list[str]
) -> None:
    """No migrations and no configuration are needed, and no fact has a source."""
    run = backend.run("--userstate-dsn=env:LIVE", *args, LIVE=live)
    assert run.status == 0, run.output
    assert run.report is not None
    assert run.report["target"]["kind"] == "dsn"
    assert len(run.outcomes()) == len(CHECKS)
    facts = [fact for check in run.report["checks"] for fact in check["evidence"]]
    assert facts
    assert all(fact["source"] is None for fact in facts)
    assert "no fact can be traced to a migration" in run.output


def test_the_session_is_read_only(live: str) -> None:
    """Nothing can be changed through the connection that reads."""
    import psycopg  # noqa: PLC0415 - only this test speaks to the server itself

    from pytest_userstate.outbound.live_target import live_target  # noqa: PLC0415

    with live_target(live).open() as database:
        database.load()
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            database.connection.execute("CREATE TABLE mark (id int)")
