"""What is to be run where a program of the repository's own migrates."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import typing as typ

import attrs

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
