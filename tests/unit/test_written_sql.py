"""Which writes a piece of SQL holds, what they set, and what they go by."""

from __future__ import annotations

import pytest

from pytest_userstate.outbound.wiring.sql_writes import (
    HOLE,
    UNFINISHED,
    UNREADABLE,
    VARIABLE,
    sql_writes,
)

READ = {
    "UPDATE t SET a = $1 WHERE id = $2": "t a / id",
    'update only app."T" as x set (a, b) = (select 1, 2), c[1] = 4 from y '
    "where x.id = y.id and x.v = :v returning *": "app.T a b c / id v",
    "INSERT INTO t (a) VALUES (%s) ON CONFLICT (id) DO UPDATE SET a = EXCLUDED.a, "
    "v = t.v + 1 WHERE t.v = %(v)s": "t a v / v",
    "INSERT INTO t (a) VALUES (?) ON CONFLICT (id) DO UPDATE SET a = EXCLUDED.a": (
        "t a /"
    ),
    "WITH x AS (UPDATE t SET a = 1 WHERE id = ?) SELECT * FROM x": "t a / id",
    "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND t.v = s.v THEN UPDATE "
    "SET a = s.a WHEN NOT MATCHED THEN INSERT (a) VALUES (1)": "t a / id v",
    "UPDATE t SET a = a IS DISTINCT FROM 1, b = 2 WHERE v IS NOT DISTINCT FROM $1": (
        "t a b / v"
    ),
    "UPDATE t SET a = now() WHERE id = ANY(?) AND v IN (?)": "t a / id v",
    "UPDATE t SET a = 1 WHERE date_trunc('ms', v) = $1": "t a / v",
    "UPDATE t SET a=%s WHERE id=%s AND v=%s": "t a / id v",
    "UPDATE t SET a = 1; UPDATE u SET b = 2 WHERE v = $1": "t a / & u b / v",
    # What only looks like a comparison with what was read.
    "UPDATE t SET a = 1 WHERE id = 1 AND v IS NOT NULL": "t a /",
    "UPDATE t SET a = 1 WHERE v > 0 AND v <> $1 AND b = 'x'": "t a /",
    "UPDATE t SET a = v WHERE id = $1 RETURNING v": "t a / id",
    # What only the running program knows.
    f"UPDATE t SET {HOLE} WHERE id = $1": "t ? / id",
    f"UPDATE t SET a = {HOLE} WHERE {HOLE}": f"t a / {VARIABLE}",
    f"UPDATE t SET a = 1 WHERE id = {HOLE} {HOLE}": f"t a / id {VARIABLE}",
    f"UPDATE t SET a = 1 WHERE id IN ({HOLE}) AND b BETWEEN {HOLE} AND {HOLE}": (
        "t a / b id"
    ),
    f"UPDATE {HOLE} SET a = 1 WHERE v = 1": "? a /",
    f"UPDATE {HOLE}.t SET a = 1 WHERE v = $1": "t a / v",
    "UPDATE t SET a = 1 WHERE": f"t a / {UNFINISHED}",
    "UPDATE t SET ": f"t ? / {UNFINISHED}",
    "UPDATE t SET a = 'x": f"t ? / {UNREADABLE}",
    # What writes no column of a row that is there.
    "INSERT INTO t (a) VALUES (1)": "",
    "INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING": "",
    "DELETE FROM t WHERE id = 1": "",
    "SELECT * FROM t FOR NO KEY UPDATE": "",
    "CREATE TABLE u (id int REFERENCES t ON UPDATE CASCADE)": "",
    "Could not update t set in the settings": "",
    "-- UPDATE t SET a = 1\nSELECT 'UPDATE t SET a = 1'": "",
}


@pytest.mark.parametrize("sql", READ)
def test_a_statement_is_read_as_postgresql_reads_it(sql: str) -> None:
    """Table, columns, and after the slash the columns of the condition."""
    lines = []
    for write in sql_writes(sql):
        name = ".".join(filter(None, (write.schema, write.table or "?")))
        columns = "?" if write.columns is None else " ".join(write.columns)
        known = {"id", "v", "b"} & write.compared
        goes_by = " ".join([*sorted(known), *filter(None, [write.unread])])
        lines.append(f"{name} {columns} / {goes_by}".rstrip())
    assert " & ".join(lines) == READ[sql]


def test_a_write_is_found_on_its_own_line() -> None:
    """Behind comments, parameters of any length, and other statements."""
    sql = (
        "-- name: update_theme :exec\nSELECT %(a_long_name)s;\n\n"
        "WITH x AS (\n  SELECT 1\n)\nUPDATE t\nSET a = 1;"
    )
    (write,) = sql_writes(sql)
    assert sql.count("\n", 0, write.offset) + 1 == 7
