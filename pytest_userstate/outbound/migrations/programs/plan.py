"""What is to be run where a program of the repository's own migrates."""

from __future__ import annotations

import pathlib
import typing as typ

import attrs

Tool = typ.Literal["alembic", "django"]


@attrs.frozen
class Interpreter:
    """A Python of the repository's.

    Parameters
    ----------
    path : Path
        The program.
    shown : str
        How messages name it in a command.
    described : str
        How they name it otherwise.
    alternative : str
        Another one of the repository that has the tool, to be suggested.
    """

    path: pathlib.Path
    shown: str
    described: str
    alternative: str = ".venv/bin/python"


@attrs.frozen(kw_only=True)
class Program:
    """A program that brings a database up to date.

    Parameters
    ----------
    arguments : tuple of str
        What is started, and its arguments; where it is watched from inside, the
        tool's arguments only.
    shown : str
        The command as people would type it.
    folder : Path
        Where it is run.
    watched : str or None
        The tool whose migrations are watched from inside, one by one.
    python : Interpreter or None
        The repository's Python that runs the tool.
    """

    arguments: tuple[str, ...]
    shown: str
    folder: pathlib.Path
    watched: Tool | None = None
    python: Interpreter | None = None


@attrs.frozen
class ProgramFile:
    """A file that the program reads: its path in the repository, and its bytes."""

    path: str
    data: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class ProgramPlan:
    """Migrations that a program applies, in an order that it alone knows.

    Parameters
    ----------
    layout : str
        The layout's name.
    program : Program
        What is run.
    migrations : tuple of ProgramFile
        The migrations, where all of them are files of the repository.
    others : tuple of ProgramFile
        What else decides about what is done, as far as that is known.
    base : Path
        The repository: what paths are relative to.
    project_file : str
        The file that says that the program is there; empty where there is none.
    origin : str
        The path to name where it is not known which migration did a thing.
    bookkeeping_tables : frozenset of str
        The tables in which the tool keeps its own records.
    target : str
        The revision that is asked for.
    warnings : tuple of str
        What a careful reader should know.
    """

    layout: str
    program: Program
    base: pathlib.Path
    project_file: str = ""
    migrations: tuple[ProgramFile, ...] = ()
    others: tuple[ProgramFile, ...] = ()
    origin: str = ""
    bookkeeping_tables: frozenset[str] = frozenset()
    target: str = ""
    warnings: tuple[str, ...] = ()
