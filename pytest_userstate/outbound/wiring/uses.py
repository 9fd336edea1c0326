"""From the uses of implementations to what is behind a port."""

from __future__ import annotations

import collections.abc as cabc
import itertools
import typing as typ

import attrs

from pytest_userstate.application.settings import PortScan
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.evidence import Evidence, EvidenceKind, listed
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.domain.wiring import PortWiring, WiringOrigin
from pytest_userstate.outbound.wiring.naming import Kinship, Pattern, belongs
from pytest_userstate.outbound.wiring.parsing import Occurrence
from pytest_userstate.outbound.wiring.syntax.language import Role

_CONVENTIONAL_DATABASE: typ.Final = ("Diesel*", "Postgres*", "Sql*")
_CONVENTIONAL_FIXTURE: typ.Final = ("Fake*", "Fixture*", "InMemory*", "Stub*")
_MOST_NEAR: typ.Final = 5
_DATABASE: typ.Final = "database"
_FIXTURE: typ.Final = "fixture"
_UNLISTED: typ.Final = "unlisted"
_ONLY_DEFINED: typ.Final = "it is defined, but nothing constructs it"
_ONLY_TESTED: typ.Final = "only tests use it here"
_IN_A_STRING: typ.Final = (
    "a string names it, so that something may load it: declare the port's `state`"
)


@attrs.frozen
class Side:
    """The implementations of a port that do, or do not, reach the database."""

    name: str
    patterns: tuple[Pattern, ...]
    is_convention: bool

    @property
    def described(self) -> str:
        """Return what one use says about the port."""
        convention = ", by the naming convention" if self.is_convention else ""
        return f"{self.name}-backed{convention}"


@attrs.frozen
class Generated:
    """An interface that a framework implements with queries to the database."""

    name: str
    base: str
    source: Source


@attrs.frozen
class SoughtPort:
    """A port, and the names that say which of its implementations is which."""

    scan: PortScan
    database: Side
    fixture: Side

    @classmethod
    def of(cls, scan: PortScan) -> typ.Self:
        """Take the configured names, or those of the convention."""
        return cls(
            scan,
            _side(_DATABASE, scan.database, _CONVENTIONAL_DATABASE),
            _side(_FIXTURE, scan.fixture, _CONVENTIONAL_FIXTURE),
        )

    @property
    def port(self) -> str:
        """The port's name without what qualifies it."""
        return self.scan.port.replace("::", ".").rpartition(".")[2]

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """Every pattern, of either side."""
        return (*self.database.patterns, *self.fixture.patterns)

    def match(self, names: cabc.Sequence[str], text: str = "") -> Match | None:
        """Return what fits one of the names best.

        An exact pattern is the best, also for the name as it is written; then
        comes an earlier name, and then a longer pattern.
        """
        spelled = (*names, text) if text and text not in names else names
        matches = [
            (Match(name, pattern, side), -position)
            for side in (self.fixture, self.database)
            for pattern in side.patterns
            for position, name in enumerate(spelled)
            if (pattern.is_exact or position < len(names)) and pattern.matches(name)
        ]
        best = max(
            matches,
            key=lambda pair: (
                pair[0].pattern.is_exact,
                len(pair[0].pattern.text) if pair[0].pattern.is_exact else pair[1],
                len(pair[0].pattern.text),
            ),
            default=None,
        )
        return best[0] if best else None


@attrs.frozen
class Match:
    """A name that is on one of the sides of a port."""

    name: str
    pattern: Pattern
    side: Side


def _side(name: str, given: tuple[str, ...], convention: tuple[str, ...]) -> Side:
    return Side(name, tuple(map(Pattern, given or convention)), is_convention=not given)


@attrs.frozen
class Judged:
    """A name in the code, and what it says about the port."""

    side: str
    name: str
    detail: str
    source: Source
    near: str = ""
    by_convention: bool = False
    has_name: bool = True

    @property
    def is_defined(self) -> bool:
        """Whether this is an implementation that could be wired, and is not."""
        return self.side != _UNLISTED and self.near in {_ONLY_DEFINED, _ONLY_TESTED}


@attrs.frozen
class Scan:
    """What a scan found, of which each port takes its part."""

    occurrences: tuple[Occurrence, ...]
    kinship: Kinship
    generated: tuple[Generated, ...]
    looked_in: str
    # Where a string holds one of these names, with what qualifies it.
    in_strings: cabc.Callable[[cabc.Container[str]], cabc.Mapping[str, Source]]

    def wiring_of(
        self, sought: SoughtPort, similar: cabc.Callable[[], cabc.Sequence[Evidence]]
    ) -> PortWiring:
        """Return what the sources say about a port."""
        judged = [*self._judged(sought)]
        if all(name.near for name in judged):
            judged = self._perhaps_loaded(judged)
        uses = [name for name in judged if not name.near]
        sides = {use.side for use in uses}
        state = _state(sides, is_defined=any(name.is_defined for name in judged))
        facts = [_fact(use, sought, state) for use in uses]
        if not sides & {_DATABASE, _FIXTURE}:
            facts.insert(0, _nothing(sought, self.looked_in))
        near = [*_near_misses(judged)] if not uses else []
        if not uses:
            names = {fact.subject for fact in near}
            near += [fact for fact in similar() if fact.subject not in names]
        return PortWiring(
            entity=sought.scan.entity,
            port=sought.scan.port,
            state=state,
            reason=sought.scan.reason,
            model=sought.scan.model,
            origin=WiringOrigin.SCANNED,
            finding=_words(sought, state, uses, near, self.looked_in),
            sources=dict.fromkeys(use.source for use in uses),
            facts=[*dict.fromkeys(facts), *near[:_MOST_NEAR]],
        )

    def _perhaps_loaded(self, judged: cabc.Sequence[Judged]) -> list[Judged]:
        """Return the names again; of those in a string it is not known what they do."""
        defined = {name.name.rpartition(".")[2] for name in judged if name.is_defined}
        places = self.in_strings(defined) if defined else {}
        return [
            attrs.evolve(name, near=_IN_A_STRING, source=places[bare])
            if name.is_defined and (bare := name.name.rpartition(".")[2]) in places
            else name
            for name in judged
        ]

    def _judged(self, sought: SoughtPort) -> cabc.Iterator[Judged]:
        port = sought.port
        implementers = self.kinship.implementers(port)
        for interface in self.generated:
            if interface.name == port or interface.name in implementers:
                yield Judged(
                    _DATABASE,
                    interface.name,
                    f"it makes {port} database-backed: its framework implements what "
                    f"extends {interface.base}",
                    interface.source,
                )
        names = implementers - self.kinship.interfaces
        for occurrence in self.occurrences:
            if occurrence.role is not Role.IGNORED:
                judged = self._listed(occurrence, sought)
                yield from judged or self._unlisted(occurrence, sought, names)

    def _listed(self, occurrence: Occurrence, sought: SoughtPort) -> tuple[Judged, ...]:
        match = sought.match(occurrence.names, occurrence.text)
        if match is None:
            return ()
        port, bare = sought.port, match.name.rpartition(".")[2]
        near = _obstacle(occurrence, bare)
        if not belongs(bare, match.pattern, port, self.kinship, occurrence.language):
            near = f"nothing shows that it implements {port}"
        return (_of_side(match.side, match.name, occurrence, sought, near),)

    def _unlisted(
        self, occurrence: Occurrence, sought: SoughtPort, implementers: frozenset[str]
    ) -> cabc.Iterator[Judged]:
        """Yield an implementation of the port that no pattern names."""
        name = next((n for n in occurrence.names if n in implementers), None)
        if name is None:
            if occurrence.role is Role.UNNAMED:
                yield from self._unnamed(occurrence, sought)
            return
        near = _obstacle(occurrence, name)
        parents = [p for p in self.kinship.ancestors(name) if p != sought.port]
        match = next(
            filter(None, (sought.match((parent,)) for parent in parents)), None
        )
        if match:
            yield _of_side(match.side, name, occurrence, sought, near)
        else:
            yield Judged(
                _UNLISTED,
                name,
                f"it implements {sought.port}, and neither `database` nor `fixture` "
                "names it: list it under one of the two",
                occurrence.source,
                near,
            )

    def _unnamed(
        self, occurrence: Occurrence, sought: SoughtPort
    ) -> cabc.Iterator[Judged]:
        """Yield an object that implements the port, and whose type has no name."""
        port = sought.port
        if not {port, *self.kinship.implementers(port)}.isdisjoint(occurrence.names):
            yield Judged(
                _UNLISTED,
                occurrence.text,
                f"an object implements {port} here, and its type has no name: give it "
                "one, and list it under `database` or `fixture`",
                occurrence.source,
                _obstacle(occurrence, occurrence.text),
                has_name=False,
            )


def _of_side(
    side: Side, name: str, occurrence: Occurrence, sought: SoughtPort, near: str
) -> Judged:
    return Judged(
        side.name,
        name,
        f"it makes {sought.port} {side.described}",
        occurrence.source,
        near,
        side.is_convention,
    )


def _obstacle(occurrence: Occurrence, name: str) -> str:
    """Return why a name in the code is no use of it; empty if it is one."""
    if occurrence.in_tests:
        return _ONLY_TESTED
    if occurrence.role is Role.COMPONENT:
        return ""
    if occurrence.role is Role.DEFINITION or name in occurrence.owners:
        return _ONLY_DEFINED
    return ""


def _state(sides: cabc.Set[str], *, is_defined: bool) -> RuntimeWiring:
    """Return the state of a port whose implementations of these sides are used."""
    match _DATABASE in sides, _FIXTURE in sides, _UNLISTED in sides:
        case (True, False, False):
            return RuntimeWiring.DATABASE_BACKED
        case (True, _, _):
            return RuntimeWiring.CONDITIONAL
        case (False, True, _):
            return RuntimeWiring.FIXTURE_BACKED
        case (False, False, False) if is_defined:
            return RuntimeWiring.UNWIRED
        case _:
            return RuntimeWiring.NOT_PROBED


def _fact(use: Judged, sought: SoughtPort, state: RuntimeWiring) -> Evidence:
    is_unknown = state is RuntimeWiring.NOT_PROBED
    return Evidence(
        kind=EvidenceKind.NEAR_MISS if is_unknown else EvidenceKind.PRESENT,
        subject=use.name,
        model=sought.scan.model if use.side == _DATABASE else None,
        detail=use.detail,
        source=use.source,
    )


def _near_misses(judged: cabc.Iterable[Judged]) -> cabc.Iterator[Evidence]:
    """Yield, once for each of the first few names, why it does not count."""
    by_name: dict[str, Judged] = {}
    for name in judged:
        by_name.setdefault(name.name, name)
    for name in itertools.islice(by_name.values(), _MOST_NEAR):
        yield Evidence(
            kind=EvidenceKind.NEAR_MISS,
            subject=name.name,
            detail=name.near,
            source=name.source,
        )


def _nothing(sought: SoughtPort, looked_in: str) -> Evidence:
    return Evidence(
        kind=EvidenceKind.ABSENT,
        subject=sought.scan.port,
        detail=f"nothing constructs {_names(sought)} for it in {looked_in}",
    )


def _words(
    sought: SoughtPort,
    state: RuntimeWiring,
    uses: cabc.Sequence[Judged],
    near: cabc.Sequence[Evidence],
    looked_in: str,
) -> str:
    port = sought.scan.port
    start = f"{port} is {state.words} in {looked_in}"
    if not uses:
        ending = ""
        if state is RuntimeWiring.NOT_PROBED:
            loaded = [fact for fact in near if fact.detail == _IN_A_STRING]
            alike = [f"{fact.subject} ({fact.source})" for fact in loaded or near]
            if loaded:
                return (
                    f"{start}: a string names {listed(alike, 'and')}, so that something"
                    " may load it; declare the port's `state`"
                )
            ending = f"; similar names: {listed(alike, 'and')}" if alike else ""
            ending += "; list the implementations under `database` or `fixture`"
        return f"{start}, where nothing constructs {_names(sought)} for it{ending}"
    unlisted = [use for use in uses if use.side == _UNLISTED]
    places = listed(
        list(dict.fromkeys(f"{use.name} ({use.source})" for use in unlisted))
    )
    listing = (
        f"{places}, which neither `database` nor `fixture` names: list it under one of "
        "the two"
    )
    if not all(use.has_name for use in unlisted):
        listing += "; an object without a class needs one that can be listed"
    if state is RuntimeWiring.NOT_PROBED:
        return f"{start}: {port} is implemented by {listing}"
    names = list(dict.fromkeys(use.name for use in uses if use.side != _UNLISTED))
    convention = any(use.by_convention for use in uses)
    ending = ", by the naming convention" if convention else ""
    ending += f"; and through {listing}" if unlisted else ""
    return f"{start} through {listed(names)}{ending}"


def _names(sought: SoughtPort) -> str:
    return listed([pattern.text for pattern in sought.patterns], "or")
