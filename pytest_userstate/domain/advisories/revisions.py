"""Advisories about revision columns."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.domain.advisories.user_state import (
    Finding,
    UserState,
    at_column,
    checks_on,
    is_set_before,
)
from pytest_userstate.domain.classification import Storage
from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.converters import identifier
from pytest_userstate.domain.facts import listed
from pytest_userstate.domain.snapshot import Table

_NUMBERS: typ.Final = re.compile(
    r"smallint|integer|bigint|real|double precision|numeric(\(.*\))?"
)
_DEFAULTS: typ.Final = (
    (_NUMBERS, "1"),
    (re.compile(r"xid8"), "'1'"),
    (re.compile(r"timestamp"), "now()"),
    (re.compile(r"uuid"), "gen_random_uuid()"),
    (re.compile(r"text|character varying(?!\()"), "gen_random_uuid()::text"),
    (re.compile(r"bytea"), "uuid_send(gen_random_uuid())"),
)
"""A first value for each type that revisions usually have."""
_NULL: typ.Final = re.compile(r"NULL(::.*)?", re.IGNORECASE)
_CASTS: typ.Final = r"(?:\)?::[a-z ]+(?:\([0-9,]+\))?)*"
_NUMBER: typ.Final = rf"\(*'?(?P<number>-?[0-9]+)(?:\.[0-9]+)?'?{_CASTS}"
_UNREADABLE: typ.Final = re.compile(r"[\w\"]\(|\bNOT \(|= ANY \(|\bCASE\b")


def unchecked(state: UserState) -> cabc.Iterator[Finding]:
    """Tell of numbers that nothing keeps from being negative."""
    for table, column in state.revisions():
        kind = state.base_type(column)
        checks = [(column.name, each) for each in checks_on(table, column)]
        for domain in state.domains(column):
            checks += [("VALUE", c) for c in domain.check_constraints if c.is_enforced]
        guarded = any(_bounds(each.definition, name) for name, each in checks)
        if _NUMBERS.fullmatch(kind) and column.identity is None and not guarded:
            message = (
                f"no check keeps this revision ({column.data_type}) from being "
                "negative, so a wrong write goes unnoticed; add CHECK "
                f"({identifier(column.name)} >= 0)"
            )
            yield at_column(table, column, message)


def without_default(state: UserState) -> cabc.Iterator[Finding]:
    """Tell of revisions that every insert has to know where to start."""
    for table, column in state.revisions():
        defaults = [column.default, *(each.default for each in state.domains(column))]
        starts = any(each and not _NULL.fullmatch(each) for each in defaults)
        if starts or column.identity is not None or is_set_before("insert", table):
            continue
        effect = "starts as null" if column.is_nullable else "fails"
        message = (
            "this revision has no default, so an insert that does not name it "
            f"{effect}; set one{_such_as(state.base_type(column))}"
        )
        yield at_column(table, column, message)


def _such_as(data_type: str) -> str:
    """Return an example of a default of the type, as the end of a sentence."""
    example = next((d for form, d in _DEFAULTS if form.match(data_type)), None)
    return f", such as DEFAULT {example}" if example else ""


def several(state: UserState) -> cabc.Iterator[Finding]:
    """Tell of state that more than one revision could be asked for."""
    told: dict[tuple[Table, Column], None] = {}
    for storage in state.storages:
        sources = [
            (each.table, column)
            for each in storage.counting
            for column in each.revisions
        ]
        apart = [[pair for pair in sources if pair[0] == table] for table, _ in sources]
        groups = apart if storage.needs_each else [sources]
        for group in groups:
            pairs = list(dict.fromkeys(group))
            if len(pairs) > 1 and pairs[0] not in told:
                told[pairs[0]] = None
                yield _several(storage, pairs)


def _several(storage: Storage, pairs: list[tuple[Table, Column]]) -> Finding:
    names = [f"{table.qualified_name}.{column.name}" for table, column in pairs]
    table, column = pairs[0]
    message = (
        f"{storage.entity.name} has {len(pairs)} revisions, {listed(names)}, and a "
        "writer that checks one of them can miss what was written under another; "
        "decide for one"
    )
    return at_column(table, column, message)


def _bounds(definition: str, name: str) -> bool:
    """Whether a check keeps a number from being negative, as far as can be read.

    Where it says something that is not read here, it gets the benefit of the doubt.
    """
    if _UNREADABLE.search(definition):
        return True
    column = rf'(?<![\w"])"?{re.escape(name)}"?(?![\w"]){_CASTS}'
    for pattern in (
        rf"{column} (?P<sign>>=|>|=) {_NUMBER}",
        rf"{_NUMBER} (?P<sign><=|<|=) \(*{column}",
    ):
        for found in re.finditer(pattern, definition):
            least = int(found["number"]) + (found["sign"] in {"<", ">"})
            if least >= 0:
                return True
    return False
