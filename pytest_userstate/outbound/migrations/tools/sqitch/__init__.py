"""Sqitch's layout: a plan, and a script for each of its changes.

The rules are those of Sqitch 1 (``App/Sqitch/Target.pm``, ``Engine.pm``,
``Engine/pg.pm``, ``Plan/Change.pm``). The scripts are run as psql runs them, but
never by psql.
"""

from __future__ import annotations

import pathlib

from pytest_userstate.domain.errors import TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import (
    Confidence,
    LayoutDefaults,
    ProjectFile,
    label,
)
from pytest_userstate.outbound.migrations.options import (
    NO_OPTIONS,
    Kind,
    Option,
    Options,
)
from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.migrations.tools.sqitch.settings import (
    PLAN,
    SETTINGS,
    Project,
    Settings,
)


class SqitchLayout(LayoutDefaults):
    """The layout of Sqitch's command line tool."""

    name = "sqitch"
    expects = f"{PLAN}, and a script in deploy/ for each change in it"
    options = (Option("variables", Kind.TABLE),)

    def __init__(self) -> None:
        """Say which files tell where a plan is."""
        self.project_files = (
            ProjectFile(SETTINGS, _folder_of_project),
            ProjectFile(PLAN, lambda file, _: file.parent),
        )

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Tell whether there is a plan."""
        has_plan = path.is_dir() and Project.at(path).plan.is_file()
        return Confidence.CERTAIN if has_plan else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read the plan, and the scripts of its changes in their order."""
        # Imported here: a search of a repository asks every layout, and most projects
        # are not Sqitch's.
        from pytest_userstate.outbound.migrations.tools.sqitch.tool import (  # noqa: PLC0415
            plan_of,
        )

        return plan_of(path, base, options)


def _folder_of_project(
    settings_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the folder with the plan that ``sqitch.conf`` belongs to."""
    top = Settings.read(settings_file).get("top_dir")
    folder = settings_file.parent / (top or ".")
    if Project.at(folder).plan.is_file():
        return folder
    if top is None:
        return None
    message = (
        f"{label(settings_file, base)} says that Sqitch's files are in"
        f" {top},\nbut there is no plan. Correct top_dir or plan_file"
        " there."
    )
    raise TargetNotFoundError(message)


LAYOUT = SqitchLayout()
