"""From source texts to what they say about implementations: code, not text.

ast-grep is imported here, and only here, when something is parsed.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import re
import typing as typ

import attrs

from pytest_userstate.domain.snapshot import Source
from pytest_userstate.outbound.wiring.naming import Kinship
from pytest_userstate.outbound.wiring.sources import SourceText
from pytest_userstate.outbound.wiring.syntax.language import (
    Constructor,
    Language,
    Role,
)
from pytest_userstate.outbound.wiring.syntax.registry import language_of

if typ.TYPE_CHECKING:
    from ast_grep_py import Rule as Matcher
    from ast_grep_py import SgNode


@attrs.frozen
class Occurrence:
    """A name where it stands in the code.

    Parameters
    ----------
    text : str
        The name as it is written.
    names : tuple of str
        What it may stand for: the types that it constructs, and the name itself,
        each also with what qualifies it.
    role : Role
        What it does there.
    source : Source
        Where that is.
    language : Language
        The language that it is written in.
    in_tests : bool
        Whether only tests compile it.
    owners : frozenset of str
        The types whose own definition it stands in.
    """

    text: str
    names: tuple[str, ...]
    role: Role
    source: Source
    language: Language
    in_tests: bool
    owners: frozenset[str]


class ParsedSource:
    """A source text and its syntax tree."""

    def __init__(self, source: SourceText) -> None:
        """Parse the text, whether or not all of it does."""
        from ast_grep_py import SgRoot  # noqa: PLC0415 - only a scan needs it

        self.shown = source.shown
        self.language = language_of(source.path.suffix)
        # Kept, since nodes do not keep the tree that they belong to.
        self._tree = SgRoot(source.text, self.language.grammar)
        self.root = self._tree.root()

    @property
    def fault(self) -> int | None:
        """The first line that does not parse, from 1; None where all of it does."""
        broken = [
            *self.root.find_all(kind="ERROR"),
            # A token that the parser had to make up is empty.
            *self.root.find_all({"rule": {"regex": "^$"}}),
        ]
        lines = [node.range().start.line + 1 for node in broken if node.parent()]
        return min(lines, default=None)

    def occurrences(
        self, names: re.Pattern[str], constructors: cabc.Sequence[Constructor]
    ) -> cabc.Iterator[Occurrence]:
        """Yield every place where one of the names stands.

        Parameters
        ----------
        names : pattern
            The names, without what qualifies them.
        constructors : sequence of Constructor
            Functions of this language whose names stand for what they return.
        """
        language = self.language
        kinds: list[Matcher] = [
            {"kind": kind} for kind in sorted(language.values | language.types)
        ]
        regex = f"^(?:{names.pattern})$"
        for leaf in self.root.find_all(any=kinds, regex=regex):
            yield Occurrence(
                text=leaf.text(),
                names=tuple(self._names(leaf, constructors)),
                role=language.role_of(leaf),
                source=Source(self.shown, leaf.range().start.line + 1),
                language=language,
                in_tests=language.is_test(leaf),
                owners=language.owners_of(leaf),
            )

    def _names(
        self, leaf: SgNode, constructors: cabc.Sequence[Constructor]
    ) -> cabc.Iterator[str]:
        text = leaf.text()
        qualifier = self.language.qualifier_of(leaf)
        returned = (
            name
            for each in constructors
            if each.function == text and (qualifier or self._package) == each.package
            for name in each.returns
        )
        for name in (*returned, *self.language.aliases(text), text):
            yield name
            if qualifier:
                yield f"{qualifier}.{name}"

    def test_places(self) -> tuple[str, ...]:
        """Return the files, without suffix, that this one declares to be tests."""
        own = self.shown.rpartition(".")[0]
        return tuple(self.language.test_places(self.root, own))

    def constructors(self) -> tuple[Constructor, ...]:
        """Return the functions that construct types, in languages that have such."""
        return tuple(self.language.constructors(self.root))

    @functools.cached_property
    def _package(self) -> str:
        """What an unqualified name is in; only asked where there are packages."""
        clause = self.root.find(kind="package_identifier")
        return clause.text() if clause else ""


def kinship_of(
    sources: cabc.Iterable[ParsedSource], occurrences: cabc.Iterable[Occurrence]
) -> Kinship:
    """Return what the sources say about which type implements which."""
    return Kinship.of(
        (
            relation
            for source in sources
            for relation in source.language.relations(source.root)
        ),
        (
            occurrence.text
            for occurrence in occurrences
            if occurrence.role in {Role.DEFINITION, Role.COMPONENT}
        ),
    )
