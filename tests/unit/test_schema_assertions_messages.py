"""Failure messages: expected, found, nearest, provenance; readable and bounded."""

from __future__ import annotations

import collections.abc as cabc
import functools
import pathlib
import subprocess
import sys
import textwrap
import time
import typing as typ

import attrs
import pytest

from pytest_userstate import (
    CheckConstraint,
    Column,
    DroppedObject,
    Enum,
    ForeignKey,
    Index,
    KeyConstraint,
    SchemaSnapshot,
    Source,
    Table,
    Trigger,
    View,
)
from pytest_userstate.assertions import (
    SOME,
    TableAssertions,
    assert_enum,
    assert_schema,
    assert_table,
    assert_view,
)

MADE = Source("migrations/001_users.sql", 4)
USERS = Table(
    "users",
    [
        Column("id", "uuid", source=MADE),
        Column("display_name", "text", source=Source("migrations/003_names.sql", 2)),
    ],
    primary_key=KeyConstraint(name="users_pkey", columns=["id"]),
    indexes=[Index(name="users_by_name", columns=["lower(display_name)"])],
    source=MADE,
)
NOTES = Table(
    "notes",
    [Column("owner_id", "uuid"), Column("body", "text")],
    foreign_keys=[
        ForeignKey(
            name="notes_owner",
            columns=["owner_id"],
            target_table="users",
            target_columns=["id"],
            on_delete="restrict",
        )
    ],
    check_constraints=[CheckConstraint(name="long", definition="CHECK ((body <> ''))")],
    source=Source("migrations/002_notes.sql", 1),
)
SNAPSHOT = SchemaSnapshot(
    [USERS, NOTES, Table("users", [Column("id", "uuid")], "auth")],
    views=[View("people", [Column("id", "uuid")])],
    enums=[Enum(name="mood", labels=["sad", "ok"])],
    dropped=[
        DroppedObject(schema="public", table="accounts", source=Source("m/008.sql", 1)),
        DroppedObject(
            schema="public", table="users", column="nick", source=Source("m/009.sql", 7)
        ),
    ],
)


def message(call: cabc.Callable[[], object]) -> str:
    """Return what a failing assertion says."""
    with pytest.raises(AssertionError) as caught:
        call()
    return str(caught.value)


def test_an_unknown_table_shows_the_nearest_and_where_they_come_from() -> None:
    """Namesakes in other schemas come first."""
    assert message(lambda: assert_table(SNAPSHOT, "app.users")) == textwrap.dedent(
        """\
        there is no table app.users

        found       no tables in schema app
        nearest     auth.users
                    public.users (migrations/001_users.sql:4)"""
    )
    assert "public.users (migrations" in message(lambda: assert_table(SNAPSHOT, "user"))


def test_a_dropped_table_names_the_migration_that_dropped_it() -> None:
    """File and line."""
    text = message(lambda: assert_table(SNAPSHOT, "accounts"))
    assert "dropped     public.accounts, by m/008.sql:1" in text


def test_something_of_another_kind_is_named() -> None:
    """A view is no table, and a table no view."""
    text = message(lambda: assert_table(SNAPSHOT, "people"))
    assert "but         public.people is a view" in text
    text = message(lambda: assert_view(SNAPSHOT, "users"))
    assert "but         public.users is a table (migrations/001_users.sql:4)" in text


def test_an_unknown_column_shows_the_nearest_with_its_type_and_migration() -> None:
    """Underscores and case make no great difference."""
    text = message(lambda: assert_table(SNAPSHOT, "users").has_column("displayName"))
    assert text == textwrap.dedent(
        """\
        table public.users has no column 'displayName'

        found       display_name, id
        nearest     display_name text not null (migrations/003_names.sql:2)"""
    )


def test_a_dropped_column_names_the_migration_that_dropped_it() -> None:
    """File and line, in every form of the assertion."""
    users = assert_table(SNAPSHOT, "users")
    for call in (
        lambda: users.has_column("nick"),
        lambda: users.has_exactly_columns(["id", "display_name", "nick"]),
    ):
        assert "dropped     public.users.nick, by m/009.sql:7" in message(call)


def test_every_fact_that_differs_is_shown_at_once() -> None:
    """One run of the test tells all, under the keywords that the test used."""
    users = assert_table(SNAPSHOT, "users")
    text = message(
        lambda: users.has_column(
            "display_name", data_type="varchar(32)", nullable=True, default="''"
        )
    )
    assert text == textwrap.dedent(
        """\
        column public.users.display_name is not as expected

        data_type:
          expected  character varying(32)
          found     text
        nullable:
          expected  yes
          found     no
        default:
          expected  ''
          found     none

        introduced  by migrations/003_names.sql:2"""
    )


def test_the_closest_of_several_is_compared_fact_by_fact() -> None:
    """The others are listed, and so is what would explain it."""
    notes = assert_table(SNAPSHOT, "notes")
    text = message(
        lambda: notes.has_foreign_key(
            "owner_id", references="user", on_delete="cascade"
        )
    )
    assert text == textwrap.dedent(
        """\
        table public.notes has no such foreign key

        references:
          expected  public.user
          found     public.users
        on_delete:
          expected  cascade
          found     restrict

        closest     notes_owner (owner_id) references public.users (id) on
                      delete restrict
        hint        there is no table public.user
        table       introduced by migrations/002_notes.sql:1"""
    )


def test_where_nothing_comes_close_everything_is_listed() -> None:
    """What was expected, in words, beside what there is."""
    text = message(
        lambda: assert_table(SNAPSHOT, "notes").has_check_constraint("a > 0")
    )
    assert "expected    expression a > 0" in text
    assert "found       long CHECK ((body <> ''))" in text
    text = message(lambda: assert_table(SNAPSHOT, "notes").has_primary_key(SOME))
    assert "found       none at all" in text


def test_an_index_given_by_name_hints_at_the_keyword() -> None:
    """Names and columns are easily mistaken for each other."""
    text = message(lambda: assert_table(SNAPSHOT, "users").has_index("users_by_name"))
    assert "has_index(SOME," in text
    assert "name='users_by_name')" in text


def test_a_partial_index_makes_nothing_unique() -> None:
    """Only an index of all rows contradicts that a column may repeat."""
    index = Index(name="one", columns=["id"], is_unique=True, predicate="(id > 0)")

    def users(index: Index) -> TableAssertions:
        table = Table("users", [Column("id", "uuid")], indexes=[index])
        return assert_table(SchemaSnapshot([table]), "users")

    users(index).has_no_unique_constraint("id")
    whole = users(attrs.evolve(index, predicate=None))
    text = message(lambda: whole.has_no_unique_constraint("id"))
    assert "the index: unique one (id)" in text


def test_a_primary_key_makes_its_columns_unique() -> None:
    """Without a unique constraint: the hint says so, and the negative form fails."""
    users = assert_table(SNAPSHOT, "users")
    text = message(lambda: users.has_unique_constraint("id"))
    assert "hint        the primary key users_pkey (id)" in text
    text = message(lambda: users.has_no_unique_constraint("id"))
    assert "has something that makes id unique" in text


def test_columns_that_a_foreign_key_sets_are_told_apart() -> None:
    """``SET NULL`` alone is all of them; some of them have to be named."""
    key = attrs.evolve(NOTES.foreign_keys[0], on_delete="set null (a, b)")
    table = attrs.evolve(NOTES, foreign_keys=[key])
    notes = assert_table(SchemaSnapshot([table, USERS]), "notes")
    notes.has_foreign_key(
        "owner_id", on_delete="set null", on_delete_columns=["b", "a"]
    )
    text = message(lambda: notes.has_foreign_key("owner_id", on_delete="set null"))
    assert "found     set null (a, b)" in text
    text = message(
        lambda: notes.has_foreign_key(
            "owner_id", on_delete="set null", on_delete_columns="a"
        )
    )
    assert "expected  set null (a)" in text


def test_objects_are_there_for_assertions_of_ones_own() -> None:
    """The value as it stands, from each kind of assertions."""
    assert assert_table(SNAPSHOT, "users").table == USERS
    assert assert_view(SNAPSHOT, "people").view == SNAPSHOT.views[0]
    assert assert_enum(SNAPSHOT, "mood").enum == SNAPSHOT.enums[0]


def test_a_trigger_that_cannot_be_read_has_no_facts() -> None:
    """A test may make a trigger by its name and function; nothing else passes then."""
    trigger = Trigger(name="touch", function="public.f", definition="")
    table = attrs.evolve(NOTES, triggers=[trigger])
    notes = assert_table(SchemaSnapshot([table]), "notes")
    notes.has_trigger("touch", function="f")
    facts: list[dict[str, typ.Any]] = [
        {"timing": "before"},
        {"events": "insert"},
        {"update_of": []},
        {"level": "row"},
        {"when": None},
    ]
    for fact in facts:
        text = message(functools.partial(notes.has_trigger, "touch", **fact))
        assert "found     not known" in text


def test_exact_forms_pair_what_is_missing_with_what_is_unexpected() -> None:
    """A renamed column is seen as such."""
    text = message(
        lambda: assert_table(SNAPSHOT, "users").has_exactly_columns(
            ["id", "displayname"]
        )
    )
    assert "missing     displayname" in text
    assert "unexpected  display_name (migrations/003_names.sql:2)" in text
    assert "nearest     'displayname': display_name" in text


def test_labels_tell_when_only_their_order_differs() -> None:
    """Order is what comparisons of an enumerated type go by."""
    mood = assert_enum(SNAPSHOT, "mood")
    assert "only their order" in message(lambda: mood.has_exactly_labels(["ok", "sad"]))
    text = message(lambda: mood.has_exactly_labels(["ok", "glad"]))
    assert "missing     glad" in text
    assert "unexpected  sad" in text


def large(count: int) -> SchemaSnapshot:
    """Return a schema of many tables with many columns, all with long names."""
    columns = [Column(f"a_rather_long_column_{each:04}", "text") for each in range(300)]
    return SchemaSnapshot(
        Table(f"some_table_with_a_long_name_{each:05}", columns, source=MADE)
        for each in range(count)
    )


def test_messages_are_bounded_in_a_large_schema() -> None:
    """Ten thousand tables, three hundred columns: still a page at most."""
    snapshot = large(10_000)
    table = assert_table(snapshot, "some_table_with_a_long_name_00000")
    calls: list[cabc.Callable[[], object]] = [
        lambda: assert_table(snapshot, "some_table_with_a_long_name"),
        lambda: assert_schema(snapshot, "public").has_exactly_tables(["users"]),
        lambda: table.has_column("a_rather_long_colum"),
        lambda: table.has_exactly_columns([f"other_{each}" for each in range(500)]),
        lambda: table.has_column("a_rather_long_column_0000", default="x" * 5000),
        lambda: assert_table(snapshot, "n" * 5000),
    ]
    for call in calls:
        start = time.process_time()
        text = message(call)
        assert time.process_time() - start < 5
        assert len(text.splitlines()) < 40
        assert len(text) < 3000
        assert max(map(len, text.splitlines())) <= 72


def test_looking_up_is_fast_in_a_large_schema() -> None:
    """A thousand assertions that hold, on ten thousand tables."""
    snapshot = large(10_000)
    assert_table(snapshot, "some_table_with_a_long_name_00000")
    start = time.process_time()
    for each in range(1000):
        assert_table(snapshot, f"some_table_with_a_long_name_{each:05}")
    assert time.process_time() - start < 1


def test_long_texts_lose_their_middle() -> None:
    """The beginning and the end tell more than the beginning alone."""
    long = Column("c", "text", default=" || ".join(["'words'"] * 200) + " || 'end'")
    snapshot = SchemaSnapshot([attrs.evolve(USERS, columns=[long])])
    text = message(
        lambda: assert_table(snapshot, "users").has_column("c", default=None)
    )
    assert " … " in text
    assert "'end'" in text
    assert len(text) < 1000


TESTS = """
from pytest_userstate import Column, SchemaSnapshot, Table
from pytest_userstate.assertions import *

SNAPSHOT = SchemaSnapshot([Table("users", [Column("id", "uuid")])])

def test_table():
    assert_table(SNAPSHOT, "user")

def test_column():
    assert_table(SNAPSHOT, "users").has_column("id", data_type="text")

def test_no_column():
    assert_no_column(SNAPSHOT, "id", of="users")

def test_index():
    assert_table(SNAPSHOT, "users").has_index("id")

def test_owner():
    assert_table(SNAPSHOT, "users").is_owned_by("app")

def test_privileges():
    assert_table(SNAPSHOT, "users").allows("app", to="select")

def test_extension():
    assert_extension(SNAPSHOT, "citext")

def test_domain():
    assert_domain(SNAPSHOT, "email", data_type="text")

def test_schema():
    assert_schema(SNAPSHOT, "public").has_exactly_views(["a"])

def test_comparison():
    assert SNAPSHOT == SchemaSnapshot()
"""


@pytest.mark.parametrize("style", ["long", "short", "line"])
def test_pytest_shows_no_traceback_of_ours(tmp_path: pathlib.Path, style: str) -> None:
    """Only the line of the test, and the message; at 80 columns."""
    (tmp_path / "test_schema.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--tb={style}"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "80"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert "10 failed" in done.stdout
    assert "asserting" not in done.stdout
    assert "pytest_userstate/assertions" not in done.stdout
    if style == "long":
        assert "E       AssertionError: there is no table public.user" in done.stdout
        shown = [line for line in done.stdout.splitlines() if line.startswith("E ")]
        assert max(map(len, shown)) <= 80
