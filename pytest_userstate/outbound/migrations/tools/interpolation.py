r"""Variables in a text, in the manner of a shell: ``$NAME``, ``${NAME:-default}``.

The grammar is that of mfridman/interpolate, which goose uses: ``\$`` and ``$$`` are
a dollar sign, ``$(`` is left alone, defaults may hold variables.
"""

from __future__ import annotations

import collections.abc as cabc
import re

_NAME = re.compile(r"[^\W\d_]\w*")
_PART = re.compile(r":\s*([+-]?\d+)\s*(?::\s*([+-]?\d+)\s*)?(?=\})")
_AS_IT_IS = {"\\\\": "\\\\", "\\$": "$", "$$": "$", "$(": "$("}


class InterpolationError(ValueError):
    """A variable cannot be replaced; the message says why, without a place."""


def interpolated(text: str, variables: cabc.Mapping[str, str]) -> str:
    r"""Return the text with each variable replaced by its value.

    Parameters
    ----------
    text : str
        What holds the variables.
    variables : mapping
        Their values by name.

    Raises
    ------
    InterpolationError
        When a variable has no value and no default, or cannot be read.

    Examples
    --------
    >>> interpolated("${OWNER} ${TO:-public} $${x}", {"OWNER": "app"})
    'app public ${x}'
    """
    return _Interpolation(text, variables).expression("")


class _Interpolation:
    """One reading of a text from left to right."""

    def __init__(self, text: str, variables: cabc.Mapping[str, str]) -> None:
        self._text = text
        self._variables = variables
        self._position = 0

    def expression(self, stop: str) -> str:
        """Read up to a character, or to the end; return what is to stand there."""
        found: list[str] = []
        while (mark := self._text[self._position : self._position + 2]) and (
            mark[0] != stop
        ):
            if mark in _AS_IT_IS:
                self._position += 2
                found.append(_AS_IT_IS[mark])
            elif mark[0] == "$" and len(mark) > 1:
                self._position += 1
                found.append(self._expansion())
            else:
                self._position += 1
                found.append(mark[0])
        return "".join(found)

    def _expansion(self) -> str:
        if not self._text.startswith("{", self._position):
            return self._value(self._name())
        self._position += 1
        name = self._name()
        value = self._operation(name)
        if not self._text.startswith("}", self._position):
            message = f"${{{name} is not closed by a brace that fits"
            raise InterpolationError(message)
        self._position += 1
        return value

    def _operation(self, name: str) -> str:
        """Read what stands behind a name in braces, and return the value."""
        rest = self._text[self._position :]
        value = self._variables.get(name)
        if rest.startswith(":-"):
            self._position += 2
            default = self.expression("}")
            return value or default
        if rest.startswith("-"):
            self._position += 1
            default = self.expression("}")
            return default if value is None else value
        if rest.startswith("?"):
            self._position += 1
            reason = self.expression("}")
            if value is None:
                message = f"${name}: {reason or 'not set'}"
                raise InterpolationError(message)
            return value
        if (part := _PART.match(rest)) is not None:
            self._position += part.end()
            return _cut(self._value(name), int(part[1]), part[2])
        return self._value(name)

    def _name(self) -> str:
        match = _NAME.match(self._text, self._position)
        if match is None:
            message = (
                f"after the dollar sign a name was expected, not"
                f" {self._text[self._position : self._position + 1]!r}: a dollar sign"
                " that is none of a variable has to be doubled"
            )
            raise InterpolationError(message)
        self._position = match.end()
        return match[0]

    def _value(self, name: str) -> str:
        value = self._variables.get(name)
        if value is None:
            message = f"the variable {name} is not set"
            raise InterpolationError(message)
        return value


def _cut(value: str, offset: int, length: str | None) -> str:
    """Return a part of a value, by a shell's rules for ``${NAME:offset:length}``."""
    start = max(offset + len(value), 0) if offset < 0 else min(offset, len(value))
    if length is None:
        return value[start:]
    count = int(length)
    stop = start + count if count >= 0 else max(len(value) + count, start)
    return value[start:stop]
