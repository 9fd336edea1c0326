"""The document of a run as one page for a browser, which loads nothing else.

The page works without a script: entities are filtered by radio buttons, and its
Content-Security-Policy allows nothing but its style. What is coloured is also said in
words.
"""

from __future__ import annotations

import base64
import collections.abc as cabc
import hashlib
import re
import typing as typ

from pytest_userstate.application.reporting.document import (
    Block,
    Cell,
    Document,
    Item,
    Items,
    Listing,
    Paragraph,
    Problem,
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
from pytest_userstate.application.reporting.markdown import Links
from pytest_userstate.application.reporting.markup import (
    NOTHING,
    SPACE,
    Markup,
    element,
    joined,
    lines,
    text,
)
from pytest_userstate.application.reporting.page import (
    event_line,
    finding_section,
    page_sections,
)
from pytest_userstate.application.reporting.svg import ends, notes, svg
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.application.wording import sentence
from pytest_userstate.domain.coverage import in_words
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.domain.state_diagram import StateDiagram
from pytest_userstate.domain.timeline import Timeline, TimelineEntry

_MARKS: typ.Final = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.ERROR: "✗",
    Outcome.ACCEPTED: "!",
    Outcome.DEFERRED: "!",
}
_UNSAFE: typ.Final = re.compile(r"[^A-Za-z0-9_.-]+")
_Section: typ.TypeAlias = tuple[str, str, Markup]
"""The title, the place, and the content of a section."""
_FIGURE: typ.Final = "The user-state tables as a diagram"


def render(record: RunRecord, links: Links) -> str:
    """Return the report of a run as a page.

    Parameters
    ----------
    record : RunRecord
        The finished run.
    links : Links
        How the page refers to files of the audited repository.
    """
    document = document_of(record)
    places = _Places()
    parts = [_Part(part, links, places) for part in document.parts]
    return _page(document, parts, places)


class _Places:
    """The places of a page that links lead to, and what it is filtered by."""

    def __init__(self) -> None:
        """Begin with none."""
        self._taken: set[str] = set()
        self.filters: dict[str, str] = {}

    def anchor(self, name: str) -> str:
        """Return a place of this name that nothing else has."""
        plain = _UNSAFE.sub("-", name).strip("-") or "x"
        anchor, number = plain, 1
        while anchor in self._taken:
            number += 1
            anchor = f"{plain}-{number}"
        self._taken.add(anchor)
        return anchor

    def add_filter(self, entity: str) -> None:
        """Let the page be filtered by an entity, whichever target has it."""
        self.filters.setdefault(entity, f"e{len(self.filters) + 1}")

    def classes(self, entities: cabc.Iterable[str]) -> str | None:
        """Return the classes of what belongs to some entities, if it does."""
        filters = [self.filters[name] for name in entities if name in self.filters]
        return " ".join(["of", *filters]) if filters else None


def _page(document: Document, parts: list[_Part], places: _Places) -> str:
    sections = [part.sections() for part in parts]
    style = _STYLE + "".join(map(_filter_rules, places.filters.values()))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )
    viewport = "width=device-width, initial-scale=1"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content=viewport),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", text(f"User-state audit: {document.status.value}")),
        # Not escaped: the text of a style element is no markup.
        element("style", Markup(style)),
    )
    title = element("h1", text("User-state audit"))
    groups = (part for part in document.targets if part.targets)
    problems = (problem for group in groups for problem in group.problems)
    header = element("header", title, _status(document), *map(_problem, problems))
    body = [header]
    if any(sections):
        body += [_contents(parts, sections), _choice(places)]
    contents = (content for part in sections for *_, content in part)
    if document.targets:
        contents = (
            joined([part.heading(), *(content for *_, content in several)])
            for part, several in zip(parts, sections, strict=True)
        )
    command = element("code", text("pytest --userstate-audit --userstate-report=FILE"))
    origin = f"Written by pytest-userstate {document.version}. Renew this page with"
    footer = element("p", text(origin), SPACE, command, text("."))
    body += [element("main", *contents), element("footer", footer)]
    page = element("html", head, element("body", *body), lang="en")
    return f"<!doctype html>\n{page}\n"


def _status(document: Document) -> Markup:
    """Return the status of a run, or of a target, and what is wrong with it."""
    status = document.status.value
    word = element("strong", text(status), class_=f"status {status}")
    more = text(f": {document.counts}") if document.counts else NOTHING
    line = element("p", text("Status:"), SPACE, word, more)
    return joined([line, *map(_problem, document.problems)])


def _contents(parts: list[_Part], sections: list[list[_Section]]) -> Markup:
    lists = []
    for part, entries in zip(parts, sections, strict=True):
        links = [
            element("li", _internal(anchor, text(title)))
            for title, anchor, _ in entries
        ]
        name = [element("p", _internal(part.anchor, text(part.name)))] * bool(part.name)
        lists += [*name, element("ul", *links)]
    return element("nav", *lists, aria_label="Contents")


def _choice(places: _Places) -> Markup:
    """Return the radio buttons that filter the page by entity."""
    buttons = [
        element(
            "label",
            element(
                "input",
                type="radio",
                name="entity",
                id=f"only-{name}",
                checked="checked" if name == "e0" else None,
            ),
            text(entity),
        )
        for entity, name in [("all", "e0"), *places.filters.items()]
    ]
    return element("fieldset", element("legend", text("Show the entity")), *buttons)


class _Part:
    """Prints the document of a target, or of a run that has only one."""

    def __init__(self, document: Document, links: Links, places: _Places) -> None:
        """Give each check and migration a place."""
        self._document = document
        self._links = links
        self._places = places
        self.name = document.name
        self.anchor = places.anchor(document.name) if document.name else ""
        # Below the heading of a target, others are one level lower.
        self._level = 3 if document.name else 2
        audit = document.audit
        self._prefix = audit.settings.home.full_id("") if audit else ""
        for entity in audit.report.entities if audit else ():
            places.add_filter(entity)
        self._of_check = {
            check.id: check.entity for check in (audit.report.checks if audit else ())
        }
        findings = (*document.findings, *document.comparisons)
        self._checks = {
            self._check(finding): places.anchor(finding.id) for finding in findings
        }
        timeline = audit.timeline if audit else None
        self._migrations = {
            entry.path: places.anchor(f"migration-{entry.path}")
            for entry in (timeline.entries if timeline else ())
        }

    def _check(self, finding: Finding) -> str:
        """Return the check of a finding, as the target's own sections name it."""
        return finding.id.removeprefix(self._prefix)

    def heading(self) -> Markup:
        """Return the heading of a target, with its status."""
        heading = element("h2", text(self.name), id=self.anchor)
        return joined([heading, _status(self._document)])

    def sections(self) -> list[_Section]:
        """Return the title, the place, and the content of each section."""
        return [*self._sections()]

    def _sections(self) -> cabc.Iterator[_Section]:
        document, audit = self._document, self._document.audit
        if audit is None:
            return
        failing = document.failing
        findings = (*document.findings, *document.comparisons)
        passing = [finding for finding in findings if finding not in failing]
        matrix = element("div", self._matrix(), self._notes())
        yield self._titled("Matrix", matrix)
        if failing:
            content = joined(self._finding(finding) for finding in failing)
            checks = map(self._check, failing)
            yield self._titled("What fails", content, self._classes_of_checks(checks))
        if passing:
            content = joined(self._finding(finding) for finding in passing)
            yield self._titled("Other findings" if failing else "Findings", content)
        scope, *others = page_sections(document, audit)
        # The page is read from what was found to how it was found.
        for section in (*others, scope):
            yield self._titled(section.title, self._blocks(section, 1))

    def _titled(
        self, title: str, content: Markup, classes: str | None = None
    ) -> _Section:
        anchor = self._places.anchor(f"{self._prefix}{title.lower()}")
        heading = self._heading(title)
        section = element("section", heading, content, id=anchor, class_=classes)
        return title, anchor, section

    def _matrix(self) -> Markup:
        head, *rows = self._document.matrix
        caption = element("caption", text("What the audit says of each entity"))
        titles = [element("th", text(cell.text), scope="col") for cell in head]
        body = [
            element(
                "tr",
                element("th", text(first.text), scope="row"),
                *(
                    self._cell(first.text, axis.text, cell)
                    for axis, cell in zip(head[1:], cells, strict=True)
                ),
                class_=self._places.classes([first.text]),
            )
            for first, *cells in rows
        ]
        table = element(
            "table",
            caption,
            element("thead", element("tr", *titles)),
            element("tbody", *body),
            class_="matrix",
        )
        return _scrolling(table, "Matrix")

    def _cell(self, entity: str, axis: str, cell: Cell) -> Markup:
        if cell.outcome is None:
            return element("td", text(cell.text), class_="none")
        anchor = self._checks[f"{entity}.{axis}"]
        outcome = in_words(cell.outcome)
        mark = f"{_MARKS[cell.outcome]} " if cell.outcome in _MARKS else ""
        said = element("span", text(f"{mark}{outcome}"), class_="outcome")
        link = element("a", text(cell.text), href=f"#{anchor}")
        return element("td", link, SPACE, said, class_=cell.outcome.value)

    def _notes(self) -> Markup:
        notes = (*self._document.readings.items, *self._document.alarms.items)
        return self._items(Items(notes)) if notes else NOTHING

    def _finding(self, finding: Finding) -> Markup:
        outcome = in_words(finding.outcome)
        mark = f"{_MARKS[finding.outcome]} " if finding.outcome in _MARKS else ""
        heading = element(
            "summary",
            element("span", text(f"{mark}{outcome}"), class_="outcome"),
            SPACE,
            element(
                f"h{self._level + 1}",
                element("code", text(finding.id)),
                text(f": {finding.answer}"),
            ),
        )
        return element(
            "details",
            heading,
            self._blocks(finding_section(finding), 2),
            id=self._checks[self._check(finding)],
            class_=_all(
                finding.outcome.value, self._classes_of_checks([self._check(finding)])
            ),
            open="open" if finding in self._document.failing else None,
        )

    def _heading(self, title: str, depth: int = 0) -> Markup:
        return element(f"h{self._level + depth}", text(title))

    # The blocks of a section.

    def _blocks(self, section: Section, depth: int) -> Markup:
        note = element("p", text(section.note)) if section.note else NOTHING
        return joined([note, *(self._block(block, depth) for block in section.blocks)])

    def _block(self, block: Block, depth: int) -> Markup:
        match block:
            case Section(title=title):
                heading = self._heading(title, depth)
                lists = (part for part in block.blocks if isinstance(part, Items))
                spans = (
                    span for part in lists for item in part.items for span in item.line
                )
                classes = self._classes_of_line(tuple(spans))
                return element(
                    "div", heading, self._blocks(block, depth + 1), class_=classes
                )
            case Paragraph(line=line):
                return element("p", self._line(line))
            case Items():
                return self._items(block)
            case Table(rows=rows):
                return self._table(rows)
            case StateDiagram():
                return self._diagram(block)
            case Timeline():
                entries = [self._entry(entry) for entry in block.entries]
                return element("ol", *entries, class_="timeline")

    def _items(self, items: Items) -> Markup:
        entries = [self._item(item) for item in items.items]
        return element("ol" if items.numbered else "ul", *entries)

    def _item(self, item: Item) -> Markup:
        details = [element("li", self._line(line)) for line in item.details]
        return element(
            "li",
            self._line(item.line),
            element("ul", *details) if details else NOTHING,
            *map(_listing, item.listings),
            class_=self._classes_of_line(item.line),
        )

    def _table(self, rows: cabc.Sequence[tuple[Line, ...]]) -> Markup:
        head, *body = rows
        titles = [element("th", self._line(line), scope="col") for line in head]
        table = element(
            "table",
            element("thead", element("tr", *titles)),
            element("tbody", *map(self._row, body)),
        )
        return _scrolling(table, "Table")

    def _row(self, row: tuple[Line, ...]) -> Markup:
        first, *others = row
        return element(
            "tr",
            element("th", self._line(first), scope="row"),
            *(element("td", self._line(line)) for line in others),
            class_=self._classes_of_line(tuple(span for line in row for span in line)),
        )

    def _diagram(self, diagram: StateDiagram) -> Markup:
        """Return the picture, and the same as tables."""
        columns: list[tuple[Line, ...]] = [
            (("table",), ("column",), ("type",), ("is",))
        ]
        columns += [
            (
                (Name(table.qualified_name),),
                (Name(column.name),),
                (column.data_type,),
                (", ".join([*(role.value for role in column.roles), *notes(column)]),),
            )
            for table in diagram.tables
            for column in table.columns
        ]
        relations: list[tuple[Line, ...]] = [
            (("table",), ("columns",), ("refers to",), ("rows",))
        ]
        relations += [
            (
                (Name(f"{relation.schema}.{relation.table}"),),
                (", ".join(relation.columns),),
                (Name(f"{relation.target_schema}.{relation.target_table}"),),
                (ends(relation),),
            )
            for relation in diagram.relations
        ]
        tables = [columns, relations] if diagram.relations else [columns]
        return joined(
            [
                _scrolling(
                    svg(diagram, self._places.classes), _FIGURE, class_="picture"
                ),
                element("p", text(_LEGEND), class_="legend"),
                element(
                    "details",
                    element("summary", text("The same as tables")),
                    *map(self._table, tables),
                    class_="repeated",
                ),
            ]
        )

    def _entry(self, entry: TimelineEntry) -> Markup:
        events = []
        for event in entry.events:
            place = self._linked(entry.path, str(event.source))
            events.append(
                element(
                    "li",
                    self._line(event_line(event)),
                    SPACE,
                    element("small", place),
                    class_=_all(event.step.value, self._places.classes(event.entities)),
                )
            )
        entities = dict.fromkeys(
            name for event in entry.events for name in event.entities
        )
        return element(
            "li",
            element(f"h{self._level + 1}", self._linked(entry.path, entry.path)),
            element("ul", *events),
            id=self._migrations[entry.path],
            class_=self._places.classes(entities),
        )

    # Lines.

    def _line(self, line: Line) -> Markup:
        return joined(map(self._span, line))

    def _span(self, span: Span) -> Markup:
        match span:
            case str():
                before, after = " " * span[:1].isspace(), " " * span[-1:].isspace()
                shown = f"{before}{text(span)}{after}" if span.strip() else before
                markup = Markup(shown)
            case Name():
                name = element("code", text(span.text))
                markup = _internal(self._checks.get(span.text), name)
            case Sentence():
                markup = text(sentence(span.text))
            case Strong():
                markup = element("strong", text(span.text))
            case Path():
                markup = self._linked(span.text, span.text)
            case Volatile():
                markup = self._line(span.spans)
            case Source() if span.path in self._migrations:
                markup = _internal(self._migrations[span.path], text(str(span)))
            case Source():
                markup = self._linked(span.path, str(span))
        return markup

    def _linked(self, path: str, label: str) -> Markup:
        """Return a link to a file, or its name if none can be made."""
        target = self._links.target(path)
        return element("a", text(label), href=target) if target else text(label)

    # What is filtered, and where links lead.

    def _classes_of_checks(self, checks: cabc.Iterable[str]) -> str | None:
        entities = (self._of_check[name] for name in checks if name in self._of_check)
        return self._places.classes(dict.fromkeys(entities))

    def _classes_of_line(self, line: Line) -> str | None:
        return self._classes_of_checks(
            span.text for span in line if isinstance(span, Name)
        )


def _internal(anchor: str | None, content: Markup) -> Markup:
    """Return a link to a place of the page, or its text if there is none."""
    return element("a", content, href=f"#{anchor}") if anchor else content


def _all(*classes: str | None) -> str:
    return " ".join(filter(None, classes))


def _problem(problem: Problem) -> Markup:
    message = element("pre", lines(problem.message))
    title = element("h2", text(problem.title))
    return element("section", title, message, class_="problem")


def _listing(listing: Listing) -> Markup:
    title = element("p", text(f"{listing.title}:"))
    return joined([title, element("pre", lines("\n".join(listing.lines)))])


def _scrolling(content: Markup, label: str, class_: str = "") -> Markup:
    """Return content that is scrolled by itself if the page is too narrow for it."""
    return element(
        "div",
        content,
        class_=_all("scroll", class_),
        tabindex=0,
        role="region",
        aria_label=label,
    )


def _filter_rules(name: str) -> str:
    """Return the style that leaves only what belongs to an entity."""
    chosen, others = f"body:has(#only-{name}:checked)", f".of:not(.{name})"
    hidden = f"{chosen} {others} {{ display: none; }}\n"
    return f"{hidden}{chosen} svg {others} {{ display: inline; opacity: .15; }}\n"


_LEGEND: typ.Final = (
    "An arrow leads from the referring columns to the table that they refer to. If it "
    "begins with a fork, any number of rows can refer to one row; with a bar, only one "
    "can. A dashed arrow is not enforced for every row. A revision has a coloured "
    "background. A dashed frame marks a table that is only referred to: its keys are "
    "shown."
)
_STYLE: typ.Final = """\
:root {
  color-scheme: light dark;
  --ground: #fff; --raised: #f6f8fa; --line: #d0d7de; --ink: #1b1f24;
  --muted: #59636e; --link: #0958c5; --good: #17692f; --bad: #b3202b;
  --open: #7d4e00; --mark: #fff3c4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --raised: #171d26; --line: #3a434e; --ink: #e6edf3;
    --muted: #a5aeb8; --link: #79b8ff; --good: #56d364; --bad: #ff8d85;
    --open: #e3b341; --mark: #4a3c0a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem clamp(.75rem, 3vw, 2.5rem) 3rem; max-width: 88rem;
  background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.7rem; margin: .5rem 0; }
h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.2rem 0 .3rem; }
h4 { font-size: 1rem; margin: 1rem 0 .3rem; }
p, ul, ol { margin: .4rem 0; max-width: 60rem; }
ul, ol { padding-left: 1.4rem; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible, input:focus-visible {
  outline: 2px solid var(--link); outline-offset: 2px;
}
code, pre, svg text { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, monospace; }
code { font-size: .9em; overflow-wrap: anywhere; }
th code, td code { overflow-wrap: normal; }
pre {
  margin: .4rem 0; padding: .7rem; overflow-x: auto; font-size: .85rem;
  background: var(--raised); border: 1px solid var(--line); border-radius: 4px;
}
table { border-collapse: collapse; margin: .5rem 0; }
caption { text-align: left; color: var(--muted); padding-bottom: .3rem; }
th, td {
  padding: .35rem .7rem; border: 1px solid var(--line); text-align: left;
  vertical-align: top;
}
thead th { background: var(--raised); }
tbody th { font-weight: 600; }
.scroll { overflow-x: auto; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: 0; }
nav ul { list-style: none; }
fieldset {
  margin: 1rem 0; padding: .3rem .8rem .5rem; border: 1px solid var(--line);
  border-radius: 4px;
}
legend { color: var(--muted); }
label { display: inline-block; margin-right: 1rem; }
.status.passed, .passed .outcome { color: var(--good); }
.status.failed, .status.error, .failed .outcome, .error .outcome { color: var(--bad); }
.accepted .outcome, .deferred .outcome, .skipped .outcome { color: var(--open); }
.outcome { font-weight: 600; white-space: nowrap; }
.matrix td .outcome { display: block; font-size: .85rem; }
.matrix td { border-left-width: 4px; }
.matrix .passed { border-left-color: var(--good); }
.matrix .failed, .matrix .error { border-left-color: var(--bad); }
.matrix .accepted, .matrix .deferred { border-left-color: var(--open); }
.none, .not_gated .outcome, .deselected .outcome { color: var(--muted); }
details { margin: .4rem 0; padding: .3rem .8rem; border: 1px solid var(--line); }
details { border-radius: 4px; }
details.failed, details.error { border-left: 4px solid var(--bad); }
summary { cursor: pointer; }
summary h3, summary h4 { display: inline; margin: 0; font-weight: 500; }
.problem { border-left: 4px solid var(--bad); padding-left: .8rem; }
.problem h2 { border: 0; margin: .8rem 0 .2rem; }
.timeline { list-style: none; padding: 0; }
.timeline > li { border-left: 3px solid var(--line); padding: .1rem 0 .6rem 1rem; }
.timeline h3, .timeline h4 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
.timeline strong { display: inline-block; min-width: 5.6rem; }
.introduced strong { color: var(--good); }
.dropped strong { color: var(--bad); }
.altered strong, .renamed strong { color: var(--open); }
:target { outline: 2px solid var(--link); outline-offset: 3px; }
.legend, footer { color: var(--muted); font-size: .9rem; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); }
.picture { border: 1px solid var(--line); border-radius: 4px; }
svg { display: block; }
svg text { font-size: 12px; fill: var(--ink); }
svg .box { fill: var(--ground); stroke: var(--muted); }
svg .head { fill: var(--raised); stroke: var(--muted); }
svg .referred .box, svg .referred .head { stroke-dasharray: 4 3; }
svg .name { font-weight: 600; }
svg .key { fill: var(--link); font-weight: 600; }
svg .type, svg .note { fill: var(--muted); }
svg .revision { fill: var(--mark); }
svg .edge path { fill: none; stroke: var(--muted); stroke-width: 1.3; }
svg .edge .tip { fill: var(--muted); }
svg .edge .uncertain { stroke-dasharray: 4 3; }
svg .edge:hover path { stroke: var(--link); stroke-width: 2.5; }
@media (max-width: 40rem) {
  body { font-size: 15px; }
  th, td { padding: .3rem .45rem; }
  .matrix th[scope=row] { position: sticky; left: 0; background: var(--ground); }
}
@media print {
  :root {
    --ground: #fff; --raised: #f6f8fa; --line: #b6bec7; --ink: #000; --muted: #444;
    --link: #000; --good: #17692f; --bad: #b3202b; --open: #7d4e00; --mark: #fff3c4;
  }
  body { padding: 0; max-width: none; font-size: 10.5pt; }
  nav, fieldset, .repeated { display: none; }
  .scroll { overflow: visible; }
  .picture { border: 0; }
  svg { max-width: 100%; max-height: 24cm; height: auto; }
  details::details-content { content-visibility: visible; block-size: auto; }
  tr, .timeline > li { break-inside: avoid; }
  h2, h3, summary { break-after: avoid; }
  a { text-decoration: none; }
}
"""
