"""What else the program's sources say: which tables they declare, and name.

The body of Diesel's `table!` is a list of tokens to every parser of Rust, so that
a small lexer reads it as well as any, and without the `wiring` extra.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import pathlib
import re
import tomllib
import typing as typ

from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.snapshot import Source, Table
from pytest_userstate.domain.wiring import (
    DeclaredColumn,
    DeclaredTable,
    PortWiring,
    TableMention,
    TableMentions,
)
from pytest_userstate.domain.writes import TableWrites

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.wiring.sources import SourceText


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
    names = [table.get("file") for table in tables if isinstance(table, dict)]
    return [project.parent / name for name in names if isinstance(name, str)]


def declared_tables(text: str, path: str) -> cabc.Iterator[DeclaredTable]:
    """Yield the tables that a Rust file declares."""
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
        """The place of the next token."""
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
        return tuple(f"{data_type}[]" for data_type in _data_types(plain))
    return _TYPES.get(words[-1], ()) if words and ">" not in words else ()


_MOST_PLACES = 3
_DIESEL = "diesel.toml"
_SCHEMA = "schema.rs"
# Beside the languages that are parsed: whatever else holds queries or mappings.
_QUERIES = frozenset(
    {".ex", ".exs", ".fs", ".php", ".prisma", ".rb", ".scala", ".sql", ".swift", ".xml"}
)


class SourceProgramRepository:
    """The program as its sources show it, without parsing them."""

    def __init__(
        self,
        base: pathlib.Path,
        *,
        sources: tuple[str, ...],
        writes: tuple[str, ...] = (),
        migrations: str | None = None,
        is_diesel: bool = False,
    ) -> None:
        """Keep where to look; nothing is read yet."""
        self._base = base
        self._sources = sources
        self._written_in = writes
        self._without = (migrations,) if migrations else ()
        self._is_diesel = is_diesel
        self._mentions: dict[tuple[str, ...], TableMentions] = {}

    def mentions(self, tables: cabc.Iterable[str]) -> TableMentions:
        """Return where the sources name the tables: in queries, or mappings.

        The sources are read once for the same tables, however often they are asked.
        """
        asked = tuple(tables)
        if asked not in self._mentions:
            self._mentions[asked] = self._look_for(asked)
        return self._mentions[asked]

    def _look_for(self, tables: tuple[str, ...]) -> TableMentions:
        # Imported here, since most runs ask for neither this nor declarations.
        from pytest_userstate.outbound.wiring.sources import (  # noqa: PLC0415
            SourceTree,
        )
        from pytest_userstate.outbound.wiring.syntax.language import (  # noqa: PLC0415
            SUFFIXES,
        )

        suffixes = frozenset({*SUFFIXES, *_QUERIES})
        tree = SourceTree(self._base, self._sources, suffixes, self._without)
        # A printed schema names every table there is, used or not.
        texts = [
            text for text in tree.read().texts if not holds_declarations(text.text)
        ]
        words = {table: re.compile(rf"\b{re.escape(table)}\b") for table in tables}
        naming = [text for text in texts if any(table in text.text for table in words)]
        kept = tree.without_ignored(naming)
        return TableMentions(
            found=(
                TableMention(table=table, sources=_places(word, kept))
                for table, word in words.items()
            ),
            looked_in=(
                "the repository" if source == "." else source
                for source in self._sources
            ),
        )

    def writes(self, tables: cabc.Iterable[Table]) -> TableWrites | None:
        """Return what the sources write to the tables; None if they are not read."""
        if not self._written_in:
            return None
        from pytest_userstate.outbound.wiring.writes import (  # noqa: PLC0415 - a scan
            WriteReader,
        )

        reader = WriteReader(self._base, self._written_in, self._without)
        return reader.read([*tables])

    def ports(self, model: AuditModel) -> tuple[PortWiring, ...]:
        """Return the ports of user state that the sources declare."""
        from pytest_userstate.outbound.wiring.port_search import (  # noqa: PLC0415
            find_ports,
        )
        from pytest_userstate.outbound.wiring.sources import (  # noqa: PLC0415
            SourceTree,
        )

        tree = SourceTree(self._base, self._sources, without=self._without)
        return find_ports(tree, model, self._base)

    def declared_tables(self) -> tuple[DeclaredTable, ...]:
        """Return the tables that the program declares."""
        return self._declared

    @functools.cached_property
    def _declared(self) -> tuple[DeclaredTable, ...]:
        if not self._is_diesel:
            return ()

        return tuple(
            table
            for path, text in self._schema_files()
            for table in declared_tables(text, path)
        )

    def _schema_files(self) -> cabc.Iterator[tuple[str, str]]:
        """Yield the files that declare tables: those that Diesel prints, or any."""
        from pytest_userstate.outbound.migrations.layout import (  # noqa: PLC0415
            label,
        )
        from pytest_userstate.outbound.wiring.sources import (  # noqa: PLC0415
            SourceTree,
        )

        projects = [*self._base.glob(_DIESEL), *self._base.glob(f"*/{_DIESEL}")]
        printed = [f for project in projects for f in schema_files(project)]
        files = [file for file in printed if file.is_file()]
        for file in files:
            text = file.read_text(encoding="utf-8", errors="replace")
            yield label(file, self._base), text
        if not files:
            tree = SourceTree(self._base, self._sources, frozenset({".rs"}))
            for source in tree.read(only=_SCHEMA).texts:
                yield source.relative_path, source.text


def _places(word: re.Pattern[str], texts: cabc.Iterable[SourceText]) -> list[Source]:
    places = []
    for text in texts:
        if match := word.search(text.text):
            line = text.text.count("\n", 0, match.start()) + 1
            places.append(Source(text.relative_path, line))
    return places[:_MOST_PLACES]
