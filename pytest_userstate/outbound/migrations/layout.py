"""What a migration tool's layout is, and how its files are read.

A tool is one module with a `LAYOUT` of this protocol and one line in
`registry`; nothing else knows it.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import os
import pathlib
import re
import types
import typing as typ

import attrs

from pytest_userstate.application.configuration import configuration_error
from pytest_userstate.application.wording import nearest
from pytest_userstate.domain.errors import ConfigurationError, MigrationError
from pytest_userstate.outbound.migrations.plan import Migration, Piece, Plan

if typ.TYPE_CHECKING:
    from pytest_userstate.domain.drafts import DraftFile
    from pytest_userstate.outbound.migrations.next_files import NewMigration
    from pytest_userstate.outbound.migrations.programs.plan import ProgramPlan


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


_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UNTIDY = re.compile(r"//|/\.\.?(?:/|$)")
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


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
        `UsageError` when it cannot be read, or names one that is not there.
    """

    name: str
    folder: cabc.Callable[[pathlib.Path, pathlib.Path], pathlib.Path | None]


@attrs.frozen
class Manifest:
    """A file of a project that may name the tool, but not its folder.

    Parameters
    ----------
    name : str
        The file's name, such as ``Cargo.toml``.
    sign : str
        A pattern that is found in it where the project uses the tool; ``^`` and
        ``$`` match at each line.
    """

    name: str
    sign: str


class Confidence(enum.IntEnum):
    """How sure it is that a folder is of a layout.

    NONE
        It is not.
    POSSIBLE
        The files could be the tool's, and others' as well: taken only where the
        project's own files name the tool.
    FALLBACK
        Taken where nothing names a tool: plain SQL.
    CERTAIN
        By names or markers that say so.
    """

    NONE = 0
    POSSIBLE = 1
    FALLBACK = 2
    CERTAIN = 3


@typ.runtime_checkable
class Layout(typ.Protocol):
    """How one tool names, orders and sections its migration files."""

    @property
    def name(self) -> str:
        """The layout's name, as in ``tool = "…"``."""

    @property
    def expects(self) -> str:
        """What a folder of this layout holds, in a few words for messages."""

    @property
    def project_files(self) -> tuple[ProjectFile, ...]:
        """The tool's own files that say where migrations are, if it has any."""

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """Files of a project that name this tool if it is used."""

    @property
    def options(self) -> tuple[Option, ...]:
        """The settings that this layout has beside ``path`` and ``tool``."""

    @property
    def takes_a_file(self) -> bool | None:
        """Whether the path is a file, or a folder; None if it may be either."""

    @property
    def needs_a_path(self) -> bool:
        """Whether there is something to search for where no path is named."""

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Judge how much a folder (or a file) looks like one of this tool."""

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = ...
    ) -> Plan | ProgramPlan:
        """Read the folder or file; paths in the plan are relative to `base`.

        Raises
        ------
        UserStateError
            When the tool would refuse the folder, or could not read a file.
        """


class LayoutDefaults:
    """What most layouts answer: a folder, without options, named nowhere."""

    project_files: tuple[ProjectFile, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    options: tuple[Option, ...] = ()
    takes_a_file: bool | None = False
    needs_a_path = True

    def next_files(self, new: NewMigration) -> tuple[DraftFile, ...]:
        """Return the files of the next migration: here the SQL alone."""
        return new.plain()


_TO_BLANK = re.compile(r"[^\n]")


def masked(text: str, kept: cabc.Iterable[Piece]) -> str:
    r"""Return the text with spaces for all but the pieces kept; line ends stay.

    >>> masked("-- up\nA;\n-- down\nB;", [(6, 9)])
    '     \nA;\n       \n  '
    """
    parts, position = [], 0
    for start, end in kept:
        parts += [_TO_BLANK.sub(" ", text[position:start]), text[start:end]]
        position = end
    parts.append(_TO_BLANK.sub(" ", text[position:]))
    return "".join(parts)


def label(path: str | os.PathLike[str], base: str | os.PathLike[str]) -> str:
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
        entries = _entries(folder)
    except OSError as error:
        message = f"{path} cannot be listed: {error.strerror}."
        raise MigrationError(message, path=path) from error
    for entry in filter(_leads_to_itself, entries):
        name = f"{path}/{entry.name}"
        message = f"{name} cannot be read: it is a symbolic link that leads to itself."
        raise MigrationError(message, path=name)
    return entries


def visible(folder: pathlib.Path) -> list[os.DirEntry[str]]:
    """Return what a folder holds, by name, without dot files and without errors."""
    try:
        entries = _entries(folder)
    except OSError:
        return []
    return [
        entry
        for entry in entries
        if not (entry.name.startswith(".") or _leads_to_itself(entry))
    ]


def _entries(folder: pathlib.Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _leads_to_itself(entry: os.DirEntry[str]) -> bool:
    """Whether a link goes in circles, which asking what it is would raise."""
    if not entry.is_symlink():
        return False
    try:
        entry.is_dir()
    except OSError:
        return True
    return False


def read_sql(file: str | os.PathLike[str], path: str) -> str:
    """Read a SQL file as text, line ends untouched, without a byte order mark.

    Parameters
    ----------
    file : path
        The file to read.
    path : str
        How messages name it.

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
    data = data.removeprefix(_BYTE_ORDER_MARK)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _undecodable(path, data, error) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        message = (
            f"{path}:{line}: the file holds a zero byte (at byte "
            f"{data.index(0)}), which no SQL can contain.\n"
            "Was it saved as UTF-16, or is it not a text file at all?"
        )
        raise MigrationError(message, path=path, line=line)
    return text


def _undecodable(path: str, data: bytes, error: UnicodeDecodeError) -> MigrationError:
    line = data.count(b"\n", 0, error.start) + 1
    encoding = "UTF-16" if data.startswith(_UTF_16_MARKS) else "ISO-8859-1"
    message = (
        f"{path}:{line}: the file is not UTF-8: there is a byte"
        f" 0x{data[error.start]:02x} at offset {error.start}.\n"
        "Migrations are sent to the server as UTF-8. Convert the file, for instance\n"
        f"with: iconv -f {encoding} -t UTF-8 (if that is what it was written in)."
    )
    return MigrationError(message, path=path, line=line)


_SPLIT = re.compile(r"[-_.]+")
_MOST_NAMES = 5  # in one warning
WAYS_BACK = "down|undo|rollback|revert|backward|backout|unapply"
"""The words for a way back in the name of a file, as a pattern."""
_WAY_BACK = re.compile(rf"\.(?:{WAYS_BACK})\.", re.IGNORECASE)
POSTGRESQL = frozenset({"pg", "pgsql", "postgre", "postgres", "postgresql", "psql"})
OTHER_ENGINES = frozenset(
    {
        *("cassandra", "clickhouse", "cockroach", "cockroachdb", "crdb", "derby"),
        *("duckdb", "h2", "hsqldb", "libsql", "mariadb", "mongo", "mongodb", "mssql"),
        *("mysql", "oracle", "scylla", "spanner", "sqlite", "sqlite3", "sqlserver"),
        *("turso", "ydb"),
    }
)


def tokens_of(name: str) -> set[str]:
    """Return the words of a name, and the name without what separates them."""
    parts = _SPLIT.split(name.lower())
    return {*parts, "".join(parts)}


def is_way_back(name: str) -> bool:
    """Whether a file is named as a way back, such as ``x.down.sql``."""
    return _WAY_BACK.search(name) is not None


def other_engines(name: str) -> set[str]:
    """Return the other databases that a name is for, such as ``x.mysql.up.sql``."""
    return set(name.lower().split(".")[1:-1]) & OTHER_ENGINES


def refuse_duplicates(
    migrations: cabc.Iterable[Migration], tool: str, folder: str
) -> None:
    """Refuse two migrations of one version."""
    seen: dict[str, Migration] = {}
    for migration in migrations:
        one = seen.setdefault(migration.version, migration)
        if one is not migration:
            message = (
                f"{one.path}\nand {migration.path}\nhave the same version,"
                f" {migration.version}, which {tool} refuses. Rename one of the files."
                "\nIf another program applies them, in the order of their names:\n"
                f'migrations = {{ path = "{folder}", tool = "plain" }}'
            )
            raise MigrationError(message, path=migration.path)


def left_out(
    paths: cabc.Sequence[str], reason: str, reason_of_several: str = ""
) -> cabc.Iterator[str]:
    """Yield one warning for all files that are left out for one reason."""
    if len(paths) == 1:
        yield f"{paths[0]} is left out: {reason}."
    elif paths:
        yield f"{_listed(paths)} are left out: {reason_of_several or reason}."


def _listed(paths: cabc.Sequence[str]) -> str:
    names = ", ".join(paths[:_MOST_NAMES])
    more = len(paths) - _MOST_NAMES
    return f"{names}, and {more:,} more" if more > 0 else names


def left_out_programs(paths: cabc.Sequence[str], tool: str) -> cabc.Iterator[str]:
    """Yield the warning about migrations that are programs, if there are any."""
    if paths:
        are, them = ("is", "it") if len(paths) == 1 else ("are", "them")
        yield (
            f"{_listed(paths)} {are} left out: {tool} applies SQL, and {them} only a"
            f" program can run. Columns, tables and rows made by {them} are not in the"
            " audited schema: a check that misses one of these may be wrong. Apply all"
            " migrations with the project's own program and audit that database:"
            ' --userstate-dsn, or name the program: command = ["…"].'
        )


def upward(path: pathlib.Path, base: pathlib.Path) -> tuple[pathlib.Path, ...]:
    """Return a folder and those above it, up to the base; else the two nearest."""
    above = (path, *path.parents)
    return above[: above.index(base) + 1] if base in above else above[:2]


def settings_text(file: pathlib.Path, base: pathlib.Path) -> str:
    """Read a file of a project's settings; raise a ConfigurationError if it fails."""
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        path = label(file, base)
        message = f"{path} cannot be read: {error}."
        raise ConfigurationError(message, file=path) from error


def text_of(file: str | os.PathLike[str]) -> str:
    """Return the text of a file; nothing if it cannot be read."""
    try:
        return pathlib.Path(file).read_text("utf-8", errors="replace")
    except OSError:
        return ""
