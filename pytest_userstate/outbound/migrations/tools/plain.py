"""Plain SQL: a flat folder of files that no tool owns.

A name with ``.down.``, ``.undo.``, ``.rollback.``, ``.revert.`` and the like is a way
back, as Postgrator, yoyo and many scripts write it, and is left out; ``.up.``,
``.do.`` and ``.forward.`` mark the way up.

There is no tool to be faithful to, so these are the rules: files run in natural
order (``V2`` before ``V10``), each in a separate session and as one
transaction. A file that begins and ends transactions itself is left to do so,
and a statement that refuses to run inside a transaction, such as CREATE INDEX
CONCURRENTLY, runs outside of one when it is alone in its file. A file without
any statement is a migration that does nothing.
"""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import re
import typing as typ

from pytest_userstate.outbound.migrations.finding import other_tools
from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    WAYS_BACK,
    Confidence,
    LayoutDefaults,
    Options,
    is_way_back,
    label,
    left_out,
    left_out_programs,
    listing,
    other_engines,
    read_sql,
    visible,
)
from pytest_userstate.outbound.migrations.plan import Batch, Migration, Plan
from pytest_userstate.outbound.migrations.sql import statements
from pytest_userstate.outbound.migrations.tools import registry

if typ.TYPE_CHECKING:
    from pytest_userstate.domain.drafts import DraftFile
    from pytest_userstate.outbound.migrations.next_files import NewMigration

_SUFFIX = ".sql"
_WAY_UP = re.compile(r"\.(?:up|do|forward)(?=\.|$)", re.IGNORECASE)
_PROGRAM = re.compile(r"V?[0-9]\w*[._-].*\.(?:go|py|rb|java|kt|rs|php|cs|[cm]?[jt]s)")
_NUMBER = re.compile(r"([0-9]+)")
_ADVICE = (
    "In the plain layout each file is one transaction. A statement that cannot run"
    " in one has to be the only statement of its file: move it to a separate file."
)


class PlainLayout(LayoutDefaults):
    """A flat folder of ``*.sql`` files, in natural order."""

    name = "plain"
    expects = "SQL files (*.sql) side by side, run in natural order"

    def next_files(self, new: NewMigration) -> tuple[DraftFile, ...]:
        """Return the file of the next migration, with a version that is one higher."""
        return new.numbered()

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Whether there are SQL files, and no sign of another tool."""
        has_one = any(_is_migration(entry) for entry in visible(path))
        if has_one and other_tools.tool_of(path) is None:
            return Confidence.FALLBACK
        return Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all files in natural order."""
        del options  # there are none
        found = listing(path, label(path, base))
        files = sorted(filter(_is_migration, found), key=lambda file: _order(file.name))
        back = other_tools.ways_back([file.name for file in files])
        scripts = {
            file.name: read_sql(file.path, label(file.path, base))
            for file in files
            if file.name not in back
        }
        other_tools.refuse_others(scripts, path, base, supported=registry.names())
        return Plan(
            layout=self.name,
            migrations=tuple(
                _migration(name, sql, label(path / name, base))
                for name, sql in scripts.items()
            ),
            separate_sessions=True,
            programs=tuple(_programs(found, base)),
            advice_on_transactions=_ADVICE,
            warnings=tuple(_warnings(found, scripts, back, base)),
        )


def _stem(name: str) -> str:
    return name[: -len(_SUFFIX)]


def _is_migration(entry: os.DirEntry[str]) -> bool:
    name = entry.name
    return (
        name.lower().endswith(_SUFFIX)
        and not name.startswith(".")
        and not is_way_back(name)
        and not other_engines(name)
        and entry.is_file()
    )


def _is_program(name: str) -> bool:
    """Whether the name is that of a way up that is written as a program."""
    if _PROGRAM.fullmatch(name) is None or "_test." in name:
        return False
    return not re.search(rf"[._](?:{WAYS_BACK})\.", name)


def _programs(found: cabc.Iterable[os.DirEntry[str]], base: pathlib.Path) -> list[str]:
    """Return the paths of the ways up that are programs."""
    return [label(entry.path, base) for entry in found if _is_program(entry.name)]


def _without_way(name: str) -> str:
    """Return the name of a file without its suffix and the mark of the way up."""
    return _WAY_UP.sub("", _stem(name))


def _order(name: str) -> tuple[list[str | int], str]:
    """Return a key that compares digits as numbers; names differ if all else ties."""
    parts = _NUMBER.split(_without_way(name))
    return [int(part) if part.isdecimal() else part for part in parts], name


def _migration(name: str, sql: str, path: str) -> Migration:
    return Migration(
        version=_without_way(name),
        path=path,
        batches=(Batch(sql=sql, in_transaction=_wants_a_transaction(sql)),),
    )


def _wants_a_transaction(sql: str) -> bool:
    """Whether the file leaves it to us to make it one transaction."""
    found = statements(sql)
    if len(found) == 1:
        return found[0].can_share_a_transaction
    return not any(statement.controls_transaction for statement in found)


def _warnings(
    found: cabc.Iterable[os.DirEntry[str]],
    scripts: cabc.Mapping[str, str],
    back: cabc.Container[str],
    base: pathlib.Path,
) -> cabc.Iterator[str]:
    """Say what a reader may not expect: files left out, files with nothing in them."""
    found = [entry for entry in found if not entry.name.startswith(".")]
    yield from left_out_programs(_programs(found, base), "the plain layout")
    ways_back: list[str] = []
    of_engines: dict[str, list[str]] = {}
    for entry in found:
        if entry.is_dir():
            inside = visible(pathlib.Path(entry.path))
            if any(_is_migration(file) for file in inside):
                yield (
                    f"{label(entry.path, base)} holds SQL files that are left out:"
                    " the plain layout does not look into folders."
                )
        elif entry.is_symlink() and not pathlib.Path(entry.path).exists():
            yield f"{label(entry.path, base)} is left out: the link leads nowhere."
        elif entry.name in scripts and not scripts[entry.name].strip():
            yield f"{label(entry.path, base)} is empty: it does nothing."
        elif entry.name in back or (
            entry.name.lower().endswith(_SUFFIX)
            and is_way_back(entry.name.lower().removesuffix(".down.sql") + _SUFFIX)
        ):
            ways_back.append(label(entry.path, base))
        elif engines := other_engines(entry.name):
            engine = ", ".join(engines)
            of_engines.setdefault(engine, []).append(label(entry.path, base))
    yield from left_out(ways_back, "it is a way back", "they are ways back")
    for engine, paths in of_engines.items():
        yield from left_out(
            paths,
            f"its name says that it is for {engine}",
            f"their names say that they are for {engine}",
        )


LAYOUT = PlainLayout()
