"""What a migration tool's layout is, and how its files are read.

A tool is one module with one class of this protocol and one line in
`registry`; nothing else knows it.
"""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import re
import typing as typ

import attrs

from pytest_userstate.domain.errors import MigrationError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UNTIDY = re.compile(r"//|/\.\.?(?:/|$)")
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@attrs.frozen(kw_only=True)
class Migration:
    """One step: a file that is sent to the server as one batch.

    Parameters
    ----------
    version : str
        What the tool calls it.
    path : str
        The file, relative to the audited repository, with forward slashes.
    sql : str
        What is sent, exactly.
    in_transaction : bool
        Whether the runner opens a transaction around the batch. If not, the
        server's own rule holds: several statements of one batch that do not
        control transactions themselves are one implicit transaction.
    record : tuple or None
        The statement, with its parameters, by which the tool remembers that it
        has applied the migration; run after the batch, in its transaction.
    """

    version: str
    path: str
    sql: str
    in_transaction: bool = True
    record: tuple[str, tuple[str, ...]] | None = None


@attrs.frozen(kw_only=True)
class Plan:
    """All migrations of a folder in the order in which its tool applies them.

    Parameters
    ----------
    layout : str
        The layout's name.
    migrations : tuple of Migration
        In order.
    prepare : str
        What the tool does to the database before the first migration.
    bookkeeping_tables : frozenset of str
        The tables in which the tool keeps its own records.
    restores_search_path : bool
        Whether the tool puts ``search_path`` back after each migration.
    separate_sessions : bool
        Whether each migration starts with the settings of a new session.
    advice_on_transactions : str
        How, in this layout, a migration leaves its transaction.
    warnings : tuple of str
        What a careful reader should know about these files.
    """

    layout: str
    migrations: tuple[Migration, ...]
    prepare: str = ""
    bookkeeping_tables: frozenset[str] = frozenset()
    restores_search_path: bool = False
    separate_sessions: bool = False
    advice_on_transactions: str = ""
    warnings: tuple[str, ...] = ()


@attrs.frozen
class ProjectFile:
    """A file of the tool's own that says where its migrations are.

    Parameters
    ----------
    name : str
        The file's name.
    folder : callable
        Takes the file and the folder that messages are relative to, returns the
        migrations folder, or None where the file names none. Raises a
        `UsageError` where it cannot be read, or names one that is not there.
    """

    name: str
    folder: cabc.Callable[[pathlib.Path, pathlib.Path], pathlib.Path | None]


class Layout(typ.Protocol):
    """How one tool names, orders and sections its migration files."""

    @property
    def name(self) -> str:
        """The layout's name, as in ``layout = "…"``."""

    @property
    def expects(self) -> str:
        """What a folder of this layout holds, in a few words for messages."""

    @property
    def project_files(self) -> tuple[ProjectFile, ...]:
        """The tool's own files that say where migrations are, if it has any."""

    def recognizes(self, folder: pathlib.Path) -> bool:
        """Tell whether the folder holds migrations of this tool."""

    def load(self, folder: pathlib.Path, base: pathlib.Path) -> Plan:
        """Read the folder; paths in the plan are relative to `base`.

        Raises
        ------
        UserStateError
            When the tool would refuse the folder, or could not read a file.
        """


def shown(path: str | os.PathLike[str], base: str | os.PathLike[str]) -> str:
    """Return the path as reports show it: relative to `base`, forward slashes."""
    whole, start = os.fspath(path), f"{os.fspath(base)}/"
    if whole.startswith(start) and not _UNTIDY.search(whole):  # nearly always
        relative = whole[len(start) :]
    else:
        relative = pathlib.Path(os.path.relpath(path, base)).as_posix()
    if relative.isascii():
        return relative
    return relative.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def listing(folder: pathlib.Path, path: str) -> list[os.DirEntry[str]]:
    """Return what a folder holds, by name.

    Raises
    ------
    MigrationError
        When it cannot be listed; `path` is how the message names it.
    """
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        message = f"{path} cannot be listed: {error.strerror}."
        raise MigrationError(message, path=path) from error


def visible(folder: pathlib.Path) -> list[os.DirEntry[str]]:
    """Return what a folder holds, by name, without dot files and without errors."""
    try:
        found = listing(folder, str(folder))
    except MigrationError:
        return []
    return [entry for entry in found if not entry.name.startswith(".")]


def read_sql(
    file: str | os.PathLike[str], path: str, *, strips_byte_order_mark: bool = True
) -> str:
    r"""Read a SQL file as text, line ends untouched.

    Parameters
    ----------
    file : path
        The file to read.
    path : str
        How messages name it.
    strips_byte_order_mark : bool
        Whether a UTF-8 byte order mark is left out, as psql leaves it out. For
        the server it is part of a word: a tool that sends the file as it is
        gets a syntax error, and so does its user here.

    Raises
    ------
    MigrationError
        When the file cannot be read, is not UTF-8, or holds a zero byte.
    """
    try:
        data = pathlib.Path(file).read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise MigrationError(message, path=path) from error
    if data.startswith(_BYTE_ORDER_MARK):
        if not strips_byte_order_mark:
            raise _marked(path)
        data = data.removeprefix(_BYTE_ORDER_MARK)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _undecodable(path, data, error) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        message = (
            f"{path}, line {line}: the file holds a zero byte (at byte "
            f"{data.index(0)}), which no SQL can contain.\n"
            "Was it saved as UTF-16, or is it not a text file at all?"
        )
        raise MigrationError(message, path=path, line=line)
    return text


def _marked(path: str) -> MigrationError:
    message = (
        f"{path} starts with a UTF-8 byte order mark.\n"
        "This layout's tool sends the file to PostgreSQL as it is, which takes the\n"
        "mark for part of a word and refuses it as a syntax error.\n"
        "Save the file as UTF-8 without a byte order mark."
    )
    return MigrationError(message, path=path, line=1)


def _undecodable(path: str, data: bytes, error: UnicodeDecodeError) -> MigrationError:
    line = data.count(b"\n", 0, error.start) + 1
    encoding = "UTF-16" if data.startswith(_UTF_16_MARKS) else "ISO-8859-1"
    message = (
        f"{path}, line {line}: the file is not UTF-8: there is a byte"
        f" 0x{data[error.start]:02x} at offset {error.start}.\n"
        "Migrations are sent to the server as UTF-8. Convert the file, for instance\n"
        f"with: iconv -f {encoding} -t UTF-8 (if that is what it was written in)."
    )
    return MigrationError(message, path=path, line=line)
