"""What the catalog reader makes of indexes, triggers, policies, partitions."""

from __future__ import annotations

import attrs
import psycopg
import pytest

from pytest_userstate.domain.snapshot import (
    Index,
    Policy,
    TableKind,
    Trigger,
)
from tests.helpers.catalog import column, read, read_table

TOUCH = """
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
"""


def test_indexes_tell_what_they_are_on_and_what_they_serve(
    database: psycopg.Connection,
) -> None:
    """Columns and expressions in key order, and the constraint that they back."""
    table = read_table(
        database,
        """
        CREATE TABLE t (id int PRIMARY KEY, "Name" text, b int, c int);
        CREATE INDEX by_two ON t (b, c);
        CREATE UNIQUE INDEX lowered ON t (b, lower("Name"), (b + c))
          INCLUDE (id) WHERE b > 0;
        CREATE INDEX hashed ON t USING hash ("Name");
        """,
    )
    assert table.indexes == (
        Index(name="by_two", columns=["b", "c"]),
        Index(name="hashed", columns=["Name"], method="hash"),
        Index(
            name="lowered",
            columns=["b", 'lower("Name")', "(b + c)"],
            included=["id"],
            is_unique=True,
            predicate="(b > 0)",
        ),
        Index(name="t_pkey", columns=["id"], is_unique=True, constraint="t_pkey"),
    )


@pytest.mark.parametrize(
    "definition",
    [
        "INDEX i ON public.t USING btree (a DESC)",
        "INDEX i ON public.t USING btree (a NULLS FIRST)",
        "INDEX i ON public.t USING btree (b text_pattern_ops)",
        'INDEX i ON public.t USING btree (b COLLATE "C")',
        'INDEX i ON public.t USING btree (lower((b COLLATE "C")))',
        "INDEX i ON public.t USING btree (a) WITH (fillfactor='70')",
        "INDEX i ON public.t USING gin (j jsonb_path_ops)",
        "INDEX i ON public.t USING brin (a)",
    ],
)
def test_indexes_have_a_definition_where_the_facts_do_not_tell_all(
    database: psycopg.Connection, definition: str
) -> None:
    """So that two indexes that differ never compare as equal."""
    table = read_table(
        database, f"CREATE TABLE t (a int, b text, j jsonb); CREATE {definition}"
    )
    assert table.indexes[0].definition == f"CREATE {definition}"


def test_an_index_that_failed_to_build_is_not_valid(
    database: psycopg.Connection,
) -> None:
    """As CREATE INDEX CONCURRENTLY leaves it."""
    database.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        database.execute("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)")
    assert [one.is_valid for one in read_table(database).indexes] == [False]


def test_triggers_are_those_that_users_created(database: psycopg.Connection) -> None:
    """Not the ones that keep foreign keys and deferrable keys."""
    table = read_table(
        database,
        TOUCH
        + """
        CREATE SCHEMA auth;
        CREATE FUNCTION auth."Note It"() RETURNS trigger LANGUAGE plpgsql
          AS 'BEGIN RETURN NEW; END';
        CREATE TABLE t (
          id int PRIMARY KEY, "User" int REFERENCES t, n int UNIQUE DEFERRABLE);
        CREATE TRIGGER touched BEFORE UPDATE OF "User" ON t FOR EACH ROW
          WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION touch();
        CREATE TRIGGER "is Off" AFTER INSERT OR DELETE ON t
          EXECUTE FUNCTION auth."Note It"();
        CREATE TRIGGER only_replica AFTER TRUNCATE ON t EXECUTE FUNCTION touch();
        CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON t DEFERRABLE FOR EACH ROW
          EXECUTE FUNCTION touch();
        ALTER TABLE t DISABLE TRIGGER "is Off";
        ALTER TABLE t ENABLE REPLICA TRIGGER only_replica;
        """,
    )
    assert table.triggers == (
        Trigger(
            name="checked",
            function="public.touch",
            definition=(
                "CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON public.t"
                " DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW"
                " EXECUTE FUNCTION public.touch()"
            ),
            is_constraint=True,
            timing="after",
            events=["insert"],
            level="row",
        ),
        Trigger(
            name="is Off",
            function="auth.Note It",
            definition=(
                'CREATE TRIGGER "is Off" AFTER INSERT OR DELETE ON public.t'
                ' FOR EACH STATEMENT EXECUTE FUNCTION auth."Note It"()'
            ),
            is_enabled=False,
            timing="after",
            events=["insert", "delete"],
            level="statement",
        ),
        Trigger(
            name="only_replica",
            function="public.touch",
            definition=(
                "CREATE TRIGGER only_replica AFTER TRUNCATE ON public.t"
                " FOR EACH STATEMENT EXECUTE FUNCTION public.touch()"
            ),
            is_enabled=False,
            fires="replica",
            timing="after",
            events=["truncate"],
            level="statement",
        ),
        Trigger(
            name="touched",
            function="public.touch",
            definition=(
                'CREATE TRIGGER touched BEFORE UPDATE OF "User" ON public.t'
                " FOR EACH ROW WHEN ((old.id <> new.id))"
                " EXECUTE FUNCTION public.touch()"
            ),
            timing="before",
            events=["update"],
            update_of=["User"],
            level="row",
            when="(old.id <> new.id)",
        ),
    )


def test_names_and_texts_in_a_trigger_are_not_taken_for_keywords(
    database: psycopg.Connection,
) -> None:
    """Columns named like events, conditions, and clauses change no fact."""
    table = read_table(
        database,
        """
        CREATE SCHEMA "a.b";
        CREATE FUNCTION "a.b"."c.d"() RETURNS trigger LANGUAGE plpgsql
          AS 'BEGIN RETURN NEW; END';
        CREATE TABLE t ("delete" text, "x ON y" text, "of" text, "insert" text,
          " WHEN (x) EXECUTE " text);
        CREATE TRIGGER "t WHEN (1) EXECUTE " BEFORE UPDATE
          OF "x ON y", "delete", "of", " WHEN (x) EXECUTE " ON t FOR EACH ROW
          WHEN (NEW."delete" <> ') EXECUTE FUNCTION f()'
            AND NEW."x ON y" <> 'WHEN ("')
          EXECUTE FUNCTION "a.b"."c.d"(') EXECUTE FUNCTION g(', 'WHEN (');
        CREATE TRIGGER u AFTER INSERT ON t FOR EACH ROW
          EXECUTE FUNCTION "a.b"."c.d"(' WHEN (x) EXECUTE ');
        """,
    )
    first, second = table.triggers
    assert (first.function, first.timing, first.events, first.level) == (
        '"a.b"."c.d"',
        "before",
        ("update",),
        "row",
    )
    assert first.update_of == (" WHEN (x) EXECUTE ", "delete", "of", "x ON y")
    assert first.when == (
        "((new.delete <> ') EXECUTE FUNCTION f()'::text)"
        """ AND (new."x ON y" <> 'WHEN ("'::text))"""
    )
    assert (second.timing, second.events, second.when) == ("after", ("insert",), None)


def test_row_level_security_is_told_with_its_policies(
    database: psycopg.Connection,
) -> None:
    """Policies stand by even where they are not switched on."""
    snapshot = read(
        database,
        """
        CREATE TABLE off (id int);
        CREATE TABLE enabled (id int);
        CREATE TABLE forced (id int, owner name);
        CREATE POLICY unused ON off;
        ALTER TABLE enabled ENABLE ROW LEVEL SECURITY;
        ALTER TABLE forced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY "Own rows" ON forced FOR UPDATE TO userstate, postgres
          USING (owner = current_user) WITH CHECK (id > 0);
        CREATE POLICY never ON forced AS RESTRICTIVE FOR DELETE USING (false);
        """,
    )
    enabled, forced, off = snapshot.tables
    assert (off.has_row_security, off.policies) == (False, (Policy(name="unused"),))
    assert (enabled.has_row_security, enabled.forces_row_security) == (True, False)
    assert (forced.has_row_security, forced.forces_row_security) == (True, True)
    assert forced.policies == (
        Policy(
            name="Own rows",
            command="update",
            roles=["userstate", "postgres"],
            using="(owner = CURRENT_USER)",
            check="(id > 0)",
        ),
        Policy(name="never", command="delete", is_permissive=False, using="false"),
    )


def test_partitions_are_tables_that_say_what_they_are_part_of(
    database: psycopg.Connection,
) -> None:
    """What they take over from the partitioned table holds for their rows, too."""
    snapshot = read(
        database,
        TOUCH
        + """
        CREATE TABLE users (id int PRIMARY KEY);
        CREATE TABLE events (
          id int, at timestamptz CHECK (at > '2000-01-01 00:00+00'), "user" int,
          PRIMARY KEY (id, at),
          CONSTRAINT whose FOREIGN KEY ("user") REFERENCES users
        ) PARTITION BY RANGE (at);
        CREATE TRIGGER touched BEFORE INSERT ON events FOR EACH ROW
          EXECUTE FUNCTION touch();
        CREATE INDEX ON events ("user");
        CREATE TABLE old PARTITION OF events
          FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00+02');
        CREATE TABLE others PARTITION OF events DEFAULT PARTITION BY HASH (id);
        CREATE TABLE odd PARTITION OF others FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        CREATE TABLE notes (id int, at timestamptz,
          CONSTRAINT about FOREIGN KEY (id, at) REFERENCES events);
        """,
    )
    tables = {table.name: table for table in snapshot.tables}
    events = tables["events"]
    assert (events.kind, events.partition_key) == (TableKind.PARTITIONED, "RANGE (at)")
    assert (events.partition_of, events.partition_bound) == (None, None)
    parts = {
        name: (one.kind, one.partition_of, one.partition_bound, one.inherits)
        for name, one in tables.items()
        if one.partition_of
    }
    assert parts == {
        "old": (
            TableKind.ORDINARY,
            "public.events",
            "FOR VALUES FROM (MINVALUE) TO ('2023-12-31 22:00:00+00')",
            (),
        ),
        "others": (TableKind.PARTITIONED, "public.events", "DEFAULT", ()),
        "odd": (
            TableKind.ORDINARY,
            "public.others",
            "FOR VALUES WITH (modulus 2, remainder 1)",
            (),
        ),
    }
    for name in parts:
        part = tables[name]
        assert part.columns == events.columns
        assert part.check_constraints == events.check_constraints
        assert part.foreign_keys == events.foreign_keys
        assert part.primary_key == attrs.evolve(events.primary_key, name=f"{name}_pkey")
        assert [one.name for one in part.triggers] == ["touched"]
        assert [one.columns for one in part.indexes] == [("id", "at"), ("user",)]
    assert [one.target_table for one in tables["notes"].foreign_keys] == ["events"]


def test_inheritance_gives_columns_and_checks_but_no_keys(
    database: psycopg.Connection,
) -> None:
    """The parents are named in canonical order."""
    table = read_table(
        database,
        """
        CREATE TABLE named (name text NOT NULL);
        CREATE TABLE animal (id int PRIMARY KEY, legs int DEFAULT 4 CHECK (legs > 0));
        CREATE TABLE t (c int) INHERITS (named, animal);
        """,
    )
    assert table.inherits == ("public.animal", "public.named")
    assert table.partition_of is None
    assert [one.name for one in table.columns] == ["c", "id", "legs", "name"]
    assert column(table, "legs").default == "4"
    assert not column(table, "name").is_nullable
    assert (column(table, "id").is_primary_key, table.primary_key) == (False, None)
    assert [one.name for one in table.check_constraints] == ["animal_legs_check"]
