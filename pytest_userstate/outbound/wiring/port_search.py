"""Ports that the sources declare: interfaces whose names speak of user state."""

from __future__ import annotations

import collections.abc as cabc
import importlib.util
import pathlib
import re
import typing as typ

from pytest_userstate.application.settings import CONFIGURATION_FILE, PortScan
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.recognition import lexicon
from pytest_userstate.domain.recognition.words import words
from pytest_userstate.domain.wiring import PortWiring
from pytest_userstate.outbound.wiring.assembly import ConfigurationPlace
from pytest_userstate.outbound.wiring.scanned import ScannedWiringRepository
from pytest_userstate.outbound.wiring.sources import SourceText, SourceTree

_DECLARATIONS: typ.Final = {
    (".go",): r"^\s*(?:type\s+)?(?P<name>[A-Z]\w*)\s+interface\s*\{",
    (".rs",): r"^\s*(?:pub(?:\([^)]*\))?\s+)?trait\s+(?P<name>[A-Z]\w*)",
    (".py",): r"^class\s+(?P<name>[A-Z]\w*)\([^)]*\b(?:Protocol|ABC)\b",
    (".cs", ".java", ".kt", ".kts"): (
        r"^\s*(?:[a-z]+\s+)*(?:interface|abstract\s+class)\s+(?P<name>[A-Z]\w*)"
    ),
    (".cts", ".mts", ".ts", ".tsx"): (
        r"^\s*(?:[a-z]+\s+)*(?:interface|abstract\s+class)\s+(?P<name>[A-Z]\w*)"
    ),
}
"""How a language declares an interface, by the suffixes of its files."""
_PATTERNS: typ.Final = {
    suffix: re.compile(pattern, re.MULTILINE)
    for suffixes, pattern in _DECLARATIONS.items()
    for suffix in suffixes
}
_ROLES: typ.Final = frozenset(
    {
        *("command", "dao", "gateway", "persistence", "port", "query", "reader"),
        *("repo", "repository", "storage", "store", "storer", "writer"),
    }
)
"""Last words of an interface through which a program reads or writes state."""
_PERSONS: typ.Final = lexicon.PERSON | lexicon.PERSON_PERHAPS
_LOGIN: typ.Final = lexicon.CREDENTIAL - {"identity", "secret", "pseudonym"}
_CHOICES: typ.Final = lexicon.PREFERENCE | lexicon.MARK | lexicon.TASTE
_MOST: typ.Final = 12


def find_ports(
    tree: SourceTree, model: AuditModel, base: pathlib.Path
) -> tuple[PortWiring, ...]:
    """Return the ports of user state that the sources declare, with their wiring.

    Nothing is found without the parser of the sources.
    """
    if importlib.util.find_spec("ast_grep_py") is None:
        return ()
    names = list(_declared(tree.without_ignored(tree.read().texts)))
    scans = [
        PortScan(entity=entity, port=name, sources=tree.folders)
        for name in sorted(dict.fromkeys(names))
        if (entity := entity_of(name, model))
    ]
    place = ConfigurationPlace(base=base, file=CONFIGURATION_FILE)
    return ScannedWiringRepository(scans[:_MOST], place=place).load().ports


def _declared(texts: cabc.Iterable[SourceText]) -> cabc.Iterator[str]:
    """Yield the names of interfaces that end in a role."""
    for text in texts:
        pattern = _PATTERNS.get(text.path.suffix)
        for match in pattern.finditer(text.text) if pattern else ():
            if not _ROLES.isdisjoint(words(match["name"])[-1:]):
                yield match["name"]


def entity_of(port: str, model: AuditModel) -> str | None:
    """Return the entity that a port is for, by the words of its name, or None.

    >>> from pytest_userstate.domain.model import DEFAULT_MODEL
    >>> [
    ...     entity_of(name, DEFAULT_MODEL)
    ...     for name in ("IUserRepository", "AccountSettingsStore", "OrderStore")
    ... ]
    ['users', 'interests', None]
    """
    noun = list(words(port))
    while noun and noun[-1] in _ROLES:
        noun.pop()
    if noun[:1] == ["i"]:
        del noun[0]
    if not noun:
        return None
    names = {
        entity.name: {
            words(name.rpartition(".")[2])
            for name in (
                entity.name,
                *(table for one in entity.models for table in one.tables),
            )
        }
        for entity in model.entities
        if entity.expected
    }
    if said := _by_words(noun):
        return said if said in names else None
    # A table of users may keep logins and profiles, too.
    ordered = sorted(names, key=lambda name: name != "users")
    return next((name for name in ordered if tuple(noun) in names[name]), None)


def _by_words(noun: cabc.Sequence[str]) -> str | None:
    """Return the usual entity that a noun names, whatever the tables are called."""
    *before, last = noun
    if last in _CHOICES and (
        not _PERSONS.isdisjoint(before) or noun in (["preference"], ["interest"])
    ):
        return "interests"
    if last in lexicon.PROFILE and _PERSONS.issuperset(before):
        return "profile"
    if last in _LOGIN and _PERSONS.issuperset(before):
        return "login"
    return "users" if last in lexicon.PERSON and len(noun) <= 2 else None
