"""Collations of ICU on the embedded server, which was built without it."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.application.settings import AuditRequest
from pytest_userstate.bootstrap import prepare
from pytest_userstate.outbound.postgres.stubs import with_stubs

MIGRATION = """\
CREATE COLLATION folded (
  provider = icu,
  locale = 'und-u-ks-level2', deterministic = false
);
CREATE TABLE users (
  email text COLLATE folded UNIQUE,
  name text COLLATE "de-x-icu"
);
CREATE INDEX ON users (name COLLATE "und-x-icu" DESC);
INSERT INTO users VALUES ('a', 'b'), ('A', 'B');
"""
STUB = 'CREATE COLLATION a FROM pg_catalog."C"'


def test_they_are_there_by_name_and_reported(tmp_path: pathlib.Path) -> None:
    """Columns have them, indexes work, and lines stay those of the file."""
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/1.sql").write_text(MIGRATION)
    request = AuditRequest(invocation_dir=tmp_path, root_dir=tmp_path)
    with prepare(request).target.open() as database:
        table = database.load().table("users")
        [warning] = [line for line in database.warnings if "ICU" in line]
    assert [column.collation for column in table.columns] == [
        "public.folded",
        "de-x-icu",
    ]
    assert table.source is not None
    assert table.source.line == 5
    assert warning.endswith(": folded (migrations/1.sql:1), und-x-icu, de-x-icu")


@pytest.mark.parametrize(
    ("statement", "stub"),
    [
        (
            "create collation if not exists s.\"A b\" (locale = '', provider = 'icu')",
            'create collation if not exists s."A b" FROM pg_catalog."C"',
        ),
        ("CREATE COLLATION a (PROVIDER=ICU,LOCALE='de')", STUB),
        ("CREATE COLLATION a (provider = builtin, locale = 'C')", ""),
        ('CREATE COLLATION a FROM "de-x-icu"', ""),
        ("COMMENT ON COLLATION icu IS 'CREATE COLLATION a (provider = icu)'", ""),
        ("SELECT 'collation icu'", ""),
    ],
)
def test_only_what_makes_one_is_replaced(statement: str, stub: str) -> None:
    """By a text of the same length, with the same lines."""
    text = f"-- icu\n{statement};\nSELECT 1;\n"
    replaced = with_stubs(text)
    assert len(replaced.sql) == len(text)
    lines = [line.removesuffix(";").rstrip() for line in replaced.sql.splitlines()]
    assert lines == ["-- icu", stub or statement, "SELECT 1"]
    assert bool(replaced.collations) == bool(stub)
