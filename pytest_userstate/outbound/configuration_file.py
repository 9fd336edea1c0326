"""Finding and parsing the configuration file."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import re
import tomllib
import typing as typ

import attrs

from pytest_userstate.application.settings import (
    CONFIGURATION_FILE,
    KEYS,
    PYPROJECT,
    SHARED_TABLE,
    TABLES,
    Home,
)
from pytest_userstate.domain.errors import ConfigurationError

_PREFIX: typ.Final = SHARED_TABLE
_STRAY: typ.Final = re.compile(
    rf"^[ \t]*(?:\[\[?[ \t]*(?:{'|'.join(TABLES)})\b[^\n#]*"
    rf"|(?:{'|'.join(KEYS)})[ \t]*=)",
    re.MULTILINE,
)
"""A line that would be ours in ``userstate.toml``."""
_PLACE: typ.Final = re.compile(r" \(at line (\d+), column (\d+)\)$")
_REPOSITORY_MARKS: typ.Final = (".git", ".hg", ".jj", ".svn")


@attrs.frozen(kw_only=True)
class ConfigurationFile:
    """A parsed configuration file."""

    path: pathlib.Path
    label: str
    """The file as the user would type it."""
    prefix: str
    """The key of our table in it; empty if the file is all ours."""
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
    """Return the nearest configuration from `start` upward to `root`, or None."""
    for folder in (start, *start.parents):
        files = [
            file
            for name in (CONFIGURATION_FILE, PYPROJECT)
            if (file := _read(folder / name, start)) is not None
        ]
        if len(files) > 1:
            message = (
                f"both {files[0].label} and [{_PREFIX}] in {files[1].label} configure "
                "the audit: keep one of them"
            )
            raise ConfigurationError(message, file=files[0].label)
        if files:
            return files[0]
        if folder == root:
            return None
    return None


def future_home(folder: pathlib.Path, start: pathlib.Path) -> Home:
    """Return the file in a folder that a new configuration is written to.

    That is `pyproject.toml` if other tools are configured there.
    """
    try:
        shared = tomllib.loads((folder / PYPROJECT).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        shared = {}
    if "tool" in shared:
        return Home(_label(folder / PYPROJECT, start), SHARED_TABLE)
    return Home(_label(folder / CONFIGURATION_FILE, start))


def read_configuration(path: pathlib.Path, start: pathlib.Path) -> ConfigurationFile:
    """Return the configuration that the command line names."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        message = f"--userstate-config={_label(path, start)}: {what}; expected a file"
        raise ConfigurationError(message, file=_label(path, start))
    file = _read(path, start)
    if file is None:
        message = f"{_label(path, start)} has no table [{_PREFIX}]"
        raise ConfigurationError(message, file=_label(path, start))
    return file


def configuration_of(
    table: cabc.Mapping[str, object], root: pathlib.Path
) -> ConfigurationFile:
    """Return a configuration that a repository's fixture gives as a mapping."""
    label = "userstate_configuration"
    return ConfigurationFile(path=root / label, label=label, prefix="", table=table)


def _read(path: pathlib.Path, start: pathlib.Path) -> ConfigurationFile | None:
    if not path.is_file():
        return None
    label = _label(path, start)
    shared = path.name == PYPROJECT
    try:
        # Editors on Windows may begin a file with a byte order mark.
        text = path.read_bytes().decode("utf-8").removeprefix("\ufeff")
        # Parsing costs milliseconds: a pyproject.toml that never mentions us
        # cannot configure us.
        if shared and "userstate" not in text and not _STRAY.search(text):
            return None
        table: typ.Any = tomllib.loads(text)
    except OSError as error:
        message = f"{label} cannot be read: {error.strerror}"
        raise ConfigurationError(message, file=label) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = f"{label}:{line}: not UTF-8, which TOML has to be"
        raise ConfigurationError(message, file=label) from error
    except tomllib.TOMLDecodeError as error:
        message = _invalid(label, str(error))
        raise ConfigurationError(message, file=label) from error
    except RecursionError as error:
        message = f"{label} cannot be read: its values are nested too deeply"
        raise ConfigurationError(message, file=label) from error
    if not shared:
        return ConfigurationFile(path=path, label=label, prefix="", table=table)
    _refuse_stray(table, text, label)
    ours = table.get("tool", {}).get("userstate")
    if ours is None:
        return None
    if not isinstance(ours, dict):
        message = f"{label}: `{_PREFIX}` is {ours!r}; expected a table"
        raise ConfigurationError(message, file=label, key=_PREFIX)
    return ConfigurationFile(path=path, label=label, prefix=_PREFIX, table=ours)


def _refuse_stray(table: cabc.Mapping[str, object], text: str, label: str) -> None:
    """Refuse the audit's keys at the top level of a shared file: they do nothing."""
    stray = [key for key in (*TABLES, *KEYS) if key in table]
    if not stray:
        return
    lines = []
    for found in _STRAY.finditer(text):
        written = found[0].strip()
        to_do = f"write {Home(label, _PREFIX).written(written)}"
        if not written.startswith("["):
            written = written.rstrip("= \t")
            to_do = f"write it under [{_PREFIX}]"
        line = text.count("\n", 0, found.start(0)) + 1
        lines.append(f"{label}:{line}: {written} is not read here; {to_do}")
    raise ConfigurationError("\n".join(lines), file=label, key=stray[0])


def _invalid(label: str, problem: str) -> str:
    """Return the message of a parser, with its place behind the file's name."""
    place = _PLACE.search(problem)
    if place is None:
        return f"{label} is not valid TOML: {problem}"
    fault = problem[: place.start()]
    return f"{label}:{place[1]}:{place[2]}: not valid TOML: {fault}"


def _label(path: pathlib.Path, start: pathlib.Path) -> str:
    return pathlib.Path(os.path.relpath(path, start)).as_posix()
