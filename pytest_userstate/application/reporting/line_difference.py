"""Where two texts differ, in lines and sections, for people to read."""

from __future__ import annotations

import collections.abc as cabc
import difflib
import typing as typ

import attrs

_MOST: typ.Final = 30
_WIDEST: typ.Final = 200


@attrs.frozen
class Line:
    """A line of a text: what it is compared by, and how it is shown."""

    key: str
    shown: str
    section: str = ""


def difference(
    committed: cabc.Sequence[Line], current: cabc.Sequence[Line]
) -> tuple[str, ...]:
    """Return the lines that only one side has, under their sections.

    Nothing where all keys agree; at most a few dozen lines, and how many more
    there are.
    """
    old, new = ([line.key for line in side] for side in (committed, current))
    if old == new:
        return ()
    found = [
        (sign, line)
        for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new).get_opcodes()
        if tag != "equal"
        for sign, lines in (("-", committed[a:b]), ("+", current[c:d]))
        for line in lines
        if line.shown
    ]
    if not found:
        return ("only empty lines differ",)
    shown, section = [], None
    for sign, line in found[:_MOST]:
        if line.section != section:
            section = line.section
            shown += [section] if section else []
        shown.append(f"{sign} {_short(line.shown)}")
    left = len(found) - _MOST
    return (*shown, f"… and {left} more lines") if left > 0 else tuple(shown)


def _short(text: str) -> str:
    """Return text that a terminal can show: not endless, and nothing invisible."""
    cut = text if len(text) <= _WIDEST else f"{text[:_WIDEST]}…"
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in cut)
