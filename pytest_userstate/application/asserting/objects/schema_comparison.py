"""Holding a whole schema against one that was accepted."""

from __future__ import annotations

import shlex

from pytest_userstate.application.asserting.failure import Failure, detail
from pytest_userstate.application.comparing.origins import Origins
from pytest_userstate.application.comparing.schemas import schema_difference
from pytest_userstate.application.explaining.differences import (
    counted,
    in_lines,
    legend,
)
from pytest_userstate.domain.snapshot import SchemaSnapshot


def different_schema(
    schema: SchemaSnapshot, accepted: SchemaSnapshot, *, file: str | None
) -> Failure | None:
    """Return a failure unless both schemas mean the same.

    Parameters
    ----------
    file : str or None
        The snapshot file that the accepted schema was read from.
    """
    difference = schema_difference(accepted, schema)
    if difference.is_empty:
        return None
    name = file or "the accepted one"
    signs = legend(
        difference.changes, before=f"in {name}", after="here", both="in both"
    )
    origins = Origins(schema, is_after=True)
    command = f"pytest --userstate-audit --userstate-snapshot {shlex.quote(file or '')}"
    return Failure(
        headline=f"the schema differs from {name} in {counted(difference.changes)}",
        lines=(signs, *in_lines(difference, origin=origins.told)),
        details=detail("hint", f"if this is meant, accept it: {command}" * bool(file)),
    )
