"""What the repository plans, what it has accepted, and what it should know."""

from __future__ import annotations

from pytest_userstate.application.audit import Audit
from pytest_userstate.application.reporting.markdown.links import Links
from pytest_userstate.application.reporting.markdown.syntax import (
    code,
    codes,
    sentence,
    table,
    text,
    words,
)
from pytest_userstate.application.reporting.text import first_steps
from pytest_userstate.domain.gate import Verdict


def downstream(audit: Audit) -> list[str]:
    """Return the section about planned work: what can start, and what blocks it."""
    if not audit.downstream:
        return []
    rows = [("item", "title", "needs", "status", "blocked by")]
    rows += [
        (
            text(status.item.id),
            text(status.item.title),
            codes(status.item.needs),
            "ready" if status.is_ready else "blocked",
            "; ".join(
                f"{code(each.need)}: {text(each.reason)}" for each in status.blockers
            ),
        )
        for status in audit.downstream
    ]
    return [
        "## Downstream work",
        "",
        "Work is ready when all that it needs is closed; an accepted gap is not.",
        "",
        *table(rows),
        *(["", sentence(steps)] if (steps := first_steps(audit)) else []),
    ]


def accepted(audit: Audit) -> list[str]:
    """Return the section about known gaps."""
    verdicts = [each for each in audit.verdicts if each.acceptance]
    rows = [("check", "answer", "reason", "until"), *map(_accepted, verdicts)]
    body = table(rows) if verdicts else ["No gap is accepted."]
    return ["## Accepted gaps", "", *body]


def _accepted(verdict: Verdict) -> tuple[str, str, str, str]:
    check, acceptance = verdict.check, verdict.acceptance
    until = acceptance.until if acceptance else None
    return (
        code(check.id),
        words(check.decision or check.coverage),
        text(acceptance.reason) if acceptance else "",
        until.isoformat() if until else "it is closed",
    )


def advisories(audit: Audit, links: Links) -> list[str]:
    """Return the section about what is worth a second look."""
    if not audit.advisories:
        return []
    lines = ["## Advisories", "", "They change no decision and no outcome.", ""]
    for each in audit.advisories:
        source = f" ({links.source(each.source)})" if each.source else ""
        silenced = ""
        if each.silenced is not None:
            silenced = f" Silenced: {sentence(each.silenced)}"
        lines.append(
            f"- **{text(each.code)}** {code(each.subject)}{source}: "
            f"{sentence(each.message)}{silenced}"
        )
    return lines


def warnings(audit: Audit) -> list[str]:
    """Return the section about what is surprising."""
    if not audit.warnings:
        return []
    return ["## Warnings", "", *(f"- {text(each)}" for each in audit.warnings)]
