"""Characters that nobody could see, or that steer what shows them."""

from __future__ import annotations

import re
import typing as typ

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


def inert(line: str) -> str:
    r"""Return a line that neither a terminal nor a CI runner obeys.

    GitHub takes lines that begin with ``::``, and those that hold ``##[``, for
    commands, whoever printed them; a terminal takes what begins with an escape
    character for one. A name may contain any of them.

    >>> inert("  ::stop-commands::x")
    '  \\::stop-commands::x'
    """
    return written_out(_COMMAND.sub(r"\g<0>\\", line), but="\t")


def inert_lines(text: str) -> str:
    """Return a text of several lines, each of them inert."""
    return "\n".join(map(inert, text.splitlines()))
