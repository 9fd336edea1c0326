"""The schema and the wiring of an entity, read together.

The matrix keeps the two axes apart: a schema that is ready says nothing about a
program that still answers from fixtures. Here is what they mean together.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import typing as typ

import attrs

from pytest_userstate.domain.converters import out_of_quotes, strings
from pytest_userstate.domain.coverage import Axis, RuntimeWiring
from pytest_userstate.domain.evidence import Check, EvidenceKind, listed
from pytest_userstate.domain.wiring import PortWiring, TableMentions, Wiring


class Use(enum.StrEnum):
    """What the program makes of what the schema stores."""

    IN_USE = "in_use"
    PARTLY_IN_USE = "partly_in_use"
    NOT_YET_USED = "not_yet_used"
    USE_UNKNOWN = "use_unknown"
    NOT_STORED = "not_stored"
    CONTRADICTION = "contradiction"

    @property
    def words(self) -> str:
        """The same for people."""
        return _WORDS[self]


_WORDS: typ.Final = {
    Use.IN_USE: "stored and in use",
    Use.PARTLY_IN_USE: "stored, partly in use",
    Use.NOT_YET_USED: "stored, not yet used",
    Use.USE_UNKNOWN: "stored, use not probed",
    Use.NOT_STORED: "not stored",
    Use.CONTRADICTION: "contradiction",
}
_USES: typ.Final = {
    RuntimeWiring.DATABASE_BACKED: Use.IN_USE,
    RuntimeWiring.CONDITIONAL: Use.PARTLY_IN_USE,
    RuntimeWiring.FIXTURE_BACKED: Use.NOT_YET_USED,
    RuntimeWiring.UNWIRED: Use.NOT_YET_USED,
    RuntimeWiring.NOT_PROBED: Use.USE_UNKNOWN,
}


@attrs.frozen(kw_only=True)
class Reading:
    """What the schema and the wiring of an entity say together.

    Parameters
    ----------
    entity : str
        The entity.
    use : Use
        What the program makes of what is stored.
    detail : str
        What contradicts what, or where use was looked for; often empty.
    probably_unused : tuple of str
        Of several tables that store the entity, those that no source mentions.
    """

    entity: str
    use: Use
    detail: str = ""
    probably_unused: tuple[str, ...] = attrs.field(default=(), converter=strings)


def read_together(
    checks: cabc.Sequence[Check], wiring: Wiring
) -> cabc.Iterator[Reading]:
    """Yield, for each entity that is checked, what its two axes say together."""
    for storage in checks:
        if storage.axis is Axis.SCHEMA:
            ports = wiring.ports_of(storage.entity)
            conflicts = [_port_contradiction(storage, port) for port in ports]
            unused, looked = _unmentioned(storage, wiring.mentions)
            yield Reading(
                entity=storage.entity,
                use=_use(storage, ports, wiring, contradicts=any(conflicts)),
                detail="; ".join(filter(None, [*conflicts, looked])),
                probably_unused=unused,
            )


def contradiction(
    storage: Check, state: RuntimeWiring, models: cabc.Set[str]
) -> str | None:
    """Return that the program uses storage that is not there, or None."""
    if not state.reaches_database:
        return None
    if storage.models and models <= {*storage.models}:
        return None
    lacking = f" ({', '.join(sorted(models))})" if storage.models else ""
    return (
        f"the wiring is {state.words}, but the storage behind it is "
        f"missing{lacking}: {storage.rationale}"
    )


def _port_contradiction(storage: Check, port: PortWiring) -> str | None:
    words = contradiction(storage, port.state, {port.model} if port.model else set())
    return words and f"{port.port}: {words}"


def _use(
    storage: Check,
    ports: cabc.Sequence[PortWiring],
    wiring: Wiring,
    *,
    contradicts: bool,
) -> Use:
    if contradicts:
        return Use.CONTRADICTION
    if not storage.models:
        return Use.NOT_STORED
    use = _USES[wiring.state_of(storage.entity)]
    reached = any(port.state.reaches_database for port in ports)
    return Use.PARTLY_IN_USE if reached and use is not Use.IN_USE else use


def _unmentioned(
    storage: Check, mentions: TableMentions | None
) -> tuple[list[str], str]:
    """Return which of several tables no source names, and the searched places.

    Where no source names any of them, the program names tables in some way that
    was not understood, and nothing follows.
    """
    tables = dict.fromkeys(
        fact.subject
        for fact in storage.evidence
        if fact.kind is EvidenceKind.CONTRADICTION
    )
    if mentions is None:
        return [], ""
    mentioned = {
        table: mentions.of(out_of_quotes(table.partition(".")[2])) for table in tables
    }
    unused = [table for table, sources in mentioned.items() if sources == ()]
    if not unused or not any(mentioned.values()):
        return [], ""
    # No count of files: committed reports would change with each that is added.
    return unused, (
        f"no source mentions {listed(unused, 'or')} "
        f"(looked for in {listed(mentions.looked_in)})"
    )
