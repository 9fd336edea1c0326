"""Watches what migrations do to the schema, and keeps the ledger.

The question is put at the end of each transaction, together with its COMMIT; the
answer is compared while the server is busy with the next migration.
"""

from __future__ import annotations

import collections.abc as cabc
import itertools

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.outbound.migrations.provenance.attribution import Attribution
from pytest_userstate.outbound.migrations.provenance.comparison import (
    LOCKED_OR_ALL,
    tell_all,
)
from pytest_userstate.outbound.migrations.provenance.ledger import History, Ledger
from pytest_userstate.outbound.migrations.running.delivery import Work, nothing
from pytest_userstate.outbound.migrations.running.session import Row, Session
from pytest_userstate.outbound.migrations.running.step import Step

_EXECUTE = "EXECUTE userstate_look"
_ALL = "SET LOCAL userstate.everything = 'yes'"
# Planned while the catalogue is small, but to be used when it no longer is.
_BEGIN = f"""
    SET LOCAL enable_seqscan = off;
    PREPARE userstate_look AS {LOCKED_OR_ALL};
    {_ALL}; {_EXECUTE}"""
_FORGET_WHAT_IS_PREPARED = ("deallocate", "discard")
_LEAVES_NO_LOCK = "domain"

Answer = list[Row] | None
"""What was locked, with its values; None where it could not be asked."""


class Watch:
    """What the schema is known to be while migrations are applied.

    Parameters
    ----------
    session : Session
        The session that applies them.
    """

    def __init__(self, session: Session) -> None:
        """Nothing is sent yet."""
        self._session = session
        self._ledger = Ledger(())
        self._put_off: Work = nothing
        self._is_vague = False
        self.question = _EXECUTE

    def begin(self, origin: Source | None, bookkeeping: frozenset[str]) -> None:
        """Take note of what exists before the first migration."""
        outcome = self._session.batch(_BEGIN)
        if not outcome.succeeded:  # it is prepared already, for instance
            self.question = LOCKED_OR_ALL
        rows = outcome.rows if outcome.succeeded else self._all()
        self._ledger = Ledger(rows, origin=origin, without_origin=bookkeeping)

    def expect(self, steps: cabc.Sequence[Step]) -> None:
        """Get ready for a migration."""
        lowered = "".join(step.sql for step in steps).lower()
        if any(word in lowered for word in _FORGET_WHAT_IS_PREPARED):
            self.question = LOCKED_OR_ALL
        self._is_vague = _LEAVES_NO_LOCK in lowered

    def note(
        self, answers: cabc.Sequence[Answer], path: str, steps: cabc.Sequence[Step]
    ) -> None:
        """Take note of a migration that was applied, given the answer of each batch."""
        rows: list[Row] = []
        for answer in answers:
            rows += answer or ()
        note = self._ledger.note_locked
        if self._is_vague or None in answers or not tell_all(rows):
            note, rows = self._ledger.note_all, self._all()

        def compare() -> None:
            found = itertools.chain.from_iterable(step.statements for step in steps)
            note(rows, path, Attribution(tuple(found)))

        self._put_off = compare

    def catch_up(self) -> None:
        """Do what was put off until the server is busy with the next migration."""
        put_off, self._put_off = self._put_off, nothing
        put_off()

    def history(self, *, applied: int) -> History:
        """Sum it up."""
        self.catch_up()
        return self._ledger.history(applied=applied)

    def _all(self) -> list[Row]:
        outcome = self._session.batch(f"{_ALL}; {self.question}")
        if not outcome.succeeded:
            reason = outcome.failure.message if outcome.failure else "it took too long"
            message = f"The catalogue cannot be read: {reason}"
            raise ServerError(message)
        return outcome.rows
