"""Links from a document to the files of the audited repository."""

from __future__ import annotations

import posixpath
import typing as typ
import urllib.parse

import attrs

from pytest_userstate.application.reporting.markdown.syntax import (
    Volatile,
    code,
    text,
    volatile,
)
from pytest_userstate.domain.ports import ReportPlace
from pytest_userstate.domain.snapshot import Source

_ROOT: typ.Final = "/"


@attrs.frozen(kw_only=True)
class Links:
    """How a document refers to files.

    Parameters
    ----------
    audited : str or None
        The folder that sources are relative to, relative to the repository's
        root; None where the document lies outside it: there are no links then.
    document : str
        The document's folder, likewise.
    prefix : str
        Where the repository's root is, for documents that have no place in it.
    """

    audited: str | None = None
    document: str = ""
    prefix: str = ""

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
