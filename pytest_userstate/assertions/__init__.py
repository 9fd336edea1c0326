"""Assertions about a PostgreSQL schema, for tests that people write themselves.

Each function asserts when it is called, and takes what it is about first: a
`SchemaSnapshot`, which stays what it is, or an open psycopg connection, whose schema
is read anew by every call. Those that find an object return further assertions
about it.

>>> from pytest_userstate import Column, KeyConstraint, SchemaSnapshot, Table
>>> from pytest_userstate.assertions import assert_table
>>> snapshot = SchemaSnapshot(
...     [
...         Table(
...             "users",
...             [Column("id", "uuid"), Column("name", "character varying(32)")],
...             primary_key=KeyConstraint(name="users_pkey", columns=["id"]),
...         )
...     ]
... )
>>> users = assert_table(snapshot, "users")
>>> users.has_primary_key("id").name
'users_pkey'
>>> users.has_column("name", data_type="varchar(32)", nullable=False).data_type
'character varying(32)'
>>> users.has_no_column("password")
>>> users.has_exactly_columns(["id", "name"])

About stale writes there are `assert_stale_write_is_refused`, which takes two writes
of the program, and `assert_stale_writes_are_caught`, which takes what was proved.
`assert_facts_are_proved` is about the evidence of the audit.

About what the audit says there are `assert_check`, `assert_wiring`,
`assert_no_migration_needed`, and `assert_same_report`, which take a report first.

Names are written ``name`` (in schema ``public``) or ``schema.name``, as the catalog
has them: case counts. A name that holds a dot is written in double quotes.
"""

from __future__ import annotations

from pytest_userstate.application.asserting.arguments import SOME
from pytest_userstate.assertions.objects import (
    DomainAssertions,
    EnumAssertions,
    SchemaAssertions,
    SequenceAssertions,
)
from pytest_userstate.assertions.relations import ViewAssertions
from pytest_userstate.assertions.report import (
    AuditCheckAssertions,
    assert_check,
    assert_no_migration_needed,
    assert_same_report,
    assert_wiring,
)
from pytest_userstate.assertions.schema import (
    SchemaSource,
    assert_domain,
    assert_enum,
    assert_exactly_extensions,
    assert_exactly_schemas,
    assert_extension,
    assert_foreign_table,
    assert_materialized_view,
    assert_no_column,
    assert_no_constraint,
    assert_no_domain,
    assert_no_enum,
    assert_no_extension,
    assert_no_foreign_table,
    assert_no_index,
    assert_no_materialized_view,
    assert_no_policy,
    assert_no_relation,
    assert_no_schema,
    assert_no_sequence,
    assert_no_table,
    assert_no_trigger,
    assert_no_view,
    assert_relation,
    assert_same_schema,
    assert_schema,
    assert_sequence,
    assert_table,
    assert_view,
)
from pytest_userstate.assertions.stale_writes import (
    assert_facts_are_proved,
    assert_stale_write_is_refused,
    assert_stale_writes_are_caught,
)
from pytest_userstate.assertions.tables import TableAssertions

__all__ = [
    "SOME",
    "AuditCheckAssertions",
    "DomainAssertions",
    "EnumAssertions",
    "SchemaAssertions",
    "SchemaSource",
    "SequenceAssertions",
    "TableAssertions",
    "ViewAssertions",
    "assert_check",
    "assert_domain",
    "assert_enum",
    "assert_exactly_extensions",
    "assert_exactly_schemas",
    "assert_extension",
    "assert_facts_are_proved",
    "assert_foreign_table",
    "assert_materialized_view",
    "assert_no_column",
    "assert_no_constraint",
    "assert_no_domain",
    "assert_no_enum",
    "assert_no_extension",
    "assert_no_foreign_table",
    "assert_no_index",
    "assert_no_materialized_view",
    "assert_no_migration_needed",
    "assert_no_policy",
    "assert_no_relation",
    "assert_no_schema",
    "assert_no_sequence",
    "assert_no_table",
    "assert_no_trigger",
    "assert_no_view",
    "assert_relation",
    "assert_same_report",
    "assert_same_schema",
    "assert_schema",
    "assert_sequence",
    "assert_stale_write_is_refused",
    "assert_stale_writes_are_caught",
    "assert_table",
    "assert_view",
    "assert_wiring",
]
