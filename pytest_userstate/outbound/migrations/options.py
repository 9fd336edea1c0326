"""Settings that only one tool has, beside ``path`` and ``tool``.

``migrations = { path = "…", tool = "flyway", placeholders = { owner = "app" } }``
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import types
import typing as typ

import attrs

from pytest_userstate.application.configuration import configuration_error
from pytest_userstate.application.wording import nearest

_ALWAYS = ("path", "tool")


class OptionKind(enum.Enum):
    """What an option's value may be, in words for messages."""

    FLAG = "true or false"
    TEXT = "a string"
    TEXTS = "a list of strings"
    TABLE = "a table of strings"
    VARIABLES = 'a table of variables: each a string, or { from = "NAME" }'
    COMMAND = (
        'a list of the program and its arguments, such as ["make", "migrate"]: it is'
        " run without a shell"
    )


@attrs.frozen
class Option:
    """An option that a layout understands.

    Parameters
    ----------
    name : str
        The key, beside ``path`` and ``tool``.
    kind : OptionKind
        What its value may be.
    """

    name: str
    kind: OptionKind


@attrs.frozen
class Options:
    """The values that were given; each question has to fit the option's kind."""

    values: cabc.Mapping[str, typ.Any] = types.MappingProxyType({})

    def flag(self, name: str) -> bool:
        """Return what an option is set to, false if it is not set."""
        return bool(self.values.get(name, False))

    def text(self, name: str, default: str = "") -> str:
        """Return what an option is set to, else the default."""
        return str(self.values.get(name, default))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the strings that an option lists."""
        return tuple(self.values.get(name, ()))

    def table(self, name: str) -> dict[str, typ.Any]:
        """Return what an option gives by name."""
        return dict(self.values.get(name, {}))


NO_OPTIONS = Options()
ENVIRONMENT = Option("environment", OptionKind.VARIABLES)
"""The variables of a program that migrates."""


def options_of(
    values: cabc.Mapping[str, object],
    known: cabc.Iterable[Option],
    *,
    file: str,
    key: str,
    layout: str = "",
) -> Options:
    """Check the values against what a layout knows.

    Parameters
    ----------
    values : mapping
        As the configuration has them.
    known : iterable of Option
        What the layout understands.
    file, key : str
        Where the values are, for messages.
    layout : str
        The layout's name; empty while it is not known yet.

    Raises
    ------
    ConfigurationError
        Naming every option that is not known, or does not fit.
    """
    kinds = {option.name: option.kind for option in known}
    faults = []
    for name, value in values.items():
        if name not in kinds:
            of = f"option of the tool {layout}" if layout else "known key"
            problem = f"is no {of}; {nearest(name, (*_ALWAYS, *kinds))}"
            faults.append((f"{key}.{name}", problem))
        elif not _fits(value, kinds[name]):
            problem = f"is {value!r}; expected {kinds[name].value}"
            faults.append((f"{key}.{name}", problem))
    if faults:
        raise configuration_error(faults, file=file)
    return Options(values)


def _fits(value: object, kind: OptionKind) -> bool:
    match kind:
        case OptionKind.FLAG:
            return isinstance(value, bool)
        case OptionKind.TEXT:
            return isinstance(value, str)
        case OptionKind.TEXTS:
            return isinstance(value, list) and _are_texts(value)
        case OptionKind.COMMAND:
            return isinstance(value, list) and bool(value) and _are_texts(value)
        case OptionKind.TABLE:
            return isinstance(value, dict) and _are_texts(value.values())
        case OptionKind.VARIABLES:
            return isinstance(value, dict) and all(map(_is_variable, value.values()))


def _is_variable(value: object) -> bool:
    if isinstance(value, dict):
        return value.keys() == {"from"} and isinstance(value["from"], str)
    return isinstance(value, str)


def _are_texts(values: cabc.Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)
