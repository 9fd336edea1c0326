"""The search for migrations in a repository when nobody said where they are.

It chooses as an engineer would: folders of PostgreSQL before those of another
engine, a project's own before tests, examples and vendored code, what a tool's own
configuration names before what only looks so, and what defines users before what
does not. Only a tie is an error.
"""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re

import attrs

from pytest_userstate.application.wording import wrap
from pytest_userstate.domain.errors import TargetNotFoundError, UsageError
from pytest_userstate.outbound.migrations.finding import other_tools
from pytest_userstate.outbound.migrations.finding.other_tools import command_line
from pytest_userstate.outbound.migrations.finding.repository import Repository
from pytest_userstate.outbound.migrations.layout import (
    OTHER_ENGINES,
    POSTGRESQL,
    Confidence,
    Layout,
    label,
    text_of,
    tokens_of,
    upward,
    visible,
)
from pytest_userstate.outbound.migrations.tools import registry

_USUAL_NAMES = frozenset(
    {
        *("migrations", "migration", "migrate", "drizzle", "evolutions"),
        *("changelog", "changelogs", "changesets"),
    }
)
# Folders in such a one that hold the migrations themselves.
_INNER_NAMES = frozenset({"sql", "main", "default", "committed"})
# Words of a folder that changes rows, and not tables.
_OF_ROWS = frozenset({"data", "seed", "seeds"})
_DUMPS = re.compile(
    r"(?:.*[_-])?(?:structure|schema|database|dump|init|ddl)(?:[_-].*)?\.sql",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"V?\d+(?:\w*[._-].*)?\.sql", re.IGNORECASE)
# Files that only a folder of migrations holds, by themselves or in a folder in it.
_SIGNS = frozenset({"sqitch.plan", "migration_lock.toml"})
_NESTED = frozenset({"up.sql", "migration.sql", "_journal.json"})

# Folders of what is not the project itself.
_ASIDE = frozenset(
    {
        *("archive", "archived", "bench", "benches", "benchmark", "benchmarks"),
        *("build", "demo", "demos", "deprecated", "dist", "doc", "docs", "e2e"),
        *("env", "example", "examples", "external", "fixture", "fixtures", "mock"),
        *("mocks", "old", "out", "playground", "sample", "samples", "seed", "seeds"),
        *("spec", "specs", "target", "template", "templates", "test", "testdata"),
        *("testing", "tests", "testutil", "thirdparty", "tutorial", "tutorials"),
        *("vendor", "vendored"),
    }
)
_USER = r"(?:users?|accounts?|members?|profiles?|customers?)"
_DEFINES_USERS = re.compile(
    rf"create\s+table\s+(?:if\s+not\s+exists\s+)?[\w.\"]*?{_USER}\"?\s*\("
    rf"|(?:create_table|CreateModel)\(\s*(?:name\s*=\s*)?[\"']\w*?{_USER}[\"']",
    re.IGNORECASE,
)
_MENTIONS_USERS = re.compile(rf"\b{_USER}\b", re.IGNORECASE)
_CREATE_TABLE = re.compile(r"\bcreate\s+table\b", re.IGNORECASE)
_MOST_READ = 4_000_000  # bytes of a candidate's text
_MOST_LISTED = 8

_HOW_TO_CHOOSE = """\
Name the folder: migrations = "{example}" in userstate.toml,
or --userstate-migrations={example}."""
_WHICH_TOOL = """\
{path} ({found}) could be of these layouts: {names}.
The project's own files do not say which of them it is. Say so in userstate.toml:
migrations = {{ path = "{path}", tool = "{example}" }}."""
_OTHER_ENGINE = """\
The only migrations that were found are of another database than PostgreSQL:
{listed}
If they are meant all the same: migrations = "{example}" in userstate.toml."""

_DECLARED, _RECOGNIZED, _NUMBERED_ONLY, _NAMED_ONLY, _DUMP = range(5)


@attrs.frozen
class FolderCandidate:
    """A folder (or file) that may be meant, what it may be, and how it was found."""

    path: pathlib.Path
    layouts: tuple[Layout, ...]
    found: str
    kind: int = _RECOGNIZED
    fault: UsageError | None = None
    """Why the file that names the folder cannot be followed."""

    @property
    def names(self) -> str:
        """The names of the layouts, for messages."""
        return " or ".join(layout.name for layout in self.layouts)

    def layout(self, base: pathlib.Path) -> Layout:
        """Return the layout."""
        if len(self.layouts) == 1:
            return self.layouts[0]
        message = _WHICH_TOOL.format(
            path=label(self.path, base),
            found=self.found,
            names=", ".join(layout.name for layout in self.layouts),
            example=self.layouts[0].name,
        )
        raise TargetNotFoundError(message)


class Search:
    """The search below a repository's root."""

    def __init__(
        self,
        root: pathlib.Path,
        base: pathlib.Path,
        chosen: Layout | None,
        here: pathlib.Path,
    ) -> None:
        """Note where to look, and whether for one layout only, without looking."""
        self._root = root
        self._base = base
        self._chosen = chosen
        self._here = here.resolve()

    def one(self) -> FolderCandidate:
        """Return the one candidate that ranks first, with what else there is."""
        repository = Repository.at(self._root)
        candidates = self._candidates(repository)
        if not candidates:
            raise TargetNotFoundError(self._none_found(repository))
        first = self._first(candidates, repository)
        if self._engine(first[0]) == _Engine.OTHER:
            raise TargetNotFoundError(self._other_engine(first))
        if len(first) > 1:
            first.sort(key=lambda candidate: -len(repository.below(candidate.path)))
            raise TargetNotFoundError(self._several_found(first))
        [candidate] = first
        if candidate.fault is not None:
            raise candidate.fault
        others = [other for other in candidates if other is not candidate]
        return attrs.evolve(candidate, found=self._found(candidate, others))

    def _candidates(self, repository: Repository) -> list[FolderCandidate]:
        """Return all that could be meant, each folder once."""
        by_folder: dict[pathlib.Path, FolderCandidate] = {}
        for candidate in (
            *self._declared(repository),
            *self._recognized(repository),
        ):
            by_folder.setdefault(candidate.path.resolve(), candidate)
        candidates = [
            candidate
            for folder, candidate in by_folder.items()
            if not any(
                self._includes(by_folder[outer], candidate)
                for outer in folder.parents
                if outer in by_folder
            )
        ]
        if not any(
            self._rank(candidate) < (False, False, True) for candidate in candidates
        ):
            candidates += self._dumps(repository)
        return candidates

    def _includes(self, outer: FolderCandidate, inner: FolderCandidate) -> bool:
        """Whether a folder is only a part of the one above it."""
        if inner.kind < outer.kind or inner.kind == _DECLARED or outer.fault:
            return False
        is_root = outer.path.resolve() == self._root.resolve()
        return not is_root or outer.layouts == inner.layouts

    def _declared(self, repository: Repository) -> cabc.Iterator[FolderCandidate]:
        """Yield what the tools' own files name."""
        for layout in self._layouts():
            for project_file in layout.project_files:
                for file in repository.named(project_file.name):
                    origin = f"found by {label(file, self._base)}"
                    try:
                        folder = project_file.folder(file, self._base)
                    except UsageError as error:
                        yield FolderCandidate(file, (layout,), origin, _DECLARED, error)
                        continue
                    if folder is None:
                        continue
                    folder = self._of_postgresql(folder, layout)
                    if self._is_seen(folder, repository):
                        yield FolderCandidate(folder, (layout,), origin, _DECLARED)

    def _recognized(self, repository: Repository) -> cabc.Iterator[FolderCandidate]:
        """Yield the folders that are named, or hold files that are named, as usual."""
        added = registry.added_layouts() if self._chosen is None else (self._chosen,)
        with_nested = {
            folder.rpartition("/")[0] or "."
            for folder, names in repository.folders.items()
            if _NESTED.intersection(names)
        }
        for relative in sorted(repository.all_folders):
            names = repository.folders.get(relative, ())
            is_usual = _is_named_as_usual(relative) or relative in with_nested
            folder = self._root / relative
            is_possible = (
                is_usual
                or _SIGNS.intersection(names)
                or any(map(_NUMBERED.fullmatch, names))
                or any(layout.recognizes(folder) for layout in added)
            )
            if not is_possible:
                continue
            layouts = recognized(folder, self._layouts(), self._root, repository)
            if not layouts:
                continue
            folder = self._of_postgresql(folder, layouts[0])
            likeness = layouts[0].recognizes(folder)
            kind = _RECOGNIZED
            if likeness is Confidence.FALLBACK and not any(
                map(_NUMBERED.fullmatch, (entry.name for entry in visible(folder)))
            ):
                kind = _NAMED_ONLY
            elif not is_usual and likeness is not Confidence.CERTAIN:
                kind = _NUMBERED_ONLY
            how = "name" if is_usual else "the names of its files"
            yield FolderCandidate(folder, layouts, f"found by {how}", kind)

    def _dumps(self, repository: Repository) -> cabc.Iterator[FolderCandidate]:
        """Yield the files that hold a whole schema."""
        layout = registry.layout("pg_dump")
        if self._chosen not in {None, layout}:
            return
        for path in repository.files:
            name = path.rpartition("/")[2]
            if _DUMPS.fullmatch(name) and _holds_a_schema(self._root / path):
                yield FolderCandidate(
                    self._root / path, (layout,), "found by its content", _DUMP
                )

    def _layouts(self) -> tuple[Layout, ...]:
        return registry.layouts() if self._chosen is None else (self._chosen,)

    def _of_postgresql(self, folder: pathlib.Path, layout: Layout) -> pathlib.Path:
        """Return the folder for PostgreSQL, if there is only one for each engine."""
        entries = visible(folder) if folder.is_dir() else []
        if any(entry.name.endswith(".sql") for entry in entries):
            return folder
        for entry in entries:
            inner = pathlib.Path(entry.path)
            if tokens_of(entry.name) & POSTGRESQL and layout.recognizes(inner):
                return inner
        return folder

    def _is_seen(self, folder: pathlib.Path, repository: Repository) -> bool:
        """Whether git does not ignore what a folder (or file) holds."""
        relative = repository.relative(folder)
        is_outside = relative.startswith("..")
        if is_outside or folder.is_file() or not repository.is_by_git:
            return True
        return bool(repository.below(folder)) or not visible(folder)

    def _first(
        self, candidates: list[FolderCandidate], repository: Repository
    ) -> list[FolderCandidate]:
        """Return those that rank first; texts are read only if several do."""
        first = _lowest(candidates, self._rank)
        if len(first) == 1:
            return first
        return _lowest(first, lambda candidate: _about_users(candidate, repository))

    def _is_here(self, path: pathlib.Path) -> bool:
        """Whether a path is below the folder of the call."""
        return path.resolve().is_relative_to(self._here)

    def _rank(self, candidate: FolderCandidate) -> tuple[int, ...]:
        is_here = self._is_here(candidate.path)
        relative = label(
            candidate.path.resolve(), self._here if is_here else self._root.resolve()
        )
        is_aside = any(tokens_of(name) & _ASIDE for name in relative.split("/"))
        engine = self._engine(candidate)
        is_declared = candidate.kind == _DECLARED
        is_other = engine == _Engine.OTHER
        return (
            is_other,
            not is_here,
            is_aside,
            not is_declared,
            engine,
            candidate.kind,
        )

    def _engine(self, candidate: FolderCandidate) -> int:
        tokens: set[str] = set()
        for name in label(candidate.path, self._root).split("/"):
            tokens |= tokens_of(name)
        if tokens & POSTGRESQL:
            return _Engine.POSTGRESQL
        return _Engine.OTHER if tokens & OTHER_ENGINES else _Engine.UNNAMED

    def _found(self, candidate: FolderCandidate, others: list[FolderCandidate]) -> str:
        """Say how the candidate was found, and what else there is."""
        description = candidate.found
        if self._engine(candidate) == _Engine.POSTGRESQL:
            description += ", for PostgreSQL"
        if others:
            listed = [
                f"{label(other.path, self._base)} ({other.names})"
                for other in sorted(others, key=self._rank)[:_MOST_LISTED]
            ]
            rest = len(others) - len(listed)
            listed += [f"{rest} more"] if rest else []
            description += f"; not audited: {', '.join(listed)}"
        return description

    def _several_found(self, candidates: list[FolderCandidate]) -> str:
        listed = [
            f"  {label(candidate.path, self._base)} ({candidate.names},"
            f" {candidate.found})"
            for candidate in candidates[:_MOST_LISTED]
        ]
        rest = len(candidates) - len(listed)
        listed += [f"  and {rest} more"] if rest else []
        lines = [
            f'  migrations = "{label(candidate.path, self._base)}"'
            for candidate in candidates[:_MOST_LISTED]
        ]
        example = label(candidates[0].path, self._base)
        return "\n".join(
            [
                "Several folders hold migrations, and nothing says which are meant:",
                *listed,
                "Say so with one of these lines in userstate.toml:",
                *lines,
                f"or by --userstate-migrations={example}.",
            ]
        )

    def _other_engine(self, candidates: list[FolderCandidate]) -> str:
        paths = [label(candidate.path, self._base) for candidate in candidates]
        listed = "\n".join(f"  {path}" for path in paths[:_MOST_LISTED])
        return _OTHER_ENGINE.format(listed=listed, example=paths[0])

    def _none_found(self, repository: Repository) -> str:
        root = label(self._root, self._base)
        where = "the repository" if root == "." else root
        count = f"{len(repository.files):,} files"
        limit = "" if repository.is_whole else ", where the search stopped"
        lines = [
            f"No migrations were found in {where} ({count}{limit}; hidden folders,",
            "dependencies, and what git ignores are left out).",
        ]
        near = [
            self._root / relative
            for relative in sorted(repository.all_folders, key=_distance)
            if _is_named_as_usual(relative)
            or other_tools.is_of_a_tool(repository.folders.get(relative, ()))
        ]
        if near:
            lines.append("These are there, but cannot be used:")
            lines += [f"  {described(f, self._base)}" for f in near[:_MOST_LISTED]]
            lines += self._command_lines(near)
        lines.append("The layouts that are supported are:")
        lines += wrap(registry.names())
        lines.append(_HOW_TO_CHOOSE.format(example="path/to/migrations"))
        return "\n".join(lines)

    def _command_lines(self, folders: list[pathlib.Path]) -> list[str]:
        """Return the line that lets the first tool that is a program migrate."""
        for folder in folders:
            finding = other_tools.tool_of(folder)
            if finding is not None and finding.tool.command:
                line = command_line(finding.tool.command, folder, self._base)
                return [
                    "Its own program can apply them; in userstate.toml:",
                    f"  {line}",
                ]
        return []


class _Engine:
    """Which database a path names, the preferred one first."""

    POSTGRESQL, UNNAMED, OTHER = range(3)


def _is_named_as_usual(relative: str) -> bool:
    """Whether a folder is named as migrations are, or for an engine in such a one."""
    above, _, name = relative.lower().rpartition("/")
    tokens = tokens_of(name)
    is_of_engine = bool(tokens & (POSTGRESQL | OTHER_ENGINES))
    is_inner = is_of_engine or name in _INNER_NAMES
    return bool(tokens & _USUAL_NAMES and not tokens & _OF_ROWS) or (
        is_inner and above.rpartition("/")[2] in _USUAL_NAMES
    )


def _distance(relative: str) -> tuple[bool, bool, str]:
    """Return a key by which folders that are likelier meant come first."""
    tokens = {token for name in relative.split("/") for token in tokens_of(name)}
    return (
        bool(tokens & (OTHER_ENGINES | _ASIDE)),
        not _is_named_as_usual(relative),
        relative,
    )


def _holds_a_schema(file: pathlib.Path) -> bool:
    """Whether a file makes tables, and not in the dialect of MySQL."""
    text = _text(file, _MOST_READ)
    return bool(_CREATE_TABLE.search(text)) and "`" not in text


def _about_users(candidate: FolderCandidate, repository: Repository) -> tuple[int, ...]:
    """Return 0 for a candidate that makes a table of users, 2 for one without any."""
    files = repository.below(candidate.path) or [repository.relative(candidate.path)]
    rank, left = 2, _MOST_READ
    for path in files:
        if path.endswith((".sql", ".py")) and left > 0:
            text = _text(repository.root / path, left)
            left -= len(text)
            if _DEFINES_USERS.search(text):
                return (0,)
            if _MENTIONS_USERS.search(text):
                rank = 1
    return (rank,)


def _text(file: pathlib.Path, limit: int) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(limit).decode("utf-8", errors="replace")
    except OSError:
        return ""


def _lowest(
    candidates: list[FolderCandidate],
    rank: cabc.Callable[[FolderCandidate], tuple[int, ...]],
) -> list[FolderCandidate]:
    ranks = [rank(candidate) for candidate in candidates]
    lowest = min(ranks)
    pairs = zip(candidates, ranks, strict=True)
    return [candidate for candidate, its_rank in pairs if its_rank == lowest]


def recognized(
    path: pathlib.Path,
    layouts: cabc.Iterable[Layout],
    root: pathlib.Path,
    repository: Repository | None = None,
) -> tuple[Layout, ...]:
    """Return the layout of a folder: none, one, or several that it could be.

    What the project names above the folder decides, else what it names anywhere.
    """
    likenesses = {layout: layout.recognizes(path) for layout in layouts}
    certain = _having(likenesses, Confidence.CERTAIN)
    if len(certain) == 1:
        return certain
    contenders = certain or _having(likenesses, Confidence.POSSIBLE)
    declared = _declared(contenders, path, root)
    if not declared and repository is not None:
        named = tuple(layout for layout in contenders if _uses(repository, layout))
        declared = named if len(named) == 1 else ()
    return declared or certain or _having(likenesses, Confidence.FALLBACK)


def _uses(repository: Repository, layout: Layout) -> bool:
    """Whether some file of a repository names a tool."""
    return any(
        re.search(manifest.sign, text_of(file), re.MULTILINE)
        for manifest in layout.manifests
        for file in repository.named(manifest.name)
    )


def _having(
    likenesses: cabc.Mapping[Layout, Confidence], likeness: Confidence
) -> tuple[Layout, ...]:
    return tuple(layout for layout, each in likenesses.items() if each is likeness)


def _declared(
    layouts: tuple[Layout, ...], path: pathlib.Path, root: pathlib.Path
) -> tuple[Layout, ...]:
    """Return the layouts that the project names, in the nearest folder that does."""
    for folder in upward(path.absolute(), root.absolute()) if layouts else ():
        if named := tuple(layout for layout in layouts if _is_named(layout, folder)):
            return named
    return ()


def _is_named(layout: Layout, folder: pathlib.Path) -> bool:
    return any((folder / file.name).is_file() for file in layout.project_files) or any(
        re.search(manifest.sign, text_of(folder / manifest.name), re.MULTILINE)
        for manifest in layout.manifests
    )


def described(folder: pathlib.Path, base: pathlib.Path) -> str:
    """Say in a line why a folder cannot be used."""
    path = label(folder, base)
    finding = other_tools.tool_of(folder)
    if finding is not None:
        return f"{path} holds migrations of {finding.tool.name}: {finding.sign}"
    if not visible(folder):
        return f"{path} is empty"
    return f"{path} holds no migrations of a layout that is known"
