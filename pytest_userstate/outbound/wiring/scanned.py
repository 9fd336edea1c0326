"""Wiring that the program's sources show."""

from __future__ import annotations

import collections.abc as cabc
import itertools
import pathlib
import re

import attrs

from pytest_userstate.application.settings import PortScan
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.wiring import PortWiring, Wiring, WiringOrigin
from pytest_userstate.outbound.wiring.findings import Sought, port_wiring
from pytest_userstate.outbound.wiring.parsing import (
    Occurrence,
    ParsedSource,
    kinship_of,
)
from pytest_userstate.outbound.wiring.sources import SourceText, SourceTree
from pytest_userstate.outbound.wiring.syntax.language import Constructor
from pytest_userstate.outbound.wiring.syntax.registry import language_of


class ScannedWiringRepository:
    """Wiring as the sources show it: which implementations the program takes.

    Parameters
    ----------
    ports : sequence of PortScan
        The ports, and what tells the two sides apart.
    base : pathlib.Path
        The folder that the sources' paths are relative to.
    """

    def __init__(self, ports: cabc.Sequence[PortScan], *, base: pathlib.Path) -> None:
        """Keep what is sought; nothing is read yet."""
        self._ports = ports
        self._base = base

    def load(self) -> Wiring:
        """Return the wiring; what could not be read as it should is a warning."""
        ports: list[PortWiring] = []
        warnings: list[str] = []
        by_place = sorted(self._ports, key=lambda port: port.sources)
        for place, group in itertools.groupby(by_place, lambda port: port.sources):
            scan = _Scan([*map(Sought.of, group)], SourceTree(self._base, place))
            ports += scan.ports()
            warnings += scan.warnings
        return Wiring(ports, warnings=dict.fromkeys(warnings))


class _Scan:
    """The ports that are looked for in the same place."""

    def __init__(self, sought: cabc.Sequence[Sought], tree: SourceTree) -> None:
        self._sought = sought
        self._tree = tree
        self._patterns = [p for each in sought for p in each.patterns]
        reading = tree.read()
        self._texts = reading.texts
        self.warnings = reading.warnings

    def ports(self) -> list[PortWiring]:
        """Return how each port is wired."""
        if not self._texts:
            return [*map(self._not_probed, self._sought)]
        words = {each.hint for each in self._patterns}
        words |= {each.scan.port for each in self._sought}
        parsed = self._parsed(words, self._texts)
        constructors = [c for each in parsed for c in self._constructors(each)]
        if constructors:
            known = {source.shown for source in parsed}
            rest = [text for text in self._texts if text.shown not in known]
            parsed += self._parsed([c.function for c in constructors], rest)
        occurrences = [*self._occurrences(parsed, constructors)]
        kinship = kinship_of(parsed, occurrences)
        tests = self._test_places()
        occurrences = [
            attrs.evolve(each, in_tests=True) if _is_below(each, tests) else each
            for each in occurrences
        ]
        where = self._tree.words
        return [port_wiring(each, occurrences, kinship, where) for each in self._sought]

    def _parsed(
        self, words: cabc.Iterable[str], texts: cabc.Iterable[SourceText]
    ) -> list[ParsedSource]:
        """Parse the files in which one of the words stands, which are few."""
        meant = [text for text in texts if any(each in text.text for each in words)]
        parsed = [*map(ParsedSource, self._tree.without_ignored(meant))]
        for source in parsed:
            line = source.fault
            if line is not None:
                self.warnings.append(
                    f"{source.shown}:{line}: not valid "
                    f"{source.language.name}, or newer than what is understood; the "
                    "wiring was read from what is"
                )
        return parsed

    def _test_places(self) -> tuple[str, ...]:
        """Return the files, without suffix, that others declare to be tests."""
        return tuple(
            place
            for text in self._texts
            if (form := language_of(text.path.suffix).test_modules)
            and form.search(text.text)
            for place in ParsedSource(text).test_places()
        )

    def _constructors(self, source: ParsedSource) -> cabc.Iterator[Constructor]:
        """Yield the functions that construct something that is sought."""
        for each in source.constructors():
            names = (*each.returns, *(f"{each.package}.{n}" for n in each.returns))
            if any(p.matches(name) for p in self._patterns for name in names):
                yield each

    def _occurrences(
        self,
        parsed: cabc.Iterable[ParsedSource],
        constructors: cabc.Sequence[Constructor],
    ) -> cabc.Iterator[Occurrence]:
        names = [pattern.last for pattern in self._patterns]
        plain = re.compile("|".join(names))
        # Where functions construct, their names stand for what they return.
        functions = [re.escape(each.function) for each in constructors]
        prefixed = [f"(?:Must)?[Nn]ew(?:{plain.pattern})"]
        constructing = re.compile("|".join([*names, *prefixed, *functions]))
        for source in parsed:
            if source.language.has_constructors:
                yield from source.occurrences(constructing, constructors)
            else:
                yield from source.occurrences(plain, ())

    def _not_probed(self, sought: Sought) -> PortWiring:
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


def _is_below(occurrence: Occurrence, places: cabc.Iterable[str]) -> bool:
    path = occurrence.source.path.rpartition(".")[0]
    return any(path == place or path.startswith(f"{place}/") for place in places)
