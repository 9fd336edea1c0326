"""The section about the schemas that the audited one was compared with."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.reporting.markdown.links import Links
from pytest_userstate.application.reporting.markdown.syntax import code, text
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.domain.gate import Outcome

if typ.TYPE_CHECKING:
    from pytest_userstate.application.comparison import (
        Comparison,
        Finding,
    )


def other_schemas(record: RunRecord, links: Links) -> list[str]:
    """Return the section, empty where nothing was compared."""
    comparisons = record.audit.comparisons if record.audit else ()
    if not comparisons:
        return []
    lines = ["## Other schemas"]
    for each in comparisons:
        outcome = record.outcomes.get(each.name, Outcome.DESELECTED)
        lines += ["", f"### {text(each.name)}", "", *_facts(each, outcome)]
        lines += [f"- {_difference(finding, links)}" for finding in each.findings]
    return lines


def _facts(comparison: Comparison, outcome: Outcome) -> cabc.Iterator[str]:
    yield f"- compared with: {text(comparison.reference)}"
    yield f"- outcome: {outcome.value}"
    if comparison.error:
        yield f"- error: {text(comparison.error)}"
    if comparison.findings:
        before, after = text(comparison.before), text(comparison.after)
        yield f"- found: {text(comparison.summary)}"
        yield f"- removed: only in {before}; added: only in {after}"


def _difference(finding: Finding, links: Links) -> str:
    what = f"{finding.kind}: {finding.what} {code(finding.subject)}"
    detail = f" {text(finding.detail)}" if finding.detail else ""
    made = f" ({links.source(finding.source)})" if finding.source else ""
    dropped = finding.dropped_by
    gone = f", dropped by {links.source(dropped)}" if dropped else ""
    return f"{what}{detail}{made}{gone}"
