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

import attrs

from pytest_userstate.domain.errors import TargetNotFoundError
from pytest_userstate.outbound.migrations.layout import visible


@attrs.frozen(kw_only=True)
class Tool:
    """A tool, and what gives its migrations away.

    Parameters
    ----------
    name : str
        The tool, for messages.
    path : str
        A file in the migrations folder.
    nested : str
        A file in the folder of each migration.
    names : str
        A pattern that the name of a migration file has.
    text : str
        A pattern that a line of a SQL file begins with.
    can_be_plain : bool
        Whether its SQL files do no harm when they are run one after the other.
    layout : str
        The name of its layout, where that is among ours.
    """

    name: str
    path: str = ""
    nested: str = ""
    names: str = ""
    text: str = ""
    can_be_plain: bool = False
    layout: str = ""


_BACK = re.compile(
    r"([._-])(?:down|undo|rollback|revert)(?=[._-])", flags=re.IGNORECASE
)
_UP = (r"\1up", r"\1do", r"\1deploy", "")
_TOOLS = (
    Tool(name="goose", layout="goose", text=r"--[ \t]*\+goose\b"),
    Tool(name="sql-migrate (rubenv)", text=r"--[ \t]*\+migrate\b"),
    Tool(name="dbmate", text=r"--[ \t]*migrate:(?:up|down)\b", layout="dbmate"),
    Tool(name="node-pg-migrate", text=r"--[ \t]*(?:up|down) migration\b"),
    Tool(name="micrate", text=r"--[ \t]*\+micrate\b"),
    Tool(name="rambler", text=r"--[ \t]*rambler (?:up|down)\b"),
    Tool(name="tern", text=r"---- create above / drop below ----"),
    Tool(name="MyBatis Migrations", text=r"--[ \t]*//[ \t]*@undo\b"),
    Tool(name="Play evolutions", text=r"(?:#|--)[ \t]*---[ \t]*!(?:ups|downs)\b"),
    Tool(
        name="a tool that keeps both ways in one file",
        text=r"--+[ \t]*[@!]?(?:down|undo|rollback)(?: migration| section)?[ \t:-]*$",
    ),
    Tool(name="Liquibase", text=r"--[ \t]*liquibase formatted sql", can_be_plain=True),
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
    Tool(name="Prisma", path="migration_lock.toml", layout="prisma"),
    Tool(name="Prisma or Drizzle", nested="migration.sql", layout="prisma"),
    Tool(name="Drizzle", path="meta/_journal.json", layout="drizzle"),
    Tool(name="Atlas", path="atlas.sum", can_be_plain=True),
    Tool(name="Rails", names=r"\d{8,}_\w+\.rb"),
    Tool(name="Ecto", names=r"\d{8,}_\w+\.exs"),
    Tool(name="Laravel", names=r"\d{4}_\d\d_\d\d_\d+_\w+\.php"),
    Tool(name="Entity Framework", names=r"\d{8,}_\w+\.cs"),
    Tool(name="a tool for JavaScript", names=r".*\d.*\.(?:[cm]?js|ts)"),
)


def _any(patterns: cabc.Mapping[int, str], *, flags: int = 0) -> re.Pattern[str]:
    """Compile one pattern whose last group tells the number of the tool."""
    alternatives = (f"(?P<tool{number}>{text})" for number, text in patterns.items())
    return re.compile("|".join(alternatives), flags)


_NAMES = _any({number: tool.names for number, tool in enumerate(_TOOLS) if tool.names})
_TEXTS = _any(
    {number: f"^(?:{tool.text})" for number, tool in enumerate(_TOOLS) if tool.text},
    flags=re.IGNORECASE | re.MULTILINE,
)


@attrs.frozen
class Finding:
    """A tool and the sign of it, in words."""

    tool: Tool
    sign: str


def tool_of(folder: pathlib.Path) -> Finding | None:
    """Return the tool whose migrations a folder seems to hold, if any."""
    return next(_findings(folder), None)


def is_of_a_tool(names: cabc.Iterable[str]) -> bool:
    """Whether a file is named as a tool without a layout names migrations."""
    return any(map(_by_name, names))


def refuse_way_back(
    scripts: cabc.Mapping[str, str], path: str, *, supported: str
) -> None:
    """Refuse SQL files that cannot be right as plain SQL.

    Parameters
    ----------
    scripts : mapping
        The text of each file by its name.
    path : str
        How messages name their folder.
    supported : str
        The names of all layouts.

    Raises
    ------
    TargetNotFoundError
        When one of them shows that it is no plain SQL.
    """
    for name, text in scripts.items():
        for finding in filter(None, (_by_name(name), _by_text(name, text))):
            if not finding.tool.can_be_plain:
                raise TargetNotFoundError(unsupported(path, finding, supported))
        counterparts = {_BACK.sub(up, name) for up in _UP} - {name}
        for other in sorted(counterparts & scripts.keys()):
            message = (
                f"{path} holds {name} beside {other}: the way back beside the way up.\n"
                "The plain layout leaves out a way back only when its name has .down.,"
                " .undo.,\n.rollback. or .revert. in it. Rename the pairs, for instance"
                " to *.up.sql and *.down.sql."
            )
            raise TargetNotFoundError(message)


def unsupported(path: str, finding: Finding, supported: str) -> str:
    """Say that a folder is another tool's, and what can be done."""
    tool = finding.tool
    lines = [f"{path} holds migrations of {tool.name}: {finding.sign}."]
    if tool.layout:
        lines += [
            "If they are, say so in userstate.toml:",
            f'migrations = {{ path = "{path}", layout = "{tool.layout}" }}.',
        ]
    else:
        lines.append(f"That layout is not supported yet; supported are: {supported}.")
    if tool.can_be_plain:
        lines += [
            "If every file only goes up, and their natural order is right, say so in",
            f'userstate.toml: migrations = {{ path = "{path}", layout = "plain" }}.',
        ]
    else:
        lines.append("Run as plain SQL, its files would do something else.")
    lines.append(
        "Or apply them with the tool itself, and audit that database: --userstate-dsn."
    )
    return "\n".join(lines)


def _findings(folder: pathlib.Path) -> cabc.Iterator[Finding]:
    found = visible(folder)
    for tool in _TOOLS:
        if tool.path and (folder / tool.path).exists():
            yield Finding(tool, f"there is a {tool.path}")
    yield from filter(None, (_by_name(entry.name) for entry in found))
    script = next((each for each in found if each.name.lower().endswith(".sql")), None)
    if script is not None:
        yield from filter(None, [_by_text(script.name, _text(folder / script.name))])
    for entry in (entry for entry in found if entry.is_dir()):
        for tool in _TOOLS:
            if tool.nested and pathlib.Path(entry.path, tool.nested).exists():
                yield Finding(tool, f"there is a {entry.name}/{tool.nested}")


def _by_name(name: str) -> Finding | None:
    match = _NAMES.fullmatch(name)
    return None if match is None else Finding(_tool(match), f"a file is named {name}")


def _by_text(name: str, text: str) -> Finding | None:
    match = _TEXTS.search(text)
    if match is None:
        return None
    return Finding(_tool(match), f"{name} has the line {match[0].strip()!r}")


def _tool(match: re.Match[str]) -> Tool:
    return _TOOLS[int((match.lastgroup or "tool0").removeprefix("tool"))]


def _text(file: pathlib.Path) -> str:
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError:
        return ""
