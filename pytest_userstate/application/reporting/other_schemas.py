"""Comparisons as text: for the terminal, and for what a failing one prints."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.comparison import Comparison
from pytest_userstate.application.printable import inert
from pytest_userstate.application.reporting.text import wrap

_INDENT: typ.Final = "  "


def heading(comparison: Comparison) -> str:
    """Return the comparison's name and its result in a line."""
    match comparison:
        case _ if comparison.error:
            result = "not compared"
        case _ if comparison.is_first:
            result = "written anew, there was nothing to compare with"
        case _ if comparison.findings and comparison.is_accepted:
            result = f"{_differences(comparison)}, accepted"
        case _:
            result = _differences(comparison)
    return f"{comparison.name}: {result}"


def details(comparison: Comparison) -> list[str]:
    """Return what it was compared with, and what differs."""
    return [
        *([] if comparison.is_first else _reference(comparison)),
        *_indented(comparison.error.splitlines()),
        *_indented(_lines(comparison)),
        *([] if _is_settled(comparison) else _indented(_remedy(comparison))),
    ]


def explanation(comparison: Comparison) -> str:
    """Return what a failing comparison prints: expected, found, what to do."""
    return "\n".join(
        [
            f"{comparison.name} failed",
            *wrap(f"expected: {comparison.expected}", indent="", hanging=2),
            f"found: {_differences(comparison)}",
            *_indented(_lines(comparison)),
            *_remedy(comparison),
        ]
    )


def _reference(comparison: Comparison) -> list[str]:
    return wrap(f"compared with {comparison.reference}", hanging=2)


def legend(comparison: Comparison) -> str:
    """Return what the signs before the differences mean."""
    before, after = comparison.before, comparison.after
    return f"(- only in {before}, + only in {after}, ! {before} != {after})"


def _differences(comparison: Comparison) -> str:
    match len(comparison.findings):
        case 0:
            return "no difference"
        case 1:
            return "1 difference"
        case count:
            return f"{count:,} differences"


def _lines(comparison: Comparison) -> list[str]:
    if not comparison.findings:
        return []
    told = [
        *wrap(comparison.summary, indent=""),
        *wrap(legend(comparison), indent="", hanging=1),
    ]
    return [*told, *comparison.lines]


def _is_settled(comparison: Comparison) -> bool:
    return bool(comparison.error) or comparison.is_accepted or not comparison.findings


def _remedy(comparison: Comparison) -> list[str]:
    # A command stays on one line, so that it can be copied.
    return [
        line
        for paragraph in comparison.remedy.splitlines()
        for line in (
            [paragraph] if paragraph[:1] == " " else wrap(paragraph, indent="")
        )
    ]


def _indented(lines: cabc.Iterable[str]) -> list[str]:
    return [f"{_INDENT}{inert(line)}" for line in lines]
