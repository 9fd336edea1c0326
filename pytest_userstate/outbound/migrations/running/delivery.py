"""Sends one batch to the server, in the way in which its tool would."""

from __future__ import annotations

import abc
import collections.abc as cabc

from pytest_userstate.outbound.migrations.plan import Batch, Mode, Piece
from pytest_userstate.outbound.migrations.running import failures
from pytest_userstate.outbound.migrations.running.session import Outcome, Session
from pytest_userstate.outbound.migrations.running.step import Step

Work = cabc.Callable[[], None]


def nothing() -> None:
    """Do nothing."""


def delivery(
    session: Session, step: Step, batch: Batch, meanwhile: Work = nothing
) -> Delivery:
    """Return what sends a batch.

    Parameters
    ----------
    session : Session
        Where it is sent.
    step : Step
        What it is, for messages.
    batch : Batch
        What is sent, and how.
    meanwhile : callable
        What to do while the server works for the first time.
    """
    match batch.mode:
        case Mode.WHOLE:
            return Whole(session, step, batch, meanwhile)
        case Mode.PIECES:
            return Pieces(session, step, batch, meanwhile)
        case Mode.PIPELINE:
            return Pipeline(session, step, batch, meanwhile)
        case Mode.SCRIPT:
            from pytest_userstate.outbound.migrations.running.script_delivery import (  # noqa: PLC0415 - seldom
                Script,
            )

            return Script(session, step, batch, meanwhile)


class Delivery(abc.ABC):
    """The sending of one batch."""

    def __init__(
        self, session: Session, step: Step, batch: Batch, meanwhile: Work
    ) -> None:
        """Note what is to be sent; nothing is sent yet."""
        self._session = session
        self._step = step
        self._batch = batch
        self._meanwhile = meanwhile

    @abc.abstractmethod
    def send(self) -> None:
        """Send the text.

        Raises
        ------
        MigrationError
            When it fails, or takes too long.
        """

    def _pieces(self) -> cabc.Sequence[Piece]:
        if self._batch.pieces is not None:
            return self._batch.pieces
        return [(each.start, each.end) for each in self._step.statements]

    def _send(
        self, sql: str, piece: Piece | None = None, rows: str | None = None
    ) -> None:
        outcome = self._session.batch(sql, meanwhile=self._work(), rows=rows)
        self._expect_success(outcome, piece)

    def _work(self) -> Work:
        """Return what is to be done meanwhile, once."""
        work, self._meanwhile = self._meanwhile, nothing
        return work

    def _expect_success(self, outcome: Outcome, piece: Piece | None) -> None:
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
        if any(each.copies_from_input for each in self._step.statements):
            raise failures.wants_input(self._step)
        instead = dict(self._batch.instead)
        outcome = self._session.commands(
            *(instead.get(piece, (sql[slice(*piece)], ())) for piece in pieces),
            *self._batch.record,
        )
        if outcome.succeeded:
            return
        if outcome.completed >= len(pieces):
            raise failures.tool_failed(self._step, outcome, doing="recording it")
        piece = pieces[outcome.completed]
        outcome.completed = 0
        self._expect_success(outcome, piece)
