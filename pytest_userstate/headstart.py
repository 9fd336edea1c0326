"""Starts the server before the rest of an audited run is even imported.

Of the composition root this is what is wanted first: everything that it does not
need is imported, configured and collected while the server starts.
"""

from __future__ import annotations

import typing as typ

from pytest_userstate.outbound.postgres.binaries import find_binaries
from pytest_userstate.outbound.postgres.stubs import STUBS

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.server import EmbeddedServer


def start_server(*, configured: str | None, configured_by: str) -> EmbeddedServer:
    """Let a server start in the background, as most audits need it.

    Whatever is wrong with it is told by the check that needs it.

    Parameters
    ----------
    configured : str or None
        The ``pg_ctl`` that the user set, if any.
    configured_by : str
        Where it was set.

    Raises
    ------
    UserStateError
        When there is no server to start.
    """
    binaries = find_binaries(configured=configured, configured_by=configured_by)
    from pytest_userstate.outbound.postgres.server import (  # noqa: PLC0415 - POSIX
        EmbeddedServer,
    )

    server = EmbeddedServer(binaries, stub_extensions=STUBS)
    server.launch_in_background()
    return server
