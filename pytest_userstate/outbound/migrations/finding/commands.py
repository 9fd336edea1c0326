"""The line that lets a tool's own program migrate, by the files of the project."""

from __future__ import annotations

import collections.abc as cabc
import json
import pathlib
import re
import shlex
import typing as typ

import attrs

from pytest_userstate.outbound.migrations.layout import label
from pytest_userstate.outbound.migrations.programs.environment import (
    DATABASE_VARIABLES,
    in_braces,
    source_of,
)
from pytest_userstate.outbound.migrations.tools.files import text_of

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
    above = (folder, *folder.parents)
    upto = above.index(base) + 1 if base in above else len(above)
    homes = [place for place in above[:upto] if (place / command.home).exists()]
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
        found = [
            name
            for name, text in scripts.items()
            if re.search(command.script or r"(?!)", text) and not _NOT_HERE.search(text)
        ]
    except (ValueError, AttributeError, TypeError):
        return ()
    return ("npm", "run", min(found, key=len)) if found else ()


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
        for found in _VARIABLE.findall(text_of(file))
        for name in filter(None, found)
        if (source := source_of(name)) and name not in DATABASE_VARIABLES
    }


def _below(home: pathlib.Path, pattern: str) -> cabc.Iterator[pathlib.Path]:
    """Yield the files of a name, in the folder or, if it is no path, below `src`."""
    places = (home,) if "/" in pattern else (home, home / "src")
    for place in places:
        found = place.glob(pattern)
        if place != home:
            found = place.rglob(pattern)
        yield from sorted(file for file in found if file.is_file())
