"""Finds out what migrations did to the schema, once they are all applied.

Meanwhile nothing is asked but where the numbers of transactions have got to. A
prepared transaction, older than all of them, makes the server keep every row of the
catalog that they replace or delete.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import functools
import gc
import itertools

from pytest_userstate.domain.errors import ServerError, ToolError
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.outbound.migrations.provenance.attribution import Attribution
from pytest_userstate.outbound.migrations.provenance.ledger import History, Ledger
from pytest_userstate.outbound.migrations.provenance.past import Page, Past
from pytest_userstate.outbound.migrations.provenance.replay import Replay
from pytest_userstate.outbound.migrations.provenance.rows import Reader, readers
from pytest_userstate.outbound.migrations.running.session import Outcome, Row, Session
from pytest_userstate.outbound.migrations.running.step import Step

# Whoever prepares one has to end it: not a role that the session happens to have. And
# for one that is serializable, a deferrable one would wait.
_HOLD = """
    BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL ROLE NONE;
    SELECT pg_catalog.pg_current_xact_id(); SELECT pg_catalog.userstate_layout();
    PREPARE TRANSACTION '{name}'"""
# The number that the next transaction gets; 3 was that of the first.
_NEXT = "3 OPERATOR(pg_catalog.+) pg_catalog.age('3'::pg_catalog.xid)"
# Whatever migrations have left behind; first of all what could cut short the rest.
_SETTLE = (
    "SET statement_timeout = 0",
    "SET SESSION AUTHORIZATION DEFAULT; SET ROLE NONE; RESET ALL",
    "SET statement_timeout = 0",
)
_RELEASE = "ROLLBACK PREPARED '{name}'"
_NO_SUCH_TRANSACTION = "42704"
# From the first on: what came before the migrations can have been rolled back, too.
_NUMBERS = f"""
    SELECT ({_NEXT})::pg_catalog.text, pg_catalog.array_to_string(ARRAY(
        SELECT number FROM pg_catalog.generate_series(
            3::bigint, {_NEXT} OPERATOR(pg_catalog.-) 1) AS number
        WHERE pg_catalog.pg_xact_status(number::pg_catalog.text::pg_catalog.xid8)
            OPERATOR(pg_catalog.=) 'aborted'), ' ')"""  # noqa: S608 - constants
_PAGES = "SELECT catalog, page FROM pg_catalog.userstate_pages()"
_LONG_VALUES = "SELECT catalog, page FROM pg_catalog.userstate_long_values()"


class Watch:
    """What is noted while migrations are applied.

    Parameters
    ----------
    session : Session
        The session that applies them.
    """

    question = _NEXT
    """What to ask before each batch, in SQL."""

    def __init__(self, session: Session) -> None:
        """Nothing is sent yet."""
        self._session = session
        self._name = ""
        self._is_holding = False
        self._described = ""
        self._bounds: list[int] = []
        self._applied: list[tuple[str, cabc.Sequence[Step], Attribution]] = []
        self._rolled_back: frozenset[int] = frozenset()
        self._pages: list[Row] = []

    @contextlib.contextmanager
    def hold(self) -> cabc.Iterator[None]:
        """Have the server keep what is replaced, for as long as a context lasts.

        Raises
        ------
        ServerError
            When it cannot, which no server of ours says.
        """
        self._name = f"pytest-userstate {self._session.number}"
        outcome = self._session.batch(_HOLD.format(name=self._name))
        [(described,)] = _successful(outcome).rows
        self._described = (described or b"").decode()
        self._is_holding = True
        try:
            yield
        finally:
            if self._is_holding:
                # Whatever went wrong is told, and not that this went wrong as well.
                with contextlib.suppress(ToolError):
                    self._release()

    def expect(self, path: str, steps: cabc.Sequence[Step]) -> None:
        """Get ready for a migration."""
        found = itertools.chain.from_iterable(step.statements for step in steps)
        self._applied.append((path, steps, Attribution(found)))

    def note(self, answer: bytes | None) -> None:
        """Take note of the answer before a batch of the migration that is expected."""
        if len(self._bounds) < len(self._applied):
            self._bounds.append(int(answer or 0))

    def read(self) -> None:
        """Read what there is to be read, while the server is busy."""
        _ = self._readers
        *_, attribution = self._applied[-1]
        attribution.read()

    def end(self) -> None:
        """Take note that all migrations are applied, and of what they left behind."""
        self._session.restart_clock()
        questions = ((_NUMBERS, ()), (_PAGES, ()))
        outcome = self._session.commands(*questions, binary=True)
        if not outcome.succeeded:
            self._settle()
            outcome = self._session.commands(*questions, binary=True)
        [[(number, rolled_back)], self._pages] = _successful(outcome).answers
        self._bounds.append(int(number or 0))
        self._rolled_back = frozenset(map(int, (rolled_back or b"").split()))

    def history(self, origin: Source | None, bookkeeping: frozenset[str]) -> History:
        """Sum it up, after the end; nothing is kept any more.

        Parameters
        ----------
        origin : Source or None
            Where what was there before the first migration comes from.
        bookkeeping : frozenset of str
            The tables that come from the migrations' tool.

        Raises
        ------
        ServerError
            When the past cannot be read.
        MigrationError
            When the migrations have ended what keeps it.
        """
        self._release()
        with _uncollected():
            past = Past(
                self._readers,
                _pages(self._pages),
                bounds=self._bounds,
                rolled_back=self._rolled_back,
                long_values=self._long_values,
            )
            replay = Replay(past)
            ledger = Ledger(replay.before, origin=origin, without_origin=bookkeeping)
            for number, changes in replay.changes():
                path, _, attribution = self._applied[number]
                ledger.note(changes, path, attribution)
            return ledger.history(applied=len(self._applied))

    @functools.cached_property
    def _readers(self) -> cabc.Mapping[int, Reader]:
        return readers(self._described)

    def _long_values(self) -> cabc.Iterable[Page]:
        outcome = self._session.commands((_LONG_VALUES, ()), binary=True)
        return _pages(_successful(outcome).rows)

    def _settle(self) -> None:
        """Be again who the session was at first, with the settings of then."""
        self._session.restart_clock()
        self._session.roll_back()
        for command in _SETTLE:
            _successful(self._session.batch(command))

    def _release(self) -> None:
        """Let the server forget again."""
        self._is_holding = False
        self._session.restart_clock()
        command = _RELEASE.format(name=self._name)
        outcome = self._session.batch(command)
        if not (outcome.succeeded or _has_been_ended(outcome)):
            self._settle()
            outcome = self._session.batch(command)
        if _has_been_ended(outcome):
            from pytest_userstate.outbound.migrations.running.unfinished import (  # noqa: PLC0415 - hardly ever needed
                ended_before_time,
            )

            files = (
                (path, step.sql) for path, steps, _ in self._applied for step in steps
            )
            raise ended_before_time(self._name, files)
        _successful(outcome)


def _has_been_ended(outcome: Outcome) -> bool:
    """Whether it says that there is no such prepared transaction."""
    failure = outcome.failure
    return failure is not None and failure.sqlstate == _NO_SUCH_TRANSACTION


def _pages(rows: cabc.Iterable[Row]) -> cabc.Iterator[Page]:
    for table, page in rows:
        yield int.from_bytes(table or b""), page or b""


@contextlib.contextmanager
def _uncollected() -> cabc.Iterator[None]:
    """Make many objects that all stay, without looking for garbage among them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _successful(outcome: Outcome) -> Outcome:
    if not outcome.succeeded:
        reason = outcome.failure.message if outcome.failure else "it took too long"
        raise ServerError(_NOT_TOLD.format(reason=reason))
    return outcome


_NOT_TOLD = """\
what the migrations did cannot be read from the catalog.
  error      {reason}
The audit's server has a function for it, pg_catalog.userstate_pages(). Migrations
that run as superuser can drop it, or break the catalog: let them leave alone what
is the system's own."""
