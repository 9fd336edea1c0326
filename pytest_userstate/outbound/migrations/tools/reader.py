"""The one reader of migrations that are SQL files; a tool is a row of `rules`.

A row says which files a tool takes for migrations, in which order it runs them, what
of a file it sends and how, and what its own table holds.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import itertools
import json
import os
import pathlib
import re
import typing as typ

import attrs

from pytest_userstate.domain.converters import identifier
from pytest_userstate.domain.errors import MigrationError, TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    POSTGRESQL,
    Confidence,
    LayoutDefaults,
    Manifest,
    Option,
    OptionKind,
    Options,
    ProjectFile,
    is_way_back,
    label,
    left_out,
    left_out_programs,
    listing,
    masked,
    other_engines,
    read_sql,
    refuse_duplicates,
    text_of,
    tokens_of,
    visible,
)
from pytest_userstate.outbound.migrations.plan import (
    Batch,
    Command,
    Migration,
    Mode,
    Piece,
    Plan,
)

if typ.TYPE_CHECKING:
    from pytest_userstate.domain.drafts import DraftFile
    from pytest_userstate.outbound.migrations.next_files import NewMigration

_MOST_READ = 10  # files of a folder that are searched for the sign of a tool
_DIGITS = re.compile(r"([0-9]+)")
_BUILD_FILES = (
    *("Cargo.toml", "go.mod", "package.json", "pyproject.toml", "pom.xml"),
    *("build.gradle", "build.gradle.kts", "build.sbt"),
)
_OF_THE_JVM = "/src/main/resources"
# By the order of the root collation, before the digits.
_PUNCTUATION = {
    ord(mark): chr(at) for at, mark in enumerate(" _-,;:!?.'()[]{}@*&#%+~$")
}
TABLE = Option("table", OptionKind.TEXT)
FOLDERS = Option("folders", OptionKind.TEXTS)
VARIABLES = Option("variables", OptionKind.TABLE)
MULTI_STATEMENT = Option("multi_statement", OptionKind.FLAG)


class Order(enum.Enum):
    """By what a tool sorts its migrations."""

    NUMBER = "the version as a number"
    VERSION = "the version as a text"
    NAME = "the name of the file"
    NATURAL = "the name of the file, with its digits as numbers"
    LOCALE = "the name, as localeCompare of JavaScript sorts names"


@attrs.frozen
class SqlFile:
    """A file that a tool takes for a migration, and what its name says."""

    file: pathlib.Path
    path: str
    name: str
    version: str
    title: str

    def key(self, order: Order) -> object:
        """Return what the file is sorted by."""
        match order:
            case Order.NUMBER:
                return int(self.version), self.name
            case Order.VERSION:
                return self.version, self.name
            case Order.NAME:
                return self.name
            case Order.NATURAL:
                parts = _DIGITS.split(self.version)
                return [int(p) if p.isdecimal() else p for p in parts], self.name
            case Order.LOCALE:
                return locale_key(self.name)


@attrs.frozen(kw_only=True, slots=False, eq=False)
class SqlLayout(LayoutDefaults):
    """The rules of one tool."""

    name: str
    expects: str

    # Which files are migrations, and in which order.
    names: str
    """A pattern of their names. Groups: `version` (else the name), and `title`."""
    script: str = ""
    """The file in the folder of each migration, if migrations are folders."""
    is_recursive: bool = False
    order: Order = Order.NUMBER
    strips_hyphens: bool = False
    """Whether a hyphen in a version does not count."""
    takes_all: bool = False
    """Whether names such as x.down.sql and x.mysql.sql are migrations, too."""
    programs: str = ""
    """A pattern of the names of migrations that are programs, which are left out."""

    # By what a folder is recognized.
    by_names: Confidence = Confidence.NONE
    """What the names of files alone make of it."""
    sign: str = ""
    """A line that only this tool's files have; else `up` and `down` are."""
    sign_file: str = ""
    by_sign: Confidence = Confidence.CERTAIN
    can_be_plain: bool = False
    """Whether its files do no harm if they are run one after the other."""
    home: str = ""
    """The build file that is the nearest one above the folder."""
    project_files: tuple[ProjectFile, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    options: tuple[Option, ...] = (TABLE,)

    # What is sent of a file.
    up: str = ""
    """Begins a line from which on the text is sent; without it, all is sent."""
    down: str = ""
    """Begins a line that ends it."""
    needs_up: bool = True
    """Whether nothing is sent of a file without a line as in `up`, or all of it."""
    variable: str = ""
    """A pattern of what is replaced; groups: `name`, and `default` or `escape`."""
    variables: cabc.Mapping[str, str] = attrs.field(factory=dict)
    variables_option: str = "variables"
    """The setting that gives further ones."""
    has_variables: str = ""
    """Begins a line without which nothing is replaced in a file."""
    mode: Mode = Mode.WHOLE
    in_transaction: bool = True
    untransacted: str = ""
    """Begins a line of a file that runs outside of a transaction."""
    untransacted_names: str = ""
    """A pattern of the names of such files."""
    settings: str = ""
    """The file beside a script in which that line is."""
    tolerates_commit: bool = False
    separate_sessions: bool = False
    restores_search_path: bool = False
    advice_on_transactions: str = ""
    form: str | None = ""
    """A new file, with places for `{up}`, `{down}`, and `{last}`, the file before it.

    Empty if it is the SQL alone; None if a new file is not enough.
    """

    # What the tool notes: `$1` is the version, `$2` the title, `$3` the file's name.
    table: str
    columns: str
    setup: str = ""
    """Statements before its table is made, each with a semicolon."""
    made_by: str = ""
    """Text of a migration that makes the tool's table itself."""
    first_row: str = ""
    before: tuple[str, ...] = ()
    record: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Judge by the names, the text of the first files, and the tool's own file."""
        if self.home and not _is_below(path, self.home):
            return Confidence.NONE
        entries = visible(path)
        if self.is_recursive:
            below = (entry for entry in entries if entry.is_dir(follow_symlinks=False))
            inner = [visible(pathlib.Path(entry.path)) for entry in below]
            entries = [*entries, *itertools.chain.from_iterable(inner)]
        files = self._files(entries, path)
        if not files:
            return Confidence.NONE
        if self.sign_file and (path / self.sign_file).is_file():
            return self.by_sign
        first = self._sorted(files)[:_MOST_READ]
        is_signed = self.signs and any(
            _line(self.signs).search(text_of(file.file)) for file in first
        )
        return self.by_sign if is_signed else self.by_names

    def next_files(self, new: NewMigration) -> tuple[DraftFile, ...]:
        """Return the files of the next migration, with a version that is one higher."""
        return new.plain() if self.form is None else new.numbered(self.form)

    @property
    def signs(self) -> str:
        """A pattern of how the lines begin that only this tool's files have."""
        return self.sign or "|".join(filter(None, (self.up, self.down)))

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read what goes up, in the tool's order."""
        folders = _folders(path, base, options.texts("folders"))
        entries = [entry for folder in folders for entry in self._entries(folder, base)]
        files = self._sorted(self._files(entries, base))
        table = options.text("table", self.table)
        self._expect_values(files, options, label(path, base))
        migrations = [self._migration(file, table, options) for file in files]
        refuse_duplicates(migrations, self.name, label(path, base))
        programs = tuple(self._programs(folders, entries, base))
        return Plan(
            layout=self.name,
            migrations=tuple(migrations),
            folder=label(path, base) if TABLE in self.options else None,
            separate_sessions=self.separate_sessions,
            prepare=self._preparation(table, files),
            bookkeeping_tables=frozenset(filter(None, [table])),
            restores_search_path=self.restores_search_path,
            tolerates_commit=self.tolerates_commit,
            advice_on_transactions=self.advice_on_transactions,
            programs=programs,
            warnings=(
                *left_out_programs(programs, self.name),
                *self._warnings(entries, files, base),
            ),
        )

    def _warnings(
        self,
        entries: cabc.Sequence[os.DirEntry[str]],
        files: cabc.Sequence[SqlFile],
        base: pathlib.Path,
    ) -> cabc.Iterator[str]:
        """Say what of the folder the tool does not take for a migration."""
        paths = list(self._left_out(entries, files, base))
        yield from left_out(paths, f"{self.name} runs only {self.expects}")

    def _preparation(self, table: str, files: cabc.Iterable[SqlFile]) -> str:
        """Return what the tool does to an empty database."""
        if not table:
            return self.setup
        if self.made_by and any(
            re.search(self.made_by, text_of(file.file), re.IGNORECASE) for file in files
        ):
            return self.setup
        schema = table.rpartition(".")[0]
        makes_schema = (
            f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)};\n" if schema else ""
        )
        makes_table = f"CREATE TABLE IF NOT EXISTS {{table}} ({self.columns});\n"
        texts = f"{self.setup}{makes_schema}{makes_table}{self.first_row}"
        return texts.replace("{table}", _in_sql(table))

    def _entries(
        self, folder: pathlib.Path, base: pathlib.Path
    ) -> cabc.Iterator[os.DirEntry[str]]:
        for entry in listing(folder, label(folder, base)):
            if entry.name.startswith("."):
                continue
            if self.is_recursive and entry.is_dir(follow_symlinks=False):
                yield from self._entries(pathlib.Path(entry.path), base)
            else:
                yield entry

    def _files(
        self, entries: cabc.Iterable[os.DirEntry[str]], base: pathlib.Path
    ) -> list[SqlFile]:
        """Return the files that the tool takes for ways up, those for PostgreSQL."""
        files: dict[str, SqlFile] = {}
        twins: list[SqlFile] = []
        for entry in entries:
            file = self._file(entry, base)
            if file is None:
                continue
            other = files.setdefault(file.version, file)
            if other is file:
                continue
            if _is_for_postgresql(file) and not _is_for_postgresql(other):
                files[file.version] = file
            elif not _is_for_postgresql(other) or _is_for_postgresql(file):
                twins.append(file)
        return [*files.values(), *twins]

    def _file(self, entry: os.DirEntry[str], base: pathlib.Path) -> SqlFile | None:
        match = re.fullmatch(self.names, entry.name)
        if match is None or not (self.takes_all or _goes_up(entry.name)):
            return None
        file = pathlib.Path(entry.path, self.script)
        if not file.is_file():
            return None
        groups = match.groupdict()
        version = groups.get("version") or entry.name
        if self.order is Order.NUMBER:
            version = str(int(version))
        if self.strips_hyphens:
            version = version.replace("-", "")
        title = (groups.get("title") or "").replace("_", " ")
        return SqlFile(file, label(file, base), entry.name, version, title)

    def _sorted(self, files: cabc.Iterable[SqlFile]) -> list[SqlFile]:
        return sorted(files, key=lambda file: file.key(self.order))  # type: ignore[arg-type,return-value] # keys of one order compare

    def _migration(self, file: SqlFile, table: str, options: Options) -> Migration:
        text = read_sql(file.file, file.path)
        sent = self._sent(text)
        if self.up and self.needs_up and not _line(self.up).search(text):
            message = (
                f"{file.path}: there is no section that goes up; {self.name} runs"
                f" nothing of the file.\nExpected is {self.expects}."
            )
            raise MigrationError(message, path=file.path)
        values = {**self.variables, **options.table("variables")}
        sql = sent
        if any(self._variables(sent, text)):
            sql = re.sub(self.variable, lambda match: _value(match, values) or "", sent)
        is_apart = self._is_apart(file, sql, text)

        def commands(texts: tuple[str, ...]) -> tuple[Command, ...]:
            values = (file.version, file.title, file.name)
            return tuple(
                (
                    text.replace("{table}", _in_sql(table)),
                    values[: max(map(int, re.findall(r"\$(\d)", text)), default=0)],
                )
                for text in texts
            )

        return Migration(
            version=file.version,
            path=file.path,
            batches=(
                Batch(
                    sql=sql,
                    mode=self._mode(sql, options),
                    in_transaction=self.in_transaction and not is_apart,
                    record=commands(self.record),
                ),
            ),
            before=commands(self.before),
            after=commands(self.after),
        )

    def _mode(self, sql: str, options: Options) -> Mode:
        """Return how a text is sent."""
        del sql
        return Mode.PIECES if options.flag("multi_statement") else self.mode

    def _is_apart(self, file: SqlFile, sql: str, text: str) -> bool:
        """Whether a file, of which `sql` is sent, is run outside of a transaction."""
        del sql
        settings = text_of(file.file.parent / self.settings) if self.settings else text
        return bool(
            (self.untransacted and _line(self.untransacted).search(settings))
            or re.fullmatch(self.untransacted_names, file.name)
        )

    def _sent(self, text: str) -> str:
        """Return a text with spaces for all that the tool does not send."""
        pieces = sections(text, self.up, self.down, needs_up=self.needs_up)
        return masked(text, pieces)

    def _variables(self, sql: str, text: str) -> cabc.Iterator[re.Match[str]]:
        """Yield what is to be replaced in a text that is sent."""
        if self.variable and (
            not self.has_variables or _line(self.has_variables).search(text)
        ):
            yield from re.finditer(self.variable, sql)

    def _expect_values(
        self, files: cabc.Iterable[SqlFile], options: Options, folder: str
    ) -> None:
        """Refuse variables without values, all of them at once."""
        values = {**self.variables, **options.table("variables")}
        places: dict[str, str] = {}
        for file in files if self.variable else ():
            text = read_sql(file.file, file.path)
            for match in self._variables(self._sent(text), text):
                if _value(match, values) is None:
                    line = text.count("\n", 0, match.start()) + 1
                    places.setdefault(_name(match), f"{file.path}:{line}")
        if not places:
            return
        name, place = next(iter(places.items()))
        given = {**options.table("variables"), **dict.fromkeys(places, "userstate")}
        listed = ", ".join(
            f"{_key(name)} = {json.dumps(value)}" for name, value in given.items()
        )
        message = (
            f"{place}: {name} is a variable, and no value is given for it.\n"
            f"{self.name} takes values from its settings, or from where it is called."
            " In userstate.toml,\nwith the right ones:\n"
            f'migrations = {{ path = "{folder}", tool = "{self.name}",'
            f" {self.variables_option} = {{ {listed} }} }}"
        )
        path, _, line_number = place.rpartition(":")
        raise MigrationError(message, path=path, line=int(line_number))

    def _programs(
        self,
        folders: cabc.Sequence[pathlib.Path],
        entries: cabc.Iterable[os.DirEntry[str]],
        base: pathlib.Path,
    ) -> cabc.Iterator[str]:
        """Yield the paths of migrations that are programs."""
        del folders  # whose entries these are
        for entry in entries:
            if self.programs and re.fullmatch(self.programs, entry.name):
                yield label(entry.path, base)

    def _left_out(
        self,
        entries: cabc.Iterable[os.DirEntry[str]],
        files: cabc.Iterable[SqlFile],
        base: pathlib.Path,
    ) -> cabc.Iterator[str]:
        """Yield what of the folder the tool does not take for a migration."""
        taken = {file.path for file in files}
        for entry in entries:
            path = label(entry.path, base)
            if self.script and entry.is_dir():
                is_taken = f"{path}/{self.script}" in taken
                if not is_taken and visible(pathlib.Path(entry.path)):
                    yield path
            elif (
                entry.name.endswith(".sql")
                and path not in taken
                and (self.takes_all or not is_way_back(entry.name))
            ):
                yield path


def _in_sql(table: str) -> str:
    return ".".join(map(identifier, table.split(".")))


def _key(name: str) -> str:
    """Return a key as TOML writes it."""
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else json.dumps(name)


def _name(match: re.Match[str]) -> str:
    groups = match.groupdict()
    return groups.get("name") or groups.get("plain") or ""


def _value(match: re.Match[str], values: cabc.Mapping[str, str]) -> str | None:
    """Return what replaces a variable; None if nothing is known of it."""
    groups = match.groupdict()
    if groups.get("escape"):
        return "$"
    return values.get(_name(match), groups.get("default"))


def locale_key(name: str) -> tuple[str, str]:
    """Return a key of ASCII names: punctuation, digits, letters, lower case first."""
    return name.casefold().translate(_PUNCTUATION), name.swapcase()


def sections(text: str, up: str, down: str, *, needs_up: bool) -> list[Piece]:
    """Return what is between the lines that begin and end what is sent."""
    marks: dict[int, tuple[int, bool]] = {}
    for pattern, is_up in ((down, False), (up, True)):
        for match in _line(pattern).finditer(text) if pattern else ():
            marks.setdefault(match.start(), (match.end(), is_up))
    if up and not needs_up and not any(is_up for _, is_up in marks.values()):
        return [(0, len(text))]
    pieces: list[Piece] = []
    start = None if up else 0
    for begin, (end, is_up) in sorted(marks.items()):
        if start is not None:
            pieces.append((start, begin))
        start = end if is_up else None
    if start is not None:
        pieces.append((start, len(text)))
    return pieces


def _line(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of how a line begins to one of the whole line."""
    return re.compile(rf"^(?:{pattern})[^\n]*\n?", re.IGNORECASE | re.MULTILINE)


def _goes_up(name: str) -> bool:
    """Whether a file is neither a way back nor for another database."""
    return not (is_way_back(name) or other_engines(name))


def _is_for_postgresql(file: SqlFile) -> bool:
    return bool(tokens_of(file.name) & POSTGRESQL)


def _is_below(path: pathlib.Path, name: str) -> bool:
    """Whether the nearest build file above the folder is the one of this name."""
    whole = path.absolute()
    for folder in (whole, *whole.parents):
        names = [build for build in _BUILD_FILES if (folder / build).is_file()]
        if names:
            return name in names and _OF_THE_JVM not in whole.as_posix()
    return False


def _folders(
    path: pathlib.Path, base: pathlib.Path, others: tuple[str, ...]
) -> list[pathlib.Path]:
    """Return all folders, each of which may be named as ``path`` is, or beside it."""
    folders = [path]
    for name in others:
        places = [base / name, path.parent / name]
        folder = next(filter(pathlib.Path.is_dir, places), None)
        if folder is None or any(folder.samefile(other) for other in folders):
            tried = " and ".join(dict.fromkeys(label(place, base) for place in places))
            problem = "there is no such folder" if folder is None else "is named twice"
            message = (
                f"`folders` names {name!r}, but {problem}: looked for {tried}.\nName"
                " it as `path` is named, or relative to the folder above that."
            )
            raise TargetNotFoundError(message)
        folders.append(folder)
    return folders
