"""Sqitch's plan: which changes there are, in which order, and what they need.

The grammar and the identifiers are those of Sqitch 1 (``App/Sqitch/Plan.pm``,
``Plan/Change.pm``, ``Plan/Tag.pm``, ``Plan/Depend.pm``, ``Plan/Line.pm``).
"""

from __future__ import annotations

import collections.abc as cabc
import hashlib
import re
import typing as typ

import attrs

from pytest_userstate.domain.errors import MigrationError

_MARK = r"""[-!"#$%&'()*+,./:;<=>?@\[\\\]^`{|}~]"""
_NAME = (
    rf"(?!{_MARK})(?:(?![~/=%^\[\]][0-9]+(?:$|[ \t]))[^ \t:@#\\])+"
    r"(?<![-!\"#$%&'()*+,./:;<=>?@\[\\\]^`{|}~])\b"
)
_NOTE = re.compile(r"[ \t]*(?:#[ \t]*(?P<note>.*))?$")
_PRAGMA = re.compile(r"[ \t]*%[ \t]*(?P<name>[^\s=]+)(?:[ \t]*=[ \t]*(?P<value>.+))?")
_ENTRY = re.compile(
    rf"""[ \t]*(?P<mark>@|[ \t]*[+-][ \t]*)?(?P<name>{_NAME})[ \t]*
    (?:\[(?P<dependencies>[^\]]+)\][ \t]*)?
    (?P<date>\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?[ \t]*
    (?:(?P<planner>[^<]+)[ \t]+<(?P<email>[^>]+)>)?""",
    re.VERBOSE,
)
_DEPENDENCY = re.compile(
    rf"""(?P<conflicts>!?)(?:(?P<project>{_NAME}):)?
    (?:(?P<id>[0-9a-f]{{40}})|(?P<change>{_NAME})?(?:@(?P<tag>{_NAME}))?)""",
    re.VERBOSE,
)
_DATE = re.compile(r" \d{4}-\d\d-\d\dT")
_HASH = re.compile(r"[0-9a-f]{40}")
_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\\\": "\\"}
_RESERVED = frozenset({"ROOT", "HEAD"})


@attrs.frozen
class Dependency:
    """What a change requires, or conflicts with."""

    is_conflict: bool
    name: str
    """The change, the tag, both, or an id; with a project that is another."""
    change: Change | None = None
    """The change that is required."""


@attrs.frozen
class Tag:
    """A name for a state of the plan."""

    id: str
    name: str
    note: str
    date: str
    planner: tuple[str, str]


@attrs.define(eq=False)
class Change:
    """One change of the plan.

    Attributes
    ----------
    line : int
        Where it stands in the plan.
    tags : list of Tag
        Those that follow it.
    rework_tags : list of str
        Where a later change has the same name: the tags between them, latest
        first, one of which is in the name of this change's file.
    """

    id: str
    name: str
    note: str
    date: str
    planner: tuple[str, str]
    dependencies: tuple[Dependency, ...]
    line: int
    tags: list[Tag] = attrs.field(factory=list)
    rework_tags: list[str] = attrs.field(factory=list)


@attrs.define
class SqitchPlan:
    """A whole plan."""

    project: str = ""
    uri: str = ""
    changes: list[Change] = attrs.field(factory=list)


def read_plan(text: str, path: str) -> SqitchPlan:
    """Read a plan.

    Parameters
    ----------
    text : str
        The file's text.
    path : str
        How messages name it.

    Raises
    ------
    MigrationError
        Where Sqitch would refuse it.
    """
    return _Reader(path).read(text)


class _Reader:
    """Reads a plan line by line."""

    def __init__(self, path: str) -> None:
        """Begin with an empty plan."""
        self._path = path
        self._plan = SqitchPlan()
        self._line = 0
        self._may_begin = False
        self._names: dict[str, int] = {}  # since the last tag, with their lines
        self._tags: dict[str, tuple[int, int]] = {}  # line, and changes before it
        self._later: list[tuple[int, re.Match[str]]] = []  # to be found to the end

    def read(self, text: str) -> SqitchPlan:
        """Read all lines."""
        for line in text.split("\n"):
            self._line += 1
            self._read(line.removesuffix("\r"))
        if not self._plan.project:
            self._refuse("there is no line: %project=…", line=1)
        for number, match in self._later:
            tag = f"@{match['tag']}" if match["tag"] else ""
            if self._found(match["change"], tag, match["id"]) is None:
                what = match[0].removeprefix("!")
                problem = f"it conflicts with {what}, which is not in the plan"
                self._refuse(problem, line=number)
        return self._plan

    def _read(self, line: str) -> None:
        match = _NOTE.search(line)
        note = _unescaped((match and match["note"]) or "")
        line = line[: match.start()] if match else line
        if not line.strip():
            self._may_begin = self._may_begin or not note
            return
        if (pragma := _PRAGMA.fullmatch(line)) is not None:
            self._note_pragma(pragma["name"], pragma["value"] or "")
            return
        entry = _ENTRY.fullmatch(line)
        if entry is None:
            self._refuse(
                "this is neither a change nor a tag, which have a name, a date, and a"
                " planner\n(name, 2024-01-31T12:00:00Z, Name <address>)"
            )
        if not self._may_begin:
            self._refuse("a blank line has to stand before the first change")
        self._check(entry)
        if (entry["mark"] or "").strip() == "@":
            self._add_tag(entry, note)
        else:
            self._add_change(entry, note)

    def _note_pragma(self, name: str, value: str) -> None:
        if self._plan.changes:
            self._refuse("a pragma has to stand before all changes")
        if name == "project":
            if not re.fullmatch(_NAME, value):
                self._refuse(f"{value!r} is no name for a project")
            self._plan.project = value
        elif name == "uri":
            self._plan.uri = value

    def _check(self, entry: re.Match[str]) -> None:
        name = entry["name"]
        if not entry["date"] and _DATE.search(entry[0]):
            self._refuse(
                f"{_DATE.split(entry[0])[0].strip()!r} is no name for a change"
            )
        if not entry["date"] or not entry["planner"]:
            missing = "date" if not entry["date"] else "planner, as in: Name <address>"
            self._refuse(f"{name} has no {missing}")
        if name in _RESERVED or _HASH.match(name):
            self._refuse(f"{name} is a name that Sqitch keeps for itself")

    def _add_tag(self, entry: re.Match[str], note: str) -> None:
        name = f"@{entry['name']}"
        if "/" in name:
            self._refuse(f"the tag {name} has a slash in its name")
        if not self._plan.changes:
            self._refuse(f"the tag {name} has no change before it")
        if name in self._tags:
            self._refuse(
                f"the tag {name} is there already: {self._path}:{self._tags[name][0]}"
            )
        if entry["dependencies"]:
            self._refuse(f"the tag {name} has dependencies, which only changes have")
        change = self._plan.changes[-1]
        planner = (entry["planner"], entry["email"])
        info = self._info(
            [f"tag {name}", f"change {change.id}"], planner, entry["date"], (), note
        )
        change.tags.append(Tag(_id("tag", info), name, note, entry["date"], planner))
        self._tags[name] = (self._line, len(self._plan.changes))
        self._names.clear()

    def _add_change(self, entry: re.Match[str], note: str) -> None:
        name = entry["name"]
        if name in self._names:
            self._refuse(
                f"the change {name} is there already: {self._path}:{self._names[name]};"
                "\nto rework it, a tag has to stand between them"
            )
        words = (entry["dependencies"] or "").split()
        if twice := next((each for each in words if words.count(each) > 1), None):
            self._refuse(f"{name} names {twice} twice")
        dependencies = tuple(map(self._dependency, words))
        planner = (entry["planner"], entry["email"])
        head = [f"change {name}"]
        if self._plan.changes:
            head.append(f"parent {self._plan.changes[-1].id}")
        info = self._info(head, planner, entry["date"], dependencies, note)
        change = Change(
            id=_id("change", info),
            name=name,
            note=note,
            date=entry["date"],
            planner=planner,
            dependencies=dependencies,
            line=self._line,
        )
        self._note_rework(name)
        self._names[name] = self._line
        self._plan.changes.append(change)

    def _note_rework(self, name: str) -> None:
        """Tell the change of this name that there is a later one."""
        tags: list[str] = []
        for change in reversed(self._plan.changes):
            tags += [tag.name for tag in change.tags]
            if change.name == name:
                change.rework_tags = tags
                return

    def _dependency(self, text: str) -> Dependency:
        match = _DEPENDENCY.fullmatch(text)
        if match is None or not (match["id"] or match["change"] or match["tag"]):
            self._refuse(f"{text} is no dependency that Sqitch understands")
        tag = f"@{match['tag']}" if match["tag"] else ""
        name = match["id"] or f"{match['change'] or ''}{tag}"
        project = match["project"] or self._plan.project
        change = None
        if project == self._plan.project:
            change = self._found(match["change"], tag, match["id"])
        else:
            name = f"{project}:{name}"
        if match["conflicts"]:
            if change is not None:
                self._refuse(f"it conflicts with {name}, which is deployed before it")
            if project == self._plan.project:
                self._later.append((self._line, match))
        elif change is None:
            self._refuse(f"it requires {name}, which is not in the plan before it")
        return Dependency(bool(match["conflicts"]), name, change)

    def _found(
        self, name: str | None, tag: str, identifier: str | None
    ) -> Change | None:
        """Return the change that is meant, the latest of its name before the tag."""
        changes = self._plan.changes
        if tag:
            _, count = self._tags.get(tag, (0, 0))
            changes = changes[:count]
        for change in reversed(changes):
            if name in {None, change.name} and identifier in {None, change.id}:
                return change
        return None

    def _info(
        self,
        head: list[str],
        planner: tuple[str, str],
        date: str,
        dependencies: tuple[Dependency, ...],
        note: str,
    ) -> str:
        """Return the text that an identifier is the checksum of."""
        lines = [f"project {self._plan.project}"]
        lines += [f"uri {self._plan.uri}"] if self._plan.uri else []
        lines += [*head, f"planner {planner[0]} <{planner[1]}>", f"date {date}"]
        for kind, mark, is_conflict in (
            ("requires", "+", False),
            ("conflicts", "-", True),
        ):
            names = [
                each.name for each in dependencies if each.is_conflict is is_conflict
            ]
            lines += [kind, *(f"  {mark} {each}" for each in names)] if names else []
        lines += ["", note] if note else []
        return "\n".join(lines)

    def _refuse(self, problem: str, *, line: int | None = None) -> typ.NoReturn:
        line = line or self._line
        message = f"{self._path}:{line}: {problem}.\nSqitch refuses the plan."
        raise MigrationError(message, path=self._path, line=line)


def _unescaped(note: str) -> str:
    return re.sub(r"\\[\\nr]", lambda match: _ESCAPES[match[0]], note.strip())


def _id(kind: str, info: str) -> str:
    content = info.encode()
    whole = f"{kind} {len(content)}\0".encode() + content
    return hashlib.sha1(whole, usedforsecurity=False).hexdigest()


def names(dependencies: cabc.Iterable[Dependency], *, conflicts: bool) -> list[str]:
    """Return the names of what is required, or of what is in conflict."""
    return [each.name for each in dependencies if each.is_conflict is conflicts]
