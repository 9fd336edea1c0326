"""Holding what was found against what is expected of it."""

from __future__ import annotations

import collections
import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting.facts import Facts, in_words, mismatches
from pytest_userstate.application.asserting.failure import (
    Detail,
    Failure,
    detail,
    listed,
)
from pytest_userstate.application.explaining.nearest import nearest
from pytest_userstate.domain.columns import Column, Source
from pytest_userstate.domain.constraints import (
    CheckConstraint,
    ExclusionConstraint,
    ForeignKey,
    Index,
    KeyConstraint,
)
from pytest_userstate.domain.converters import in_sql
from pytest_userstate.domain.snapshot import Table, View

T = typ.TypeVar("T")
Changeable: typ.TypeAlias = (
    Table
    | View
    | Column
    | KeyConstraint
    | ForeignKey
    | CheckConstraint
    | ExclusionConstraint
    | Index
)
"""What knows the migrations that introduced and changed it."""
_CLOSEST: typ.Final = 3


def expect(result: T | Failure) -> T:
    """Return the result, or fail the test.

    Raises
    ------
    AssertionError
        When the result is a failure; its text is the message.
    """
    __tracebackhide__ = True
    if isinstance(result, Failure):
        raise AssertionError(str(result))  # noqa: TRY004 - a finding, not a misuse
    return result


def require(failure: Failure | None) -> None:
    """Fail the test if there is a failure."""
    __tracebackhide__ = True
    if failure is not None:
        raise AssertionError(str(failure))


def as_expected(
    subject: str, value: T, facts: Facts[T], *, details: tuple[Detail, ...] = ()
) -> Failure | None:
    """Return a failure unless all facts hold."""
    wrong = mismatches(facts, value)
    if not wrong:
        return None
    return Failure(
        headline=f"{subject} is not as expected",
        mismatches=wrong,
        details=(*details, *detail("hint", (each.hint for each in wrong))),
    )


def one_of(
    values: cabc.Iterable[T],
    facts: Facts[T],
    *,
    headline: str,
    describe: cabc.Callable[[T], str],
    hints: cabc.Iterable[str] = (),
    details: tuple[Detail, ...] = (),
) -> T | Failure:
    """Return the first value for which all facts hold.

    Where there is none, the failure shows the values that come closest.
    """
    judged = [(value, mismatches(facts, value)) for value in values]
    for value, wrong in judged:
        if not wrong:
            return value
    judged.sort(key=lambda pair: len(pair[1]))
    seen = [describe(value) for value, _ in judged]
    hints = [*hints, *dict.fromkeys(each.hint for _, wrong in judged for each in wrong)]
    if judged and len(judged[0][1]) < len(facts):
        return Failure(
            headline=headline,
            mismatches=judged[0][1],
            details=(
                *detail("closest", seen[0]),
                *origins(judged[0][0]),
                *detail("others", seen[1:]),
                *detail("hint", hints),
                *details,
            ),
        )
    return Failure(
        headline=headline,
        details=(
            *detail("expected", in_words(facts)),
            *detail("found", seen or "none at all"),
            *detail("hint", hints),
            *details,
        ),
    )


def exactly(
    subject: str,
    what: str,
    expected: cabc.Iterable[str | tuple[str, ...]],
    found: cabc.Iterable[tuple[str | tuple[str, ...], Source | None]],
    *,
    dropped: cabc.Iterable[str] = (),
) -> Failure | None:
    """Return a failure unless these are there, each as often as expected, no others.

    What is expected and found is a name, or the names of a key's columns in order.
    """
    missing = collections.Counter(expected)
    unexpected: list[tuple[str | tuple[str, ...], Source | None]] = []
    for key, source in found:
        if missing[key]:
            missing[key] -= 1
        else:
            unexpected.append((key, source))
    absent = [*missing.elements()]
    if not absent and not unexpected:
        return None
    others = [key for key, _ in unexpected]
    alike = (
        f"{name!r}: {listed(near)}"
        for name in map(in_words_of_key, absent[:_CLOSEST])
        if (near := nearest(name, map(in_words_of_key, others)))
    )
    return Failure(
        headline=f"{subject} does not have exactly these {what}",
        details=(
            *detail("missing", map(in_words_of_key, absent)),
            *detail(
                "unexpected",
                (with_source(in_words_of_key(key), made) for key, made in unexpected),
            ),
            *detail("nearest", alike),
            *detail("dropped", dropped),
            *detail("hint", other_order(absent, others)),
        ),
    )


def in_words_of_key(key: str | tuple[str, ...]) -> str:
    """Return a name as it is, and a key's columns as ``tenant, number``."""
    return key if isinstance(key, str) else in_sql(key)


def other_order(
    expected: cabc.Iterable[str | tuple[str, ...]],
    found: cabc.Collection[str | tuple[str, ...]],
) -> list[str]:
    """Say of which keys only the order of their columns is another one."""
    return [
        f"only the order of the columns differs: ({in_sql(key)}) is there as "
        f"({in_sql(other)})"
        for key in expected
        for other in found
        if key != other
        and not isinstance(key, str)
        and not isinstance(other, str)
        and sorted(key) == sorted(other)
    ]


def with_source(text: str, source: Source | None) -> str:
    """Return the text, and where the thing comes from."""
    return f"{text} ({source})" if source else text


def introduced_with(relation: Table | View) -> tuple[Detail, ...]:
    """Return the detail of which migration introduced the table of something."""
    label = "table" if isinstance(relation, Table) else "view"
    source = relation.source
    return detail(label, f"introduced by {source}") if source else ()


def origins(value: object) -> tuple[Detail, ...]:
    """Return the details of which migration introduced and last changed something."""
    if not isinstance(value, Changeable):
        return ()
    changed = value.changed_by
    return (
        *introduced(value.source),
        *(detail("changed", f"last by {changed}") if changed else ()),
    )


def introduced(source: Source | None) -> tuple[Detail, ...]:
    """Return the detail of which migration introduced something."""
    return detail("introduced", f"by {source}") if source else ()
