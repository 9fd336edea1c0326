"""Columns that constraints, indexes, and triggers are on, as a caller names them."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import SOME, Some
from pytest_userstate.application.asserting.facts import Facts, checked_names_fact

T = typ.TypeVar("T")
ColumnNames: typ.TypeAlias = str | cabc.Iterable[str]


def columns_given(columns: ColumnNames | Some) -> tuple[str, ...]:
    """Return the columns that a caller named; none for `SOME`."""
    return () if columns is SOME else arguments.identifiers(columns)


def columns_fact(
    wanted: tuple[str, ...], get: cabc.Callable[[T], cabc.Iterable[str]]
) -> Facts[T]:
    """Return the fact that these are the columns; none where any will do."""
    return checked_names_fact("columns", wanted, get) if wanted else ()


def several_lists(columns: cabc.Iterable[ColumnNames]) -> list[tuple[str, ...]]:
    """Return lists of columns, in the order given."""
    if isinstance(columns, str):
        message = f"columns: expected several in a list, not the one {columns!r}"
        raise TypeError(message)
    return [arguments.identifiers(each) for each in columns]
