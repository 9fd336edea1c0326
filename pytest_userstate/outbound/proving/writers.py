"""Two writers on two connections, who take their steps in an order that is given.

A step that waits for the other writer is noticed, and waited for once that one has
gone on; nothing waits longer than the time limits of the sessions.
"""

from __future__ import annotations

import itertools
import select
import string
import time
import typing as typ

import psycopg
from psycopg import sql
from psycopg.pq import DiagnosticField, ExecStatus

if typ.TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

from pytest_userstate.domain.ports import UntriableError
from pytest_userstate.domain.revision_tokens import XMIN, XMIN_TYPE
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
    RevisionToken,
    Step,
)
from pytest_userstate.outbound.proving.rows import (
    Connection,
    Row,
    relation,
    trusted,
    typed,
)
from pytest_userstate.outbound.proving.values import TEXTS, candidates, kind_of

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


class _Session:
    """A connection whose statements are sent first, and waited for later."""

    def __init__(self, connection: Connection, control: Connection) -> None:
        self._pgconn = connection.pgconn
        self._context = connection
        self._control = control
        self.is_waiting = False

    def send(self, statement: sql.Composable) -> None:
        self._pgconn.send_query(statement.as_string(self._context).encode())

    def answer(self, *, may_wait: bool) -> list[PGresult] | None:
        """Return the results; None if the session waits for the other one."""
        deadline = time.monotonic() + _PATIENCE
        while self._is_busy():
            if may_wait and self._is_blocked():
                self.is_waiting = True
                return None
            if time.monotonic() > deadline:
                message = "PostgreSQL did not answer in time"
                raise UntriableError(message)
        self.is_waiting = False
        return list(iter(self._pgconn.get_result, None))

    def _is_busy(self) -> bool:
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
        self._step = self._chosen_step()
        self._values = self._chosen_payload(snapshot)

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
        return _Play(self, isolation, manner).history(order)

    def payloads(self) -> tuple[sql.Composable, sql.Composable]:
        """Return what A and B write beside the token: A what is not there yet."""
        if self._values is None:
            same = sql.Identifier(self._payload)
            return same, same
        fresh = [value for value in self._values if not self._has(value)]
        # Of two values there are, the second is the one that is there.
        first, second, *_ = [*fresh, *self._values]
        return first, second

    def is_kept(self, payload: sql.Composable) -> bool:
        """Whether the row has what was written beside the token, if that shows."""
        return self._values is None or self._has(payload)

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
        row = self._control.execute(self.read("A")).fetchone()
        for step in self._steps:
            value = trusted(step).format(
                read=typed(row[0] if row else None, self._column.data_type)
            )
            if self._try(self._column, value):
                return step
        return next(iter(self._steps), _READ)

    def _chosen_payload(self, snapshot: SchemaSnapshot) -> list[sql.Composable] | None:
        """Return two or three values that a column beside the token takes."""
        for name in _changeable(self._table, self.token):
            column = self._table.column(name)
            if column is None:
                continue
            values: list[sql.Composable] = []
            for text in candidates(column, snapshot)[:8]:
                value = typed(text, column.data_type)
                # A trigger may refuse whatever does not raise the token.
                if self._try(column, value) or self._try(column, value, raises=True):
                    values.append(value)
            if len(values) > 1:
                self._payload = name
                return values[:3]
        return None

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

    def _has(self, payload: sql.Composable) -> bool:
        query = sql.SQL("SELECT {} IS NOT DISTINCT FROM {} FROM {} WHERE {}").format(
            sql.Identifier(self._payload),
            payload,
            relation(self._table),
            self._conditions["A"],
        )
        return self._control.execute(query).fetchone() == (True,)


class _Play:
    """One history while it happens."""

    def __init__(self, trial: Trial, isolation: Isolation, manner: Manner) -> None:
        self._trial, self._isolation, self._manner = trial, isolation, manner
        self._events: list[Event] = []
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
            results = session.answer(may_wait=not patiently)
            if results is None:
                return waiting
            self._wrote(name, results)
            for step in waiting:
                self._take(step)
            return []
        return waiting

    def _take(self, step: Step) -> None:
        session = self._trial.sessions[step.writer]
        if step.act is Act.COMMIT:
            session.send(sql.SQL("COMMIT"))
            self._is_open[step.writer] = False
            return self._committed(step.writer, session.answer(may_wait=False) or [])
        statement = (
            self._trial.read(step.writer)
            if step.act is Act.READ
            else self._write(step.writer)
        )
        if not self._is_open[step.writer]:
            level = trusted(self._isolation.upper())
            begin = sql.SQL("BEGIN ISOLATION LEVEL {}; {}")
            statement = begin.format(level, statement)
            self._is_open[step.writer] = True
        session.send(statement)
        results = session.answer(may_wait=step.act is Act.WRITE)
        if step.act is Act.READ:
            self._has_read(step.writer, results or [])
        elif results is None:
            self._say(step.writer, Act.WRITE, "waits", self._what[step.writer])
        else:
            self._wrote(step.writer, results)
        return None

    def _write(self, writer: str) -> sql.Composed:
        revision = self._revisions[writer]
        statement = self._trial.write(
            writer, self._manner, revision, self._payloads[writer]
        )
        where = f"where {self._trial.token.column} = {self._name(revision)}"
        what = [where] if self._manner.compares else []
        if self._manner.raises:
            # What the writer goes by from now on.
            expression = self._trial.raised(revision, 1)
            self._revisions[writer] = self._trial.evaluated(expression)
            what = [self._name(self._revisions[writer]), *what]
        self._what[writer] = " ".join(what)
        return statement

    def _name(self, revision: str | None) -> str:
        return self._names.setdefault(revision, f"r{len(self._names)}")

    def _has_read(self, writer: str, results: list[PGresult]) -> None:
        value = results[-1].get_value(0, 0) if results[-1].ntuples else None
        self._revisions[writer] = value.decode() if value is not None else None
        self._say(writer, Act.READ, "", self._name(self._revisions[writer]))

    def _wrote(self, writer: str, results: list[PGresult]) -> None:
        if error := _error_of(results):
            self._fates.append((writer, self._fate(error)))
            self._say(writer, Act.WRITE, self._complaint(error), self._what[writer])
            return
        updates = [result for result in results if result.command_tuples is not None]
        rows = min((r.command_tuples or 0 for r in updates), default=0)
        fate = Fate.TOOK_EFFECT if rows else Fate.REFUSED
        self._fates.append((writer, fate))
        answer = "1 row" if rows == 1 else f"{rows} rows"
        self._say(writer, Act.WRITE, answer, self._what[writer])

    def _committed(self, writer: str, results: list[PGresult]) -> None:
        number, (name, fate) = len(self._fates) - 1, self._fates[-1]
        if name != writer:
            number, (name, fate) = number - 1, self._fates[number - 1]
        if error := _error_of(results):
            self._fates[number] = (writer, self._fate(error))
            self._say(writer, Act.COMMIT, self._complaint(error))
            return
        rolled_back = results[-1].command_status == b"ROLLBACK"
        if fate is Fate.TOOK_EFFECT and not self._trial.is_kept(self._payloads[writer]):
            self._fates[number] = (writer, Fate.REFUSED)
            self._say(writer, Act.COMMIT, "the row has not changed")
            return
        self._say(writer, Act.COMMIT, "rolled back" if rolled_back else "")

    def _fate(self, error: PGresult) -> Fate:
        state = _state_of(error)
        is_stale = bool(self._fates)
        if state in _UNRELATED or (state[:2] in _OF_VALUES and not is_stale):
            return Fate.FAILED
        return Fate.REFUSED

    def _complaint(self, error: PGresult) -> str:
        field = error.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"an error"
        message = field.decode(errors="replace")
        self._error = self._error or message
        return f"error: {message}"

    def _say(self, writer: str, act: Act, answer: str, what: str = "") -> None:
        self._events.append(Event(writer, act, answer, what))


def _error_of(results: list[PGresult]) -> PGresult | None:
    failed = (r for r in results if r.status == ExecStatus.FATAL_ERROR)
    return next(failed, None)


def _state_of(error: PGresult) -> str:
    return (error.error_field(DiagnosticField.SQLSTATE) or b"").decode()


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
    **dict.fromkeys(("smallint", "integer", "bigint"), ("{read} + 1",)),
    **dict.fromkeys(("numeric", "real", "double precision"), ("{read} + 1",)),
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
