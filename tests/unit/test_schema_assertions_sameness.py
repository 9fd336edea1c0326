"""A whole schema, held against one that was accepted."""

from __future__ import annotations

import pathlib

import attrs
import pytest

from pytest_userstate import (
    Column,
    DroppedObject,
    KeyConstraint,
    SchemaSnapshot,
    SnapshotFileError,
    Source,
    Table,
    read_snapshot,
)
from pytest_userstate.application.snapshot_text import write_snapshot
from pytest_userstate.assertions import assert_same_schema

KEY = KeyConstraint(name="users_pkey", columns=["id"])
NICK = Column("nick", "text", source=Source("migrations/002.sql", 3))
USERS = Table("users", [Column("id", "uuid"), NICK], primary_key=KEY)
NOW = SchemaSnapshot(
    [USERS, Table("bookkeeping", is_bookkeeping=True)],
    dropped=[
        DroppedObject(schema="public", table="notes", source=Source("003.sql", 1))
    ],
)
THEN = SchemaSnapshot(
    [
        attrs.evolve(USERS, columns=[Column("id", "text")]),
        Table("notes", [Column("body", "text")]),
    ]
)


def message_of(*args: SchemaSnapshot, accepted: object) -> str:
    """Return what the failure says."""
    with pytest.raises(AssertionError) as caught:
        assert_same_schema(*args, accepted=accepted)
    return str(caught.value)


@pytest.fixture
def file(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a snapshot file of what was, in the current folder."""
    monkeypatch.chdir(tmp_path)
    pathlib.Path("my schema.json").write_text(write_snapshot(THEN))
    return "my schema.json"


def test_what_means_the_same_passes(file: str) -> None:
    """Sources, records of tools, and what was dropped once take no part."""
    assert_same_schema(THEN, accepted=file)
    assert_same_schema(THEN, accepted=pathlib.Path(file))
    bare = SchemaSnapshot([attrs.evolve(USERS, columns=[Column("id", "uuid"), NICK])])
    assert_same_schema(NOW, accepted=bare)


def test_a_failure_tells_the_difference_and_how_to_accept_it(file: str) -> None:
    """With the migrations that made it, and the command that writes the file anew."""
    assert (
        message_of(NOW, accepted=file)
        == """\
the schema differs from my schema.json in 1 table, 2
columns

- 1 only in my schema.json, + 1 only here, ! 1 in both, but different
- table public.notes with 1 column  [dropped by 003.sql:1]
! column public.users.id
    data_type: text != uuid
+ column public.users.nick text not null  [migrations/002.sql:3]

hint        if this is meant, accept it: pytest --userstate-audit
              --userstate-snapshot-update='my schema.json'"""
    )


def test_between_values_there_is_no_file_to_write() -> None:
    """So nothing is said about one."""
    text = message_of(NOW, accepted=THEN)
    assert text.startswith("the schema differs from the accepted one in 1 table, 2")
    assert "hint" not in text


def test_a_large_difference_stays_a_page() -> None:
    """However much differs."""
    many = SchemaSnapshot([Table(f"t{number}") for number in range(1000)])
    text = message_of(many, accepted=SchemaSnapshot())
    assert "… and 975 more: 975 tables" in text
    assert len(text.splitlines()) < 40


def test_a_snapshot_file_is_read(file: str) -> None:
    """As the value that was written."""
    assert read_snapshot(file) == THEN
    assert read_snapshot(pathlib.Path(file).absolute()) == THEN


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "other.json is not there"),
        ("{", "other.json:1:2 is damaged"),
        ('{"userstate_snapshot": 99}', "other.json has format 99, which a newer"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(
    file: str, text: str | None, problem: str
) -> None:
    """What is wrong, where it was looked for, and the command that writes it."""
    if text is not None:
        pathlib.Path("other.json").write_text(text)
    with pytest.raises(SnapshotFileError, match=problem) as caught:
        assert_same_schema(THEN, accepted="other.json")
    assert str(caught.traceback.filter(caught)[-1].path) == __file__
    place = pathlib.Path("other.json").absolute()
    if caught.value.is_newer:
        assert not hasattr(caught.value, "__notes__")
    else:
        (note,) = caught.value.__notes__
        assert note == (
            f"looked for at {place}; write it anew with pytest --userstate-audit "
            "--userstate-snapshot-update=other.json"
        )


@pytest.mark.parametrize(
    "dsn", ["postgresql://me:secret@host/db", "host=db password=secret"]
)
def test_a_connection_string_is_no_file_and_stays_secret(dsn: str) -> None:
    """It would be named as a file that is not there, password and all."""
    with pytest.raises(TypeError, match="not a connection string") as caught:
        assert_same_schema(THEN, accepted=dsn)
    assert "secret" not in str(caught.value)


def test_what_is_no_schema_is_refused() -> None:
    """On either side."""
    with pytest.raises(TypeError, match="not int"):
        assert_same_schema(THEN, accepted=7)
    with pytest.raises(TypeError, match=r"the string 'schema\.json'"):
        assert_same_schema("schema.json", accepted=THEN)
