"""The document of a run as text for a terminal, readable without colour."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.application.audit import Audit
from pytest_userstate.application.reporting.document import (
    Cell,
    Document,
    Item,
    Items,
    Paragraph,
    Section,
)
from pytest_userstate.application.reporting.findings import (
    Finding,
    Line,
    condensed,
)
from pytest_userstate.application.reporting.proofs import draft_items, proof_section
from pytest_userstate.application.wording import WIDTH, inert, wrap
from pytest_userstate.domain.coverage import in_words
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.snapshot import Source

_ANY: typ.Final = "to do, one of these:"
_PROOF: typ.Final = "proof (`pytest-userstate explain facts` says more)"
_SECTIONS: typ.Final = {
    "Advisories": (
        "advisories (they change no outcome; `pytest-userstate explain CODE` says more)"
    ),
    "Downstream work": "downstream work",
}
"""The sections that a terminal shows, and how it calls them."""
_STYLES: typ.Final[cabc.Mapping[Outcome | None, str]] = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "red",
    Outcome.ERROR: "red",
    Outcome.ACCEPTED: "yellow",
    Outcome.DEFERRED: "yellow",
    Outcome.SKIPPED: "yellow",
}

_MOST_GROUPS: typ.Final = 10
"""How many groups of schemas are shown that differ from the usual ones."""

Part: typ.TypeAlias = tuple[str, str]
"""A piece of a line, and how it looks: a colour, ``bold``, or nothing."""


@attrs.frozen(kw_only=True)
class TextPrinter:
    """Prints a document; `verbosity` is pytest's, from -1 for brief ones."""

    width: int = WIDTH
    verbosity: int = 0
    # Whether pytest itself shows what failed, above the document.
    is_below_failures: bool = False

    def lines(self, document: Document) -> cabc.Iterator[list[Part]]:
        """Yield the lines: what fails and what to do, the matrix, and the rest."""
        yield from self._problems(document)
        for warning in document.warnings if self.verbosity >= 0 else ():
            yield from self._wrapped(f"warning: {warning}", "yellow", hanging=2)
        is_brief = self.verbosity < 0 and self.is_below_failures
        failing = document.failing if document.audit and not is_brief else ()
        for finding in failing:
            yield from self._with_drafts(finding)
        if document.audit:
            yield from [[]] if failing or document.problems or document.warnings else []
            yield from self._target(document.audit)
            yield from self._matrix(document)
            yield from self._findings(document)
            yield from self._section(proof_section(document.audit.proof), _PROOF)
            if self.verbosity >= 0:
                for title, heading in _SECTIONS.items():
                    yield from self._section(document.section(title), heading)
        yield from self._targets(document)
        if document.left_out:
            left = f"these checks did not run: {', '.join(document.left_out)}"
            yield []
            yield from self._wrapped(f"the audit is partial; {left}", "yellow")

    def _problems(self, document: Document) -> cabc.Iterator[list[Part]]:
        for problem in document.problems:
            if problem.is_prose:
                yield from self._wrapped(problem.message, "red")
            else:
                yield from ([(line, "red")] for line in problem.message.splitlines())

    def _targets(self, document: Document) -> cabc.Iterator[list[Part]]:
        """Yield the lines about each target; of alike schemas, the exceptions."""
        if not any(part.schemas for part in document.targets):
            for part in document.targets:
                yield from self._heading(part)
                yield from self.lines(part)
            return
        usual, *others = document.targets
        yield from [[(document.counts, "bold")]] * (not document.name)
        yield from self._heading(usual)
        yield from self.lines(usual)
        others.sort(key=lambda part: not part.failing)
        shown = others if self.verbosity > 0 else others[:_MOST_GROUPS]
        for part in shown:
            yield from self._heading(part)
            yield from self._exception(part, usual)
        if left := len(others) - len(shown):
            groups = (
                "group of schemas differs" if left == 1 else "groups of schemas differ"
            )
            yield []
            yield from self._wrapped(f"{left:,} more {groups}: -v and reports show all")

    def _heading(self, document: Document) -> cabc.Iterator[list[Part]]:
        """Yield the line above a target."""
        yield []
        yield [(document.name, "bold"), (f": {document.counts or document.status}", "")]

    def _exception(
        self, document: Document, usual: Document
    ) -> cabc.Iterator[list[Part]]:
        """Yield what is different in schemas, compared with the usual ones."""
        for finding in (*document.failing, *document.comparisons):
            yield from self.finding_lines(finding)
        if document.matrix != usual.matrix:
            yield []
            yield from self._matrix(document)

    def _findings(self, document: Document) -> cabc.Iterator[list[Part]]:
        failing = document.failing
        others = [*document.findings, *document.comparisons]
        others = [finding for finding in others if finding not in failing]
        if self.verbosity < 0:
            others = [finding for finding in others if finding.drafts]
        yield from [[]] if others else []
        for finding in others:
            if self.verbosity > 0 or finding.is_decided or finding.judgement:
                yield from self._with_drafts(finding)

    def _with_drafts(self, finding: Finding) -> cabc.Iterator[list[Part]]:
        yield from self.finding_lines(finding)
        for item in draft_items(finding):
            for line in self._item(item):
                yield [("  ", ""), *line]

    def _target(self, audit: Audit) -> cabc.Iterator[list[Part]]:
        server = f"PostgreSQL {audit.server}"
        if audit.applied is not None:
            server = f"{migrations(audit.applied)} on {server}"
        yield [(server, "")]
        yield from self._wrapped(_recognized(audit), hanging=2)
        if audit.stubs:
            yield from self._wrapped(f"stubbed extensions: {', '.join(audit.stubs)}")
        yield []

    def _matrix(self, document: Document) -> cabc.Iterator[list[Part]]:
        (_, *head), *rows = document.matrix
        table = [(Cell(""), *head), *rows]
        columns = zip(*table, strict=True)
        widths = [max(len(cell.text) for cell in column) for column in columns]
        for row in table:
            parts = [
                (f"{cell.text:{width}}  ", _STYLES.get(cell.outcome, ""))
                for cell, width in zip(row, widths, strict=True)
            ]
            text, style = parts.pop()
            yield [*parts, (text.rstrip(), style)]
        for item in document.readings.items:
            yield from self._wrapped(flat(item.line), hanging=5)
        for item in document.alarms.items:
            yield from self._wrapped(flat(item.line), "yellow", hanging=2)

    def finding_lines(self, finding: Finding) -> cabc.Iterator[list[Part]]:
        """Yield the lines about a check or a comparison, as many as are wanted."""
        outcome = finding.outcome
        label = f"{in_words(outcome):11}"
        yield [(label, _STYLES.get(outcome, "")), (finding.heading, "bold")]
        is_failing = outcome in {Outcome.FAILED, Outcome.ERROR}
        is_said = is_failing and self.is_below_failures
        is_plain = outcome in {Outcome.PASSED, Outcome.DESELECTED}
        shows_all = self.verbosity > 0
        is_all = finding.changes or finding.has_writes
        is_short = is_said or (is_plain and not is_all)
        if self.verbosity < 0 or (is_short and not shows_all):
            return
        if not finding.judgement or is_failing or finding.changes or shows_all:
            yield from self._wrapped(finding.reason, indent="  ")
        yield from self._wrapped(finding.judgement, indent="  ")
        if shows_all or (finding.changes and not is_failing):
            yield from _plain(self._facts(finding))
        if is_failing:
            yield from _plain(self._steps(finding, indent="  "))

    def explanation(self, finding: Finding) -> str:
        """Return what a failing item prints: why, expected, found, and what to do."""
        texts = [
            finding.summary,
            f"expected: {finding.expected}",
            f"found: {finding.coverage}" * bool(finding.coverage),
        ]
        lines = [
            line
            for text in texts
            for line in wrap(text, indent="", hanging=2, width=self.width)
        ]
        if finding.summary == finding.judgement:
            lines += wrap(finding.reason, width=self.width)
        return "\n".join([*lines, *self._facts(finding), *self._steps(finding)])

    def _facts(self, finding: Finding) -> list[str]:
        lines = [
            line
            for fact in (*condensed(finding.evidence), *finding.notes)
            for line in wrap(fact, hanging=2, width=self.width)
        ]
        return [*lines, *(f"  {inert(line)}" for line in finding.lines)]

    def _steps(self, finding: Finding, indent: str = "") -> list[str]:
        if finding.changes or not finding.steps:
            # A command stays on one line, so that it can be copied.
            return [
                line
                for step in finding.steps
                for line in (
                    [indent + inert(step)]
                    if step[:1] == " "
                    else wrap(step, indent=indent, width=self.width)
                )
            ]
        lines = [f"{indent}{_ANY}"]
        for step in finding.steps:
            lines += wrap(step, indent=f"{indent}  ", hanging=2, width=self.width)
        return lines

    def _section(
        self, section: Section | None, heading: str
    ) -> cabc.Iterator[list[Part]]:
        if section is None:
            return
        yield []
        yield [(heading, "bold")]
        for block in section.blocks:
            match block:
                case Items(items=items):
                    for item in items:
                        yield from self._item(item)
                case Paragraph(line=line):
                    yield from self._wrapped(flat(line), hanging=2)

    def _item(self, item: Item) -> cabc.Iterator[list[Part]]:
        yield from self._wrapped(flat(item.line), hanging=2)
        for detail in () if item.is_settled and self.verbosity < 1 else item.details:
            yield from self._wrapped(flat(detail), indent="  ", hanging=2)
        for listing in item.listings:
            yield from self._wrapped(f"{listing.title}:", indent="  ")
            yield from _plain(f"    {line}" for line in listing.lines)

    def _wrapped(
        self, text: str, style: str = "", *, indent: str = "", hanging: int = 0
    ) -> cabc.Iterator[list[Part]]:
        for line in wrap(text, indent=indent, hanging=hanging, width=self.width):
            yield [(line, style)]


def migrations(count: int) -> str:
    """Return how many migrations there are, in words."""
    return "1 migration" if count == 1 else f"{count} migrations"


def flat(line: Line) -> str:
    """Return a line as plain text."""
    return "".join(
        str(span) if isinstance(span, str | Source) else _text(span) for span in line
    )


def _text(span: typ.Any) -> str:
    return span.text if hasattr(span, "text") else flat(span.spans)


def _plain(lines: cabc.Iterable[str]) -> cabc.Iterator[list[Part]]:
    return ([(line, "")] for line in lines)


def _recognized(audit: Audit) -> str:
    """Return where the audit relies on recognized storage, or nothing."""
    entities = audit.recognition.entities if audit.recognition else ()
    tables = {
        entity.name: " or ".join(storage.table for storage in entity.used)
        for entity in entities
        if entity.used
    }
    places = ", ".join(f"{name} in {table}" for name, table in tables.items())
    command = "pytest-userstate init"
    return (
        f"recognized storage: {places} (to write it down: {command})" if tables else ""
    )
