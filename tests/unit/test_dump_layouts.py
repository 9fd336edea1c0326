"""A file with a whole schema is read as psql would load it."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import Confidence
from pytest_userstate.outbound.migrations.plan import Mode
from pytest_userstate.outbound.migrations.tools import dumps

BOTH = pytest.mark.parametrize("layout", [dumps.PG_DUMP, dumps.STRUCTURE])


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    """Make the file."""
    made = tmp_path / "db/structure.sql"
    made.parent.mkdir()
    made.write_text("\\restrict a\nCREATE TABLE t ();\n\\unrestrict a\n")
    return made


@BOTH
def test_the_file_is_a_script(
    file: pathlib.Path, layout: dumps.PgDumpLayout | dumps.StructureLayout
) -> None:
    """One migration, statement by statement."""
    plan = layout.load(file, file.parent.parent)
    [migration] = plan.migrations
    [batch] = migration.batches
    assert (migration.version, migration.path) == ("structure", "db/structure.sql")
    assert (batch.mode, batch.in_transaction) == (Mode.SCRIPT, False)
    assert batch.sql == file.read_text()


@BOTH
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"PGDMP\x01\x0e\x00", "pg_restore --file=schema.sql structure.sql"),
        (b"SELECT '\xff';", "the file is not UTF-8"),
    ],
)
def test_a_file_that_is_no_sql(
    file: pathlib.Path,
    layout: dumps.PgDumpLayout | dumps.StructureLayout,
    content: bytes,
    problem: str,
) -> None:
    """An archive of pg_dump's can be written as SQL, and the message says how."""
    file.write_bytes(content)
    with pytest.raises(MigrationError) as caught:
        layout.load(file, file.parent.parent)
    assert caught.value.path == "db/structure.sql"
    assert problem in str(caught.value)


OWNED = """\
CREATE TABLE t ();
ALTER TABLE t OWNER TO app;
ALTER FUNCTION f(a int) OWNER TO "App Owner";
SET SESSION AUTHORIZATION 'app';
COMMENT ON EXTENSION citext IS 'x';
ALTER DEFAULT PRIVILEGES FOR ROLE app GRANT SELECT ON TABLES TO reader;
COPY t FROM stdin;
ALTER TABLE t OWNER TO app;
\\.
GRANT SELECT ON TABLE t TO reader, "Group" WITH GRANT OPTION;
GRANT ALL ON SCHEMA public TO PUBLIC;
REVOKE ALL ON TABLE t FROM GROUP old;
CREATE POLICY p ON t FOR SELECT TO seer, public USING (true);
"""


@BOTH
def test_owners_are_left_out(
    file: pathlib.Path, layout: dumps.PgDumpLayout | dumps.StructureLayout
) -> None:
    """As by pg_dump --no-owner, with lines and rows as they are, and a warning."""
    file.write_text(OWNED)
    plan = layout.load(file, file.parent.parent)
    lines = plan.migrations[0].batches[0].sql.splitlines()
    assert [line.strip(" ;") for line in lines[1:6]] == [""] * 5
    assert lines[7] == "ALTER TABLE t OWNER TO app;"
    [warning] = plan.warnings
    assert "db/structure.sql:2: 5 statements about owners left out" in warning


@BOTH
def test_roles_that_are_granted_to_are_known(
    file: pathlib.Path, layout: dumps.PgDumpLayout | dumps.StructureLayout
) -> None:
    """They are made if they are missing; keywords and owners are no such roles."""
    file.write_text(OWNED)
    plan = layout.load(file, file.parent.parent)
    assert plan.roles == {"reader", "Group", "old", "seer"}


def test_only_files_are_recognized(file: pathlib.Path) -> None:
    """Rails' by its name, any other as what is left."""
    other = file.with_name("schema.sql")
    other.write_text("")
    assert dumps.STRUCTURE.recognizes(file) is Confidence.CERTAIN
    assert dumps.STRUCTURE.recognizes(other) is Confidence.NONE
    assert dumps.PG_DUMP.recognizes(other) is Confidence.FALLBACK
    for layout in (dumps.PG_DUMP, dumps.STRUCTURE):
        assert layout.recognizes(file.parent) is Confidence.NONE


def test_rails_keeps_its_own_tables(file: pathlib.Path) -> None:
    """The rows are those of the file."""
    plan = dumps.STRUCTURE.load(file, file.parent)
    assert plan.bookkeeping_tables == {"schema_migrations", "ar_internal_metadata"}
