"""What was proved, in the terminal, in Markdown, and in JSON."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.application.reporting.markdown_syntax import code, text
from pytest_userstate.application.wording import wrap
from pytest_userstate.domain.proof import Proof
from pytest_userstate.domain.stale_writes import History, StaleWriteProof

NOTHING: typ.Final = "no revision token was found, so no stale write was tried"


def terminal(proof: Proof | None) -> list[str]:
    """Return what was proved as lines for a terminal."""
    if proof is None:
        return []
    lines = [] if proof.stale_writes else wrap(NOTHING)
    for stale in proof.stale_writes:
        lines += wrap(_heading(stale), indent="", hanging=2)
        lines += wrap(stale.reason)
        lines += [f"  {line}" for line in _remedy(stale)]
        for history in stale.shown:
            lines += wrap(f"{_name(history)}:")
            lines += [f"    {event}" for event in history.events]
    return lines


def markdown(proof: Proof | None) -> list[str]:
    """Return the section of the Markdown report."""
    if proof is None:
        return []
    lines = ["## Stale writes, tried with two writers", ""]
    if not proof.stale_writes:
        return [*lines, f"{NOTHING[0].upper()}{NOTHING[1:]}."]
    for stale in proof.stale_writes:
        entities = ", ".join(map(text, stale.token.entities))
        lines += [
            f"### {code(stale.token.subject)}: {stale.result} ({entities})",
            "",
            f"- {text(stale.reason)}",
            f"- {_count(stale)}",
            "",
        ]
        if stale.remedy:
            lines += ["To make a row:", "", "```toml", *_remedy(stale)[1:], "```", ""]
        for history in stale.shown:
            lines += [f"{text(_name(history))}:", "", "```text"]
            lines += [*map(str, history.events), "```", ""]
    return lines[:-1]


def json(proof: Proof | None) -> dict[str, typ.Any] | None:
    """Return what the JSON report says about it."""
    if proof is None:
        return None
    return {"stale_writes": [*map(_stale_write, proof.stale_writes)]}


def _stale_write(stale: StaleWriteProof) -> dict[str, typ.Any]:
    return {
        "token": stale.token.subject,
        "entities": list(stale.token.entities),
        "result": stale.result.value,
        "reason": stale.reason,
        "remedy": list(stale.remedy),
        "histories": [
            {
                "isolation": history.isolation.value,
                "write": str(history.manner),
                "steps": "; ".join(map(str, history.events)),
                "stale": history.is_stale,
                "first": history.first.value,
                "second": history.second.value,
                "shown": history in stale.shown,
            }
            for history in stale.histories
        ],
    }


def _heading(stale: StaleWriteProof) -> str:
    entities = ", ".join(stale.token.entities)
    return f"{stale.result}: {stale.token.subject} ({entities}), {_count(stale)}"


def _count(stale: StaleWriteProof) -> str:
    return f"{len(stale.histories)} histories of two writers"


def _remedy(stale: StaleWriteProof) -> cabc.Sequence[str]:
    if not stale.remedy:
        return []
    return ["give a statement that makes one, in the configuration:", *stale.remedy]


def _name(history: History) -> str:
    return f"{history.isolation}, {history.manner}"
