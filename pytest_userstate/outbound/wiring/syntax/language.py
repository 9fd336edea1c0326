"""The form of a language's entry, and how a place in the tree is judged."""

from __future__ import annotations

import collections.abc as cabc
import enum
import re
import typing as typ

import attrs

if typ.TYPE_CHECKING:
    from ast_grep_py import SgNode

_CONSTANT = re.compile(r"_*[A-Z][A-Z0-9_]*")
_SINGLETONS = frozenset({"DEFAULT", "INSTANCE", "SHARED", "SINGLETON"})


class Role(enum.Enum):
    """What a name does where it stands."""

    USE = enum.auto()
    """The program takes the implementation: constructs it, binds it, passes it."""
    DEFINITION = enum.auto()
    """The type is defined here."""
    COMPONENT = enum.auto()
    """It is defined here in a way that makes a container construct it."""
    IGNORED = enum.auto()
    """It is imported, named as a type, inspected, or something else of that name."""


@attrs.frozen(eq=False)
class Place:
    """Where a name stands: the node that a rule is for, and the one below it."""

    leaf: SgNode
    child: SgNode
    parent: SgNode

    @property
    def is_direct(self) -> bool:
        """Whether the name itself is the node below."""
        return self.leaf == self.child

    def text(self, field: str) -> str:
        """Return the text of a field of the node."""
        return text_of(self.parent.field(field))


Condition: typ.TypeAlias = cabc.Callable[[Place], bool]
"""What else has to hold for a rule."""


@attrs.frozen
class Rule:
    """What a name is that stands somewhere below a node of one kind.

    Parameters
    ----------
    role : Role
        What the name is.
    field : str or None
        The node's field that it stands in; None: anywhere.
    when : callable or None
        What else has to hold.
    """

    role: Role
    field: str | None = None
    when: Condition | None = None

    def holds(self, place: Place) -> bool:
        """Whether the rule is for this place."""
        return self._is_in_field(place) and (self.when is None or self.when(place))

    def _is_in_field(self, place: Place) -> bool:
        if self.field is None:
            return True
        return place.child in place.parent.field_children(self.field)


@attrs.frozen
class Relation:
    """A type that says which other type, trait, or interface it implements."""

    name: str
    base: str


@attrs.frozen
class Constructor:
    """A function outside of any type that is known to return certain types."""

    package: str
    function: str
    returns: tuple[str, ...]


def _never(_: SgNode) -> bool:
    return False


def _no_names(_: SgNode) -> tuple[str, ...]:
    return ()


def _none(_: SgNode) -> tuple[typ.Any, ...]:
    return ()


@attrs.frozen(kw_only=True, eq=False)
class Language:
    """Everything that is known about one language.

    Parameters
    ----------
    name : str
        Its name, for people.
    grammar : str
        Its name in ast-grep.
    test_file : pattern
        File names that are tests by convention.
    values, types : frozenset of str
        The kinds of leaves that can name an implementation: those that are uses
        and those that are not, where no rule says otherwise.
    vetoes : mapping
        Nodes below which nothing is wiring, such as imports, with what else has to
        hold for that.
    rules : mapping
        For a kind of node, what a name below it is. Going up from the name, the
        first rule that holds decides.
    qualifiers : mapping
        For a kind of node that joins a name to what qualifies it, the fields of
        the two.
    is_nominal : bool
        Whether a type has to say what it implements.
    relations : callable
        Return what the types below a node say that they implement.
    owners : callable
        Return the names of the types whose own definition a node is.
    is_test : callable
        Whether a name stands in code that only tests compile.
    test_modules : pattern or None
        What a file looks like that may declare other files to be tests.
    test_places : callable
        Return the files, without suffix, that a file declares to be tests, given its
        tree and its own path without suffix.
    aliases : callable
        Return the types that a name may construct by its spelling.
    constructors : callable
        Return the functions below a node that construct types.
    """

    name: str
    grammar: str
    test_file: re.Pattern[str]
    values: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    vetoes: cabc.Mapping[str, Condition | None] = attrs.field(factory=dict)
    rules: cabc.Mapping[str, tuple[Rule, ...]]
    qualifiers: cabc.Mapping[str, tuple[str, str]] = attrs.field(factory=dict)
    is_nominal: bool = True
    relations: cabc.Callable[[SgNode], cabc.Iterable[Relation]] = _none
    owners: cabc.Callable[[SgNode], tuple[str, ...]] = _no_names
    is_test: cabc.Callable[[SgNode], bool] = _never
    test_modules: re.Pattern[str] | None = None
    test_places: cabc.Callable[[SgNode, str], cabc.Iterable[str]] = lambda *_: ()
    aliases: cabc.Callable[[str], tuple[str, ...]] = lambda _: ()
    constructors: cabc.Callable[[SgNode], cabc.Iterable[Constructor]] = _none

    @property
    def has_constructors(self) -> bool:
        """Whether functions outside of types construct them by convention."""
        return self.constructors is not _none

    def role_of(self, leaf: SgNode) -> Role:
        """Return what the name does where it stands."""
        if self._is_vetoed(leaf):
            return Role.IGNORED
        child = leaf
        for parent in leaf.ancestors():
            for rule in self.rules.get(parent.kind(), ()):
                if rule.holds(Place(leaf, child, parent)):
                    return rule.role
            child = parent
        return Role.USE if leaf.kind() in self.values else Role.IGNORED

    def _is_vetoed(self, leaf: SgNode) -> bool:
        for node in leaf.ancestors():
            if node.kind() in self.vetoes:
                condition = self.vetoes[node.kind()]
                if condition is None or condition(Place(leaf, leaf, node)):
                    return True
        return False

    def owners_of(self, leaf: SgNode) -> frozenset[str]:
        """Return the types whose own definition the name stands in."""
        return frozenset(
            name for node in leaf.ancestors() for name in self.owners(node)
        )

    def qualifier_of(self, leaf: SgNode) -> str | None:
        """Return the name before the name: ``postgres`` of ``postgres.Users``."""
        parent = leaf.parent()
        fields = self.qualifiers.get(parent.kind()) if parent else None
        if parent is None or fields is None:
            return None
        before, name = parent.field(fields[0]), parent.field(fields[1])
        return last_name(before.text()) if before and name == leaf else None


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
    """Return a node's text; nothing where there is no node."""
    return node.text() if node else ""


def directly(place: Place) -> bool:
    """Hold where the name itself is the node below."""
    return place.is_direct


def always(*kinds: str) -> dict[str, Condition | None]:
    """Return vetoes that hold whatever else does."""
    return dict.fromkeys(kinds)


def defined_by(
    kinds: cabc.Iterable[str], *, role: Role = Role.DEFINITION, field: str = "name"
) -> dict[str, tuple[Rule, ...]]:
    """Return the rule, for each kind of node, that its field `name` defines a name."""
    return dict.fromkeys(kinds, (Rule(role, field),))


def named(kinds: cabc.Iterable[str]) -> cabc.Callable[[SgNode], tuple[str, ...]]:
    """Return a function that names the type which a node of these kinds defines."""
    known = frozenset(kinds)

    def owners(node: SgNode) -> tuple[str, ...]:
        name = node.field("name") if node.kind() in known else None
        return (name.text(),) if name else ()

    return owners
