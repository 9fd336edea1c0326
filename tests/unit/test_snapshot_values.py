"""Snapshots are values: canonical, comparable, hashable, unchangeable."""

from __future__ import annotations

import collections.abc as cabc
import itertools

import attrs
import pytest

from pytest_userstate.domain.access import Access
from pytest_userstate.domain.columns import (
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    Generated,
    Identity,
    Index,
    KeyConstraint,
    Source,
    Trigger,
)
from pytest_userstate.domain.errors import InvalidSnapshotError, UserStateError
from pytest_userstate.domain.snapshot import (
    Domain,
    DroppedObject,
    Enum,
    Extension,
    SchemaSnapshot,
    Table,
    TableKind,
    View,
    ViewKind,
)


def test_the_smallest_snapshot_is_easy_to_write() -> None:
    """The construction that the design promises."""
    snapshot = SchemaSnapshot(
        tables=[Table("users", [Column("id", "uuid", is_primary_key=True)])]
    )
    users = snapshot.table("users")
    assert users is not None
    assert (users.schema, users.kind) == ("public", TableKind.ORDINARY)
    (column,) = users.columns
    assert (column.name, column.data_type) == ("id", "uuid")
    assert column.is_primary_key
    assert not column.is_nullable
    assert SchemaSnapshot() == SchemaSnapshot(tables=[])


def full_snapshot(order: int) -> SchemaSnapshot:
    """Return a snapshot of everything, its parts turned around by `order`."""

    def turned(*values: object) -> object:
        """Any iterable will do: a generator is the strictest."""
        ring = itertools.cycle(values)
        return itertools.islice(ring, order, order + len(values))

    def table(name: str, schema: str) -> Table:
        return Table(
            name,
            turned(Column("id", "uuid"), Column("a", "text"), Column("é", "text")),
            schema,
            primary_key=KeyConstraint(name="pk", columns=iter(["id"])),
            unique_constraints=turned(
                *(KeyConstraint(name=each, columns=["a"]) for each in "xyz")
            ),
            foreign_keys=turned(
                *(
                    ForeignKey(
                        name=each,
                        columns=iter(["a"]),
                        target_table="t",
                        target_columns=iter(["id"]),
                    )
                    for each in "xyz"
                )
            ),
            check_constraints=turned(
                *(CheckConstraint(name=each, definition="true") for each in "xyz")
            ),
            exclusion_constraints=turned(
                *(ExclusionConstraint(name=each, definition="x") for each in "xyz")
            ),
            indexes=turned(*(Index(name=each, columns=iter("ab")) for each in "xyz")),
            triggers=turned(
                *(Trigger(name=each, function="f", definition="x") for each in "xyz")
            ),
        )

    return SchemaSnapshot(
        turned(table("b", "public"), table("a", "public"), table("a", "app")),
        views=turned(*(View(each, turned(*table("v", "s").columns)) for each in "vwx")),
        enums=turned(*(Enum(name=each, labels=iter(["z", "a"])) for each in "xyz")),
        domains=turned(*(Domain(name=each, data_type="text") for each in "xyz")),
        extensions=turned(*(Extension(name=each, version="1") for each in "xyz")),
        schemas=turned("public", "app", "auth"),
        dropped=turned(
            *(
                DroppedObject(schema="public", table=each, source=Source("m.sql"))
                for each in "xyz"
            )
        ),
    )


@pytest.mark.parametrize("order", [1, 2])
def test_equal_schemas_are_equal_whatever_the_order(order: int) -> None:
    """Equal, with one hash, and the same text down to the last byte."""
    one, other = full_snapshot(0), full_snapshot(order)
    assert one == other
    assert hash(one) == hash(other)
    assert repr(one) == repr(other)
    assert attrs.asdict(one) == attrs.asdict(other)


def test_order_is_canonical_and_everything_is_a_tuple() -> None:
    """Schema first, then name; columns by name."""
    snapshot = full_snapshot(1)
    assert [each.qualified_name for each in snapshot.tables] == [
        "app.a",
        "public.a",
        "public.b",
    ]
    assert [each.name for each in snapshot.tables[0].columns] == ["a", "id", "é"]
    assert snapshot.schemas == ("app", "auth", "public")
    for value in (snapshot, snapshot.tables[0], snapshot.views[0]):
        for field in attrs.fields(type(value)):
            assert not isinstance(getattr(value, field.name), list), field.name


def test_order_that_means_something_is_kept() -> None:
    """The columns of a key and the labels of an enumeration stay as they are."""
    key = KeyConstraint(name="pk", columns=["b", "a"])
    assert key.columns == ("b", "a")
    assert Enum(name="e", labels=["small", "large"]).labels == ("small", "large")
    assert Index(name="i", columns=["b", "a"]).columns == ("b", "a")
    assert key != KeyConstraint(name="pk", columns=["a", "b"])


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"columns": []},
        {"schema": "app"},
        {"kind": TableKind.PARTITIONED},
        {"partition_of": "public.parent"},
        {"primary_key": KeyConstraint(name="pk", columns=["id"])},
        {"has_row_security": True},
        {"is_bookkeeping": True},
        {"comment": "for people"},
    ],
)
def test_tables_that_differ_are_not_equal(change: dict[str, object]) -> None:
    """Every fact about the table counts."""
    users = Table("users", [Column("id", "uuid")])
    assert attrs.evolve(users, **change) != users


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"data_type": "text"},
        {"is_nullable": True},
        {"is_primary_key": True},
        {"default": "1"},
        {"identity": Identity.ALWAYS},
        {"generated": Generated.STORED},
        {"expression": "1"},
        {"has_equality": False},
        {"is_domain": True},
        {"collation": "C"},
        {"comment": "for people"},
    ],
)
def test_columns_that_differ_are_not_equal(change: dict[str, object]) -> None:
    """Every fact about the column counts."""
    column = Column("id", "uuid")
    assert attrs.evolve(column, **change) != column


def test_where_a_fact_comes_from_is_no_part_of_the_schema() -> None:
    """Sources and dropped objects leave equality and hash alone."""
    source = Source("m/1.sql", 4)

    def snapshot(made_by: Source | None) -> SchemaSnapshot:
        return SchemaSnapshot(
            [Table("users", [Column("id", "uuid", source=made_by)], source=made_by)],
            views=[View("v", [Column("id", "uuid")], source=made_by)],
            dropped=[
                DroppedObject(schema="public", table="old", source=made_by)
                for made_by in [made_by]
                if made_by
            ],
        )

    assert snapshot(source) == snapshot(None)
    assert hash(snapshot(source)) == hash(snapshot(None))
    assert snapshot(source).tables[0].source == source
    assert snapshot(source).dropped


def test_a_table_named_twice_in_one_schema_is_refused() -> None:
    """The message names it; the error is one of ours, and a ValueError."""
    with pytest.raises(InvalidSnapshotError, match=r"'app\.users'") as caught:
        SchemaSnapshot([Table("users", schema="app"), Table("users", schema="app")])
    assert isinstance(caught.value, UserStateError)
    assert isinstance(caught.value, ValueError)


def test_a_table_and_a_view_share_their_names() -> None:
    """One schema has one relation of a name, be it a table or a view."""
    with pytest.raises(InvalidSnapshotError, match=r"'public\.users'"):
        SchemaSnapshot([Table("users")], views=[View("users")])
    with pytest.raises(InvalidSnapshotError, match=r"'public\.users'"):
        SchemaSnapshot(views=[View("users"), View("users", kind=ViewKind.FOREIGN)])


def test_names_that_only_look_alike_are_no_duplicates() -> None:
    """Another schema, another case, and names that hold dots themselves."""
    snapshot = SchemaSnapshot(
        [
            Table("users"),
            Table("Users"),
            Table("users", schema="app"),
            Table("c", schema="a.b"),
            Table("b.c", schema="a"),
        ]
    )
    assert len(snapshot.tables) == 5


def test_everything_that_comes_twice_is_named() -> None:
    """In order, so that one look mends it."""
    twice = [Table(name) for name in ("b", "a", "c", "b", "a")]
    with pytest.raises(InvalidSnapshotError, match=r"'public\.a', 'public\.b'$"):
        SchemaSnapshot(twice)


def test_tables_are_sorted_by_schema_first() -> None:
    """Then by name."""
    snapshot = SchemaSnapshot([Table("a", schema="y"), Table("b", schema="x")])
    assert [each.schema for each in snapshot.tables] == ["x", "y"]


def test_a_large_snapshot_is_shown_by_its_first_tables() -> None:
    """A failed comparison would print megabytes otherwise."""
    names = [f"t{number:04}" for number in range(1101)]
    whole, short = (repr(SchemaSnapshot(map(Table, names[:n]))) for n in (100, 1101))
    assert repr(Table("t0099")) in whole
    assert "more)" not in whole
    first = ", ".join(repr(Table(name)) for name in names[:100])
    assert f"tables=({first}, … 1,001 more)" in short


def test_a_large_snapshot_is_shown_by_its_first_views() -> None:
    """They may be as many as tables."""
    shown = repr(SchemaSnapshot(views=[View(f"v{number}") for number in range(200)]))
    assert "… 100 more)" in shown


def test_who_may_do_what_is_no_part_of_the_schema() -> None:
    """The roles of two servers differ; a failed comparison does not list them."""
    read = SchemaSnapshot([Table("users")], access=Access())
    assert read.access is not None
    assert read == SchemaSnapshot([Table("users")])
    assert repr(read) == repr(SchemaSnapshot([Table("users")]))


def test_a_column_named_twice_is_refused() -> None:
    """The message names table and column."""
    with pytest.raises(InvalidSnapshotError, match=r"app\.users .*'id'"):
        Table("users", [Column("id", "uuid"), Column("id", "text")], "app")
    assert (
        len(Table("users", [Column("id", "uuid"), Column("Id", "text")]).columns) == 2
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda text: KeyConstraint(name="pk", columns=text),
        lambda text: KeyConstraint(name="pk", columns=["id"], included=text),
        lambda text: CheckConstraint(name="c", definition="true", columns=text),
        lambda text: Index(name="i", columns=text),
        lambda text: Index(name="i", columns=["id"], included=text),
        lambda text: SchemaSnapshot(schemas=text),
    ],
)
def test_one_string_is_not_several(make: cabc.Callable[[str], object]) -> None:
    """A string in place of strings would silently become its letters."""
    with pytest.raises(TypeError, match=r"several strings, .* 'user_id'"):
        make("user_id")


@pytest.mark.parametrize(
    "value",
    [
        Source("a.sql"),
        Column("id", "uuid"),
        Table("users"),
        View("v"),
        SchemaSnapshot(),
        KeyConstraint(name="pk", columns=["id"]),
        Extension(name="citext", version="1"),
        DroppedObject(schema="public", table="old", source=Source("a.sql")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_are_frozen_and_hashable(value: object) -> None:
    """They can be shared, and used as keys."""
    hash(value)
    field = attrs.fields(type(value))[0].name
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(value, field, "other")


def test_a_table_is_found_by_its_exact_name_and_schema() -> None:
    """No search path, no folding of case."""
    snapshot = SchemaSnapshot([Table("Users"), Table("users", schema="app")])
    assert snapshot.table("users") is None
    assert snapshot.table("Users") is not None
    assert snapshot.table("Users", schema="app") is None
    found = snapshot.table("users", schema="app")
    assert found is not None
    assert found.schema == "app"


def test_a_column_is_found_by_its_exact_name() -> None:
    """No folding of case."""
    users = Table("users", [Column("displayName", "text")])
    assert users.column("displayname") is None
    assert users.column("displayName") is users.columns[0]


def test_a_source_reads_as_compilers_write_it() -> None:
    """Path and line, or the path alone where the line is not certain."""
    assert str(Source("m/1.sql", 4)) == "m/1.sql:4"
    assert str(Source("m/1.sql")) == "m/1.sql"


def test_what_was_dropped_twice_can_be_sorted() -> None:
    """Also where only one of the two lines is certain."""
    twice = [
        DroppedObject(schema="public", table="old", source=Source("m.sql", line))
        for line in (7, 1, None, 3)
    ]
    lines = [each.source.line for each in SchemaSnapshot(dropped=twice).dropped]
    assert lines == [None, 1, 3, 7]


def test_a_dropped_object_is_named_in_full() -> None:
    """A table by schema and name, a column with its table."""
    source = Source("m.sql")
    table = DroppedObject(schema="app", table="old", source=source)
    assert table.qualified_name == "app.old"
    assert attrs.evolve(table, column="note").qualified_name == "app.old.note"


@pytest.mark.parametrize("kind", ["column", "constraint", "index"])
def test_a_dropped_object_says_what_it_was(kind: str) -> None:
    """A part of its table, or else the table."""
    table = DroppedObject(schema="app", table="old", source=Source("m.sql"))
    assert (table.kind, table.part) == ("", "")
    gone = attrs.evolve(table, **{kind: "note"})
    assert (gone.kind, gone.part) == (kind, "note")


def test_a_view_is_named_in_full() -> None:
    """As a table is."""
    assert View("v", schema="app").qualified_name == "app.v"
