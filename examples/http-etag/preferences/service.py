"""The HTTP side: `GET` and `PUT /preferences/USER`, with an `ETag`."""

from __future__ import annotations

import collections.abc as cabc
import http.server
import json
from http import HTTPStatus

from preferences import store


class PreferencesHandler(http.server.BaseHTTPRequestHandler):
    """Answers requests; `PreferencesServer` gives it a way to connect."""

    server: PreferencesServer

    def do_GET(self) -> None:
        """Send the preferences, and their revision as the `ETag`."""
        with self.server.connect() as connection:
            unit_system, revision = store.read(connection, self.user_id)
        self._answer(HTTPStatus.OK, revision, {"unit_system": unit_system})

    def do_PUT(self) -> None:
        """Save the preferences if `If-Match` has the newest `ETag`."""
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "If-Match" not in self.headers:
            return self._answer(HTTPStatus.PRECONDITION_REQUIRED)
        with self.server.connect() as connection:
            try:
                revision = store.save(
                    connection,
                    self.user_id,
                    sent["unit_system"],
                    self.expected_revision(),
                )
            except store.StaleError:
                return self._answer(HTTPStatus.PRECONDITION_FAILED)
        return self._answer(HTTPStatus.NO_CONTENT, revision)

    def expected_revision(self) -> int:
        """Return the revision that the client has read."""
        return int(self.headers["If-Match"].strip('"'))

    @property
    def user_id(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    def _answer(
        self,
        status: HTTPStatus,
        revision: int | None = None,
        body: dict[str, str] | None = None,
    ) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if revision is not None:
            self.send_header("ETag", f'"{revision}"')
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Log nothing."""


class PreferencesServer(http.server.ThreadingHTTPServer):
    """Serves on a free port of this machine."""

    def __init__(
        self,
        connect: cabc.Callable[[], store.Connection],
        handler: type[PreferencesHandler] = PreferencesHandler,
    ) -> None:
        """Keep how to connect to the database."""
        super().__init__(("127.0.0.1", 0), handler)
        self.connect = connect
