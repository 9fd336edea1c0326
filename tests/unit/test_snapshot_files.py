"""Snapshot files: what is written can be read back, and what is wrong is said."""

from __future__ import annotations

import json
import typing as typ

import attrs
import hypothesis
import pytest

from pytest_userstate import (
    Access,
    Column,
    Enum,
    Extension,
    Identity,
    Index,
    SchemaSnapshot,
    Sequence,
    SnapshotFileError,
    Source,
    Table,
    View,
)
from pytest_userstate.application.snapshot_text import read_snapshot, write_snapshot
from tests.helpers.full_snapshots import full_snapshots

SNAPSHOT = SchemaSnapshot(
    [
        Table(
            "users",
            [
                Column("nick", "text", is_nullable=True),
                Column("id", "bigint", identity=Identity.ALWAYS),
            ],
            indexes=[Index(name="users_nick", columns=["nick"])],
        ),
        Table("log", [Column("id", "uuid")], "audit"),
    ],
    views=[
        View("names", [Column("nick", "text")], definition=" SELECT nick\n FROM x;")
    ],
    enums=[Enum(name="mood", labels=["sad", "ok"])],
    extensions=[Extension(name="citext", version="1.6")],
    schemas=["public", "audit"],
)
TEXT = """\
{
  "userstate_snapshot": 2,
  "tables": [
    {
      "schema": "audit",
      "name": "log",
      "columns": [
        {"name": "id", "data_type": "uuid"}
      ]
    },
    {
      "schema": "public",
      "name": "users",
      "columns": [
        {"name": "id", "data_type": "bigint", "identity": "always"},
        {"name": "nick", "data_type": "text", "is_nullable": true}
      ],
      "indexes": [
        {"name": "users_nick", "columns": ["nick"]}
      ]
    }
  ],
  "views": [
    {
      "schema": "public",
      "name": "names",
      "columns": [
        {"name": "nick", "data_type": "text"}
      ],
      "definition": [
        " SELECT nick",
        " FROM x;"
      ]
    }
  ],
  "enums": [
    {
      "schema": "public",
      "name": "mood",
      "labels": [
        "sad",
        "ok"
      ]
    }
  ],
  "extensions": [
    {"schema": "public", "name": "citext", "version": "1.6"}
  ],
  "schemas": ["audit", "public"]
}
"""


def test_a_fact_stands_on_a_line_of_its_own() -> None:
    """A review sees what was changed, and nothing of where it came from."""
    assert write_snapshot(SNAPSHOT) == TEXT
    source = Source("m/1.sql", 3)
    traced = attrs.evolve(
        SNAPSHOT,
        tables=[attrs.evolve(each, source=source) for each in SNAPSHOT.tables],
        access=Access(),
    )
    assert write_snapshot(traced) == TEXT
    assert read_snapshot(TEXT, file="x") == SNAPSHOT


@hypothesis.given(full_snapshots)
def test_every_snapshot_can_be_read_back(snapshot: SchemaSnapshot) -> None:
    """Whatever a name or an expression holds, and with the same bytes again."""
    text = write_snapshot(snapshot)
    read = read_snapshot(text, file="x")
    assert read == snapshot
    assert write_snapshot(read) == text
    assert read_snapshot(text.encode().decode(), file="x") == snapshot


def test_other_blanks_and_another_order_are_fine() -> None:
    """As formatters, and hands, leave them."""
    value = json.loads(TEXT)
    value["tables"].reverse()
    for text in (json.dumps(value), json.dumps(value, indent=8, sort_keys=True)):
        assert read_snapshot(text, file="x") == SNAPSHOT
    assert read_snapshot(TEXT.replace("\n", "\r\n"), file="x") == SNAPSHOT


def changed(**members: typ.Any) -> str:
    """Return the file with other members."""
    return json.dumps(json.loads(TEXT) | members)


COLUMN = {"name": "id", "data_type": "uuid"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", [":1:1 is damaged"]),
        (TEXT[:200], ["schema.json:12:", "is damaged"]),
        (TEXT.replace('"id", "data', '"id" "data'), ["schema.json:8:", "is damaged"]),
        ("[" * 100_000, ["is damaged"]),
        ("[]", ["is no schema snapshot", "userstate_snapshot"]),
        ("{}", ["is no schema snapshot"]),
        (changed(userstate_snapshot="1"), ["is no schema snapshot"]),
        (changed(userstate_snapshot=True), ["is no schema snapshot"]),
        (changed(userstate_snapshot=0), ["is no schema snapshot"]),
        (changed(userstate_snapshot=3, new={}), ["has format 3", "update"]),
        (
            TEXT.replace('  "views"', '<<<<<<< HEAD\n  "views"'),
            ["schema.json:23 holds a merge conflict"],
        ),
        ('{"userstate_snapshot": 1, "tables": [], "tables": []}', ["'tables' twice"]),
        (changed(table=[]), ["`table` is no known key", "did you mean 'tables'"]),
        (changed(tables={}), ["`tables` is an object; expected a list"]),
        (changed(tables=None), ["`tables` is null; expected a list"]),
        (changed(tables=[1]), ["`tables[0]` is a whole number; expected an object"]),
        (changed(tables=[{}]), ["`tables[0].name` is missing"]),
        (
            changed(tables=[{"name": "t", "columns": [COLUMN, {**COLUMN, "x": 1}]}]),
            ["`tables[0] (t).columns[1] (id).x` is no known key"],
        ),
        (
            changed(tables=[{"name": "t", "columns": [{**COLUMN, "is_nullable": 1}]}]),
            ["columns[0] (id).is_nullable` is a whole number; expected true or false"],
        ),
        (
            changed(tables=[{"name": "t", "columns": [{**COLUMN, "identity": "no"}]}]),
            ["identity` is 'no'", "always, by default"],
        ),
        (
            changed(tables=[{"name": "t", "source": {"path": "x"}}]),
            ["`tables[0] (t).source` is no known key"],
        ),
        (changed(tables=[{"name": "t"}] * 2), ["two relations named 'public.t'"]),
        (
            changed(tables=[{"name": "t", "columns": [COLUMN] * 2}]),
            ["tables[0] (t)", "two columns named 'id'"],
        ),
        (changed(enums=[{"name": "e", "labels": "ab"}]), ["is a string; expected a"]),
        (
            changed(views=[{"name": "v", "definition": "x"}]),
            ["definition` is a string"],
        ),
        (
            changed(sequences=[{"name": "s", "start": 1.5}]),
            ["start` is a number; expected a whole number"],
        ),
        (changed(tables=[{}] * 30), ["and 20 more"]),
        (changed(dropped=[]), ["`dropped` is no known key"]),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, words: list[str]) -> None:
    """Which file, where in it, what was found, and what was expected."""
    with pytest.raises(SnapshotFileError) as caught:
        read_snapshot(text, file="db/schema.json")
    message = str(caught.value)
    assert message.startswith(("db/schema.json ", "db/schema.json:"))
    assert caught.value.file == "db/schema.json"
    assert caught.value.is_newer == ("format 2" in message)
    assert len(message.splitlines()) <= 12
    for word in words:
        assert word in message


def test_the_largest_sequence_is_read() -> None:
    """Numbers beyond what other languages hold exactly."""
    snapshot = SchemaSnapshot(sequences=[Sequence(name="s", maximum=2**63 - 2)])
    assert read_snapshot(write_snapshot(snapshot), file="x") == snapshot
