"""What GitHub shows of a run: annotations, and the document as job summary.

An annotation is a line that the runner takes for a command. Whatever a name
contains is escaped as GitHub's own toolkit does it, so that it ends neither the
line nor the property that contains it.
"""

from __future__ import annotations

import collections.abc as cabc
import itertools
import re
import typing as typ

import attrs

from pytest_userstate.application.reporting.document import Document
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.snapshot import Source

_DATA: typ.Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY: typ.Final = {**_DATA, ":": "%3A", ",": "%2C"}
_END: typ.Final = "\n\n</details>"
_CUT: typ.Final = (
    "\n\n---\n\nThe rest does not fit into a job summary: write the whole document "
    "with `--userstate-report=FILE`.\n"
)


@attrs.frozen(kw_only=True)
class Annotation:
    """A message about a place in the repository, or about none."""

    level: typ.Literal["error", "warning"]
    title: str
    message: str
    source: Source | None = None
    # The check that it is about, if it is about one.
    check: str = ""

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
    document: Document, configuration: Source | None
) -> cabc.Iterator[Annotation]:
    """Yield what somebody has to act on; accepted and deferred gaps are not.

    `configuration` is the file of the audit's configuration: the place of whatever no
    migration is behind, such as an acceptance that has ended.
    """
    targets = [part for part in document.targets if part.targets]
    with_problems = (document, *targets, *(document.parts if document.targets else ()))
    problems = (each.problems for each in with_problems)
    for problem in itertools.chain(*problems):
        yield Annotation(
            level="error",
            title=problem.title,
            message=problem.message,
            source=problem.source or configuration,
        )
    for finding in document.failing:
        if finding.outcome is not Outcome.FAILED:
            continue
        is_of_acceptance = bool(finding.judgement) and not finding.changes
        steps = [*finding.steps]
        if steps and not finding.changes:
            steps = ["to do, one of these:", *(f"- {step}" for step in steps)]
        reason = finding.judgement if is_of_acceptance else finding.reason
        yield Annotation(
            level="error",
            title=finding.heading,
            message="\n".join([reason, *finding.notes, *finding.lines, *steps]),
            source=(None if is_of_acceptance else finding.source) or configuration,
            check=finding.id,
        )


def fitted(text: str, room: int) -> str:
    """Return a document, or as many whole lines of it as fit into `room` bytes."""
    data = text.encode()
    if len(data) <= room:
        return text
    left = room - len((_END + _CUT).encode())
    if left < 0:
        return ""
    kept = data[:left].decode(errors="ignore").rpartition("\n")[0]
    fences = [match.start() for match in re.finditer(r"^```", kept, re.MULTILINE)]
    if len(fences) % 2:
        kept = kept[: fences[-1]]
    is_open = kept.count("<details>") > kept.count("</details>")
    return kept.rstrip("\n") + _END * is_open + _CUT


def _escaped(text: str, escapes: cabc.Mapping[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in text)
