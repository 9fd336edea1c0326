"""The plan that Sqitch would deploy."""

from __future__ import annotations

import collections.abc as cabc
import hashlib
import pathlib

import attrs

from pytest_userstate.domain.errors import ConfigurationError, MigrationError
from pytest_userstate.outbound.migrations.layout import label, read_sql
from pytest_userstate.outbound.migrations.options import Options
from pytest_userstate.outbound.migrations.plan import Batch, Migration, Mode, Plan
from pytest_userstate.outbound.migrations.tools.sqitch.plan import (
    Change,
    SqitchPlan,
    read_plan,
)
from pytest_userstate.outbound.migrations.tools.sqitch.registry import (
    TABLES,
    preparing,
    recording,
)
from pytest_userstate.outbound.migrations.tools.sqitch.settings import Project
from pytest_userstate.outbound.migrations.variables import is_valid_name, with_values
from pytest_userstate.outbound.postgres.settings import DATABASE, OWNER

_ADVICE = (
    "Sqitch has psql run a script as it is: one that holds a statement such as CREATE"
    " INDEX CONCURRENTLY must not put it between BEGIN and COMMIT."
)


def plan_of(path: pathlib.Path, base: pathlib.Path, options: Options) -> Plan:
    """Read all that ``sqitch deploy`` would run on an empty database."""
    project = Project.at(path)
    plan_path = label(project.plan, base)
    plan = read_plan(read_sql(project.plan, plan_path), plan_path)
    variables = _variables(project, base, options.table("variables"))
    reading = _Reading(project, base, plan, variables)
    return Plan(
        layout="sqitch",
        migrations=tuple(map(reading.migration, plan.changes)),
        prepare=preparing(project.registry, plan),
        bookkeeping_tables=frozenset(f"{project.registry}.{table}" for table in TABLES),
        separate_sessions=True,
        advice_on_transactions=_ADVICE,
        advice_on_variables=_advice_on(variables, label(project.file, base)),
    )


def _variables(
    project: Project, base: pathlib.Path, given: dict[str, str]
) -> dict[str, str]:
    """Return the variables that psql has, with their values."""
    found = project.settings.variables() | given
    for name in found:
        if not is_valid_name(name):
            given_here = name in given
            file = "userstate.toml" if given_here else label(project.file, base)
            message = (
                f"{file} sets the variable {name!r}, which psql refuses: names of"
                " variables\nconsist of letters, digits, and underscores. Sqitch stops"
                " there. Rename it."
            )
            raise ConfigurationError(message, file=file)
    # Sqitch sets the first two, and psql the others once it is connected.
    found |= {"ON_ERROR_STOP": "1", "registry": project.registry}
    return found | {"DBNAME": DATABASE, "USER": OWNER}


def _advice_on(variables: cabc.Iterable[str], file: str) -> str:
    return (
        f'Set it in {file}, in the section [deploy "variables"], or in userstate.toml,'
        " which stands for what the command line gives (sqitch deploy --set):"
        ' migrations = { path = "…", layout = "sqitch", variables = { name = "…" } }.'
        f" Those that are set: {', '.join(sorted(variables))}."
    )


@attrs.frozen
class _Reading:
    """Turns changes into migrations."""

    project: Project
    base: pathlib.Path
    plan: SqitchPlan
    variables: cabc.Mapping[str, str]

    def migration(self, change: Change) -> Migration:
        """Read the script of a change."""
        file = _script_of(change, self.project)
        path = label(file, self.base)
        if not file.is_file():
            plan = label(self.project.plan, self.base)
            message = (
                f"{path} does not exist, and {plan}:{change.line} has the change"
                f" {change.name}.\nSqitch stops there. Add the script (sqitch add"
                " writes one), or remove the line."
            )
            raise MigrationError(message, path=path)
        sql, original = with_values(read_sql(file, path), self.variables)
        script_hash = hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()
        batch = Batch(
            sql=sql, original=original, mode=Mode.SCRIPT, in_transaction=False
        )
        return Migration(
            version=change.name,
            path=path,
            batches=(batch,),
            after=recording(
                self.project.registry, self.plan.project, change, script_hash
            ),
        )


def _script_of(change: Change, project: Project) -> pathlib.Path:
    """Return the file of a change; one that was reworked has a tag in its name."""
    if not change.rework_tags:
        return project.deploy / f"{change.name}.{project.extension}"
    files = [
        project.reworked / f"{change.name}{tag}.{project.extension}"
        for tag in change.rework_tags
    ]
    return next((file for file in files if file.is_file()), files[0])
