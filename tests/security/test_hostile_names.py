"""Names that were chosen to steer a terminal, in what tests of one's own print."""

from __future__ import annotations

import json
import pathlib

import pytest

from pytest_userstate import (
    Column,
    KeyConstraint,
    SchemaSnapshot,
    SnapshotFileError,
    Table,
    read_snapshot,
)
from pytest_userstate.application.explanation import explain
from pytest_userstate.assertions import (
    assert_no_table,
    assert_same_schema,
    assert_table,
)

NAME = "a\x1b]0;title\x07\u202eb ##[error]c"
HARMLESS = r"a\u001b]0;title\u0007\u202eb ##\[error]c"
SCHEMA = SchemaSnapshot(
    [
        Table(
            "users",
            [Column(NAME, NAME, default=NAME)],
            primary_key=KeyConstraint(name=NAME, columns=[NAME]),
            comment=NAME,
        ),
        Table(NAME),
    ]
)


@pytest.mark.parametrize(
    "check",
    [
        lambda: assert_no_table(SCHEMA, NAME),
        lambda: assert_table(SCHEMA, "users").has_column("a"),
        lambda: assert_table(SCHEMA, "users").has_column(NAME, data_type="text"),
        lambda: assert_table(SCHEMA, "users").has_exactly_columns(["id"]),
        lambda: assert_table(SCHEMA, "users").has_primary_key("a"),
        lambda: assert_table(SCHEMA, "users").has_no_comment(),
        lambda: assert_same_schema(SCHEMA, accepted=SchemaSnapshot()),
    ],
)
def test_no_name_in_a_failure_steers_what_shows_it(check: object) -> None:
    """Neither a terminal nor a CI runner; the name can still be told."""
    assert callable(check)
    with pytest.raises(AssertionError) as caught:
        check()
    text = str(caught.value)
    assert all(line.isprintable() for line in text.split("\n"))
    assert "##[" not in text
    assert "]0;title" in text


def test_no_name_in_an_explanation_steers_what_shows_it() -> None:
    """Pytest prints it as it is."""
    lines = explain("==", SCHEMA, SchemaSnapshot())
    assert lines
    assert all(line.isprintable() for line in lines)
    assert any(HARMLESS in line for line in lines)


def test_no_name_in_a_damaged_snapshot_file_steers_what_shows_it(
    tmp_path: pathlib.Path,
) -> None:
    """Whoever commits the file may not be who reads it."""
    file = tmp_path / "schema.json"
    tables = [{"name": NAME, "columns": [{"name": NAME, "is_nullable": NAME}]}]
    file.write_text(json.dumps({"userstate_snapshot": 1, "tables": tables, NAME: 1}))
    with pytest.raises(SnapshotFileError, match="holds what no schema") as caught:
        read_snapshot(file)
    lines = str(caught.value).splitlines()
    assert len(lines) > 2
    assert all(line.isprintable() for line in lines)
    assert "##[" not in str(caught.value)
