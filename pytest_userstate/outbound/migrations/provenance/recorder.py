"""Keeps the ledger of what migrations do, by looking after each of them."""

from __future__ import annotations

import collections.abc as cabc

import attrs

from pytest_userstate.domain.snapshot import Source
from pytest_userstate.outbound.migrations.plan import Command
from pytest_userstate.outbound.migrations.programs.inside.changes import (
    Changes,
    Part,
    Row,
    UnknownError,
)
from pytest_userstate.outbound.migrations.provenance.attribution import Attribution
from pytest_userstate.outbound.migrations.provenance.ledger import History, Ledger
from pytest_userstate.outbound.migrations.running.session import Session

_READ_WRITE: Command = ("BEGIN READ WRITE", ())
_NO_TIMEOUT: Command = (
    "SELECT pg_catalog.set_config('statement_timeout', '0', true)",
    (),
)
_COMMIT: Command = ("COMMIT", ())
_END = "SELECT pg_catalog.userstate_end()"


@attrs.frozen
class Questions:
    """Asks the server over a session, whatever migrations have set in it."""

    session: Session

    def __call__(self, question: str) -> cabc.Iterable[Row]:
        """Return the rows of an answer."""
        outcome = self.session.commands((question, ()))
        if not outcome.succeeded:
            # A migration may have left settings that are in the way.
            asking = (_READ_WRITE, _NO_TIMEOUT, (question, ()), _COMMIT)
            outcome = self.session.commands(*asking)
            self.session.roll_back()
        if not outcome.succeeded:
            failure = outcome.failure
            raise UnknownError(failure.message if failure else "it took too long")
        return [
            tuple(None if value is None else value.decode() for value in row)
            for row in outcome.rows
        ]


class Recorder:
    """Looks at what each migration has changed, as long as the server knows it.

    If it cannot, the migrations go on, and the history says so once.
    """

    def __init__(self, session: Session, ledger: Ledger | None = None) -> None:
        """Take the session, and what is known already; nothing is sent yet."""
        self._session = session
        self._changes = Changes(Questions(session))
        self._ledger = ledger or Ledger(())
        self._waiting: list[tuple[list[Part], str | None, Attribution]] = []
        self._applied = 0
        self._is_blind = False
        self._warnings: tuple[str, ...] = ()
        self.has_changes = False
        session.do_meanwhile(self._write_down)

    def start(self, origin: Source | None, bookkeeping: frozenset[str]) -> None:
        """Note what is there before the first migration, and where it comes from."""
        self._ledger = Ledger(
            self._look(self._changes.look, ""),
            origin=origin,
            without_origin=bookkeeping,
        )

    def note(self, path: str | None, attribution: Attribution) -> None:
        """Find out what a migration has done; it is written down a little later."""
        self._applied += 1
        parts = self._look(self._changes.look, path or "")
        self._waiting.append((parts, path, attribution))

    def end(self, path: str | None = None) -> History:
        """Sum it up, and take away what the server has noted.

        What nobody has noted yet is that of the path, if there is one.
        """
        self._write_down()
        if self._session.is_superuser:
            # A superuser can do things without the event triggers.
            parts = self._look(self._changes.look_at_everything, "")
            missed = self._ledger.note_all(parts, path)
            if missed and path is None:
                self._warnings += (_UNSEEN,)
        if not self._is_blind:
            self._session.commands((_END, ()))
        return self._ledger.history(applied=self._applied, warnings=self._warnings)

    def _write_down(self) -> None:
        """Write into the ledger what is known; the server is not asked."""
        for parts, path, attribution in self._waiting:
            if self._ledger.note(parts, path, attribution):
                self.has_changes = True
        self._waiting.clear()

    def _look(self, look: cabc.Callable[[], list[Part]], path: str) -> list[Part]:
        if self._is_blind:
            return []
        try:
            return look()
        except UnknownError as error:
            self._is_blind = True
            since = f" from {path} on" if path else ""
            self._warnings = (_UNKNOWN.format(since=since, reason=error),)
            return []


_UNKNOWN = (
    "Which migration made or changed what is not known{since}: the server does not say"
    " so ({reason})."
)
_UNSEEN = (
    "Which migration made some of the changes is not known: they were made while event"
    " triggers were off, or by writing to the catalog."
)
