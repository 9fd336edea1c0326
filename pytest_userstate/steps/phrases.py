"""How steps are written: fixed words, and values in double quotes."""

from __future__ import annotations

import collections.abc as cabc
import inspect
import re
import typing as typ

F = typ.TypeVar("F", bound=cabc.Callable[..., None])


class Phrase:
    """The text of a step; ``"{name}"`` stands for a value in double quotes.

    A value holds no quotation mark, so no phrase can swallow a longer one.
    """

    def __init__(self, text: str, function: cabc.Callable[..., None]) -> None:
        """Keep the text, and what it means."""
        self.text = text
        self.function = function
        values = re.sub(r"\\{(\w+)\\}", r'(?P<\1>[^"]+)', re.escape(text))
        self._pattern = re.compile(values)

    @property
    def parameters(self) -> tuple[str, ...]:
        """What the function asks for: values, what stands beneath, and fixtures."""
        return tuple(inspect.signature(self.function).parameters)

    def values_in(self, step: str) -> dict[str, str] | None:
        """Return the values in a step, or None where it is another one."""
        match = self._pattern.fullmatch(step)
        return match.groupdict() if match else None


class Phrases(list[Phrase]):
    """The phrases of a module, in order; called with a text, a decorator adds one."""

    def __call__(self, text: str) -> cabc.Callable[[F], F]:
        """Return the decorator of the function that does what the text says."""

        def add(function: F) -> F:
            self.append(Phrase(text, function))
            return function

        return add
