"""How steps are written, found and done: fixed words, and values in double quotes."""

from __future__ import annotations

import collections.abc as cabc
import importlib
import inspect
import re
import textwrap
import typing as typ

import pytest
from pytest_bdd.parsers import StepParser

if typ.TYPE_CHECKING:
    from pytest_userstate.domain.model import AuditModel
    from pytest_userstate.domain.report import UserStateSchemaAuditReport
    from pytest_userstate.domain.wiring import Wiring

__tracebackhide__ = True  # a failing scenario shows its own step, not ours

F = typ.TypeVar("F", bound=cabc.Callable[..., None])
DataTable: typ.TypeAlias = cabc.Sequence[cabc.Sequence[str]]
"""A step's data table, its head first; empty if the step has none."""
Match: typ.TypeAlias = "tuple[Phrase, dict[str, str]]"
"""A phrase, and the values in it."""

_OWN_WORD: typ.Final = "user-state"
PLACE: typ.Final = pytest.StashKey[str]()
"""Where the step of a scenario is that runs: the feature file, and the line."""


class Phrase:
    """The text of a step; ``"{name}"`` matches a value in double quotes.

    A value holds no quotation mark, so no phrase can swallow a longer one.
    """

    def __init__(self, text: str, function: cabc.Callable[..., None]) -> None:
        """Keep the text, and what it means."""
        self.text = text
        self.function = function
        values = re.sub(r"\\{(\w+)\\}", r'(?P<\1>[^"]+)', re.escape(text))
        self._pattern = re.compile(values)

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the function asks for: values, what is beneath the step, fixtures."""
        return tuple(inspect.signature(self.function).parameters)

    def values_in(self, step: str) -> dict[str, str] | None:
        """Return the values in a step, or None if it is another one."""
        match = self._pattern.fullmatch(step)
        return match.groupdict() if match else None


class Phrases(list[Phrase]):
    """The phrases of a kind, in order; called with a text, a decorator adds one."""

    def __call__(self, text: str) -> cabc.Callable[[F], F]:
        """Return the decorator of the function that does what the text says."""

        def add(function: F) -> F:
            self.append(Phrase(text, function))
            return function

        return add


class PhraseParser(StepParser):
    """All phrases of one kind of step, as one step for pytest-bdd.

    The module that holds them is imported when a step first says `user-state`, as
    each of its phrases does.
    """

    def __init__(self, kind: str, *, module: str) -> None:
        """Keep where the phrases are."""
        super().__init__(f"{_OWN_WORD} {kind}")
        self._kind, self._module = kind, f"{__package__}.{module}"

    def is_matching(self, name: str) -> bool:
        """Return whether a step is one of these phrases."""
        return self._find(name) is not None

    def parse_arguments(self, name: str) -> dict[str, Match] | None:
        """Return the phrase that a step is, and the values in it."""
        match = self._find(name)
        return None if match is None else {"userstate_phrase": match}

    def _find(self, name: str) -> Match | None:
        if _OWN_WORD not in name:
            return None
        for phrase in getattr(importlib.import_module(self._module), self._kind):
            values = phrase.values_in(name)
            if values is not None:
                return phrase, values
        return None


def perform(
    match: Match,
    request: pytest.FixtureRequest,
    *,
    datatable: DataTable,
    docstring: str,
) -> None:
    """Call what a phrase means with its values, what is beneath it, and fixtures.

    A failure ends the scenario with the plain message: the frames between are those
    of pytest and of this plugin, and the step is what its author has written.
    """
    phrase, values = match
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
    except (LookupError, ValueError) as error:
        from pytest_userstate.domain.errors import InvalidModelError  # noqa: PLC0415

        # What is raised about a value; a KeyError, say, would be a defect.
        if type(error) not in {InvalidModelError, LookupError, ValueError}:
            raise
        # The step asks for something that does not exist, or is misspelt.
        finding = textwrap.fill(str(error), 79, break_on_hyphens=False)
    if finding:
        step = phrase.text.format(**values)
        place = request.node.stash[PLACE]
        pytest.fail(f"{place}: {step}\n\n{finding}", pytrace=False)


class UserStateScenario:
    """What the steps of one scenario share.

    Attributes
    ----------
    model : AuditModel
        What the audit looks for: as configured, and as the scenario changed it.
    wiring : Wiring
        What is behind the ports, likewise.
    """

    def __init__(self, model: AuditModel, wiring: Wiring) -> None:
        """Start with what the repository has configured."""
        self.model = model
        self.wiring = wiring
        self._report: UserStateSchemaAuditReport | None = None

    @property
    def report(self) -> UserStateSchemaAuditReport:
        """What the audit of the scenario says, once it has run."""
        if self._report is None:
            message = "no audit has run: add the step `When the user-state audit runs`"
            raise LookupError(message)
        return self._report

    @report.setter
    def report(self, report: UserStateSchemaAuditReport) -> None:
        self._report = report


def rows(
    table: DataTable, *, needed: cabc.Iterable[str], allowed: cabc.Iterable[str] = ()
) -> list[dict[str, str]]:
    """Return the rows of a data table by the names of its head, without empty cells."""
    needed = tuple(needed)
    known = (*needed, *allowed)
    columns = f"| {' | '.join(known)} |"
    if len(table) < 2:
        message = f"this step needs a data table beneath it, with the head {columns}"
        raise ValueError(message)
    head, *body = table
    is_known = all(name in known for name in head) and len({*head}) == len(head)
    if not is_known or not {*needed} <= {*head}:
        message = (
            f"the data table's head is | {' | '.join(head)} |; it can have {columns}, "
            f"each once, and has to have {', '.join(needed)}"
        )
        raise ValueError(message)
    filled = [
        {name: cell for name, cell in zip(head, row, strict=True) if cell}
        for row in body
    ]
    for number, row in enumerate(filled, 1):
        empty = [name for name in needed if name not in row]
        if empty:
            message = f"row {number} of the data table says nothing under {empty[0]}"
            raise ValueError(message)
    return filled


def names(text: str) -> list[str]:
    """Return the parts of a list such as ``user_id, theme_id``."""
    return [part.strip() for part in text.split(",")]


def yes(word: str) -> bool:
    """Return whether a cell says yes; anything but yes and no is a mistake."""
    match word.strip().lower():
        case "yes":
            return True
        case "no":
            return False
        case _:
            message = f"expected yes or no, not {word!r}"
            raise ValueError(message)


def text_of(docstring: str) -> str:
    """Return the text beneath a step, which cannot be empty."""
    if not docstring.strip():
        message = 'this step needs text beneath it, between two lines of """'
        raise ValueError(message)
    return docstring
