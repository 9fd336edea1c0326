"""Sqitch's layout: a plan, and a script for each of its changes.

The rules are those of Sqitch 1 (``App/Sqitch/Target.pm``, ``Engine.pm``,
``Engine/pg.pm``, ``Plan/Change.pm``, ``Command/deploy.pm``), and so is the grammar of
``sqitch.conf`` (that of Config::GitLike). The scripts are run as psql runs them, but
never by psql.
"""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re

import attrs

from pytest_userstate.domain.converters import in_quotes
from pytest_userstate.domain.errors import (
    ConfigurationError,
    MigrationError,
    TargetNotFoundError,
)
from pytest_userstate.outbound.migrations.layout import (
    Confidence,
    LayoutDefaults,
    ProjectFile,
    label,
    read_sql,
)
from pytest_userstate.outbound.migrations.options import (
    NO_OPTIONS,
    Option,
    OptionKind,
    Options,
)
from pytest_userstate.outbound.migrations.plan import (
    Batch,
    Command,
    Migration,
    Mode,
    Plan,
)
from pytest_userstate.outbound.migrations.sql import literal
from pytest_userstate.outbound.migrations.tools.sqitch_plan import (
    SqitchChange,
    read_plan,
)
from pytest_userstate.outbound.migrations.variables import is_valid_name, with_values
from pytest_userstate.outbound.postgres.settings import DATABASE, OWNER

PLAN, SETTINGS = "sqitch.plan", "sqitch.conf"
_ENGINE = "engine.pg"
_CONTINUED = re.compile(r"\\\r?\n")
_SECTION = re.compile(r'\s*\[([^\s\[\]"]+)(?:[\t ]*"((?:[^"\\]|\\.)*)")?\]')
_SETTING = re.compile(r"\s*([^\[=#;\s][^=]*?)[\t ]*=[\t ]*(.*)")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b"}
_VALUE = re.compile(
    r"""[ \t]*(?:[#;].*)?$          # nothing more
    | "(?P<quoted>(?:[^"\\]|\\.)*)"
    | (?P<plain>(?:[^\s"\\#;]|\\.)+)
    | (?P<blanks>[ \t]+)""",
    re.VERBOSE,
)
_TABLES = ("projects", "changes", "tags")
_PREPARE = """\
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE {schema}.projects (
    project text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE {schema}.changes (
    change_id text PRIMARY KEY,
    change text NOT NULL,
    project text NOT NULL REFERENCES {schema}.projects (project),
    committed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE {schema}.tags (
    tag text NOT NULL,
    project text NOT NULL REFERENCES {schema}.projects (project),
    change_id text NOT NULL REFERENCES {schema}.changes (change_id),
    committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (project, tag)
);
INSERT INTO {schema}.projects (project) VALUES ({project})"""
_DEPLOYED = """\
INSERT INTO {schema}.changes (change_id, change, project) VALUES ($1, $2, $3)"""
_TAGGED = """\
INSERT INTO {schema}.tags (change_id, tag, project) VALUES ($1, $2, $3)"""
_ADVICE = (
    "Sqitch has psql run a script as it is: one that holds a statement such as CREATE"
    " INDEX CONCURRENTLY must not put it between BEGIN and COMMIT."
)


class SqitchLayout(LayoutDefaults):
    """The layout of Sqitch's command line tool."""

    name = "sqitch"
    expects = f"{PLAN}, and a script in deploy/ for each change in it"
    options = (Option("variables", OptionKind.TABLE),)

    def __init__(self) -> None:
        """Say which files name the place of a plan."""
        self.project_files = (
            ProjectFile(SETTINGS, _folder_of_project),
            ProjectFile(PLAN, lambda file, _: file.parent),
        )

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Whether there is a plan."""
        has_plan = path.is_dir() and Project.at(path).plan.is_file()
        return Confidence.CERTAIN if has_plan else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read the plan, and the scripts of its changes in their order."""
        project = Project.at(path)
        plan_path = label(project.plan, base)
        plan = read_plan(read_sql(project.plan, plan_path), plan_path)
        variables = _variables(project, base, options.table("variables"))
        schema = in_quotes(project.registry)
        return Plan(
            layout=self.name,
            migrations=tuple(
                _migration(change, project, base, plan.project, variables)
                for change in plan.changes
            ),
            prepare=_PREPARE.format(schema=schema, project=literal(plan.project)),
            bookkeeping_tables=frozenset(
                f"{project.registry}.{table}" for table in _TABLES
            ),
            separate_sessions=True,
            advice_on_transactions=_ADVICE,
            advice_on_variables=_advice_on(variables, label(project.file, base)),
        )


def _folder_of_project(
    settings_file: pathlib.Path, base: pathlib.Path
) -> pathlib.Path | None:
    """Return the folder with the plan that ``sqitch.conf`` belongs to."""
    top = SqitchSettings.read(settings_file).get("top_dir")
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


@attrs.frozen
class SqitchSettings:
    """The sections of a file, each by its name and that of its subsection."""

    sections: cabc.Mapping[str, cabc.Mapping[str, str]] = attrs.field(factory=dict)

    @classmethod
    def read(cls, file: pathlib.Path) -> SqitchSettings:
        """Read a file; one that cannot be read says nothing."""
        try:
            text = file.read_text("utf-8", errors="replace")
        except OSError:
            return cls()
        return cls(_sections(text))

    def get(self, key: str) -> str | None:
        """Return a setting of the target, else of the engine, else of all."""
        found = (self._section(name).get(key) for name in (*self._above[::-1], "core"))
        return next(filter(None, found), None)

    def variables(self) -> dict[str, str]:
        """Return the variables of psql that a deployment sets."""
        found: dict[str, str] = {}
        for section in ("core", "deploy", *self._above):
            found |= self._section(f"{section}.variables")
        return found

    @property
    def _above(self) -> tuple[str, ...]:
        """The sections of the engine and of the target that is deployed to."""
        target = self._section("core").get("target") or self._section(_ENGINE).get(
            "target"
        )
        return (_ENGINE, f"target.{target}") if target else (_ENGINE,)

    def _section(self, name: str) -> cabc.Mapping[str, str]:
        return self.sections.get(name, {})


@attrs.frozen
class Project:
    """Where a project keeps what, as ``sqitch.conf`` says or Sqitch assumes."""

    file: pathlib.Path
    settings: SqitchSettings
    plan: pathlib.Path
    deploy: pathlib.Path
    reworked: pathlib.Path

    @classmethod
    def at(cls, folder: pathlib.Path) -> Project:
        """Return the project of a folder, by the nearest file at or above it."""
        home = next(
            (
                place
                for place in (folder, *folder.absolute().parents[:2])
                if (place / SETTINGS).is_file()
            ),
            folder,
        )
        settings = SqitchSettings.read(home / SETTINGS)

        def named(key: str, otherwise: pathlib.Path) -> pathlib.Path:
            place = settings.get(key)
            return otherwise if place is None else home / place

        deploy = named("deploy_dir", folder / "deploy")
        return cls(
            file=home / SETTINGS,
            settings=settings,
            plan=named("plan_file", folder / PLAN),
            deploy=deploy,
            reworked=named("reworked_dir", deploy.parent) / deploy.name,
        )

    @property
    def extension(self) -> str:
        """What the names of scripts end in."""
        return self.settings.get("extension") or "sql"

    @property
    def registry(self) -> str:
        """The schema of Sqitch's own tables."""
        return self.settings.get("registry") or "sqitch"


def _sections(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    has_variables = False
    for whole in _CONTINUED.sub("", text).splitlines():
        line = whole
        if (head := _SECTION.match(line)) is not None:
            below = _ESCAPE.sub(r"\1", head[2] or "")
            name = ".".join(filter(None, (head[1].lower(), below)))
            section = found.setdefault(name, {})
            has_variables = name.endswith(".variables")
            line = whole[head.end() :]
        if (setting := _SETTING.match(line)) is not None:
            key = setting[1] if has_variables else setting[1].lower()
            section[key] = _value(setting[2])
    return found


def _value(text: str) -> str:
    """Return a value: quotes and escapes undone, without what follows it."""
    found, position = "", 0
    while (part := _VALUE.match(text, position)) and part.end() > position:
        if part["quoted"] is None and part["plain"] is None:
            found += " " if part["blanks"] else ""
        else:
            found += _ESCAPE.sub(_unescaped, part["quoted"] or part["plain"] or "")
        position = part.end()
    return found


def _unescaped(escape: re.Match[str]) -> str:
    return _ESCAPES.get(escape[1], escape[1])


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
        " which replaces what the command line gives (sqitch deploy --set):"
        ' migrations = { path = "…", tool = "sqitch", variables = { name = "…" } }.'
        f" Those that are set: {', '.join(sorted(variables))}."
    )


def _migration(
    change: SqitchChange,
    project: Project,
    base: pathlib.Path,
    name: str,
    variables: cabc.Mapping[str, str],
) -> Migration:
    """Read the script of a change; `name` is that of the project."""
    file = _script_of(change, project)
    path = label(file, base)
    if not file.is_file():
        plan = label(project.plan, base)
        message = (
            f"{path} does not exist, and {plan}:{change.line} has the change"
            f" {change.name}.\nSqitch stops there. Add the script (sqitch add"
            " writes one), or remove the line."
        )
        raise MigrationError(message, path=path)
    sql, original = with_values(read_sql(file, path), variables)
    return Migration(
        version=change.name,
        path=path,
        batches=(
            Batch(sql=sql, original=original, mode=Mode.SCRIPT, in_transaction=False),
        ),
        after=tuple(_records(change, in_quotes(project.registry), name)),
    )


def _records(change: SqitchChange, schema: str, project: str) -> cabc.Iterator[Command]:
    """Yield what notes that a change is deployed, with the tags behind it."""
    identity = f"{change.line} {change.name}"  # a reworked change has its name twice
    yield _DEPLOYED.format(schema=schema), (identity, change.name, project)
    for tag in change.tags:
        yield _TAGGED.format(schema=schema), (identity, tag, project)


def _script_of(change: SqitchChange, project: Project) -> pathlib.Path:
    """Return the file of a change; one that was reworked has a tag in its name."""
    if not change.rework_tags:
        return project.deploy / f"{change.name}.{project.extension}"
    files = [
        project.reworked / f"{change.name}{tag}.{project.extension}"
        for tag in change.rework_tags
    ]
    return next((file for file in files if file.is_file()), files[0])


LAYOUT = SqitchLayout()
