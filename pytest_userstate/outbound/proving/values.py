"""Values of a type, as SQL literals without their quotes, simplest first."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.domain.converters import in_quotes
from pytest_userstate.domain.snapshot import Column, SchemaSnapshot, Table

_QUOTED: typ.Final = re.compile(r"'((?:[^']|'')*)'")
_NUMBER: typ.Final = re.compile(r"(?<![\w.'])\d+(?:\.\d+)?(?![\w.'])")
_LENGTH: typ.Final = re.compile(r"\((\d+)")
_MODIFIER: typ.Final = re.compile(r"\([\d, ]*\)")
_LONGEST: typ.Final = 256
_HASH: typ.Final = "0123456789abcdef" * 8
_TEXTS: typ.Final = (
    *("a", "ab", "abc", "A", "ABC", "1", "0", "a-b", "a_b", "Ab1", "en", "en-GB"),
    *("EUR", "DE", "UTC", "Europe/London", "user@example.com", "@user", "/a"),
    *("https://example.com", "https://example.com/a.png", "example.com"),
    *("+442079460000", "2026-01-01", "12:00", "1.0.0", "#aabbcc", "image/png"),
    "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
    "$2b$12$abcdefghijklmnopqrstuu5Lo0g67CiD3M4RpN1BmBb4Crp5w7dbK",
    *(_HASH[:length] for length in (12, 16, 20, 24, 32, 40, 64, 128)),
    "00000000-0000-4000-8000-000000000001",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "A long text that has more words than most of the others have.",
)
_NUMBERS: typ.Final = ("1", "0", "2", "10", "100", "-1", "1000", "50", "18")
_UUIDS: typ.Final = tuple(f"00000000-0000-4000-8000-{n:012}" for n in range(1, 5))
_BY_TYPE: typ.Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric"), _NUMBERS),
    **dict.fromkeys(("real", "double precision", "money", "oid"), _NUMBERS),
    "boolean": ("false", "true"),
    "uuid": _UUIDS,
    "date": ("2026-01-01", "2026-01-02", "1990-01-01", "2099-01-01"),
    "timestamp": ("2026-01-01", "2026-01-02", "1990-01-01", "2099-01-01"),
    "time": ("12:00", "13:00"),
    "interval": ("1 day", "2 days"),
    **dict.fromkeys(("json", "jsonb"), ("{}", "[]", '{"a": 1}', '"a"', "1")),
    "bytea": ("\\x61", "\\x62", "\\x" + _HASH[:32], "\\x" + _HASH[:64]),
    **dict.fromkeys(("inet", "cidr"), ("192.0.2.1", "192.0.2.2")),
    "macaddr": ("08:00:2b:01:02:03", "08:00:2b:01:02:04"),
    "xml": ("<a/>", "<b/>"),
    "point": ("(0,0)", "(1,1)"),
    "tsvector": ("a", "b"),
    **dict.fromkeys(("bit", "bit varying"), ("0", "1")),
    **dict.fromkeys(("int4range", "int8range", "numrange"), ("[1,2)", "[2,3)")),
    "tstzrange": ("[2026-01-01,2026-01-02)", "[2026-01-02,2026-01-03)"),
    "tsrange": ("[2026-01-01,2026-01-02)", "[2026-01-02,2026-01-03)"),
    "daterange": ("[2026-01-01,2026-01-02)", "[2026-01-02,2026-01-03)"),
    **dict.fromkeys(("text", "character varying", "character", "citext"), _TEXTS),
    **dict.fromkeys(("name", '"char"'), _TEXTS),
}
TEXTS: typ.Final = frozenset({"text", "character varying", "character", "citext"})


def kind_of(data_type: str) -> str:
    """Return a type without its modifier, schema, and time zone.

    >>> kind_of("timestamp(3) with time zone"), kind_of("public.citext")
    ('timestamp', 'citext')
    """
    kind = " ".join(_MODIFIER.sub(" ", data_type).split())
    kind = re.sub(r" with(out)? time zone$", "", kind)
    return kind.rpartition(".")[2]


def hints(conditions: cabc.Iterable[str], data_type: str) -> list[str]:
    """Return the values that conditions name, and texts as long as they ask for.

    >>> hints(["(size = ANY (ARRAY['s'::text, 'm'::text]))"], "text")
    ['s', 'm']
    """
    is_text = kind_of(data_type) in TEXTS
    values: list[str] = []
    for condition in conditions:
        for literal in _QUOTED.findall(condition):
            values.append(literal.replace("''", "'"))
            plain = re.sub(r"[%^$\\]", "", values[-1])
            values += [plain] if is_text and plain != values[-1] else []
        for text in _NUMBER.findall(_QUOTED.sub("", condition)):
            number = float(text)
            if is_text and number <= _LONGEST:
                values.append("a" * int(number))
            elif not is_text and number.is_integer():
                values += [str(int(number) + step) for step in (0, 1, -1)]
            elif not is_text:
                values.append(text)
    return list(dict.fromkeys(values))


def candidates(
    column: Column, snapshot: SchemaSnapshot, conditions: cabc.Iterable[str] = ()
) -> list[str]:
    """Return values to try for a column, those that conditions name first."""
    data_type = snapshot.base_type(column)
    values = [*hints(conditions, data_type), *_of_type(data_type, snapshot)]
    longest = _LENGTH.search(data_type)
    if longest and kind_of(data_type) in TEXTS:
        values = [value for value in values if len(value) <= int(longest[1])]
    return list(dict.fromkeys(values))


def _of_type(data_type: str, snapshot: SchemaSnapshot) -> cabc.Iterable[str]:
    if data_type.endswith("[]"):
        first = next(iter(_of_type(data_type[:-2], snapshot)), None)
        quoted = first and first.replace("\\", "\\\\").replace('"', '\\"')
        return ["{}", *([f'{{"{quoted}"}}'] if first is not None else [])]
    kind = kind_of(data_type)
    width = _LENGTH.search(data_type)
    if kind == "bit" and width:
        return (value * int(width[1]) for value in "01")
    for enum in snapshot.enums:
        if kind in {enum.name, f'"{enum.name}"'}:
            return enum.labels
    for composite in snapshot.composite_types:
        if kind in {composite.name, f'"{composite.name}"'}:
            return _records(composite.attributes, snapshot)
    return _BY_TYPE.get(kind, ())


def _records(
    attributes: cabc.Iterable[str], snapshot: SchemaSnapshot
) -> cabc.Iterable[str]:
    types = [attribute.rpartition(" ")[2] for attribute in attributes]
    choices = [list(_of_type(data_type, snapshot))[:2] for data_type in types]
    if not all(len(choice) > 1 for choice in choices):
        return ()
    return [f"({','.join(choice[n] for choice in choices)})" for n in (0, 1)]


def conditions_of(table: Table, snapshot: SchemaSnapshot) -> list[str]:
    """Return the conditions that rows of a table have to meet, as expressions.

    A domain's conditions are about the columns that have it.
    """
    conditions = [
        expression(check.definition)
        for check in table.check_constraints
        if check.is_enforced
    ]
    for column in table.columns:
        for domain in snapshot.domains_of(column):
            name = in_quotes(column.name)
            conditions += [
                _outside_quotes(r"\bVALUE\b", name, expression(check.definition))
                for check in domain.check_constraints
                if check.is_enforced
            ]
    return conditions


def expression(definition: str) -> str:
    """Return the expression of a check, as PostgreSQL deparses the check.

    >>> expression("CHECK ((revision > 0)) NOT VALID")
    '((revision > 0))'
    """
    start = definition.find("(")
    return definition[start : definition.rfind(")") + 1]


def _outside_quotes(pattern: str, replacement: str, text: str) -> str:
    parts = re.split(r"('(?:[^']|'')*')", text)
    return "".join(
        part if part.startswith("'") else re.sub(pattern, lambda _: replacement, part)
        for part in parts
    )
