"""Strictness that all files have in common which people may edit.

An error names the key and the nearest valid value; all
faults of a file at once.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import typing as typ

import attrs
from cattrs.errors import (
    AttributeValidationNote,
    BaseValidationError,
    ForbiddenExtraKeysError,
    IterableValidationNote,
)

from pytest_userstate.application.wording import nearest
from pytest_userstate.domain.errors import InvalidModelError


class MisfitError(TypeError):
    """A value that does not fit; the message continues "`key` …"."""


def member(text: str, kind: type[enum.StrEnum]) -> enum.StrEnum:
    """Return the member that is written so."""
    if text in set(kind):
        return kind(text)
    message = f"is {text!r}; {nearest(text, kind)}"
    raise MisfitError(message)


def is_generic(origin: type, asked: object) -> bool:
    """Whether a type is a generic of this origin, such as a tuple of something."""
    return bool(typ.get_origin(asked) == origin)


def field_names(kind: type) -> dict[str, str]:
    """Return the keys of a class's table if each is named as the field that it sets."""
    return {field.name: field.name for field in attrs.fields(kind)}


def faults(
    error: BaseException,
    key: str,
    keys_of: cabc.Callable[[type], cabc.Mapping[str, str]] = field_names,
    owner: type | None = None,
) -> cabc.Iterator[tuple[str, str]]:
    """Walk cattrs' error tree; yield each fault's key and what is wrong with it.

    `keys_of` maps the keys of a class's table to its fields; `owner` is the class that
    an error is about a field of.
    """
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            keys = keys_of(owner).items() if owner else ()
            name = next((k for k, field in keys if field == note.name), note.name)
            key = f"{key}.{name}" if key else name
        elif isinstance(note, IterableValidationNote):
            index = note.index
            key = f"{key}[{index}]" if isinstance(index, int) else f"{key}.{index}"
    match error:
        case BaseValidationError():
            for inner in error.exceptions:
                yield from faults(inner, key, keys_of, error.cl)
        case ForbiddenExtraKeysError():
            for extra in sorted(error.extra_fields):
                unknown = f"{key}.{extra}" if key else extra
                yield (
                    unknown,
                    f"is no known key; {nearest(extra, keys_of(error.cl))}",
                )
        case KeyError():
            yield key, "is missing"
        case InvalidModelError():
            yield key, f"cannot be used: {error}"
        case _:
            yield key, str(error)
