"""Holding a committed page against what the audit says now."""

from __future__ import annotations

import collections.abc as cabc
import re

from pytest_userstate.application.reporting.line_difference import Line, difference
from pytest_userstate.application.reporting.markdown.document import marked
from pytest_userstate.application.reporting.markdown.links import Links
from pytest_userstate.application.reporting.markdown.syntax import (
    counting,
    plain,
    shape,
)
from pytest_userstate.application.run_record import RunRecord


def compare(committed: str, record: RunRecord, links: Links) -> tuple[str, ...]:
    """Return where the page differs, in more than what does not count."""
    current = marked(record, links).rstrip("\n").split("\n")
    old = committed.replace("\r\n", "\n").rstrip("\n").split("\n")
    keys = {plain(line): counting(line) for line in current}
    shapes = {counting(line): shape(line) for line in current if plain(line) != line}
    return difference(
        _with_sections(old, lambda line: keys.get(line) or _key(line, shapes)),
        _with_sections(map(plain, current), keys.__getitem__),
    )


def _key(line: str, shapes: cabc.Mapping[str, re.Pattern[str]]) -> str:
    """Return the key of the line that this one is, but for what does not count."""
    found = (key for key, pattern in shapes.items() if pattern.fullmatch(line))
    return next(found, line)


def _with_sections(
    lines: cabc.Iterable[str], key: cabc.Callable[[str], str]
) -> list[Line]:
    """Return the lines, each with the heading that it stands under."""
    found, section = [], ""
    for line in lines:
        if re.match(r"#{1,3} ", line):
            section = line
        found.append(Line(key(line), line, section))
    return found
