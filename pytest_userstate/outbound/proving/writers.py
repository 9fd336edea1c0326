"""Two writers on two connections, who take their steps in an order that is given.

A step that waits for the other writer is noticed, and waited for once that one has
gone on; nothing waits longer than the time limits of the sessions.
"""

from __future__ import annotations

import collections.abc as cabc
import itertools
import re
import select
import string
import threading
import time
import typing as typ

import attrs
import psycopg
from psycopg import sql
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus

if typ.TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

from pytest_userstate.domain.ports import UntriableError
from pytest_userstate.domain.revisions import XMIN, XMIN_TYPE
from pytest_userstate.domain.snapshot import Column, SchemaSnapshot, Table
from pytest_userstate.domain.stale_writes import (
    MANNERS,
    Act,
    Event,
    Fate,
    History,
    Isolation,
    Manner,
    Order,
    ProgramWrite,
    RevisionToken,
    Step,
)
from pytest_userstate.outbound.proving.rows import (
    Connection,
    Row,
    columns_in,
    relation,
    trusted,
    typed,
)
from pytest_userstate.outbound.proving.values import (
    TEXTS,
    candidates,
    conditions_of,
    kind_of,
)

_GLANCE: typ.Final = 0.002
"""Seconds after which a step that has not answered is asked whether it waits."""
_PATIENCE: typ.Final = 10.0
_BLOCKED: typ.Final = "SELECT pg_catalog.cardinality(pg_catalog.pg_blocking_pids(%s))"
_UNRELATED: typ.Final = ("40P01", "55P03", "57014", "57P05")
"""Deadlocks and timeouts, which say nothing about a token."""
_OF_VALUES: typ.Final = ("22", "23")
"""Classes of errors about a value that the trial has chosen, not about the token."""
_MOST_REPEATS: typ.Final = 12
"""The most values of a type whose old value is brought back by writing them all."""
_READ: typ.Final = "{read}"
_PLUS_ONE: typ.Final = "{read} + 1"
_OFTEN: typ.Final = 1000
_PARAMETER: typ.Final = re.compile(r"%\((\w+)\)s")


@attrs.frozen(kw_only=True)
class _Answer:
    """What came of a statement, or of a call of the program."""

    rows: int | None = None
    """How many rows were written, if that is known."""
    value: str | None = None
    """The first value of the first row."""
    state: str = ""
    error: str = ""
    is_rolled_back: bool = False

    @classmethod
    def of_results(cls, results: list[PGresult]) -> typ.Self:
        """Return what the server says of statements that were sent together."""
        failed = (r for r in results if r.status == ExecStatus.FATAL_ERROR)
        if error := next(failed, None):
            message = error.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"an error"
            state = error.error_field(DiagnosticField.SQLSTATE) or b""
            return cls(error=message.decode(errors="replace"), state=state.decode())
        written = [r.command_tuples for r in results if r.command_tuples is not None]
        value = results[-1].get_value(0, 0) if results[-1].ntuples else None
        return cls(
            rows=min(written, default=0),
            value=value.decode() if value is not None else None,
            is_rolled_back=results[-1].command_status == b"ROLLBACK",
        )

    @classmethod
    def of_call(cls, call: cabc.Callable[[], object]) -> typ.Self:
        """Call the program; what it raises is its answer."""
        try:
            call()
        except psycopg.Error as error:
            message = error.diag.message_primary or str(error)
            return cls(error=message, state=error.sqlstate or "")
        except Exception as error:  # noqa: BLE001 - the program may raise anything
            return cls(error=f"{type(error).__name__}: {error}".removesuffix(": "))
        return cls()


class _Session:
    """A connection whose statements are sent first, and waited for later."""

    def __init__(self, connection: Connection, control: Connection) -> None:
        self.connection = connection
        self._pgconn = connection.pgconn
        self._control = control
        self._call: threading.Thread | None = None
        self._answers: list[_Answer] = []
        self.is_waiting = False

    @property
    def is_in_transaction(self) -> bool:
        return self._pgconn.transaction_status != TransactionStatus.IDLE

    def send(self, statement: sql.Composable) -> None:
        self._pgconn.send_query(statement.as_string(self.connection).encode())

    def call(self, function: cabc.Callable[[], object]) -> None:
        """Call a function of the program, which may wait for the other writer."""

        def answer() -> None:
            self._answers.append(_Answer.of_call(function))

        self._call = threading.Thread(target=answer, daemon=True)
        self._call.start()

    def answer(self, *, may_wait: bool) -> _Answer | None:
        """Return the answer; None if the session waits for the other one."""
        deadline = time.monotonic() + _PATIENCE
        while self._is_busy():
            if may_wait and self._is_blocked():
                self.is_waiting = True
                return None
            if time.monotonic() > deadline:
                message = f"a write has not ended after {_PATIENCE:.0f} seconds"
                raise UntriableError(message)
        self.is_waiting = False
        if self._call:
            self._call = None
            return self._answers.pop()
        return _Answer.of_results(list(iter(self._pgconn.get_result, None)))

    def _is_busy(self) -> bool:
        if self._call:
            self._call.join(_GLANCE)
            return self._call.is_alive()
        select.select([self._pgconn.socket], [], [], _GLANCE)
        self._pgconn.consume_input()
        return bool(self._pgconn.is_busy())

    def _is_blocked(self) -> bool:
        row = self._control.execute(_BLOCKED, [self._pgconn.backend_pid]).fetchone()
        return bool(row and row[0])


class Trial:
    """The rows of one token, and the two writers."""

    def __init__(
        self,
        token: RevisionToken,
        rows: tuple[Row, Row],
        sessions: tuple[Connection, Connection],
        control: Connection,
        snapshot: SchemaSnapshot,
    ) -> None:
        """Find out, by trying, which values a write can give to the row."""
        self.token = token
        self.sessions = {
            name: _Session(connection, control)
            for name, connection in zip("AB", sessions, strict=True)
        }
        self._table = rows[0].table
        self._column = self._table.column(token.column) or Column(XMIN, XMIN_TYPE)
        self._control = control
        self._steps, self._repeats = _steps(self._column, snapshot)
        self._payload = _other_column(self._table, token)
        names = {token.column, *_changeable(self._table, token)}
        self._conditions = {
            name: row.condition(names) for name, row in zip("AB", rows, strict=True)
        }
        if self._column.is_nullable:
            # Null is a value that it may have, and the first that a program meets.
            self._try(self._column, typed(None, self._column.data_type), keep=True)
        self._start = self.evaluated(self.read("A"))
        self._step = self._chosen_step()
        self.fault = self._why_it_ends()
        self._rows = dict(zip("AB", rows, strict=True))
        self._snapshot = snapshot
        self._changeable = _changeable(self._table, token)
        self._found: dict[str, list[sql.Composable]] = {}
        self._values = self._chosen_payload()

    @property
    def manners(self) -> tuple[Manner, ...]:
        """The ways in which a program can write: nobody writes a system column."""
        return tuple(
            manner
            for manner in MANNERS
            if not (manner.raises and self._column.name == XMIN)
        )

    def play(self, order: Order, isolation: Isolation, manner: Manner) -> History:
        """Let the writers take their steps, and say what happened."""
        self._begin_again()
        return _Play(self, isolation, manner).history(order)

    def play_write(
        self, order: Order, isolation: Isolation, write: ProgramWrite
    ) -> History:
        """Do the same with a write of the program."""
        self._begin_again()
        if self.version("A") is None:
            message = "it deletes the row; only writes that leave it there are tried"
            raise UntriableError(message)
        return _ProgramPlay(self, isolation, write).history(order)

    def _begin_again(self) -> None:
        """Give the token its first value back, if it can be written: it may end."""
        column, start = self._column, typed(self._start, self._column.data_type)
        if (
            column.has_equality
            and column.name != XMIN
            and not self._has(column.name, start)
        ):
            self._try(column, start, keep=True)

    def payloads(self) -> tuple[sql.Composable, sql.Composable]:
        """Return what A and B write beside the token: A what is not there yet."""
        if self._values is None:
            same = sql.Identifier(self._payload)
            return same, same
        return self._in_turn(self._payload, self._values)

    def _in_turn(
        self, name: str, values: list[sql.Composable]
    ) -> tuple[sql.Composable, sql.Composable]:
        """Return two of the values: first one that is not there yet."""
        fresh = [value for value in values if not self._has(name, value)]
        # Of two values there are, the second is the one that is there.
        first, second, *_ = [*fresh, *values, *values]
        return first, second

    def is_kept(self, payload: sql.Composable) -> bool:
        """Whether the row has what was written beside the token, if that shows."""
        return self._values is None or self._has(self._payload, payload)

    def rows_to_store(self) -> dict[str, dict[str, sql.Composable]]:
        """Return the row that each writer wants to store, by its name, as expressions.

        The columns that a program may change have new values if any are known.
        """
        stored: dict[str, dict[str, sql.Composable]] = {
            writer: {
                column.name: typed(row.values[column.name], column.data_type)
                for column in self._table.columns
            }
            for writer, row in self._rows.items()
        }
        for name in self._changeable:
            if values := self._known_values(name):
                pair = self._in_turn(name, values)
                for row, value in zip(stored.values(), pair, strict=True):
                    row[name] = value
        return stored

    def version(self, writer: str) -> tuple[typ.Any, ...] | None:
        """Return what changes whenever the writer's row is written."""
        query = sql.SQL("SELECT xmin::text, ctid::text, t::text FROM {} AS t WHERE {}")
        return self._control.execute(
            query.format(relation(self._table), self._conditions[writer])
        ).fetchone()

    def stores_any(self, row: cabc.Mapping[str, sql.Composable]) -> bool:
        """Whether the row that is there has a new value of one to store."""
        return any(
            self._has(name, row[name])
            for name, values in self._found.items()
            if len(values) > 1
        )

    def bound(
        self,
        statement: str,
        row: cabc.Mapping[str, sql.Composable],
        revision: str | None,
    ) -> sql.Composable:
        """Return a statement of the program with values for its parameters."""
        values = {}
        for name in dict.fromkeys(_PARAMETER.findall(statement.replace("%%", ""))):
            if name in {"revision", self._column.name}:
                values[name] = revision
            elif name == "next_revision":
                values[name] = self.evaluated(self.raised(revision, 1))
            else:
                values[name] = self.evaluated(row[self._column_for(name, statement)])
        try:
            text = psycopg.ClientCursor(self._control).mogrify(
                trusted(statement), values
            )
        except (psycopg.ProgrammingError, TypeError) as error:
            message = f"its parameters cannot be given, as in %(revision)s: {error}"
            raise UntriableError(message) from error
        return trusted(text)

    def _column_for(self, parameter: str, statement: str) -> str:
        """Return the column that a parameter of a statement is for.

        It has the column's name, or is compared with it: ``id = %(key)s``.
        """
        names = [column.name for column in self._table.columns]
        if parameter in names:
            return parameter
        beside = rf'"?(\w+)"?\s*=\s*%\({re.escape(parameter)}\)s'
        match = re.search(beside, statement)
        if match and match[1] in names and match[1] != self._column.name:
            return match[1]
        message = (
            f"its parameter {parameter} is unknown: expected are revision, "
            f"next_revision, or a column of {self._table.qualified_name} "
            f"({', '.join(names)})"
        )
        raise UntriableError(message)

    def as_values(
        self, expressions: cabc.Mapping[str, sql.Composable]
    ) -> dict[str, typ.Any]:
        """Return the values of expressions, as psycopg loads them."""
        query = sql.SQL("SELECT {}").format(sql.SQL(", ").join(expressions.values()))
        row = self._control.execute(query).fetchone() or ()
        return dict(zip(expressions, row, strict=True))

    def read(self, writer: str) -> sql.Composed:
        """Return the query by which a writer reads the revision."""
        return sql.SQL("SELECT {}::text FROM {} WHERE {}").format(
            sql.Identifier(self._column.name),
            relation(self._table),
            self._conditions[writer],
        )

    def write(
        self, writer: str, manner: Manner, revision: str | None, payload: sql.Composable
    ) -> sql.Composed:
        """Return the update by which a writer writes.

        If a few steps bring an old value back, A takes as many.
        """
        repeats = self._repeats if writer == "A" and manner.raises else 1
        token = sql.Identifier(self._column.name)
        statements = []
        for number in range(repeats):
            changes = [_assigned(sql.Identifier(self._payload), payload)]
            if manner.raises:
                value = self.raised(revision, number + 1)
                changes = [*changes, _assigned(token, value)]
                changes = changes if self._values else changes[1:]
            where = self._conditions[writer]
            if manner.compares:
                compared = sql.SQL("{} AND {} = {}")
                where = compared.format(where, token, self.raised(revision, number))
            statements.append(
                sql.SQL("UPDATE {} SET {} WHERE {}").format(
                    relation(self._table), sql.SQL(", ").join(changes), where
                )
            )
        return sql.SQL("; ").join(statements)

    def raised(self, revision: str | None, times: int) -> sql.Composable:
        """Return the revision after so many writes, as an expression."""
        value: sql.Composable = typed(revision, self._column.data_type)
        for _ in range(times):
            step = trusted(self._step).format(read=value)
            value = sql.SQL("CAST({} AS {})").format(
                step, trusted(self._column.data_type)
            )
        return value

    def evaluated(self, expression: sql.Composable) -> str | None:
        """Return the value of an expression, as text."""
        query = sql.SQL("SELECT ({})::text").format(expression)
        row = self._control.execute(query).fetchone()
        return row[0] if row else None

    def _chosen_step(self) -> str:
        """Return the first way to raise the token whose value the table takes."""
        for step in self._steps:
            read = typed(self._start, self._column.data_type)
            value = trusted(step).format(read=read)
            if self._try(self._column, value):
                return step
        return next(iter(self._steps), _READ)

    def _why_it_ends(self) -> str | None:
        """Return why the number of a row cannot be raised often, or None."""
        if self._start is None or self._steps[:1] != [_PLUS_ONE]:
            return None
        value = sql.SQL("{} + {}").format(
            typed(self._start, self._column.data_type), sql.Literal(_OFTEN)
        )
        statement = sql.SQL("UPDATE {} SET {} WHERE {}").format(
            relation(self._table),
            _assigned(sql.Identifier(self._column.name), value),
            self._conditions["A"],
        )
        try:
            with self._control.transaction(force_rollback=True):
                self._control.execute(statement)
        except (psycopg.DataError, psycopg.errors.CheckViolation) as error:
            return (
                f"a row cannot be written {_OFTEN:,} times, since its revision ends "
                f"before that: {error.diag.message_primary}"
            )
        except psycopg.Error:
            # A trigger that takes only the next number, or a column that is generated.
            return None
        return None

    def _chosen_payload(self) -> list[sql.Composable] | None:
        """Return two or three values that a column beside the token takes."""
        for name in self._changeable:
            values = self._known_values(name)
            if len(values) > 1:
                self._payload = name
                return values
        return None

    def _known_values(self, name: str) -> list[sql.Composable]:
        """Return up to three values that a column of the row takes."""
        column = self._table.column(name)
        if column is None or name in self._found:
            return self._found.get(name, [])
        checks = [
            condition
            for condition in conditions_of(self._table, self._snapshot)
            if name in columns_in(condition, self._table)
        ]
        values: list[sql.Composable] = []
        for text in candidates(column, self._snapshot, checks)[:8]:
            value = typed(text, column.data_type)
            # A trigger may refuse whatever does not raise the token.
            if self._try(column, value) or self._try(column, value, raises=True):
                values.append(value)
        return self._found.setdefault(name, values[:3])

    def _try(
        self,
        column: Column,
        value: sql.Composable,
        *,
        raises: bool = False,
        keep: bool = False,
    ) -> bool:
        """Whether an update gives a value to the first row; it is undone, or kept."""
        name = sql.Identifier(column.name)
        changes = [_assigned(name, value)]
        if raises:
            token = sql.Identifier(self._column.name)
            changes.append(_assigned(token, trusted(self._step).format(read=token)))
        statement = sql.SQL("UPDATE {} SET {} WHERE {} RETURNING {}").format(
            relation(self._table),
            sql.SQL(", ").join(changes),
            self._conditions["A"],
            sql.SQL("{} IS NOT DISTINCT FROM {}").format(name, value)
            if column.has_equality
            else sql.SQL("true"),
        )
        try:
            with self._control.transaction(force_rollback=not keep):
                return self._control.execute(statement).fetchall() == [(True,)]
        except psycopg.errors.QueryCanceled:
            # What takes too long once would take too long each time.
            raise
        except psycopg.Error:
            return False

    def _has(self, name: str, value: sql.Composable) -> bool:
        query = sql.SQL("SELECT {} IS NOT DISTINCT FROM {} FROM {} WHERE {}").format(
            sql.Identifier(name),
            value,
            relation(self._table),
            self._conditions["A"],
        )
        return self._control.execute(query).fetchone() == (True,)


class _Play:
    """One history while it happens."""

    def __init__(self, trial: Trial, isolation: Isolation, manner: Manner) -> None:
        self._trial, self._isolation, self._manner = trial, isolation, manner
        self._events: list[Event] = []
        self._taken: list[Step] = []
        self._revisions: dict[str, str | None] = {}
        self._is_open = {"A": False, "B": False}
        self._fates: list[tuple[str, Fate]] = []
        self._error = ""
        self._what: dict[str, str] = {}
        self._names: dict[str | None, str] = {None: "null"}
        self._payloads = dict(zip("AB", trial.payloads(), strict=True))

    def history(self, order: Order) -> History:
        """Take the steps; those of a writer that waits come once it goes on."""
        sessions, waiting = self._trial.sessions, list[Step]()
        for step in order:
            if sessions[step.writer].is_waiting:
                waiting.append(step)
                continue
            self._take(step)
            waiting = self._gone_on(waiting)
        self._gone_on(waiting, patiently=True)
        return History(
            isolation=self._isolation,
            manner=self._manner,
            order=order,
            events=self._events,
            first=self._fates[0][1],
            second=self._fates[1][1],
            error=self._error,
        )

    def _gone_on(self, waiting: list[Step], *, patiently: bool = False) -> list[Step]:
        """Hear from the writer that waits; if it goes on, take its other steps."""
        for name, session in self._trial.sessions.items():
            if not session.is_waiting:
                continue
            answer = session.answer(may_wait=not patiently)
            if answer is None:
                return waiting
            self._wrote(name, answer)
            for step in waiting:
                self._take(step)
            return []
        return waiting

    def _take(self, step: Step) -> None:
        session = self._trial.sessions[step.writer]
        if step.act is Act.COMMIT:
            return self._commit(step.writer)
        statement = (
            self._trial.read(step.writer)
            if step.act is Act.READ
            else self._write(step.writer)
        )
        self._taken.append(step)
        if statement is not None:
            self._send(step.writer, statement)
        answer = session.answer(may_wait=step.act is Act.WRITE)
        if step.act is Act.READ:
            self._revisions[step.writer] = answer.value if answer else None
            self._say(step.writer, Act.READ, "", self._name(step.writer))
        elif answer is None:
            self._say(step.writer, Act.WRITE, "waits", self._what[step.writer])
        else:
            self._wrote(step.writer, answer)
        return None

    def _send(self, writer: str, statement: sql.Composable) -> None:
        """Send a statement, the first of a transaction with its beginning."""
        if not self._is_open[writer]:
            level = trusted(self._isolation.upper())
            begin = sql.SQL("BEGIN ISOLATION LEVEL {}; {}")
            statement = begin.format(level, statement)
            self._is_open[writer] = True
        self._trial.sessions[writer].send(statement)

    def _write(self, writer: str) -> sql.Composable | None:
        """Return what the writer sends; None if its write is a call that has begun."""
        revision = self._revisions[writer]
        statement = self._trial.write(
            writer, self._manner, revision, self._payloads[writer]
        )
        where = f"where {self._trial.token.column} = {self._name(writer)}"
        what = [where] if self._manner.compares else []
        if self._manner.raises:
            # What the writer goes by from now on.
            expression = self._trial.raised(revision, 1)
            self._revisions[writer] = self._trial.evaluated(expression)
            what = [self._name(writer), *what]
        self._what[writer] = " ".join(what)
        return statement

    def _name(self, writer: str) -> str:
        revision = self._revisions[writer]
        return self._names.setdefault(revision, f"r{len(self._names)}")

    def _wrote(self, writer: str, answer: _Answer) -> None:
        if answer.error:
            self._fates.append((writer, self._fate(answer)))
            text = self._complaint(answer)
        else:
            fate = Fate.TOOK_EFFECT if answer.rows else Fate.REFUSED
            self._fates.append((writer, fate))
            text = "1 row" if answer.rows == 1 else f"{answer.rows} rows"
            text = "" if answer.rows is None else text
        self._say(writer, Act.WRITE, text, self._what[writer])

    def _commit(self, writer: str) -> None:
        self._end(writer, "COMMIT")

    def _end(self, writer: str, statement: str) -> None:
        """End the writer's transaction, and say what became of its write."""
        session = self._trial.sessions[writer]
        self._is_open[writer] = False
        self._taken.append(Step(writer, Act.COMMIT))
        answer: _Answer | None = _Answer()
        if session.is_in_transaction:
            session.send(trusted(statement))
            answer = session.answer(may_wait=False)
        if answer is not None and answer.error:
            self._judge_again(writer, self._fate(answer))
            text = self._complaint(answer)
        else:
            text = self._committed(writer, answer or _Answer())
        self._say(writer, Act.COMMIT, text)

    def _committed(self, writer: str, answer: _Answer) -> str:
        """Return what to say of a commit; a trigger may have undone the write."""
        is_said_to = self._last_fate(writer) is Fate.TOOK_EFFECT
        if is_said_to and not self._trial.is_kept(self._payloads[writer]):
            self._judge_again(writer, Fate.REFUSED)
            return "the row has not changed"
        return "rolled back" if answer.is_rolled_back else ""

    def _last_fate(self, writer: str) -> Fate:
        return next(fate for name, fate in reversed(self._fates) if name == writer)

    def _judge_again(self, writer: str, fate: Fate) -> None:
        """Change what became of the writer's last write."""
        names = [name for name, _ in self._fates]
        last = len(names) - 1 - names[::-1].index(writer)
        self._fates[last] = (writer, fate)

    def _fate(self, answer: _Answer) -> Fate:
        is_stale = bool(self._fates)
        if answer.state in _UNRELATED or (
            answer.state[:2] in _OF_VALUES and not is_stale
        ):
            return Fate.FAILED
        return Fate.REFUSED

    def _complaint(self, answer: _Answer) -> str:
        self._error = self._error or answer.error
        return f"error: {answer.error}"

    def _say(self, writer: str, act: Act, answer: str, what: str = "") -> None:
        self._events.append(Event(writer, act, answer, what))


class _ProgramPlay(_Play):
    """A history of the program's own write, which may commit by itself."""

    def __init__(self, trial: Trial, isolation: Isolation, write: ProgramWrite) -> None:
        super().__init__(
            trial, isolation, Manner(compares=True, raises=True, program=write.name)
        )
        self._program = write.write
        self._rows = trial.rows_to_store()
        self._versions = {writer: trial.version(writer) for writer in "AB"}
        self._failed: set[str] = set()
        self._stores_values = False

    def history(self, order: Order) -> History:
        """Take the steps; one that the program takes early is put where it was."""
        return attrs.evolve(super().history(order), order=tuple(self._taken))

    def _write(self, writer: str) -> sql.Composable | None:
        session, trial = self._trial.sessions[writer], self._trial
        self._what[writer] = f"by {self._name(writer)}"
        row, revision = self._rows[writer], self._revisions[writer]
        if isinstance(self._program, str):
            return trial.bound(self._program, row, revision)
        function, values = self._program, trial.as_values(row)
        read = {"revision": trial.raised(revision, 0)}
        expected = trial.as_values(read)["revision"]
        session.call(lambda: function(session.connection, values, expected))
        return None

    def _wrote(self, writer: str, answer: _Answer) -> None:
        super()._wrote(writer, answer)
        self._failed |= {writer} if answer.error else set()
        if not self._trial.sessions[writer].is_in_transaction:
            # The program has ended the transaction itself.
            self._commit(writer)

    def _fate(self, answer: _Answer) -> Fate:
        if not answer.state and not self._fates:
            # An exception of the program that says nothing about staleness.
            return Fate.FAILED
        return super()._fate(answer)

    def _commit(self, writer: str) -> None:
        if self._is_open[writer]:
            self._end(writer, "ROLLBACK" if writer in self._failed else "COMMIT")

    def _committed(self, writer: str, answer: _Answer) -> str:
        """Judge by the row alone: a program may say one thing and do another."""
        if Fate.FAILED is self._last_fate(writer):
            return "rolled back"
        before, after = self._versions[writer], self._trial.version(writer)
        self._versions = {name: self._trial.version(name) for name in "AB"}
        is_stored = before != after and not (
            self._stores_values and _content(before) == _content(after)
        )
        self._judge_again(writer, Fate.TOOK_EFFECT if is_stored else Fate.REFUSED)
        self._stores_values = self._stores_values or (
            is_stored and self._trial.stores_any(self._rows[writer])
        )
        if answer.is_rolled_back:
            return "rolled back"
        return "" if is_stored else "the row has not changed"


def _content(version: tuple[typ.Any, ...] | None) -> tuple[typ.Any, ...]:
    return (version or ())[2:]


def _assigned(column: sql.Identifier, value: sql.Composable) -> sql.Composed:
    return sql.SQL("{} = {}").format(column, value)


def _changeable(table: Table, token: RevisionToken) -> list[str]:
    """Return the columns that a program may change, those of the model first."""
    keys = set[str]().union(*table.keys)
    keys |= {name for key in table.foreign_keys for name in key.columns}
    names = dict.fromkeys([*token.payload, *(c.name for c in table.columns)])
    return [
        name
        for name in names
        if name not in {*keys, token.column}
        and (column := table.column(name)) is not None
        and column.has_equality
        and column.generated is None
        and column.identity is None
    ]


def _other_column(table: Table, token: RevisionToken) -> str:
    """Return a column that a write can set to itself, not the token if possible."""
    writable = [
        column.name
        for column in table.columns
        if column.generated is None and column.identity is None
    ]
    others = [name for name in writable if name != token.column]
    return next(iter([*_changeable(table, token), *others, *writable]), token.column)


_LETTERS: typ.Final = string.ascii_letters
_SWAPPED: typ.Final = (
    f"translate({{read}}::text, '{_LETTERS}', '{_LETTERS.swapcase()}')"
)
_STEPS: typ.Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("smallint", "integer", "bigint"), (_PLUS_ONE,)),
    **dict.fromkeys(("numeric", "real", "double precision"), (_PLUS_ONE,)),
    **dict.fromkeys(("timestamp", "time"), ("{read} + interval '1 millisecond'",)),
    "boolean": ("NOT {read}",),
    "uuid": ("md5({read}::text)::uuid",),
    "bytea": ("decode(md5({read}), 'hex')",),
    **dict.fromkeys(
        TEXTS,
        (
            f"nullif({_SWAPPED}, {{read}}::text)",
            "left(md5({read}::text), length({read}::text))",
            "({read}::text::bigint + 1)::text",
        ),
    ),
}
"""How the next value may follow; of a text and a time, what a comparison may miss."""


def _steps(column: Column, snapshot: SchemaSnapshot) -> tuple[list[str], int]:
    """Return how the next value may follow, and how many steps bring an old one back.

    The first that the table takes is used.
    """
    if not column.has_equality:
        # No comparison works, and which value is written does not matter.
        return [_READ], 1
    data_type = snapshot.base_type(column)
    kind = kind_of(data_type)
    steps = [*_STEPS.get(kind, ())]
    if not steps or kind in TEXTS:
        steps += _taking_turns(column, snapshot)
    few = kind in {"boolean", "bit"} or snapshot.is_enum(data_type)
    values = len(candidates(column, snapshot))
    return steps, values if few and values <= _MOST_REPEATS else 1


def _taking_turns(column: Column, snapshot: SchemaSnapshot) -> list[str]:
    """Return the expression that goes through known values, one after the other."""
    values = candidates(column, snapshot)
    if len(values) < 2:
        return []
    literals = [typed(value, column.data_type).as_string() for value in values]
    cases = " ".join(
        f"WHEN {literal} THEN {following}"
        for literal, following in itertools.pairwise(literals)
    )
    escaped = cases.replace("{", "{{").replace("}", "}}")
    first = literals[0].replace("{", "{{").replace("}", "}}")
    return [f"CASE {{read}} {escaped} ELSE {first} END"]
