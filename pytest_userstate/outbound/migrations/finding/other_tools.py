"""Signs that SQL files are not plain SQL, but a tool's.

Such folders often look like plain SQL, and run as plain SQL many would undo
what they do: a goose file holds its way back below its way up. So a folder that
shows one of these signs is never taken for plain SQL unasked, and never at all
where that could not be right.
"""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re
import textwrap

import attrs

from pytest_userstate.domain.errors import TargetNotFoundError
from pytest_userstate.outbound.migrations.finding import commands
from pytest_userstate.outbound.migrations.layout import label, visible
from pytest_userstate.outbound.migrations.tools.files import WAYS_BACK, text_of
from pytest_userstate.outbound.migrations.tools.rules import ROWS


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
    command: commands.Command | None = None
    """What applies the migrations of a tool that is a program."""


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
    Tool(name="pop (Fizz)", names=r"\d+_.+\.up\.fizz", command=commands.POP),
    Tool(
        name="Rails",
        names=r"\d{8,}_\w+\.rb",
        command=commands.RAILS,
    ),
    Tool(
        name="Ecto",
        names=r"\d{8,}_\w+\.exs",
        command=commands.ECTO,
    ),
    Tool(
        name="Laravel",
        names=r"\d{4}_\d\d_\d\d_\d+_\w+\.php",
        command=commands.LARAVEL,
    ),
    Tool(
        name="Entity Framework",
        names=r"\d{8,}_\w+\.cs",
        command=commands.ENTITY_FRAMEWORK,
    ),
    Tool(name=_JAVASCRIPT, names=r"(?:Migration)?\d{3,}.*\.(?:[cm]?js|ts)"),
)


def _any(patterns: cabc.Mapping[int, str], *, flags: int = 0) -> re.Pattern[str]:
    """Compile one pattern whose last group has the number of the tool in its name."""
    alternatives = (f"(?P<tool{number}>{text})" for number, text in patterns.items())
    return re.compile("|".join(alternatives), flags)


_NAMES = _any({number: tool.names for number, tool in enumerate(_TOOLS) if tool.names})
_TEXTS = _any(
    {number: f"^(?:{tool.text})" for number, tool in enumerate(_TOOLS) if tool.text},
    flags=re.IGNORECASE | re.MULTILINE,
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
    *,
    supported: str,
) -> None:
    """Refuse SQL files that cannot be right as plain SQL."""
    for finding in _by_file(folder):
        if not finding.tool.can_be_plain:
            raise TargetNotFoundError(unsupported(folder, base, finding, supported))
    for name, text in scripts.items():
        for finding in filter(None, (_by_name(name), _by_text(name, text))):
            if not finding.tool.can_be_plain:
                message = unsupported(folder, base, finding, supported)
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


def unsupported(
    folder: pathlib.Path, base: pathlib.Path, finding: ToolSign, supported: str
) -> str:
    """Say that a folder is another tool's, and what can be done."""
    tool, path = finding.tool, label(folder, base)
    lines = [f"{path} holds migrations of {tool.name}: {finding.sign}."]
    if tool.command:
        lines += [
            "Its own program can apply them; say so in userstate.toml:",
            commands.command_line(tool.command, folder, base),
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
        *textwrap.wrap(supported, 80, initial_indent="  ", subsequent_indent="  "),
    ]
    return "\n".join(lines)


def _findings(folder: pathlib.Path) -> cabc.Iterator[ToolSign]:
    found = visible(folder)
    yield from _by_file(folder)
    for entry in found:
        if (finding := _by_name(entry.name)) is not None:
            yield _in_javascript(finding, folder / entry.name)
    script = next(
        (entry for entry in found if entry.name.lower().endswith(".sql")), None
    )
    if script is not None:
        yield from filter(None, [_by_text(script.name, text_of(folder / script.name))])
    for entry in (entry for entry in found if entry.is_dir()):
        for tool in _TOOLS:
            if tool.nested and pathlib.Path(entry.path, tool.nested).exists():
                yield ToolSign(tool, f"there is a {entry.name}/{tool.nested}")


def _by_file(folder: pathlib.Path) -> cabc.Iterator[ToolSign]:
    for tool in _TOOLS:
        if tool.path and (folder / tool.path).exists():
            yield ToolSign(tool, f"there is a {tool.path}")


def _by_name(name: str) -> ToolSign | None:
    match = _NAMES.fullmatch(name)
    return None if match is None else ToolSign(_tool(match), f"a file is named {name}")


def _in_javascript(finding: ToolSign, file: pathlib.Path) -> ToolSign:
    """Return the tool that a migration in JavaScript is of, by what it says."""
    if finding.tool.name != _JAVASCRIPT:
        return finding
    text = text_of(file)
    for pattern, name, command in commands.IN_JAVASCRIPT:
        if re.search(pattern, text):
            tool = attrs.evolve(finding.tool, name=name, command=command)
            return ToolSign(tool, f"{file.name} is written for it")
    return finding


def _by_text(name: str, text: str) -> ToolSign | None:
    match = _TEXTS.search(text)
    if match is None:
        return None
    return ToolSign(_tool(match), f"{name} has the line {match[0].strip()!r}")


def _tool(match: re.Match[str]) -> Tool:
    return _TOOLS[int((match.lastgroup or "tool0").removeprefix("tool"))]
