"""From source texts to the names in them, and to what those names refer to.

ast-grep is imported here, and only here, when something is parsed.
"""

from __future__ import annotations

import collections.abc as cabc
import functools
import itertools
import re
import typing as typ

import attrs

from pytest_userstate.domain.snapshot import Source
from pytest_userstate.outbound.wiring.naming import Kinship
from pytest_userstate.outbound.wiring.sources import SourceText
from pytest_userstate.outbound.wiring.syntax.language import (
    DEFAULT,
    MODULE,
    Binding,
    Constructor,
    Implementation,
    Language,
    Role,
    language_of,
)
from pytest_userstate.outbound.wiring.syntax.tree import SyntaxNode, SyntaxTree

if typ.TYPE_CHECKING:
    from ast_grep_py import SgRoot

_MOST_STEPS: typ.Final = 50
_MOST_ALTERNATIVES: typ.Final = 10
_DEEPEST_ARGUMENTS: typ.Final = 100
_NAMED_AFTER_FOLDER = frozenset({"__init__", "index", "mod"})
_TYPE = re.compile(r"\b(?:class|interface)\s+(\w+)")
_CRATES = frozenset({"lib", "main"})


@attrs.frozen
class Occurrence:
    """A name in the code."""

    text: str
    names: tuple[str, ...]
    role: Role
    source: Source
    language: Language
    in_tests: bool
    owners: tuple[str, ...]

    @property
    def is_definition(self) -> bool:
        """Whether the type of this name is defined here."""
        return self.role in {Role.DEFINITION, Role.COMPONENT}


def too_deep(source: SourceText) -> str:
    """Return a warning if parsing the text would take quadratic time, or nothing.

    The parsers of these languages try every ``<`` as a comparison and as the start
    of type arguments, and every ``(x)`` as a cast.
    """
    if not language_of(source.path.suffix).has_ambiguous_arguments:
        return ""
    depth = 0
    for sign in re.finditer(r"[<>;{}]", source.text):
        depth = {"<": depth + 1, ">": max(depth - 1, 0)}.get(sign[0], 0)
        if depth > _DEEPEST_ARGUMENTS:
            return (
                f"{source.relative_path}: type arguments are nested too deeply to be"
                " parsed in time, and it was not read for the wiring"
            )
    return ""


def not_valid(path: str, tree: SyntaxTree, language: Language) -> cabc.Iterator[str]:
    """Yield a warning if a tree has a fault."""
    if (line := tree.fault) is not None:
        yield (
            f"{path}:{line}: not valid {language.name},"
            " or newer than the parser; the wiring was read from the rest"
        )


def parse(text: str, language: Language) -> SgRoot:
    """Return the tree of a text; nodes do not keep it, so that somebody has to."""
    from ast_grep_py import SgRoot  # noqa: PLC0415 - only a scan needs it

    return SgRoot(text, language.grammar)


class ParsedSource:
    """A source text and its syntax tree."""

    def __init__(self, source: SourceText) -> None:
        """Parse the text, whether or not all of it does."""
        self.path = source.path
        self.relative_path = source.relative_path
        self.language = language_of(source.path.suffix)
        self._parsed = parse(source.text, self.language)
        self._root = self._parsed.root()
        self.tree = SyntaxTree(self._root, source.text, self.language)

    def test_places(self) -> tuple[str, ...]:
        """Return the files, without suffix, that this one declares to be tests."""
        own = self.relative_path.rpartition(".")[0]
        return tuple(self.language.test_places(self._root, own))

    @functools.cached_property
    def relations(self) -> tuple[Implementation, ...]:
        """Which types say that they implement which.

        A type without a name, which a module can export, has that of the file.
        """
        relations = self.language.relations(self._root)
        return tuple(attrs.evolve(r, name=r.name or self.path.stem) for r in relations)

    @functools.cached_property
    def types(self) -> cabc.Mapping[str, Source]:
        """Where the classes and interfaces of the file are, by name."""
        places: dict[str, Source] = {}
        for match in _TYPE.finditer(self.tree.text):
            line = self.tree.line_of(match.start(1))
            places.setdefault(match[1], Source(self.relative_path, line))
        return places

    @functools.cached_property
    def constructors(self) -> tuple[Constructor, ...]:
        """The functions that construct types, in languages that have such."""
        return tuple(self.language.constructors(self._root))

    @functools.cached_property
    def package(self) -> str:
        """The package of an unqualified name, in languages that have constructors."""
        if not self.language.has_constructors:
            return ""
        clause = self._root.find(kind="package_identifier")
        return clause.text() if clause else ""

    @property
    def modules(self) -> tuple[str, ...]:
        """The names by which other files import from this one."""
        folder = self.path.parent.name
        if self.language.has_packages:
            return (folder,)
        if self.path.stem in _NAMED_AFTER_FOLDER:
            return (folder, self.path.stem)
        if self.path.suffix == ".rs" and self.path.stem in _CRATES:
            return ("crate", self.path.parent.parent.name.replace("-", "_"))
        return (self.path.stem,)


class Namespace:
    """What the names in the parsed files refer to, across the files."""

    def __init__(self, sources: cabc.Sequence[ParsedSource]) -> None:
        """Index the files by their modules; nothing is resolved yet."""
        self._sources = sources
        self._by_module: dict[str, list[ParsedSource]] = {}
        self._aliases: dict[tuple[str, str], tuple[ParsedSource, Binding]] = {}
        self._chains: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = {}
        for source in sources:
            for module in source.modules:
                self._by_module.setdefault(module, []).append(source)
            if source.language.has_packages:
                for binding in self._bindings_of(source):
                    if binding.module is None:
                        key = source.language.name, binding.name
                        self._aliases.setdefault(key, (source, binding))

    @staticmethod
    def _bindings_of(source: ParsedSource) -> cabc.Iterator[Binding]:
        for bindings in source.tree.bound.values():
            yield from bindings

    def originals(self, source: ParsedSource, name: str) -> tuple[str, ...]:
        """Return everything that a name of a file is another name for."""
        chains = self.chains(source, name)
        return tuple(dict.fromkeys(name for chain in chains for name in chain))

    def chains(self, source: ParsedSource, name: str) -> tuple[tuple[str, ...], ...]:
        """Return what a name of a file is another name for, the original first.

        A name that is bound in two ways, by a condition, say, has a chain for each.
        In a chain each name is given bare and with its module. A name that the file
        neither imports nor defines as an alias has none.
        """
        key = source.relative_path, name
        if key not in self._chains:
            self._chains[key] = tuple(dict.fromkeys(self._followed(source, name)))
        return self._chains[key]

    def _followed(
        self, source: ParsedSource, name: str
    ) -> cabc.Iterator[tuple[str, ...]]:
        seen: set[tuple[str, str]] = set()
        ahead: list[tuple[ParsedSource, str, tuple[str, ...]]] = [(source, name, ())]
        while ahead and len(seen) < _MOST_STEPS:
            place, current, chain = ahead.pop()
            bindings = [*self._named(place, current)][:_MOST_ALTERNATIVES]
            is_new = (place.relative_path, current) not in seen
            seen.add((place.relative_path, current))
            if (not bindings or not is_new) and chain:
                yield chain
            for home, binding in bindings if is_new else ():
                module, target = binding.module, binding.target or home.path.stem
                longer = chain
                if target != DEFAULT:
                    qualified = (f"{module}.{target}",) if module else ()
                    longer = (target, *qualified, *chain)
                files = self._files(home, module)
                ahead += [(file, target, longer) for file in files]
                if not files and longer:
                    yield longer

    def _named(
        self, source: ParsedSource, name: str
    ) -> cabc.Iterator[tuple[ParsedSource, Binding]]:
        """Yield what binds a name in a file, and the file that says so."""
        bindings = source.tree.bound.get(name, ())
        for binding in bindings:
            if binding.target != MODULE:
                yield source, binding
        if not bindings:
            for binding in source.tree.bound.get(MODULE, ()):
                for other in self._files(source, binding.module):
                    if other is not source and name in other.tree.bound:
                        yield from self._named_directly(other, name)
            alias = self._aliases.get((source.language.name, name))
            if alias:
                yield alias

    @staticmethod
    def _named_directly(
        source: ParsedSource, name: str
    ) -> cabc.Iterator[tuple[ParsedSource, Binding]]:
        for binding in source.tree.bound[name]:
            if binding.target != MODULE:
                yield source, binding

    def _files(
        self, source: ParsedSource, module: str | None
    ) -> cabc.Sequence[ParsedSource]:
        """Return the files that a module of a file may be."""
        if module is None:
            return (source,)
        if module == ".":
            module = source.path.parent.name
        files = self._by_module.get(module, ())
        nearness = [_shared_parts(source, file) for file in files]
        return [f for f, n in zip(files, nearness, strict=True) if n == max(nearness)]

    def modules_of(self, source: ParsedSource, qualifier: str) -> tuple[str, ...]:
        """Return the modules that a qualifier refers to, itself included."""
        bindings = source.tree.bound.get(qualifier, ())
        modules = [b.module if b.target == MODULE else b.target for b in bindings]
        own = source.path.parent.name
        known = (own if m == "." else m for m in modules if m and m != DEFAULT)
        return tuple(dict.fromkeys((*known, qualifier)))

    def other_names(
        self, is_meant: cabc.Callable[[str], bool]
    ) -> tuple[set[str], set[str]]:
        """Return the other names of the types that are meant.

        The modules come beside them that other files get such a name from.
        """
        names: set[str] = set()
        modules: set[str] = set()
        for source in self._sources:
            for name, bindings in source.tree.bound.items():
                if name == MODULE or all(b.target == MODULE for b in bindings):
                    continue
                originals = self.originals(source, name)
                if any(map(is_meant, originals)):
                    if name != DEFAULT:
                        names.add(name)
                    if name not in originals:
                        modules.update(source.modules)
        return names, modules

    def kinship(self, defined: cabc.Iterable[str] | None = None) -> Kinship:
        """Return what the sources say about which type implements which."""
        return Kinship(
            (
                attrs.evolve(relation, name=name, base=base)
                for source in self._sources
                for relation in source.relations
                for name in self._types(source, relation.name)
                for base in self._types(source, relation.base)
            ),
            defined,
        )

    def _types(self, source: ParsedSource, name: str) -> tuple[str, ...]:
        originals = (n for n in self.originals(source, name) if "." not in n)
        return tuple(dict.fromkeys((*originals, name)))

    def occurrences(
        self,
        is_sought: cabc.Callable[[str], bool],
        constructors: cabc.Iterable[Constructor],
    ) -> cabc.Iterator[Occurrence]:
        """Yield every place of the names to look for, which have no qualifiers.

        The constructors are functions whose names refer to the type that they return.
        """
        returned: dict[tuple[str, str], list[tuple[str, ...]]] = {}
        for constructor in constructors:
            key = constructor.package, constructor.function
            returned.setdefault(key, []).append(constructor.returns)
        for source in self._sources:
            language = source.language
            for leaf in source.tree.leaves(is_sought):
                for names in self._alternatives(source, leaf, returned):
                    yield Occurrence(
                        text=leaf.text,
                        names=names,
                        role=language.role_of(leaf),
                        source=Source(
                            source.relative_path, source.tree.line_of(leaf.start)
                        ),
                        language=language,
                        in_tests=leaf.in_tests,
                        owners=leaf.owners,
                    )

    def _alternatives(
        self,
        source: ParsedSource,
        leaf: SyntaxNode,
        returned: cabc.Mapping[tuple[str, str], cabc.Sequence[tuple[str, ...]]],
    ) -> cabc.Iterator[tuple[str, ...]]:
        """Yield what a name may refer to, once for each way in which it is bound."""
        language, text = source.language, leaf.text
        qualifier = language.qualifier_of(leaf)
        if qualifier:
            modules = self.modules_of(source, qualifier)
            files = [f for m in modules for f in self._files_named(m)]
            chains = [chain for file in files for chain in self.chains(file, text)]
        else:
            modules = (source.package,) if source.package else ()
            chains = [*self.chains(source, text)]
        products = [names for m in modules for names in returned.get((m, text), ())]
        for names in (products or chains or [(text,)])[:_MOST_ALTERNATIVES]:
            likely = [alias for name in names for alias in language.aliases(name)]
            known = [*names, *likely, text] if products else [*likely, *names]
            yield tuple(
                variant
                for name in dict.fromkeys(known)
                for variant in (
                    name,
                    *(f"{m}.{name}" for m in modules if "." not in name),
                )
            )

    def _files_named(self, module: str) -> cabc.Sequence[ParsedSource]:
        return self._by_module.get(module, ())[:_MOST_ALTERNATIVES]


def _shared_parts(source: ParsedSource, other: ParsedSource) -> int:
    """Return how many folders two files share."""
    pairs = zip(source.path.parts, other.path.parts, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
