"""Wiring from several places, as one; read once, when it is first needed."""

from __future__ import annotations

import collections.abc as cabc
import functools

from pytest_userstate.domain.ports import RuntimeWiringRepository
from pytest_userstate.domain.wiring import Wiring


class CombinedWiringRepository:
    """The ports and warnings of several repositories, each of which is read once.

    Parameters
    ----------
    repositories : iterable of RuntimeWiringRepository
        The places; no port may stand in two of them.
    """

    def __init__(self, repositories: cabc.Iterable[RuntimeWiringRepository]) -> None:
        """Keep the repositories; none is read yet."""
        self._repositories = tuple(repositories)

    def load(self) -> Wiring:
        """Return the wiring of them all."""
        return self._loaded

    @functools.cached_property
    def _loaded(self) -> Wiring:
        found = [each.load() for each in self._repositories]
        return Wiring(
            (port for wiring in found for port in wiring.ports),
            warnings=(each for wiring in found for each in wiring.warnings),
        )
