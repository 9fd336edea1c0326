"""What was audited, how, and what that leaves out."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.audit import Audit
from pytest_userstate.application.reporting.markdown.links import Links
from pytest_userstate.application.reporting.markdown.syntax import (
    Volatile,
    code,
    codes,
    table,
    text,
    volatile,
)
from pytest_userstate.domain.coverage import Axis, RuntimeWiring
from pytest_userstate.domain.evidence import listed
from pytest_userstate.domain.model import Entity, StorageModel

_QUESTIONS: typ.Final = {
    Axis.SCHEMA: "does the schema store it?",
    Axis.WIRING: "does the running program use what is stored?",
    Axis.REVISION: "does the storage keep a revision?",
    Axis.CONFLICT: "can a stale write be told from a fresh one?",
}


def scope(audit: Audit, links: Links) -> list[str]:
    """Return the section about scope and method."""
    return [
        "## Scope and method",
        "",
        *_method(audit, links),
        "",
        *_axes(audit),
        "",
        *_entities(audit),
        "",
        "Not covered:",
        "",
        *(f"- {line}" for line in _limits(audit)),
    ]


def _method(audit: Audit, links: Links) -> list[str]:
    target = audit.target
    server = f"PostgreSQL {volatile(Volatile.SERVER, text(audit.server))}"
    if target.kind == "dsn":
        lines = [
            f"- Server: {server}",
            "- A live database, read in place, in one read-only transaction",
        ]
    else:
        lines = [
            f"- Migrations: {links.path(target.path or '')}, {_applied(audit)}",
            f"- Digest of the migrations: {code(target.digest or '')}",
            f"- Server: {server}",
        ]
        stubs = codes(audit.stubs) or "none"
        lines.append(
            "- Extensions declared without their code: "
            + volatile(Volatile.STUBS, stubs)
        )
    schemas = codes(audit.settings.model.schemas)
    return [
        *lines,
        "- Read: PostgreSQL's catalog, held against the storage models below",
        f"- Counted: ordinary and partitioned tables of {schemas}, by exact names",
        "- Not counted: views, foreign tables, temporary tables",
    ]


def _applied(audit: Audit) -> str:
    layout = text(audit.target.layout or "")
    return f"{layout} layout, {audit.applied} applied in turn to an empty database"


def _axes(audit: Audit) -> list[str]:
    gated = audit.settings.gate.axes
    rows = [("axis", "question", "gated")]
    rows += [
        (axis.value, _QUESTIONS[axis], "yes" if axis in gated else "no")
        for axis in Axis
    ]
    return table(rows)


def _entities(audit: Audit) -> list[str]:
    rows = [("entity", "storage models", "several complete")]
    rows += [
        (text(entity.name), _models(entity), entity.several.value)
        for entity in audit.settings.model.entities
    ]
    return table(rows)


def _models(entity: Entity) -> str:
    if not entity.expected:
        return f"not expected: {text(entity.reason)}"
    return "; ".join(map(_model, entity.models))


def _model(model: StorageModel) -> str:
    """Describe a storage model: its tables, and the columns that it needs."""
    kind = "table" if len(model.tables) == 1 else "any of the tables"
    columns = " and ".join(" or ".join(map(code, g)) for g in model.column_groups)
    named = f"{code(model.name)}: {kind} {codes(model.tables)}"
    return named + (f" with {columns}" if columns else "")


def _limits(audit: Audit) -> cabc.Iterator[str]:
    yield "rows: only the schema was read, no data"
    if audit.target.kind != "dsn":
        yield "the databases that run: what was changed there by hand is not seen"
    yield (
        "the program, beyond the wiring of its ports: whether a write really compares "
        "the revision is for its own tests to show"
    )
    unprobed = [
        check.entity
        for check in audit.report.checks
        if check.coverage is RuntimeWiring.NOT_PROBED
    ]
    if unprobed:
        yield f"the wiring of {text(listed(unprobed))}, which was not probed"
    yield "schemas, tables, and entities that are not named above"
