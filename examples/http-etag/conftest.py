"""The service, started on a private copy of the migrated database."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import http.client
import json
import threading
import typing as typ

import psycopg
import pytest
from preferences import store
from preferences.service import PreferencesHandler, PreferencesServer

from pytest_userstate import ProgramWrite

Connection = psycopg.Connection[typ.Any]


class Client:
    """Reads and saves the preferences of one user."""

    def __init__(self, server: PreferencesServer, user_id: str) -> None:
        """Keep where they are."""
        self._host, self._port = server.server_address[:2]
        self._path = f"/preferences/{user_id}"

    def get(self) -> http.client.HTTPResponse:
        """Read them."""
        return self._request("GET")

    def put(self, unit_system: str, etag: str) -> http.client.HTTPResponse:
        """Save them, unless somebody else has."""
        return self._request(
            "PUT", json.dumps({"unit_system": unit_system}), {"If-Match": etag}
        )

    def _request(self, *request: typ.Any) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=10)
        method, *rest = request
        connection.request(method, self._path, *rest)
        response = connection.getresponse()
        response.content = response.read()
        connection.close()
        return response


Serve = cabc.Callable[..., contextlib.AbstractContextManager[Client]]


@pytest.fixture
def serve(userstate_connection: Connection) -> Serve:
    """Return a function that starts the service, with one user in its database."""
    info = userstate_connection.info
    [user_id] = userstate_connection.execute(
        "INSERT INTO users (display_name) VALUES ('Ada') RETURNING id::text"
    ).fetchone() or [""]
    userstate_connection.execute(
        "INSERT INTO user_preferences (user_id) VALUES (%s)", [user_id]
    )
    userstate_connection.commit()

    def connect() -> Connection:
        return psycopg.connect(info.dsn, password=info.password)

    @contextlib.contextmanager
    def start(
        handler: type[PreferencesHandler] = PreferencesHandler,
    ) -> cabc.Iterator[Client]:
        with PreferencesServer(connect, handler) as server:
            threading.Thread(target=server.serve_forever).start()
            try:
                yield Client(server, user_id)
            finally:
                server.shutdown()

    return start


def save(connection: Connection, row: dict[str, typ.Any], revision: int) -> None:
    """Save as the service does."""
    store.save(connection, row["user_id"], row["unit_system"], revision)


def pytest_userstate_writes() -> list[ProgramWrite]:
    """Let `--userstate-prove` try it with two writers."""
    return [ProgramWrite("public.user_preferences", save)]
