"""dbmate's layout: a file with both ways in it, each under a marker.

The rules are those of dbmate 2 (``pkg/dbmate/migration.go``, ``db.go`` and
``pkg/driver/postgres/postgres.go``), compared with dbmate 2.36 itself.
"""

from __future__ import annotations

import os
import pathlib
import re

import attrs

from pytest_userstate.domain.errors import MigrationError, TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import (
    Confidence,
    LayoutDefaults,
    label,
    listing,
    masked,
    read_sql,
    visible,
)
from pytest_userstate.outbound.migrations.options import (
    NO_OPTIONS,
    Option,
    OptionKind,
    Options,
)
from pytest_userstate.outbound.migrations.plan import Batch, Command, Migration, Plan
from pytest_userstate.outbound.migrations.tools.files import refuse_duplicates

_TABLE = "schema_migrations"
_NAME = re.compile(r"([0-9]+)[^\n]*\.sql")
# Go's white space; what a marker's line breaks are taken for is dbmate's own.
_BLANK = r"[\t\n\f\r ]"
_MARKER = rf"^--{_BLANK}*migrate:(?:up|down)(?:{_BLANK}*$|{_BLANK}+[^\t\n\f\r ]+)"
_UP = re.compile(_MARKER.replace("up|down", "up"), re.MULTILINE)
_DOWN = re.compile(_MARKER.replace("up|down", "down"), re.MULTILINE)
_NEARLY = re.compile(
    r"^[ \t]*--+[ \t]*@?migrate[: \t]+(up|down)\b", re.IGNORECASE | re.MULTILINE
)
_HARMLESS = re.compile(rf"{_BLANK}*(?:--.*)?", re.DOTALL)
_DIRECTIVE = re.compile(rf"--{_BLANK}*migrate:(?:up|down)")
_OPTION = "transaction"
# dbmate sets the first two when it connects.
_PREPARE = f"""\
SET DateStyle TO 'ISO, MDY';
SET extra_float_digits TO 2;
CREATE TABLE IF NOT EXISTS {{schema}}.{_TABLE} (version varchar PRIMARY KEY)"""
_ADVICE = (
    "In dbmate's layout a block runs outside of a transaction when its marker says so:"
    " -- migrate:up transaction:false. dbmate still sends the block as one batch, which"
    " the server makes one transaction: a statement such as CREATE INDEX CONCURRENTLY"
    " must then also be the only one in its block."
)


class DbmateLayout(LayoutDefaults):
    """The layout of dbmate."""

    name = "dbmate"
    expects = "files named <digits>….sql, with -- migrate:up and -- migrate:down"
    options = (Option("folders", OptionKind.TEXTS),)

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Whether the first file that is named so has a marker."""
        for entry in visible(path):
            if _NAME.fullmatch(entry.name) and entry.is_file():
                return _likeness(pathlib.Path(entry.path))
        return Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read the ways up, sorted by file name."""
        folders = _folders(path, base, options.texts("folders"))
        files = [entry for folder in folders for entry in _files(folder, base)]
        files.sort(key=lambda entry: os.fsencode(entry.name))
        read = [_read(entry, base) for entry in files]
        migrations = [migration for migration, _ in read]
        refuse_duplicates(
            migrations,
            "dbmate",
            outcome=f"would stop at the second, since {_TABLE} holds a version once",
        )
        return Plan(
            layout=self.name,
            migrations=tuple(migrations),
            prepare=_PREPARE.format(schema="public"),
            bookkeeping_tables=frozenset({_TABLE}),
            advice_on_transactions=_ADVICE,
            warnings=tuple(warning for _, warning in read if warning),
        )


def _likeness(file: pathlib.Path) -> Confidence:
    try:
        text = file.read_text("utf-8", errors="replace")
    except OSError:
        return Confidence.NONE
    has_marker = _UP.search(text) or _DOWN.search(text) or _NEARLY.search(text)
    return Confidence.CERTAIN if has_marker else Confidence.NONE


def _folders(
    path: pathlib.Path, base: pathlib.Path, others: tuple[str, ...]
) -> list[pathlib.Path]:
    """Return all folders, each of which may be named as ``path`` is, or beside it."""
    found = [path]
    for name in others:
        places = [base / name, path.parent / name]
        folder = next(filter(pathlib.Path.is_dir, places), None)
        if folder is None:
            tried = " and ".join(dict.fromkeys(label(place, base) for place in places))
            message = (
                f"`folders` names {name!r}, but there is no such folder: looked for"
                f" {tried}.\nName it as `path` is named, or relative to the folder"
                " above that."
            )
            raise TargetNotFoundError(message)
        if any(folder.samefile(other) for other in found):
            message = (
                f"`folders` names {name!r}, which is {label(folder, base)}, and that is"
                " named already.\ndbmate would run its files twice. Name each folder"
                " once, and not what `path` names."
            )
            raise TargetNotFoundError(message)
        found.append(folder)
    return found


def _files(folder: pathlib.Path, base: pathlib.Path) -> list[os.DirEntry[str]]:
    return [
        entry
        for entry in listing(folder, label(folder, base))
        if _NAME.fullmatch(entry.name) and not entry.is_dir(follow_symlinks=False)
    ]


def _read(entry: os.DirEntry[str], base: pathlib.Path) -> tuple[Migration, str]:
    """Read the way up of one file, and what in it may surprise."""
    path = label(entry.path, base)
    sql = read_sql(entry.path, path, strips_byte_order_mark=False)
    block = up_block(sql, path)
    named = _NAME.fullmatch(entry.name)
    version = named[1] if named else ""
    migration = Migration(
        version=version,
        path=path,
        batches=(
            Batch(
                sql=masked(sql, [(block.start, block.end)]),
                in_transaction=block.in_transaction,
                record=(_record(version),),
            ),
        ),
    )
    return migration, block.warning


def _record(version: str) -> Command:
    """Return what remembers a version; digits need no quoting.

    dbmate asks for the current schema first, and takes public if there is none:
    a migration that changes search_path can so make it look for its table in vain.
    """
    return (
        f"""\
DO $$ BEGIN
    EXECUTE format('INSERT INTO %I.{_TABLE} (version) VALUES (''{version}'')',
        coalesce(current_schema(), 'public'));
END $$""",  # noqa: S608 - constant, and digits
        (),
    )


@attrs.frozen
class Block:
    """The way up of a file.

    Parameters
    ----------
    start, end : int
        Where it is, its marker included.
    in_transaction : bool
        Whether dbmate runs it in a transaction.
    warning : str
        What may surprise in its marker.
    """

    start: int
    end: int
    in_transaction: bool = True
    warning: str = ""


def up_block(sql: str, path: str) -> Block:
    """Find the one way up of a file."""
    ups = [match.start() for match in _UP.finditer(sql)]
    if not ups:
        raise _refusal(sql, path, "up", _first_statement(sql, len(sql)))
    start = ups[0]
    stray = _first_statement(sql, start)
    if stray is not None:
        line = _line(sql, stray)
        message = (
            f"{path}:{line}: there is SQL before the first -- migrate:up,"
            f" at {path}:{_line(sql, start)}.\ndbmate allows only comments there:"
            f" {_text(sql, stray)!r}. Move it below the marker."
        )
        raise MigrationError(message, path=path, line=line)
    end = ups[1] if len(ups) > 1 else len(sql)
    downs = [match.start() for match in _DOWN.finditer(sql, start, end)]
    if not downs:
        raise _refusal(sql, path, "down", start)
    if len(downs) > 1:
        raise _second_way_back(sql, path, downs[1])
    if len(ups) > 1:
        raise _second_pair(sql, path, ups[1])
    return _block(sql, path, start, downs[0])


def _block(sql: str, path: str, start: int, end: int) -> Block:
    """Read what the marker's line says beside the marker."""
    marker = _text(sql, start)
    options = {}
    for pair in _DIRECTIVE.sub("", marker, count=1).split():
        key, *values = pair.split(":")
        if len(values) == 1:
            options[key] = values[0]
    in_transaction = options.get(_OPTION) != "false"
    warning = ""
    if in_transaction and _OPTION in marker.lower() and options.get(_OPTION) != "true":
        warning = (
            f"{path}:{_line(sql, start)}: for dbmate {marker!r} is a block in a"
            f" transaction; without one it has to say {_OPTION}:false, without blanks."
        )
    return Block(start, end, in_transaction, warning)


def _first_statement(sql: str, end: int) -> int | None:
    """Return where the first line starts that is neither empty nor a comment."""
    position = 0
    for line in sql[:end].split("\n"):
        if not _HARMLESS.fullmatch(line):
            return position
        position += len(line) + 1
    return None


def _refusal(sql: str, path: str, way: str, position: int | None) -> MigrationError:
    """Say that a marker is missing, and which line looks like it but does not count."""
    near = next(
        (match for match in _NEARLY.finditer(sql) if _is_near(match, way)), None
    )
    place = near.start() if near else position
    line = 1 if place is None else _line(sql, place)
    lines = [f"{path}:{line}: there is no marker -- migrate:{way}."]
    if near:
        lines.append(
            f"{_text(sql, near.start())!r} is none: a marker starts its line"
            f" and is\nwritten exactly so: -- migrate:{way}"
        )
    elif way == "down":
        lines.append(
            "dbmate refuses a file without a way back. Add the marker below the way up;"
            "\nnothing has to follow it."
        )
    else:
        lines.append("Add it as the first line, and -- migrate:down below the way up.")
    return MigrationError("\n".join(lines), path=path, line=line)


def _is_near(match: re.Match[str], way: str) -> bool:
    """Whether a line was to be this marker, but is none."""
    marker = _UP if way == "up" else _DOWN
    return match[1].lower() == way and not marker.match(match.string, match.start())


def _second_way_back(sql: str, path: str, position: int) -> MigrationError:
    line = _line(sql, position)
    message = (
        f"{path}:{line}: a second -- migrate:down without a -- migrate:up before"
        " it,\nwhich dbmate refuses. Put both ways back under one marker."
    )
    return MigrationError(message, path=path, line=line)


def _second_pair(sql: str, path: str, position: int) -> MigrationError:
    line = _line(sql, position)
    message = (
        f"{path}:{line}: a second -- migrate:up.\ndbmate records the version"
        " after each, and stops at the second, since\n"
        f"{_TABLE} holds a version once. Give each pair a file of its own."
    )
    return MigrationError(message, path=path, line=line)


def _line(sql: str, position: int) -> int:
    return sql.count("\n", 0, position) + 1


def _text(sql: str, position: int) -> str:
    return sql[position:].split("\n", 1)[0].rstrip("\r")


LAYOUT = DbmateLayout()
