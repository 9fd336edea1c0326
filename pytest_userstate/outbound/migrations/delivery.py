"""Sends one batch to the server, in the way in which its tool would."""

from __future__ import annotations

import collections.abc as cabc

from pytest_userstate.outbound.migrations import failures
from pytest_userstate.outbound.migrations.failures import Step
from pytest_userstate.outbound.migrations.plan import Batch, Command, Mode, Piece
from pytest_userstate.outbound.migrations.session import Outcome, Row, Session

Work = cabc.Callable[[], None]


def nothing() -> None:
    """Do nothing."""


class Delivery:
    """The sending of one batch.

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

    def __init__(
        self, session: Session, step: Step, batch: Batch, meanwhile: Work = nothing
    ) -> None:
        """Note what is to be sent; nothing is sent yet."""
        self._session = session
        self._step = step
        self._batch = batch
        self._meanwhile = meanwhile

    def send(self) -> None:
        """Send the text, without the record.

        Raises
        ------
        MigrationError
            When it fails, or takes too long.
        """
        match self._batch.mode:
            case Mode.WHOLE:
                self._send(self._step.sql)
            case Mode.PIECES:
                for piece in self._pieces():
                    self._send(self._step.sql[slice(*piece)], piece)
            case Mode.PIPELINE:
                self._send_at_once()

    def send_with(self, question: str) -> list[Row] | None:
        """Send the text and, if that changes nothing, a question at its end.

        Returns
        -------
        list of Row or None
            The answer, given in the transaction into which the server puts the
            text; None where it could not be asked.

        Raises
        ------
        MigrationError
            When the text fails, or takes too long.
        """
        match self._batch.mode:
            case Mode.WHOLE:
                asked = self._with(question)
                outcome = self._send(asked or self._step.sql)
                return outcome.rows if asked else None
            case Mode.PIPELINE:
                outcome = self._send_at_once((question, ()))
                return outcome.rows if self._shares_a_transaction() else None
            case Mode.PIECES:
                self.send()
                return None

    def _shares_a_transaction(self) -> bool:
        return all(each.can_share_a_transaction for each in self._step.statements)

    def _with(self, question: str) -> str | None:
        """Return the text with a question at the end.

        The server makes a batch of several statements one transaction. Only where
        the text allows that does the question change nothing: not where it
        controls transactions itself or has to stand alone, nor where its end would
        swallow the question (a quote that is not closed).
        """
        if not self._shares_a_transaction():
            return None
        asked = f"{self._step.sql}\n;{question}"
        is_last = len(self._step.split(asked)) == len(self._step.statements) + 1
        return asked if is_last else None

    def _pieces(self) -> cabc.Sequence[Piece]:
        if self._batch.pieces is not None:
            return self._batch.pieces
        return [(each.start, each.end) for each in self._step.statements]

    def _send(self, sql: str, piece: Piece | None = None) -> Outcome:
        meanwhile, self._meanwhile = self._meanwhile, nothing
        outcome = self._session.batch(sql, meanwhile=meanwhile)
        return self._succeeded(outcome, piece)

    def _send_at_once(self, *questions: Command) -> Outcome:
        """Send the pieces, the record, and the questions as one transaction."""
        pieces, sql = self._pieces(), self._step.sql
        meanwhile, self._meanwhile = self._meanwhile, nothing
        meanwhile()
        if any(each.copies_from_input for each in self._step.statements):
            raise failures.wants_input(self._step)
        outcome = self._session.commands(
            *((sql[slice(*piece)], ()) for piece in pieces),
            *self._batch.record,
            *questions,
        )
        if outcome.succeeded:
            return outcome
        if outcome.completed >= len(pieces):
            raise failures.tool_failed(self._step, outcome, doing="recording it")
        piece = pieces[outcome.completed]
        outcome.completed = 0
        return self._succeeded(outcome, piece)

    def _succeeded(self, outcome: Outcome, piece: Piece | None) -> Outcome:
        if outcome.succeeded:
            return outcome
        self._session.roll_back()
        if outcome.timed_out:
            raise failures.took_too_long(
                self._step, outcome, self._session.timeout, piece
            )
        raise failures.statement_failed(self._step, outcome, piece)
