"""The search for migrations in a repository, where nobody said where they are."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import textwrap

import attrs

from pytest_userstate.domain.errors import TargetNotFoundError
from pytest_userstate.outbound.migrations.finding import foreign, ignored
from pytest_userstate.outbound.migrations.finding.recognition import recognized
from pytest_userstate.outbound.migrations.layout import Layout, shown, visible
from pytest_userstate.outbound.migrations.tools import registry

_USUAL_NAMES = ("migrations", "db/migrations", "db/migrate", "sql/migrations")
_FOLDERS_DOWN = 2
_HOW_TO_CHOOSE = """\
Name the folder: migrations = "{example}" in userstate.toml,
or --userstate-migrations {example}."""
# What holds dependencies and products, never a project's own sources.
_NEVER_IN = frozenset(
    {
        *("__pycache__", "bower_components", "build", "dist", "env", "htmlcov"),
        *("node_modules", "site-packages", "target", "vendor", "venv"),
    }
)


_WHICH_TOOL = """\
{path} ({found}) could be of these layouts: {names}.
The project's own files do not tell which of them it is. Say so in userstate.toml:
migrations = {{ path = "{path}", layout = "{example}" }}."""


@attrs.frozen
class Candidate:
    """A folder (or file) that may be meant, what it may be, and how it was found."""

    path: pathlib.Path
    layouts: tuple[Layout, ...]
    found: str

    @property
    def names(self) -> str:
        """The names of the layouts, for messages."""
        return " or ".join(layout.name for layout in self.layouts)

    def layout(self, base: pathlib.Path) -> Layout:
        """Return the layout.

        Raises
        ------
        TargetNotFoundError
            When it could be of several.
        """
        if len(self.layouts) == 1:
            return self.layouts[0]
        message = _WHICH_TOOL.format(
            path=shown(self.path, base),
            found=self.found,
            names=", ".join(layout.name for layout in self.layouts),
            example=self.layouts[0].name,
        )
        raise TargetNotFoundError(message)


class Search:
    """The search from the repository's root, two folders deep.

    A tool's own file says what is meant, so the folders that such files name
    come first; only where there is none do the usual names count.
    """

    def __init__(
        self,
        root: pathlib.Path,
        base: pathlib.Path,
        chosen: Layout | None,
    ) -> None:
        """Note where to look, and whether for one layout only, without looking."""
        self._root = root
        self._base = base
        self._chosen = chosen
        self._layouts = registry.layouts() if chosen is None else (chosen,)
        own = (name for layout in self._layouts for name in layout.usual_folders)
        self._names = tuple(dict.fromkeys((*_USUAL_NAMES, *own)))

    def one(self) -> Candidate:
        """Return the one candidate.

        Raises
        ------
        TargetNotFoundError
            When there is none, or more than one.
        """
        places = list(_places(self._root))
        candidates = self._kept(self._declared(places))
        if not candidates:
            candidates = self._kept(self._usual(places))
        match candidates:
            case [candidate]:
                return candidate
            case []:
                raise TargetNotFoundError(self._none_found(places))
            case _:
                raise TargetNotFoundError(self._several_found(candidates))

    def _declared(self, places: list[pathlib.Path]) -> cabc.Iterator[Candidate]:
        for place in places:
            for layout in self._layouts:
                for project_file in layout.project_files:
                    file = place / project_file.name
                    if file.is_file():
                        folder = project_file.folder(file, self._base)
                        if folder is not None:
                            found = f"found by {shown(file, self._base)}"
                            yield Candidate(folder, (layout,), found)

    def _usual(self, places: list[pathlib.Path]) -> cabc.Iterator[Candidate]:
        for folder in _folders_named(self._names, places):
            layouts = recognized(folder, self._layouts, self._root)
            if layouts:
                yield Candidate(folder, layouts, "found by name")

    def _kept(self, candidates: cabc.Iterable[Candidate]) -> list[Candidate]:
        """Return the candidates that git does not ignore, each folder once."""
        by_folder: dict[pathlib.Path, Candidate] = {}
        for candidate in candidates:
            by_folder.setdefault(candidate.path.resolve(), candidate)
        folders = [candidate.path for candidate in by_folder.values()]
        kept = ignored.without_ignored(folders, self._root)
        return [each for each in by_folder.values() if each.path in kept]

    def _several_found(self, candidates: list[Candidate]) -> str:
        by_path = {shown(each.path, self._base): each for each in candidates}
        listed = [
            f"  {path} ({each.names}, {each.found})"
            for path, each in sorted(by_path.items())
        ]
        choose = _HOW_TO_CHOOSE.format(example=min(by_path))
        return "\n".join(["Several folders hold migrations:", *listed, choose])

    def _none_found(self, places: list[pathlib.Path]) -> str:
        files = [
            f"{project_file.name} (of {layout.name})"
            for layout in self._layouts
            for project_file in layout.project_files
        ]
        root = shown(self._root, self._base)
        where = "the repository's root" if root == "." else root
        lines = [
            "No migrations were found.",
            f"Looked in {where}, and in the folders one and two below it, for",
            *_indented((*files, *self._names)),
            "but not in hidden folders, in what git ignores, or in folders of",
            "dependencies and build products (node_modules, target, .venv, …).",
        ]
        if unusable := list(_folders_named(self._names, places)):
            lines.append("These are there, but cannot be used:")
            lines += [f"  {described(folder, self._base)}" for folder in unusable]
            lines.append("The layouts that are supported are:")
            lines += _indented(registry.HOLDS)
        lines.append(_HOW_TO_CHOOSE.format(example="path/to/migrations"))
        return "\n".join(lines)


def _indented(names: cabc.Iterable[str]) -> list[str]:
    """Return names in lines that are not too long."""
    return textwrap.wrap(
        ", ".join(names), 80, initial_indent="  ", subsequent_indent="  "
    )


def _places(root: pathlib.Path) -> cabc.Iterator[pathlib.Path]:
    """Return the root and the folders below it, listing only two levels."""
    level = [root]
    for depth in range(_FOLDERS_DOWN + 1):
        yield from level
        if depth < _FOLDERS_DOWN:
            level = [
                pathlib.Path(entry.path)
                for folder in level
                for entry in visible(folder)
                if entry.name not in {*_NEVER_IN, *_USUAL_NAMES}
                and entry.is_dir(follow_symlinks=False)
            ]


def _folders_named(
    names: cabc.Iterable[str], places: cabc.Iterable[pathlib.Path]
) -> cabc.Iterator[pathlib.Path]:
    folders = (place / name for place in places for name in names)
    return filter(pathlib.Path.is_dir, dict.fromkeys(folders))


def described(folder: pathlib.Path, base: pathlib.Path) -> str:
    """Say in a line why a folder cannot be used."""
    path = shown(folder, base)
    finding = foreign.tool_of(folder)
    if finding is not None:
        return f"{path} holds migrations of {finding.tool.name}: {finding.sign}"
    if not visible(folder):
        return f"{path} is empty"
    return f"{path} holds no migrations of a layout that is known"
