"""What migrations did to user state, as a snapshot's sources say it."""

from __future__ import annotations

from pytest_userstate.application.reporting.page import event_line
from pytest_userstate.application.reporting.text import flat
from pytest_userstate.domain.model import DEFAULT_MODEL
from pytest_userstate.domain.snapshot import (
    CheckConstraint,
    Column,
    DroppedObject,
    Index,
    SchemaSnapshot,
    Source,
    Table,
)
from pytest_userstate.domain.timeline import Timeline, timeline

ONE, TWO, THREE, FOUR = (Source(f"{name}.sql", 3) for name in ("z", "y", "x", "w"))
ORDER = ["z.sql", "nothing.sql", "y.sql", "x.sql", "w.sql"]


def retraced(*tables: Table, dropped: list[DroppedObject] | None = None) -> Timeline:
    """Return the timeline of a snapshot under the default model."""
    snapshot = SchemaSnapshot(tables, dropped=dropped or [], migrations=ORDER)
    return timeline(snapshot, DEFAULT_MODEL)


def lines(result: Timeline) -> list[tuple[str, list[str]]]:
    """Return a timeline as text: each migration with its events."""
    return [
        (entry.path, [flat(event_line(event)) for event in entry.events])
        for entry in result.entries
    ]


def users(*columns: Column, **facts: object) -> Table:
    """Return a table of users that the first migration made."""
    return Table("users", columns, source=ONE, **facts)  # type: ignore[arg-type]


def gone(table: str, source: Source, **facts: object) -> DroppedObject:
    """Return what a migration dropped or renamed, made by the first one."""
    return DroppedObject(
        schema="public",
        table=table,
        source=source,
        introduced_by=ONE,
        **facts,  # type: ignore[arg-type]
    )


def test_migrations_come_in_the_order_of_their_application() -> None:
    """Whatever they are called; and those that did nothing are counted."""
    result = retraced(
        users(Column("id", "uuid", source=ONE), Column("nick", "text", source=TWO))
    )
    assert lines(result) == [
        ("z.sql", ["introduced table public.users with column id"]),
        ("y.sql", ["introduced in public.users: column nick"]),
    ]
    assert result.others == 3


def test_a_change_is_an_event_of_its_own() -> None:
    """Of a table, a column, a constraint, and an index."""
    check = CheckConstraint(
        name="check", definition="CHECK (true)", source=ONE, changed_by=TWO
    )
    index = Index(name="index", columns=["id"], source=TWO, changed_by=THREE)
    result = retraced(
        users(
            Column("id", "uuid", source=ONE, changed_by=TWO),
            check_constraints=[check],
            indexes=[index],
            changed_by=THREE,
        )
    )
    assert lines(result) == [
        ("z.sql", ["introduced table public.users with column id; constraint check"]),
        (
            "y.sql",
            [
                "introduced in public.users: index index",
                "altered in public.users: column id; constraint check",
            ],
        ),
        ("x.sql", ["altered table public.users; index index"]),
    ]


def test_a_renamed_column_was_introduced_by_its_first_name() -> None:
    """A rename is no change of anything else."""
    column = Column("display_name", "text", source=ONE, changed_by=THREE)
    renames = [
        gone("users", TWO, column="nick", renamed_to=("public", "users", "name")),
        gone(
            "users",
            THREE,
            column="name",
            renamed_to=("public", "users", "display_name"),
        ),
    ]
    assert lines(retraced(users(column), dropped=renames)) == [
        ("z.sql", ["introduced table public.users with column nick"]),
        ("y.sql", ["renamed column public.users.nick to public.users.name"]),
        ("x.sql", ["renamed column public.users.name to public.users.display_name"]),
    ]


def test_a_renamed_table_takes_its_parts_along() -> None:
    """They are not renamed one by one; the entity is that of the later name."""
    table = users(Column("id", "uuid", source=ONE), changed_by=TWO)
    renames = [
        gone("people", TWO, renamed_to=("public", "users")),
        gone("people", TWO, column="id", renamed_to=("public", "users", "id")),
    ]
    result = retraced(table, dropped=renames)
    assert lines(result) == [
        ("z.sql", ["introduced table public.people with column id"]),
        ("y.sql", ["renamed table public.people to public.users"]),
    ]
    assert {event.entities for entry in result.entries for event in entry.events} == {
        ("login", "users", "profile")
    }


def test_names_that_were_exchanged_end() -> None:
    """Two tables can have swapped their names, in one migration or in two."""
    swapped = [
        gone("users", TWO, column="a", renamed_to=("public", "users", "b")),
        gone("users", TWO, column="b", renamed_to=("public", "users", "a")),
        gone("users", TWO, renamed_to=("public", "people")),
        gone("people", TWO, renamed_to=("public", "users")),
    ]
    table = users(Column("a", "text", source=ONE), Column("b", "text", source=ONE))
    assert [path for path, _ in lines(retraced(table, dropped=swapped))] == [
        "z.sql",
        "y.sql",
    ]


def test_what_was_dropped_is_still_in_it() -> None:
    """With what its table took along said once; other tables are left out."""
    ended = [
        gone("users", FOUR),
        gone("users", FOUR, column="id"),
        gone("users", FOUR, constraint="users_pkey"),
        gone("users", FOUR, index="users_pkey"),
        gone("users", TWO, column="nick"),
        gone("orders", TWO),
    ]
    key = "constraint users_pkey"
    assert lines(retraced(dropped=ended)) == [
        (
            "z.sql",
            [f"introduced table public.users with columns id, nick; {key}"],
        ),
        ("y.sql", ["dropped in public.users: column nick"]),
        ("w.sql", ["dropped table public.users"]),
    ]


def test_nothing_is_known_of_a_live_database() -> None:
    """Nothing in it has a source."""
    assert timeline(SchemaSnapshot([Table("users")]), DEFAULT_MODEL) == Timeline()


def test_what_is_there_before_the_migrations_comes_first() -> None:
    """Such as a table of the setup."""
    setup = Source("setup.sql")
    table = Table("users", [Column("id", "uuid", source=ONE)], source=setup)
    assert [entry.path for entry in retraced(table).entries] == ["setup.sql", "z.sql"]
