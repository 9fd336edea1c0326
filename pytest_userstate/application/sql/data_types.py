"""Types, compared as PostgreSQL means them.

``varchar(32)`` is ``character varying(32)``, ``int[]`` is ``integer[]``. The names
are those of PostgreSQL's documentation, chapter "Data Types", and what it prints
with ``format_type``.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.application.sql.tokens import (
    Stream,
    TokenKind,
    UnreadableSqlError,
    tokens,
)

ALIASES: typ.Final = {
    "bool": "boolean",
    "char": "character",
    "char varying": "character varying",
    "dec": "numeric",
    "decimal": "numeric",
    "float": "double precision",
    "float4": "real",
    "float8": "double precision",
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "national char": "character",
    "national char varying": "character varying",
    "national character": "character",
    "national character varying": "character varying",
    "nchar": "character",
    "nchar varying": "character varying",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
    "varbit": "bit varying",
    "varchar": "character varying",
}
BUILT_IN: typ.Final = frozenset(
    {
        *ALIASES,
        *ALIASES.values(),
        *("aclitem", "bit", "box", "bpchar", "bytea", "cid", "cidr", "circle", "date"),
        *("datemultirange", "daterange", "inet", "int4multirange", "int4range"),
        *("int8multirange", "int8range", "interval", "json", "jsonb", "jsonpath"),
        *("line", "lseg", "macaddr", "macaddr8", "money", "name", "nummultirange"),
        *("numrange", "oid", "path", "pg_lsn", "pg_snapshot", "point", "polygon"),
        *("regclass", "regcollation", "regconfig", "regdictionary", "regnamespace"),
        *("regoper", "regoperator", "regproc", "regprocedure", "regrole", "regtype"),
        *("text", "tid", "tsmultirange", "tsquery", "tsrange", "tstzmultirange"),
        *("tstzrange", "tsvector", "txid_snapshot", "uuid", "xid", "xid8", "xml"),
    }
)
SERIAL: typ.Final = {
    "serial2": "smallint",
    "smallserial": "smallint",
    "serial": "integer",
    "serial4": "integer",
    "bigserial": "bigint",
    "serial8": "bigint",
}
_CONTINUED: typ.Final = frozenset(
    {
        *("bit", "char", "character", "double", "interval", "national", "nchar"),
        *("time", "timestamp"),
    }
)
_CONTINUATIONS: typ.Final = frozenset(
    {
        *("precision", "varying", "char", "character", "with", "without", "time"),
        *("zone", "year", "month", "day", "hour", "minute", "second", "to"),
    }
)
_LONGEST_REAL: typ.Final = 24


@attrs.frozen
class DataType:
    """A type in its canonical form."""

    name: str
    # Empty for PostgreSQL's own types, and if none was written.
    schema: str = ""
    # `10,2` of `numeric(10,2)`.
    modifiers: str = ""
    # PostgreSQL does not count dimensions.
    is_array: bool = False
    is_quoted: bool = False

    @property
    def is_built_in(self) -> bool:
        """Whether it is a type of PostgreSQL's own."""
        if self.schema:
            return False
        first = self.name.partition(" ")[0]
        return self.name in BUILT_IN or first == "interval"

    def __str__(self) -> str:
        """Write it as PostgreSQL does."""
        name, modifiers = self.name, f"({self.modifiers})" if self.modifiers else ""
        head, blank, zone = name.partition(" with")
        written = f"{head}{modifiers}{blank}{zone}" if modifiers else name
        if self.is_quoted and not self.schema and name == "char":
            written = '"char"'
        schema = f"{self.schema}." if self.schema else ""
        return f"{schema}{written}{'[]' if self.is_array else ''}"

    def means(
        self, actual: DataType, search_path: cabc.Sequence[str] = ("public",)
    ) -> bool:
        """Whether a type in the catalog is what this one says.

        A name without a schema that is not built in is looked up in the
        search path.
        """
        if (self.modifiers, self.is_array) != (actual.modifiers, actual.is_array):
            return False
        if self.schema or self.is_built_in or not actual.schema:
            return (self.schema, self.name) == (actual.schema, actual.name)
        return self.name == actual.name and actual.schema in search_path


def data_type(text: str) -> DataType:
    """Return the type that a text names, or raise `UnreadableSqlError`."""
    stream = Stream(tokens(text))
    actual = read_data_type(stream)
    if stream.next.kind is not TokenKind.END:
        raise stream.unreadable()
    return actual


def type_of_column(text: str) -> DataType:
    """Return the type of a column, whatever its text."""
    try:
        return data_type(text)
    except UnreadableSqlError:
        return DataType(text)


def read_data_type(stream: Stream) -> DataType:
    """Read a type, as far as it goes."""
    schema, name, quoted = _read_name(stream)
    modifiers = _read_modifiers(stream)
    if modifiers and not quoted:
        name = _read_continuation(stream, name)
    is_array = _read_array(stream)
    if schema == "pg_catalog":
        schema = ""
    if schema or quoted:
        return DataType(name, schema, modifiers, is_array, quoted and not schema)
    name, modifiers = _canonical(name, modifiers)
    return DataType(name, "", modifiers, is_array)


def refusal_of_serial(text: str) -> str | None:
    """Return why a text names no type although it is written in its place."""
    word = text.strip().lower()
    if word not in SERIAL:
        return None
    return (
        f"data_type: {text!r} is no type but makes a column of type "
        f"{SERIAL[word]} with a sequence. Assert "
        f"data_type={SERIAL[word]!r} and default=SOME (identity=SOME if it is an "
        "identity column), and the sequence with assert_sequence(…, owned_by=…)."
    )


def _read_name(stream: Stream) -> tuple[str, str, bool]:
    first = stream.take()
    if first.kind not in {TokenKind.WORD, TokenKind.QUOTED}:
        raise UnreadableSqlError("a type begins with a name")  # noqa: EM101, TRY003
    if stream.took("."):
        second = stream.take()
        if second.kind not in {TokenKind.WORD, TokenKind.QUOTED}:
            raise stream.unreadable()
        if first.text == "pg_catalog" and second.kind is TokenKind.WORD:
            return "", _read_continuation(stream, second.text), False
        return first.text, second.text, second.kind is TokenKind.QUOTED
    if first.kind is TokenKind.QUOTED:
        return "", first.text, True
    return "", _read_continuation(stream, first.text), False


def _read_continuation(stream: Stream, name: str) -> str:
    words = [name]
    if name.partition(" ")[0] not in _CONTINUED:
        return name
    while stream.next.kind is TokenKind.WORD and stream.next.text in _CONTINUATIONS:
        words.append(stream.take().text)
    return " ".join(words)


def _read_modifiers(stream: Stream) -> str:
    if not stream.took("("):
        return ""
    parts: list[str] = []
    while not stream.took(")"):
        if stream.next.kind is TokenKind.END:
            raise stream.unreadable()
        parts.append(stream.take().text)
    if not parts:
        raise UnreadableSqlError("the parentheses are empty")  # noqa: EM101, TRY003
    return "".join(parts).lower()


def _read_array(stream: Stream) -> bool:
    is_array = stream.took_word("array")
    while stream.took("["):
        if stream.next.kind is TokenKind.NUMBER:
            stream.take()
        stream.expect("]")
        is_array = True
    return is_array


def _canonical(name: str, modifiers: str) -> tuple[str, str]:
    """Return the name and modifiers as PostgreSQL writes them."""
    if name == "float" and modifiers:
        return _float(modifiers), ""
    if name == "bpchar":
        return ("character", modifiers) if modifiers else (name, "")
    name = ALIASES.get(name, name)
    if name in {"character", "bit"} and not modifiers:
        return name, "1"
    if name == "numeric" and modifiers and "," not in modifiers:
        return name, f"{modifiers},0"
    return name, modifiers


def _float(precision: str) -> str:
    if not precision.isdecimal():
        raise UnreadableSqlError(f"float({precision}) has no such precision")  # noqa: EM102, TRY003
    return "real" if int(precision) <= _LONGEST_REAL else "double precision"
