"""How an entity's ports are wired: the words and the evidence."""

from __future__ import annotations

import collections.abc as cabc

import attrs

from pytest_userstate.domain.check import Check
from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.evidence import Evidence, EvidenceKind
from pytest_userstate.domain.model import Entity
from pytest_userstate.domain.wiring import PortWiring, Wiring


def wiring_check(entity: Entity, wiring: Wiring) -> Check:
    """Report how the entity's ports are wired; no migration follows from it."""
    ports = wiring.ports_of(entity.name)
    rationale = "; ".join(map(_words, ports)) or (
        f"no port of {entity.name} is known: declare it under "
        f"[wiring.ports.{entity.name}]"
    )
    return Check(
        entity=entity.name,
        axis=Axis.WIRING,
        coverage=wiring.state_of(entity.name),
        rationale=rationale,
        evidence=(
            fact for group, port in enumerate(ports, 1) for fact in _facts(port, group)
        ),
    )


def _words(port: PortWiring) -> str:
    found = port.finding or f"{port.port} is {port.origin} {port.state.words}"
    return f"{found}: {port.reason}" if port.reason else found


def _facts(port: PortWiring, group: int) -> cabc.Iterator[Evidence]:
    """Yield what a scan found, or else the word of whoever gave it.

    Each port is a group of its own; what only looks like it belongs to none.
    """
    for fact in port.facts:
        helpful = fact.kind is EvidenceKind.NEAR_MISS
        yield attrs.evolve(fact, group=None if helpful else group)
    for source in () if port.facts else port.sources or (None,):
        yield Evidence(
            kind=EvidenceKind.DECLARED,
            group=group,
            subject=port.port,
            model=port.model,
            detail=port.state.value,
            source=source,
        )
