"""What a tool that is watched from inside says while it migrates.

`inside` writes it, one JSON object per line. Each migration comes with the parts
of the tables that it touched, and with the statements that it executed,
each with the line of the migration's file that did so.
"""

from __future__ import annotations

import collections.abc as cabc
import json
import os
import pathlib
import typing as typ

import attrs

from pytest_userstate.domain.snapshot import Source
from pytest_userstate.outbound.migrations.layout import label
from pytest_userstate.outbound.migrations.programs.failures import Position
from pytest_userstate.outbound.migrations.programs.inside.changes import Part
from pytest_userstate.outbound.migrations.provenance.attribution import (
    Attribution,
    RelationName,
)
from pytest_userstate.outbound.migrations.provenance.ledger import Ledger
from pytest_userstate.outbound.migrations.running.session import ReportedError
from pytest_userstate.outbound.migrations.sql import Statement, statements

_Event = dict[str, typ.Any]
_PACKAGES = frozenset({"site-packages", "dist-packages"})


class RestartClock(typ.Protocol):
    """Gives the program time, less of it while a migration runs."""

    def __call__(self, *, is_migrating: bool) -> None:
        """Let it begin now."""


class Progress:
    """Listens to a tool, and keeps the ledger of what its migrations do."""

    def __init__(
        self,
        *,
        base: pathlib.Path,
        origin: Source | None,
        bookkeeping: frozenset[str],
        restart_clock: RestartClock,
    ) -> None:
        """Start with nothing heard."""
        self._base = base
        self._origin = origin
        self._restart_clock = restart_clock
        self._rest = b""
        self._path = ""
        self._line: int | None = None
        self._failure: ReportedError | None = None
        self.bookkeeping = bookkeeping
        self.ledger: Ledger | None = None
        self.applied = 0
        self.heads: frozenset[str] | None = None
        self.tables: set[str] = set()
        self.has_finished = False
        self.refusal = ""
        self.defect = ""
        self.missing: tuple[str, str] | None = None

    @property
    def position(self) -> Position:
        """At which migration it is, and what went wrong with it."""
        return Position(
            path=self._path,
            line=self._line,
            failure=self._failure,
            applied=self.applied,
        )

    def read(self, data: bytes) -> None:
        """Take the next bytes of the pipe, wherever they were cut."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            event = json.loads(line)
            self._EVENTS[event.pop("event")](self, event)

    def _context(self, event: _Event) -> None:
        """Note a database that is about to be migrated, as it is now."""
        self.tables.add(event["table"])
        self.bookkeeping |= {event["table"]}
        if event["heads"] is not None:
            self.heads = (self.heads or frozenset()) | frozenset(event["heads"])
        if self.ledger is None:
            self.ledger = Ledger(
                _parts(event),
                origin=self._origin,
                without_origin=self.bookkeeping,
            )

    def _begin(self, event: _Event) -> None:
        self._restart_clock(is_migrating=True)
        self._path = self._shown(event)

    def _applied(self, event: _Event) -> None:
        if self.ledger is not None:
            attribution = ExecutedStatements.of(event["statements"])
            self.ledger.note(_parts(event), self._shown(event), attribution)
        self.applied += 1
        self._path = ""
        self._restart_clock(is_migrating=False)

    def _failed(self, event: _Event) -> None:
        self._line = event.pop("line") or None
        self._failure = ReportedError(**event)

    def _defect(self, event: _Event) -> None:
        self.defect = self.defect or event["error"]

    def _refused(self, event: _Event) -> None:
        self.refusal = self.refusal or event["reason"]

    def _missing(self, event: _Event) -> None:
        self.missing = event["package"], event["error"]

    def _finished(self, _: _Event) -> None:
        self.has_finished = True

    def _shown(self, event: _Event) -> str:
        """Return the file's path in the repository; else that of its module."""
        # The tool, run in a folder, may know that by another name.
        file = pathlib.Path(os.path.realpath(event["path"]))
        path = label(file, self._base.resolve())
        if path.startswith("../") or _PACKAGES & {*file.parts}:
            module = event.get("module", "").replace(".", "/")
            return f"{module}.py" if module else file.name
        return path

    _EVENTS: typ.ClassVar[dict[str, cabc.Callable[[Progress, _Event], None]]] = {
        "applied": _applied,
        "begin": _begin,
        "context": _context,
        "defect": _defect,
        "failed": _failed,
        "finished": _finished,
        "missing": _missing,
        "refused": _refused,
    }


def _parts(event: _Event) -> list[Part]:
    return [Part(*values) for values in event["parts"] or ()]


class ExecutedStatements(Attribution):
    """Statements as they were executed, each with the line that executed it.

    Some have no line: those of the tool itself, and those that it puts off until
    the end of a migration.
    """

    @classmethod
    def of(cls, executed: cabc.Iterable[tuple[int, str]] | None) -> typ.Self:
        """Return the statements that a tool has executed, if it reports them."""
        return cls(
            [
                attrs.evolve(statement, line=line)
                for line, sql in executed or ()
                for statement in statements(sql)
                if not _reads_the_catalog(statement)
            ]
        )

    @property
    def _only_line(self) -> int | None:
        # The tool executes at least one more, for its books: if there is one
        # statement alone, something passed it by.
        return None

    def _line(
        self,
        fitting: cabc.Iterable[typ.Any],
        relation: RelationName,
        *,
        is_exact: bool = True,
    ) -> int | None:
        return super()._line(fitting, relation, is_exact=is_exact) or None


def _reads_the_catalog(statement: Statement) -> bool:
    """Whether it is a tool's own question, which is full of functions."""
    return statement.words[:1] == ("select",) and "pg_catalog" in statement.words
