"""Sqitch's layout: a plan, and a script for each of its changes.

The rules are those of Sqitch 1 (``App/Sqitch/Target.pm``, ``Engine.pm``,
``Engine/pg.pm``, ``Plan/Change.pm``). The scripts are run as psql runs them, but
never by psql.
"""

from __future__ import annotations

import hashlib
import pathlib
import re

import attrs

from pytest_userstate.domain.errors import MigrationError, TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import (
    LayoutDefaults,
    Likeness,
    ProjectFile,
    read_sql,
    shown,
)
from pytest_userstate.outbound.migrations.options import NO_OPTIONS, Options
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

_PLAN = "sqitch.plan"
_SETTINGS = "sqitch.conf"
_SECTION = re.compile(r'\s*\[(\w+)(?:\s+"([^"]*)")?\]')
_SETTING = re.compile(r"\s*(\w+)\s*=\s*(.*?)\s*(?:[#;].*)?$")
_ADVICE = (
    "Sqitch has psql run a script as it is: one that holds a statement such as CREATE"
    " INDEX CONCURRENTLY must not put it between BEGIN and COMMIT."
)


@attrs.frozen
class _Project:
    """Where a project keeps what, as ``sqitch.conf`` says or Sqitch assumes."""

    plan: pathlib.Path
    deploy: pathlib.Path
    reworked: pathlib.Path
    extension: str
    registry: str


class SqitchLayout(LayoutDefaults):
    """The layout of Sqitch's command line tool."""

    name = "sqitch"
    expects = f"{_PLAN}, and a script in deploy/ for each change in it"

    def __init__(self) -> None:
        """Say which files tell where a plan is."""
        self.project_files = (
            ProjectFile(_SETTINGS, _folder_of_project),
            ProjectFile(_PLAN, lambda file, _: file.parent),
        )

    def recognizes(self, path: pathlib.Path) -> Likeness:
        """Tell whether there is a plan."""
        has_plan = path.is_dir() and _project(path).plan.is_file()
        return Likeness.CERTAIN if has_plan else Likeness.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read the plan, and the scripts of its changes in their order."""
        del options  # there are none
        project = _project(path)
        plan_path = shown(project.plan, base)
        plan = read_plan(read_sql(project.plan, plan_path), plan_path)
        return Plan(
            layout=self.name,
            migrations=tuple(
                _migration(change, plan, project, base) for change in plan.changes
            ),
            prepare=preparing(project.registry, plan),
            bookkeeping_tables=frozenset(
                f"{project.registry}.{table}" for table in TABLES
            ),
            separate_sessions=True,
            advice_on_transactions=_ADVICE,
        )


def _folder_of_project(
    settings_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the folder with the plan that ``sqitch.conf`` belongs to."""
    settings = _settings(settings_file)
    folder = settings_file.parent / settings.get("top_dir", ".")
    if _project(folder).plan.is_file():
        return folder
    if "top_dir" not in settings:
        return None
    message = (
        f"{shown(settings_file, base)} says that Sqitch's files are in"
        f" {settings['top_dir']},\nbut there is no plan. Correct top_dir or plan_file"
        " there."
    )
    raise TargetNotFoundError(message)


def _project(folder: pathlib.Path) -> _Project:
    """Return where things are, by the nearest ``sqitch.conf`` at or above a folder."""
    home = next(
        (
            each
            for each in (folder, *folder.absolute().parents[:2])
            if (each / _SETTINGS).is_file()
        ),
        folder,
    )
    settings = _settings(home / _SETTINGS)

    def named(key: str, otherwise: pathlib.Path) -> pathlib.Path:
        return home / settings[key] if key in settings else otherwise

    deploy = named("deploy_dir", folder / "deploy")
    return _Project(
        plan=named("plan_file", folder / _PLAN),
        deploy=deploy,
        reworked=named("reworked_dir", deploy.parent) / deploy.name,
        extension=settings.get("extension", "sql"),
        registry=settings.get("registry", "sqitch"),
    )


def _settings(file: pathlib.Path) -> dict[str, str]:
    """Read what counts here: ``[core]``, and before it ``[engine "pg"]``."""
    try:
        text = file.read_text("utf-8", errors="replace")
    except OSError:
        return {}
    found: dict[str, dict[str, str]] = {"core": {}, "engine.pg": {}}
    section: dict[str, str] = {}
    for line in text.splitlines():
        if (head := _SECTION.match(line)) is not None:
            name = ".".join(filter(None, head.groups()))
            section = found.setdefault(name, {})
        elif (setting := _SETTING.match(line)) is not None:
            section[setting[1].lower()] = setting[2].strip('"')
    return found["core"] | found["engine.pg"]


def _migration(
    change: Change, plan: SqitchPlan, project: _Project, base: pathlib.Path
) -> Migration:
    file = _script_of(change, project)
    path = shown(file, base)
    if not file.is_file():
        message = (
            f"{path} does not exist, and {shown(project.plan, base)} has the change"
            f" {change.name} on line {change.line}.\nSqitch stops there. Add the script"
            f" (sqitch add writes one), or remove the line."
        )
        raise MigrationError(message, path=path)
    sql = read_sql(file, path)
    script_hash = hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()
    return Migration(
        version=change.name,
        path=path,
        batches=(Batch(sql=sql, mode=Mode.SCRIPT, in_transaction=False),),
        after=recording(project.registry, plan.project, change, script_hash),
    )


def _script_of(change: Change, project: _Project) -> pathlib.Path:
    """Return the file of a change; one that was reworked has a tag in its name."""
    if not change.rework_tags:
        return project.deploy / f"{change.name}.{project.extension}"
    files = [
        project.reworked / f"{change.name}{tag}.{project.extension}"
        for tag in change.rework_tags
    ]
    return next((file for file in files if file.is_file()), files[0])


LAYOUT = SqitchLayout()
