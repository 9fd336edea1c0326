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
from pytest_userstate.outbound.migrations.layout import label
from pytest_userstate.outbound.migrations.programs import failures, processes
from pytest_userstate.outbound.migrations.programs.environment import (
    asked_for,
    choice_of_database,
    environment,
    in_braces,
    url,
)
from pytest_userstate.outbound.migrations.programs.failures import Position
from pytest_userstate.outbound.migrations.programs.inside.changes import Part
from pytest_userstate.outbound.migrations.programs.plan import Interpreter, ProgramPlan
from pytest_userstate.outbound.migrations.programs.processes import (
    Clock,
    Ended,
    Report,
    last_lines,
    redacted,
)
from pytest_userstate.outbound.migrations.provenance.attribution import (
    Attribution,
    RelationName,
)
from pytest_userstate.outbound.migrations.provenance.ledger import Ledger, Recorder
from pytest_userstate.outbound.migrations.running.runner import (
    Migrated,
)
from pytest_userstate.outbound.migrations.running.session import ReportedError, Session
from pytest_userstate.outbound.migrations.sql import Statement, statements

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.connection_strings import Address


_Event = dict[str, typ.Any]
_PACKAGES = frozenset({"site-packages", "dist-packages"})


class RestartClock(typ.Protocol):
    """Gives the program time, less of it while a migration runs."""

    def __call__(self, *, is_migrating: bool) -> None:
        """Let it begin now."""


class Progress:
    """Listens to a tool, and keeps the ledger of what its migrations do."""

    def __init__(
        self,
        *,
        base: pathlib.Path,
        origin: Source | None,
        bookkeeping: frozenset[str],
        restart_clock: RestartClock,
    ) -> None:
        """Start with nothing heard."""
        self._base = base
        self._origin = origin
        self._restart_clock = restart_clock
        self._rest = b""
        self._path = ""
        self._line: int | None = None
        self._failure: ReportedError | None = None
        self.bookkeeping = bookkeeping
        self.ledger: Ledger | None = None
        self.applied = 0
        self.heads: frozenset[str] | None = None
        self.tables: set[str] = set()
        self.has_finished = False
        self.refusal = ""
        self.defect = ""
        self.missing: tuple[str, str] | None = None

    @property
    def position(self) -> Position:
        """At which migration it is, and what went wrong with it."""
        return Position(
            path=self._path,
            line=self._line,
            failure=self._failure,
            applied=self.applied,
        )

    def read(self, data: bytes) -> None:
        """Take the next bytes of the pipe, wherever they were cut."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            event = json.loads(line)
            self._EVENTS[event.pop("event")](self, event)

    def _context(self, event: _Event) -> None:
        """Note a database that is about to be migrated, as it is now."""
        self.tables.add(event["table"])
        self.bookkeeping |= {event["table"]}
        if event["heads"] is not None:
            self.heads = (self.heads or frozenset()) | frozenset(event["heads"])
        if self.ledger is None:
            self.ledger = Ledger(
                _parts(event),
                origin=self._origin,
                without_origin=self.bookkeeping,
            )

    def _begin(self, event: _Event) -> None:
        self._restart_clock(is_migrating=True)
        self._path = self._shown(event)

    def _applied(self, event: _Event) -> None:
        if self.ledger is not None:
            attribution = ExecutedStatements.of(event["statements"])
            self.ledger.note(_parts(event), self._shown(event), attribution)
        self.applied += 1
        self._path = ""
        self._restart_clock(is_migrating=False)

    def _failed(self, event: _Event) -> None:
        self._line = event.pop("line") or None
        self._failure = ReportedError(**event)

    def _defect(self, event: _Event) -> None:
        self.defect = self.defect or event["error"]

    def _refused(self, event: _Event) -> None:
        self.refusal = self.refusal or event["reason"]

    def _missing(self, event: _Event) -> None:
        self.missing = event["package"], event["error"]

    def _finished(self, _: _Event) -> None:
        self.has_finished = True

    def _shown(self, event: _Event) -> str:
        """Return the file's path in the repository; else that of its module."""
        # The tool, run in a folder, may know that by another name.
        file = pathlib.Path(os.path.realpath(event["path"]))
        path = label(file, self._base.resolve())
        if path.startswith("../") or _PACKAGES & {*file.parts}:
            module = event.get("module", "").replace(".", "/")
            return f"{module}.py" if module else file.name
        return path

    _EVENTS: typ.ClassVar[dict[str, cabc.Callable[[Progress, _Event], None]]] = {
        "applied": _applied,
        "begin": _begin,
        "context": _context,
        "defect": _defect,
        "failed": _failed,
        "finished": _finished,
        "missing": _missing,
        "refused": _refused,
    }


def _parts(event: _Event) -> list[Part]:
    return [Part(*values) for values in event["parts"] or ()]


class ExecutedStatements(Attribution):
    """Statements as they were executed, each with the line that executed it.

    Some have no line: those of the tool itself, and those that it puts off until
    the end of a migration.
    """

    @classmethod
    def of(cls, executed: cabc.Iterable[tuple[int, str]] | None) -> typ.Self:
        """Return the statements that a tool has executed, if it reports them."""
        return cls(
            [
                attrs.evolve(statement, line=line)
                for line, sql in executed or ()
                for statement in statements(sql)
                if not _reads_the_catalog(statement)
            ]
        )

    @property
    def _only_line(self) -> int | None:
        # The tool executes at least one more, for its books: if there is one
        # statement alone, something passed it by.
        return None

    def _line(
        self,
        fitting: cabc.Iterable[typ.Any],
        relation: RelationName,
        *,
        is_exact: bool = True,
    ) -> int | None:
        return super()._line(fitting, relation, is_exact=is_exact) or None


def _reads_the_catalog(statement: Statement) -> bool:
    """Whether it is a tool's own question, which is full of functions."""
    return statement.words[:1] == ("select",) and "pg_catalog" in statement.words


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
        plan, ended, progress = self._run_to_the_end(plan, plan.program.python, origin)
        migrated = self._sum_up(plan, ended, progress)
        return attrs.evolve(
            migrated, warnings=(*migrated.warnings, *_supplied(plan.program.supplied))
        )

    def run_beside(
        self,
        plan: ProgramPlan,
        arguments: tuple[str, ...],
        new: cabc.Mapping[str, str],
    ) -> None:
        """Run the program with more migrations: a `folder`, for Django of an `app`.

        Nothing is noted of what it does.
        """
        if python := plan.program.python:
            program = attrs.evolve(plan.program, arguments=arguments)
            plan = attrs.evolve(plan, program=program)
            self._run_to_the_end(plan, python, None, new=new)

    def _run_to_the_end(
        self,
        plan: ProgramPlan,
        python: Interpreter,
        origin: Source | None,
        *,
        new: cabc.Mapping[str, str] | None = None,
    ) -> tuple[ProgramPlan, Ended, Progress]:
        """Run it; return the plan with the variables that its settings asked for."""
        ended, progress = self._run_watched(plan, python, origin, new=new)
        while asked := self._asked(plan, ended, progress):
            plan = _with_variables(plan, asked)
            ended, progress = self._run_watched(plan, python, origin, new=new)
        self._expect_success(plan, ended, progress)
        return plan, ended, progress

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
        recorder.note(plan.origin or None, Attribution(()))
        history = recorder.end()
        return Migrated(
            history=history,
            applied=None,
            bookkeeping_tables=plan.bookkeeping_tables,
            warnings=() if recorder.has_changes else (_made_nothing(plan),),
        )

    def _run_watched(
        self,
        plan: ProgramPlan,
        python: Interpreter,
        origin: Source | None,
        *,
        new: cabc.Mapping[str, str] | None = None,
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
            "new": new,
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


_TO_THE_END = frozenset({"head", "heads"})


def _made_nothing(plan: ProgramPlan) -> str:
    return (
        f"`{plan.program.command}` ended without an error, but made and changed no"
        " table. Does it connect to DATABASE_URL, or with PGHOST and the like?"
    )
