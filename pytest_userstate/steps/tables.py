"""Reading what stands in and beneath a step: data tables, lists, yes and no."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

DataTable: typ.TypeAlias = cabc.Sequence[cabc.Sequence[str]]
"""A step's data table, its head first; empty where a step has none."""


def rows(
    table: DataTable, *, needed: cabc.Iterable[str], allowed: cabc.Iterable[str] = ()
) -> list[dict[str, str]]:
    """Return the rows of a data table by the names of its head, empty cells left out.

    Raises
    ------
    ValueError
        When there is no row, or the head has a name too many or too few.
    """
    needed = tuple(needed)
    known = (*needed, *allowed)
    columns = f"| {' | '.join(known)} |"
    if len(table) < 2:
        message = f"this step needs a data table beneath it, with the head {columns}"
        raise ValueError(message)
    head, *body = table
    unknown = [name for name in head if name not in known]
    missing = [name for name in needed if name not in head]
    if unknown or missing or len({*head}) != len(head):
        message = (
            f"the data table's head is | {' | '.join(head)} |; it can have {columns}, "
            f"each once, and has to have {', '.join(needed)}"
        )
        raise ValueError(message)
    found = [
        {name: cell for name, cell in zip(head, row, strict=True) if cell}
        for row in body
    ]
    for number, row in enumerate(found, 1):
        empty = [name for name in needed if name not in row]
        if empty:
            message = f"row {number} of the data table says nothing under {empty[0]}"
            raise ValueError(message)
    return found


def names(text: str) -> list[str]:
    """Return the parts of a list such as ``user_id, theme_id``."""
    return [part.strip() for part in text.split(",")]


def yes(word: str) -> bool:
    """Return whether a cell says yes; anything but yes and no is a mistake."""
    match word.strip().lower():
        case "yes":
            return True
        case "no":
            return False
        case _:
            message = f"expected yes or no, not {word!r}"
            raise ValueError(message)


def text_of(docstring: str) -> str:
    """Return the text beneath a step, which cannot be empty."""
    if not docstring.strip():
        message = 'this step needs text beneath it, between two lines of """'
        raise ValueError(message)
    return docstring
