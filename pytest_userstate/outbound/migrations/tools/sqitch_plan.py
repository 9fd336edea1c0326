"""Sqitch's plan: which changes there are, in which order, and what they need.

The grammar is that of Sqitch 1 (``App/Sqitch/Plan.pm``, ``Plan/Change.pm``,
``Plan/Tag.pm``, ``Plan/Depend.pm``, ``Plan/Line.pm``). Identifiers of changes are not
computed, so a dependency on one is taken for met.
"""

from __future__ import annotations

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
_RESERVED = frozenset({"ROOT", "HEAD"})


@attrs.define(eq=False)
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


@attrs.define
class SqitchPlan:
    """A whole plan."""

    project: str = ""
    changes: list[SqitchChange] = attrs.field(factory=list)


def read_plan(text: str, path: str) -> SqitchPlan:
    """Read a plan; raise a MigrationError if Sqitch would refuse it."""
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
            if not (match["id"] or self._is_planned(match["change"], tag)):
                what = match[0].removeprefix("!")
                problem = f"it conflicts with {what}, which is not in the plan"
                self._refuse(problem, line=number)
        return self._plan

    def _read(self, line: str) -> None:
        match = _NOTE.search(line)
        has_note = bool(match and match["note"])
        line = line[: match.start()] if match else line
        if not line.strip():
            self._may_begin = self._may_begin or not has_note
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
            self._refuse("a blank line has to be before the first change")
        self._check(entry)
        if (entry["mark"] or "").strip() == "@":
            self._add_tag(entry)
        else:
            self._add_change(entry)

    def _note_pragma(self, name: str, value: str) -> None:
        if self._plan.changes:
            self._refuse("a pragma has to be before all changes")
        if name == "project":
            if not re.fullmatch(_NAME, value):
                self._refuse(f"{value!r} is no name for a project")
            self._plan.project = value

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

    def _add_tag(self, entry: re.Match[str]) -> None:
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
        self._plan.changes[-1].tags.append(name)
        self._tags[name] = (self._line, len(self._plan.changes))
        self._names.clear()

    def _add_change(self, entry: re.Match[str]) -> None:
        name = entry["name"]
        if name in self._names:
            self._refuse(
                f"the change {name} is there already: {self._path}:{self._names[name]};"
                "\nto rework it, a tag has to be between them"
            )
        words = (entry["dependencies"] or "").split()
        if twice := next((word for word in words if words.count(word) > 1), None):
            self._refuse(f"{name} names {twice} twice")
        for word in words:
            self._check_dependency(word)
        self._note_rework(name)
        self._names[name] = self._line
        self._plan.changes.append(SqitchChange(name, self._line))

    def _note_rework(self, name: str) -> None:
        """Note that the change of this name, if there is one, has a later one."""
        tags: list[str] = []
        for change in reversed(self._plan.changes):
            tags += change.tags
            if change.name == name:
                change.rework_tags = tags
                return

    def _check_dependency(self, text: str) -> None:
        match = _DEPENDENCY.fullmatch(text)
        if match is None or not (match["id"] or match["change"] or match["tag"]):
            self._refuse(f"{text} is no dependency that Sqitch understands")
        tag = f"@{match['tag']}" if match["tag"] else ""
        name = match["id"] or f"{match['change'] or ''}{tag}"
        is_own = match["project"] in {None, self._plan.project}
        is_planned = is_own and self._is_planned(match["change"], tag)
        if match["conflicts"]:
            if is_planned and not match["id"]:
                self._refuse(f"it conflicts with {name}, which is deployed before it")
            if is_own:
                self._later.append((self._line, match))
        elif not is_planned and not match["id"]:
            name = name if is_own else f"{match['project']}:{name}"
            self._refuse(f"it requires {name}, which is not in the plan before it")

    def _is_planned(self, name: str | None, tag: str) -> bool:
        """Whether there is a change of this name before the tag."""
        changes = self._plan.changes
        if tag:
            _, count = self._tags.get(tag, (0, 0))
            changes = changes[:count]
        return any(name in {None, change.name} for change in changes)

    def _refuse(self, problem: str, *, line: int | None = None) -> typ.NoReturn:
        line = line or self._line
        message = f"{self._path}:{line}: {problem}.\nSqitch refuses the plan."
        raise MigrationError(message, path=self._path, line=line)
