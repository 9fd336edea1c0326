"""The form of a language's entry, and the languages that are read."""

from __future__ import annotations

import collections.abc as cabc
import enum
import functools
import importlib
import re
import typing as typ

import attrs

if typ.TYPE_CHECKING:
    from ast_grep_py import SgNode

    from pytest_userstate.outbound.wiring.syntax.tree import SyntaxNode


_MOST_OWNERS: typ.Final = 50
_CONSTANT = re.compile(r"_*[A-Z][A-Z0-9_]*")
_SINGLETONS = frozenset({"DEFAULT", "INSTANCE", "SHARED", "SINGLETON"})


class Role(enum.Enum):
    """What a name does in its place."""

    USE = enum.auto()
    """The program takes the implementation: constructs it, binds it, passes it."""
    UNNAMED = enum.auto()
    """An object is made here whose type has no name, and extends this one."""
    DEFINITION = enum.auto()
    """The type is defined here."""
    COMPONENT = enum.auto()
    """It is defined here in a way that makes a container construct it."""
    IGNORED = enum.auto()
    """It is imported, named as a type, inspected, or something else of that name."""


@attrs.frozen(eq=False)
class NamedNode:
    """A node, and the one below it that is, or holds, a name."""

    child: SyntaxNode
    parent: SyntaxNode
    is_direct: bool
    """Whether the name itself is the node below."""

    def text(self, field: str) -> str:
        """Return the text of a field of the node."""
        return self.parent.text_of(field)


Condition: typ.TypeAlias = cabc.Callable[[NamedNode], bool]
"""What else has to hold for a rule."""


@attrs.frozen
class Rule:
    """What a name is that is somewhere below a node of one kind.

    Parameters
    ----------
    role : Role
        What the name is.
    field : str or None
        The node's field that it is in; None: anywhere.
    when : callable or None
        What else has to hold.
    """

    role: Role
    field: str | None = None
    when: Condition | None = None

    def holds(self, place: NamedNode) -> bool:
        """Whether the rule is for this place."""
        return self._is_in_field(place) and (self.when is None or self.when(place))

    def _is_in_field(self, place: NamedNode) -> bool:
        if self.field is None:
            return True
        return place.parent.has_in_field(self.field, place.child)


@attrs.frozen
class Implementation:
    """A type that says which other type, trait, or interface it implements."""

    name: str
    """Its name, for people."""
    base: str
    is_interface: bool = False
    """Whether the type is an interface itself, which nobody can construct."""
    is_structural: bool = False
    """Whether the type does not say so itself, but an object of it is used as one."""


@attrs.frozen
class Constructor:
    """A function outside of any type that is known to return certain types."""

    package: str
    function: str
    returns: tuple[str, ...]


DEFAULT: typ.Final = "default"
"""The target of a binding to whatever a module exports without a name."""
MODULE: typ.Final = "*"
"""The target of a binding to a module as a whole."""


@attrs.frozen
class Binding:
    """Another name in a file: of an import, a re-export, or a type alias.

    ``from app.memory import Users as Store`` binds `Store` to `Users` of the
    module `memory`. Without a module the target is a name of the same file.
    """

    name: str
    target: str
    module: str | None = None


def _never(_: SyntaxNode) -> bool:
    return False


def _no_names(_: SyntaxNode) -> tuple[str, ...]:
    return ()


def _none(_: SgNode) -> tuple[typ.Any, ...]:
    return ()


@attrs.frozen(kw_only=True, eq=False)
class Language:
    """Everything that is known about one language."""

    name: str
    grammar: str
    """Its name in ast-grep."""
    test_file: re.Pattern[str]
    """File names that are tests by convention."""
    values: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    """The kinds of leaves that can name an implementation: those that are uses and
    those that are not, if no rule says otherwise.
    """
    vetoes: cabc.Mapping[str, Condition | None] = attrs.field(factory=dict)
    """Nodes below which nothing is wiring, such as imports, with what else has to hold
    for that.
    """
    rules: cabc.Mapping[str, tuple[Rule, ...]]
    """For a kind of node, what a name below it is. Going up from the name, the first
    rule that holds decides.
    """
    qualifiers: cabc.Mapping[str, tuple[str, str]] = attrs.field(factory=dict)
    """For a kind of node that joins a name to what qualifies it, the fields of the two.
    """
    is_nominal: bool = True
    """Whether a type has to say what it implements."""
    has_packages: bool = False
    """Whether the files of a folder share their names without importing them."""
    has_ambiguous_arguments: bool = False
    """Whether its parser takes quadratic time for deeply nested type arguments."""
    relations: cabc.Callable[[SgNode], cabc.Iterable[Implementation]] = _none
    """Return what the types below a node say that they implement."""
    bindings: cabc.Callable[[SgNode], cabc.Iterable[Binding]] = _none
    """Return the other names that the nodes below a node give."""
    owners: cabc.Callable[[SyntaxNode], tuple[str, ...]] = _no_names
    """Return the names of the types whose own definition a node is."""
    is_test: cabc.Callable[[SyntaxNode], bool] = _never
    """Whether only tests compile a node, whatever is above it."""
    test_modules: re.Pattern[str] | None = None
    """What a file looks like that may declare other files to be tests."""
    test_places: cabc.Callable[[SgNode, str], cabc.Iterable[str]] = lambda *_: ()
    """Return the files, without suffix, that a file declares to be tests, given its
    tree and its own path without suffix.
    """
    aliases: cabc.Callable[[str], tuple[str, ...]] = lambda _: ()
    """Return the types that a name may construct by its spelling."""
    constructors: cabc.Callable[[SgNode], cabc.Iterable[Constructor]] = _none
    """Return the functions below a node that construct types."""

    @property
    def has_constructors(self) -> bool:
        """Whether functions outside of types construct them by convention."""
        return self.constructors is not _none

    @property
    def leaves(self) -> frozenset[str]:
        """The kinds of leaves that can name an implementation."""
        return self.values | self.types

    def hand_down(self, node: SyntaxNode, children: cabc.Iterable[SyntaxNode]) -> None:
        """Hand what is known about a node down to children of it.

        A name asks its own parent only, so that deep trees take linear time.
        """
        is_vetoed = node.is_vetoed or self._is_veto(node)
        owners = (*self.owners(node), *node.owners)[:_MOST_OWNERS]
        for child in children:
            child.is_vetoed = is_vetoed
            child.owners = owners
            child.in_tests = node.in_tests or self.is_test(child)
            place = NamedNode(child, node, is_direct=child.kind in self.leaves)
            child.role = next(
                (r.role for r in self.rules.get(node.kind, ()) if r.holds(place)),
                node.role,
            )

    def _is_veto(self, node: SyntaxNode) -> bool:
        if node.kind not in self.vetoes:
            return False
        condition = self.vetoes[node.kind]
        return condition is None or condition(NamedNode(node, node, is_direct=False))

    def role_of(self, leaf: SyntaxNode) -> Role:
        """Return what a name does, to which the nodes above have handed down."""
        if leaf.is_vetoed:
            return Role.IGNORED
        if leaf.role is not None:
            return leaf.role
        return Role.USE if leaf.kind in self.values else Role.IGNORED

    def qualifier_of(self, leaf: SyntaxNode) -> str | None:
        """Return the name before the name: ``postgres`` of ``postgres.Users``."""
        parent = leaf.parent
        fields = self.qualifiers.get(parent.kind) if parent else None
        if parent is None or fields is None or not parent.has_in_field(fields[1], leaf):
            return None
        return last_name(parent.text_of(fields[0])) or None


def last_name(text: str) -> str:
    """Return the last name of a path, without type arguments.

    >>> last_name("crate::ports::UserInterests<'a, T>")
    'UserInterests'
    """
    plain = re.sub(r"[<\[(].*", "", text, flags=re.DOTALL)
    names = re.findall(r"\w+", plain)
    return names[-1] if names else ""


def is_constant(name: str) -> bool:
    """Whether a member is a constant by its spelling, and no instance of its type.

    >>> is_constant("TABLE_NAME"), is_constant("INSTANCE"), is_constant("create")
    (True, False, False)
    """
    return bool(_CONSTANT.fullmatch(name)) and name not in _SINGLETONS


def text_of(node: SgNode | None) -> str:
    """Return a node's text, empty without a node."""
    return node.text() if node else ""


def directly(place: NamedNode) -> bool:
    """Whether the name itself is the node below."""
    return place.is_direct


def always(*kinds: str) -> dict[str, Condition | None]:
    """Return vetoes that hold whatever else does."""
    return dict.fromkeys(kinds)


def defined_by(
    kinds: cabc.Iterable[str],
    *,
    role: Role = Role.DEFINITION,
    field: str = "name",
) -> dict[str, tuple[Rule, ...]]:
    """Return the rule, for each kind of node, that its field `name` defines a name."""
    return dict.fromkeys(kinds, (Rule(role, field),))


def named(
    kinds: cabc.Iterable[str],
) -> cabc.Callable[[SyntaxNode], tuple[str, ...]]:
    """Return a function that names the type which a node of these kinds defines."""
    known = frozenset(kinds)

    def owners(node: SyntaxNode) -> tuple[str, ...]:
        name = node.field("name") if node.kind in known else None
        return (name.text,) if name else ()

    return owners


_HOMES: typ.Final[dict[str, tuple[str, str]]] = {
    ".cs": ("csharp", "CSHARP"),
    ".go": ("go", "GO"),
    ".java": ("jvm", "JAVA"),
    **dict.fromkeys((".kt", ".kts"), ("jvm", "KOTLIN")),
    **dict.fromkeys((".cjs", ".js", ".jsx", ".mjs"), ("ecmascript", "JAVASCRIPT")),
    ".py": ("python", "PYTHON"),
    ".rs": ("rust", "RUST"),
    **dict.fromkeys((".cts", ".mts", ".ts"), ("ecmascript", "TYPESCRIPT")),
    ".tsx": ("ecmascript", "TSX"),
}

SUFFIXES: typ.Final = frozenset(_HOMES)
"""What the files of these languages end in."""


@functools.cache
def language_of(suffix: str) -> Language:
    """Return the language of files that end in the suffix, one of `SUFFIXES`."""
    module, name = _HOMES[suffix]
    package = __name__.rpartition(".")[0]
    language: Language = getattr(importlib.import_module(f"{package}.{module}"), name)
    return language
