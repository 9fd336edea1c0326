"""Parts of a schema in one line each, close to how SQL writes them."""

from __future__ import annotations

import typing as typ

from pytest_userstate.domain.columns import (
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    Index,
    KeyConstraint,
    Policy,
    Trigger,
)
from pytest_userstate.domain.converters import in_sql

WIDTH: typ.Final = 72
"""How wide a line can be beneath pytest's own margin."""
SHOWN: typ.Final = 3
"""How many names are worth showing."""
_LONGEST_TEXT: typ.Final = 400


def shortened(text: str, length: int = _LONGEST_TEXT) -> str:
    """Return the text without its middle if it is too long to be read."""
    if len(text) <= length:
        return text
    half = (length - 3) // 2
    return f"{text[:half]} … {text[-half:]}"


def column_in_words(column: Column) -> str:
    """Return such as ``id uuid not null default gen_random_uuid()``."""
    words = [column.name, column.data_type]
    if not column.is_nullable:
        words.append("not null")
    if column.identity is not None:
        words.append(f"generated {column.identity} as identity")
    if column.generated is not None:
        words.append(f"generated always as ({column.expression}) {column.generated}")
    if column.default is not None:
        words.append(f"default {column.default}")
    return " ".join(words)


def key_in_words(key: KeyConstraint) -> str:
    """Return such as ``users_pkey (id)``."""
    nulls = "" if key.nulls_distinct else " nulls not distinct"
    return f"{key.name} ({in_sql(key.columns)}){nulls}{_included(key.included)}"


def foreign_key_in_words(key: ForeignKey) -> str:
    """Return such as ``a_fkey (b_id) references public.b (id) on delete cascade``."""
    text = (
        f"{key.name} ({in_sql(key.columns)}) references "
        f"{key.target_schema}.{key.target_table} ({in_sql(key.target_columns)})"
    )
    if key.on_update != "no action":
        text += f" on update {key.on_update}"
    if key.on_delete != "no action":
        text += f" on delete {key.on_delete}"
    if key.is_deferrable:
        text += " deferrable"
    return text if key.is_validated else f"{text} not valid"


def check_in_words(check: CheckConstraint | ExclusionConstraint) -> str:
    """Return the name and definition."""
    return f"{check.name} {check.definition}"


def index_in_words(index: Index) -> str:
    """Return such as ``unique users_email (email) where (deleted_at IS NULL)``."""
    unique = "unique " if index.is_unique else ""
    method = "" if index.method == "btree" else f" using {index.method}"
    where = f" where {index.predicate}" if index.predicate else ""
    valid = "" if index.is_valid else " — invalid"
    return (
        f"{unique}{index.name}{method} ({', '.join(index.columns)})"
        f"{_included(index.included)}{where}{valid}"
    )


def trigger_in_words(trigger: Trigger) -> str:
    """Return the name and the function that it calls."""
    disabled = "" if trigger.is_enabled else " — disabled"
    return f"{trigger.name} calls {trigger.function}{disabled}"


def policy_in_words(policy: Policy) -> str:
    """Return such as ``owners for select to app using (…)``."""
    using = f" using {policy.using}" if policy.using else ""
    check = f" with check {policy.check}" if policy.check else ""
    roles = ", ".join(policy.roles)
    kind = "" if policy.is_permissive else " restrictive"
    return f"{policy.name}{kind} for {policy.command} to {roles}{using}{check}"


def _included(names: tuple[str, ...]) -> str:
    return f" include ({in_sql(names)})" if names else ""
