"""Revision tokens: the columns that look like one, and whether they are."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.recognition import lexicon
from pytest_userstate.domain.recognition.result import RecognizedRevision
from pytest_userstate.domain.recognition.words import words
from pytest_userstate.domain.revision_tokens import (
    OTHER_NAMES,
    is_token_name,
    why_unreliable,
    words_of,
)

_NEAR: typ.Final = frozenset(lexicon.NO_REVISION)


def revisions(
    columns: cabc.Iterable[Column], table: str = ""
) -> tuple[RecognizedRevision, ...]:
    """Return the columns that look like a revision, those that are one first.

    >>> columns = [Column("lock_version", "integer"), Column("terms_version", "text")]
    >>> [(look.column, look.is_revision) for look in revisions(columns)]
    [('lock_version', True), ('terms_version', False)]
    """
    looks = (look for column in columns if (look := _look(column, table)) is not None)
    return tuple(sorted(looks, key=lambda look: (not look.is_revision, look.column)))


def _look(column: Column, table: str) -> RecognizedRevision | None:
    """Judge a column by its words and type; None if it is nothing like a revision."""
    name, parts = words_of(column.name), words(column.name)
    is_revision = False
    reason = OTHER_NAMES.get(name, "")
    if is_token_name(column.name, table):
        reason = why_unreliable(column.data_type) or ""
        is_revision = not reason
        reason = reason or f"{name!r} is a name for what each write changes"
    elif not reason and not lexicon.REVISION_WORDS.isdisjoint(parts[-1:]):
        known = (lexicon.NO_REVISION[word] for word in parts if word in _NEAR)
        reason = next(known, "it is the version of something else")
    if not reason:
        return None
    return RecognizedRevision(
        column=column.name, is_revision=is_revision, reason=reason
    )
