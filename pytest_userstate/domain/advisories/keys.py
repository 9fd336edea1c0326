"""Advisories about keys, and about what refers to what."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.domain.advisories.user_state import (
    Finding,
    Place,
    UserState,
    at_column,
    at_table,
    is_set_before,
    references,
)
from pytest_userstate.domain.classification import Candidate
from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.constraints import ForeignKey, Index
from pytest_userstate.domain.converters import identifier
from pytest_userstate.domain.facts import listed
from pytest_userstate.domain.snapshot import Table

_JSON: typ.Final = frozenset({"json", "jsonb"})
_UUIDS: typ.Final = "uuid[]"


class _Key(typ.NamedTuple):
    """What a key or unique index makes unique."""

    columns: tuple[str, ...]
    is_partial: bool = False
    is_temporal: bool = False


def without_primary_key(state: UserState) -> cabc.Iterator[Finding]:
    """Tell of tables without a primary key."""
    for table in state.tables:
        if table.primary_key or any(each.is_primary_key for each in table.columns):
            continue
        message = "the table has no primary key, so nothing names one of its rows; "
        spare = next((each.name for each in _spare_keys(table)), None)
        if spare:
            message += f"the unique index {identifier(spare)} could become it"
        else:
            message += "add one, by the columns that tell its rows apart"
        yield at_table(table, message)


def _spare_keys(table: Table) -> cabc.Iterator[Index]:
    """Yield the unique indexes that could be promoted to the primary key."""
    nullable = {each.name for each in table.columns if each.is_nullable}
    names = {each.name for each in table.columns}
    deferrable = {each.name for each in table.unique_constraints if each.is_deferrable}
    for index in table.indexes:
        if (
            index.is_unique
            and index.is_valid
            and index.predicate is None
            and index.constraint not in deferrable
            and names - nullable >= {*index.columns}
        ):
            yield index


def without_users(state: UserState) -> cabc.Iterator[Finding]:
    """Tell of tables whose rows can outlive, or precede, their user."""
    if not state.users:
        return
    tied = _tied_to_users(state)
    for table in state.tables:
        if (table.schema, table.name) in tied:
            continue
        users = listed((f"{s}.{t}" for s, t in state.users), "or")
        message = (
            f"no foreign key ties the table to {users}, so its rows can belong to "
            "nobody; add one to the column that holds the user's id"
        )
        yield at_table(table, message)


def _tied_to_users(state: UserState) -> set[Place]:
    """Return the tables that lead to users, over tables of user state at most.

    Schemas are left aside: who keeps users elsewhere (``auth.users``) refers there.
    """
    names = {name for _, name in state.users}
    tied = {*state.users}
    for users in state.users.values():
        targets = {_target(each) for each in references(users)}
        tied |= targets & state.candidates.keys()
    while True:
        new = {
            (table.schema, table.name)
            for table in state.tables
            for target in _owners(state, table)
            if target in tied or target[1] in names
        } - tied
        if not new:
            return tied
        tied |= new


def _owners(state: UserState, table: Table) -> set[Place]:
    """Return what the table refers to by columns that say whose a row is."""
    key = table.primary_key.columns if table.primary_key else ()
    telling = {
        *state.needed(table),
        *key,
        *(each.name for each in table.columns if each.is_primary_key),
    }
    return {_target(each) for each in references(table) if telling & {*each.columns}}


def _target(key: ForeignKey) -> Place:
    return key.target_schema, key.target_table


def at_odds(state: UserState) -> cabc.Iterator[Finding]:
    """Tell of storages of one entity that treat a deleted user differently."""
    told: set[str] = set()
    for storage in state.storages:
        rules: dict[str, list[Table]] = {}
        for table in dict.fromkeys(each.table for each in storage.complete):
            for effect in sorted({*map(_effect, _delete_rules(state, table))}):
                rules.setdefault(effect, []).append(table)
        words = "; ".join(
            f"rows of {listed(each.qualified_name for each in tables)} {effect}"
            for effect, tables in rules.items()
        )
        if len(rules) < 2 or words in told:
            continue
        told.add(words)
        message = (
            f"{storage.entity.name} is kept in tables that part when a user is "
            f"deleted: {words}; give their foreign keys the same ON DELETE"
        )
        yield at_table(list(rules.values())[1][0], message)


_EFFECTS: typ.Final = {
    "cascade": "go with the user",
    "set null": "stay without an owner",
    "set default": "stay with another owner",
}


def _effect(rule: str) -> str:
    """Say what a delete rule does to rows (``set null (owner_id)`` included)."""
    return _EFFECTS.get(rule.partition(" (")[0], "refuse the deletion")


def _delete_rules(state: UserState, table: Table) -> list[str]:
    names = {name for _, name in state.users}
    needed = state.needed(table)
    return [
        each.on_delete
        for each in references(table)
        if each.target_table in names and needed.keys() & {*each.columns}
    ]


def unguarded_ids(state: UserState) -> cabc.Iterator[Finding]:
    """Tell of columns that hold several ids, which no foreign key can guard."""
    for table in state.tables:
        for column in state.needed(table).values():
            kind = state.base_type(column)
            if not _holds_ids(state, column.name, kind):
                continue
            message = (
                f"no foreign key can guard the ids in this {kind}, so one can outlive "
                "its row, or never have had one; "
            )
            if is_set_before("insert", table) or _has_constraint_trigger(table):
                message += "a trigger may check what is written, not what is deleted; "
            message += "keep them in a table of their own, a row each"
            yield at_column(table, column, message)


def _has_constraint_trigger(table: Table) -> bool:
    return any(each.is_constraint and each.is_enabled for each in table.triggers)


def _holds_ids(state: UserState, name: str, kind: str) -> bool:
    """Whether the column holds ids of rows (labels of an enumerated type are none)."""
    if kind == _UUIDS:
        return True
    enums = {
        written
        for each in state.snapshot.enums
        for written in (
            f"{identifier(each.name)}[]",
            f"{identifier(each.schema)}.{identifier(each.name)}[]",
        )
    }
    several = kind in _JSON or (kind.endswith("[]") and kind not in enums)
    return several and re.fullmatch(r"ids|.*(_ids|Ids)", name) is not None


def repeatable_pairs(state: UserState) -> cabc.Iterator[Finding]:
    """Tell of join tables in which a pair can stand twice."""
    for candidates in state.candidates.values():
        table = candidates[0].table
        for columns in dict.fromkeys(filter(None, map(_joined, candidates))):
            if not any(_separates(key, columns, table) for key in _keys(table)):
                names = ", ".join(map(identifier, columns))
                message = (
                    f"nothing keeps the same {listed(columns)} from being stored "
                    f"twice; make ({names}) the primary key, or unique"
                )
                yield at_table(table, message)


def _joined(candidate: Candidate) -> tuple[str, ...]:
    """Return the columns by which the model joins rows, or none.

    A join table is one of which the model needs references and nothing else.
    """
    names = candidate.model.columns
    columns = [c for group in candidate.present() for c in group]
    if len(names) < 2 or candidate.model.any_of:
        return ()
    joins = all(_is_reference(candidate.table, each) for each in columns)
    return names if joins else ()


def _is_reference(table: Table, column: Column) -> bool:
    if column.name in {name for each in table.foreign_keys for name in each.columns}:
        return True
    return column.name.endswith(("_id", "Id"))


def _keys(table: Table) -> cabc.Iterator[_Key]:
    """Yield everything that keeps rows apart."""
    if flagged := tuple(each.name for each in table.columns if each.is_primary_key):
        yield _Key(flagged)
    for key in (table.primary_key, *table.unique_constraints):
        if key:
            yield _Key(key.columns, is_temporal=key.is_temporal)
    for index in table.indexes:
        if index.is_unique and index.is_valid:
            yield _Key(index.columns, is_partial=index.predicate is not None)
    for each in table.exclusion_constraints:
        equal = re.findall(r'("(?:[^"]|"")+"|\w+) WITH =', each.definition)
        yield _Key(tuple(name.strip('"') for name in equal), is_temporal=True)


def _separates(key: _Key, joined: tuple[str, ...], table: Table) -> bool:
    """Whether the key keeps a pair from standing twice.

    A key over fewer columns does so too, unless it is for some rows only. One over
    more does where these say what else is joined, of which kind it is, when it
    holds, or where it lies; a time or a number of its own lets the pair come again.
    """
    if {*key.columns} < {*joined}:
        return bool(key.columns) and not key.is_partial
    if not all(any(_is_over(each, name) for each in key.columns) for name in joined):
        return False
    more = (
        column
        for each in key.columns
        if each not in joined and (column := table.column(each)) is not None
    )
    return key.is_temporal or not any(_is_new_each_time(each, table) for each in more)


def _is_new_each_time(column: Column, table: Table) -> bool:
    """Whether the column tells apart what is otherwise the same."""
    if column.name in re.findall(r"\w+", table.partition_key or ""):
        return False
    is_time = column.data_type.startswith(("date", "time"))  # or a timestamp
    return is_time or column.identity is not None or "(" in (column.default or "")


def _is_over(key: str, column: str) -> bool:
    """Whether the part of a key is the column, or an expression over it."""
    return key == column or re.search(rf"\b{re.escape(column)}\b", key) is not None
