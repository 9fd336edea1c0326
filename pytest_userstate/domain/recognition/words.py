"""Names in words: ``"UserSettings"``, ``user_settings`` and ``usersettings`` alike."""

from __future__ import annotations

import functools
import re
import typing as typ
import unicodedata

from pytest_userstate.domain.recognition import lexicon

_TOKEN: typ.Final = re.compile(r"[^\W\d_]+")
_HUMP: typ.Final = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ONE_WORD: typ.Final = re.compile(r"OAuth|OpenID|IDs|GitHub|GitLab|LinkedIn")
_NO_DIGITS: typ.Final = dict.fromkeys(map(ord, "0123456789"), "_")
_LONGEST: typ.Final = 63
"""How long PostgreSQL lets a name be, in bytes."""
_REMEMBERED: typ.Final = 1 << 16
"""How many names are remembered with their words: more than schemas have."""
_SHORTEST: typ.Final = 4
"""How long a Latin word must be to be separated from the text that follows it."""
_IRREGULAR: typ.Final = {"people": "person", "personen": "person", "media": "media"}
_NO_PLURAL: typ.Final = ("ss", "us", "is", "os")
_PLURAL_IN_ES: typ.Final = ("sses", "xes", "ches", "shes", "zes")


def _lexicon_words() -> frozenset[str]:
    groups = [value for value in vars(lexicon).values() if isinstance(value, frozenset)]
    return frozenset(
        word
        for group in groups
        for entry in group
        for word in ((entry,) if isinstance(entry, str) else entry)
    )


KNOWN: typ.Final = _lexicon_words()
"""Every word of the lexicon."""


@functools.lru_cache(maxsize=_REMEMBERED)
def words(name: str) -> tuple[str, ...]:
    """Return the words of a name, in lower case, each in the singular.

    >>> words("UserNotificationSettings"), words("core_userprofile"), words("userID")
    (('user', 'notification', 'setting'), ('core', 'user', 'profile'), ('user', 'id'))
    """
    return _words(name[:_LONGEST].translate(_NO_DIGITS))


@functools.lru_cache(maxsize=_REMEMBERED)
def _words(name: str) -> tuple[str, ...]:
    """Return the words of a name in which digits have become underscores."""
    apart = _HUMP.sub("_", _ONE_WORD.sub(lambda match: match[0].capitalize(), name))
    return tuple(
        word for token in _TOKEN.findall(apart) for word in _parts(_fold(token))
    )


def singular(word: str) -> str:
    """Return an English noun in the singular, as far as its ending shows it.

    >>> [singular(word) for word in ("users", "identities", "addresses", "status")]
    ['user', 'identity', 'address', 'status']
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < _SHORTEST or not word.endswith("s") or word.endswith(_NO_PLURAL):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(_PLURAL_IN_ES) else word[:-1]


def _fold(token: str) -> str:
    """Return a token in lower case and without accents on Latin letters."""
    token = token.casefold()
    if token.isascii():
        return token
    bases = (unicodedata.normalize("NFD", letter)[0] for letter in token)
    return "".join(
        base if base.isascii() else letter
        for base, letter in zip(bases, token, strict=True)
    )


@functools.lru_cache(maxsize=_REMEMBERED)
def _parts(token: str) -> tuple[str, ...]:
    """Return the words of a token that has no separators."""
    one = token if token in lexicon.WHOLE else singular(token)
    for word in (one, token, token.removesuffix("s")):
        if word in KNOWN:
            return (word,)
    least = _SHORTEST if token.isascii() else 2
    for size in range(len(token) - 1, least - 1, -1):
        if token[:size] in lexicon.WRITTEN_FIRST and (rest := _rest(token[size:])):
            return (token[:size], *rest)
    return _before_last(one) or (one,)


def _rest(token: str) -> tuple[str, ...]:
    """Return the words of what follows a known word, if they are known."""
    one = singular(token)
    return (one,) if one in KNOWN else _before_last(one)


def _before_last(one: str) -> tuple[str, ...]:
    """Tell a last word apart from what comes before it, known or not."""
    for last in lexicon.WRITTEN_LAST:
        if one.endswith(last) and len(one) > len(last):
            return (one.removesuffix(last), last)
    return ()
