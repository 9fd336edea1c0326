"""The document of a run as a page to read and to commit, in Markdown.

Each fact is on one line, so that a change of a fact is a change of one line.

Names come from migrations, whose authors may not be the readers of the page.
Nothing in a name may become markup, HTML, a link, or an invisible character.

Some parts of a page do not count when it is compared with a committed one. They are
marked by characters that no name can bring in, since those that are not printable are
written out; `plain` removes the marks.
"""

from __future__ import annotations

import collections.abc as cabc
import posixpath
import re
import typing as typ
import urllib.parse

import attrs

from pytest_userstate.application import wording
from pytest_userstate.application.reporting.document import (
    Block,
    Cell,
    Document,
    Item,
    Items,
    Listing,
    Paragraph,
    Section,
    Table,
    document_of,
)
from pytest_userstate.application.reporting.findings import (
    Finding,
    Line,
    Name,
    Path,
    Sentence,
    Span,
    Strong,
    Volatile,
)
from pytest_userstate.application.reporting.mermaid import mermaid
from pytest_userstate.application.reporting.page import (
    event_line,
    finding_section,
    page_sections,
)
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.application.wording import visible
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.ports import ReportPlace
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.domain.state_diagram import StateDiagram
from pytest_userstate.domain.timeline import Timeline

_ORIGIN: typ.Final = (
    "Written by pytest-userstate {version}. Do not edit this page; renew it with "
    "`pytest --userstate-audit --userstate-report=FILE`."
)
_OUTCOME_MARKS: typ.Final = {
    Outcome.PASSED: "✅ ",
    Outcome.FAILED: "❌ ",
    Outcome.ERROR: "❌ ",
    Outcome.ACCEPTED: "⚠️ ",
    Outcome.DEFERRED: "⚠️ ",
}
_SPECIAL: typ.Final = re.compile(
    r"[\\`*\[\]<>~&$]|(?<![^\W_])_|_(?![^\W_])|(?<=[a-z]):(?=//)|(?<=www)\.",
    re.IGNORECASE,
)
_LEADING: typ.Final = re.compile(r"^(?=[#+=-])|^\d+(?=[.)](?:\s|$))")
_CODE: typ.Final = re.compile(r"[^\\`|]+")
_TICKS: typ.Final = re.compile(r"`+")
_ROOT: typ.Final = "/"
_SOLID: typ.Final = (
    "Solid lines are references that are part of the referring row's primary key."
)
_KEYS: typ.Final = "Of tables that are only referred to, the keys are shown."
_END: typ.Final = "\ue000"
_MARKS: typ.Final = {
    "server": "\ue001",
    "stubs": "\ue002",
    "line": "\ue003",
    "version": "\ue004",
}
_SHAPES: typ.Final = {
    "server": r"[\w.]+",
    "stubs": r"[^\s,]+(?:, [^\s,]+)*",
    "line": r"(?:(?::|#L)\d+)?",
    "version": r"[\w.+!-]+",
}
"""What a part that does not count has to look like, for the page to say the same."""
_MARKED: typ.Final = re.compile(f"([{''.join(_MARKS.values())}])([^{_END}]*){_END}")


def render(record: RunRecord, links: Links) -> str:
    """Return the report of a run as Markdown text."""
    return plain(marked(record, links))


def marked(record: RunRecord, links: Links) -> str:
    """Return the same, with marks around what does not count in a comparison."""
    document, page = document_of(record), _Page(links)
    origin = _ORIGIN.format(version=volatile("version", document.version))
    sections = [["# User-state audit"], [origin, *page.status(document)]]
    sections += page.sections(document)
    return _joined(sections)


def job_summary(document: Document, links: Links) -> str:
    """Return the page of a job: what fails and what to do first, the rest folded."""
    page = _Page(links)
    sections = [["# User-state audit"], page.status(document)]
    for part in document.parts:
        if part.name:
            sections += [[f"## {text(part.name)}", *page.status(part)]]
        if part.audit is None:
            continue
        failing = part.failing
        others = [*part.findings, *part.comparisons]
        others = [finding for finding in others if finding not in failing]
        sections += [page.matrix(part, marks=_OUTCOME_MARKS)]
        sections += [page.findings("What fails", failing)]
        sections += [_folded(page.findings("Findings", others))]
        sections += map(_folded, map(page.section, page_sections(part, part.audit)))
    return plain(_joined(sections))


def _joined(sections: cabc.Iterable[list[str]]) -> str:
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _folded(section: list[str]) -> list[str]:
    if not section:
        return []
    heading, *lines = section
    summary = f"<summary>{heading.removeprefix('## ')}</summary>"
    return ["<details>", summary, *lines, "", "</details>"]


class _Page:
    """Prints the parts of a document, with links to the sources."""

    def __init__(self, links: Links, level: int = 2) -> None:
        """Keep how files are referred to, and the level of the sections."""
        self._links = links
        self._level = level

    def sections(self, document: Document) -> cabc.Iterator[list[str]]:
        """Yield the sections about an audit, if there was one, or about several."""
        for part in document.targets:
            page = _Page(self._links, self._level + 1)
            yield [self._heading(text(part.name)), *page.status(part)]
            yield from page.sections(part)
        if document.audit is None:
            return
        scope, *others = page_sections(document, document.audit)
        yield self.section(scope)
        yield self.matrix(document)
        yield self.findings("Findings", document.findings)
        yield self.findings("Other schemas", document.comparisons)
        yield from map(self.section, others)

    def status(self, document: Document) -> list[str]:
        counts = f": {document.counts}" if document.counts else ""
        lines = ["", f"Status: **{document.status.value}**{counts}"]
        for problem in document.problems:
            message = problem.message.splitlines()
            lines += ["", *(f"    {visible(line)}" for line in message)]
        return lines

    def matrix(
        self, document: Document, marks: cabc.Mapping[Outcome, str] | None = None
    ) -> list[str]:
        def shown(cell: Cell) -> str:
            mark = marks.get(cell.outcome, "") if marks and cell.outcome else ""
            return mark + text(cell.text)

        rows = [[shown(cell) for cell in row] for row in document.matrix]
        notes = (*document.readings.items, *document.alarms.items)
        below = ["", *self._items(Items(notes))] if notes else []
        return [self._heading("Matrix"), "", *table(rows), *below]

    def findings(self, title: str, findings: cabc.Iterable[Finding]) -> list[str]:
        sections = [self.section(finding_section(each), 1) for each in findings]
        lines = [line for section in sections for line in ["", *section]]
        return [self._heading(title), *lines] if lines else []

    def _heading(self, title: str, depth: int = 0) -> str:
        return f"{'#' * (self._level + depth)} {title}"

    def section(self, section: Section, depth: int = 0) -> list[str]:
        lines = [self._heading(text(section.title), depth)]
        lines += ["", section.note] if section.note else []
        for block in section.blocks:
            lines += ["", *self._block(block, depth)]
        return lines

    def _block(self, block: Block, depth: int) -> list[str]:
        match block:
            case Section():
                return self.section(block, depth + 1)
            case Paragraph(line=line):
                return [self._line(line)]
            case Items():
                return self._items(block)
            case Table(rows=rows):
                return table([[*map(self._line, row)] for row in rows])
            case StateDiagram():
                return [_key(block), "", "```mermaid", *mermaid(block), "```"]
            case Timeline():
                return self._items(_timeline_items(block))

    def _items(self, items: Items) -> list[str]:
        lines: list[str] = []
        for number, item in enumerate(items.items, 1):
            lines += [""] if items.numbered and lines else []
            lines += self._item(item, f"{number}. " if items.numbered else "- ")
        return lines

    def _item(self, item: Item, mark: str) -> list[str]:
        lines = [f"{mark}{self._line(item.line)}"]
        margin = " " * len(mark)
        lines += (f"{margin}- {self._line(line)}" for line in item.details)
        for listing in item.listings:
            lines += ["", f"{margin}{text(listing.title)}:", ""]
            lines += (f"{margin}{line}" for line in _code_block(listing))
        return lines

    def _line(self, line: Line) -> str:
        return "".join(map(self._span, line))

    def _span(self, span: Span) -> str:
        match span:
            case str():
                before, after = " " * span[:1].isspace(), " " * span[-1:].isspace()
                shown = f"{before}{text(span)}{after}" if span.strip() else before
            case Name():
                shown = code(span.text)
            case Sentence():
                shown = sentence(span.text)
            case Strong():
                shown = f"**{text(span.text)}**"
            case Path():
                shown = self._links.path(span.text)
            case Volatile():
                shown = volatile(span.kind, self._line(span.spans))
            case Source():
                shown = self._links.source(span)
        return shown


def _key(diagram: StateDiagram) -> str:
    """Return what a reader has to know about the drawing."""
    if all(table.holds_state for table in diagram.tables):
        return _SOLID
    return f"{_SOLID} {_KEYS}"


def _code_block(listing: Listing) -> list[str]:
    """Return lines between fences that none of them can end."""
    shown = [wording.written_out(line, but="\t") for line in listing.lines]
    ticks = max((len(run) for line in shown for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, ticks + 1)
    return [f"{fence}{listing.language}", *shown, fence]


def _timeline_items(timeline: Timeline) -> Items:
    return Items(
        tuple(
            Item((Path(entry.path),), tuple(map(event_line, entry.events)))
            for entry in timeline.entries
        )
    )


def volatile(kind: str, markdown: str) -> str:
    """Mark a part that does not count."""
    return f"{_MARKS[kind]}{markdown}{_END}"


def plain(marked: str) -> str:
    """Return the page without its marks."""
    return _MARKED.sub(r"\2", marked)


def counting(marked: str) -> str:
    """Return a line without the parts that do not count."""
    return _MARKED.sub("…", marked)


def shape(marked: str) -> re.Pattern[str]:
    """Return what a line has to look like to say the same."""
    shapes = {mark: _SHAPES[kind] for kind, mark in _MARKS.items()}
    parts, place = [], 0
    for match in _MARKED.finditer(marked):
        parts += [re.escape(marked[place : match.start()]), shapes[match[1]]]
        place = match.end()
    return re.compile("".join([*parts, re.escape(marked[place:])]))


def text(value: str) -> str:
    r"""Return text that Markdown shows as it is.

    >>> text("user_id *x* <b> [y](http://z)")
    'user_id \\*x\\* \\<b\\> \\[y\\](http\\://z)'
    """
    escaped = _SPECIAL.sub(r"\\\g<0>", visible(value))
    return _LEADING.sub(r"\g<0>\\", escaped)


def sentence(value: str) -> str:
    """Return text as a sentence."""
    return text(wording.sentence(value))


def code(name: str) -> str:
    """Return a name as code, or as text if it cannot be code."""
    shown = visible(name)
    return f"`{shown}`" if _CODE.fullmatch(shown) else text(name)


def table(rows: cabc.Sequence[cabc.Sequence[str]]) -> list[str]:
    """Return a Markdown table; the first row is its head."""
    lines = [
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
        for row in rows
    ]
    rule = f"| {' | '.join('---' for _ in rows[0])} |"
    return [lines[0], rule, *lines[1:]]


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
        label = text(source.path) + volatile("line", line and f":{line}")
        target = self.target(source.path)
        if target is None:
            return label
        anchor = volatile("line", line and f"#L{line}")
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
