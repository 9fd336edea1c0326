"""One libpq connection, driven directly: batches, deadlines, cancelling.

psycopg reports a batch as one thing. Here its results are taken one by one,
since their number identifies the statement of the batch that failed.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import select
import time
import typing as typ

import attrs
import psycopg
from psycopg import pq

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.migrations.plan import Command

Row = tuple[bytes | None, ...]
Results = cabc.Callable[[], cabc.Iterator[pq.abc.PGresult]]

_SETTLING_TIME = 5.0  # seconds that a cancelled statement gets to end
_ROWS_AT_ONCE = 65536  # characters
_OPEN = frozenset({pq.TransactionStatus.INTRANS, pq.TransactionStatus.INERROR})
_COMPLETED = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK})
_PARSER_FILES = frozenset({b"scan.l", b"gram.y", b"parser.c", b"scansup.c"})


@attrs.frozen(kw_only=True)
class ReportedError:
    """An error as PostgreSQL reported it.

    `position` counts characters of the whole batch, from 1; it is None for most
    errors that happen while a statement runs. An error of the parser comes
    before any statement of the batch has run.
    """

    message: str
    sqlstate: str = ""
    detail: str = ""
    hint: str = ""
    context: str = ""
    position: int | None = None
    is_from_parser: bool = False


@attrs.define(kw_only=True)
class BatchResult:
    """What became of a batch, or of a row of commands."""

    # How many statements completed.
    completed: int = 0
    # Why the next one did not.
    failure: ReportedError | None = None
    # Whether the next one was cancelled because the time was up.
    timed_out: bool = False
    # Whether one of them was a ``COPY … FROM STDIN``.
    expects_input: bool = False
    _returned: list[pq.abc.PGresult] = attrs.field(factory=list)

    @property
    def succeeded(self) -> bool:
        """Whether everything was done."""
        return self.failure is None and not self.timed_out

    def note(self, result: pq.abc.PGresult) -> None:
        """Take account of one result that ends a statement."""
        if result.status == pq.ExecStatus.FATAL_ERROR:
            self.failure = _failure_of(result)
        elif result.status in _COMPLETED:
            # What a rule adds to a statement may return rows, but has no tag.
            self.completed += 1 if result.command_status else 0
            if result.status == pq.ExecStatus.TUPLES_OK:
                self._returned.append(result)

    @property
    def rows(self) -> list[Row]:
        """What the last statement that returned rows returned, as it came."""
        return _rows(self._returned[-1]) if self._returned else []


class Session:
    """A connection that runs batches under a deadline."""

    def __init__(
        self, connection: psycopg.Connection[typ.Any], *, timeout: float
    ) -> None:
        """Take the connection over; nothing is sent yet."""
        self._connection = connection
        self._pgconn = connection.pgconn
        self.timeout = timeout
        self._meanwhile: cabc.Callable[[], None] | None = None
        self._deadline = time.monotonic() + timeout

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction block is open, failed or not."""
        return self._pgconn.transaction_status in _OPEN

    @property
    def is_superuser(self) -> bool:
        """Whether the role of the session is one, as the server reported it."""
        return self._pgconn.parameter_status(b"is_superuser") == b"on"

    def restart_clock(self) -> None:
        """Let the time allowed begin now."""
        self._deadline = time.monotonic() + self.timeout

    def do_meanwhile(self, work: cabc.Callable[[], None]) -> None:
        """Call something that asks nothing whenever the server has a batch to run."""
        self._meanwhile = work

    def batch(self, sql: str, *, rows: str | None = None) -> BatchResult:
        """Run the text as one simple query, as psql and the tools send a file."""
        with self._guarded():
            self._pgconn.send_query(sql.encode())
            return self._outcome(self._results, rows)

    def commands(self, *commands: Command) -> BatchResult:
        """Run statements with their parameters, all in one round trip.

        Parameters are text, or bytes in the session's encoding. What comes after
        a statement that failed is not run.
        """
        if not commands:
            return BatchResult()
        with self._guarded():
            self._pgconn.enter_pipeline_mode()
            for sql, parameters in commands:
                values = [
                    value.encode() if isinstance(value, str) else value
                    for value in parameters
                ]
                self._pgconn.send_query_params(sql.encode(), values)
            self._pgconn.pipeline_sync()
            outcome = self._outcome(self._results_of_pipeline)
            if not self._connection.closed:
                self._pgconn.exit_pipeline_mode()
            return outcome

    def roll_back(self) -> None:
        """End the transaction that is open, if any, on a connection that lives."""
        if self.in_transaction:
            with self._guarded():
                self._pgconn.exec_(b"ROLLBACK")

    @contextlib.contextmanager
    def _guarded(self) -> cabc.Iterator[None]:
        """Leave nothing running behind, whatever interrupts."""
        done = False
        try:
            yield
            done = True
        except psycopg.OperationalError as error:
            message = f"The connection to PostgreSQL was lost: {str(error).strip()}"
            raise ServerError(message) from error
        finally:
            if not done:
                self._abandon()

    def _abandon(self) -> None:
        with contextlib.suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=_SETTLING_TIME)
        self._connection.close()

    def _outcome(self, results: Results, rows: str | None = None) -> BatchResult:
        """Take the results one by one; cancel what is late."""
        outcome = BatchResult()
        try:
            self._note(results, outcome, rows)
        except TimeoutError:
            outcome.timed_out = True
            self._settle(results, outcome)
        return outcome

    def _note(
        self, results: Results, outcome: BatchResult, rows: str | None = None
    ) -> None:
        for result in results():
            if result.status == pq.ExecStatus.COPY_IN and rows is not None:
                self._give_input(rows)
            elif result.status == pq.ExecStatus.COPY_IN:
                outcome.expects_input = True
                self._refuse_input()
            elif result.status == pq.ExecStatus.COPY_OUT:
                self._discard_output()
            else:
                outcome.note(result)

    def _settle(self, results: Results, outcome: BatchResult) -> None:
        """Cancel the statement that runs, and wait for its end; else hang up.

        The server sends results when it has many, so that only now it says how
        many statements it had completed.
        """
        self._deadline = time.monotonic() + _SETTLING_TIME
        try:
            self._connection.cancel_safe(timeout=_SETTLING_TIME)
            self._note(results, outcome)
        except (TimeoutError, psycopg.Error):
            self._abandon()
        outcome.failure = None  # that of being cancelled

    def _results(self) -> cabc.Iterator[pq.abc.PGresult]:
        self._flush()
        if self._meanwhile is not None:
            self._meanwhile()
        while (result := self._next_result()) is not None:
            yield result

    def _results_of_pipeline(self) -> cabc.Iterator[pq.abc.PGresult]:
        self._flush()
        while True:
            result = self._next_result()
            if result is None:  # the end of one command's results
                continue
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                return
            yield result

    def _next_result(self) -> pq.abc.PGresult | None:
        while self._pgconn.is_busy():
            self._wait(select.POLLIN)
            self._pgconn.consume_input()
        result = self._pgconn.get_result()
        if result is None and self._pgconn.status == pq.ConnStatus.BAD:
            raise psycopg.OperationalError(self._pgconn.get_error_message())
        return result

    def _flush(self) -> None:
        """Send what is buffered; the server may have to be heard meanwhile."""
        while self._pgconn.flush():
            if self._wait(select.POLLIN | select.POLLOUT) & select.POLLIN:
                self._pgconn.consume_input()

    def _give_input(self, rows: str) -> None:
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            data = rows[start : start + _ROWS_AT_ONCE].encode()
            while not self._pgconn.put_copy_data(data):
                self._flush()
            self._flush()
        self._pgconn.put_copy_end()
        self._flush()

    def _refuse_input(self) -> None:
        self._pgconn.put_copy_end(b"a migration has no input")
        self._flush()

    def _discard_output(self) -> None:
        """Read what a ``COPY … TO STDOUT`` writes, and forget it."""
        while (size := self._pgconn.get_copy_data(1)[0]) >= 0:
            if size == 0:
                self._wait(select.POLLIN)
                self._pgconn.consume_input()

    def _wait(self, events: int) -> int:
        """Wait for the socket until the deadline; return what it is ready for."""
        poll = select.poll()
        poll.register(self._pgconn.socket, events)
        remaining = self._deadline - time.monotonic()
        ready = poll.poll(remaining * 1000) if remaining > 0 else []
        if not ready:
            raise TimeoutError
        return ready[0][1]


def _rows(result: pq.abc.PGresult) -> list[Row]:
    columns = range(result.nfields)
    return [
        tuple([result.get_value(row, column) for column in columns])
        for row in range(result.ntuples)
    ]


def _failure_of(result: pq.abc.PGresult) -> ReportedError:
    def field(which: pq.DiagnosticField) -> str:
        return (result.error_field(which) or b"").decode("utf-8", "replace")

    position = field(pq.DiagnosticField.STATEMENT_POSITION)
    return ReportedError(
        message=field(pq.DiagnosticField.MESSAGE_PRIMARY)
        or result.error_message.decode("utf-8", "replace").strip(),
        sqlstate=field(pq.DiagnosticField.SQLSTATE),
        detail=field(pq.DiagnosticField.MESSAGE_DETAIL),
        hint=field(pq.DiagnosticField.MESSAGE_HINT),
        context=field(pq.DiagnosticField.CONTEXT),
        position=int(position) if position else None,
        is_from_parser=field(pq.DiagnosticField.SOURCE_FILE).encode() in _PARSER_FILES,
    )
