"""What the catalog reader makes of whole rows and of the system's columns."""

from __future__ import annotations

import psycopg
import pytest

from pytest_userstate.outbound.postgres.server import SUPERUSER, EmbeddedServer
from tests.helpers.catalog import column, load, read, read_table

FUNCTIONS = """
CREATE FUNCTION f(t) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
"""


@pytest.mark.parametrize(
    ("expression", "columns"),
    [
        ("t IS NOT NULL", ("a", "b")),
        ("t.* IS NOT NULL", ("a", "b")),
        ("f(t)", ("a", "b")),
        ("f(t) AND b > 0", ("a", "b")),
        ("tableoid <> 0", ("tableoid",)),
        ("tableoid <> 0 AND b > 0", ("b", "tableoid")),
        ("t IS NOT NULL AND tableoid <> 0", ("a", "b", "tableoid")),
        ("true", ()),
    ],
)
def test_a_check_names_the_columns_of_a_row_and_of_the_system(
    database: psycopg.Connection, expression: str, columns: tuple[str, ...]
) -> None:
    """A whole row is all of its columns, but for those that were dropped."""
    table = read_table(
        database,
        f"""
        CREATE TABLE t (gone int, b int, a int);
        {FUNCTIONS}
        ALTER TABLE t DROP COLUMN gone;
        ALTER TABLE t ADD CONSTRAINT c CHECK ({expression});
        """,
    )
    [check] = table.check_constraints
    assert check.columns == columns


def test_a_partition_and_an_heir_have_such_checks_as_well(
    database: psycopg.Connection,
) -> None:
    """One check is inherited, the other was there when the table was attached."""
    snapshot = read(
        database,
        """
        CREATE TABLE t (a int, CONSTRAINT c CHECK (tableoid <> 0))
          PARTITION BY LIST (a);
        CREATE TABLE t1 (a int, CONSTRAINT b CHECK (t1 IS NOT NULL),
          CONSTRAINT c CHECK (tableoid <> 0));
        ALTER TABLE t ATTACH PARTITION t1 FOR VALUES IN (1);
        CREATE TABLE base (a int);
        CREATE TABLE heir (CHECK (heir IS NOT NULL)) INHERITS (base);
        CREATE TYPE pair AS (a int, b int);
        CREATE TABLE typed OF pair (CHECK (typed IS NOT NULL));
        CREATE TABLE empty (a int, CHECK (empty IS NOT NULL));
        ALTER TABLE empty DROP COLUMN a;
        """,
    )
    checks = {
        table.name: [check.columns for check in table.check_constraints]
        for table in snapshot.tables
    }
    assert checks == {
        "t": [("tableoid",)],
        "t1": [("a",), ("tableoid",)],
        "base": [],
        "heir": [("a",)],
        "typed": [("a", "b")],
        "empty": [()],
    }


def test_indexes_and_exclusions_of_whole_rows_are_expressions(
    database: psycopg.Connection,
) -> None:
    """As keys, as conditions, and behind an exclusion constraint."""
    table = read_table(
        database,
        f"""
        CREATE TABLE t (a int, b int,
          CONSTRAINT x EXCLUDE USING btree ((t IS NULL) WITH =));
        {FUNCTIONS}
        CREATE INDEX i1 ON t (f(t));
        CREATE INDEX i2 ON t (a) INCLUDE (b) WHERE t IS NOT NULL;
        CREATE INDEX i3 ON t ((t IS NULL), a);
        """,
    )
    indexes = {index.name: index for index in table.indexes}
    assert indexes["i1"].columns == ("public.f(t.*)",)
    assert indexes["i2"].columns == ("a",)
    assert indexes["i2"].included == ("b",)
    assert indexes["i2"].predicate == "(t.* IS NOT NULL)"
    assert indexes["i3"].columns == ("(t.* IS NULL)", "a")
    assert [exclusion.name for exclusion in table.exclusion_constraints] == ["x"]


def test_policies_triggers_and_expressions_may_mention_them(
    database: psycopg.Connection,
) -> None:
    """Their text is PostgreSQL's own."""
    snapshot = read(
        database,
        f"""
        CREATE TABLE t (a int, o oid GENERATED ALWAYS AS (tableoid) STORED);
        {FUNCTIONS}
        CREATE POLICY p ON t USING (t IS NOT NULL AND f(t) AND tableoid <> 0);
        CREATE TRIGGER w AFTER UPDATE ON t FOR EACH ROW
          WHEN (OLD.* IS DISTINCT FROM NEW.* AND OLD.tableoid <> 0)
          EXECUTE FUNCTION touch();
        CREATE RULE r AS ON UPDATE TO t WHERE OLD.tableoid <> 0 DO ALSO NOTHING;
        CREATE TABLE parts (a int) PARTITION BY LIST ((parts IS NULL));
        CREATE VIEW v AS SELECT t AS whole, tableoid, ctid, xmin FROM t;
        CREATE SEQUENCE s OWNED BY t.tableoid;
        GRANT SELECT (tableoid, ctid) ON t TO public;
        COMMENT ON COLUMN t.ctid IS 'where it lies';
        CREATE TYPE pair AS (a int);
        CREATE DOMAIN d AS pair CHECK (VALUE IS NOT NULL AND (VALUE).a > 0);
        """,
    )
    table = snapshot.table("t")
    assert table is not None
    assert [one.name for one in table.columns] == ["a", "o"]
    assert column(table, "o").expression == "tableoid"
    assert table.policies[0].using == (
        "((t.* IS NOT NULL) AND public.f(t.*) AND (tableoid <> (0)::oid))"
    )
    assert [trigger.name for trigger in table.triggers] == ["w"]
    [view] = snapshot.views
    assert [(one.name, one.data_type) for one in view.columns] == [
        *(("ctid", "tid"), ("tableoid", "oid"), ("whole", "public.t"), ("xmin", "xid")),
    ]
    assert [sequence.owned_by for sequence in snapshot.sequences] == [
        "public.t.tableoid"
    ]
    assert [domain.check_constraints[0].columns for domain in snapshot.domains] == [()]


def test_a_table_may_inherit_from_one_of_the_system(server: EmbeddedServer) -> None:
    """That takes a superuser; the system's tables are not part of the snapshot."""
    with server.connect(user=SUPERUSER, autocommit=False) as session:
        session.execute("CREATE TABLE t () INHERITS (information_schema.sql_features)")
        table = load(session).table("t")
        assert table is not None
        assert table.column("feature_id") is not None
        assert table.inherits == ()
        session.rollback()
