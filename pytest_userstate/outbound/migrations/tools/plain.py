"""Plain SQL: a flat folder of files that no tool owns.

A name with ``.down.``, ``.undo.``, ``.rollback.``, ``.revert.`` and the like is a way
back, as Postgrator, yoyo and many scripts write it, and is left out.

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

from pytest_userstate.outbound.migrations.finding import other_tools
from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    WAYS_BACK,
    Confidence,
    Options,
    is_way_back,
    label,
    left_out,
    other_engines,
    text_of,
    visible,
)
from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.migrations.sql import statements
from pytest_userstate.outbound.migrations.tools.reader import (
    Order,
    SqlFile,
    SqlLayout,
)

_SUFFIX = ".sql"


class PlainLayout(SqlLayout):
    """A flat folder of ``*.sql`` files, in natural order."""

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Whether there are SQL files, and no sign of another tool."""
        confidence = super().recognizes(path)
        if confidence and other_tools.tool_of(path) is None:
            return confidence
        return Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read all files in natural order."""
        plan = super().load(path, base, options)
        texts = {
            pathlib.PurePath(migration.path).name: migration.batches[0].sql
            for migration in plan.migrations
        }
        other_tools.refuse_others(texts, path, base)
        return plan

    def _files(
        self, entries: cabc.Iterable[os.DirEntry[str]], base: pathlib.Path
    ) -> list[SqlFile]:
        """Return the files but those that are a way back beside their way up."""
        files = super()._files(entries, base)
        back = other_tools.ways_back([file.name for file in files])
        return [file for file in files if file.name not in back]

    def _is_apart(self, file: SqlFile, sql: str, text: str) -> bool:
        """Whether the file does not leave it to the audit to make one transaction."""
        del file, text
        split = statements(sql)
        if len(split) == 1:
            return not split[0].can_share_a_transaction
        return any(statement.controls_transaction for statement in split)

    def _warnings(
        self,
        entries: cabc.Sequence[os.DirEntry[str]],
        files: cabc.Sequence[SqlFile],
        base: pathlib.Path,
    ) -> cabc.Iterator[str]:
        """Say what a reader may not expect: files left out, empty files."""
        taken = {file.path for file in files}
        back: list[str] = []
        of_engines: dict[str, list[str]] = {}
        for entry in entries:
            path = label(entry.path, base)
            if entry.is_dir():
                inside = visible(pathlib.Path(entry.path))
                if super()._files(inside, base):
                    yield (
                        f"{path} holds SQL files that are left out: the plain layout"
                        " does not look into folders."
                    )
            elif entry.is_symlink() and not pathlib.Path(entry.path).exists():
                yield f"{path} is left out: the link leads nowhere."
            elif path in taken and not text_of(entry.path).strip():
                yield f"{path} is empty: it does nothing."
            elif path in taken or not entry.name.lower().endswith(_SUFFIX):
                continue
            elif engines := other_engines(entry.name):
                of_engines.setdefault(", ".join(engines), []).append(path)
            elif not entry.name.lower().endswith(".down.sql") or is_way_back(
                entry.name.lower().removesuffix(".down.sql") + _SUFFIX
            ):
                back.append(path)
        yield from left_out(back, "it is a way back", "they are ways back")
        for engine, paths in of_engines.items():
            yield from left_out(
                paths,
                f"its name says that it is for {engine}",
                f"their names say that they are for {engine}",
            )


LAYOUT = PlainLayout(
    name="plain",
    expects="SQL files (*.sql) side by side, run in natural order",
    names=r"(?P<version>.+)\.(?i:sql)",
    order=Order.NATURAL,
    programs=rf"(?!.*(?:_test\.|[._](?:{WAYS_BACK})\.))V?[0-9]\w*[._-].*"
    r"\.(?:go|py|rb|java|kt|rs|php|cs|[cm]?[jt]s)",
    by_names=Confidence.FALLBACK,
    options=(),
    separate_sessions=True,
    advice_on_transactions="In the plain layout each file is one transaction. A"
    " statement that cannot run in one has to be the only statement of its file: move"
    " it to a separate file.",
    table="",
    columns="",
)
