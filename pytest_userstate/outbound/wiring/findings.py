"""From the uses of implementations to what stands behind a port."""

from __future__ import annotations

import collections.abc as cabc
import itertools
import typing as typ

import attrs

from pytest_userstate.application.settings import PortScan
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.evidence import Evidence, EvidenceKind
from pytest_userstate.domain.facts import listed
from pytest_userstate.domain.wiring import PortWiring, WiringOrigin
from pytest_userstate.outbound.wiring.naming import Kinship, Pattern, belongs
from pytest_userstate.outbound.wiring.parsing import Occurrence
from pytest_userstate.outbound.wiring.syntax.language import Role

_CONVENTIONAL_DATABASE: typ.Final = ("Diesel*", "Postgres*", "Sql*")
_CONVENTIONAL_FIXTURE: typ.Final = ("Fake*", "Fixture*", "InMemory*", "Stub*")
_MOST_NEAR: typ.Final = 5
_STATES: typ.Final = {
    (True, True): RuntimeWiring.CONDITIONAL,
    (True, False): RuntimeWiring.DATABASE_BACKED,
    (False, True): RuntimeWiring.FIXTURE_BACKED,
    (False, False): RuntimeWiring.UNWIRED,
}
"""What it means that a database-backed, and a fixture-backed, one is used."""


@attrs.frozen
class Side:
    """The implementations of a port that do, or do not, reach the database."""

    name: str
    patterns: tuple[Pattern, ...]
    is_convention: bool

    @property
    def described(self) -> str:
        """Return what one use says about the port."""
        told = ", told by the naming convention" if self.is_convention else ""
        return f"{self.name}-backed{told}"


@attrs.frozen
class Sought:
    """A port, and the names that tell what stands behind it."""

    scan: PortScan
    database: Side
    fixture: Side

    @classmethod
    def of(cls, scan: PortScan) -> typ.Self:
        """Take the configured names, or those of the convention."""
        return cls(
            scan,
            _side("database", scan.database, _CONVENTIONAL_DATABASE),
            _side("fixture", scan.fixture, _CONVENTIONAL_FIXTURE),
        )

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """Return every pattern, of either side."""
        return (*self.database.patterns, *self.fixture.patterns)

    def match(self, names: tuple[str, ...]) -> Match | None:
        """Return what fits one of the names best: what is exact, or says most."""
        found = [
            Match(name, pattern, side)
            for side in (self.fixture, self.database)
            for pattern in side.patterns
            for name in names
            if pattern.matches(name)
        ]
        return max(
            found,
            key=lambda each: (each.pattern.is_exact, len(each.pattern.text)),
            default=None,
        )


@attrs.frozen
class Match:
    """A name that is one of a side's."""

    name: str
    pattern: Pattern
    side: Side


def _side(name: str, given: tuple[str, ...], convention: tuple[str, ...]) -> Side:
    return Side(name, tuple(map(Pattern, given or convention)), is_convention=not given)


@attrs.frozen
class Judged:
    """An occurrence of a name that matches, and whether it wires the port."""

    match: Match
    occurrence: Occurrence
    near: str

    @property
    def wires(self) -> bool:
        """Whether the program takes the implementation here, for the port."""
        return not self.near


def port_wiring(
    sought: Sought,
    occurrences: cabc.Iterable[Occurrence],
    kinship: Kinship,
    looked_in: str,
) -> PortWiring:
    """Return what the occurrences say about the port.

    Parameters
    ----------
    sought : Sought
        The port.
    occurrences : iterable of Occurrence
        Every place where a name stands that may be meant.
    kinship : Kinship
        Which type implements which.
    looked_in : str
        Where that was looked for, for people.
    """
    judged = [
        _judge(match, occurrence, sought, kinship)
        for occurrence in occurrences
        if (match := sought.match(occurrence.names))
        and occurrence.role is not Role.IGNORED
    ]
    uses = [each for each in judged if each.wires]
    sides = {each.match.side.name for each in uses}
    state = _STATES["database" in sides, "fixture" in sides]
    scan = sought.scan
    near = _near_misses(judged) if not uses else ()
    facts = [_fact(use, scan) for use in uses] or [_nothing(sought, looked_in)]
    return PortWiring(
        entity=scan.entity,
        port=scan.port,
        state=state,
        reason=scan.reason,
        model=scan.model,
        origin=WiringOrigin.SCANNED,
        finding=_words(sought, state, uses, looked_in),
        sources=dict.fromkeys(use.occurrence.source for use in uses),
        facts=[*dict.fromkeys(facts), *near],
    )


def _judge(
    match: Match, occurrence: Occurrence, sought: Sought, kinship: Kinship
) -> Judged:
    port, bare = sought.scan.port, match.name.rpartition(".")[2]
    if not belongs(bare, match.pattern, port, kinship, occurrence.language):
        near = f"nothing shows that it stands for {port}"
    elif occurrence.in_tests:
        near = "only tests use it here"
    elif occurrence.role is Role.COMPONENT:
        near = ""
    elif occurrence.role is Role.DEFINITION or bare in occurrence.owners:
        near = "it is defined, but nothing constructs it"
    else:
        near = ""
    return Judged(match, occurrence, near)


def _fact(use: Judged, scan: PortScan) -> Evidence:
    side = use.match.side
    return Evidence(
        kind=EvidenceKind.PRESENT,
        subject=use.match.name,
        model=scan.model if side.name == "database" else None,
        detail=f"it makes {scan.port} {side.described}",
        source=use.occurrence.source,
    )


def _near_misses(judged: cabc.Iterable[Judged]) -> cabc.Iterator[Evidence]:
    """Yield, once for each of the first few names, why it does not count."""
    by_name: dict[str, Judged] = {}
    for each in judged:
        by_name.setdefault(each.match.name, each)
    for each in itertools.islice(by_name.values(), _MOST_NEAR):
        yield Evidence(
            kind=EvidenceKind.NEAR_MISS,
            subject=each.match.name,
            detail=each.near,
            source=each.occurrence.source,
        )


def _nothing(sought: Sought, looked_in: str) -> Evidence:
    return Evidence(
        kind=EvidenceKind.ABSENT,
        subject=sought.scan.port,
        detail=f"nothing constructs {_names(sought)} for it in {looked_in}",
    )


def _words(
    sought: Sought,
    state: RuntimeWiring,
    uses: cabc.Sequence[Judged],
    looked_in: str,
) -> str:
    names = list(dict.fromkeys(use.match.name for use in uses))
    convention = any(use.match.side.is_convention for use in uses)
    port = sought.scan.port
    if not uses:
        return (
            f"{port} is {state.words} in {looked_in}, where nothing constructs "
            f"{_names(sought)} for it"
        )
    told = ", told by the naming convention" if convention else ""
    return f"{port} is {state.words} in {looked_in} through {listed(names)}{told}"


def _names(sought: Sought) -> str:
    return listed([each.text for each in sought.patterns], "or")
