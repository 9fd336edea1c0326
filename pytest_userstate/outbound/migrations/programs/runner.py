"""Migrates a database by a program of the repository's own."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import json
import os
import pathlib
import typing as typ

import attrs
import psycopg
from psycopg import sql

from pytest_userstate.domain.snapshot import Source
from pytest_userstate.outbound.migrations.programs import failures, processes
from pytest_userstate.outbound.migrations.programs.environment import (
    asked_for,
    choice_of_database,
    environment,
    in_braces,
    url,
)
from pytest_userstate.outbound.migrations.programs.plan import Interpreter, ProgramPlan
from pytest_userstate.outbound.migrations.programs.processes import (
    Clock,
    Ended,
    Report,
    last_lines,
    redacted,
)
from pytest_userstate.outbound.migrations.programs.progress import Progress
from pytest_userstate.outbound.migrations.provenance.attribution import Attribution
from pytest_userstate.outbound.migrations.provenance.recorder import Recorder
from pytest_userstate.outbound.migrations.running.runner import (
    Migrated,
    expect_nothing_prepared,
)
from pytest_userstate.outbound.migrations.running.session import Session

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.connection_strings import Address

_INSIDE = pathlib.Path(__file__).with_name("inside")
# Of `migration_timeout`: for what the program does before, between and after its
# migrations, and for a command, whose migrations are not distinguished.
_WHOLE = 10
_MOST_SUPPLIED = 100  # variables; whatever asks for more is no settings


class ProgramRunner:
    """Runs the program of a plan, and finds out what it did."""

    def __init__(
        self,
        connection: psycopg.Connection[typ.Any],
        address: Address,
        *,
        timeout: float,
    ) -> None:
        """Note them; nothing is run yet."""
        self._connection = connection
        self._session = Session(connection, timeout=timeout)
        self._address = address
        self._timeout = timeout
        self._clock = Clock(timeout)

    def run(self, plan: ProgramPlan, *, setup: str = "") -> Migrated:
        """Run the program to its end.

        The settings of one that is watched get variables that they ask for by failing
        before anything is migrated: where they lead it, it is led to the audit's
        database all the same.
        """
        origin = Source(setup) if setup else None
        if plan.program.python is None:
            return self._run_unwatched(plan, origin)
        python = plan.program.python
        ended, progress = self._run_watched(plan, python, origin)
        while asked := self._asked(plan, ended, progress):
            plan = _with_variables(plan, asked)
            ended, progress = self._run_watched(plan, python, origin)
        self._expect_success(plan, ended, progress)
        migrated = self._sum_up(plan, ended, progress)
        return attrs.evolve(
            migrated, warnings=(*migrated.warnings, *_supplied(plan.program.supplied))
        )

    def _asked(
        self, plan: ProgramPlan, ended: Ended, progress: Progress
    ) -> dict[str, typ.Any]:
        """Return the variables that its settings asked for, if that stopped it."""
        has_begun = progress.ledger is not None
        if has_begun or progress.defect or ended.timed_out:
            return {}
        if len(plan.program.supplied) > _MOST_SUPPLIED:
            return {}
        given = {**os.environ, **plan.program.environment}
        if "not of PostgreSQL" in progress.refusal:
            choice = choice_of_database(plan.base)
            return {name: choice[name] for name in choice if name not in given}
        if progress.refusal or not ended.status:
            return {}
        output = "\n".join(ended.output)
        return asked_for(output, given, plan.program.folder, plan.base)

    def _run_unwatched(self, plan: ProgramPlan, origin: Source | None) -> Migrated:
        recorder = Recorder(self._session)
        recorder.start(origin, plan.bookkeeping_tables)
        ended = self._run(plan, plan.program.arguments)
        if ended.status or ended.timed_out:
            raise self._failure(plan, ended, failures.Position())
        # It would hold locks that the end of the notes waits for.
        expect_nothing_prepared(self._session, _texts(plan))
        recorder.note(plan.origin or None, Attribution(()))
        history = recorder.end()
        return Migrated(
            history=history,
            applied=None,
            bookkeeping_tables=plan.bookkeeping_tables,
            warnings=() if recorder.has_changes else (_made_nothing(plan),),
        )

    def _run_watched(
        self, plan: ProgramPlan, python: Interpreter, origin: Source | None
    ) -> tuple[Ended, Progress]:
        progress = Progress(
            base=plan.base,
            origin=origin,
            bookkeeping=plan.bookkeeping_tables,
            restart_clock=self._restart_clock,
        )
        read, write = os.pipe()
        task = {
            "tool": plan.program.watched,
            "arguments": plan.program.arguments,
            "pipe": write,
            "url": url(self._address),
            "where": {
                "HOST": self._address.host,
                "PORT": str(self._address.port),
                "USER": self._address.role,
                "PASSWORD": self._address.password,
                "NAME": self._address.database,
            },
        }
        ended = self._run(
            plan,
            (str(python.path), str(_INSIDE)),
            extra={"USERSTATE_TASK": json.dumps(task)},
            report=Report(read, write, progress.read),
        )
        return ended, progress

    def _run(
        self,
        plan: ProgramPlan,
        arguments: tuple[str, ...],
        *,
        extra: cabc.Mapping[str, str] | None = None,
        report: Report | None = None,
    ) -> Ended:
        self._restart_clock(is_migrating=False)
        own = environment(self._address, os.environ, plan.program.environment)
        try:
            return processes.run(
                arguments,
                folder=plan.program.folder,
                environment={**own, **(extra or {})},
                clock=self._clock,
                report=report,
            )
        except OSError as error:
            raise failures.not_started(plan, error) from error

    def _restart_clock(self, *, is_migrating: bool) -> None:
        self._clock.restart(self._timeout * (1 if is_migrating else _WHOLE))

    def _expect_success(
        self, plan: ProgramPlan, ended: Ended, progress: Progress
    ) -> None:
        if progress.missing is not None:
            raise failures.not_installed(plan, *progress.missing)
        if progress.defect:
            raise failures.watcher_failed(plan, progress.defect)
        if progress.refusal:
            raise failures.refused(plan, progress.refusal, self._output(plan, ended))
        if ended.status or ended.timed_out or not progress.has_finished:
            raise self._failure(plan, ended, progress.position)

    def _sum_up(self, plan: ProgramPlan, ended: Ended, progress: Progress) -> Migrated:
        """Hold what the tool said against what is in the database."""
        problem = ""
        if progress.ledger is None:
            problem = "it ran no migrations"
        elif progress.heads is not None:
            versions = self._versions(progress.tables)
            if (
                missing := progress.heads - versions
                if plan.target in _TO_THE_END
                else ()
            ):
                problem = (
                    f"the audit's database is not at {', '.join(sorted(missing))}, but"
                    f" at {', '.join(sorted(versions)) or 'no revision at all'}"
                )
        if problem or progress.ledger is None:
            output = self._output(plan, ended)
            raise failures.nothing_applied(plan, problem, output=output)
        expect_nothing_prepared(self._session, _texts(plan))
        recorder = Recorder(self._session, progress.ledger)
        history = recorder.end(plan.origin)
        return Migrated(
            history=history,
            applied=progress.applied,
            bookkeeping_tables=progress.bookkeeping,
        )

    def _failure(
        self, plan: ProgramPlan, ended: Ended, position: failures.Position
    ) -> Exception:
        output = self._output(plan, ended)
        if ended.timed_out:
            return failures.took_too_long(
                plan, position, seconds=self._clock.seconds, output=output
            )
        return failures.failed(plan, ended, position, output=output)

    def _output(self, plan: ProgramPlan, ended: Ended) -> str:
        places = {f"{plan.base}/": "", f":{self._address.port}": ":PORT"}
        given = environment(self._address, os.environ, plan.program.environment)
        return redacted(last_lines(ended), environment=given, places=places)

    def _versions(self, tables: cabc.Iterable[str]) -> frozenset[str]:
        """Return the rows of the version tables, whatever schema they are in."""
        places = self._connection.execute(
            "SELECT relnamespace::regnamespace::text, relname FROM pg_class"
            " WHERE relname = ANY (%s) AND relkind = 'r'",
            [list(tables)],
        ).fetchall()
        versions: set[str] = set()
        for schema, table in places:
            with contextlib.suppress(psycopg.errors.UndefinedColumn):
                query = sql.SQL("SELECT version_num FROM {}.{}").format(
                    sql.SQL(schema), sql.Identifier(table)
                )
                versions |= {row[0] for row in self._connection.execute(query)}
        return frozenset(versions)


def _with_variables(plan: ProgramPlan, values: dict[str, typ.Any]) -> ProgramPlan:
    program = plan.program
    return attrs.evolve(
        plan,
        program=attrs.evolve(
            program,
            environment={**program.environment, **values},
            supplied={**program.supplied, **values},
        ),
    )


def _supplied(values: cabc.Mapping[str, typ.Any]) -> cabc.Iterator[str]:
    """Yield the warning about variables that nobody has set, if there are any."""
    if values:
        yield (
            "the program's settings need variables that are not set, and got values"
            " for tests; write these, or better ones, into userstate.toml:"
            f" migrations.{in_braces(values)}"
        )


def _texts(plan: ProgramPlan) -> cabc.Iterator[tuple[str, str]]:
    """Yield the files, each read as text only where somebody asks for it."""
    for file in plan.migrations:
        yield file.path, file.data.decode("utf-8", "replace")
    yield plan.origin, ""


_TO_THE_END = frozenset({"head", "heads"})


def _made_nothing(plan: ProgramPlan) -> str:
    return (
        f"`{plan.program.command}` ended without an error, but made and changed no"
        " table. Does it connect to DATABASE_URL, or with PGHOST and the like?"
    )
