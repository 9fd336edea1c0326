"""Parts of a table or view that are found by their name: triggers, and policies."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.failure import Failure, detail
from pytest_userstate.application.asserting.lookup import kind_of, unwanted
from pytest_userstate.application.asserting.matching import exactly, introduced_with
from pytest_userstate.application.explaining.nearest import nearest
from pytest_userstate.domain.converters import Named
from pytest_userstate.domain.snapshot import Table, View

P = typ.TypeVar("P", bound=Named)


@attrs.frozen(kw_only=True)
class NamedParts(typ.Generic[P]):
    """All parts of one kind that a table or view has.

    Parameters
    ----------
    relation : Table or View
        What has them.
    parts : tuple
        The parts.
    what, plural : str
        What one of them is called, and several.
    words : callable
        How to say in a line what one is like.
    """

    relation: Table | View
    parts: tuple[P, ...]
    what: str
    plural: str
    words: cabc.Callable[[P], str]

    @property
    def subject(self) -> str:
        """What has them, for people."""
        return f"{kind_of(self.relation)} {self.relation.qualified_name}"

    def find(self, name: str) -> P | Failure:
        """Return the part of this name, or say what there is instead."""
        parts = {part.name: part for part in self.parts}
        if name in parts:
            return parts[name]
        return Failure(
            headline=f"{self.subject} has no {self.what} {name!r}",
            details=(
                *detail("found", [*map(self.words, self.parts)] or f"no {self.what}"),
                *detail("nearest", nearest(name, parts)),
                *introduced_with(self.relation),
            ),
        )

    def refuse(self, name: str) -> Failure | None:
        """Return a failure where there is a part of this name."""
        wanted = arguments.identifier(name)
        found = [self.words(part) for part in self.parts if part.name == wanted]
        if not found:
            return None
        return unwanted(self.relation, f"a {self.what} {wanted!r}", found)

    def exactly(self, names: cabc.Iterable[str]) -> Failure | None:
        """Return a failure unless these are the names: all, and no other."""
        wanted = arguments.identifiers(names, "names", single=False, empty=True)
        found = {part.name: self.relation.source for part in self.parts}
        return exactly(self.subject, self.plural, wanted, found.items())
