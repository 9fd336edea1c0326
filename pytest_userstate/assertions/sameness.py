"""Assertions about a schema as a whole."""

from __future__ import annotations

import os

from pytest_userstate.application.asserting.matching import require
from pytest_userstate.application.asserting.objects.schema_comparison import (
    different_schema,
)
from pytest_userstate.assertions.source import SchemaSource, accepted_schema, reader


def assert_same_schema(
    source: SchemaSource, *, accepted: SchemaSource | str | os.PathLike[str]
) -> None:
    """Assert that a schema means what an accepted one means.

    What counts is told under `schema_difference`: not the records of migration tools,
    nor what only PostgreSQL's versions write differently.

    Parameters
    ----------
    source : SchemaSnapshot or psycopg connection
        The schema as it is.
    accepted : SchemaSnapshot, psycopg connection, str or path
        Another schema, or the file that ``--userstate-snapshot`` wrote.

    Raises
    ------
    SnapshotFileError
        When the file is not there, or cannot be read.

    Examples
    --------
    >>> from pytest_userstate import Column, SchemaSnapshot, Table
    >>> before = SchemaSnapshot([Table("users", [Column("id", "uuid")])])
    >>> assert_same_schema(before, accepted=before)
    """
    __tracebackhide__ = True
    schema, (other, file) = reader(source)(), accepted_schema(accepted)
    require(different_schema(schema, other, file=file))
