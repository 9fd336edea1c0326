"""The words of every error that running a program can end in."""

from __future__ import annotations

import os
import re
import signal
import textwrap
import typing as typ

import attrs

from pytest_userstate.domain.errors import DefectError, MigrationError
from pytest_userstate.outbound.migrations.plan import Batch
from pytest_userstate.outbound.migrations.programs.environment import (
    asked_for,
    choice_of_database,
    lines,
)
from pytest_userstate.outbound.migrations.programs.plan import ProgramPlan
from pytest_userstate.outbound.migrations.programs.processes import Ended
from pytest_userstate.outbound.migrations.running.failures import Refusal, Step, wrapped
from pytest_userstate.outbound.migrations.running.remedies import remedy
from pytest_userstate.outbound.migrations.running.session import ReportedError

_HOW_TO_CONNECT = (
    "The program gets the database to migrate in the variable DATABASE_URL, in"
    " PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE, which many drivers read by"
    " themselves, and in JDBC_DATABASE_URL. A variable of another name takes its value"
    ' from one of these by environment = { DB_HOST = { from = "PGHOST" } } beside'
    " command in userstate.toml."
)
_IN_BRACES = (
    "If the file has a line `migrations = { … }`, write environment = { … } into its"
    " braces instead."
)
_ANOTHER_PYTHON = (
    "name the repository's own Python in userstate.toml:"
    ' migrations = {{ path = "{path}", tool = "{layout}",'
    ' python = "{python}" }}.'
)


@attrs.frozen(kw_only=True)
class Position:
    """What a tool reported about the migration at which it failed."""

    path: str = ""
    line: int | None = None
    failure: ReportedError | None = None
    applied: int = 0


def not_started(plan: ProgramPlan, error: OSError) -> MigrationError:
    """Say that the program could not be started."""
    program = _python(plan) or plan.program.arguments[0]
    match error:
        case FileNotFoundError():
            problem = f"there is no program {program}"
            to_do = (
                "A name is looked up in PATH; a path such as ./migrate.sh is relative"
                " to the folder that the command is run in, which is that of"
                " userstate.toml."
            )
        case PermissionError():
            problem = f"{program} is not executable"
            to_do = f"Make it executable: chmod +x {program}."
        case _:
            problem = f"{program} cannot be run: {error.strerror}"
            to_do = (
                "A script needs a first line that names its interpreter, such as"
                " #!/bin/sh."
            )
    return _error(plan, f"`{plan.program.command}`: {problem}", to_do=to_do)


def not_installed(plan: ProgramPlan, package: str, error: str) -> MigrationError:
    """Say that the repository's Python does not have the tool, or its driver."""
    if package == "psycopg":
        headline = "Django cannot connect to PostgreSQL: psycopg is not installed"
        to_do = "Install psycopg[binary] there"
    else:
        headline = f"{package} cannot be imported by the Python that was to run it"
        to_do = "Install it there"
    if _is_the_alternative(plan):
        to_do += "."
    else:
        to_do += f", or {_another_python(plan)}"
    return _error(
        plan,
        f"`{plan.program.command}`: {headline}.",
        facts=(f"python     {_python(plan)}", f"found      {error}"),
        to_do=to_do,
    )


def watcher_failed(plan: ProgramPlan, error: str) -> DefectError:
    """Say that the plugin's own code inside the program failed."""
    return DefectError(
        f"pytest-userstate has a defect: what watches {plan.layout} failed.\n"
        f"{textwrap.indent(error.strip(), '  ')}\n"
        "Nothing here says that the repository is at fault. Please report these lines,"
        f" with\nthe versions of {plan.layout} and of what it imports."
    )


def refused(plan: ProgramPlan, reason: str, output: str) -> MigrationError:
    """Say that the tool was kept from a database that is not the audit's."""
    to_do = "Nothing but the audit's own database is migrated, so it was kept from"
    choice = choice_of_database(plan.base) if "not of PostgreSQL" in reason else {}
    if not choice:
        to_do += (
            f" connecting. {_HOW_TO_CONNECT} Let the settings read one of them, or"
            " choose other settings by the variables that they do read."
        )
    else:
        to_do += (
            " connecting. Its settings seem to choose the kind of database by a"
            f" variable; give it in userstate.toml:\n{lines(choice)}\n{_IN_BRACES}"
        )
    return _error(
        plan,
        f"`{plan.program.command}` was stopped: {reason}.",
        output=output,
        to_do=to_do,
    )


def failed(
    plan: ProgramPlan, ended: Ended, position: Position, *, output: str
) -> MigrationError:
    """Say that the program failed, and where, if it reported that."""
    how = _how_it_ended(ended)
    if position.failure is None or not position.path:
        return _error(
            plan,
            f"`{plan.program.command}` {how}.",
            output=output,
            to_do=_known(plan, "\n".join(ended.output))
            or ("" if plan.program.watched else _HOW_TO_CONNECT),
            position=position,
        )
    where = (
        position.path if position.line is None else f"{position.path}:{position.line}"
    )
    failure = position.failure
    facts = {
        "SQLSTATE": failure.sqlstate,
        "DETAIL": failure.detail,
        "HINT": failure.hint,
    }
    return _error(
        plan,
        f"{where}: {failure.message}",
        facts=(
            *(f"{name}: {text}" for name, text in facts.items() if text),
            f"`{plan.program.command}` {how}.",
            _progress(position.applied),
        ),
        output=output,
        to_do=_remedy_of(failure, position) or _known(plan, "\n".join(ended.output)),
        position=position,
    )


def took_too_long(
    plan: ProgramPlan, position: Position, *, seconds: float, output: str
) -> MigrationError:
    """Say that the program was not done in time, and was ended."""
    subject = position.path or f"`{plan.program.command}`"
    unit = (
        "each migration may take; a program has ten times as long to start, and between"
        " migrations"
        if plan.program.watched
        else "each migration may take; a command, which can apply any number of them,"
        " has ten times as long"
    )
    return _error(
        plan,
        f"{subject}: timeout: not done after {seconds:g} seconds;"
        f" `{plan.program.command}` was ended, with all that it had started.",
        output=output,
        to_do="[postgres] migration_timeout in userstate.toml says how many seconds"
        f" {unit}. If it waits for something that never comes (input: there"
        " is none; a lock), it would hang where it is deployed, too.",
        position=position,
    )


def nothing_applied(plan: ProgramPlan, problem: str, *, output: str) -> MigrationError:
    """Say that the tool came to its end, and yet the database is not migrated."""
    to_do = {
        "alembic": "Either env.py connects to another database, past SQLAlchemy's"
        " engines, or what it did was never committed: since SQLAlchemy 2.0"
        " context.run_migrations() has to be called in `with"
        " context.begin_transaction():`,"
        " or the connection in `with engine.begin() as connection:`. Let env.py"
        " connect to the sqlalchemy.url of its configuration:"
        ' engine_from_config(config.get_section("alembic"), prefix="sqlalchemy.").',
    }.get(plan.layout, _HOW_TO_CONNECT)
    return _error(
        plan,
        f"`{plan.program.command}` ended without an error, but {problem}.",
        output=output,
        to_do=to_do,
    )


def _error(  # noqa: PLR0913 - the parts of a message
    plan: ProgramPlan,
    headline: str,
    *,
    facts: tuple[str, ...] = (),
    output: str = "",
    to_do: str = "",
    position: Position | None = None,
) -> MigrationError:
    """Compose a message: what happened, the facts, the output, what to do."""
    written = (
        f"What it wrote last:\n{textwrap.indent(output, '    ')}" if output else ""
    )
    advice = "\n".join(
        line if line.startswith("  ") else wrapped(line) for line in to_do.splitlines()
    )
    parts = (wrapped(headline), "\n".join(facts), written, advice)
    position = position or Position()
    return MigrationError(
        "\n\n".join(filter(None, parts)),
        path=position.path or plan.origin,
        line=position.line,
        applied=position.applied,
    )


def _how_it_ended(ended: Ended) -> str:
    if ended.status >= 0:
        return f"failed with exit status {ended.status}"
    try:
        name = signal.Signals(-ended.status).name
    except ValueError:
        name = f"signal {-ended.status}"
    return f"was killed by {name}"


def _progress(applied: int) -> str:
    times = {0: "No migration", 1: "1 migration"}.get(applied, f"{applied} migrations")
    return f"{times} had been run before it."


def _remedy_of(failure: ReportedError, position: Position) -> str:
    step = Step(path=position.path, batch=Batch(sql=""))
    return remedy(Refusal(step, failure, None))


def _of_variables(plan: ProgramPlan, output: str) -> str:
    """Say how to give the variables that settings ask for."""
    given = {**os.environ, **plan.program.environment}
    asked = {
        **plan.program.supplied,
        **asked_for(output, given, plan.program.folder, plan.base),
    }
    if not asked:
        return ""
    tried = " It was tried with these values." if plan.program.supplied else ""
    return (
        "Its settings need variables that are not set."
        f"{tried} Give values that are right for tests in userstate.toml, or in the"
        f" environment of pytest:\n{lines(asked)}\n{_IN_BRACES}"
    )


def _of_a_module(plan: ProgramPlan, output: str) -> str:
    """Say what to do about a module that was not found."""
    if plan.program.watched is None or "ModuleNotFoundError" not in output:
        return ""
    if _is_the_alternative(plan):
        return (
            f"It was run with {_python(plan)}. Install the module there; or, if it is"
            " one of the repository's own that is not committed, or found only with"
            " settings of the deployment, give the audit what the tool needs: a copy"
            " for tests, or PYTHONPATH among the variables of [migrations.environment]."
        )
    return (
        f"It was run with {_python(plan)}. If the module is installed for another one,"
        f" {_another_python(plan)}"
    )


# What programs are known to say, as patterns, and what can be done then.
_KNOWN: typ.Final = {
    "Multiple head revisions": (
        "The revisions have more than one head, so that `upgrade head` does not say"
        " which is meant. Merge them with `alembic merge heads`; or, if several heads"
        ' are intended, set migrations = {{ path = "{path}", tool = "alembic", target'
        ' = "heads" }}.'
    ),
    r"ConnectionRefusedError|(?:redis|kombu|pymongo)\S*\.\w*Error|ECONNREFUSED": (
        "It connects to a service beside the database, which is not there: start that"
        " beside the audit (in CI as a service container), or let it start without, by"
        " a variable in [migrations.environment] or by settings for tests."
    ),
    r"npx canceled due to missing packages|could not determine executable to run"
    r"|^sh: (?:\d+: )?[\w-]+: (?:command )?not found|Cannot find module '[^.'/]": (
        "Install the project's packages first (npm ci, or what its lock file is of):"
        " the audit installs nothing."
    ),
}


def _known(plan: ProgramPlan, output: str) -> str:
    """Return what to do about what programs are known to say, if it is known."""
    for pattern, text in _KNOWN.items():
        if re.search(pattern, output, re.MULTILINE):
            return text.format(path=_path(plan))
    return _of_variables(plan, output) or _of_a_module(plan, output)


def _is_the_alternative(plan: ProgramPlan) -> bool:
    """Whether the Python that would be suggested is the one that was used."""
    python = plan.program.python
    if python is None:
        return False
    # Not resolved: the Pythons of all virtual environments are links to the same one.
    paths = (plan.base / python.alternative, plan.base / python.path)
    return len({os.path.normpath(path) for path in paths}) == 1


def _another_python(plan: ProgramPlan) -> str:
    python = plan.program.python
    return _ANOTHER_PYTHON.format(
        path=_path(plan),
        layout=plan.layout,
        python=python.alternative if python else "",
    )


def _python(plan: ProgramPlan) -> str:
    return plan.program.python.described if plan.program.python else ""


def _path(plan: ProgramPlan) -> str:
    return plan.origin.rpartition("/")[0] or "."
