"""Whatever PostgreSQL lets be made, the catalog can be read afterwards."""

from __future__ import annotations

import pathlib
import re

from pytest_userstate.outbound.postgres.server import OWNER, SUPERUSER, EmbeddedServer
from tests.helpers.catalog import load

STATEMENTS = [
    (int(since or 14), statement)
    for since, statement in re.findall(
        r"^(?:-- (\d+)\n)?((?!--).+?);$",
        pathlib.Path(__file__)
        .parents[1]
        .joinpath("helpers/odd_objects.sql")
        .read_text(),
        re.MULTILINE | re.DOTALL,
    )
]


def test_the_catalog_can_be_read_after_each_statement(server: EmbeddedServer) -> None:
    """Odd types, partitions, members of extensions, dropped parts, and all others."""
    with server.connect(user=SUPERUSER) as admin:
        admin.execute(f"CREATE DATABASE odd OWNER {OWNER}")
        try:
            with server.connect(dbname="odd", user=SUPERUSER) as session:
                version = session.info.server_version // 10_000
                for since, statement in STATEMENTS:
                    if version >= since:
                        session.execute(statement)
                        snapshot = load(session)
                assert len(snapshot.tables) > 20
        finally:
            admin.execute("DROP DATABASE odd WITH (FORCE)")
            admin.execute('DROP ROLE r1; DROP ROLE "ro.le ""q"""')


def test_there_are_statements_of_every_kind() -> None:
    """They were found, so that the test above can fail."""
    assert len(STATEMENTS) > 90
