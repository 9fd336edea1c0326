"""What a repository says about the wiring of its ports."""

from __future__ import annotations

import collections.abc as cabc
import re

from pytest_userstate.application.configuration.document import (
    Document,
    Names,
    PortTable,
)
from pytest_userstate.application.configuration.reading import File
from pytest_userstate.application.settings import PortScan, WiringSettings
from pytest_userstate.application.structuring import nearest
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.domain.wiring import PortWiring, Wiring

_LOCATION = re.compile(r"(?P<path>.+?)(?::(?P<line>[1-9][0-9]*))?")
_OF_A_SCAN = ("database", "fixture", "sources")


def wiring(document: Document, model: AuditModel, where: File) -> WiringSettings:
    """Return which ports are declared and which are to be scanned.

    A port with a `state` is declared; one without is left to its sources.
    """
    sources = _several(document.wiring.sources)
    declared, scanned = [], []
    for entity, key, port in _ports(document):
        _check(entity, key, port, model, where)
        if port.state is not None:
            declared.append(_declared(entity, port, port.state))
        else:
            scanned.append(_scanned(entity, key, port, sources))
    return WiringSettings(
        declared=Wiring(declared), scanned=tuple(scanned), sources=sources
    )


def _ports(document: Document) -> cabc.Iterator[tuple[str, str, PortTable]]:
    """Yield every port with its entity and its key in the file."""
    for entity, ports in document.wiring.ports.items():
        for index, port in enumerate(ports):
            place = f"[{index}]" if len(ports) > 1 else ""
            yield entity, f"wiring.ports.{entity}{place}", port


def _check(
    name: str, key: str, port: PortTable, model: AuditModel, where: File
) -> None:
    """Refuse what does not exist, and what does not go together."""
    entity = model.entity(name)
    if entity is None:
        entities = [each.name for each in model.entities]
        where.refuse(key, f"is for an unknown entity; {nearest(name, entities)}")
    models = [each.name for each in entity.models]
    if port.model is not None and port.model not in models:
        problem = f"is {port.model!r}; {nearest(port.model, models)}"
        where.refuse(f"{key}.model", problem)
    if port.state is None:
        if port.evidence:
            where.refuse(
                f"{key}.evidence",
                "goes with a declared `state`; without one the sources are scanned, "
                "and the scan finds its own evidence",
            )
        for each in port.fixture:
            if each in port.database:
                problem = f"names {each!r}, as `database` does; keep one of the two"
                where.refuse(f"{key}.fixture", problem)
        return
    if not port.reason:
        where.refuse(f"{key}.reason", "is missing")
    for each in _OF_A_SCAN:
        if getattr(port, each):
            where.refuse(
                f"{key}.{each}",
                "is for scanning the sources, but `state` declares what a scan would "
                "find: keep one of the two",
            )


def _declared(entity: str, port: PortTable, state: RuntimeWiring) -> PortWiring:
    return PortWiring(
        entity=entity,
        port=port.port,
        state=state,
        reason=port.reason,
        sources=map(_source, port.evidence),
        model=port.model,
    )


def _scanned(
    entity: str, key: str, port: PortTable, sources: tuple[str, ...]
) -> PortScan:
    return PortScan(
        entity=entity,
        port=port.port,
        key=key,
        database=_several(port.database),
        fixture=_several(port.fixture),
        sources=_several(port.sources) or sources,
        has_own_sources=bool(port.sources),
        reason=port.reason,
        model=port.model,
    )


def _several(names: Names) -> tuple[str, ...]:
    """Return the names as a tuple: they are one, once the file is read."""
    return (names,) if isinstance(names, str) else names


def _source(location: str) -> Source:
    match = _LOCATION.fullmatch(location)
    line = match and match["line"]
    return Source(match["path"] if match else location, int(line) if line else None)
