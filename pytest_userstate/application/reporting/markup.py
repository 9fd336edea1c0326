"""HTML and SVG that nothing but `text` and `element` can make.

Names come from migrations, whose authors may not be the readers of a page. A type
checker refuses a plain string where markup is expected, so no name can be forgotten.
"""

from __future__ import annotations

import collections.abc as cabc
import html
import typing as typ

from pytest_userstate.application.wording import visible, written_out

Markup = typ.NewType("Markup", str)
NOTHING: typ.Final = Markup("")
SPACE: typ.Final = Markup(" ")


def text(value: str) -> Markup:
    """Return text on one line, shown as it is.

    >>> text("<b> & 'c'")
    '&lt;b&gt; &amp; &#x27;c&#x27;'
    """
    return Markup(html.escape(visible(value)))


def lines(value: str) -> Markup:
    """Return text with its white space and its lines, for a `pre` element."""
    return Markup(html.escape(written_out(value, but="\t\n")))


def joined(parts: cabc.Iterable[Markup]) -> Markup:
    """Return several pieces of markup as one."""
    return Markup("".join(parts))


def element(name: str, /, *children: Markup, **attributes: object) -> Markup:
    """Return an element, its attributes escaped; those that are None are left out.

    A name with an underscore is one with a hyphen; one at its end is dropped.

    >>> element("a", text("x"), href="#a&b", class_="of")
    '<a href="#a&amp;b" class="of">x</a>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(visible(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{''.join(children)}</{name}>")


_VOID: typ.Final = {"input", "meta"}
