"""The words of every error that running a migration file can end in."""

from __future__ import annotations

import textwrap

import attrs

from pytest_userstate.domain.errors import MigrationError, ServerError
from pytest_userstate.outbound.migrations.layout import Plan
from pytest_userstate.outbound.migrations.remedies import NO_INPUT, remedy
from pytest_userstate.outbound.migrations.session import Failure, Outcome
from pytest_userstate.outbound.migrations.sql import Statement

_WIDTH = 79
_CONTEXT_LINES = 3


@attrs.frozen(kw_only=True)
class Step:
    """A file that is being run, and where in the plan it stands.

    Parameters
    ----------
    path : str
        How messages name the file.
    sql : str
        What is sent.
    statements : tuple of Statement
        What it consists of.
    layout : str
        The layout's name.
    applied, total : int
        How many migrations were applied before it, and how many there are: none
        where it is the setup file, which is no migration.
    advice_on_transactions : str
        How a migration leaves its transaction in this layout.
    """

    path: str
    sql: str
    statements: tuple[Statement, ...]
    layout: str = ""
    applied: int = 0
    total: int = 0
    advice_on_transactions: str = ""

    @property
    def is_setup(self) -> bool:
        """Whether it is the setup file."""
        return self.total == 0

    def statement(self, number: int) -> Statement | None:
        """Return the statement of this number (from 0), if there is one."""
        return self.statements[number] if number < len(self.statements) else None


@attrs.frozen
class Trouble:
    """What PostgreSQL said, and to which statement, where that is known."""

    step: Step
    failure: Failure
    statement: Statement | None

    @property
    def unread(self) -> str:
        """The line from where PostgreSQL stopped reading; empty if unknown."""
        if self.failure.position is None:
            return ""
        return self.step.sql[self.failure.position - 1 :].split("\n", 1)[0]


def statement_failed(step: Step, outcome: Outcome) -> MigrationError:
    """Say that a statement was refused, or failed while it ran."""
    failure = outcome.failure or Failure(message="failed for an unknown reason")
    trouble = Trouble(step, failure, _failed_statement(step, outcome, failure))
    line, column = _place(trouble)
    return _error(
        step,
        failure.message,
        _quoted(trouble.statement),
        _told(failure),
        NO_INPUT if outcome.wanted_input else remedy(trouble),
        line=line,
        column=column,
    )


def took_too_long(step: Step, outcome: Outcome, seconds: float) -> MigrationError:
    """Say that the file was not done in time, and was cancelled."""
    statement = step.statement(outcome.completed)
    return _error(
        step,
        f"timeout: not done after {seconds:g} seconds, and cancelled",
        _quoted(statement),
        "",
        "[postgres] migration_timeout in userstate.toml says how many seconds each"
        " migration may take. If this statement waits for something that never comes,"
        " it would hang where it is deployed, too.",
        line=None if statement is None else statement.line,
    )


def ended_its_transaction(step: Step) -> MigrationError:
    """Say that the file ended the transaction that the tool runs it in."""
    statement = next(
        (each for each in step.statements if each.controls_transaction), None
    )
    return _error(
        step,
        f"the file ends the transaction that {step.layout} runs it in",
        _quoted(statement),
        "",
        f"{step.layout} itself stops here, with what was done so far committed or"
        " rolled back. Leave BEGIN, COMMIT and ROLLBACK to it, or run the file"
        f" outside of a transaction. {step.advice_on_transactions}",
        line=None if statement is None else statement.line,
    )


def left_a_transaction_open(step: Step) -> MigrationError:
    """Say that the file opened a transaction of its own and did not end it."""
    opening = [each for each in step.statements if each.controls_transaction]
    statement = opening[-1] if opening else None
    return _error(
        step,
        "the file leaves a transaction open",
        _quoted(statement),
        "",
        "What it did would be lost, or become part of the next migration. End the"
        " transaction in the same file, with COMMIT.",
        line=None if statement is None else statement.line,
    )


def tool_failed(step: Step, outcome: Outcome, *, doing: str) -> MigrationError:
    """Say that what the tool does around the file failed."""
    failure = outcome.failure or Failure(message="timeout")
    return _error(
        step,
        f"{doing} failed: {failure.message}",
        "",
        _told(failure),
        remedy(Trouble(step, failure, None))
        or "The file itself ran. What is deferred (constraints, triggers) is checked"
        f" only when it is committed; and {step.layout} needs the schema, the role and"
        " the rights with which it connected.",
    )


def not_prepared(plan: Plan, outcome: Outcome) -> MigrationError:
    """Say that what the tool does before the first migration failed."""
    failure = outcome.failure or Failure(message="timeout")
    first = plan.migrations[0].path if plan.migrations else ""
    step = Step(
        path=first,
        sql="",
        statements=(),
        layout=plan.layout,
        total=len(plan.migrations),
    )
    return _error(
        step,
        f"preparing {plan.layout}'s own table failed: {failure.message}",
        "",
        _told(failure),
        remedy(Trouble(step, failure, None)),
    )


def connection_lost(step: Step, error: ServerError) -> ServerError:
    """Say that the server went away while the file ran."""
    return ServerError(f"{step.path}: the server went away while it ran.\n{error}")


def _failed_statement(
    step: Step, outcome: Outcome, failure: Failure
) -> Statement | None:
    """Return the statement by the error's position, else by counting results.

    The parser reads the whole batch before anything runs, so that counting says
    nothing about its errors.
    """
    if failure.position is not None:
        before = [each for each in step.statements if each.start < failure.position]
        return before[-1] if before else None
    if failure.is_from_parser and len(step.statements) > 1:
        return None
    return step.statement(outcome.completed)


def _place(trouble: Trouble) -> tuple[int | None, int | None]:
    position = trouble.failure.position
    if position is None:
        return (None if trouble.statement is None else trouble.statement.line), None
    before = trouble.step.sql[: position - 1]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _error(
    step: Step,
    headline: str,
    *paragraphs: str,
    line: int | None = None,
    column: int | None = None,
) -> MigrationError:
    place = step.path
    if line is not None:
        place += f", line {line}"
    if column is not None:
        place += f", column {column}"
    quoted, told, what_to_do = paragraphs
    details = "\n".join(filter(None, (told, _progress(step))))
    message = "\n\n".join(
        filter(None, (f"{place}: {headline}", quoted, details, _wrapped(what_to_do)))
    )
    return MigrationError(
        message, path=step.path, line=line, column=column, applied=step.applied
    )


def _progress(step: Step) -> str:
    if step.is_setup:
        return "It is the setup file, which runs before every migration."
    applied = {0: "No migration", 1: "1 migration"}.get(
        step.applied, f"{step.applied} migrations"
    )
    return f"{applied} of {step.total} had been applied before it."


def _quoted(statement: Statement | None) -> str:
    return "" if statement is None else f"    {statement.first_line}"


def _told(failure: Failure) -> str:
    context = failure.context.splitlines()[:_CONTEXT_LINES]
    parts = (
        f"SQLSTATE: {failure.sqlstate}" if failure.sqlstate else "",
        f"DETAIL: {failure.detail}" if failure.detail else "",
        f"HINT: {failure.hint}" if failure.hint else "",
        "CONTEXT: " + "\n    ".join(context) if context else "",
    )
    return "\n".join(filter(None, parts))


def _wrapped(paragraph: str) -> str:
    return textwrap.fill(
        paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False
    )
