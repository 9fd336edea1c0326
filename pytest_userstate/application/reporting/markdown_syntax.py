"""Markdown that shows names as they are, whatever they contain.

Names come from migrations, and whoever writes those may not be who reads the
page. Nothing in a name may become markup, HTML, a link, or an invisible
character.

Some parts of a page do not count when it is compared with a committed one. They
are marked by characters that no name can bring in, since those that are not
printable are written out; `plain` removes the marks.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import posixpath
import re
import typing as typ
import urllib.parse

import attrs

from pytest_userstate.application.wording import written_out
from pytest_userstate.domain.ports import ReportPlace
from pytest_userstate.domain.snapshot import Source

_SPECIAL: typ.Final = re.compile(
    r"[\\`*\[\]<>~&$]|(?<![^\W_])_|_(?![^\W_])|(?<=[a-z]):(?=//)|(?<=www)\.",
    re.IGNORECASE,
)
_LEADING: typ.Final = re.compile(r"^(?=[#+=-])|^\d+(?=[.)](?:\s|$))")
_CODE: typ.Final = re.compile(r"[^\\`|]+")
_ROOT: typ.Final = "/"
_END: typ.Final = "\ue000"


class Volatile(enum.Enum):
    """What may change without the page saying something else.

    The values are the mark, and the shape that such a part has.
    """

    SERVER = "\ue001", r"[\w.]+"
    STUBS = "\ue002", r"[^\s,]+(?:, [^\s,]+)*"
    LINE = "\ue003", r"(?:(?::|#L)\d+)?"

    def __init__(self, mark: str, shape: str) -> None:
        """Keep the two apart."""
        self.mark = mark
        self.shape = shape


_MARKED: typ.Final = re.compile(
    f"([{''.join(kind.mark for kind in Volatile)}])([^{_END}]*){_END}"
)


def volatile(kind: Volatile, markdown: str) -> str:
    """Mark a part that does not count."""
    return f"{kind.mark}{markdown}{_END}"


def plain(marked: str) -> str:
    """Return the page without its marks."""
    return _MARKED.sub(r"\2", marked)


def counting(marked: str) -> str:
    """Return a line without the parts that do not count."""
    return _MARKED.sub("…", marked)


def shape(marked: str) -> re.Pattern[str]:
    """Return what a line has to look like to say the same."""
    shapes = {kind.mark: kind.shape for kind in Volatile}
    parts, place = [], 0
    for match in _MARKED.finditer(marked):
        parts += [re.escape(marked[place : match.start()]), shapes[match[1]]]
        place = match.end()
    return re.compile("".join([*parts, re.escape(marked[place:])]))


def visible(text: str) -> str:
    """Return text on one line, characters that nobody could see written out."""
    return written_out(" ".join(text.split()))


def text(value: str) -> str:
    r"""Return text that Markdown shows as it is.

    >>> text("user_id *x* <b> [y](http://z)")
    'user_id \\*x\\* \\<b\\> \\[y\\](http\\://z)'
    """
    escaped = _SPECIAL.sub(r"\\\g<0>", visible(value))
    return _LEADING.sub(r"\g<0>\\", escaped)


def sentence(value: str) -> str:
    """Return text as a sentence: a capital, unless a name begins it; a full stop."""
    stop = "" if value.endswith((".", "!", "?")) else "."
    first = value.partition(" ")[0].rstrip(":,;!")
    start = value[:1].upper() if first.isalpha() else value[:1]
    return text(start + value[1:]) + stop


def code(name: str) -> str:
    """Return a name as code, or as text where it cannot stand as code."""
    shown = visible(name)
    return f"`{shown}`" if _CODE.fullmatch(shown) else text(name)


def codes(names: cabc.Iterable[str]) -> str:
    """Return names as code, separated by commas."""
    return ", ".join(map(code, names))


def table(rows: cabc.Sequence[cabc.Sequence[str]]) -> list[str]:
    """Return a Markdown table; the first row is its head."""
    lines = [
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
        for row in rows
    ]
    rule = f"| {' | '.join('---' for _ in rows[0])} |"
    return [lines[0], rule, *lines[1:]]


def words(value: str) -> str:
    """Return one of our own words as a sentence has it: ``fixture-backed``."""
    return value.replace("_backed", "-backed").replace("_", " ")


@attrs.frozen(kw_only=True)
class Links:
    """How a document refers to files of the audited repository."""

    audited: str | None = None
    """The folder of sources, relative to the root; None: outside, without links."""
    document: str = ""
    """The document's folder, likewise."""
    prefix: str = ""
    """Where the root is shown, for documents that have no place in it."""

    def source(self, source: Source) -> str:
        """Return a file and line as a link, or as code."""
        line = "" if source.line is None else str(source.line)
        label = text(source.path) + volatile(Volatile.LINE, line and f":{line}")
        target = self.target(source.path)
        if target is None:
            return label
        anchor = volatile(Volatile.LINE, line and f"#L{line}")
        return f"[{label}]({target}{anchor})"

    def path(self, path: str) -> str:
        """Return a path as a link, or as code."""
        target = self.target(path)
        return code(path) if target is None else f"[{text(path)}]({target})"

    def target(self, path: str) -> str | None:
        """Return where a link leads, or None where there is none to make."""
        if self.audited is None or posixpath.isabs(path):
            return None
        inside = posixpath.normpath(posixpath.join(self.audited, path))
        if inside.split("/")[0] == "..":
            return None
        if self.prefix:
            return self.prefix + urllib.parse.quote(inside)
        start = posixpath.join(_ROOT, self.document)
        relative = posixpath.relpath(posixpath.join(_ROOT, inside), start)
        return urllib.parse.quote(relative)


def links_at(place: ReportPlace | None) -> Links:
    """Return the links of a document that lies at a place, or outside."""
    if place is None:
        return Links()
    return Links(audited=place.audited, document=posixpath.dirname(place.file))
