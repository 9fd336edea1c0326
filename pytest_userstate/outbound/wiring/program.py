"""What else the program's sources say: which tables they name, and declare."""

from __future__ import annotations

import collections.abc as cabc
import functools
import pathlib
import re
import typing as typ

from pytest_userstate.domain.snapshot import Source
from pytest_userstate.domain.wiring import DeclaredTable, TableMention, TableMentions

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.wiring.sources import SourceText

_MOST_PLACES = 3
_DIESEL = "diesel.toml"
_SCHEMA = "schema.rs"
# Beside the languages that are parsed: whatever else holds queries or mappings.
_QUERIES = frozenset(
    {".ex", ".exs", ".fs", ".php", ".prisma", ".rb", ".scala", ".sql", ".swift", ".xml"}
)


class SourceProgramRepository:
    """The program as its sources show it, without parsing them.

    Parameters
    ----------
    base : pathlib.Path
        The repository.
    sources : tuple of str
        Where the program's sources are.
    migrations : str or None
        The folder of the migrations, which is no part of the program.
    is_diesel : bool
        Whether to look for tables that are declared in Diesel's `table!`.
    """

    def __init__(
        self,
        base: pathlib.Path,
        *,
        sources: tuple[str, ...],
        migrations: str | None = None,
        is_diesel: bool = False,
    ) -> None:
        """Keep where to look; nothing is read yet."""
        self._base = base
        self._sources = sources
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
        from pytest_userstate.outbound.wiring.diesel_schema import (  # noqa: PLC0415
            holds_declarations,
        )
        from pytest_userstate.outbound.wiring.sources import (  # noqa: PLC0415
            SourceTree,
        )
        from pytest_userstate.outbound.wiring.syntax.registry import (  # noqa: PLC0415
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
                "the repository" if each == "." else each for each in self._sources
            ),
        )

    def declared_tables(self) -> tuple[DeclaredTable, ...]:
        """Return the tables that the program declares."""
        return self._declared

    @functools.cached_property
    def _declared(self) -> tuple[DeclaredTable, ...]:
        if not self._is_diesel:
            return ()
        from pytest_userstate.outbound.wiring.diesel_schema import (  # noqa: PLC0415
            declared_tables,
        )

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
        from pytest_userstate.outbound.wiring.diesel_schema import (  # noqa: PLC0415
            schema_files,
        )
        from pytest_userstate.outbound.wiring.sources import (  # noqa: PLC0415
            SourceTree,
        )

        projects = [*self._base.glob(_DIESEL), *self._base.glob(f"*/{_DIESEL}")]
        printed = [f for each in projects for f in schema_files(each)]
        found = [file for file in printed if file.is_file()]
        for file in found:
            text = file.read_text(encoding="utf-8", errors="replace")
            yield label(file, self._base), text
        if not found:
            tree = SourceTree(self._base, self._sources, frozenset({".rs"}))
            for source in tree.read(only=_SCHEMA).texts:
                yield source.shown, source.text


def _places(word: re.Pattern[str], texts: cabc.Iterable[SourceText]) -> list[Source]:
    places = []
    for text in texts:
        if found := word.search(text.text):
            line = text.text.count("\n", 0, found.start()) + 1
            places.append(Source(text.shown, line))
    return places[:_MOST_PLACES]
