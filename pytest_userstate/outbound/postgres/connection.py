"""Connecting to our own server, whatever the user's environment says."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import threading

import psycopg
from psycopg.conninfo import make_conninfo

_environment = threading.Lock()


def connect(*, autocommit: bool = True, **conninfo: str | int) -> psycopg.Connection:
    """Connect with these parameters only.

    libpq takes what a caller leaves out from variables such as `PGSERVICE`,
    `PGOPTIONS` or `PGSSLMODE`: they are meant for another server, so they are
    hidden from it while it connects.

    Parameters
    ----------
    autocommit : bool
        Whether each statement is its own transaction.
    **conninfo
        Connection parameters, as libpq names them.

    Raises
    ------
    psycopg.OperationalError
        When the connection cannot be made.
    """
    with _without_pg_variables():
        return psycopg.connect(make_conninfo("", **conninfo), autocommit=autocommit)


@contextlib.contextmanager
def _without_pg_variables() -> cabc.Iterator[None]:
    """Take the `PG*` variables away for a while, in one thread at a time."""
    with _environment:
        hidden = {
            name: os.environ.pop(name)
            for name in tuple(os.environ)
            if name.startswith("PG")
        }
        try:
            yield
        finally:
            os.environ.update(hidden)
