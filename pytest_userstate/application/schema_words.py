"""Objects, parts, and differences of schemas in words, close to how SQL writes them.

A difference is bounded, however large it is.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import typing as typ

from pytest_userstate.application.wording import wrap
from pytest_userstate.domain.columns import (
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    Index,
    KeyConstraint,
    Policy,
    Rule,
    Trigger,
)
from pytest_userstate.domain.converters import in_sql
from pytest_userstate.domain.difference import (
    Change,
    ChangeKind,
    FieldChange,
)
from pytest_userstate.domain.snapshot import (
    CompositeType,
    DefaultPrivileges,
    Domain,
    Enum,
    Extension,
    Function,
    RangeType,
    Sequence,
    Table,
    View,
)

WIDTH: typ.Final = 72
"""How wide a line can be beneath pytest's own margin."""
SHOWN: typ.Final = 3
"""How many names are worth showing."""
_LONGEST_TEXT: typ.Final = 400
_LONGEST_FACT: typ.Final = 160
_MOST_CHANGES: typ.Final = 25
_MOST_FACTS: typ.Final = 5
_SIGNS: typ.Final = {
    ChangeKind.REMOVED: "-",
    ChangeKind.ADDED: "+",
    ChangeKind.CHANGED: "!",
}
_PLURALS: typ.Final = {
    "index": "indexes",
    "policy": "policies",
    "default privileges": "default privileges",
}


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


def counted(changes: cabc.Iterable[Change]) -> str:
    """Return how many of what differ: ``2 tables, 1 column``."""
    counts = collections.Counter(change.what for change in changes)
    return ", ".join(
        f"{count:,} {what if count == 1 else _plural(what)}"
        for what, count in counts.items()
    )


def legend(
    changes: cabc.Iterable[Change], *, before: str, after: str, both: str
) -> str:
    """Return what the signs mean, and how often they occur: ``- 1 only on …``."""
    counts = collections.Counter(change.kind for change in changes)
    words = {
        ChangeKind.REMOVED: f"only {before}",
        ChangeKind.ADDED: f"only {after}",
        ChangeKind.CHANGED: f"{both}, but different",
    }
    return ", ".join(
        f"{_SIGNS[kind]} {counts[kind]:,} {words[kind]}"
        for kind in ChangeKind
        if counts[kind]
    )


def in_lines(
    changes: cabc.Sequence[Change], *, shown: int = _MOST_CHANGES
) -> list[str]:
    """Return the changes, a line or a few for each, and how many more there are."""
    lines = [line for change in changes[:shown] for line in _lines(change)]
    if rest := changes[shown:]:
        lines.append(f"… and {len(rest):,} more: {counted(rest)}")
    return lines


def described(change: Change) -> str:
    """Return what differs, or the object that only one side has, without its name."""
    if change.kind is ChangeKind.CHANGED:
        return "; ".join(
            f"{fact.field.removeprefix('is_')}: {' != '.join(fact_in_words(fact))}"
            for fact in change.fields
        )
    value: typ.Any = change.before if change.after is None else change.after
    words = _WORDS.get(type(value))
    return words(value).removeprefix(f"{value.name} ") if words else ""


def _columns_in_words(value: Table | View) -> str:
    kind = f"({value.kind}) " if isinstance(value, View) else ""
    return f"{kind}with {_number(len(value.columns), 'column')}"


_WORDS: typ.Final[cabc.Mapping[type, cabc.Callable[[typ.Any], str]]] = {
    Table: _columns_in_words,
    View: _columns_in_words,
    Enum: lambda value: f"({', '.join(value.labels)})",
    Domain: lambda value: f"as {value.data_type}",
    Extension: lambda value: f"version {value.version}",
    Sequence: lambda value: f"as {value.data_type}",
    CompositeType: lambda value: f"({', '.join(value.attributes)})",
    RangeType: lambda value: f"of {value.subtype}",
    Function: lambda value: f"returns {value.result}",
    DefaultPrivileges: lambda value: "; ".join(value.grants) or "to nobody",
    Column: column_in_words,
    KeyConstraint: key_in_words,
    ForeignKey: foreign_key_in_words,
    CheckConstraint: check_in_words,
    ExclusionConstraint: check_in_words,
    Index: index_in_words,
    Trigger: trigger_in_words,
    Rule: lambda value: value.definition,
    Policy: policy_in_words,
}


def _lines(change: Change) -> list[str]:
    head = f"{_SIGNS[change.kind]} {change.what} {change.subject}"
    if change.kind is ChangeKind.CHANGED:
        fields = change.fields
        lines = _wrapped(head + _origin(change), hanging=4)
        for field in fields[:_MOST_FACTS]:
            lines += _field_lines(field)
        if len(fields) > _MOST_FACTS:
            lines.append(f"    … and {_number(len(fields) - _MOST_FACTS, 'more fact')}")
        return lines
    text = f"{head} {shortened(described(change), _LONGEST_FACT)}".rstrip()
    return _wrapped(text + _origin(change), hanging=4)


def _origin(change: Change) -> str:
    """Return the migration behind a change: ``  [migrations/1.sql:8]``."""
    if change.dropped:
        return f"  [{change.dropped.fate} by {change.dropped.source}]"
    return f"  [{change.source}]" if change.source else ""


def _field_lines(change: FieldChange) -> list[str]:
    name = change.field.removeprefix("is_")
    before, after = fact_in_words(change)
    line = f"    {name}: {before} != {after}"
    if len(line) <= WIDTH:
        return [line]
    return [
        f"    {name}:",
        *_wrapped(f"- {before}", indent=6, hanging=2),
        *_wrapped(f"+ {after}", indent=6, hanging=2),
    ]


def fact_in_words(change: FieldChange) -> tuple[str, str]:
    """Return a fact as it was, and as it is."""
    before, after = change.before, change.after
    if change.field == "owner":
        before, after = (owner or "as of the rest" for owner in (before, after))
    return value_in_words(before), value_in_words(after)


def value_in_words(value: object) -> str:
    """Return a fact in words: ``yes``, ``none``, ``(a, b)``."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return shortened(f"({', '.join(map(str, value))})", _LONGEST_FACT)
        case _:
            return shortened(str(value), _LONGEST_FACT)


def _wrapped(text: str, *, indent: int = 0, hanging: int) -> list[str]:
    line = " ".join(text.splitlines())
    return wrap(line, indent=" " * indent, hanging=hanging, width=WIDTH, is_tight=True)


def _number(count: int, what: str) -> str:
    return f"{count} {what if count == 1 else _plural(what)}"


def _plural(what: str) -> str:
    return _PLURALS.get(what, f"{what}s")
