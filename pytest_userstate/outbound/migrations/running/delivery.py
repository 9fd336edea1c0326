"""Sends one batch to the server, in the way in which its tool would.

A script is sent statement by statement, as psql would with ``ON_ERROR_STOP``. It is
never given to psql itself, whose commands could run programs.
"""

from __future__ import annotations

import abc
import collections.abc as cabc

from pytest_userstate.outbound.migrations.plan import Batch, Mode, Piece
from pytest_userstate.outbound.migrations.running import failures
from pytest_userstate.outbound.migrations.running.session import BatchResult, Session
from pytest_userstate.outbound.migrations.running.step import Step
from pytest_userstate.outbound.migrations.sql import Part, Statement

_AROUND_A_DUMP = frozenset({"\\restrict", "\\unrestrict"})


def delivery(session: Session, step: Step, batch: Batch) -> Delivery:
    """Return what sends a batch."""
    match batch.mode:
        case Mode.WHOLE:
            return Whole(session, step, batch)
        case Mode.PIECES:
            return Pieces(session, step, batch)
        case Mode.PIPELINE:
            return Pipeline(session, step, batch)
        case Mode.SCRIPT:
            return Script(session, step, batch)


class Delivery(abc.ABC):
    """The sending of one batch."""

    def __init__(self, session: Session, step: Step, batch: Batch) -> None:
        """Note what is to be sent; nothing is sent yet."""
        self._session = session
        self._step = step
        self._batch = batch

    @abc.abstractmethod
    def send(self) -> None:
        """Send the text."""

    def _pieces(self) -> cabc.Sequence[Piece]:
        if self._batch.pieces is not None:
            return self._batch.pieces
        return [(statement.start, statement.end) for statement in self._step.statements]

    def _send(
        self, sql: str, piece: Piece | None = None, rows: str | None = None
    ) -> None:
        outcome = self._session.batch(sql, rows=rows)
        self._expect_success(outcome, piece)

    def _expect_success(self, outcome: BatchResult, piece: Piece | None) -> None:
        if outcome.succeeded:
            return
        self._session.roll_back()
        if outcome.timed_out:
            seconds = self._session.timeout
            raise failures.took_too_long(self._step, outcome, seconds, piece)
        raise failures.statement_failed(self._step, outcome, piece)


class Whole(Delivery):
    """The text as one simple query."""

    def send(self) -> None:
        """Send it."""
        self._send(self._step.sql)


class Pieces(Delivery):
    """Each piece as a simple query."""

    def send(self) -> None:
        """Send them."""
        for piece in self._pieces():
            self._send(self._step.sql[slice(*piece)], piece)


class Pipeline(Delivery):
    """All pieces and the record at once, which is one transaction."""

    def send(self) -> None:
        """Send them."""
        pieces, sql = self._pieces(), self._step.sql
        if any(statement.copies_from_input for statement in self._step.statements):
            raise failures.wants_input(self._step)
        substitutes = dict(self._batch.substitutes)
        outcome = self._session.commands(
            *(substitutes.get(piece, (sql[slice(*piece)], ())) for piece in pieces),
            *self._batch.record,
        )
        if outcome.succeeded:
            return
        if outcome.completed >= len(pieces):
            raise failures.tool_failed(self._step, outcome, doing="recording it")
        piece = pieces[outcome.completed]
        outcome.completed = 0
        self._expect_success(outcome, piece)


class Script(Delivery):
    """Each statement by itself, with the rows that follow a ``COPY``."""

    def send(self) -> None:
        """Send it."""
        for part in self._step.parts:
            self._check(part)  # all of them, before anything is sent
        for part in self._step.parts:
            if isinstance(part, Statement):
                rows = None if part.data is None else self._step.sql[slice(*part.data)]
                self._send(part.text, (part.start, part.end), rows)

    def _check(self, part: Part) -> None:
        """Refuse a command of psql, but for the pair that pg_dump writes."""
        if isinstance(part, Statement):
            return
        if part.follows_a_statement:
            raise failures.command_refused(self._step, part, ", inside a statement")
        if part.name not in _AROUND_A_DUMP:
            raise failures.command_refused(self._step, part)
