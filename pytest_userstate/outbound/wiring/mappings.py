"""Which classes and variables of a program mean which tables.

Object mappers declare it in a few ways, which are the patterns here. A class that says
no table has the one of its name, if anything about it shows that it is mapped.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import re
import typing as typ

import attrs

from pytest_userstate.domain.snapshot import Table
from pytest_userstate.outbound.wiring.sources import SourceText

_NAME: typ.Final = r"[\"'`](?:\w+\.)?(\w+)[\"'`]"
_CLASS: typ.Final = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)\n]*\))?[ \t]+)*"
    r"(?:(?:export|default|public|internal|abstract|final|open|data|sealed|partial|pub(?:\([^)]*\))?)\s+)*(?P<kind>class|struct|type|object|model|record)"
    r"\s+(?P<name>(?!Meta\b)\w+)",
    re.MULTILINE,
)
_TABLE_OF_CLASS: typ.Final = re.compile(
    "|".join(
        (
            rf"__tablename__\s*(?::[^=\n]*)?=\s*{_NAME}",  # SQLAlchemy
            rf"\bdb_table\s*=\s*{_NAME}",  # Django
            rf"@(?:Table|Entity)\([^)]*?\b(?:name|tableName|table_name)\s*[=:]\s*{_NAME}",
            rf"@(?:Table|Entity|Collection)\(\s*{_NAME}",  # JPA, TypeORM, MikroORM
            rf"\[Table\(\s*{_NAME}",  # Entity Framework
            rf"\btableName\s*[:=]\s*{_NAME}",  # Sequelize
            r"bun:\"table:(\w+)",
            rf"@@map\(\s*{_NAME}",  # Prisma
            rf":\s*\w*Table\(\s*{_NAME}",  # Exposed
            rf"\btable_name\s*=\s*{_NAME}",  # SeaORM, Peewee
        )
    )
)
_TABLE_OF_NAME: typ.Final = re.compile(
    "|".join(
        (
            # SQLAlchemy's core, and Drizzle
            rf"\b(\w+)\s*(?::[^=\n]*)?=\s*(?:\w+\.)?\w*[tT]able\(\s*{_NAME}",
            # Sequelize, Objection
            rf"\b(\w+)\s*=\s*\w+\.define\(\s*{_NAME}",
            # GORM, go-pg, xorm
            rf"\(\s*(?:\w+\s+)?\*?(\w+)\)\s*TableName\(\)\s*string\s*\{{\s*return\s*{_NAME}",
            # Entity Framework
            rf"\bEntity<(\w+)>\([^;]*?\.ToTable\(\s*{_NAME}",
            rf"\bIEntityTypeConfiguration<(\w+)>[\s\S]*?\.ToTable\(\s*{_NAME}",
        )
    )
)
_IS_MAPPED: typ.Final = re.compile(
    r"models\.Model\b|\bdb\.Model\b|\bBase\b|DeclarativeBase|SQLModel|@(?:\w+\.)?[Ee]ntity"
    r"|gorm[:.]|\bbun\.|mapped_column|\bColumn\(|extends\s+Model\b|\bDbSet<|^model\b"
    r"|@Table\b|\[Key\]|Mapped\[|\bmodels\.\w+Field\(|\btable\s*=\s*True",
    re.MULTILINE,
)
_VERSIONED: typ.Final = re.compile(
    r"\bversion_id_col\b"  # SQLAlchemy
    r"|@Version\b(?!\w)"  # JPA, Spring Data, Micronaut
    r"|\bversion\s*:\s*true\b"  # Sequelize, MikroORM
    r"|optimisticlock\.Version"  # GORM
    r"|\[(?:Timestamp|ConcurrencyCheck)\]"  # Entity Framework
    r"|\b(?:AutoInc|Integer|Trigger)VersionField\b"  # django-concurrency
)
_VERSIONED_ELSEWHERE: typ.Final = re.compile(r"\b(?:IsRowVersion|IsConcurrencyToken)\(")
"""Entity Framework says it in another class than that of the table."""
_RAISED: typ.Final = re.compile(
    r"@(?:UpdateDate|Version)Column|\bauto_now\s*=\s*True|\bonupdate\s*=|@updatedAt\b"
    r"|@UpdateTimestamp|@PreUpdate|\$onUpdate|\bUpdatedAt\b"
)
_BASES: typ.Final = re.compile(r"(?:\(|:|\bextends\b|\bimplements\b)([^{\n]*)")
_REPOSITORY: typ.Final = re.compile(
    r"\binterface\s+(\w+)\s*(?:extends|:)[^{]*?\b\w*Repository<\s*(\w+)"
)
_MEMBER: typ.Final = re.compile(r"\bDbSet<(\w+)>\s+(\w+)")
_MOST_BASES: typ.Final = 5


@attrs.frozen(kw_only=True)
class Mapping:
    """A class, or a variable, that means a table."""

    name: str
    table: Table
    is_versioned: bool = False
    raises: bool = False

    @functools.cached_property
    def columns(self) -> cabc.Mapping[str, str]:
        """The columns by what programs call them."""
        return {plain(column.name): column.name for column in self.table.columns}

    def has_time_among(self, columns: cabc.Iterable[str]) -> bool:
        """Whether one of the columns is a time, which libraries often set."""
        kinds = {column.name: column.data_type for column in self.table.columns}
        return any(kinds[name].startswith("timestamp") for name in columns)

    def column(self, name: str) -> str | None:
        """Return the column that a name of the program means."""
        return self.columns.get(plain(name))


def plain(name: str) -> str:
    """Return a name without what languages spell differently.

    >>> plain("accountSettings") == plain("account_settings")
    True
    """
    return name.replace("_", "").lower()


def _singular(name: str) -> str:
    name = re.sub(r"ies$", "y", name)
    return re.sub(r"(?<=[sxzh])es$|(?<=[^s])s$", "", name)


def hints(table: Table) -> re.Pattern[str]:
    """Return a pattern for what a file that writes the table contains.

    >>> pattern = hints(Table("account_settings", []))
    >>> [bool(pattern.search(n)) for n in ("AccountSetting", "account_settings", "at")]
    [True, True, False]
    """
    words = [re.escape(word) for word in table.name.split("_") if word] or ["_"]
    words[-1] = re.escape(_singular(words[-1]).removesuffix("y"))
    return re.compile("_?".join(words), re.IGNORECASE)


class Mappings:
    """What the names of a program mean, whichever file declares them."""

    def __init__(
        self, tables: cabc.Sequence[Table], texts: cabc.Sequence[SourceText]
    ) -> None:
        """Read the declarations of mapped classes and table variables."""
        self._tables = tables
        self._texts = texts
        self._by_name: dict[str, dict[str, Mapping]] = {}
        # Django puts the name of the application before, which no file spells out.
        lasts = [table.name.partition("_")[2] for table in tables]
        likes = [*tables, *(Table(name, []) for name in lasts if name)]
        pattern = re.compile("|".join(hints(t).pattern for t in likes), re.IGNORECASE)
        # Entity Framework has a member for each mapped class.
        members = [
            match.groups()
            for text in texts
            if "DbSet<" in text.text
            for match in _MEMBER.finditer(text.text)
        ]
        # Spring Data, and others like it, have an interface for each.
        self._repositories = {
            match[1]: match[2]
            for text in texts
            if "Repository<" in text.text
            for match in _REPOSITORY.finditer(text.text)
        }
        self._of_sets = frozenset(name for name, _ in members)
        for text in texts:
            if pattern.search(text.text):
                self._read(text.text)
        for name, member in members:
            known = self.of(name) or self.like(member)
            for mapping in known:
                self._add(attrs.evolve(mapping, name=member))
                self._add(attrs.evolve(mapping, name=name))

    def of(self, name: str) -> tuple[Mapping, ...]:
        """Return what a class or a variable of this name means."""
        return tuple(self._by_name.get(name, {}).values())

    @property
    def has_repositories(self) -> bool:
        """Whether there are interfaces that stand for tables."""
        return bool(self._repositories)

    def of_repository(self, name: str) -> tuple[Mapping, ...]:
        """Return what an interface of this name reads and writes."""
        return self.of(self._repositories.get(name, ""))

    def tables_named(self, name: str, schema: str = "") -> tuple[Mapping, ...]:
        """Return the tables that SQL names, or an object mapper's own language."""
        direct = self.tables_called(name, schema)
        if direct or schema:
            return direct
        return tuple(
            mapping
            for known, mappings in self._by_name.items()
            if known.lower() == name.lower()
            for mapping in mappings.values()
        )

    def tables_called(self, name: str, schema: str = "") -> tuple[Mapping, ...]:
        """Return the tables of exactly this name."""
        return tuple(
            Mapping(name=name, table=table)
            for table in self._tables
            if table.name == name and schema in {"", table.schema}
        )

    def like(self, name: str) -> tuple[Mapping, ...]:
        """Return the table that is called like a class or a member."""
        table = self._like(name)
        return (Mapping(name=name, table=table),) if table else ()

    @property
    def names(self) -> frozenset[str]:
        """The names of classes, variables, and repositories."""
        known = (name for name in self._repositories if self.of_repository(name))
        return frozenset((*self._by_name, *known))

    def _add(self, mapping: Mapping) -> None:
        tables = self._by_name.setdefault(mapping.name, {})
        known = tables.get(mapping.table.qualified_name, mapping)
        tables[mapping.table.qualified_name] = attrs.evolve(
            mapping,
            is_versioned=mapping.is_versioned or known.is_versioned,
            raises=mapping.raises or known.raises,
        )

    def _read(self, text: str) -> None:
        tables = {table.name: table for table in self._tables}
        for match in _TABLE_OF_NAME.finditer(text):
            name, table = (group for group in match.groups() if group)
            if table in tables:
                self._add_class(name, tables[table], text, text)
        for name, kind, body in _classes(text):
            named = None
            if declared := _TABLE_OF_CLASS.search(body):
                named = tables.get(next(filter(None, declared.groups())))
            elif _IS_MAPPED.search(body) or name in self._of_sets:
                named = self._like(name)
            if named:
                self._add_class(name, named, body, text)
                if kind == "model":  # Prisma's client has a member for each
                    self._add_class(name[0].lower() + name[1:], named, body, text)

    def _add_class(self, name: str, table: Table, body: str, text: str) -> None:
        elsewhere = re.search(rf"<{re.escape(name)}>", text) is not None
        is_versioned = (
            _VERSIONED.search(body) is not None
            or (elsewhere and _VERSIONED_ELSEWHERE.search(text) is not None)
            or self._inherits_a_version(name, body)
        )
        raises = is_versioned or _RAISED.search(body) is not None
        self._add(
            Mapping(name=name, table=table, is_versioned=is_versioned, raises=raises)
        )

    def _like(self, name: str) -> Table | None:
        """Return the table that is called like a class."""
        own = _singular(plain(name))
        for table in self._tables:
            other = _singular(plain(table.name))
            # Django puts the name of the application before.
            last = _singular(plain(table.name.partition("_")[2]))
            if own in {other, last}:
                return table
        return None

    def _inherits_a_version(self, name: str, body: str) -> bool:
        """Whether a class that this one extends is versioned, wherever it is."""
        head = re.search(rf"\b{re.escape(name)}\b", body)
        ahead = _names_of_bases(body[head.end() :] if head else "")
        seen = {name}
        while ahead and len(seen) <= _MOST_BASES:
            base = ahead.pop()
            if base in seen:
                continue
            seen.add(base)
            for found in self._definitions(base):
                if _VERSIONED.search(found):
                    return True
                ahead += _names_of_bases(found.partition(base)[2])
        return False

    def _definitions(self, name: str) -> cabc.Iterator[str]:
        for text in self._texts:
            if name in text.text:
                for defined, _, body in _classes(text.text):
                    if defined == name:
                        yield body


def _names_of_bases(head: str) -> list[str]:
    match = _BASES.match(head.lstrip())
    return re.findall(r"[A-Z]\w*", match[1]) if match else []


def _classes(text: str) -> cabc.Iterator[tuple[str, str, str]]:
    """Yield the name, the kind, and the text of each class with what is said before it.

    A class goes to where the next one starts, and begins with the decorators and
    attributes above it.
    """
    matches = [*_CLASS.finditer(text)]
    starts = [_above(text, match.start()) for match in matches]
    for match, start, end in zip(
        matches, starts, [*starts, len(text)][1:], strict=True
    ):
        yield match["name"], match["kind"], text[start:end]


def _above(text: str, start: int) -> int:
    """Return where the decorators and attributes begin that belong to a line."""
    while start > 0:
        previous = text.rfind("\n", 0, start - 1) + 1
        line = text[previous:start].strip()
        if not line.startswith(("@", "#[", "[", ")", "}", "name", "uniqueConstraints")):
            return start
        if line.startswith("}") and line != "})":
            return start
        start = previous
    return start
