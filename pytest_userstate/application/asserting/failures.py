"""What an assertion says when it does not hold, for the person whose test has failed.

Readable at 80 columns beneath pytest's own margin, and bounded, however large the
schema is.
"""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.application.schema_words import WIDTH, shortened
from pytest_userstate.application.wording import inert_lines, similar, wrap
from pytest_userstate.domain.columns import Source
from pytest_userstate.domain.snapshot import Table, View

__tracebackhide__ = True  # a failing test shows its own line, not ours

T = typ.TypeVar("T")

_FIRST_WIDTH: typ.Final = 56
_LABEL_WIDTH: typ.Final = 12
SHOWN: typ.Final = 8
"""How many things of a list are shown."""


@attrs.frozen
class Mismatch:
    """A fact that is not as expected, and what may help."""

    keyword: str
    expected: str
    found: str
    hint: str = ""


@attrs.frozen
class Detail:
    """A label and what there is to say under it, an item a line."""

    label: str
    items: tuple[str, ...]


def detail(label: str, items: str | cabc.Iterable[str]) -> tuple[Detail, ...]:
    """Return the detail, or nothing if there is nothing to say."""
    several = (items,) if isinstance(items, str) else tuple(items)
    kept = tuple(filter(None, several))
    return (Detail(label, kept),) if kept else ()


@attrs.frozen(kw_only=True)
class Failure:
    """An assertion that does not hold.

    First its headline, one sentence; then the facts that differ, or lines that are
    laid out already, such as a difference of schemas; then what else helps: found,
    nearest, dropped, introduced, hint.
    """

    headline: str
    mismatches: tuple[Mismatch, ...] = ()
    lines: tuple[str, ...] = ()
    details: tuple[Detail, ...] = ()

    def __str__(self) -> str:
        """Write all of it, bounded; no name in it steers the terminal."""
        facts: list[str] = []
        for mismatch in self.mismatches:
            facts += [f"{mismatch.keyword}:"]
            facts += _labelled("  expected", [mismatch.expected])
            facts += _labelled("  found", [mismatch.found])
        details: list[str] = []
        for part in self.details:
            details += _labelled(part.label, bounded(part.items))
        blocks = (_headline(self.headline), facts, self.lines, details)
        text = "\n\n".join("\n".join(lines) for lines in blocks if lines)
        return inert_lines(text)


def expect(result: T | Failure) -> T:
    """Return the result, or fail the test with the failure as its message."""
    if isinstance(result, Failure):
        raise AssertionError(str(result))  # noqa: TRY004 - a finding, not a misuse
    return result


def require(failure: Failure | None) -> None:
    """Fail the test if there is a failure."""
    expect(failure)


def bounded(items: cabc.Sequence[str], *, limit: int = SHOWN) -> list[str]:
    """Return the first items, and how many more there are."""
    if len(items) <= limit + 1:
        return list(items)
    return [*items[:limit], f"… and {len(items) - limit:,} more"]


def listed(items: cabc.Sequence[str], *, limit: int = SHOWN) -> str:
    """Return the first items in one line, and how many more there are."""
    return ", ".join(bounded(items, limit=limit)) if items else "none"


def absent(headline: str, name: str, names: cabc.Iterable[str]) -> Failure:
    """Return the failure that a name is not among some, and which are most alike."""
    known = list(names)
    return Failure(
        headline=headline,
        details=(
            *detail("found", listed(known)),
            *detail("nearest", similar(name, known)),
        ),
    )


def unwanted_name(what: str, details: tuple[Detail, ...] = ()) -> Failure:
    """Return the failure that there is something, and should not be."""
    headline = f"there is {what}, and there should be none"
    return Failure(headline=headline, details=details)


def with_source(text: str, source: Source | None) -> str:
    """Return the text, and where the thing comes from."""
    return f"{text} ({source})" if source else text


def source_of(value: object) -> Source | None:
    """Return the migration that introduced an object, if it is known."""
    source = getattr(value, "source", None)
    return source if isinstance(source, Source) else None


def origins(value: object) -> tuple[Detail, ...]:
    """Return the details of which migration introduced and last changed something."""
    source, changed = source_of(value), getattr(value, "changed_by", None)
    return (
        *(detail("introduced", f"by {source}") if source else ()),
        *(detail("changed", f"last by {changed}") if changed else ()),
    )


def introduced_with(owner: object) -> tuple[Detail, ...]:
    """Return the detail of which migration introduced the table of something."""
    label = "table" if isinstance(owner, Table) else "view"
    source = source_of(owner) if isinstance(owner, Table | View) else None
    return detail(label, f"introduced by {source}") if source else ()


def _headline(text: str) -> list[str]:
    # pytest writes the error's name before the first line.
    first, *rest = _wrapped(shortened(text), width=_FIRST_WIDTH) or [""]
    return [first, *_wrapped(" ".join(rest))]


def _labelled(label: str, items: cabc.Iterable[str]) -> list[str]:
    lines: list[str] = []
    for item in items:
        lines += _wrapped(shortened(item), indent=" " * _LABEL_WIDTH, hanging=2)
    if lines:
        lines[0] = f"{label:<{_LABEL_WIDTH - 1}} {lines[0][_LABEL_WIDTH:]}"
    return lines


def _wrapped(
    text: str, *, indent: str = "", hanging: int = 0, width: int = WIDTH
) -> list[str]:
    line = " ".join(text.splitlines())
    return wrap(line, indent=indent, hanging=hanging, width=width, is_tight=True)
