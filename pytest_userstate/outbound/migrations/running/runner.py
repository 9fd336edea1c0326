"""Applies a plan over an open connection, as its tool would."""

from __future__ import annotations

import abc
import collections.abc as cabc
import itertools
import typing as typ

import attrs
import psycopg

from pytest_userstate.application.settings import Phase, ShowProgress, show_nothing
from pytest_userstate.domain.errors import ServerError
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.outbound.migrations.plan import (
    Batch,
    Command,
    Migration,
    Mode,
    Piece,
    Plan,
)
from pytest_userstate.outbound.migrations.provenance.attribution import Attribution
from pytest_userstate.outbound.migrations.provenance.ledger import History, Recorder
from pytest_userstate.outbound.migrations.running import failures
from pytest_userstate.outbound.migrations.running.failures import Step
from pytest_userstate.outbound.migrations.running.session import BatchResult, Session
from pytest_userstate.outbound.migrations.sql import Part, Statement

_AROUND_A_DUMP = frozenset({"\\restrict", "\\unrestrict"})


def delivery(session: Session, step: Step) -> Delivery:
    """Return what sends a batch."""
    match step.batch.mode:
        case Mode.WHOLE:
            return Whole(session, step)
        case Mode.PIECES:
            return Pieces(session, step)
        case Mode.SCRIPT:
            return Script(session, step)


class Delivery(abc.ABC):
    """The sending of one batch."""

    def __init__(self, session: Session, step: Step) -> None:
        """Note what is to be sent; nothing is sent yet."""
        self._session = session
        self._step = step
        self._batch = step.batch

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
        substitutes = dict(self._batch.substitutes)
        for piece in self._pieces():
            if piece in substitutes:
                outcome = self._session.commands(substitutes[piece])
                self._expect_success(outcome, piece)
            else:
                self._send(self._step.sql[slice(*piece)], piece)


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


DEFAULT_TIMEOUT = 60.0  # seconds for each migration

_READ_SEARCH_PATH: Command = ("SELECT pg_catalog.current_setting('search_path')", ())
_SET_SEARCH_PATH = "SELECT pg_catalog.set_config('search_path', $1, false)"
_BEGIN: Command = ("BEGIN", ())
_COMMIT: Command = ("COMMIT", ())
# DISCARD ALL would say the same, but forget what is prepared here, too.
_NEW_SESSION = (
    "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; DISCARD TEMP;"
    " DISCARD SEQUENCES; UNLISTEN *; SELECT pg_catalog.pg_advisory_unlock_all()"
)


@attrs.frozen(kw_only=True)
class Migrated:
    """The result of applying the migrations."""

    # What they introduced and dropped.
    history: History
    # How many were applied; None where that is not known.
    applied: int | None
    # The tables in which their tool keeps its own records.
    bookkeeping_tables: frozenset[str]
    # What a careful reader should know.
    warnings: tuple[str, ...] = ()


def run_script(
    connection: psycopg.Connection[typ.Any],
    path: str,
    sql: str,
    *,
    timeout: float = DEFAULT_TIMEOUT,
) -> None:
    """Run a file that is no migration, such as the setup file, as one batch."""
    session = Session(connection, timeout=timeout)
    step = Step(path=path, batch=Batch(sql=sql), is_setup=True)
    try:
        delivery(session, step).send()
        _expect_no_transaction(session, step)
    except ServerError as error:
        raise failures.connection_lost(step, error) from error


class MigrationRunner:
    """Applies migrations over one open connection, never through psql."""

    def __init__(
        self,
        connection: psycopg.Connection[typ.Any],
        *,
        timeout: float = DEFAULT_TIMEOUT,
        show_progress: ShowProgress = show_nothing,
    ) -> None:
        """Take the connection over; nothing is sent yet."""
        self._show_progress = show_progress
        self._session = Session(connection, timeout=timeout)
        self._recorder = Recorder(self._session)

    def run(self, plan: Plan, *, setup: str = "") -> History:
        """Apply the plan to the end."""
        self._prepare(plan)
        origin = Source(setup) if setup else None
        self._recorder.start(origin, plan.bookkeeping_tables)
        self._apply_all(plan)
        return self._recorder.end()

    def _apply_all(self, plan: Plan) -> None:
        total = len(plan.migrations)
        for applied, migration in enumerate(plan.migrations):
            self._show_progress(
                Phase.MIGRATIONS,
                f"migration {applied + 1:,} of {total:,}: {migration.path}",
            )
            steps = [
                Step(path=migration.path, batch=batch, plan=plan, applied=applied)
                for batch in migration.batches
            ]
            try:
                self._apply(plan, migration, steps)
            except ServerError as error:
                raise failures.connection_lost(steps[0], error) from error

    def _prepare(self, plan: Plan) -> None:
        self._session.restart_clock()
        if plan.prepare:
            outcome = self._session.batch(plan.prepare)
            if not outcome.succeeded:
                raise failures.not_prepared(plan, outcome)

    def _apply(self, plan: Plan, migration: Migration, steps: list[Step]) -> None:
        """Apply one migration, and note what it did."""
        self._session.restart_clock()
        begun = self._session.commands(*migration.before)
        doing = "what the tool does before the file"
        _expect_success(begun, steps[0], doing=doing, has_run=False)
        for step in steps:
            self._apply_step(plan, step)
        if plan.separate_sessions:
            self._session.batch(_NEW_SESSION)
        self._do(migration.after, steps[0], "what the tool does after the file")
        executed = itertools.chain.from_iterable(step.statements for step in steps)
        self._recorder.note(migration.path, Attribution(executed))

    def _apply_step(self, plan: Plan, step: Step) -> None:
        batch = step.batch
        search_path = self._open(plan, step)
        delivery(self._session, step).send()
        closing = (*search_path, *batch.record)
        if not batch.in_transaction:
            _expect_no_transaction(self._session, step)
            self._do(closing, step, "recording it")
        elif self._session.in_transaction or plan.tolerates_commit:
            self._do((*closing, _COMMIT), step, "recording and committing it")
        else:
            raise failures.ended_its_transaction(step)

    def _open(self, plan: Plan, step: Step) -> tuple[Command, ...]:
        """Do what comes before a batch; return what puts the search path back."""
        reading = (_READ_SEARCH_PATH,) if plan.restores_search_path else ()
        begin = (_BEGIN,) if step.batch.in_transaction else ()
        opened = self._session.commands(*reading, *begin)
        _expect_success(opened, step, doing="opening a transaction")
        if not reading:
            return ()
        [(search_path,)] = opened.rows
        return ((_SET_SEARCH_PATH, (search_path or b"",)),)

    def _do(self, commands: cabc.Sequence[Command], step: Step, doing: str) -> None:
        """Do what the tool does around the file, in one transaction."""
        outcome = self._session.commands(*commands)
        _expect_success(outcome, step, doing=doing)


def _expect_success(
    outcome: BatchResult, step: Step, *, doing: str, has_run: bool = True
) -> None:
    if not outcome.succeeded:
        raise failures.tool_failed(step, outcome, doing=doing, has_run=has_run)


def _expect_no_transaction(session: Session, step: Step) -> None:
    if session.in_transaction:
        session.roll_back()
        raise failures.left_a_transaction_open(step)
