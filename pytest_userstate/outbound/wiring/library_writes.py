"""What the calls of query builders and object mappers write.

A library is a row of `_CALLS` or of `_CHANGES`: the names of the parts of a call are
nearly the same in all of them, so that one reader of calls suffices, and one of objects
that are changed and saved as a whole.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import re
import typing as typ

import attrs

from pytest_userstate.domain.writes import TableWrite
from pytest_userstate.outbound.wiring.code import (
    LOCKED,
    SCRIPT,
    Chain,
    Code,
    CodeKind,
    Link,
)
from pytest_userstate.outbound.wiring.mappings import Mapping, Mappings
from pytest_userstate.outbound.wiring.sql_writes import OPTIONAL, UNFINISHED, VARIABLE

_BUILDER: typ.Final = (
    "add a condition on `{column}` with the revision that was read, raise it in the "
    "same update, and refuse the write if no row was updated"
)
_PRISMA: typ.Final = (
    "use updateMany with `{column}` in `where` and `{column}: {{ increment: 1 }}` in "
    "`data`, and refuse the write if its count is 0"
)


@attrs.frozen
class Call:
    """How the libraries of some languages write: the last part that names a write.

    The table is in what comes before, or the first argument; the columns are in `sets`,
    or in the call's own arguments.
    """

    languages: frozenset[str]
    verbs: frozenset[str]
    remedy: str = _BUILDER


_JVM: typ.Final = frozenset({"Java", "Kotlin"})
_CALLS: typ.Final = (
    # SQLAlchemy, Django, Peewee, Tortoise
    Call(
        frozenset({"Python"}),
        frozenset({"on_conflict_do_update", "update", "update_or_create"}),
    ),
    # Drizzle, Knex, Kysely, MikroORM, Objection, Sequelize, TypeORM
    Call(
        SCRIPT,
        frozenset(
            {
                *(
                    "doUpdateSet",
                    "merge",
                    "nativeUpdate",
                    "onConflictDoUpdate",
                    "patch",
                ),
                *("update", "updateTable"),
            }
        ),
    ),
    # Prisma has some of these names as well: see `_is_prisma`.
    Call(SCRIPT, frozenset({"updateMany", "updateManyAndReturn", "upsert"}), _PRISMA),
    # bun, GORM, goqu, squirrel, xorm
    Call(
        frozenset({"Go"}),
        frozenset({"NewUpdate", "Update", "UpdateColumn", "UpdateColumns", "Updates"}),
    ),
    # Diesel, SeaORM, SeaQuery
    Call(frozenset({"Rust"}), frozenset({"do_update", "update", "update_many"})),
    # jOOQ, Exposed, Ktorm
    Call(_JVM, frozenset({"update"})),
    # Entity Framework
    Call(frozenset({"C#"}), frozenset({"ExecuteUpdate", "ExecuteUpdateAsync"})),
)
_SETS: typ.Final = frozenset(
    {
        *(
            "Column",
            "Set",
            "SetColumn",
            "SetMap",
            "SetRecord",
            "col_expr",
            "set",
            "setFields",
        ),
        *("value", "values", "Values"),
    }
)
"""The calls of a chain that say what is written."""
_OR: typ.Final = frozenset({"OR", "Or", "or", "orWhere", "or_"})
_CONDITIONS: typ.Final = frozenset(
    {
        *(
            "And",
            "Filter",
            "Where",
            "and",
            "andWhere",
            "and_where",
            "exclude",
            "filter",
        ),
        *("filterWhere", "filter_by", "find", "findById", "first", "get", "having"),
        *("or", "orWhere", "where", "whereIn", "whereRef", "wherePK", "WherePK"),
    }
)
"""The calls of a chain that say which rows are meant."""
_TABLES: typ.Final = frozenset(
    {
        *(
            "",
            "Model",
            "Table",
            "TableExpr",
            "from",
            "getRepository",
            "insert",
            "insertInto",
        ),
        *("insert_into", "into", "merge", "query", "table", "update"),
    }
)
"""The calls of a chain, beside the first, that say which table is meant."""
_DATA: typ.Final = frozenset({"data", "defaults", "set", "set_", "update"})
_WITH_TABLE: typ.Final = frozenset({"nativeUpdate"})
"""The calls that take the table, the condition, and the columns."""
_WHERE: typ.Final = frozenset({"index_where", "setWhere", "where"})
_READS: typ.Final = re.compile(
    r"exec|fetch|find|first|get|load|lock|one|query|read|scalar|select|single|take"
    r"|where|filter",
    re.IGNORECASE,
)
"""How the calls begin that read objects, and do not make new ones."""


@attrs.frozen
class Change:
    """How the object mappers of a language save an object that was changed."""

    saves: frozenset[str] | None
    """The calls that save it; None if what was changed is saved by itself."""
    remedy: str


_CHANGES: typ.Final[dict[str, Change]] = {
    "Python": Change(
        None,
        "let the mapper compare `{column}`: `version_id_col` of SQLAlchemy, or "
        "`filter(pk=…, {column}=…).update(…)` with Django",
    ),
    "Java": Change(None, "map `{column}` with @Version, which JPA compares and raises"),
    "Kotlin": Change(
        None, "map `{column}` with @Version, which JPA compares and raises"
    ),
    "C#": Change(
        None, "map `{column}` with IsConcurrencyToken() or IsRowVersion(), and raise it"
    ),
    "Go": Change(frozenset({"Save"}), _BUILDER),
    **dict.fromkeys(
        SCRIPT,
        Change(frozenset({"flush", "persistAndFlush", "save"}), _BUILDER),
    ),
}


_MEMBER: typ.Final = re.compile(
    r"(\w+)\s*[?!]?\s*:\s*(?:\w+\.)?\w*Repository<(\w+)>"  # TypeORM
    r"|\b(\w+)\s*=\s*[\w.]*getRepository\(\s*(\w+)\s*\)"
)
_TYPED: typ.Final = re.compile(r"\b(?:(\w+)\s+(\w+)\s*[;,)=]|(\w+)\s*:\s*(\w+))")


def members_of(code: Code, mappings: Mappings) -> dict[str, tuple[Mapping, ...]]:
    """Return the members of a file that are repositories of mapped classes."""
    members: dict[str, tuple[Mapping, ...]] = {}
    for match in _MEMBER.finditer(code.text):
        name, entity = (group for group in match.groups() if group)
        members[name] = mappings.of(entity)
    typed = _TYPED.finditer(code.text) if mappings.has_repositories else ()
    for match in typed:
        first, second = (group for group in match.groups() if group)
        kind, name = (first, second) if match[1] else (second, first)
        if found := mappings.of_repository(kind):
            members[name] = found
    return members


class CallReader:
    """The calls of one file that write."""

    def __init__(self, code: Code, mappings: Mappings) -> None:
        """Find the members that stand for tables; nothing else is read yet."""
        self._code = code
        self._mappings = mappings
        self._language = code.language.name
        self._members = members_of(code, mappings)
        self._calls = {
            verb: call
            for call in _CALLS
            if self._language in call.languages
            for verb in call.verbs
        }

    def writes(self) -> cabc.Iterator[TableWrite]:
        """Yield what each call writes."""
        for chain in self._code.chains():
            for number, link in enumerate(chain.links):
                if link.arguments and link.name in self._calls:
                    yield from self._called(chain, number, link)

    @functools.cached_property
    def _continued(self) -> frozenset[str]:
        """The variables that conditions are added to."""
        conditions = "|".join(sorted(_CONDITIONS))
        pattern = re.compile(rf"\b(\w+)\s*\.\s*(?:{conditions})\(")
        return frozenset(match[1] for match in pattern.finditer(self._code.text))

    def _called(
        self, chain: Chain, number: int, verb: Link
    ) -> cabc.Iterator[TableWrite]:
        before, after = chain.links[:number], chain.links[number + 1 :]
        is_native = verb.name in _WITH_TABLE
        given = self._first_argument(verb)
        if (
            given
            and not is_native
            and not any(link.name in _SETS | _CONDITIONS for link in after)
        ):
            return  # of a set or a mapping, which have such calls as well
        mappings = given or self._receiver(before) or self._receiver(after)
        is_prisma = not mappings and self._is_prisma(before, verb)
        if is_prisma:
            mappings = self._mappings.like(before[-1].name)
        links = after if given else chain.links
        own = None if given and not is_native else verb
        for mapping in mappings:
            columns = self._columns(mapping, links, own)
            compared, unread = self._conditions(
                mapping, chain.links, verb, int(is_native)
            )
            if not unread and self._code.is_locked(verb.at):
                unread = LOCKED
            if not unread and self._is_continued(chain):
                unread = UNFINISHED
            is_by_data = is_prisma or "data" in self._code.keys(verb.arguments, depth=1)
            yield TableWrite(
                table=mapping.table.name,
                schema=mapping.table.schema,
                source=self._code.source_of(verb.at),
                statement=f"{verb.name}()",
                columns=columns,
                compared=compared,
                raises_by_itself=mapping.raises or mapping.has_time_among(compared),
                unread=unread,
                remedy=_PRISMA if is_by_data else self._calls[verb.name].remedy,
            )

    def _first_argument(self, verb: Link) -> tuple[Mapping, ...]:
        """Return the tables that the first argument of a call names."""
        first, last = verb.arguments or (0, 0)
        at = first
        while at < last and self._code.at(at).text in {"&", "new", "(", "*"}:
            at += 1
        return self._named(at) if at < last else ()

    def _named(self, at: int) -> tuple[Mapping, ...]:
        """Return the tables that a name, a path, or a string means."""
        code, token = self._code, self._code.at(at)
        if token.kind is CodeKind.STRING:
            schema, _, name = token.text.replace('"', "").rpartition(".")
            name = name.partition(" ")[0]
            return self._mappings.tables_called(name, schema)
        if token.kind is not CodeKind.NAME:
            return ()
        if self._language == "Rust":
            # The module that Diesel and SeaORM have for a table.
            is_path = code.at(at + 1).text == "::" or code.at(at + 1).text == "."
            return self._mappings.tables_called(token.text) if is_path else ()
        if self._language in _JVM and token.text.isupper():
            return self._mappings.tables_called(token.text.lower())
        while code.at(at + 1).text in {".", "::"} and code.at(at + 2).kind is (
            CodeKind.NAME
        ):
            if found := self._mappings.of(code.at(at).text):
                return found
            at += 2
        return self._mappings.of(code.at(at).text)

    def _receiver(self, before: cabc.Sequence[Link]) -> tuple[Mapping, ...]:
        """Return the tables that the parts of a chain before a write name."""
        for number, link in enumerate(before):
            found: tuple[Mapping, ...] = ()
            if link.arguments is None:
                found = self._members.get(link.name, ()) or self._named_member(link)
            elif link.name in _TABLES or (number == 0 and link.at == before[0].at):
                found = self._first_argument(link)
            if found:
                return found
        return ()

    def _named_member(self, link: Link) -> tuple[Mapping, ...]:
        if self._language in {"Rust", "Java", "Kotlin"}:
            return self._named(link.at)
        return self._mappings.of(link.name)

    def _is_prisma(self, before: cabc.Sequence[Link], verb: Link) -> bool:
        """Whether a call is like Prisma's: ``client.notes.update({where, data})``."""
        if self._language not in SCRIPT or len(before) < 2 or before[-1].arguments:
            return False
        keys = self._code.keys(verb.arguments, depth=1)
        return "where" in keys and not _DATA.isdisjoint(keys)

    def _columns(
        self, mapping: Mapping, links: cabc.Sequence[Link], own: Link | None
    ) -> tuple[str, ...] | None:
        """Return what is set; None if not all of it can be seen."""
        spans = [link.arguments for link in links if link.name in _SETS]
        if own:
            spans += self._own_columns(own)
        columns: dict[str, None] = {}
        is_known = bool(spans)
        for span in filter(None, spans):
            keys = self._code.keys(span, depth=1) or self._code.keys(span, depth=0)
            if keys:
                names: cabc.Iterable[str] = keys
            else:
                names = self._code.words(span)
            known = [c for c in map(mapping.column, names) if c]
            columns |= dict.fromkeys(known)
            is_known = is_known and not self._code.spreads(span) and bool(keys or known)
        return tuple(columns) if is_known else None

    def _own_columns(self, own: Link) -> list[tuple[int, int]]:
        """Return the spans of a call's own arguments that say what is written."""
        keys = self._code.keys(own.arguments, depth=1)
        if inner := [keys[name] for name in keys if name in _DATA]:
            return inner
        if block := self._block(own):
            return [block]
        arguments = self._code.arguments(own)
        if self._language == "Python" and arguments and own.arguments:
            return [own.arguments]
        if arguments and self._code.at(arguments[0][0]).kind is CodeKind.STRING:
            return arguments[:1]
        return [a for a in arguments if "where" not in self._code.keys(a, depth=1)][-1:]

    def _block(self, link: Link) -> tuple[int, int] | None:
        """Return the lambda behind a call in Kotlin: ``update({…}) { it[a] = b }``."""
        if self._language != "Kotlin" or link.arguments is None:
            return None
        at = link.arguments[1] + 1
        return (
            (at + 1, self._code.closing(at)) if self._code.at(at).text == "{" else None
        )

    def _conditions(
        self, mapping: Mapping, links: cabc.Sequence[Link], verb: Link, first: int
    ) -> tuple[tuple[str, ...], str]:
        """Return the columns that a call goes by, and why they cannot be seen.

        Arguments before the `first` say which table is meant.
        """
        spans = [link.arguments for link in links if link.name in _CONDITIONS]
        keys = self._code.keys(verb.arguments, depth=2)
        spans += [keys[name] for name in keys if name in _WHERE]
        arguments = self._code.arguments(verb)[first:]
        if self._block(verb):
            spans += arguments
        elif verb.name == "update_or_create":
            spans += [a for a in arguments if self._code.at(a[0]).text not in _DATA]
        elif len(arguments) > 1 and not spans and self._language != "Python":
            spans += arguments[:-1]
        spans += self._inside(verb)
        words = {
            word for span in filter(None, spans) for word in self._code.words(span)
        }
        if not _OR.isdisjoint({*words, *(link.name for link in links)}):
            return (), OPTIONAL
        compared = {c for c in map(mapping.column, words) if c}
        # A key over several columns, as Prisma names it.
        parts = {part for word in words for part in word.split("_")}
        compared |= {c for c in map(mapping.column, parts) if c}
        is_hidden = any(self._is_hidden(span) for span in filter(None, spans))
        return tuple(sorted(compared)), VARIABLE if is_hidden else ""

    def _inside(self, verb: Link) -> cabc.Iterator[tuple[int, int]]:
        """Yield the conditions in the first argument: ``update(notes.filter(…))``."""
        first, last = verb.arguments or (0, 0)
        at = first
        while at < last:
            if self._code.at(at).kind is CodeKind.NAME:
                chain = self._code.chain_at(at)
                for link in chain.links:
                    if link.arguments and link.name in _CONDITIONS:
                        yield link.arguments
                at = max(chain.end, at + 1)
            else:
                at += 1

    def _is_hidden(self, span: tuple[int, int]) -> bool:
        """Whether a condition is a variable, or has one among its parts."""
        first, last = span
        tokens = self._code.tokens[first:last]
        is_path = all(t.kind is CodeKind.NAME or t.text == "." for t in tokens)
        return (bool(tokens) and is_path) or self._code.spreads(span)

    def _is_continued(self, chain: Chain) -> bool:
        """Whether a chain is kept in a variable that is added to afterwards."""
        start = chain.start - 1
        while self._code.at(start).text in {"await", "("}:
            start -= 1
        name = self._code.at(start - 1)
        is_assigned = self._code.at(start).text in {"=", ":="}
        return is_assigned and name.text in self._continued


class ChangeReader:
    """The objects of mapped classes that one file reads, changes, and saves."""

    def __init__(self, code: Code, mappings: Mappings) -> None:
        """Find the members that stand for tables; nothing else is read yet."""
        self._members = members_of(code, mappings)
        self._code = code
        self._mappings = mappings
        self._language = code.language.name

    def writes(self) -> cabc.Iterator[TableWrite]:
        """Yield what each function changes of an object that it has read."""
        change = _CHANGES.get(self._language)
        if change is None:
            return
        for (name, scope), mapping in self._variables().items():
            columns: dict[str, None] = {}
            place, is_saved = None, change.saves is None
            for at in range(*scope):
                if self._code.at(at).text != name or self._is_member(at):
                    is_saved = is_saved or self._saves(at, name, change)
                    continue
                column = self._changed_column(at, mapping)
                if column:
                    columns[column] = None
                    place = place or at
            if mapping.name in self._managed:
                is_saved = self._calls_save(name, scope)
            if place is None or not is_saved:
                continue
            yield TableWrite(
                table=mapping.table.name,
                schema=mapping.table.schema,
                source=self._code.source_of(place),
                statement=f"a change of {mapping.name}",
                columns=None if "*" in columns else columns,
                is_versioned=mapping.is_versioned,
                unread=LOCKED if self._code.is_locked(place) else "",
                remedy=change.remedy,
            )

    def _is_member(self, at: int) -> bool:
        return self._code.at(at - 1).text in {".", "?.", "->", "::"}

    @functools.cached_property
    def _managed(self) -> frozenset[str]:
        """The classes that Django manages, since they are asked for ``objects``."""
        return frozenset(re.findall(r"\b(\w+)\.objects\b", self._code.text))

    def _calls_save(self, name: str, scope: tuple[int, int]) -> bool:
        return any(
            self._code.at(at).text == name
            and self._code.at(at + 1).text == "."
            and self._code.at(at + 2).text in {"asave", "save"}
            for at in range(*scope)
        )

    def _saves(self, at: int, name: str, change: Change) -> bool:
        """Whether a call saves an object: ``db.Save(&note)``."""
        code = self._code
        if not change.saves or code.at(at).text not in change.saves:
            return False
        if code.at(at).text == "flush":  # whatever was changed
            return True
        if code.at(at - 1).text == "." and code.at(at - 2).text == name:
            return True
        if code.at(at + 1).text != "(":
            return False
        inside = range(at + 2, code.closing(at + 1))
        return any(code.at(place).text == name for place in inside)

    def _changed_column(self, at: int, mapping: Mapping) -> str | None:
        """Return the column that is assigned to, or given to a setter; "*" for all."""
        code = self._code
        if code.at(at + 1).text not in {".", "?."}:
            return None
        member, following = code.at(at + 2).text, code.at(at + 3).text
        if following in {"=", "+=", "-="}:
            return mapping.column(member)
        if following == "(" and member == "sqlmodel_update":
            return "*"
        if following == "(" and (match := re.fullmatch(r"[sS]et_?(\w+)", member)):
            return mapping.column(match[1])
        return None

    def _variables(self) -> dict[tuple[str, tuple[int, int]], Mapping]:
        """Return the variables that hold an object which was read, by function."""
        variables: dict[tuple[str, tuple[int, int]], Mapping] = {}
        code = self._code
        for at, token in enumerate(code.tokens):
            if token.kind is not CodeKind.NAME or self._is_member(at):
                continue
            mapping, following = None, code.at(at + 1).text
            if following in {"=", ":="}:
                mapping = self._assigned(at + 2, self._mapped(code.at(at - 1).text))
            elif following == ":" and code.at(at + 3).text == "=":
                mapping = self._assigned(at + 4, self._mapped(code.at(at + 2).text))
            elif code.at(at - 1).text == "var" and self._language == "Go":
                mapping = self._mapped(following)
            scope = code.scope_of(at)
            if mapping and any(scope):
                variables.setdefault((token.text, scope), mapping)
        return variables

    def _mapped(self, name: str) -> Mapping | None:
        return next(iter(self._mappings.of(name)), None)

    def _assigned(self, at: int, declared: Mapping | None) -> Mapping | None:
        """Return the class whose object an expression reads from the database."""
        code = self._code
        while code.at(at).text in {"(", "await", "&"}:
            at += 1
        if code.at(at).text == "new" or code.at(at).kind is not CodeKind.NAME:
            return None
        chain = code.chain_at(at)
        if self._mapped(chain.links[0].name) and chain.links[0].arguments:
            return None  # its constructor
        if not any(_READS.match(link.name) for link in chain.links if link.arguments):
            return None
        names = [
            name
            for link in chain.links
            for name in (
                (code.at(place).text for place in range(*link.arguments))
                if link.arguments
                else (link.name,)
            )
        ]
        known = (m for name in names for m in self._members.get(name, ()))
        return next(filter(None, map(self._mapped, names)), next(known, declared))
