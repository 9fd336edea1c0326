"""What GitHub shows of a run: annotations, and the document as job summary.

An annotation is a line that the runner takes for a command. Whatever a name
contains is escaped as GitHub's own toolkit does it, so that it ends neither the
line nor the property that it stands in.
"""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

import attrs

from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.application.schema_words import counted, in_lines
from pytest_userstate.domain.evidence import EvidenceKind
from pytest_userstate.domain.gate import Outcome, Verdict
from pytest_userstate.domain.snapshot import Source

if typ.TYPE_CHECKING:
    from pytest_userstate.application.comparison import Comparison

_DATA: typ.Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: typ.Final = {**_DATA, ":": "%3A", ",": "%2C"}
_TELLING: typ.Final = (
    EvidenceKind.CONTRADICTION,
    EvidenceKind.DROPPED,
    EvidenceKind.NEAR_MISS,
    EvidenceKind.DECLARED,
    EvidenceKind.PRESENT,
)
_CUT: typ.Final = (
    "\n\n---\n\nThe rest does not fit into a job summary: write the whole document "
    "with `--userstate-report FILE`.\n"
)


@attrs.frozen(kw_only=True)
class Annotation:
    """A message about a place in the repository, or about none."""

    level: typ.Literal["error", "warning"]
    title: str
    message: str
    source: Source | None = None

    def command(self) -> str:
        """Return the line that makes the runner show it."""
        source = self.source
        properties = {
            "file": source.path if source else "",
            "line": str(source.line) if source and source.line else "",
            "title": self.title,
        }
        properties_text = ",".join(
            f"{name}={_escaped(value, _PROPERTY)}"
            for name, value in properties.items()
            if value
        )
        return f"::{self.level} {properties_text}::{_escaped(self.message, _DATA)}"


def annotations_of(
    record: RunRecord, configuration: Source | None
) -> cabc.Iterator[Annotation]:
    """Yield what somebody has to act on; accepted and deferred gaps are not.

    `configuration` is the file of acceptances that have ended.
    """
    if record.error:
        yield Annotation(
            level="error",
            title="user-state audit",
            message=record.error.message,
            source=record.error.source,
        )
    for verdict in record.audit.verdicts if record.audit else ():
        if record.outcomes.get(verdict.check.id) is Outcome.FAILED:
            yield _failed(verdict, configuration)
    for comparison in record.audit.comparisons if record.audit else ():
        if record.outcomes.get(comparison.name) is Outcome.FAILED:
            yield _differs(comparison)
    for title, checks in (
        ("checks did not run", record.vanished),
        ("checks were reported otherwise than the gate decided", record.contradicted),
    ):
        if checks:
            message = f"{title}: {', '.join(checks)}"
            yield Annotation(level="error", title=title, message=message)
    for document in record.documents:
        if not document.is_current:
            yield Annotation(
                level="error",
                title="committed report",
                message="\n".join((document.message, *document.difference)),
            )


def _failed(verdict: Verdict, configuration: Source | None) -> Annotation:
    check = verdict.check
    answer = check.decision or check.coverage
    # A failing check with an acceptance is one whose acceptance no longer stands.
    source = configuration if verdict.acceptance else _place(verdict)
    return Annotation(
        level="error",
        title=f"{check.id}: {answer.replace('_', ' ')}",
        message=verdict.reason,
        source=source,
    )


def _differs(comparison: Comparison) -> Annotation:
    changes = comparison.changes
    sources = [change.source for change in changes]
    sources += [change.dropped.source for change in changes if change.dropped]
    lines = (counted(changes), *in_lines(changes), comparison.remedy)
    return Annotation(
        level="error",
        title=f"{comparison.name}: {comparison.before} != {comparison.after}",
        message="\n".join(lines),
        source=next(filter(None, sources), None),
    )


def _place(verdict: Verdict) -> Source | None:
    """Return the place that says most about why the check failed."""
    for kind in _TELLING:
        for fact in verdict.check.evidence:
            if fact.kind is kind and fact.source:
                return fact.changed_by or fact.source
    return None


def fitted(text: str, room: int) -> str:
    """Return a document, or as many whole lines of it as fit into `room` bytes."""
    data = text.encode()
    if len(data) <= room:
        return text
    left = room - len(_CUT.encode())
    if left < 0:
        return ""
    kept = data[:left].decode(errors="ignore").rpartition("\n")[0]
    fences = [match.start() for match in re.finditer(r"^```", kept, re.MULTILINE)]
    if len(fences) % 2:
        kept = kept[: fences[-1]]
    return kept.rstrip("\n") + _CUT


def _escaped(text: str, escapes: cabc.Mapping[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in text)
