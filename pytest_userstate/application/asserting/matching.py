"""The one mechanism: values of a snapshot, and keywords that say what they are like.

A `PartKind` of object or part has a table of keywords. A call gives values for some of
them, which become `Fact`s; a value of the snapshot matches if all of them hold, and
a failure shows those that do not, under the keywords of the call.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import itertools
import typing as typ

import attrs

from pytest_userstate.application.asserting.arguments import SOME, UNSPECIFIED
from pytest_userstate.application.asserting.failures import (
    Detail,
    Failure,
    Mismatch,
    detail,
    introduced_with,
    listed,
    origins,
    source_of,
    with_source,
)
from pytest_userstate.application.sql.equality import Clauses
from pytest_userstate.application.wording import similar
from pytest_userstate.domain.columns import Column, Source
from pytest_userstate.domain.converters import dotted, in_sql
from pytest_userstate.domain.snapshot import (
    DroppedObject,
    SchemaSnapshot,
    Table,
    View,
)

__tracebackhide__ = True  # a failing test shows its own line, not ours

V = typ.TypeVar("V")
Key: typ.TypeAlias = str | tuple[str, ...]
"""What a part is counted by: its name, or its columns in order."""

NOT_KNOWN: typ.Final = "not known"
"""In place of a fact that a snapshot made by hand leaves out: nothing matches it."""
OTHER_ORDER: typ.Final = "only the order of the columns differs"
_CLOSEST: typ.Final = 3
_SHOWN: typ.Final = 3


def in_words(value: object) -> str:
    """Return a fact in words: ``yes``, ``none``, ``a, b``, ``insert or update``."""
    match value:
        case None | ():
            return "none"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return in_sql(value)
        case frozenset():
            return " or ".join(sorted(value))
        case _:
            return str(value)


def _getter(
    get: str | cabc.Callable[[typ.Any, typ.Any], object],
) -> cabc.Callable[[typ.Any, typ.Any], object]:
    if not isinstance(get, str):
        return get
    attribute = get
    return lambda value, _: getattr(value, attribute)


@attrs.frozen
class Keyword:
    """What a keyword is about, how its value is read, and when the two are the same."""

    # The value's attribute, or a function of the value and of what it is a part of.
    get: cabc.Callable[[typ.Any, typ.Any], object] = attrs.field(converter=_getter)
    # Checks what the caller passed; takes the keyword's name, too.
    read: cabc.Callable[[typ.Any, str], object]
    # Takes what was read, the fact, and what the two are clauses of.
    same: cabc.Callable[[typ.Any, typ.Any, Clauses], bool] = attrs.field(
        default=lambda expected, fact, _: bool(expected == fact), kw_only=True
    )
    words: cabc.Callable[[typ.Any], str] = attrs.field(default=in_words, kw_only=True)
    # Whether `None` says that there is none, and `SOME` that there is one.
    is_optional: bool = attrs.field(default=False, kw_only=True)
    # Whether it comes first in a call; `SOME` matches any.
    is_first: bool = attrs.field(default=False, kw_only=True)
    # The columns that it names, which have to be there.
    columns: cabc.Callable[[typ.Any], cabc.Iterable[str]] = attrs.field(
        default=lambda _: (), kw_only=True
    )
    # What may help if what was read and the fact are not the same.
    hint: cabc.Callable[[typ.Any, typ.Any], str] = attrs.field(
        default=lambda *_: "", kw_only=True
    )


@attrs.frozen
class Fact:
    """A keyword, and what a call expects under it."""

    name: str
    keyword: Keyword
    expected: object

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the fact mentions."""
        is_any = self.expected is None or self.expected is SOME
        return () if is_any else tuple(self.keyword.columns(self.expected))

    def __str__(self) -> str:
        """Write what is expected."""
        return self._words(self.expected)

    def mismatch(self, value: object, subject: Subject) -> Mismatch | None:
        """Return what is not as expected, or None."""
        fact = self.keyword.get(value, subject.owner)
        if self._holds(fact, subject.clauses(value)):
            return None
        is_missing = self.expected is None or fact is None or fact is NOT_KNOWN
        no_hint = is_missing or self.expected is SOME
        hint = "" if no_hint else self.keyword.hint(self.expected, fact)
        return Mismatch(self.name, str(self), self._words(fact), hint)

    def _holds(self, fact: object, clauses: Clauses) -> bool:
        if fact is NOT_KNOWN:
            return False
        if self.expected is SOME:
            return fact is not None
        if self.expected is None or fact is None:
            return self.expected is fact
        return self.keyword.same(self.expected, fact, clauses)

    def _words(self, value: object) -> str:
        if value is None or value is NOT_KNOWN:
            return in_words(value)
        return "some" if value is SOME else self.keyword.words(value)


Keywords: typ.TypeAlias = cabc.Mapping[str, Keyword]


def facts_of(keywords: Keywords, given: cabc.Mapping[str, object]) -> tuple[Fact, ...]:
    """Return the facts that a call states, and refuse what makes no sense."""
    facts = []
    for name, keyword in keywords.items():
        value = given.get(name, UNSPECIFIED)
        if value is UNSPECIFIED or (value is SOME and keyword.is_first):
            continue
        is_any = keyword.is_optional and (value is None or value is SOME)
        facts.append(
            Fact(name, keyword, value if is_any else keyword.read(value, name))
        )
    return tuple(facts)


@attrs.frozen(eq=False)
class Subject:
    """What an assertion is about: an object, in the snapshot that it was found in."""

    snapshot: SchemaSnapshot
    owner: typ.Any

    @property
    def title(self) -> str:
        """The object in a message: ``table public.users``."""
        return f"{kind_of(self.owner)} {self.place}"

    @property
    def place(self) -> str:
        """The object's name with its schema."""
        return dotted(self.owner.schema, self.owner.name)

    def clauses(self, part: object = None) -> Clauses:
        """Return how SQL of the object, or of a part of it, is compared."""
        column = part.name if isinstance(part, Column) else ""
        return Clauses(snapshot=self.snapshot, owner=self.owner, column=column)

    def gone(
        self, kind: typ.Literal["column", "constraint", "index"]
    ) -> cabc.Iterator[DroppedObject]:
        """Yield the parts of a kind that a table once had."""
        place = self.owner.schema, self.owner.name
        for part in self.snapshot.dropped:
            if (part.schema, part.table) == place and part.kind == kind:
                yield part


@attrs.frozen(kw_only=True, eq=False)
class PartKind(typ.Generic[V]):
    """A kind of part that a table, a view or a domain has."""

    name: str
    plural: str
    # Those that an owner has, and what one is like in a line.
    parts: cabc.Callable[[typ.Any], cabc.Iterable[V]]
    words: cabc.Callable[[V], str]
    keywords: Keywords = attrs.field(factory=dict)
    # What has to hold without being said.
    implied: Keywords = attrs.field(factory=dict)
    # What a dropped one is called in a snapshot's history, if that knows the kind.
    dropped: typ.Literal["", "column", "constraint", "index"] = ""
    # What may help if there is none; takes what the call expects by keyword.
    hints: cabc.Callable[[Subject, dict[str, typ.Any]], cabc.Iterable[str]] = (
        lambda *_: ()
    )

    def facts(self, given: cabc.Mapping[str, object]) -> tuple[Fact, ...]:
        """Return the facts that a call states about one."""
        return facts_of(self.keywords, given)

    def fact(self, name: str, value: object) -> Fact:
        """Return the fact of one keyword, for which a call has to give a value."""
        keyword = self.keywords[name]
        return Fact(name, keyword, keyword.read(value, name))


def kind_of(value: object) -> str:
    """Return what an object is, in a word or two."""
    if isinstance(value, Table | View):
        return str(value.kind)
    return type(value).__name__.lower()


def one_of(kind: PartKind[V], subject: Subject, facts: tuple[Fact, ...]) -> V | Failure:
    """Return the first part for which all facts hold, or show the closest ones."""
    candidates = []
    implied = tuple(
        Fact(name, how, expected=True) for name, how in kind.implied.items()
    )
    for value in kind.parts(subject.owner):
        wrong = mismatches(facts, value, subject)
        more = mismatches(implied, value, subject)
        if not wrong and not more:
            return value
        candidates.append((value, wrong, more))
    candidates.sort(key=lambda candidate: len(candidate[1]))
    seen = [kind.words(value) for value, *_ in candidates]
    stated = {fact.name: fact.expected for fact in facts}
    hints = [*kind.hints(subject, stated)]
    hints += [wrong.hint for _, several, _ in candidates for wrong in several]
    name = stated.get("name")
    dropped = [
        f"{part.kind} {part.part}, {part.ending}"
        for part in subject.gone(kind.dropped or "constraint")
        if kind.dropped and name in {None, part.part}
    ]
    rest = (
        *detail("hint", dict.fromkeys(hints)),
        *introduced_with(subject.owner),
        *detail("dropped", itertools.islice(dropped, _SHOWN)),
    )
    headline = f"{subject.title} has no such {kind.name}"
    if candidates and (not candidates[0][1] or len(candidates[0][1]) < len(facts)):
        closest, wrong, more = candidates[0]
        return Failure(
            headline=headline,
            mismatches=(*wrong, *more),
            details=(
                *detail("closest", seen[0]),
                *origins(closest),
                *detail("others", seen[1:]),
                *rest,
            ),
        )
    return Failure(
        headline=headline,
        details=(
            *detail("expected", ", ".join(f"{fact.name} {fact}" for fact in facts)),
            *detail("found", seen or "none at all"),
            *rest,
        ),
    )


def mismatches(
    facts: cabc.Iterable[Fact], value: object, subject: Subject
) -> tuple[Mismatch, ...]:
    """Return every fact that is not as expected."""
    wrong = (fact.mismatch(value, subject) for fact in facts)
    return tuple(mismatch for mismatch in wrong if mismatch is not None)


def as_expected(
    title: str,
    facts: cabc.Iterable[Fact],
    subject: Subject,
    part: object = None,
    *,
    details: tuple[Detail, ...] = (),
) -> Failure | None:
    """Return a failure unless all facts hold for an object, or a part of it."""
    wrong = mismatches(facts, subject.owner if part is None else part, subject)
    if not wrong:
        return None
    return Failure(
        headline=f"{title} is not as expected",
        mismatches=wrong,
        details=(*details, *detail("hint", (mismatch.hint for mismatch in wrong))),
    )


def part_named(kind: PartKind[V], subject: Subject, name: str) -> V | Failure:
    """Return the part of this name, or say what there is instead."""
    parts = {_name(part): part for part in kind.parts(subject.owner)}
    if name in parts:
        return parts[name]
    words = {
        key: with_source(kind.words(part), source_of(part))
        for key, part in parts.items()
    }
    is_column = kind.dropped == "column"
    return Failure(
        headline=f"{subject.title} has no {kind.name} {name!r}",
        details=(
            *detail(
                "found",
                (", ".join([*parts][:8]) if is_column else words.values())
                or f"no {kind.plural} at all",
            ),
            *detail("nearest", (words[other] for other in similar(name, parts))),
            *detail("dropped", dropped_columns(subject, [name]) if is_column else ()),
            *(() if is_column else introduced_with(subject.owner)),
        ),
    )


def named_as_expected(
    kind: PartKind[V], subject: Subject, name: str, facts: tuple[Fact, ...]
) -> V | Failure:
    """Return the part of this name if all facts hold for it."""
    part = part_named(kind, subject, name)
    if isinstance(part, Failure):
        return part
    title = f"{kind.name} {name} of {subject.title}"
    if kind.dropped == "column":
        title = f"{kind.name} {subject.place}.{dotted(name)}"
    details = origins(part) or introduced_with(subject.owner)
    return as_expected(title, facts, subject, part, details=details) or part


def dropped_columns(subject: Subject, names: cabc.Iterable[str]) -> list[str]:
    """Return which migration dropped these columns, in words."""
    return [
        f"{part.qualified_name}, {part.ending}"
        for name in names
        for part in subject.gone("column")
        if part.column == name
    ]


def unknown_column(
    columns: PartKind[typ.Any],
    subject: Subject,
    kind: PartKind[V],
    facts: tuple[Fact, ...],
) -> Failure | None:
    """Return the failure that one of the columns is not there that facts mention."""
    for name in itertools.chain.from_iterable(fact.columns for fact in facts):
        column = part_named(columns, subject, name)
        if not isinstance(column, Failure):
            continue
        if name not in map(_name, kind.parts(subject.owner)):
            return column
        call = f"has_{kind.name.replace(' ', '_')}(SOME, name={name!r})"
        hint = detail("hint", f"to mean the {kind.name} of this name, write {call}")
        return attrs.evolve(column, details=(*column.details, *hint))
    return None


def unwanted(
    subject: Subject, what: str, parts: cabc.Iterable[object], words: typ.Any = str
) -> Failure | None:
    """Return the failure that there is something, and should not be."""
    present = list(parts)
    if not present:
        return None
    return Failure(
        headline=f"{subject.title} has {what}, and should have none",
        details=(
            *detail(
                "found", (with_source(words(part), source_of(part)) for part in present)
            ),
            *introduced_with(subject.owner),
        ),
    )


def exactly(
    title: str,
    plural: str,
    expected: cabc.Iterable[Key],
    found: cabc.Iterable[tuple[Key, Source | None]],
    *,
    dropped: cabc.Callable[[list[str]], list[str]] = lambda _: [],
) -> Failure | None:
    """Return a failure unless these are there, each as often as expected, no others."""
    missing = collections.Counter(expected)
    unexpected: list[tuple[Key, Source | None]] = []
    for key, source in found:
        if missing[key]:
            missing[key] -= 1
        else:
            unexpected.append((key, source))
    absent = [*missing.elements()]
    if not absent and not unexpected:
        return None
    names, others = map(_written, absent), [_written(key) for key, _ in unexpected]
    return Failure(
        headline=f"{title} does not have exactly these {plural}",
        details=(
            *detail("missing", map(_written, absent)),
            *detail(
                "unexpected",
                (with_source(_written(key), source) for key, source in unexpected),
            ),
            *detail(
                "nearest",
                (
                    f"{name!r}: {listed(near)}"
                    for name in itertools.islice(names, _CLOSEST)
                    if (near := similar(name, others))
                ),
            ),
            *detail(
                "dropped", dropped([key for key in absent if isinstance(key, str)])
            ),
            *detail(
                "hint",
                (
                    f"{OTHER_ORDER}: ({_written(key)}) is there as ({_written(other)})"
                    for key in absent
                    for other, _ in unexpected
                    if isinstance(key, tuple) and sorted(key) == sorted(other)
                ),
            ),
        ),
    )


def _written(key: Key) -> str:
    return key if isinstance(key, str) else in_sql(key)


def _name(part: typ.Any) -> str:
    return str(part.name)
