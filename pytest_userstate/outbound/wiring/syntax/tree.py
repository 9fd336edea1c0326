"""A syntax tree that is walked once, from the root to the names in it.

The parser's own nodes find their parents and siblings by looking through the
tree again, so that asking every name about the nodes around it takes quadratic
time. The nodes here keep their parent and siblings, and what follows from the
nodes above is handed down once.
"""

from __future__ import annotations

import bisect
import collections.abc as cabc
import functools
import re
import typing as typ

if typ.TYPE_CHECKING:
    from ast_grep_py import Relation as Matcher
    from ast_grep_py import Rule, SgNode

    from pytest_userstate.outbound.wiring.syntax.language import (
        Binding,
        Language,
        Role,
    )

_LONGEST_TEXT: typ.Final = 1000


class SyntaxNode:
    """A node that knows its place, and what the nodes above say about it."""

    __slots__ = (
        "_children",
        "_fields",
        "end",
        "in_tests",
        "index",
        "is_vetoed",
        "kind",
        "owners",
        "parent",
        "raw",
        "role",
        "start",
        "tree",
    )

    def __init__(
        self,
        raw: SgNode,
        tree: SyntaxTree,
        parent: SyntaxNode | None = None,
        index: int = 0,
    ) -> None:
        """Take the parser's node; nothing below it is looked at yet."""
        self.raw = raw
        self.parent = parent
        self.index = index
        self.kind = raw.kind()
        # An edit knows its place at once; a range counts the columns of its line.
        span = raw.replace("")
        self.start, self.end = span.start_pos, span.end_pos
        self.tree = tree
        self._children: tuple[SyntaxNode, ...] | None = None
        self._fields: dict[str, frozenset[SgNode]] = {}
        self.is_vetoed = False
        self.in_tests = False
        self.owners: tuple[str, ...] = ()
        self.role: Role | None = None

    @property
    def text(self) -> str:
        """The node's text, cut if it is longer than any name."""
        return self.tree.text[self.start : min(self.end, self.start + _LONGEST_TEXT)]

    @property
    def children(self) -> tuple[SyntaxNode, ...]:
        """The nodes right below, tokens included."""
        if self._children is None:
            self._children = tuple(
                SyntaxNode(raw, self.tree, self, index)
                for index, raw in enumerate(self.raw.children())
            )
        return self._children

    @property
    def before(self) -> SyntaxNode | None:
        """The sibling before this node."""
        if self.parent is None or self.index == 0:
            return None
        return self.parent.children[self.index - 1]

    @property
    def after(self) -> SyntaxNode | None:
        """The sibling after this node."""
        if self.parent is None or self.index + 1 == len(self.parent.children):
            return None
        return self.parent.children[self.index + 1]

    def has_in_field(self, field: str, child: SyntaxNode) -> bool:
        """Whether the child is in the field of this node."""
        if field not in self._fields:
            self._fields[field] = frozenset(self.raw.field_children(field))
        return child.raw in self._fields[field]

    def field(self, name: str) -> SyntaxNode | None:
        """Return the first child in the field."""
        return next((c for c in self.children if self.has_in_field(name, c)), None)

    def text_of(self, field: str) -> str:
        """Return the text of a field, empty if the node has none."""
        node = self.field(field)
        return node.text if node else ""

    def ancestors(self) -> cabc.Iterator[SyntaxNode]:
        """Yield the nodes above, the nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent


class SyntaxTree:
    """The tree of one source text."""

    def __init__(self, root: SgNode, text: str, language: Language) -> None:
        """Take the parser's root."""
        self._root = root
        self.text = text
        self._language = language
        self._newlines = [match.start() for match in re.finditer("\n", text)]

    def line_of(self, start: int) -> int:
        """Return the line of a place in the text, from 1."""
        return bisect.bisect_left(self._newlines, start) + 1

    @functools.cached_property
    def bound(self) -> cabc.Mapping[str, tuple[Binding, ...]]:
        """What the file calls by another name, or imports, by that name."""
        bindings: dict[str, list[Binding]] = {}
        for binding in self._language.bindings(self._root):
            bindings.setdefault(binding.name, []).append(binding)
        return {name: tuple(named) for name, named in bindings.items()}

    @property
    def fault(self) -> int | None:
        """The first line that does not parse, from 1; None if all of it does."""
        kind = min(self._language.leaves)
        child: Matcher = {"any": [{"kind": kind}, {"not": {"kind": kind}}]}
        # A token that the parser had to make up is empty. Only leaves are compared:
        # the text of a node above them can be the whole file.
        missing: Matcher = {"all": [{"not": {"has": child}}, {"regex": "^$"}]}
        broken = [self._root.find(kind="ERROR"), self._root.find({"rule": missing})]
        starts = [node.replace("").start_pos for node in broken if node]
        return min(map(self.line_of, starts), default=None)

    def leaves(
        self, is_sought: cabc.Callable[[str], bool]
    ) -> cabc.Iterator[SyntaxNode]:
        """Yield the leaves that are names to look for, in the order of the text."""
        language = self._language
        kinds: list[Rule] = [{"kind": kind} for kind in sorted(language.leaves)]
        # Not by a regular expression, which would take a time for each name in it.
        leaves = (n for n in self._root.find_all(any=kinds) if is_sought(n.text()))
        starts = sorted({leaf.replace("").start_pos for leaf in leaves})
        root = SyntaxNode(self._root, self)
        root.in_tests = language.is_test(root)
        # Nodes that hold some of the names, with the part of `starts` that they hold.
        ahead = [(root, 0, len(starts))] if starts else []
        while ahead:
            node, first, last = ahead.pop()
            if node.kind in language.leaves and node.start == starts[first]:
                yield node
                continue
            below = [*_holding(node, starts, first, last)]
            language.hand_down(node, [child for child, _, _ in below])
            ahead += reversed(below)


def _holding(
    node: SyntaxNode, starts: list[int], first: int, last: int
) -> cabc.Iterator[tuple[SyntaxNode, int, int]]:
    """Yield the children that hold some of the starts, with the part of them."""
    for child in node.children:
        if first == last:
            return
        end = bisect.bisect_left(starts, child.end, first, last)
        if end > first:
            yield child, first, end
            first = end
