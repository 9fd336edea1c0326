"""Texts for people: wrapped, without what steers a terminal, and with near names."""

from __future__ import annotations

import collections.abc as cabc
import difflib
import re
import textwrap
import typing as typ

WIDTH: typ.Final = 80
_ALIKE: typ.Final = 0.6
"""How alike two names must be, as difflib measures it."""
_COMMAND: typ.Final = re.compile(r"^\s*(?=::)|##(?=\[)")


def written_out(text: str, *, but: str = "") -> str:
    r"""Return text with everything that is not printable by its number, `but` some.

    Escape sequences move the cursor and rename windows, and marks of direction
    show a name in another order than it has: both come in with names.

    >>> written_out("a\x1b[2Jb\u202ec")
    'a\\u001b[2Jb\\u202ec'
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in but else f"\\u{ord(c):04x}" for c in text
    )


def visible(text: str) -> str:
    """Return text on one line, characters that nobody could see written out."""
    return written_out(" ".join(text.split()))


def inert(line: str) -> str:
    r"""Return a line that neither a terminal nor a CI runner obeys.

    GitHub takes lines that begin with ``::``, and those that hold ``##[``, for
    commands, and a terminal interprets what begins with an escape
    character for one. A name may contain any of them.

    >>> inert("  ::stop-commands::x")
    '  \\::stop-commands::x'
    """
    return written_out(_COMMAND.sub(r"\g<0>\\", line), but="\t")


def inert_lines(text: str) -> str:
    """Return a text of several lines, each of them inert."""
    return "\n".join(map(inert, text.splitlines()))


def wrap(
    text: str,
    *,
    hanging: int = 0,
    indent: str = "  ",
    width: int = WIDTH,
    is_tight: bool = False,
) -> list[str]:
    """Break each line of a text at a width; a longer name only if it is tight."""
    return [
        inert(line)
        for paragraph in text.splitlines()
        for line in textwrap.wrap(
            paragraph,
            width,
            initial_indent=indent,
            subsequent_indent=indent + " " * hanging,
            break_long_words=is_tight,
            break_on_hyphens=False,
        )
    ]


def sentence(text: str) -> str:
    """Return text as a sentence: a capital, unless a name begins it; a full stop."""
    stop = "" if text.endswith((".", "!", "?")) else "."
    first = text.partition(" ")[0].rstrip(":,;!")
    start = text[:1].upper() if first.isalpha() else text[:1]
    return start + text[1:] + stop


def similar(name: str, names: cabc.Iterable[str], *, limit: int = 3) -> tuple[str, ...]:
    """Return the names most alike, best first; case and underscores count little.

    >>> similar("userpreferences", ["users", "user_preferences"])
    ('user_preferences',)
    """
    folded: dict[str, list[str]] = {}
    for other in dict.fromkeys(names):
        folded.setdefault(_folded(other), []).append(other)
    alike = difflib.get_close_matches(_folded(name), folded, n=limit, cutoff=_ALIKE)
    others = [other for key in alike for other in folded[key] if other != name]
    return tuple(others[:limit])


def _folded(name: str) -> str:
    return name.casefold().replace("_", "")


def did_you_mean(name: str, names: cabc.Iterable[str]) -> str:
    """Return the end of a sentence that offers the nearest name, or nothing."""
    alike = similar(name, names, limit=1)
    return f"; did you mean {alike[0]!r}?" if alike else ""


def nearest(name: str, known: cabc.Iterable[str]) -> str:
    """Say which known name was probably meant, and list them all.

    >>> nearest("shema", ["schema", "wiring"])
    "did you mean 'schema'? (schema, wiring)"
    """
    names = [str(other) for other in known]
    near = similar(name, names, limit=1)
    listing = ", ".join(names)
    if near:
        return f"did you mean {near[0]!r}? ({listing})"
    return f"expected one of {listing}" if names else "nothing is expected here"
