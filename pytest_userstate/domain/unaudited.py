"""Tables that an audit does not look at: schemas that are empty, or not audited."""

from __future__ import annotations

import typing as typ

from pytest_userstate.domain.coverage import Axis, MigrationDecision
from pytest_userstate.domain.ports import TargetDescription
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table

_MOST_NAMES: typ.Final = 6


def unaudited(
    snapshot: SchemaSnapshot,
    report: UserStateSchemaAuditReport,
    schemas: tuple[str, ...],
    target: TargetDescription,
) -> tuple[str, ...]:
    """Return warnings about what may be the reason that storage is missing."""
    if not any(
        check.axis is Axis.SCHEMA and check.decision is MigrationDecision.REQUIRED
        for check in report.checks
    ):
        return ()
    tables = _own(snapshot)
    if not tables:
        if target.path is None:
            return ("the schema is empty: the database has no table",)
        made = f"{target.path} makes no table ({target.found})"
        return (f"the schema is empty: {made}; check that these migrations are meant",)
    others = [table for table in tables if table.schema not in schemas]
    if not others:
        return ()
    names = [f"{table.schema}.{table.name}" for table in others]
    more = len(names) - _MOST_NAMES
    listed = ", ".join(names[:_MOST_NAMES]) + (f", and {more} more" if more > 0 else "")
    audited = ", ".join(schemas)
    every = dict.fromkeys((*schemas, *(table.schema for table in others)))
    setting = ", ".join(f'"{schema}"' for schema in every)
    warning = (
        f"these tables are in schemas that are not audited: {listed}. To audit them, "
        f"set schemas = [{setting}]"
    )
    if len(others) == len(tables):
        warning = f"no table is in {audited}, which is audited; {warning}"
    return (warning,)


def _own(snapshot: SchemaSnapshot) -> list[Table]:
    """Return the tables that migrations made; all of them if no origin is known."""
    tables = [table for table in snapshot.tables if not table.is_bookkeeping]
    return [table for table in tables if table.source] or tables
