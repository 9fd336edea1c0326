"""Time that is up exactly when it should be, on any machine."""

from __future__ import annotations

import select
import time
import types

import psycopg
import pytest

from pytest_userstate.outbound.migrations.running import session

_SLEEPS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event = 'PgSleep' AND datname = current_database()"
)


def let_time_be_up_in_a_sleep(
    monkeypatch: pytest.MonkeyPatch, observer: psycopg.Connection
) -> None:
    """Let a migration's time be up once the server sleeps, and not earlier.

    `observer` is another connection to the database, with the right to see that.
    """
    was_up = []

    class Poll:
        """A `select.poll` for whose user time passes at one moment only."""

        def __init__(self) -> None:
            self._poll = select.poll()
            self.register = self._poll.register

        def poll(self, milliseconds: float) -> list[tuple[int, int]]:
            deadline = time.monotonic() + milliseconds / 1000
            while not (ready := self._poll.poll(5)):
                sleeps = observer.execute(_SLEEPS).fetchone() != (0,)
                if time.monotonic() > deadline or (sleeps and not was_up):
                    was_up.append(True)
                    break
            return ready

    names = {"poll": Poll, "POLLIN": select.POLLIN, "POLLOUT": select.POLLOUT}
    monkeypatch.setattr(session, "select", types.SimpleNamespace(**names))
