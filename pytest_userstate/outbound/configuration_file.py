"""Finding and parsing the configuration file."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import re
import tomllib
import typing as typ

import attrs

from pytest_userstate.application.settings import CONFIGURATION_FILE
from pytest_userstate.domain.errors import ConfigurationError

PYPROJECT: typ.Final = "pyproject.toml"
_PREFIX: typ.Final = "tool.userstate"
_PLACE: typ.Final = re.compile(r" \(at line (\d+), column (\d+)\)$")
_REPOSITORY_MARKS: typ.Final = (".git", ".hg", ".jj", ".svn")


@attrs.frozen(kw_only=True)
class ConfigurationFile:
    """A parsed configuration file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    shown : str
        The file as the user would type it.
    prefix : str
        The key of our table in it; empty where the file is all ours.
    table : mapping
        What it says.
    """

    path: pathlib.Path
    shown: str
    prefix: str
    table: cabc.Mapping[str, object]


def repository_root(start: pathlib.Path, fallback: pathlib.Path) -> pathlib.Path:
    """Return the root of the repository that holds `start`.

    Where no folder above is under version control: `fallback` if `start` lies
    in it, else `start` itself.
    """
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in _REPOSITORY_MARKS):
            return folder
    return fallback if start.is_relative_to(fallback) else start


def find_configuration(
    start: pathlib.Path, root: pathlib.Path
) -> ConfigurationFile | None:
    """Return the nearest configuration from `start` upward to `root`, or None.

    Raises
    ------
    ConfigurationError
        When one folder holds two configurations, or one cannot be read.
    """
    for folder in (start, *start.parents):
        found = [
            file
            for name in (CONFIGURATION_FILE, PYPROJECT)
            if (file := _read(folder / name, start)) is not None
        ]
        if len(found) > 1:
            message = (
                f"both {found[0].shown} and [{_PREFIX}] in {found[1].shown} configure "
                "the audit: keep one of them"
            )
            raise ConfigurationError(message, file=found[0].shown)
        if found:
            return found[0]
        if folder == root:
            return None
    return None


def read_configuration(path: pathlib.Path, start: pathlib.Path) -> ConfigurationFile:
    """Return the configuration that the command line names.

    Raises
    ------
    ConfigurationError
        When there is no such file, or it cannot be read, or says nothing.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        message = f"--userstate-config {_shown(path, start)}: {what}; expected a file"
        raise ConfigurationError(message, file=_shown(path, start))
    file = _read(path, start)
    if file is None:
        message = f"{_shown(path, start)} has no table [{_PREFIX}]"
        raise ConfigurationError(message, file=_shown(path, start))
    return file


def configuration_of(
    table: cabc.Mapping[str, object], root: pathlib.Path
) -> ConfigurationFile:
    """Return a configuration that a repository's fixture gives as a mapping."""
    shown = "userstate_configuration"
    return ConfigurationFile(path=root / shown, shown=shown, prefix="", table=table)


def _read(path: pathlib.Path, start: pathlib.Path) -> ConfigurationFile | None:
    if not path.is_file():
        return None
    shown = _shown(path, start)
    shared = path.name == PYPROJECT
    try:
        text = path.read_bytes().decode("utf-8")
        # Parsing costs milliseconds: a pyproject.toml that never mentions us
        # cannot configure us.
        if shared and "userstate" not in text:
            return None
        table: typ.Any = tomllib.loads(text)
    except OSError as error:
        message = f"{shown} cannot be read: {error.strerror}"
        raise ConfigurationError(message, file=shown) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = f"{shown}:{line}: not UTF-8, which TOML has to be"
        raise ConfigurationError(message, file=shown) from error
    except tomllib.TOMLDecodeError as error:
        message = _invalid(shown, str(error))
        raise ConfigurationError(message, file=shown) from error
    except RecursionError as error:
        message = f"{shown} cannot be read: its values are nested too deeply"
        raise ConfigurationError(message, file=shown) from error
    if not shared:
        return ConfigurationFile(path=path, shown=shown, prefix="", table=table)
    ours = table.get("tool", {}).get("userstate")
    if ours is None:
        return None
    if not isinstance(ours, dict):
        message = f"{shown}: `{_PREFIX}` is {ours!r}; expected a table"
        raise ConfigurationError(message, file=shown, key=_PREFIX)
    return ConfigurationFile(path=path, shown=shown, prefix=_PREFIX, table=ours)


def _invalid(shown: str, problem: str) -> str:
    """Return the message of a parser, with its place behind the file's name."""
    place = _PLACE.search(problem)
    if place is None:
        return f"{shown} is not valid TOML: {problem}"
    fault = problem[: place.start()]
    return f"{shown}:{place[1]}:{place[2]}: not valid TOML: {fault}"


def _shown(path: pathlib.Path, start: pathlib.Path) -> str:
    return pathlib.Path(os.path.relpath(path, start)).as_posix()
