"""The variables that a program gets, and those that its output asks for."""

from __future__ import annotations

import ast
import collections.abc as cabc
import json
import os
import pathlib
import re
import typing as typ
import urllib.parse

from pytest_userstate.domain.errors import ConfigurationError
from pytest_userstate.outbound.migrations.layout import text_of

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.connection_strings import Address

Configured = cabc.Mapping[str, typ.Any]
"""What `environment` beside ``path`` says: strings, and ``{ from = "NAME" }``."""

_SCHEME = re.compile(r"(?:postgres(?:ql)?(?:\+\w+)?|postgis)(?=://)")
DATABASE_VARIABLES: typ.Final = (
    *("DATABASE_URL", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"),
    *("JDBC_DATABASE_URL", "JDBC_DATABASE_USERNAME", "JDBC_DATABASE_PASSWORD"),
    *("SPRING_DATASOURCE_URL", "SPRING_DATASOURCE_USERNAME"),
    "SPRING_DATASOURCE_PASSWORD",
)
"""The variables that say where the database is, and as whom to connect."""


def url(address: Address, scheme: str = "postgresql") -> str:
    """Return where the database is as a URL."""
    role, password = (
        urllib.parse.quote(text, safe="") for text in (address.role, address.password)
    )
    host, more = address.host, {}
    if host.startswith("/"):  # a socket's folder, which many insist on not seeing here
        host, more["host"] = "localhost", host
    elif ":" in host:
        host = f"[{host}]"
    if address.sslmode not in {"disable", "prefer"}:
        more["sslmode"] = address.sslmode
    query = "?" * bool(more) + urllib.parse.urlencode(more, safe="/")
    place = f"{host}:{address.port}/{address.database}{query}"
    return f"{scheme}://{role}:{password}@{place}"


def environment(
    address: Address, given: cabc.Mapping[str, str], configured: Configured
) -> dict[str, str]:
    """Return the variables of the caller, the configured ones, and the database's.

    Nothing but the scheme of a `DATABASE_URL` is kept, which names a driver in some
    libraries.
    """
    texts = {name: text for name, text in configured.items() if isinstance(text, str)}
    taken = {
        name: value["from"]
        for name, value in configured.items()
        if not isinstance(value, str)
    }
    before = {
        **given,
        **texts,
        **{name: given[source] for name, source in taken.items() if source in given},
    }
    scheme = _SCHEME.match(before.get("DATABASE_URL", ""))
    database = _of_the_database(address, scheme[0] if scheme else "postgresql")
    return {
        **{name: text for name, text in before.items() if not name.startswith("PG")},
        **database,
        **{
            name: database[source]
            for name, source in taken.items()
            if source in database
        },
        "PGSSLMODE": address.sslmode,
        "PYTHONUNBUFFERED": "1",  # or the last words of one that is killed are lost
    }


def _of_the_database(address: Address, scheme: str) -> dict[str, str]:
    role, password = address.role, address.password
    jdbc = f"jdbc:postgresql://{address.host}:{address.port}/{address.database}"
    account = urllib.parse.urlencode({"user": role, "password": password})
    values = (
        *(url(address, scheme), address.host, str(address.port)),
        *(role, password, address.database),
        *(f"{jdbc}?{account}", role, password),
        *(jdbc, role, password),
    )
    return dict(zip(DATABASE_VARIABLES, values, strict=True))


def check_configured(configured: Configured, given: cabc.Mapping[str, str]) -> None:
    """Refuse variables that cannot be given.

    Raises
    ------
    ConfigurationError
        When a variable of the caller is not set, or one would replace the database's.
    """
    for name, value in configured.items():
        key = f"migrations.environment.{name}"
        source = "" if isinstance(value, str) else value["from"]
        if source in DATABASE_VARIABLES:
            continue
        if source and source not in given:
            problem = (
                f"takes its value from {source}, which is not set where pytest runs.\n"
                f'Set {source}, or write a value: {name} = "…".'
            )
        elif name.startswith("PG") or name in DATABASE_VARIABLES[1:]:
            problem = (
                "would replace what the audit sets: the program is to find the audit's"
                f" database.\nLeave {name} out."
            )
        else:
            continue
        message = f"userstate.toml: `{key}` {problem}"
        raise ConfigurationError(message, file="userstate.toml", key=key)


_NAME = r"[A-Za-z_]\w*"
# What libraries, and people, say of a variable that is not set; the group is its name.
_ASKS = re.compile(
    # A subscript of os.environ
    r'File "(?:<frozen os>|[^"]*/os\.py)", line \d+, in __getitem__\n(?:    .*\n)*'
    rf"KeyError: '({_NAME})'"
    rf"|Config '({_NAME})' is missing"  # Starlette
    rf'|Environment variable "?({_NAME})"? (?:is )?not set'  # environs
    rf"|UndefinedValueError: ({_NAME}) not found"  # python-decouple
    # django-environ, and people
    r"|(?:[Ss]et|[Ii]n|[Vv]ia|[Dd]efine|[Cc]hange|[Pp]rovide|[Ss]pecify) the"
    rf" ({_NAME}) env(?:ironment)? variable"
    r"|\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b[`'\"]?(?: environment)?(?: variable)?"
    r" (?:must be (?:set|provided|defined)|(?:is |was )?(?:not set|not defined|missing"
    r"|required|undefined))"
    r"|(?i:(?:missing|no) (?:required )?environment variables?:?) [`'\"]?"
    r"([A-Z][A-Z0-9_]+)"
)
# pydantic's settings, in their second and first version.
_FIELD = re.compile(
    r"^([\w.]+)(?: -> \w+)*\n +(?:Field required \[type=missing"
    r"|field required \(type=value_error\.missing)",
    re.MULTILINE,
)
_PREFIX = re.compile(r"""\benv_prefix['"]?\s*[=:]\s*['"](\w+)['"]""")
_FRAME = re.compile(r'^  File "([^"]+)", line (\d+)', re.MULTILINE)
# What else the module that was stopped reads, with nothing in its place.
_READS = re.compile(
    rf"""\benviron\[\s*['"]({_NAME})['"]\s*\]"""
    rf"""|\b(?:env|config)(?:\.\w+)?\(\s*['"]({_NAME})['"]\s*(?:,\s*cast=[\w.]+\s*)?\)"""
)
# What it reads, but can do without.
_NEEDS_NOT = re.compile(
    rf"""\b(?:environ\.get|getenv)\(\s*['"]({_NAME})['"]|\b({_NAME})=\("""
)
# A variable that chooses the kind of database, in a module of settings.
_ENGINE = r"(?:[A-Z]+_)*(?:DB|DATABASE)_(?:ENGINE|BACKEND|TYPE|DRIVER|DIALECT|VENDOR)"
_CHOICE = re.compile(rf"""\b({_ENGINE})\b|['"](DB|DATABASE)['"]\s*[,)\]]""")
_POSTGRES = re.compile(r"""['"](postgres(?:ql)?|pgsql|psql)['"]""", re.IGNORECASE)
_SETTINGS = re.compile(r"(?:settings|config|configuration|database|db)\w*\.py")
_MOST_MODULES = 300
_NOT_THE_PROJECTS = frozenset({"node_modules", "site-packages", "venv", "env"})
_SAMPLES = (
    *(".env.example", ".env.sample", ".env.template", ".env.dist", ".env.test"),
    *("env.example", "example.env", ".example.env", "env.sample", "sample.env"),
)
_SAMPLE = re.compile(
    rf"""^[ \t]*(?:export[ \t]+)?({_NAME})[ \t]*=[ \t]*"""
    r"""(?:'([^'\n]*)'|"([^"\n]*)"|([^\s#'"][^#\n]*))""",
    re.MULTILINE,
)
_DATABASE = r"(?:^|_)(?:DB|DATABASE|POSTGRES(?:QL)?|PG|PSQL|SQL|SQLALCHEMY|RDS)"
_SOURCES = (
    (rf"{_DATABASE}_?(?:\w+_)?(?:URL|URI|DSN)$", "DATABASE_URL"),
    (rf"{_DATABASE}_?(?:HOST|HOSTNAME|SERVER|ADDRESS)$", "PGHOST"),
    (rf"{_DATABASE}_?PORT$", "PGPORT"),
    (rf"{_DATABASE}_?(?:USER|USERNAME)$", "PGUSER"),
    (rf"{_DATABASE}_?(?:PASSWORD|PASS|PWD)$", "PGPASSWORD"),
    (rf"{_DATABASE}_?(?:DB|NAME|DATABASE|DBNAME)$", "PGDATABASE"),
)
_VALUES = (
    (r"ENGINE$", "django.db.backends.postgresql"),
    (r"EMAIL$|_FROM$|SENDER", "audit@example.com"),
    (r"REDIS.*UR[LI]$|BROKER", "redis://localhost:6379/0"),
    (r"UR[LI]S?$|ORIGIN|ENDPOINT", "http://localhost"),
    (r"(?:HOST|HOSTNAME|SERVER|DOMAIN)S?$", "localhost"),
    (r"PORT$|SECONDS|MINUTES|HOURS|DAYS|SIZE|LIMIT|COUNT|NUMBER", "1"),
    (r"DEBUG|ENABLED?|^(?:IS|USE)_|_(?:SSL|TLS)$", "false"),
    (r"SECRET|KEY|TOKEN|SALT", "for-the-audit-only-and-no-secret"),  # 32 characters
    ("", "for-the-audit"),
)


def lines(values: Configured) -> str:
    """Return the lines of the configuration that give variables."""
    shown = (f"  {line}" for line in _assignments(values))
    return "\n".join(["  [migrations.environment]", *shown])


def in_braces(values: Configured) -> str:
    """Return what is written beside ``path`` to give variables."""
    return f"environment = {{ {', '.join(_assignments(values))} }}"


def _assignments(values: Configured) -> cabc.Iterator[str]:
    for name, value in values.items():
        if isinstance(value, str):
            yield f"{name} = {json.dumps(value)}"  # which is TOML, too
        else:
            yield f"{name} = {{ from = {json.dumps(value['from'])} }}"


def asked_for(
    output: str, given: cabc.Mapping[str, typ.Any], *folders: pathlib.Path
) -> dict[str, typ.Any]:
    """Return the variables that a program misses, if its output says so, with values.

    The last of the folders is the repository; what else the module reads that was
    stopped is asked for at once.
    """
    if "requires an async driver" in output:
        is_given = "+asyncpg" in str(given.get("DATABASE_URL"))
        return {} if is_given else {"DATABASE_URL": "postgresql+asyncpg://"}
    # What is logged before a traceback is not what stopped the program.
    before, traceback, after = output.partition("Traceback (most recent call last)")
    end = after if traceback else before
    names = [next(filter(None, match.groups())) for match in _ASKS.finditer(end)]
    module, line = _module(output, folders[-1])
    if "pydantic_settings" in output or "env_settings" in output:
        prefix = _PREFIX.search(module)
        names += [
            f"{prefix[1] if prefix else ''}{field.replace('.', '__')}".upper()
            for field in _FIELD.findall(output)
        ]
    if not names:
        return {}
    unconditional = _unconditional(module, line)
    reads = [
        name for groups in _READS.findall(unconditional) for name in groups if name
    ]
    spared = {name for groups in _NEEDS_NOT.findall(module) for name in groups}
    reads = [name for name in reads if name not in spared]
    samples = _samples(folders)
    return {
        name: _value(name, samples)
        for name in dict.fromkeys((*names, *reads))
        if name not in given
    }


def _samples(folders: cabc.Iterable[pathlib.Path]) -> dict[str, str]:
    """Return the values that files such as ``.env.example`` give as examples."""
    samples: dict[str, str] = {}
    for file in (folder / name for folder in folders for name in _SAMPLES):
        for match in _SAMPLE.finditer(text_of(file)):
            value = next(filter(None, match.groups()[1:]), "").strip()
            samples.setdefault(match[1].upper(), value)
    return samples


def choice_of_database(repository: pathlib.Path) -> dict[str, typ.Any]:
    """Return the variables by which settings choose PostgreSQL, if there are any."""
    count = 0
    for step, folders, names in os.walk(repository):
        folders[:] = sorted(
            name
            for name in folders
            if not (name.startswith((".", "test")) or name in _NOT_THE_PROJECTS)
        )
        is_settings = pathlib.PurePath(step).name in {"settings", "config"}
        for name in sorted(names):
            if _SETTINGS.fullmatch(name) or (is_settings and name.endswith(".py")):
                count += 1
                text = text_of(pathlib.Path(step, name))
                chosen = {name for groups in _CHOICE.findall(text) for name in groups}
                if chosen := chosen - {""}:
                    word = _POSTGRES.search(text)
                    samples = dict.fromkeys(chosen, word[1]) if word else {}
                    return {name: _value(name, samples) for name in sorted(chosen)}
        if count > _MOST_MODULES:
            break
    return {}


def _module(output: str, repository: pathlib.Path) -> tuple[str, int]:
    """Return the repository's module at which a traceback ends, and the line in it."""
    for path, line in reversed(_FRAME.findall(output)):
        if path.startswith(f"{repository}/") and "-packages/" not in path:
            return text_of(pathlib.Path(path)), int(line)
    return "", 0


def _unconditional(module: str, line: int) -> str:
    """Return the statements that run whatever else is set, and those of the line."""
    try:
        tree = ast.parse(module)
    except (SyntaxError, ValueError):
        return module
    lines = module.splitlines()
    kept: list[str] = []

    def keep(statements: list[ast.stmt]) -> None:
        for statement in statements:
            bodies = [
                body
                for field in ("body", "orelse", "finalbody")
                if (body := getattr(statement, field, None))
            ]
            if not bodies:
                kept.extend(lines[statement.lineno - 1 : statement.end_lineno])
            for body in bodies:
                ends = body[0].lineno, body[-1].end_lineno or 0
                if isinstance(statement, ast.ClassDef) or ends[0] <= line <= ends[1]:
                    keep(body)

    keep(tree.body)
    return "\n".join(kept)


def source_of(name: str) -> str:
    """Return which variable of the database's one of this name means; empty if none."""
    return next(
        (source for pattern, source in _SOURCES if re.search(pattern, name.upper())), ""
    )


def _value(name: str, samples: cabc.Mapping[str, str]) -> typ.Any:
    """Return what to write for a variable."""
    if source := source_of(name):
        return {"from": source}
    upper = name.upper()
    usual = next(value for pattern, value in _VALUES if re.search(pattern, upper))
    return samples.get(upper) or usual
