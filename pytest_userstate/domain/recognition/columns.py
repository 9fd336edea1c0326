"""What a column may be for, by the words of its name."""

from __future__ import annotations

import collections.abc as cabc
import enum
import functools
import typing as typ

from pytest_userstate.domain.recognition import lexicon
from pytest_userstate.domain.recognition.words import KNOWN, words

Parts: typ.TypeAlias = tuple[str, ...]
Rule: typ.TypeAlias = cabc.Callable[[Parts, frozenset[str]], bool]

_REMEMBERED: typ.Final = 1 << 16
_NO_TEXT: typ.Final = (
    "bool",
    "int",
    "bigint",
    "smallint",
    "timestamp",
    "date",
    "time",
    "numeric",
    "double",
    "real",
    "uuid",
    "inet",
)
_SWITCHES: typ.Final = ("boolean", "smallint", "integer")
_FACTS: typ.Final = ("timestamp", "date", "inet", "bytea")
_DOCUMENTS: typ.Final = ("json", "hstore")


class Kind(enum.StrEnum):
    """What a column may be for; several at once."""

    SECRET = "a password or its hash"  # noqa: S105 - no password
    HASH_ALONE = "a hash or secret that does not say of what"
    SALT = "a salt"
    MAIL = "a mail address"
    LOGIN_NAME = "a sign-in name"
    SIGN_IN = "a fact that matters for who signs in"
    PROVIDER = "an identity provider"
    SUBJECT = "an account at an identity provider"
    LINK = "a provider and an account there, in one"
    PASSKEY = "a part of a passkey"
    GIVEN = "a given name"
    NAME = "a name"
    PICTURE = "a picture"
    ABOUT = "a description"
    LOCALE = "a language or a place"
    PREFERENCE = "preferences"
    CLEAR_CHOICE = "a choice"
    CHOICE = "perhaps a choice"
    SWITCH = "perhaps a switch"
    MARK = "a mark"
    NOTIFICATION = "a choice about notifications"
    BILLING = "a fact about payments"
    KEY = "the name of a setting"
    VALUE = "the value of a setting"
    TYPE = "a type"


def holds_text(data_type: str) -> bool:
    """Whether a secret can be kept in a column of this type."""
    return not data_type.startswith(_NO_TEXT) and not data_type.endswith("[]")


def is_document(data_type: str) -> bool:
    """Whether a column of this type holds keys and values."""
    return data_type.startswith(_DOCUMENTS)


def is_switch(data_type: str) -> bool:
    """Whether a column of this type can be switched on and off."""
    return data_type.startswith(_SWITCHES)


def may_be_chosen(name: str, data_type: str) -> bool:
    """Whether a column can hold a choice, and not a key or a moment."""
    parts = words(name)
    is_key = parts[-1:] and parts[-1] in lexicon.IDENTIFIER and parts[0] != "default"
    return not is_key and not data_type.startswith(_FACTS)


class ColumnRole(typ.NamedTuple):
    """What the name of a column says.

    `noun` is what a column of keys names (`user_id`: user); of a column that is
    called after a person alone (`principal`), that word. `is_actor` is true where
    the person merely did something (`created_by`).
    """

    kinds: tuple[Kind, ...]
    noun: Parts
    is_actor: bool


@functools.lru_cache(maxsize=_REMEMBERED)
def role(name: str) -> ColumnRole:
    """Return what a column of this name may be for, and whom it names."""
    parts = words(name)
    noun: Parts = ()
    if len(parts) > 1 and parts[-1] in lexicon.IDENTIFIER:
        noun = parts[:-1]
    elif len(parts) == 1 and parts[0] in lexicon.PERSON | lexicon.PERSON_PERHAPS:
        noun = parts
    return ColumnRole(_kinds(parts), noun, not lexicon.ACTOR.isdisjoint(parts))


def is_owner(name: str) -> bool:
    """Whether a column of this name says whose row it is.

    >>> is_owner("user_id"), is_owner("created_by_user_id"), is_owner("theme_id")
    (True, False, False)
    """
    said = role(name)
    persons = lexicon.PERSON | lexicon.PERSON_PERHAPS
    return bool(said.noun) and said.noun[-1] in persons and not said.is_actor


@functools.lru_cache(maxsize=_REMEMBERED)
def _kinds(parts: Parts) -> tuple[Kind, ...]:
    some = frozenset(parts)
    if some.isdisjoint(KNOWN):
        return ()
    return tuple(kind for kind, rule in _RULES.items() if rule(parts, some))


def _any(group: lexicon.Words) -> Rule:
    """Return the rule that the name contains a word of the group."""
    return lambda _, some: not some.isdisjoint(group)


def _is_secret(parts: Parts, some: frozenset[str]) -> bool:
    if parts in lexicon.PASSWORD_PHRASES:
        return True
    if some & lexicon.PASSWORD:
        return some.isdisjoint(lexicon.PASSWORD_STATE | lexicon.PASSWORD_OF_OTHERS)
    is_hashed = some & lexicon.HASH and some & lexicon.SECRET
    return bool(is_hashed) and some.isdisjoint(
        lexicon.PASSWORD_STATE | lexicon.SECRET_OF_OTHERS
    )


def _is_hash_alone(parts: Parts, some: frozenset[str]) -> bool:
    return len(parts) == 1 and bool(some & (lexicon.HASH | lexicon.SECRET))


def _is_mail(_: Parts, some: frozenset[str]) -> bool:
    beside = lexicon.MAIL | lexicon.MAIL_BESIDE | lexicon.PERSON
    return bool(some & lexicon.MAIL) and some <= beside


def _is_login_name(parts: Parts, some: frozenset[str]) -> bool:
    if parts in lexicon.LOGIN_NAME_PHRASES:
        return True
    return len(parts) == 1 and bool(some & lexicon.LOGIN_NAME)


def _is_provider(_: Parts, some: frozenset[str]) -> bool:
    return bool(some & lexicon.PROVIDER) and some <= (
        lexicon.PROVIDER | lexicon.PROVIDER_BESIDE
    )


def _is_subject(parts: Parts, some: frozenset[str]) -> bool:
    if parts in lexicon.SUBJECT_PHRASES or (
        some & lexicon.SUBJECT and some <= lexicon.SUBJECT | lexicon.SUBJECT_BESIDE
    ):
        return True
    provider = lexicon.PROVIDER | lexicon.PROVIDER_NAMES | lexicon.SUBJECT_OF
    key = lexicon.IDENTIFIER | lexicon.SUBJECT
    return (
        bool(some & key)
        and bool(some & provider)
        and some <= provider | key | lexicon.SUBJECT_BESIDE
    )


def _is_link(parts: Parts, some: frozenset[str]) -> bool:
    key = lexicon.IDENTIFIER | lexicon.SUBJECT
    if parts in lexicon.LINK_PHRASES or parts[-3:] in lexicon.LINK_PHRASES:
        return True
    return (
        bool(some & lexicon.PROVIDER_NAMES)
        and bool(some & key)
        and some <= lexicon.PROVIDER_NAMES | key | lexicon.LINK_BESIDE
    )


def _is_given(parts: Parts, some: frozenset[str]) -> bool:
    if len(parts) == 1:
        return bool(some & (lexicon.GIVEN - lexicon.GIVEN_WITH_NAME))
    return bool(some & lexicon.GIVEN) and bool(some & lexicon.NAME)


def _is_name(parts: Parts, _: frozenset[str]) -> bool:
    if parts[-1] not in lexicon.NAME:
        return False
    return len(parts) == 1 or parts[0] in lexicon.PERSON | lexicon.PERSON_PERHAPS


def _is_picture(parts: Parts, some: frozenset[str]) -> bool:
    return bool(some & lexicon.PICTURE) and parts[0] not in lexicon.SWITCH


def _is_preference(_: Parts, some: frozenset[str]) -> bool:
    if some & lexicon.PREFERENCE:
        other = lexicon.NOT_A_CHOICE | lexicon.IDENTIFIER | lexicon.LOCALE
        return some.isdisjoint(other)
    perhaps = lexicon.PREFERENCE_PERHAPS
    about = perhaps | lexicon.ABOUT_PREFERENCE | lexicon.PERSON
    return bool(some & perhaps) and some <= about


def _is_choice(group: lexicon.Words, phrases: cabc.Set[Parts]) -> Rule:
    """Return the rule that the name has a word or phrase of a choice."""

    def rule(parts: Parts, some: frozenset[str]) -> bool:
        is_called_so = bool(some & group) or any(some.issuperset(p) for p in phrases)
        return is_called_so and _is_left_to_choose(parts, some)

    return rule


def _is_switch(parts: Parts, some: frozenset[str]) -> bool:
    return (
        len(parts) > 1
        and parts[0] in lexicon.SWITCH
        and some.isdisjoint(lexicon.NAME)
        and _is_left_to_choose(parts, some)
    )


def _is_left_to_choose(parts: Parts, some: frozenset[str]) -> bool:
    """Whether nothing says that it is a key, a moment, or for others to decide."""
    return some.isdisjoint(lexicon.NOT_A_CHOICE) and parts[-1] not in lexicon.MOMENT


def _is_notification(parts: Parts, some: frozenset[str]) -> bool:
    if parts[-1] in lexicon.MOMENT:
        return False
    choice = lexicon.NOTIFICATION_CHOICE | lexicon.NOTIFICATION_SWITCH
    return bool(some & lexicon.NOTIFICATION_CLEAR) or (
        bool(some & lexicon.NOTIFICATION) and bool(some & choice)
    )


def _is_key(parts: Parts, some: frozenset[str]) -> bool:
    return (len(parts) == 1 and parts[0] in lexicon.SETTING_KEY) or (
        bool(some & lexicon.PREFERENCE)
        and some <= lexicon.PREFERENCE | lexicon.SETTING_KEY
    )


_RULES: typ.Final[dict[Kind, Rule]] = {
    Kind.SECRET: _is_secret,
    Kind.HASH_ALONE: _is_hash_alone,
    Kind.SALT: _any(lexicon.SALT),
    Kind.MAIL: _is_mail,
    Kind.LOGIN_NAME: _is_login_name,
    Kind.SIGN_IN: _any(lexicon.SIGN_IN),
    Kind.PROVIDER: _is_provider,
    Kind.SUBJECT: _is_subject,
    Kind.LINK: _is_link,
    Kind.PASSKEY: lambda parts, _: parts in lexicon.PASSKEY_PHRASES,
    Kind.GIVEN: _is_given,
    Kind.NAME: _is_name,
    Kind.PICTURE: _is_picture,
    Kind.ABOUT: _any(lexicon.ABOUT),
    Kind.LOCALE: _any(lexicon.LOCALE),
    Kind.PREFERENCE: _is_preference,
    Kind.CLEAR_CHOICE: _is_choice(lexicon.CLEAR_CHOICE, lexicon.CHOICE_PHRASES),
    Kind.CHOICE: _is_choice(lexicon.CHOICE, frozenset()),
    Kind.SWITCH: _is_switch,
    Kind.MARK: _any(lexicon.MARK),
    Kind.NOTIFICATION: _is_notification,
    Kind.BILLING: _any(lexicon.BILLING),
    Kind.KEY: _is_key,
    Kind.VALUE: lambda parts, _: parts[-1] in lexicon.SETTING_VALUE,
    Kind.TYPE: lambda parts, _: parts[-1] in lexicon.TYPE,
}
