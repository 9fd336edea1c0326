"""What several tests against real servers need."""

from __future__ import annotations

import psycopg
import pytest

from pytest_userstate.outbound.postgres.server import EmbeddedServer
from tests.helpers.programs import Runs


@pytest.fixture
def runs(server: EmbeddedServer, superuser: psycopg.Connection) -> Runs:
    """Return what runs plans."""
    return Runs(server, superuser)
