"""Two clients that have read the same preferences: the second is refused."""

from __future__ import annotations

import typing as typ

import psycopg
import pytest
from preferences import store
from preferences.service import PreferencesHandler

from pytest_userstate.assertions import assert_stale_write_is_refused


def assert_the_second_client_is_refused(client: typ.Any) -> typ.Any:
    """Let two clients save by the same `ETag`."""
    etag = client.get().headers["ETag"]
    return assert_stale_write_is_refused(
        lambda: client.put("imperial", etag),
        lambda: client.put("metric", etag),
        state=lambda: client.get().content,
    )


def test_a_stale_request_is_refused(serve: typ.Any) -> None:
    """With a status that says why, and with the newest `ETag` it is accepted."""
    with serve() as client:
        refusal = assert_the_second_client_is_refused(client)
        assert refusal.status == 412
        accepted = client.put("metric", client.get().headers["ETag"])
        assert accepted.status == 204


class IgnoresIfMatch(PreferencesHandler):
    """A service with a fault: it reads the newest revision, and compares that."""

    def expected_revision(self) -> int:
        """Return what is stored, not what the client has read."""
        with self.server.connect() as connection:
            return store.read(connection, self.user_id)[1]


def test_a_service_that_ignores_if_match_is_caught(serve: typ.Any) -> None:
    """Its `UPDATE` compares the revision, and overwrites all the same."""
    with serve(IgnoresIfMatch) as client, pytest.raises(AssertionError) as caught:
        assert_the_second_client_is_refused(client)
    assert "the second write is not refused" in str(caught.value)


@pytest.mark.usefixtures("serve")
def test_a_stale_statement_is_refused(
    userstate_connection: psycopg.Connection[typ.Any],
) -> None:
    """The same assertion takes the functions that the service calls."""
    row = userstate_connection.execute("SELECT user_id, revision FROM user_preferences")
    user_id, revision = row.fetchone() or ("", 0)
    assert_stale_write_is_refused(
        lambda: store.save(userstate_connection, user_id, "imperial", revision),
        lambda: store.save(userstate_connection, user_id, "metric", revision),
        raises=store.StaleError,
        state=lambda: store.read(userstate_connection, user_id),
    )
