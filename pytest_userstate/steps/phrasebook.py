"""Finding the phrase that a step says, and doing what it means."""

from __future__ import annotations

import collections.abc as cabc
import importlib
import typing as typ

import pytest
from pytest_bdd.parsers import StepParser

if typ.TYPE_CHECKING:
    from pytest_userstate.steps.phrases import Phrase
    from pytest_userstate.steps.tables import DataTable

Said: typ.TypeAlias = "tuple[Phrase, dict[str, str]]"
"""A phrase, and the values in it."""

_OURS: typ.Final = "user-state"


class Phrasebook(StepParser):
    """All phrases of one kind of step, as one step for pytest-bdd.

    The modules that hold them are imported when a step first says `user-state`,
    as each of our phrases does.
    """

    def __init__(self, kind: str, *, modules: cabc.Iterable[str]) -> None:
        """Keep where the phrases are."""
        super().__init__(f"{_OURS} {kind}")
        self._modules = tuple(modules)

    def phrases(self) -> list[Phrase]:
        """Return the phrases, in the order in which the modules have them."""
        return [
            phrase
            for name in self._modules
            for phrase in importlib.import_module(f"{__package__}.{name}").PHRASES
        ]

    def is_matching(self, name: str) -> bool:
        """Return whether a step is one of these phrases."""
        return self._find(name) is not None

    def parse_arguments(self, name: str) -> dict[str, Said] | None:
        """Return the phrase that a step is, and the values in it."""
        found = self._find(name)
        return None if found is None else {"said": found}

    def _find(self, name: str) -> Said | None:
        if _OURS not in name:
            return None
        for phrase in self.phrases():
            values = phrase.values_in(name)
            if values is not None:
                return phrase, values
        return None


def perform(
    said: Said, request: pytest.FixtureRequest, *, datatable: DataTable, docstring: str
) -> None:
    """Call what a phrase means: its values, what stands beneath it, and fixtures.

    What does not hold ends the scenario with the plain message: the frames between
    are pytest's and ours, and the step is what its author has written.
    """
    __tracebackhide__ = True
    phrase, values = said
    given = {**values, "datatable": datatable, "docstring": docstring}
    arguments = {
        name: given[name] if name in given else request.getfixturevalue(name)
        for name in phrase.parameters
    }
    finding = ""
    try:
        phrase.function(**arguments)
    except AssertionError as error:
        finding = str(error)
    if finding:
        step = phrase.text.format(**values)
        pytest.fail(f"{step}\n\n{finding}", pytrace=False)
