"""What is to be run where a program of the repository's own migrates."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import shutil
import sys
import typing as typ

import attrs

from pytest_userstate.domain.errors import ConfigurationError, MigrationError
from pytest_userstate.outbound.migrations.layout import Options, label, upward

Tool = typ.Literal["alembic", "django", "flask"]


@attrs.frozen
class Interpreter:
    """A Python of the repository's."""

    # The program.
    path: pathlib.Path
    # How messages name it in a command.
    command: str
    # How they name it otherwise.
    described: str
    # Another one of the repository that has the tool, to be suggested.
    alternative: str = ".venv/bin/python"


@attrs.frozen(kw_only=True)
class Program:
    """A program that brings a database up to date."""

    # What is started, and its arguments; where it is watched from inside, the tool's
    # arguments only.
    arguments: tuple[str, ...]
    # The command as people would type it.
    command: str
    # Where it is run.
    folder: pathlib.Path
    # The tool whose migrations are watched from inside, one by one.
    watched: Tool | None = None
    # The repository's Python that runs the tool.
    python: Interpreter | None = None
    # The variables that are configured for it: see `environment`.
    environment: cabc.Mapping[str, typ.Any] = attrs.field(factory=dict, repr=False)
    # Those among them that nobody has configured, and its settings asked for.
    supplied: cabc.Mapping[str, typ.Any] = attrs.field(factory=dict, repr=False)


@attrs.frozen
class ProgramFile:
    """A file that the program reads: its path in the repository, and its bytes."""

    path: str
    data: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class ProgramPlan:
    """Migrations that a program applies, in an order that it alone knows."""

    # The layout's name.
    layout: str
    # What is run.
    program: Program
    # The repository: what paths are relative to.
    base: pathlib.Path
    # The file that says that the program is there; empty where there is none.
    project_file: str = ""
    # The migrations, where all of them are files of the repository.
    migrations: tuple[ProgramFile, ...] = ()
    # What else decides about what is done, as far as that is known.
    others: tuple[ProgramFile, ...] = ()
    # The path to name where it is not known which migration did a thing.
    origin: str = ""
    # The tables in which the tool keeps its own records.
    bookkeeping_tables: frozenset[str] = frozenset()
    # The revision that is asked for.
    target: str = ""
    # What a careful reader should know.
    warnings: tuple[str, ...] = ()


_FOLDERS = (".venv", "venv", "env")


def interpreter(
    package: str, *, configured: str, folder: pathlib.Path, base: pathlib.Path
) -> Interpreter:
    """Return the Python that runs a tool.

    In this order: the one that is configured; the one that runs the audit, if it is
    active or the repository's, and the tool is installed for it; the active virtual
    environment, and those beside the tool's own file or above it, up to the
    repository's root. If none has the tool it is the one that runs the audit, and
    running it says what is missing.
    """
    if configured:
        return _configured(configured, base)
    there = _in_environments(package, folder, base)
    if there is not None and not (_is_active(base) and _is_installed_here(package)):
        return there
    ours = Interpreter(
        pathlib.Path(sys.executable), "python", "the Python that runs pytest"
    )
    return ours if there is None else attrs.evolve(ours, alternative=there.command)


def _in_environments(
    package: str, folder: pathlib.Path, base: pathlib.Path
) -> Interpreter | None:
    """Return the first Python of a virtual environment that has the tool."""
    for environment in _environments(folder, base):
        python = environment / "bin" / "python"
        if python.exists() and _has(environment, package):
            return _elsewhere(python, label(python, base))
    return None


def _configured(configured: str, base: pathlib.Path) -> Interpreter:
    path = base / configured
    if "/" not in configured:
        program = shutil.which(configured)
        path = path if program is None else pathlib.Path(program)
    if path.is_file() and os.access(path, os.X_OK):
        return _elsewhere(path, configured)
    message = (
        f"userstate.toml: `migrations.python` is {configured!r}, but there is no such"
        " program.\nIt is the Python that the migrations' tool is installed for: a"
        " path relative to\nthe configuration file, such as .venv/bin/python, or a name"
        " to look up in PATH."
    )
    raise ConfigurationError(message, file="userstate.toml", key="migrations.python")


def _elsewhere(path: pathlib.Path, name: str) -> Interpreter:
    return Interpreter(path, name, name)


def _is_active(base: pathlib.Path) -> bool:
    """Whether the environment that runs the audit is active, or the repository's."""
    ours = pathlib.Path(sys.prefix)
    return str(ours) == os.environ.get("VIRTUAL_ENV") or base in ours.parents


def _is_installed_here(package: str) -> bool:
    """Judge by the installed distributions: a folder of the name proves nothing."""
    import importlib.metadata  # noqa: PLC0415 - as in its callers, it costs time

    try:
        importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _environments(
    folder: pathlib.Path, base: pathlib.Path
) -> cabc.Iterator[pathlib.Path]:
    active = os.environ.get("VIRTUAL_ENV")
    if active and active != sys.prefix:
        yield pathlib.Path(active)
    for place in upward(folder, base):
        for name in _FOLDERS:
            yield place / name


def _has(environment: pathlib.Path, package: str) -> bool:
    return any(environment.glob(f"lib/python*/site-packages/{package}/__init__.py"))


def read_program_file(file: pathlib.Path, base: pathlib.Path) -> ProgramFile:
    """Read a file that a program reads; its path is relative to `base`."""
    path = label(file, base)
    try:
        return ProgramFile(path, file.read_bytes())
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise MigrationError(message, path=path) from error


def environment_of(options: Options) -> dict[str, typ.Any]:
    """Return the variables that are configured for a program, once checked."""
    configured = options.table("environment")
    if configured:
        # Imported here, since every search for migrations imports this module.
        from pytest_userstate.outbound.migrations.programs.environment import (  # noqa: PLC0415
            check_configured,
        )

        check_configured(configured, os.environ)
    return configured
