"""Which names are meant, and which of them belong to a port.

A name that is given exactly is taken at its word. One that only matches a
pattern has to relate to the port: its type says so, or, if it need not or
cannot be seen, its name does.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import functools
import re
import sys
import typing as typ

import attrs

from pytest_userstate.outbound.wiring.syntax.language import Implementation, Language

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_WRITES = frozenset({"command", "commands", "write", "writer"})
_READS = frozenset({"queries", "query", "read", "reader"})
_ROLES = (
    _WRITES
    | _READS
    | {
        *("adapter", "client", "dao", "directory", "gateway", "impl", "interface"),
        *("port", "protocol", "provider", "repo", "repository", "service", "storage"),
        *("store",),
    }
)
_MOST_ANCESTORS: typ.Final = 50
_WILD = re.compile(r"[*?\[]")
_OPEN = re.compile(r"\*|\?|\[[^\]]+\]")


@attrs.frozen
class Pattern:
    """A name, or a pattern of names, as a configuration gives it.

    ``postgres.Users`` and ``postgres::Users`` mean the name as it is in the
    code, with what it is qualified by.
    """

    text: str

    @property
    def is_exact(self) -> bool:
        """Whether it is one name."""
        return not _WILD.search(self.text)

    @property
    def _plain(self) -> str:
        return self.text.replace("::", ".")

    def matches(self, name: str) -> bool:
        """Whether the name, qualified or not, is meant."""
        return bool(_compiled(self._plain).fullmatch(name))

    @property
    def last(self) -> str:
        """Return a regular expression for the name without its qualifier."""
        return _expression(self._plain.rpartition(".")[2])

    @property
    def hint(self) -> str:
        """Return the longest text that is part of every name that is meant.

        Few files hold it without such a name, and looking for it is many times
        faster than looking for the pattern.
        """
        parts = _OPEN.sub(".", self._plain).split(".")
        return max(parts, key=len)

    def rest_of(self, name: str) -> str:
        """Return what the pattern leaves open of a name: ``Users`` of `Sql*`."""
        match = re.fullmatch(self.last, name.rpartition(".")[2])
        return "".join(match.groups()) if match else name


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_expression(pattern))


def _expression(pattern: str) -> str:
    """Turn a pattern into a regular expression, a group for each open part."""
    return "".join(
        {"*": r"(\w*)", "?": r"(\w)"}.get(part)
        or (f"({part})" if part.startswith("[") and part[1:] else re.escape(part))
        for part in re.split(r"(\*|\?|\[[^\]]+\])", pattern)
    )


class Kinship:
    """What the sources say about which type implements which."""

    def __init__(
        self,
        relations: cabc.Iterable[Implementation],
        defined: cabc.Iterable[str] | None = None,
    ) -> None:
        """Gather what single types say, and which types are defined, if it is known.

        A function may be named like a type, so that one which is used as another has
        to be defined. What it says itself comes first: see `belongs`.
        """
        self.defined = frozenset(defined or ())
        self.bases: dict[str, dict[str, None]] = {}
        self.interfaces: set[str] = set()
        self._derived: dict[str, dict[str, None]] = {}
        self._implementers: dict[str, frozenset[str]] = {}
        self._implemented: set[str] = set()
        for relation in relations:
            if not relation.is_structural:
                self.bases.setdefault(relation.name, {})[relation.base] = None
                self._implemented.add(relation.base)
            elif defined is not None and relation.name not in self.defined:
                continue
            self._derived.setdefault(relation.base, {})[relation.name] = None
            if relation.is_interface:
                self.interfaces.add(relation.name)

    def implementers(self, port: str) -> frozenset[str]:
        """Return the types that implement the port, perhaps through others."""
        if port not in self._implementers:
            reached = frozenset(_reached(port, self._derived)) - {port}
            self._implementers[port] = reached
        return self._implementers[port]

    def ancestors(self, name: str) -> list[str]:
        """Return the nearest types that a type extends or implements."""
        return _reached(name, self.bases, _MOST_ANCESTORS)[1:]

    def is_implemented(self, port: str) -> bool:
        """Whether any type says that it implements the port."""
        return port in self._implemented


def _reached(
    name: str,
    following: cabc.Mapping[str, cabc.Iterable[str]],
    most: int = sys.maxsize,
) -> list[str]:
    """Return a name and whatever follows from it, in order of distance."""
    reached = {name: None}
    ahead = collections.deque([name])
    while ahead and len(reached) < most:
        for further in following.get(ahead.popleft(), ()):
            if further not in reached:
                reached[further] = None
                ahead.append(further)
    return [*reached]


def belongs(
    name: str, pattern: Pattern, port: str, kinship: Kinship, language: Language
) -> bool:
    """Whether the name, which the pattern matches, belongs to the port.

    1. A name that was given exactly does.
    2. A type that says that it implements the port does, directly or through
       what it extends.
    3. A type that is defined in the sources and says otherwise does not: in
       Rust, Java, Kotlin, and C# one that says nothing of the port; in Python,
       TypeScript, and JavaScript one that extends something else while others
       extend the port.
    4. Of the rest the name decides: see `sounds_like`.
    """
    if pattern.is_exact or name in kinship.implementers(port):
        return True
    if name in kinship.defined:
        if language.is_nominal:
            return False
        if name in kinship.bases and kinship.is_implemented(port):
            return False
    return sounds_like(pattern.rest_of(name), port)


def sounds_like(rest: str, port: str) -> bool:
    """Whether what a name says beyond the pattern is what the port is about.

    One of the two has to end in the other's words, roles such as `Repository`
    left out; what reads does not sound like what writes.

    >>> sounds_like("Interests", "UserInterestsCommand")
    True
    >>> sounds_like("UserRepository", "UserInterestsCommand")
    False
    >>> sounds_like("UserInterestsQuery", "UserInterestsCommand")
    False
    """
    mine, its = _words(rest), _words(re.sub(r"^I(?=[A-Z][a-z])", "", port))
    roles = {*mine} | {*its}
    if roles & _READS and roles & _WRITES:
        return False
    about, asked = _without_roles(mine), _without_roles(its)
    if not about or not asked:
        return mine == its
    shorter = min(len(about), len(asked))
    return about[-shorter:] == asked[-shorter:]


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _without_roles(words: list[str]) -> list[str]:
    kept = [*words]
    while kept and kept[-1] in _ROLES:
        kept.pop()
    return [word.removesuffix("s") for word in kept]
