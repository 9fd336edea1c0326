"""Sqitch's layout: a plan, and a script for each of its changes.

The rules are those of Sqitch 1 (``App/Sqitch/Target.pm``, ``Plan.pm``,
``Engine/pg.pm``, ``Plan/Change.pm``). The plan is read as Sqitch itself writes it: what
Sqitch would refuse in one that was edited by hand is not looked for. The scripts are
run as psql runs them, but never by psql.
"""

from __future__ import annotations

import collections.abc as cabc
import configparser
import pathlib
import re

import attrs

from pytest_userstate.application.sql.tokens import (
    ESCAPING,
    LINE_COMMENT,
    PLAIN,
    QUOTED,
    TAG,
)
from pytest_userstate.domain.converters import in_quotes
from pytest_userstate.domain.drafts import DraftFile
from pytest_userstate.domain.errors import (
    ConfigurationError,
    MigrationError,
    TargetNotFoundError,
)
from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    Confidence,
    LayoutDefaults,
    Option,
    OptionKind,
    Options,
    ProjectFile,
    label,
    read_sql,
)
from pytest_userstate.outbound.migrations.next_files import NewMigration
from pytest_userstate.outbound.migrations.plan import (
    Batch,
    Command,
    Migration,
    Mode,
    Plan,
)
from pytest_userstate.outbound.migrations.sql import Statement, literal, script
from pytest_userstate.outbound.postgres.settings import DATABASE, OWNER

PLAN, SETTINGS = "sqitch.plan", "sqitch.conf"
_ENGINE = "engine.pg"
_NOTE = re.compile(r"(?:^|\s)#.*")
_PROJECT = re.compile(r"\s*%project\s*=\s*(?P<name>\S+)")
_ENTRY = re.compile(r"\s*(?:[+-]\s*)?(?P<name>@?[^\s@#\[][^\s#\[]*)")
# Variables of psql, and what psql does not look into for them.
_NAME = r"([A-Za-z0-9_\x80-\U0010ffff]+)"
_VARIABLE = rf""":(?:{_NAME}|'{_NAME}'|"{_NAME}"|\{{\?{_NAME}\}})"""
_TOKEN = re.compile(
    rf"::|{_VARIABLE}|[eE]{ESCAPING}'?|{PLAIN}|{QUOTED}|{LINE_COMMENT}"
    # What is not closed goes on to the end of the text.
    rf"|/\*.*?(?:\*/|\Z)|(?P<tag>{TAG}).*?(?:(?P=tag)|\Z)",
    re.DOTALL,
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

    def next_files(self, new: NewMigration) -> tuple[DraftFile, ...]:
        """Return the scripts of the next change, and the plan with its line."""
        project = _Project.at(new.folder)
        text = read_sql(project.plan, project.plan.name)
        *_, last = [line for line in text.splitlines() if line.strip()]
        who = re.search(r"\s\d{4}-\d\d-\d\dT\S+.*?>", _NOTE.sub("", last))
        line = f"{new.name}{who[0] if who else ''} # {new.title}.\n"
        extension = project.settings.get("extension") or "sql"
        deploy = label(project.deploy, new.folder)
        revert = project.settings.get("revert_dir") or "revert"
        scripts = ((deploy, "Deploy", new.up), (revert, "Revert", new.down))
        return (
            *(
                DraftFile(
                    path=f"{folder}/{new.name}.{extension}",
                    text=f"-- {verb} {new.name}\n\nBEGIN;\n\n{sql}\nCOMMIT;\n",
                )
                for folder, verb, sql in scripts
            ),
            DraftFile(
                path=label(project.plan, new.folder),
                text=f"{text.rstrip()}\n{line}",
                added=line,
            ),
        )

    def recognizes(self, path: pathlib.Path) -> Confidence:
        """Whether there is a plan."""
        has_plan = path.is_dir() and _Project.at(path).plan.is_file()
        return Confidence.CERTAIN if has_plan else Confidence.NONE

    def load(
        self, path: pathlib.Path, base: pathlib.Path, options: Options = NO_OPTIONS
    ) -> Plan:
        """Read the plan, and the scripts of its changes in their order."""
        project = _Project.at(path)
        plan_path = label(project.plan, base)
        name, changes = read_plan(read_sql(project.plan, plan_path), plan_path)
        variables = _variables(project, base, options.table("variables"))
        schema = in_quotes(project.registry)
        return Plan(
            layout=self.name,
            migrations=tuple(
                _migration(change, project, base, name, variables) for change in changes
            ),
            prepare=_PREPARE.format(schema=schema, project=literal(name)),
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
    if _Project.at(folder).plan.is_file():
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
    """The sections of ``sqitch.conf``, each by its name and that of its subsection."""

    sections: cabc.Mapping[str, cabc.Mapping[str, str]]

    @classmethod
    def read(cls, file: pathlib.Path) -> SqitchSettings:
        """Read a file; one that is not there says nothing."""
        parser = configparser.ConfigParser(
            allow_no_value=True,
            default_section="",
            delimiters=("=",),
            inline_comment_prefixes=("#", ";"),
            interpolation=None,
            strict=False,
        )
        parser.optionxform = str  # type: ignore[method-assign,assignment] # as documented
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            message = f"{file.name} cannot be read: {error}"
            raise ConfigurationError(message, file=file.name) from error
        sections: dict[str, dict[str, str]] = {}
        for header in parser.sections():
            name = header.replace('"', "").replace(" ", ".")
            values = {key: (value or "") for key, value in parser.items(header)}
            sections.setdefault(name, {}).update(
                {key: value.strip('"') for key, value in values.items()}
            )
        return cls(sections)

    def get(self, key: str) -> str | None:
        """Return a setting of the target, else of the engine, else of all."""
        values = (self._section(name).get(key) for name in (*self._above[::-1], "core"))
        return next(filter(None, values), None)

    def variables(self) -> dict[str, str]:
        """Return the variables of psql that a deployment sets."""
        values: dict[str, str] = {}
        for section in ("core", "deploy", *self._above):
            values |= self._section(f"{section}.variables")
        return values

    @property
    def _above(self) -> tuple[str, ...]:
        """The sections of the engine and of the target that is deployed to."""
        engine, core = self._section(_ENGINE), self._section("core")
        target = core.get("target") or engine.get("target")
        return (_ENGINE, f"target.{target}") if target else (_ENGINE,)

    def _section(self, name: str) -> cabc.Mapping[str, str]:
        return self.sections.get(name, {})


@attrs.frozen
class _Project:
    """Where a project keeps what, as ``sqitch.conf`` says or Sqitch assumes."""

    file: pathlib.Path
    settings: SqitchSettings
    plan: pathlib.Path
    deploy: pathlib.Path
    reworked: pathlib.Path

    @classmethod
    def at(cls, folder: pathlib.Path) -> _Project:
        """Return the project of a folder, by the nearest file at or above it."""
        above = (folder, *folder.absolute().parents[:2])
        homes = (place for place in above if (place / SETTINGS).is_file())
        home = next(homes, folder)
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
    def registry(self) -> str:
        """The schema of Sqitch's own tables."""
        return self.settings.get("registry") or "sqitch"

    def script_of(self, change: SqitchChange) -> pathlib.Path:
        """Return the file of a change; one that was reworked has a tag in its name."""
        extension = self.settings.get("extension") or "sql"
        if not change.rework_tags:
            return self.deploy / f"{change.name}.{extension}"
        files = [
            self.reworked / f"{change.name}{tag}.{extension}"
            for tag in change.rework_tags
        ]
        return next(filter(pathlib.Path.is_file, files), files[0])


@attrs.frozen
class SqitchChange:
    """One change of the plan."""

    name: str
    line: int
    """Its line in the plan."""
    tags: list[str] = attrs.field(factory=list)
    """Those that follow it, with their at signs."""
    rework_tags: list[str] = attrs.field(factory=list)
    """The tags up to a later change of this name, latest first.

    One of them is in the name of this change's file.
    """


def read_plan(text: str, path: str) -> tuple[str, list[SqitchChange]]:
    """Return the name of a plan's project, and its changes in order."""
    project = ""
    changes: list[SqitchChange] = []
    for number, whole in enumerate(text.splitlines(), 1):
        line = _NOTE.sub("", whole)
        if (pragma := _PROJECT.match(line)) is not None:
            project = pragma["name"]
        if not line.strip() or line.lstrip().startswith("%"):
            continue
        entry = _ENTRY.match(line)
        if entry is None or (entry["name"].startswith("@") and not changes):
            message = f"{path}:{number}: this is neither a change nor a tag behind one."
            raise MigrationError(message, path=path, line=number)
        if entry["name"].startswith("@"):
            changes[-1].tags.append(entry["name"])
            continue
        tags: list[str] = []
        for change in reversed(changes):
            tags += change.tags
            if change.name == entry["name"]:
                change.rework_tags.extend(tags)
                break
        changes.append(SqitchChange(entry["name"], number))
    return project, changes


def _variables(
    project: _Project, base: pathlib.Path, given: dict[str, str]
) -> dict[str, str]:
    """Return the variables that psql has, with their values."""
    variables = project.settings.variables() | given
    for name, value in variables.items():
        problem = ""
        if not re.fullmatch(_NAME, name):
            problem = "psql refuses: its name has other characters than letters, digits"
            problem += " and underscores"
        elif "\n" in value:
            problem = "is not supported: its value has a line break"
        if problem:
            file = "userstate.toml" if name in given else label(project.file, base)
            message = f"{file} sets the variable {name!r}, which {problem}."
            raise ConfigurationError(message, file=file)
    # Sqitch sets the first two, and psql the others once it is connected.
    variables |= {"ON_ERROR_STOP": "1", "registry": project.registry}
    return variables | {"DBNAME": DATABASE, "USER": OWNER}


def _advice_on(variables: cabc.Iterable[str], file: str) -> str:
    return (
        f'Set it in {file}, in the section [deploy "variables"], or in userstate.toml,'
        " which replaces what the command line gives (sqitch deploy --set):"
        ' migrations = { path = "…", tool = "sqitch", variables = { name = "…" } }.'
        f" Those that are set: {', '.join(sorted(variables))}."
    )


def _migration(
    change: SqitchChange,
    project: _Project,
    base: pathlib.Path,
    name: str,
    variables: cabc.Mapping[str, str],
) -> Migration:
    """Read the script of a change; `name` is that of the project."""
    file = project.script_of(change)
    path = label(file, base)
    if not file.is_file():
        plan = label(project.plan, base)
        message = (
            f"{path} does not exist, and {plan}:{change.line} has the change"
            f" {change.name}.\nSqitch stops there. Add the script (sqitch add"
            " writes one), or remove the line."
        )
        raise MigrationError(message, path=path)
    sql = with_values(read_sql(file, path), variables)
    return Migration(
        version=change.name,
        path=path,
        batches=(Batch(sql=sql, mode=Mode.SCRIPT, in_transaction=False),),
        after=tuple(_records(change, in_quotes(project.registry), name)),
    )


def _records(change: SqitchChange, schema: str, project: str) -> cabc.Iterator[Command]:
    """Yield what notes that a change is deployed, with the tags behind it."""
    identity = f"{change.line} {change.name}"  # a reworked change has its name twice
    yield _DEPLOYED.format(schema=schema), (identity, change.name, project)
    for tag in change.tags:
        yield _TAGGED.format(schema=schema), (identity, tag, project)


def with_values(sql: str, values: cabc.Mapping[str, str]) -> str:
    r"""Replace the variables of psql in a script by their values.

    They are ``:name``, ``:'name'``, ``:"name"``, and ``:{?name}``. Literals, comments,
    and the rows of a COPY are left alone.

    >>> with_values("SELECT :'x', ':x', 1::x, :y FROM :x", {"x": "it's"})
    "SELECT 'it''s', ':x', 1::x, :y FROM it's"
    """

    def value(match: re.Match[str]) -> str:
        plain, quoted, name, tested = match.group(1, 2, 3, 4)
        if tested:
            return "TRUE" if tested in values else "FALSE"
        given = values.get(plain or quoted or name or "")
        if given is None:
            return match[0]
        if quoted:
            # As libpq does, whatever `standard_conforming_strings` is.
            escaped = literal(given).replace("\\", "\\\\")
            return f" E{escaped}" if "\\" in given else escaped
        return in_quotes(given) if name else given

    parts, position = [], 0
    for part in script(sql):
        if isinstance(part, Statement):
            parts += [sql[position : part.start], _TOKEN.sub(value, part.text)]
            position = part.end
    return "".join((*parts, sql[position:]))


LAYOUT = SqitchLayout()
