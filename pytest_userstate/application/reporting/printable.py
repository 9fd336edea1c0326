"""Characters that nobody could see, or that steer what shows them."""

from __future__ import annotations


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
