"""What was proved: as a section to read, and in JSON."""

from __future__ import annotations

import typing as typ

from pytest_userstate.application.reporting.document import (
    Item,
    Items,
    Listing,
    Paragraph,
    Section,
)
from pytest_userstate.application.reporting.findings import Finding, Name, Sentence
from pytest_userstate.domain.drafts import VerifiedDraft
from pytest_userstate.domain.evidence import listed
from pytest_userstate.domain.proof import FactResult, Proof
from pytest_userstate.domain.stale_writes import StaleWriteProof

_NOTHING: typ.Final = "no revision token was found, so no stale write was tried"
_SETTINGS: typ.Final = "with it, in the configuration"
_ROW: typ.Final = "give a statement that makes one, in the configuration"


def proof_section(proof: Proof | None) -> Section | None:
    """Return the section about what was proved, if that was asked for."""
    if proof is None:
        return None
    facts = Items(tuple(Item((Sentence(line),)) for line in _facts(proof)))
    items = tuple(map(_item, (*proof.stale_writes, *proof.program_writes)))
    block = Items(items) if items else Paragraph((Sentence(_NOTHING),))
    return Section("What was proved", (facts, block))


def _facts(proof: Proof) -> list[str]:
    """Return how many facts were proved, and what became of the others."""
    facts = proof.facts
    if not facts:
        return ["no closed check rests on a fact of the schema, so none was proved"]
    proved = sum(fact.result is FactResult.PROVED for fact in facts)
    count = f"{proved} of {len(facts)} facts proved"
    return [
        f"{count}: without any of them its verdict changes",
        *(str(fact) for fact in facts if fact.result is not FactResult.PROVED),
    ]


def _item(stale: StaleWriteProof) -> Item:
    entities = ", ".join(stale.token.entities)
    listings = [
        Listing(
            f"{history.isolation}, {history.manner}", tuple(map(str, history.events))
        )
        for history in stale.shown
    ]
    if stale.remedy:
        listings.insert(0, Listing(_ROW, tuple(stale.remedy), "toml"))
    number = len(stale.histories)
    count = f"{number} {'history' if number == 1 else 'histories'} of two writers"
    by = f"{stale.write} by " if stale.write else ""
    return Item(
        (
            f"{stale.result}: {by}",
            Name(stale.token.subject),
            f" ({entities}), {count}",
        ),
        ((stale.reason,),),
        listings=tuple(listings),
    )


def draft_items(finding: Finding) -> tuple[Item, ...]:
    """Return the drafts that close a check, or why there is none."""
    return tuple(_draft(draft, finding) for draft in finding.drafts)


def _draft(draft: VerifiedDraft, finding: Finding) -> Item:
    if draft.problem:
        return Item((Sentence(f"no draft: {draft.problem}"),))
    if not finding.id.endswith(draft.check):
        return Item((f"draft: the one of {draft.check} closes it",))
    settings = (Listing(_SETTINGS, draft.settings, "toml"),) if draft.settings else ()
    return Item(
        (f"draft, verified in a copy: it closes {listed(draft.closes)}",),
        tuple((fact,) for fact in draft.facts),
        listings=settings
        + tuple(
            Listing(f"{file.path}, add", tuple(file.added.splitlines()))
            if file.added
            else Listing(file.path, tuple(file.text.splitlines()))
            for file in draft.files
        ),
    )


def json(proof: Proof | None) -> dict[str, typ.Any] | None:
    """Return what the JSON report says about it."""
    if proof is None:
        return None
    return {
        "facts": [
            {
                "check": fact.check,
                "subject": fact.subject,
                "result": fact.result.value,
                "reason": fact.reason,
            }
            for fact in proof.facts
        ],
        "stale_writes": [*map(_stale_write, proof.stale_writes)],
        "program_writes": [
            {"write": str(stale.write), **_stale_write(stale)}
            for stale in proof.program_writes
        ],
    }


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
