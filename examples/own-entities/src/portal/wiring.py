"""The composition root: what is behind each port."""

from __future__ import annotations

import typing as typ

from portal.domain import Ports
from portal.postgres import (
    PostgresConsents,
    PostgresProfiles,
    PostgresSessions,
    PostgresUsers,
)

if typ.TYPE_CHECKING:
    import psycopg


def build_ports(connection: psycopg.Connection) -> Ports:
    """Put the database behind every port; interests have none yet."""
    return Ports(
        users=PostgresUsers(connection),
        sessions=PostgresSessions(connection),
        profiles=PostgresProfiles(connection),
        consents=PostgresConsents(connection),
    )
