"""`[postgres] session`: what each connection that migrates begins with."""

from __future__ import annotations

import pathlib
import sys

import pytest

from pytest_userstate.application.settings import AuditRequest
from pytest_userstate.bootstrap import prepare
from pytest_userstate.domain.errors import ConfigurationError, MigrationError

EXPECTED = "ASSERT current_setting('app.environment') = 'test';"
CHECK = f"DO $$ BEGIN {EXPECTED} END $$"


def load(folder: pathlib.Path, configuration: str) -> list[str]:
    """Return the tables that the migrations of a folder make."""
    (folder / "userstate.toml").write_text(configuration)
    request = AuditRequest(invocation_dir=folder, root_dir=folder)
    with prepare(request).target.open() as database:
        return [f"{t.schema}.{t.name}" for t in database.load().tables]


def test_files_get_them_in_every_session(tmp_path: pathlib.Path) -> None:
    """Also after a migration has reset all that it found."""
    (tmp_path / "migrations").mkdir()
    for number, text in enumerate(("RESET ALL;", f"{CHECK}; CREATE TABLE t ();"), 1):
        (tmp_path / f"migrations/{number}.sql").write_text(text)
    (tmp_path / "setup.sql").write_text("CREATE SCHEMA s AUTHORIZATION userstate;")
    configuration = """
        [postgres]
        setup = "setup.sql"
        session = ["SET app.environment = 'test'", "set session search_path to s;"]
    """
    assert load(tmp_path, configuration) == ["s.t"]
    for text, error in (
        ("SET work_mem = 'much'", "invalid value"),
        ("SET no_such = 1", "unrecognized configuration parameter"),
    ):
        lines = f'[postgres]\nsession = [\n  "SET a.b = 1",\n  "{text}",\n]'
        with pytest.raises(MigrationError, match=error) as caught:
            load(tmp_path, lines)
        assert str(caught.value).startswith("userstate.toml:4: a setting of ")
        assert text in str(caught.value)


def test_programs_get_them_too(tmp_path: pathlib.Path) -> None:
    """In whatever connection they open."""
    program = (
        "import os, psycopg; c = psycopg.connect(os.environ['DATABASE_URL']);"
        f'c.execute("{CHECK}"); c.execute("CREATE TABLE t ()"); c.commit()'
    )
    (tmp_path / "migrate.py").write_text(program)
    configuration = f"""
        [migrations]
        path = "."
        tool = "command"
        command = ["{sys.executable}", "migrate.py"]
        [postgres]
        session = ["SET app.environment = 'test'"]
    """
    assert load(tmp_path, configuration) == ["public.t"]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "SET a.b = 1; SET a.c = 2",
        "SET LOCAL a.b = 1",
        "SET SESSION AUTHORIZATION x",
        "SET TRANSACTION READ ONLY",
        "-- nothing",
    ],
)
def test_nothing_else_is_taken(tmp_path: pathlib.Path, statement: str) -> None:
    """The message names the line, and shows what is expected."""
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/1.sql").write_text("SELECT 1;")
    with pytest.raises(ConfigurationError, match=r"SET app\.environment") as caught:
        load(tmp_path, f'[postgres]\n\nsession = ["{statement}"]')
    assert str(caught.value).startswith("userstate.toml:3: `postgres.session` has ")
