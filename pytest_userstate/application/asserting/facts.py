"""Facts about an object: what a test expects of it, and what was found.

Each function takes what the caller passed. Where that is UNSPECIFIED it returns no
fact; where it makes no sense it raises, before anything is looked up.
"""

from __future__ import annotations

import collections.abc as cabc
import itertools
import typing as typ

import attrs

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    SOME,
    UNSPECIFIED,
    Some,
    Unspecified,
)
from pytest_userstate.application.asserting.failure import Mismatch
from pytest_userstate.application.sql.data_types import (
    DataType,
    data_type,
    found_type,
    refusal_of_serial,
)
from pytest_userstate.application.sql.expressions import same_expression
from pytest_userstate.application.sql.tokens import (
    END,
    Kind,
    Token,
    UnreadableSqlError,
    tokens,
)
from pytest_userstate.domain.converters import in_sql

_CONNECTING: typ.Final = frozenset(
    {"all", "and", "any", "array", "between", "in", "is", "like", "not", "null", "or"}
)
"""Words that PostgreSQL puts in place of others."""

T = typ.TypeVar("T")
Get: typ.TypeAlias = cabc.Callable[[T], typ.Any]


@attrs.frozen
class Fact(typ.Generic[T]):
    """One thing that is expected of an object.

    Parameters
    ----------
    what : str
        What it is about: the keyword that the caller wrote.
    expected : str
        What is expected, for people.
    holds : callable
        Tells whether it holds for an object.
    found : callable
        What there is instead, for people.
    hint : callable
        What may help if it does not hold, or nothing.
    """

    what: str
    expected: str
    holds: cabc.Callable[[T], bool]
    found: cabc.Callable[[T], str]
    hint: cabc.Callable[[T], str] = lambda _: ""

    def mismatch(self, value: T) -> Mismatch | None:
        """Return what is not as expected, or None."""
        if self.holds(value):
            return None
        return Mismatch(self.what, self.expected, self.found(value), self.hint(value))


Facts: typ.TypeAlias = tuple[Fact[T], ...]


def mismatches(facts: Facts[T], value: T) -> tuple[Mismatch, ...]:
    """Return every fact that is not as expected."""
    return tuple(found for fact in facts if (found := fact.mismatch(value)) is not None)


def in_words(facts: Facts[T]) -> str:
    """Return what is expected, in one line."""
    return ", ".join(f"{fact.what} {fact.expected}" for fact in facts)


def flag_fact(
    keyword: str,
    expected: bool | Unspecified,  # noqa: FBT001 - passed on as it was given
    get: Get[T],
    *,
    words: tuple[str, str] = ("no", "yes"),
) -> Facts[T]:
    """Return the fact that something is so, or is not."""
    if expected is UNSPECIFIED:
        return ()
    wanted = arguments.flag(expected, keyword)
    return (
        Fact(
            keyword,
            words[wanted],
            lambda value: bool(get(value)) is wanted,
            lambda value: words[bool(get(value))],
        ),
    )


def number_fact(keyword: str, expected: int | Unspecified, get: Get[T]) -> Facts[T]:
    """Return the fact that a number is this one."""
    if expected is UNSPECIFIED:
        return ()
    wanted = arguments.whole_number(expected, keyword)
    return (
        Fact(
            keyword,
            str(wanted),
            lambda value: bool(get(value) == wanted),
            lambda value: str(get(value)),
        ),
    )


def choice_fact(
    keyword: str,
    expected: str | Some | Unspecified | None,
    get: Get[T],
    choices: cabc.Iterable[str],
    *,
    optional: bool = False,
) -> Facts[T]:
    """Return the fact that something is one of a few words, or none of them."""
    if expected is UNSPECIFIED:
        return ()
    if optional and (expected is None or expected is SOME):
        return _presence(keyword, expected, get)
    wanted = arguments.choice(expected, keyword, choices)
    return (
        Fact(
            keyword,
            wanted,
            lambda value: get(value) is not None and str(get(value)) == wanted,
            lambda value: _shown(get(value)),
        ),
    )


def text_fact(
    keyword: str,
    expected: str | Some | Unspecified | None,
    get: Get[T],
    *,
    optional: bool = False,
) -> Facts[T]:
    """Return the fact that a text is exactly this one."""
    if expected is UNSPECIFIED:
        return ()
    if optional and (expected is None or expected is SOME):
        return _presence(keyword, expected, get)
    wanted = arguments.sql(expected, keyword)
    return (
        Fact(
            keyword,
            repr(wanted) if optional else wanted,
            lambda value: bool(get(value) == wanted),
            lambda value: repr(get(value)) if optional else _shown(get(value)),
        ),
    )


def name_fact(keyword: str, expected: str | Unspecified, get: Get[T]) -> Facts[T]:
    """Return the fact that a name is this one; it may be written in quotes."""
    if expected is UNSPECIFIED:
        return ()
    wanted = arguments.identifier(expected, keyword)
    return (
        Fact(
            keyword,
            wanted,
            lambda value: bool(get(value) == wanted),
            lambda value: str(get(value)),
        ),
    )


def collation_fact(expected: str | Some | Unspecified | None, get: Get[T]) -> Facts[T]:
    """Return the fact that a collation is this one; it may have its schema."""
    if expected is UNSPECIFIED:
        return ()
    if expected is None or expected is SOME:
        return _presence("collation", expected, get)
    wanted = arguments.collation(expected)
    return (
        Fact(
            "collation",
            repr(wanted),
            lambda value: bool(get(value) == wanted),
            lambda value: repr(get(value)),
        ),
    )


def expression_fact(
    keyword: str,
    expected: str | Some | Unspecified | None,
    get: Get[T],
    *,
    varchars: cabc.Set[str] = frozenset(),
    optional: bool = True,
) -> Facts[T]:
    """Return the fact that an SQL expression says this."""
    if expected is UNSPECIFIED:
        return ()
    if optional and (expected is None or expected is SOME):
        return _presence(keyword, expected, get)
    wanted = arguments.sql(expected, keyword)

    def holds(value: T) -> bool:
        found = get(value)
        return found is not None and same_expression(wanted, found, varchars=varchars)

    return (
        Fact(
            keyword,
            wanted,
            holds,
            lambda value: _shown(get(value)),
            lambda value: _other_spelling(wanted, get(value)),
        ),
    )


def _other_spelling(expected: str, found: str | None) -> str:
    """Show what to write if both mention the same names, numbers and texts."""
    if found is None or not _mentioned(expected) == _mentioned(found) != set():
        return ""
    return f"if both are meant to say the same, write it as PostgreSQL does: {found}"


def _mentioned(sql: str) -> set[Token]:
    """Return the names, numbers and texts in a piece of SQL, types of casts apart."""
    try:
        pieces = tokens(sql)
    except UnreadableSqlError:
        return set()
    return {
        piece if piece.kind is not Kind.QUOTED else Token(Kind.WORD, piece.text)
        for before, piece in itertools.pairwise([END, *pieces])
        if piece.kind in {Kind.WORD, Kind.QUOTED, Kind.STRING, Kind.NUMBER}
        and before.text != "::"
        and piece.text not in _CONNECTING
    }


def names_fact(
    keyword: str,
    expected: str | cabc.Iterable[str] | Unspecified,
    get: cabc.Callable[[T], cabc.Iterable[str]],
    *,
    ordered: bool = True,
) -> Facts[T]:
    """Return the fact that these are the names, in this order where it counts."""
    if expected is UNSPECIFIED:
        return ()
    names = arguments.identifiers(expected, keyword, empty=True)
    return checked_names_fact(keyword, names, get, ordered=ordered)


def checked_names_fact(
    keyword: str,
    names: tuple[str, ...],
    get: cabc.Callable[[T], cabc.Iterable[str]],
    *,
    ordered: bool = True,
) -> Facts[T]:
    """Return the fact that these are the names, which are checked already."""
    wanted = names if ordered else tuple(sorted(names))

    def holds(value: T) -> bool:
        found = tuple(get(value))
        return (found if ordered else tuple(sorted(found))) == wanted

    return (
        Fact(
            keyword,
            in_sql(wanted) or "none",
            holds,
            lambda value: in_sql(get(value)) or "none",
            lambda value: (
                "only the order of the columns differs"
                if sorted(get(value)) == sorted(names)
                else ""
            ),
        ),
    )


def type_fact(
    expected: str | Unspecified, get: Get[T], *, keyword: str = "data_type"
) -> Facts[T]:
    """Return the fact that a type is this one, as PostgreSQL means it."""
    if expected is UNSPECIFIED:
        return ()
    wanted = wanted_type(expected, keyword)

    def holds(value: T) -> bool:
        return wanted.means(found_type(get(value)))

    return (Fact(keyword, str(wanted), holds, lambda value: _shown(get(value))),)


def wanted_type(expected: object, keyword: str) -> DataType:
    """Return the type that a caller wrote, or refuse what is none."""
    text = arguments.sql(expected, keyword)
    if refusal := refusal_of_serial(text):
        raise ValueError(refusal)
    try:
        return data_type(text)
    except UnreadableSqlError as error:
        message = f"{keyword}: {text!r} is not the name of a type: {error}"
        raise ValueError(message) from None


def _presence(keyword: str, expected: Some | None, get: Get[T]) -> Facts[T]:
    wants_one = expected is SOME
    return (
        Fact(
            keyword,
            "some" if wants_one else "none",
            lambda value: (get(value) is not None) is wants_one,
            lambda value: _shown(get(value)),
        ),
    )


def _shown(value: object) -> str:
    return "none" if value is None else str(value)
