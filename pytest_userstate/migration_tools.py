"""What a package needs that adds a migration tool.

A tool is an object of the protocol `Layout`, named in the entry-point group
`pytest_userstate.migration_tools`: it reads a folder and returns a `Plan`, which is
data, and the audit applies it. Most are a row of rules, a `SqlLayout`.
``docs/own-migration-tool.md`` has a complete example.

>>> batch = Batch(sql="CREATE TABLE t ();")
>>> migration = Migration(version="1", path="sql/1.sql", batches=(batch,))
>>> Plan(layout="ours", migrations=(migration,)).migrations[0].version
'1'
"""

from __future__ import annotations

from pytest_userstate.domain.errors import MigrationError, TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    Confidence,
    Layout,
    LayoutDefaults,
    Manifest,
    Option,
    OptionKind,
    Options,
    ProjectFile,
    label,
    listing,
    masked,
    read_sql,
    visible,
)
from pytest_userstate.outbound.migrations.plan import Batch, Migration, Mode, Plan
from pytest_userstate.outbound.migrations.sql import Statement, statements
from pytest_userstate.outbound.migrations.tools.reader import Order, SqlLayout

__all__ = [
    "NO_OPTIONS",
    "Batch",
    "Confidence",
    "Layout",
    "LayoutDefaults",
    "Manifest",
    "Migration",
    "MigrationError",
    "Mode",
    "Option",
    "OptionKind",
    "Options",
    "Order",
    "Plan",
    "ProjectFile",
    "SqlLayout",
    "Statement",
    "TargetNotFoundError",
    "label",
    "listing",
    "masked",
    "read_sql",
    "statements",
    "visible",
]
