"""The decisions of architecture: those made, and the options where they are open."""

from __future__ import annotations

from pytest_userstate.application.audit import Audit
from pytest_userstate.application.reporting.markdown.syntax import (
    code,
    sentence,
    text,
)
from pytest_userstate.domain.architecture import (
    ArchitectureDecision,
    Option,
    architecture,
)
from pytest_userstate.domain.state_diagram import StateDiagram


def architecture_decisions(audit: Audit) -> list[str]:
    """Return the section about architecture."""
    lines = ["## Architecture decisions"]
    for decision in architecture(
        audit.report, audit.settings.model, audit.diagram or StateDiagram()
    ):
        lines += ["", *_decision(decision)]
    return lines if len(lines) > 1 else []


def _decision(decision: ArchitectureDecision) -> list[str]:
    lines = [
        f"### {text(decision.title)}",
        "",
        f"- Standing: **{decision.standing}** ({code(decision.check)})",
        f"- {sentence(decision.statement)}",
    ]
    if decision.reason:
        lines.append(f"- Reason: {sentence(decision.reason)}")
    if decision.options:
        lines += ["", "Options:"]
    for number, option in enumerate(decision.options, 1):
        lines += ["", *_option(number, option)]
    return lines


def _option(number: int, option: Option) -> list[str]:
    recommended = " (recommended)" if option.is_recommended else ""
    return [
        f"{number}. **{text(option.name)}**{recommended}",
        *(f"   - {sentence(each)}" for each in option.consequences),
    ]
