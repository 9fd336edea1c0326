"""The document as a whole: its sections, in their order."""

from __future__ import annotations

import collections
import collections.abc as cabc
import typing as typ

from pytest_userstate.application.reporting.markdown.architecture import (
    architecture_decisions,
)
from pytest_userstate.application.reporting.markdown.findings import (
    decisions,
    findings,
    matrix,
)
from pytest_userstate.application.reporting.markdown.links import Links
from pytest_userstate.application.reporting.markdown.mermaid import diagram_section
from pytest_userstate.application.reporting.markdown.other_schemas import (
    other_schemas,
)
from pytest_userstate.application.reporting.markdown.policy import (
    accepted,
    advisories,
    downstream,
    warnings,
)
from pytest_userstate.application.reporting.markdown.scope import scope
from pytest_userstate.application.reporting.markdown.syntax import (
    codes,
    plain,
    text,
    visible,
    words,
)
from pytest_userstate.application.run_record import RunRecord

_ORIGIN: typ.Final = (
    "Written by `pytest --userstate-audit --userstate-report FILE`: renew this page, "
    "do not edit it."
)


def render(record: RunRecord, links: Links) -> str:
    """Return the report of a run as Markdown text."""
    return plain(marked(record, links))


def marked(record: RunRecord, links: Links) -> str:
    """Return the same, with marks around what does not count in a comparison."""
    sections = [["# User-state audit"], _summary(record)]
    audit = record.audit
    if audit:
        sections += [
            scope(audit, links),
            matrix(audit.report),
            findings(audit, record.outcomes, links),
            other_schemas(record, links),
            decisions(audit.report),
            architecture_decisions(audit),
            downstream(audit),
            accepted(audit),
            advisories(audit, links),
            warnings(audit),
            diagram_section(audit.diagram),
        ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _summary(record: RunRecord) -> list[str]:
    lines = [
        _ORIGIN,
        "",
        f"Status: **{record.status.value}**{_counts(record)}",
    ]
    if record.trouble:
        message = record.trouble.message.splitlines()
        lines += ["", *(f"    {visible(line)}" for line in message)]
    for name, checks in (
        ("did not run although nobody deselected them", record.vanished),
        ("were given another outcome than the gate's", record.contradicted),
    ):
        if checks:
            lines += ["", f"These checks {name}: {codes(checks)}"]
    for document in record.documents:
        if not document.is_current:
            lines += ["", f"A committed report: {text(document.message)}"]
    return lines


def _counts(record: RunRecord) -> str:
    """Count the outcomes, in the order of their first check."""
    if not record.audit:
        return ""
    counts: cabc.Mapping[str, int] = collections.Counter(record.outcomes.values())
    told = ", ".join(f"{count} {words(name)}" for name, count in counts.items())
    partial = "" if record.is_complete else " (partial: not every check ran)"
    return f": {told}{partial}"
