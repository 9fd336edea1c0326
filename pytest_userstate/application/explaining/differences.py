"""A difference between schemas as lines of text, bounded however large it is."""

from __future__ import annotations

import collections
import collections.abc as cabc
import textwrap
import typing as typ

from pytest_userstate.application.explaining.words import (
    WIDTH,
    check_in_words,
    column_in_words,
    foreign_key_in_words,
    index_in_words,
    key_in_words,
    policy_in_words,
    shortened,
    trigger_in_words,
)
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
from pytest_userstate.domain.difference import (
    Change,
    ChangeKind,
    Difference,
    FieldChange,
    Value,
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

SHOWN: typ.Final = 25
"""How many changes are shown."""
_FIELDS: typ.Final = 5
_LONGEST_TEXT: typ.Final = 160
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


def came_from(change: Change) -> str:
    """Say which migration introduced an object that only one side has."""
    if change.kind is ChangeKind.CHANGED:
        return ""
    value = change.before if change.after is None else change.after
    source = getattr(value, "source", None)
    return f"  [{source}]" if source else ""


def in_lines(
    difference: Difference,
    *,
    shown: int = SHOWN,
    origin: cabc.Callable[[Change], str] = came_from,
) -> list[str]:
    """Return the changes, a line or a few for each, and how many more there are.

    `origin` says where an object comes from.
    """
    lines: list[str] = []
    for change in difference.changes[:shown]:
        lines += _lines(change, origin(change))
    rest = difference.changes[shown:]
    if rest:
        lines.append(f"… and {len(rest):,} more: {counted(rest)}")
    return lines


def described(value: Value) -> str:
    """Return an object in a line, without its own name."""
    words = _WORDS.get(type(value))
    if words is None or isinstance(value, str):
        return ""
    return words(value).removeprefix(f"{value.name} ")


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


def _lines(change: Change, came: str) -> list[str]:
    head = f"{_SIGNS[change.kind]} {change.what} {change.subject}"
    if change.kind is ChangeKind.CHANGED:
        fields = change.fields
        lines = _wrapped(head + came, "    ")
        for field in fields[:_FIELDS]:
            lines += _field_lines(field)
        if len(fields) > _FIELDS:
            lines.append(f"    … and {_number(len(fields) - _FIELDS, 'more fact')}")
        return lines
    value = change.before if change.after is None else change.after
    text = described(value) if value is not None else ""
    return _wrapped(f"{head} {shortened(text, _LONGEST_TEXT)}".rstrip() + came, "    ")


def _field_lines(change: FieldChange) -> list[str]:
    name = change.field.removeprefix("is_")
    before, after = fact_in_words(change)
    line = f"    {name}: {before} != {after}"
    if len(line) <= WIDTH:
        return [line]
    return [
        f"    {name}:",
        *_wrapped(f"      - {before}", "        "),
        *_wrapped(f"      + {after}", "        "),
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
            return shortened(f"({', '.join(map(str, value))})", _LONGEST_TEXT)
        case _:
            return shortened(str(value), _LONGEST_TEXT)


def _wrapped(text: str, margin: str) -> list[str]:
    start = len(text) - len(text.lstrip())
    return textwrap.wrap(
        text.strip(),
        WIDTH,
        initial_indent=" " * start,
        subsequent_indent=margin,
        break_on_hyphens=False,
    )


def _number(count: int, what: str) -> str:
    return f"{count} {what if count == 1 else _plural(what)}"


def _plural(what: str) -> str:
    return _PLURALS.get(what, f"{what}s")
