"""Signs that SQL files are not plain SQL, but a tool's.

Such folders often look like plain SQL, and run as plain SQL many would undo
what they do: a goose file holds its way back below its way up. So a folder that
shows one of these signs is never taken for plain SQL unasked, and never at all
where that could not be right.
"""

from __future__ import annotations

import collections.abc as cabc
import json
import pathlib
import re
import shlex
import typing as typ

import attrs

from pytest_userstate.application.wording import wrap
from pytest_userstate.domain.errors import TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import (
    WAYS_BACK,
    label,
    text_of,
    upward,
    visible,
)
from pytest_userstate.outbound.migrations.programs.environment import (
    DATABASE_VARIABLES,
    in_braces,
    source_of,
)
from pytest_userstate.outbound.migrations.tools import registry
from pytest_userstate.outbound.migrations.tools.rules import ROWS

Variable = str | cabc.Mapping[str, str]


@attrs.frozen(kw_only=True)
class Command:
    """What applies the migrations of a tool that is a program."""

    arguments: tuple[str, ...]
    home: str = ""
    """A file in the folder in which it is run."""
    script: str = ""
    """A pattern of the script of a package.json that does the same."""
    settings: tuple[str, ...] = ()
    """Patterns of the files that say where the database is."""
    environment: cabc.Mapping[str, Variable] = attrs.field(factory=dict)
    """The variables that it reads in any project."""


def _javascript(
    program: str, arguments: str, *settings: str, script: str = ""
) -> Command:
    words = arguments.split()
    return Command(
        arguments=("npx", "--no-install", program, *words),
        home="package.json",
        script=script or rf"\b{re.escape(program)}\b.*\b{re.escape(words[0])}(?![\w:])",
        settings=settings,
    )


def _from(*names: str) -> dict[str, Variable]:
    return {name: {"from": source_of(name)} for name in names}


POP = Command(arguments=("soda", "migrate"), home="database.yml")
RAILS = Command(arguments=("bin/rails", "db:migrate"), home="Gemfile")
ECTO = Command(arguments=("mix", "ecto.migrate"), home="mix.exs")
LARAVEL = Command(
    arguments=("php", "artisan", "migrate", "--force"),
    home="artisan",
    environment={
        "DB_CONNECTION": "pgsql",
        **_from("DB_HOST", "DB_PORT", "DB_DATABASE", "DB_USERNAME", "DB_PASSWORD"),
    },
)
ENTITY_FRAMEWORK = Command(arguments=("dotnet", "ef", "database", "update"))

_DATA_SOURCE = ("*data-source*.[jt]s", "*datasource*.[jt]s", "*ormconfig*.[jt]s")
# What a migration in JavaScript or TypeScript says, the tool, and its command.
IN_JAVASCRIPT = (
    (
        r"@mikro-orm/migrations",
        "MikroORM",
        _javascript("mikro-orm", "migration:up", "mikro-orm.config.*"),
    ),
    (
        r"\bQueryRunner\b|\bqueryRunner\b",
        "TypeORM",
        _javascript(
            "typeorm",
            "migration:run",
            *_DATA_SOURCE,
            script=r"\btypeorm(?:-\w+)*\b.*\bmigration:run\b|\bmigration:run\b.* -d ",
        ),
    ),
    (
        r"\bqueryInterface\b",
        "Sequelize",
        _javascript(
            "sequelize-cli",
            "db:migrate",
            *(".sequelizerc", "config/config.js*", "config/database.js*"),
            script=r"\bsequelize(?:-cli)?\b.*\bdb:migrate(?![\w:])",
        ),
    ),
    (
        r"\bpgm\b",
        "node-pg-migrate",
        _javascript("node-pg-migrate", "up", "config/*.json"),
    ),
    (
        r"\bkysely\b",
        "Kysely",
        _javascript("kysely", "migrate:latest", "kysely.config.*"),
    ),
    (
        r"\bdb\.(?:runSql|createTable)\b",
        "db-migrate",
        _javascript("db-migrate", "up", "database.json"),
    ),
    (
        r"\bknex\b",
        "Knex",
        _javascript("knex", "migrate:latest", "knexfile.*", "src/knexfile.*"),
    ),
)

_NOT_HERE = re.compile(r"docker|ssh |kubectl|heroku|fly |--env(?:=| )prod")
_VARIABLE = re.compile(
    r"""process\.env(?:\.|\[\s*['"])([A-Z_]\w*)|\benv\w*\(\s*['"]([A-Z_]\w*)"""
    r"""|"ENV"\s*:\s*"([A-Z_]\w*)\""""
)
_CONSTANT = re.compile(r"""['"]?(?:host|database)['"]?\s*:\s*['"]""")


def command_line(command: Command, folder: pathlib.Path, base: pathlib.Path) -> str:
    """Return the line of userstate.toml that lets a tool's own program migrate."""
    above = upward(folder, base)
    homes = [place for place in above if (place / command.home).exists()]
    home = homes[0] if command.home and homes else base
    settings = [file for name in command.settings for file in _below(home, name)]
    arguments = _script(command, home) or _completed(command, home, settings)
    if home != base:
        place = shlex.quote(label(home, base))
        arguments = ("sh", "-c", f"cd {place} && {_joined(arguments)}")
    elif _HOLDS_VARIABLE in arguments:
        arguments = ("sh", "-c", _joined(arguments))
    environment = {**command.environment, **_environment(settings)}
    parts = [
        f"command = {json.dumps(arguments)}",
        f"path = {json.dumps(label(folder, base))}",
    ]
    if environment:
        parts.append(in_braces(environment))
    return f"migrations = {{ {', '.join(parts)} }}"


_HOLDS_VARIABLE: typ.Final = '"$DATABASE_URL"'


def _joined(arguments: cabc.Iterable[str]) -> str:
    return " ".join(
        word if word == _HOLDS_VARIABLE else shlex.quote(word) for word in arguments
    )


def _script(command: Command, home: pathlib.Path) -> tuple[str, ...]:
    """Return the project's own script that runs the tool, if there is one."""
    try:
        package = json.loads(text_of(home / "package.json") or "{}")
        scripts = package.get("scripts", {})
        names = [
            name
            for name, text in scripts.items()
            if re.search(command.script or r"(?!)", text) and not _NOT_HERE.search(text)
        ]
    except (ValueError, AttributeError, TypeError):
        return ()
    return ("npm", "run", min(names, key=len)) if names else ()


def _completed(
    command: Command, home: pathlib.Path, settings: list[pathlib.Path]
) -> tuple[str, ...]:
    """Return the tool's own command, with what it does not find by itself."""
    arguments = command.arguments
    match command.arguments[2:3]:
        case ("typeorm",):
            sources = [file for file in settings if "DataSource(" in text_of(file)]
            source = label(sources[0], home) if sources else "path/to/data-source.js"
            if source.endswith(".ts"):
                arguments = (*arguments[:2], "typeorm-ts-node-commonjs", *arguments[3:])
            return (*arguments, "-d", source)
        case ("knex",):
            elsewhere = [label(file, home) for file in settings if file.parent != home]
            if elsewhere and len(elsewhere) == len(settings):
                return (*arguments, "--knexfile", elsewhere[0])
        case ("sequelize-cli",):
            is_constant = any(
                _CONSTANT.search(text) and "use_env_variable" not in text
                for text in map(text_of, settings)
            )
            if is_constant and not _environment(settings):
                return (*arguments, "--url", _HOLDS_VARIABLE)
    return arguments


def _environment(settings: cabc.Iterable[pathlib.Path]) -> dict[str, Variable]:
    """Return the variables by which settings say where the database is."""
    return {
        name: {"from": source}
        for file in settings
        for groups in _VARIABLE.findall(text_of(file))
        for name in filter(None, groups)
        if (source := source_of(name)) and name not in DATABASE_VARIABLES
    }


def _below(home: pathlib.Path, pattern: str) -> cabc.Iterator[pathlib.Path]:
    """Yield the files of a name, in the folder or, if it is no path, below `src`."""
    places = (home,) if "/" in pattern else (home, home / "src")
    for place in places:
        paths = place.glob(pattern)
        if place != home:
            paths = place.rglob(pattern)
        yield from sorted(file for file in paths if file.is_file())


@attrs.frozen(kw_only=True)
class Tool:
    """A tool, and the signs of its migrations."""

    name: str
    path: str = ""
    """A file in the migrations folder."""
    nested: str = ""
    """A file in the folder of each migration."""
    names: str = ""
    """A pattern that the name of a migration file has."""
    text: str = ""
    """A pattern that a line of a SQL file begins with."""
    can_be_plain: bool = False
    """Whether its SQL files do no harm when they are run one after the other."""
    layout: str = ""
    """The name of its layout, if it has one here."""
    command: Command | None = None
    """What applies the migrations of a tool that is a program."""


_LINES = re.IGNORECASE | re.MULTILINE
_JAVASCRIPT = "a tool for JavaScript"
_BACK = re.compile(rf"([._-])(?:{WAYS_BACK}|drop)(?=[._-])", flags=re.IGNORECASE)
_BACK_AT_FRONT = re.compile(rf"^(?:{WAYS_BACK}|drop)([._-])", flags=re.IGNORECASE)
_UP = ("up", "do", "deploy", "forward", "apply", "create")
_TOOLS = (
    *(
        Tool(
            name=row.name,
            layout=row.name,
            text=row.signs,
            path=row.sign_file,
            can_be_plain=row.can_be_plain,
        )
        for row in ROWS
    ),
    Tool(
        name="a tool that keeps both ways in one file",
        text=r"--+[ \t]*[@!+]?(?:down|undo|rollback|revert)(?: migration| section)?"
        r"[ \t:-]*$",
    ),
    Tool(
        name="Liquibase",
        text=r"--[ \t]*liquibase formatted sql",
        can_be_plain=True,
        layout="liquibase",
    ),
    Tool(
        name="Flyway",
        names=r"(?:[UB]\d+(?:[._]\d+)*|R)__.+\.sql",
        layout="flyway",
    ),
    Tool(
        name="Flyway or refinery",
        names=r"V\d+(?:[._]\d+)*__.+\.sql",
        can_be_plain=True,
        layout="flyway",
    ),
    Tool(name="Prisma or Drizzle", nested="migration.sql", layout="prisma"),
    Tool(name="Drizzle", path="meta/_journal.json", layout="drizzle"),
    Tool(name="pop (Fizz)", names=r"\d+_.+\.up\.fizz", command=POP),
    Tool(
        name="Rails",
        names=r"\d{8,}_\w+\.rb",
        command=RAILS,
    ),
    Tool(
        name="Ecto",
        names=r"\d{8,}_\w+\.exs",
        command=ECTO,
    ),
    Tool(
        name="Laravel",
        names=r"\d{4}_\d\d_\d\d_\d+_\w+\.php",
        command=LARAVEL,
    ),
    Tool(
        name="Entity Framework",
        names=r"\d{8,}_\w+\.cs",
        command=ENTITY_FRAMEWORK,
    ),
    Tool(name=_JAVASCRIPT, names=r"(?:Migration)?\d{3,}.*\.(?:[cm]?js|ts)"),
)


@attrs.frozen
class ToolSign:
    """A tool and the sign of it, in words."""

    tool: Tool
    sign: str


def tool_of(folder: pathlib.Path) -> ToolSign | None:
    """Return the tool whose migrations a folder seems to hold, if any."""
    return next(_findings(folder), None)


def is_of_a_tool(names: cabc.Iterable[str]) -> bool:
    """Whether a file is named as a tool without a layout names migrations."""
    return any(map(_by_name, names))


def refuse_others(
    scripts: cabc.Mapping[str, str],
    folder: pathlib.Path,
    base: pathlib.Path,
) -> None:
    """Refuse SQL files that cannot be right as plain SQL."""
    for finding in _by_file(folder):
        if not finding.tool.can_be_plain:
            raise TargetNotFoundError(unsupported(folder, base, finding))
    for name, text in scripts.items():
        for finding in filter(None, (_by_name(name), _by_text(name, text))):
            if not finding.tool.can_be_plain:
                message = unsupported(folder, base, finding)
                raise TargetNotFoundError(message)


def ways_back(names: cabc.Collection[str]) -> set[str]:
    """Return the files that are a way back beside their way up, by their names."""
    return {name for name in names if (_ways_up(name) - {name}) & set(names)}


def _ways_up(name: str) -> set[str]:
    """Return the names that a way up would have if this is a way back."""
    return {
        _BACK.sub("", name),
        _BACK_AT_FRONT.sub("", name),
        *(_BACK.sub(rf"\1{up}", name) for up in _UP),
        *(_BACK_AT_FRONT.sub(rf"{up}\1", name) for up in _UP),
    }


def unsupported(folder: pathlib.Path, base: pathlib.Path, finding: ToolSign) -> str:
    """Say that a folder is another tool's, and what can be done."""
    tool, path = finding.tool, label(folder, base)
    lines = [f"{path} holds migrations of {tool.name}: {finding.sign}."]
    if tool.command:
        lines += [
            "Its own program can apply them; say so in userstate.toml:",
            command_line(tool.command, folder, base),
        ]
    elif tool.layout:
        lines += [
            "If they are, say so in userstate.toml:",
            f'migrations = {{ path = "{path}", tool = "{tool.layout}" }}.',
        ]
    if tool.can_be_plain:
        lines += [
            "If every file only goes up, and their natural order is right, say so in",
            f'userstate.toml: migrations = {{ path = "{path}", tool = "plain" }}.',
        ]
    else:
        lines.append("Run as plain SQL, its files would do something else.")
    lines += [
        "Or apply them with the tool itself, and audit that database: --userstate-dsn.",
        "The layouts that are supported are:",
        *wrap(registry.names()),
    ]
    return "\n".join(lines)


def _findings(folder: pathlib.Path) -> cabc.Iterator[ToolSign]:
    entries = visible(folder)
    yield from _by_file(folder)
    for entry in entries:
        if (finding := _by_name(entry.name)) is not None:
            yield _in_javascript(finding, folder / entry.name)
    script = next(
        (entry for entry in entries if entry.name.lower().endswith(".sql")), None
    )
    if script is not None:
        yield from filter(None, [_by_text(script.name, text_of(folder / script.name))])
    for entry in (entry for entry in entries if entry.is_dir()):
        for tool in _TOOLS:
            if tool.nested and pathlib.Path(entry.path, tool.nested).exists():
                yield ToolSign(tool, f"there is a {entry.name}/{tool.nested}")


def _by_file(folder: pathlib.Path) -> cabc.Iterator[ToolSign]:
    for tool in _TOOLS:
        if tool.path and (folder / tool.path).exists():
            yield ToolSign(tool, f"there is a {tool.path}")


def _by_name(name: str) -> ToolSign | None:
    for tool in _TOOLS:
        if tool.names and re.fullmatch(tool.names, name):
            return ToolSign(tool, f"a file is named {name}")
    return None


def _in_javascript(finding: ToolSign, file: pathlib.Path) -> ToolSign:
    """Return the tool that a migration in JavaScript is of, by what it says."""
    if finding.tool.name != _JAVASCRIPT:
        return finding
    text = text_of(file)
    for pattern, name, command in IN_JAVASCRIPT:
        if re.search(pattern, text):
            tool = attrs.evolve(finding.tool, name=name, command=command)
            return ToolSign(tool, f"{file.name} is written for it")
    return finding


def _by_text(name: str, text: str) -> ToolSign | None:
    for tool in _TOOLS:
        line = re.search(rf"^(?:{tool.text})", text, _LINES) if tool.text else None
        if line is not None:
            return ToolSign(tool, f"{name} has the line {line[0].strip()!r}")
    return None
