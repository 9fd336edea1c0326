"""The words of every error that running a migration file can end in."""

from __future__ import annotations

import collections.abc as cabc
import functools
import re
import textwrap
import typing as typ

import attrs

from pytest_userstate.domain.errors import MigrationError, ServerError
from pytest_userstate.outbound.migrations.plan import Batch, Mode, Piece, Plan
from pytest_userstate.outbound.migrations.running.remedies import (
    NO_INPUT,
    dropping,
    of_psql_command,
    of_the_tools_work,
    remedy,
)
from pytest_userstate.outbound.migrations.running.session import (
    BatchResult,
    ReportedError,
)
from pytest_userstate.outbound.migrations.sql import (
    Part,
    Statement,
    script,
    statements,
)

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.migrations.sql import PsqlCommand

_WIDTH, _INDENT = 79, "    "
_CONTEXT_LINES = 3
_ROW = re.compile(r"^COPY .*?, line (\d+)", re.MULTILINE)
_ABOUT_TIME = (
    "[postgres] migration_timeout in userstate.toml says how many seconds each"
    " migration may take. If this one waits for something that never comes, it would"
    " hang where it is deployed, too."
)


@attrs.frozen(kw_only=True, slots=False)
class Step:
    """A file that is being run, and its place in the plan."""

    # How messages name the file.
    path: str
    # What of it is sent.
    batch: Batch
    # All migrations; None for a file that is none.
    plan: Plan | None = attrs.field(default=None, repr=False, eq=False)
    # How many of them were applied before it.
    applied: int = 0
    # Whether it is the setup file.
    is_setup: bool = False

    @property
    def sql(self) -> str:
        """What is sent."""
        return self.batch.sql

    @functools.cached_property
    def statements(self) -> tuple[Statement, ...]:
        """What the file consists of; found when it is asked for."""
        if self.batch.mode is not Mode.SCRIPT:
            return statements(self.sql)
        return tuple(part for part in self.parts if isinstance(part, Statement))

    @functools.cached_property
    def parts(self) -> tuple[Part, ...]:
        """What a script consists of, for psql."""
        return script(self.sql)

    @property
    def layout(self) -> str:
        """The layout's name."""
        return self.plan.layout if self.plan else ""

    @property
    def texts(self) -> cabc.Iterator[str]:
        """What all migrations send."""
        for migration in self.plan.migrations if self.plan else ():
            for batch in migration.batches:
                yield batch.sql

    def statement(self, number: int) -> Statement | None:
        """Return the statement of this number (from 0), if there is one."""
        return self.statements[number] if number < len(self.statements) else None

    def upto(
        self, last: Statement | None, *, mentioning: str, in_session: bool = False
    ) -> cabc.Iterator[tuple[str, Statement]]:
        """Yield statements and their files, backward from the last one.

        Of earlier files only those that mention a word are looked into; and none if
        only what was said in the same session counts, and each has its own.
        """
        for statement in reversed(self.statements):
            if last is None or statement.start <= last.start:
                yield self.path, statement
        if self.plan is None or (in_session and self.plan.separate_sessions):
            return
        for migration in reversed(self.plan.migrations[: self.applied]):
            for batch in reversed(migration.batches):
                if mentioning in batch.sql.lower():
                    step = Step(path=migration.path, batch=batch)
                    for statement in reversed(step.statements):
                        yield step.path, statement


@attrs.frozen
class Refusal:
    """An error that PostgreSQL reported, and the statement, if it is known."""

    step: Step
    failure: ReportedError
    statement: Statement | None

    @property
    def unread(self) -> str:
        """The line from where PostgreSQL stopped reading; empty if unknown."""
        if self.failure.position is None:
            return ""
        return self.step.sql[self.failure.position - 1 :].split("\n", 1)[0]


def statement_failed(
    step: Step, outcome: BatchResult, piece: Piece | None = None
) -> MigrationError:
    """Say that a statement was refused, or failed while it ran."""
    failure = outcome.failure or ReportedError(message="failed for an unknown reason")
    if piece is not None and failure.position is not None:
        failure = attrs.evolve(failure, position=failure.position + piece[0])
    statement = _failed_statement(step, outcome, failure, piece)
    refusal = Refusal(step, failure, statement)
    row = _row(step, statement, failure)
    return _error(
        step,
        failure.message,
        report=_report(failure),
        to_do=NO_INPUT if outcome.expects_input else remedy(refusal),
        place=row or _Place.of(step, refusal.statement, failure.position),
    )


def command_refused(step: Step, command: PsqlCommand, why: str = "") -> MigrationError:
    """Say that a script holds a command of psql that is not run."""
    return _error(
        step,
        f"{command.name} is a command of psql{why or ', and not run here'}",
        to_do=of_psql_command(command.name),
        place=_Place(command.line, None, f"{_INDENT}{command.text}"),
    )


def took_too_long(
    step: Step, outcome: BatchResult, seconds: float, piece: Piece | None = None
) -> MigrationError:
    """Say that the file was not done in time, and was cancelled."""
    number = outcome.completed + _statements_before(step, piece)
    return _error(
        step,
        f"timeout: not done after {seconds:g} seconds, and cancelled",
        to_do=_ABOUT_TIME,
        place=_Place.of(step, step.statement(number)),
    )


def ended_its_transaction(step: Step) -> MigrationError:
    """Say that the file ended the transaction that the tool runs it in."""
    ends = [
        statement for statement in step.statements if statement.controls_transaction
    ]
    return _error(
        step,
        f"the file ends the transaction that {step.layout} runs it in",
        to_do=f"{step.layout} itself stops here, with what was done so far committed or"
        " rolled back. Leave BEGIN, COMMIT and ROLLBACK to it, or run the file outside"
        f" of a transaction. {step.plan.advice_on_transactions if step.plan else ''}",
        place=_Place.of(step, ends[0] if ends else None),
    )


def left_a_transaction_open(step: Step) -> MigrationError:
    """Say that the file opened a transaction and did not end it."""
    begins = [
        statement for statement in step.statements if statement.controls_transaction
    ]
    return _error(
        step,
        "the file leaves a transaction open",
        to_do="What it did would be lost, or become part of the next migration. End the"
        " transaction in the same file, with COMMIT.",
        place=_Place.of(step, begins[-1] if begins else None),
    )


def tool_failed(
    step: Step, outcome: BatchResult, *, doing: str, has_run: bool = True
) -> MigrationError:
    """Say that what the tool does around the file failed, or took too long."""
    failure = outcome.failure
    if failure is None:
        return _error(step, f"timeout while {doing}", to_do=_ABOUT_TIME)
    refusal = Refusal(step, failure, dropping(step, failure) if has_run else None)
    return _error(
        step,
        f"{doing} failed: {failure.message}",
        report=_report(failure),
        to_do=of_the_tools_work(refusal),
        place=_Place.of(step, refusal.statement),
    )


def not_prepared(plan: Plan, outcome: BatchResult) -> MigrationError:
    """Say that what the tool does before the first migration failed."""
    failure = outcome.failure or ReportedError(message="timeout")
    first = plan.migrations[0].path if plan.migrations else ""
    step = Step(path=first, batch=Batch(sql=""), plan=plan)
    return _error(
        step,
        f"preparing {plan.layout}'s own table failed: {failure.message}",
        report=_report(failure),
        to_do=remedy(Refusal(step, failure, None)),
    )


def connection_lost(step: Step, error: ServerError) -> ServerError:
    """Say that the server went away while the file ran."""
    return ServerError(f"{step.path}: the server went away while it ran.\n{error}")


def _statements_before(step: Step, piece: Piece | None) -> int:
    """Return how many statements begin before what was sent."""
    start = 0 if piece is None else piece[0]
    return sum(statement.start < start for statement in step.statements)


def _failed_statement(
    step: Step, outcome: BatchResult, failure: ReportedError, piece: Piece | None
) -> Statement | None:
    """Return the statement by the error's position, else by counting results.

    The parser reads the whole batch before anything runs, so that counting says
    nothing about its errors.
    """
    if failure.position is not None:
        before = [
            statement
            for statement in step.statements
            if statement.start < failure.position
        ]
        return before[-1] if before else None
    if piece is None and failure.is_from_parser and len(step.statements) > 1:
        return None
    return step.statement(outcome.completed + _statements_before(step, piece))


@attrs.frozen
class _Place:
    """A place in a file, and the text there."""

    line: int | None = None
    column: int | None = None
    quotation: str = ""

    @classmethod
    def of(
        cls, step: Step, statement: Statement | None, position: int | None = None
    ) -> _Place:
        """Return the place of a position, else that of a statement."""
        line, column = (None if statement is None else statement.line), None
        if position is not None:
            line, column = _line_and_column(step.sql, position - 1)
        return cls(line, column, _quotation(step.sql, statement, line, column))


_NOWHERE = _Place()


def _row(
    step: Step, statement: Statement | None, failure: ReportedError
) -> _Place | None:
    """Return the place of the row that a COPY could not take, if it is known."""
    row = _ROW.search(failure.context)
    if statement is None or statement.data is None or row is None:
        return None
    line = step.sql.count("\n", 0, statement.data[0]) + int(row[1])
    text = step.sql.split("\n")[line - 1].rstrip("\r")
    shown = [statement.first_line, "…", text]
    quotation = "\n".join(_INDENT + line[: _WIDTH - len(_INDENT)] for line in shown)
    return _Place(line, None, quotation)


def _error(
    step: Step,
    headline: str,
    *,
    report: str = "",
    to_do: str = "",
    place: _Place = _NOWHERE,
) -> MigrationError:
    """Compose a message: place, quotation, what PostgreSQL reports, what to do."""
    where = step.path
    if place.line is not None:
        where += f":{place.line}"
    if place.column is not None:
        where += f":{place.column}"
    parts = (
        f"{where}: {headline}",
        place.quotation,
        "\n".join(filter(None, (report, _progress(step)))),
        wrapped(to_do),
    )
    return MigrationError(
        "\n\n".join(filter(None, parts)),
        path=step.path,
        line=place.line,
        column=place.column,
        applied=step.applied,
    )


def _line_and_column(sql: str, position: int) -> tuple[int, int]:
    before = sql[:position]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _quotation(
    sql: str, statement: Statement | None, line: int | None, column: int | None
) -> str:
    """Show where the statement begins, and the place of the error in it."""
    lines = []
    if statement is not None and (column is None or statement.line != line):
        lines.append(statement.first_line[: _WIDTH - len(_INDENT)])
    if statement is not None and line is not None and line > statement.line + 1:
        lines.append("…")
    if line is not None and column is not None:
        lines += _pointed_at(sql.split("\n")[line - 1].rstrip("\r"), column)
    return "\n".join(f"{_INDENT}{line}" for line in lines)


def _pointed_at(text: str, column: int) -> tuple[str, str]:
    """Return as much of a line as there is room for, and a caret below it."""
    room = _WIDTH - len(_INDENT)
    start = max(0, column - 1 - room // 2) if len(text) > room else 0
    before = text[start : column - 1]
    caret = "".join("\t" if character == "\t" else " " for character in before) + "^"
    return text[start : start + room], caret


def _progress(step: Step) -> str:
    if step.is_setup:
        return "It is the setup file, which runs before every migration."
    applied = {0: "No migration", 1: "1 migration"}.get(
        step.applied, f"{step.applied} migrations"
    )
    total = len(step.plan.migrations) if step.plan else 0
    return f"{applied} of {total} had been applied before it."


def _report(failure: ReportedError) -> str:
    """Return what PostgreSQL said beside its message, in its own order."""
    context = "\n".join(failure.context.splitlines()[:_CONTEXT_LINES])
    parts = {
        "SQLSTATE": failure.sqlstate,
        "DETAIL": failure.detail,
        "HINT": failure.hint,
        "CONTEXT": context,
    }
    return "\n".join(
        wrapped(line, indent=_INDENT)
        for name, text in parts.items()
        if text
        for line in f"{name}: {text}".split("\n")
    )


def wrapped(text: str, indent: str = "") -> str:
    """Return paragraphs in lines of equal width; lines that are indented stay."""
    return "\n".join(
        line
        if line.startswith(_INDENT)
        else textwrap.fill(
            line,
            _WIDTH,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.split("\n")
    )
