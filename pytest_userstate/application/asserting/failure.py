"""What an assertion found, written for the person whose test has failed.

Readable at 80 columns beneath pytest's own margin, and bounded, however large the
schema is.
"""

from __future__ import annotations

import collections.abc as cabc
import textwrap
import typing as typ

import attrs

from pytest_userstate.application.explaining.widths import WIDTH, shortened
from pytest_userstate.application.printable import inert_lines

_FIRST_WIDTH: typ.Final = 56
_LABEL_WIDTH: typ.Final = 12
SHOWN: typ.Final = 8
"""How many things of a list are shown."""


@attrs.frozen
class Mismatch:
    """A fact that is not as expected, and what may help."""

    what: str
    expected: str
    found: str
    hint: str = ""


@attrs.frozen
class Detail:
    """A label and what there is to say under it, an item a line."""

    label: str
    items: tuple[str, ...]


def detail(label: str, items: str | cabc.Iterable[str]) -> tuple[Detail, ...]:
    """Return the detail, or nothing where there is nothing to say."""
    several = (items,) if isinstance(items, str) else tuple(items)
    kept = tuple(each for each in several if each)
    return (Detail(label, kept),) if kept else ()


@attrs.frozen(kw_only=True)
class Failure:
    """An assertion that does not hold.

    Parameters
    ----------
    headline : str
        What does not hold, in one sentence.
    mismatches : tuple of Mismatch
        The facts that differ.
    lines : tuple of str
        What is laid out in lines already, such as a difference of schemas.
    details : tuple of Detail
        What else helps: found, nearest, dropped, introduced, hint.
    """

    headline: str
    mismatches: tuple[Mismatch, ...] = ()
    lines: tuple[str, ...] = ()
    details: tuple[Detail, ...] = ()

    def __str__(self) -> str:
        """Write all of it, bounded; no name in it steers what shows it."""
        facts: list[str] = []
        for each in self.mismatches:
            facts += [f"{each.what}:"]
            facts += _labelled("  expected", [each.expected])
            facts += _labelled("  found", [each.found])
        details: list[str] = []
        for part in self.details:
            details += _labelled(part.label, bounded(part.items))
        blocks = (_headline(self.headline), facts, self.lines, details)
        text = "\n\n".join("\n".join(lines) for lines in blocks if lines)
        return inert_lines(text)


def bounded(items: cabc.Sequence[str], *, limit: int = SHOWN) -> list[str]:
    """Return the first items, and how many more there are."""
    if len(items) <= limit + 1:
        return list(items)
    return [*items[:limit], f"… and {len(items) - limit:,} more"]


def listed(items: cabc.Sequence[str], *, limit: int = SHOWN) -> str:
    """Return the first items in one line, and how many more there are."""
    return ", ".join(bounded(items, limit=limit)) if items else "none"


def _headline(text: str) -> list[str]:
    # pytest writes the error's name before the first line.
    first, *rest = textwrap.wrap(shortened(text), _FIRST_WIDTH) or [""]
    return [first, *textwrap.wrap(" ".join(rest), WIDTH)]


def _labelled(label: str, items: cabc.Iterable[str]) -> list[str]:
    margin = " " * _LABEL_WIDTH
    lines: list[str] = []
    for item in items:
        lines += textwrap.wrap(
            shortened(item),
            WIDTH,
            initial_indent=margin,
            subsequent_indent=margin + "  ",
            break_on_hyphens=False,
        )
    if lines:
        lines[0] = f"{label:<{_LABEL_WIDTH - 1}} {lines[0][_LABEL_WIDTH:]}"
    return lines
