"""Revision tokens: the columns that look like one, and whether they are."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.recognition import lexicon
from pytest_userstate.domain.recognition.result import RecognizedRevision
from pytest_userstate.domain.recognition.words import words

_MOMENT: typ.Final = (
    "it is a moment: two writes can share it, and a write that forgets it is not "
    "noticed"
)
_NO_TOKENS: typ.Final = ("boolean", "json", "date", "time", "interval")


def revisions(columns: cabc.Iterable[Column]) -> tuple[RecognizedRevision, ...]:
    """Return the columns that look like a revision, those that are one first.

    >>> columns = [Column("lock_version", "integer"), Column("terms_version", "text")]
    >>> [(found.column, found.is_revision) for found in revisions(columns)]
    [('lock_version', True), ('terms_version', False)]
    """
    looks = (look for column in columns if (look := _look(column)) is not None)
    return tuple(sorted(looks, key=lambda look: (not look.is_revision, look.column)))


def is_called_a_revision(name: str) -> bool:
    """Whether a name is one that revisions usually have."""
    return words(name) in lexicon.REVISION_PHRASES


def _look(column: Column) -> RecognizedRevision | None:
    """Judge a column by its words and type; None if it is nothing like a revision."""
    parts = words(column.name)
    is_revision, reason = False, ""
    if parts in lexicon.MODIFIED_PHRASES:
        reason = _MOMENT
    elif parts in lexicon.REVISION_PHRASES:
        is_revision = not column.data_type.startswith(_NO_TOKENS)
        reason = f"{' '.join(parts)!r} is a name for what each write changes"
        if not is_revision:
            reason = f"a {column.data_type} tells too few writes apart"
    elif not lexicon.REVISION_WORDS.isdisjoint(parts[-1:]):
        says = (lexicon.NO_REVISION[word] for word in parts if word in _NOT_ONE)
        reason = next(says, f"it is the version of something else: {column.name}")
    elif parts in _COUNTERS:
        reason = lexicon.NO_REVISION["sign"]
    if not reason:
        return None
    return RecognizedRevision(
        column=column.name, is_revision=is_revision, reason=reason
    )


_NOT_ONE: typ.Final = frozenset(lexicon.NO_REVISION)
_COUNTERS: typ.Final = frozenset({("sign", "count"), ("signature", "count")})
