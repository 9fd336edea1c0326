"""Advisories about single columns: credentials, and when a row was changed."""

from __future__ import annotations

import collections.abc as cabc
import re
import typing as typ

from pytest_userstate.domain.advisories.user_state import (
    Finding,
    UserState,
    at_column,
    checks_on,
    is_set_before,
)
from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.revision_tokens import words_of
from pytest_userstate.domain.snapshot import Table

_LOGIN: typ.Final = "login"
_CREDENTIAL: typ.Final = re.compile(
    r"hash|digest|password|passwd|secret", re.IGNORECASE
)
_SHORTEST: typ.Final = 60
"""Characters of a bcrypt hash, the shortest that is in use as a whole."""
_LIMITED: typ.Final = re.compile(r"character(?: varying)?\((?P<length>[0-9]+)\)")
_LOGINS: typ.Final = frozenset(
    {
        *("oauth", "oauth2", "oidc", "openid", "saml", "sso", "ldap", "passkey"),
        *("webauthn", "fido", "fido2", "federated", "identity", "social", "provider"),
        *("google", "github", "gitlab", "apple", "facebook", "microsoft", "auth0"),
        *("cognito", "firebase", "keycloak", "okta", "clerk", "supabase"),
    }
)
"""Words of tables and columns that keep another way to log in than a password."""
_NO_LOGINS: typ.Final = frozenset(
    {
        *("access", "application", "authorization", "client", "code", "event"),
        *("grant", "log", "nonce", "refresh", "scope", "session", "state", "token"),
    }
)
"""Words that make something else of them, such as a client of one's own."""
_OWNER: typ.Final = frozenset({"account", "member", "person", "user"})
_CHANGED: typ.Final = "updated_at"


def nullable_credential(state: UserState) -> cabc.Iterator[Finding]:
    """Tell of credentials that may be missing from a row."""
    for table, columns in _credentials(state):
        if not all(column.is_nullable for column in columns):
            continue
        if _has_other_login(state, table):
            continue
        for column in columns:
            if not _is_demanded(table, column):
                message = (
                    "this credential can be null, so the row can exist without "
                    "anything to log in with; make it NOT NULL, or add a check "
                    "that the row has another way to log in"
                )
                yield at_column(table, column, message)


def _has_other_login(state: UserState, table: Table) -> bool:
    """Whether the schema stores another way to log in than these credentials.

    That is a column of the same row, such as ``google_id``, or a table that refers
    to a user, such as ``user_oauth_accounts``.
    """
    if any(_is_login(column.name) for column in table.columns):
        return True
    return any(
        _is_login(other.name)
        and (other.schema, other.name) != (table.schema, table.name)
        and (other.foreign_keys or any(_OWNER & _words(c.name) for c in other.columns))
        for other in state.snapshot.tables
    )


def _is_login(name: str) -> bool:
    words = _words(name)
    return bool(words & _LOGINS) and not words & _NO_LOGINS


def _words(name: str) -> set[str]:
    words = words_of(name).split()
    return {re.sub(r"ies$", "y", word).removesuffix("s") for word in words}


def short_credential(state: UserState) -> cabc.Iterator[Finding]:
    """Tell of credentials that have no room for a password hash."""
    for table, columns in _credentials(state):
        for column in columns:
            limit = _LIMITED.fullmatch(state.base_type(column))
            if limit and int(limit["length"]) < _SHORTEST:
                message = (
                    f"this credential has room for {limit['length']} characters; a "
                    f"bcrypt hash has {_SHORTEST}, an Argon2 hash more: it was cut "
                    "off, or is a weaker one; make it text"
                )
                yield at_column(table, column, message)


def _credentials(state: UserState) -> cabc.Iterator[tuple[Table, list[Column]]]:
    """Yield the tables that keep credentials to log in with, and the columns."""
    found: dict[Table, list[Column]] = {}
    for storage in state.storages:
        if storage.entity.name == _LOGIN:
            for each in storage.complete:
                columns = [c for group in each.present() for c in group]
                found.setdefault(each.table, []).extend(
                    c for c in columns if _CREDENTIAL.search(c.name)
                )
    for table, columns in found.items():
        yield table, list(dict.fromkeys(columns))


def _is_demanded(table: Table, column: Column) -> bool:
    """Whether a check says when the column may be null."""
    word = rf'(?<![\w"])"?{re.escape(column.name)}"?(?![\w"])'
    says = re.compile(rf"{word}\)? IS (NOT )?NULL|num_n(onn)?ulls\(.*{word}")
    return any(says.search(each.definition) for each in checks_on(table, column))


def stale_updated_at(state: UserState) -> cabc.Iterator[Finding]:
    """Tell of ``updated_at`` columns that only a careful writer keeps true."""
    for table in state.tables:
        column = table.column(_CHANGED)
        if column is None or column.generated or is_set_before("update", table):
            continue
        if not state.base_type(column).startswith(("timestamp", "date")):
            continue
        starts = "its default holds at insert only, and " if column.default else ""
        message = (
            f"no trigger sets this column before an update: {starts}a write that "
            "does not set it leaves it behind; let it be set by a BEFORE UPDATE "
            "trigger, or maintained by your object mapper"
        )
        yield at_column(table, column, message)
