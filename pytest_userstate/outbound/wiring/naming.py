"""Which names are meant, and which of them belong to a port.

A name that is given exactly is taken at its word. One that only matches a
pattern has to relate to the port: its type says so, or, where it need not or
cannot be seen, its name does.
"""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

import attrs

from pytest_userstate.outbound.wiring.syntax.language import Language, Relation

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
_WILD = re.compile(r"[*?\[]")
_OPEN = re.compile(r"\*|\?|\[[^\]]+\]")


@attrs.frozen
class Pattern:
    """A name, or a pattern of names, as a configuration gives it.

    ``postgres.Users`` and ``postgres::Users`` mean the name as it stands in the
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
        return bool(re.fullmatch(_expression(self._plain), name))

    @property
    def last(self) -> str:
        """Return a regular expression for the name without its qualifier."""
        return _expression(self._plain.rpartition(".")[2])

    @property
    def hint(self) -> str:
        """Return the longest text that every name has that is meant.

        It stands in all files that hold one, and in few others; to look for it is
        many times faster than to look for the pattern.
        """
        parts = _OPEN.sub(".", self._plain).split(".")
        return max(parts, key=len)

    def rest_of(self, name: str) -> str:
        """Return what the pattern leaves open of a name: ``Users`` of `Sql*`."""
        found = re.fullmatch(self.last, name.rpartition(".")[2])
        return "".join(found.groups()) if found else name


def _expression(pattern: str) -> str:
    """Turn a pattern into a regular expression, a group for each open part."""
    return "".join(
        {"*": r"(\w*)", "?": r"(\w)"}.get(part)
        or (f"({part})" if part.startswith("[") and part[1:] else re.escape(part))
        for part in re.split(r"(\*|\?|\[[^\]]+\])", pattern)
    )


@attrs.frozen
class Kinship:
    """What the sources say about which type implements which."""

    bases: cabc.Mapping[str, frozenset[str]]
    defined: frozenset[str]

    @classmethod
    def of(
        cls, relations: cabc.Iterable[Relation], defined: cabc.Iterable[str]
    ) -> typ.Self:
        """Gather what single types say."""
        bases: dict[str, set[str]] = {}
        for each in relations:
            bases.setdefault(each.name, set()).add(each.base)
        return cls(
            {name: frozenset(found) for name, found in bases.items()},
            frozenset(defined),
        )

    def reaches(self, name: str, port: str) -> bool:
        """Whether the type implements the port, perhaps through others."""
        seen, ahead = {name}, [name]
        while ahead:
            further = self.bases.get(ahead.pop(), frozenset()) - seen
            if port in further:
                return True
            seen |= further
            ahead += further
        return False

    def is_implemented(self, port: str) -> bool:
        """Whether any type says that it implements the port."""
        return any(port in bases for bases in self.bases.values())


def belongs(
    name: str, pattern: Pattern, port: str, kinship: Kinship, language: Language
) -> bool:
    """Whether the name, which the pattern matches, stands for the port.

    1. A name that was given exactly does.
    2. A type that says that it implements the port does, directly or through
       what it extends.
    3. A type that is defined in the sources and says otherwise does not: in
       Rust, Java, Kotlin, and C# one that says nothing of the port; in Python,
       TypeScript, and JavaScript one that extends something else while others
       extend the port.
    4. Of the rest the name decides: see `sounds_like`.
    """
    if pattern.is_exact or kinship.reaches(name, port):
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
