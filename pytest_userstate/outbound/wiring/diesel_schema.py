"""What a program declares in Diesel's `table!`, usually in `schema.rs`.

The macro's body is a list of tokens to every parser of Rust, so that a small
lexer reads it as well as any, and without the `wiring` extra.
"""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re
import tomllib
import typing as typ

from pytest_userstate.domain.snapshot import Source
from pytest_userstate.domain.wiring import DeclaredColumn, DeclaredTable

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+ | //[^\n]* | /\*.*?\*/)
    | (?P<text>"(?:\\.|[^"\\])*")
    | (?P<name>(?:r\#)?\w+)
    | (?P<sign>->|::|.)
    """,
    re.DOTALL | re.VERBOSE,
)
_MACRO = re.compile(r"(?<![\w!])(?:diesel\s*::\s*)?table!\s*\{")
_TEXTS = ("text", "character varying", "character", "bpchar", "name", "citext")
_TYPES: typ.Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("SmallInt", "Int2", "SmallSerial"), ("smallint",)),
    **dict.fromkeys(("Integer", "Int4", "Serial"), ("integer",)),
    **dict.fromkeys(("BigInt", "Int8", "BigSerial"), ("bigint",)),
    **dict.fromkeys(("Float", "Float4"), ("real",)),
    **dict.fromkeys(("Double", "Float8"), ("double precision",)),
    **dict.fromkeys(("Numeric", "Decimal"), ("numeric",)),
    **dict.fromkeys(("Text", "Varchar", "VarChar", "Bpchar", "Char"), _TEXTS),
    **dict.fromkeys(("Bytea", "Binary"), ("bytea",)),
    **dict.fromkeys(("Inet", "Cidr"), ("inet", "cidr")),
    "Bool": ("boolean",),
    "Citext": ("citext",),
    "Date": ("date",),
    "Interval": ("interval",),
    "Json": ("json",),
    "Jsonb": ("jsonb",),
    "Time": ("time without time zone",),
    "Timestamp": ("timestamp without time zone",),
    "Timestamptz": ("timestamp with time zone",),
    "Uuid": ("uuid",),
}
"""Diesel's types and PostgreSQL's; a type of the program's own may be any."""


def holds_declarations(text: str) -> bool:
    """Whether a Rust file declares tables."""
    return "table!" in text and bool(_MACRO.search(text))


def schema_files(project: pathlib.Path) -> list[pathlib.Path]:
    """Return the files that `diesel.toml` says the schema is printed to."""
    try:
        settings = tomllib.loads(project.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return []  # whatever is wrong with it, its own tool says it better
    printed = settings.get("print_schema", {})
    tables = [printed, *printed.values()] if isinstance(printed, dict) else []
    names = [each.get("file") for each in tables if isinstance(each, dict)]
    return [project.parent / name for name in names if isinstance(name, str)]


def declared_tables(text: str, path: str) -> cabc.Iterator[DeclaredTable]:
    """Yield the tables that a Rust file declares.

    Parameters
    ----------
    text : str
        The file's text.
    path : str
        The file, as reports show it.
    """
    for macro in _MACRO.finditer(text):
        tokens = _Tokens(text, macro.end(), path)
        table = _table(tokens)
        if table:
            yield table


class _Tokens:
    """The tokens of a macro's body, read one by one."""

    def __init__(self, text: str, start: int, path: str) -> None:
        self._path = path
        self._text = text
        self._matches = [
            match for match in _TOKEN.finditer(text, start) if match.lastgroup != "skip"
        ]
        self._next = 0

    @property
    def ahead(self) -> str:
        """The next token; nothing at the end."""
        if self._next >= len(self._matches):
            return ""
        return self._matches[self._next][0].removeprefix("r#")

    @property
    def source(self) -> Source:
        """Where the next token stands."""
        left = self._matches[self._next :]
        place = left[0].start() if left else len(self._text)
        return Source(self._path, self._text.count("\n", 0, place) + 1)

    def take(self) -> str:
        """Return the next token and pass it."""
        token = self.ahead
        self._next += 1
        return token

    def skip_past(self, sign: str) -> None:
        """Pass everything up to the sign, and the sign."""
        while self.ahead not in {sign, ""}:
            self.take()
        self.take()

    def renamed(self) -> str | None:
        """Pass attributes; return the name that `sql_name` gives what follows."""
        name = None
        while self.ahead == "#":
            self.take()
            inside = []
            while self.ahead not in {"]", ""}:
                inside.append(self.take())
            self.take()
            match inside:
                case ["[", "sql_name", "=", given]:
                    name = given.strip('"')
        return name


def _table(tokens: _Tokens) -> DeclaredTable | None:
    renamed = tokens.renamed()
    while tokens.ahead == "use":
        tokens.skip_past(";")
        renamed = tokens.renamed()
    source, name, schema = tokens.source, tokens.take(), "public"
    if tokens.ahead == ".":
        tokens.take()
        schema, name = name, tokens.take()
    if tokens.ahead == "(":
        tokens.skip_past(")")
    if tokens.take() != "{":
        return None
    columns = []
    while tokens.ahead not in {"}", ""}:
        column = _column(tokens)
        if column is None:
            return None
        columns.append(column)
    return DeclaredTable(
        name=renamed or name, schema=schema, columns=columns, source=source
    )


def _column(tokens: _Tokens) -> DeclaredColumn | None:
    renamed = tokens.renamed()
    source, name = tokens.source, tokens.take()
    if tokens.take() != "->":
        return None
    words, depth = [], 0
    while tokens.ahead and (depth or tokens.ahead not in {",", "}"}):
        depth += {"<": 1, ">": -1}.get(tokens.ahead, 0)
        words.append(tokens.take())
    if tokens.ahead == ",":
        tokens.take()
    inner, is_nullable = _unwrapped(words, "Nullable")
    return DeclaredColumn(
        name=renamed or name,
        declared_as="".join(words),
        data_types=_data_types(inner),
        is_nullable=is_nullable,
        source=source,
    )


def _unwrapped(words: list[str], wrapper: str) -> tuple[list[str], bool]:
    if words[:2] == [wrapper, "<"] and words[-1] == ">":
        return words[2:-1], True
    return words, False


def _data_types(words: list[str]) -> tuple[str, ...]:
    elements, is_array = _unwrapped(words, "Array")
    if is_array:
        plain, _ = _unwrapped(elements, "Nullable")
        return tuple(f"{each}[]" for each in _data_types(plain))
    return _TYPES.get(words[-1], ()) if words and ">" not in words else ()
