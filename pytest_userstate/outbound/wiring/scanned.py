"""Wiring that the program's sources show."""

from __future__ import annotations

import collections.abc as cabc
import functools
import itertools
import re
import typing as typ

import attrs

from pytest_userstate.application.settings import PortScan
from pytest_userstate.application.wording import similar
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.evidence import Evidence, EvidenceKind
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.domain.wiring import PortWiring, Wiring, WiringOrigin
from pytest_userstate.outbound.wiring.naming import Kinship, sounds_like
from pytest_userstate.outbound.wiring.parsing import (
    Namespace,
    ParsedSource,
    not_valid,
    too_deep,
)
from pytest_userstate.outbound.wiring.sources import EVERYWHERE, SourceText, SourceTree
from pytest_userstate.outbound.wiring.syntax.language import Constructor, language_of
from pytest_userstate.outbound.wiring.uses import Generated, Scan, SoughtPort

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.wiring.assembly import ConfigurationPlace

_NAME = re.compile(r"[^\W\d]\w*")
_LOADED = re.compile(r"""["'`](?:[\w-]+(?:::|[.:/\\]))+(\w+)["'`]""")
_LONGEST_NAME: typ.Final = 100
_MOST_ROUNDS: typ.Final = 10
_MOST_COMPARED: typ.Final = 5_000
_MOST_SIMILAR: typ.Final = 5
_GENERATED_FROM: typ.Final = frozenset(
    {
        *("CoroutineCrudRepository", "CrudRepository", "JpaRepository"),
        *("ListCrudRepository", "ListPagingAndSortingRepository"),
        *("PagingAndSortingRepository", "PanacheRepository", "PanacheRepositoryBase"),
        *("R2dbcRepository", "ReactiveCrudRepository", "ReactiveSortingRepository"),
    }
)
"""Interfaces that Spring Data, and others like it, implement with queries."""
_SPRING: typ.Final = frozenset({"Repository"})
_SPRING_DATA: typ.Final = "org.springframework.data.repository.Repository"


class ScannedWiringRepository:
    """Wiring as the sources show it: which implementations the program takes."""

    def __init__(
        self, ports: cabc.Sequence[PortScan], *, place: ConfigurationPlace
    ) -> None:
        """Keep the ports; nothing is read yet."""
        self._ports = ports
        self._place = place

    def check(self) -> None:
        """Read the sources, and raise if they name a port nowhere."""
        for scan in self._scans:
            for sought in scan.unnamed():
                self._place.refuse(sought.scan.key or "wiring", scan.unknown(sought))

    def load(self) -> Wiring:
        """Return the wiring; what could not be read as it should is a warning."""
        return self._loaded

    @functools.cached_property
    def _loaded(self) -> Wiring:
        self.check()
        ports: list[PortWiring] = []
        warnings: list[str] = []
        for scan in self._scans:
            ports += scan.ports()
            warnings += scan.warnings
        del self._scans  # and with it every source
        return Wiring(ports, warnings=dict.fromkeys(warnings))

    @functools.cached_property
    def _scans(self) -> list[_Scan]:
        by_place = sorted(self._ports, key=lambda port: port.sources)
        return [
            _Scan([*map(SoughtPort.of, group)], SourceTree(self._place.base, sources))
            for sources, group in itertools.groupby(by_place, lambda port: port.sources)
        ]


class _Scan:
    """The ports that are looked for in the same place."""

    def __init__(self, sought: cabc.Sequence[SoughtPort], tree: SourceTree) -> None:
        self._sought = sought
        self._tree = tree
        self._patterns = [p for port in sought for p in port.patterns]
        reading = tree.read()
        self._texts = reading.texts
        self._is_complete = not reading.warnings
        self.warnings = reading.warnings

    def unnamed(self) -> list[SoughtPort]:
        """Return the ports that no source names, if all sources could be read.

        A composition root need not name them, so that the whole repository is
        looked through if the configuration gives less.
        """
        if not self._texts or not self._is_complete:
            return []
        unnamed = [s for s in self._sought if not _is_named(s.port, self._texts)]
        if unnamed and self._tree.folders != EVERYWHERE:
            everything = attrs.evolve(self._tree, folders=EVERYWHERE).read()
            unnamed = [s for s in unnamed if not _is_named(s.port, everything.texts)]
        return unnamed

    def unknown(self, sought: SoughtPort) -> str:
        """Return what to say about a port that no source names."""
        alike = self._alike(sought.port)
        nearest = f"; did you mean {alike[0]!r}?" if alike else "."
        return (
            f"names the port {sought.scan.port!r}, which no source in "
            f"{self._tree.words} names{nearest} Expected the name of the interface, "
            "trait, or class that the program asks for this state"
        )

    def _alike(self, port: str) -> list[str]:
        """Return the names in the sources that are most like the port's."""
        length = len(port) // 2
        names = {
            name
            for text in self._texts
            for name in _NAME.findall(text.text)
            if length <= len(name) <= length * 4 and name[0].isupper()
        }
        known = sorted(names)[:_MOST_COMPARED]
        return [*similar(port, known, limit=_MOST_SIMILAR)]

    def ports(self) -> list[PortWiring]:
        """Return how each port is wired."""
        if not self._texts:
            return [*map(self._not_probed, self._sought)]
        sources, constructors = self._related()
        namespace = Namespace(sources)
        is_sought = self._names(namespace, namespace.kinship(), constructors)
        occurrences = [*namespace.occurrences(is_sought, constructors)]
        tests = frozenset(self._test_places())
        occurrences = [
            attrs.evolve(occurrence, in_tests=True)
            if _is_below(occurrence.source, tests)
            else occurrence
            for occurrence in occurrences
        ]
        kinship = namespace.kinship(
            occurrence.text for occurrence in occurrences if occurrence.is_definition
        )
        scan = Scan(
            tuple(occurrences),
            kinship,
            tuple(_generated(sources, kinship)),
            self._tree.words,
            self._in_strings,
        )
        return [
            scan.wiring_of(sought, functools.partial(self._similar, sought))
            for sought in self._sought
        ]

    def _related(self) -> tuple[list[ParsedSource], list[Constructor]]:
        """Parse the files that hold a name that matters, and return those.

        An alias, an implementation, or a constructor that is found in them can be
        used in further files, until no other name is found.
        """
        hints = {pattern.hint for pattern in self._patterns}
        hints |= {sought.port for sought in self._sought}
        sources = self._parsed(
            [t for t in self._texts if any(hint in t.text for hint in hints)]
        )
        sought: set[str] = set()
        for _ in range(_MOST_ROUNDS):
            constructors = self._constructors(sources)
            namespace = Namespace(sources)
            names, modules = namespace.other_names(
                self._meaning(namespace.kinship(), constructors)
            )
            names |= {*self._implementers(namespace.kinship())} | modules
            names |= {constructor.package for constructor in constructors}
            known = {source.relative_path for source in sources}
            rest = [text for text in self._texts if text.relative_path not in known]
            if not names - sought or not rest:
                break
            further = names - sought
            sought |= names
            sources += self._parsed(
                [t for t in rest if not further.isdisjoint(_NAME.findall(t.text))]
            )
        return sources, self._constructors(sources)

    def _parsed(self, texts: cabc.Sequence[SourceText]) -> list[ParsedSource]:
        sources = []
        for text in self._tree.without_ignored(texts):
            if warning := too_deep(text):
                self.warnings.append(warning)
                continue
            source = ParsedSource(text)
            sources.append(source)
            self.warnings += not_valid(
                source.relative_path, source.tree, source.language
            )
        return sources

    def _implementers(self, kinship: Kinship) -> cabc.Iterator[str]:
        for sought in self._sought:
            yield from kinship.implementers(sought.port)

    def _meaning(
        self, kinship: Kinship, constructors: cabc.Iterable[Constructor]
    ) -> cabc.Callable[[str], bool]:
        """Return a function that says whether a name matters to any port."""
        names = {*self._implementers(kinship)}
        names |= {constructor.function for constructor in constructors}

        def matters(name: str) -> bool:
            return name in names or any(p.matches(name) for p in self._patterns)

        return matters

    def _constructors(self, sources: cabc.Iterable[ParsedSource]) -> list[Constructor]:
        """Return the functions that construct something that matters."""
        constructors = [c for source in sources for c in source.constructors]
        if not constructors:
            return []
        matters = self._meaning(Namespace([*sources]).kinship(), ())
        return [
            constructor
            for constructor in constructors
            if any(
                matters(name) or matters(f"{constructor.package}.{name}")
                for name in constructor.returns
            )
        ]

    def _names(
        self,
        namespace: Namespace,
        kinship: Kinship,
        constructors: cabc.Sequence[Constructor],
    ) -> cabc.Callable[[str], bool]:
        """Return whether to look for a name: of a type, or another name of one."""
        matters = self._meaning(kinship, constructors)
        ports = {sought.port for sought in self._sought}
        aliases, _ = namespace.other_names(lambda n: n in ports or matters(n))
        patterns = [pattern.last for pattern in self._patterns]
        if constructors:
            patterns += [f"(?:Must)?[Nn]ew(?:{'|'.join(patterns)})"]
        names = aliases | {*self._implementers(kinship)}
        names |= ports
        names |= {constructor.function for constructor in constructors}
        pattern = re.compile("|".join(patterns))

        @functools.cache
        def is_sought(name: str) -> bool:
            if len(name) > _LONGEST_NAME:
                return False
            return name in names or pattern.fullmatch(name) is not None

        return is_sought

    def _test_places(self) -> cabc.Iterator[str]:
        """Yield the files, without suffix, that others declare to be tests."""
        for text in self._texts:
            form = language_of(text.path.suffix).test_modules
            if form and form.search(text.text):
                yield from ParsedSource(text).test_places()

    def _in_strings(self, names: cabc.Container[str]) -> dict[str, Source]:
        """Return where strings that are no tests' hold one of these, qualified."""
        places: dict[str, Source] = {}
        for text in self._texts:
            for match in _LOADED.finditer(text.text):
                if match[1] in names:
                    line = text.text.count("\n", 0, match.start()) + 1
                    places.setdefault(match[1], Source(text.relative_path, line))
        return places

    def _similar(self, sought: SoughtPort) -> list[Evidence]:
        """Return names in the sources that sound like an implementation."""
        similar: dict[str, Source] = {}
        for text in self._texts:
            for match in _NAME.finditer(text.text):
                name = match[0]
                if (
                    name[0].isupper()
                    and name not in similar
                    and sought.port != name
                    and len(name) <= _LONGEST_NAME
                    and sounds_like(name, sought.port)
                ):
                    line = text.text.count("\n", 0, match.start()) + 1
                    similar[name] = Source(text.relative_path, line)
            if len(similar) >= _MOST_SIMILAR:
                break
        return [
            Evidence(
                kind=EvidenceKind.NEAR_MISS,
                subject=name,
                detail="no pattern names it, and nothing shows that it is constructed",
                source=source,
            )
            for name, source in [*similar.items()][:_MOST_SIMILAR]
        ]

    def _not_probed(self, sought: SoughtPort) -> PortWiring:
        scan = sought.scan
        return PortWiring(
            entity=scan.entity,
            port=scan.port,
            state=RuntimeWiring.NOT_PROBED,
            reason=scan.reason,
            model=scan.model,
            origin=WiringOrigin.SCANNED,
            finding=(
                f"{scan.port} is not probed: {self._tree.words} holds no source of a "
                "language that is read"
            ),
        )


def _is_named(port: str, texts: cabc.Iterable[SourceText]) -> bool:
    word = re.compile(rf"\b{re.escape(port)}\b")
    return any(port in text.text and word.search(text.text) for text in texts)


def _generated(
    sources: cabc.Iterable[ParsedSource], kinship: Kinship
) -> cabc.Iterator[Generated]:
    """Yield the interfaces that a framework implements with queries."""
    for source in sources:
        if source.language.name in {"Java", "Kotlin"}:
            for name in dict.fromkeys(relation.name for relation in source.relations):
                generic = _SPRING if _SPRING_DATA in source.tree.text else frozenset()
                known = _GENERATED_FROM | generic
                base = next((b for b in kinship.ancestors(name) if b in known), None)
                if base and name in source.types:
                    yield Generated(name, base, source.types[name])


def _is_below(source: Source, places: frozenset[str]) -> bool:
    """Whether a file is one of the places, or in a folder of one."""
    path = source.path.rpartition(".")[0]
    while path:
        if path in places:
            return True
        path = path.rpartition("/")[0]
    return False
