"""The files of the next migration, as each tool names and writes them."""

from __future__ import annotations

import pathlib
import posixpath
import re
import typing as typ

import attrs

from pytest_userstate.domain.drafts import DraftFile

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.migrations.plan import Plan
    from pytest_userstate.outbound.migrations.programs.plan import ProgramPlan

_VERSION: typ.Final = re.compile(r"\d[\d-]*")
_WAYS: typ.Final = (("up", "down"), ("do", "undo"))
_MOST_SECONDS = 59


@attrs.frozen(kw_only=True)
class NewMigration:
    """A change that is to be the next migration of a plan.

    Parameters
    ----------
    name : str
        What it does, in words joined by underscores.
    up, down : str
        The SQL of the change, and of its reverse.
    plan : Plan or ProgramPlan
        The migrations that are there.
    folder : path
        The path of the migrations, a folder or a file.
    beside : str
        The path of the migration that made the table, if it is known.
    """

    name: str
    up: str
    down: str
    plan: Plan | ProgramPlan
    folder: pathlib.Path
    beside: str = ""

    @property
    def title(self) -> str:
        """The name as a sentence begins."""
        return self.name.replace("_", " ").capitalize()

    @property
    def last(self) -> str:
        """The path of the last migration that has a version, else of the last one."""
        paths = [migration.path for migration in self.plan.migrations]
        named = (path for path in reversed(paths) if _is_numbered(path))
        return next(named, paths[-1] if paths else "")

    def plain(self) -> tuple[DraftFile, ...]:
        """Return the SQL alone, for a tool whose next migration is no new file."""
        return (DraftFile(path=f"{self.name}.sql", text=self.up),)

    def numbered(self, form: str = "") -> tuple[DraftFile, ...]:
        """Return a file that is named as the last one is, with the next version.

        `form` is a text with places for `up` and `down`. Without it, the reverse is a
        separate file if the names say which way a file goes.
        """
        path = next_path(self.last, self.name)
        if form:
            text = form.format(up=self.up, down=self.down, last=self.last_name)
            return (DraftFile(path=path, text=text),)
        folder, name = posixpath.split(path)
        up = DraftFile(path=path, text=self.up)
        for way, back in _WAYS:
            reverse = re.sub(rf"(?<![A-Za-z]){way}(?![A-Za-z])", back, name)
            if reverse != name:
                path = posixpath.join(folder, reverse)
                return up, DraftFile(path=path, text=self.down)
        return (up,)

    @property
    def last_name(self) -> str:
        """The name of the last migration's file without its suffix."""
        return posixpath.splitext(posixpath.basename(self.last))[0]


def _is_numbered(path: str) -> bool:
    """Whether the file, or the folder that it is in, begins with a version."""
    *_, folder, file = ["", *path.split("/")]
    return any(re.match(r"[VvUu]?\d", name) for name in (folder, file))


def next_path(last: str, name: str) -> str:
    """Return the path of the next migration: its number raised, its name another.

    >>> next_path("db/09_create_a.up.sql", "add_b"), next_path("V9__a.sql", "add_b")
    ('10_add_b.up.sql', 'V10__add_b.sql')
    >>> next_path("db/2025-06-01-102059_a/up.sql", "add_b")
    '2025-06-01-102100_add_b/up.sql'
    """
    folder, _, file = last.rpartition("/")
    named = folder.rpartition("/")[2] if not _VERSION.search(file) else file
    match = _VERSION.search(named)
    if match is None:
        return f"{name}.sql"
    version = _raised(match[0].rstrip("-"))
    rest = named[match.start() + len(match[0].rstrip("-")) :]
    separator = re.match(r"\.u?n?do\.|[^A-Za-z0-9]*", rest)
    suffix = re.search(r"(\.[A-Za-z.]+)?$", rest)
    if re.fullmatch(r"\.[A-Za-z]+", rest):
        return f"{named[: match.start()]}{version}{rest}"
    lead = named[: match.start()] + version + (separator[0] if separator else "_")
    if named != file:
        return f"{lead}{name}/{file}"
    if separator and separator[0].endswith("do."):
        return f"{lead}{name}{posixpath.splitext(file)[1]}"
    return f"{lead}{name}{suffix[0] if suffix else ''}"


def _raised(version: str) -> str:
    """Raise the last number of a version, and keep its width.

    >>> _raised("0009"), _raised("2025-06-01-102059")
    ('0010', '2025-06-01-102100')
    """
    *lead, last = version.split("-")
    number = int(last) + 1
    if len(last) in {6, 14} and number % 100 > _MOST_SECONDS:
        number += 40
    return "-".join([*lead, f"{number:0{len(last)}}"])
