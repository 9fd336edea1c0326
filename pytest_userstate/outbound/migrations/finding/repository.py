"""The files of a repository: what git tracks or does not ignore, else what is there."""

from __future__ import annotations

import collections
import collections.abc as cabc
import functools
import os
import pathlib
import shutil
import subprocess

import attrs

_TIMEOUT = 10.0  # seconds
_MOST_ENTRIES = 100_000  # that a walk without git looks at
# What holds dependencies and products, never a project's own sources.
_NEVER_IN = frozenset(
    {
        *("__pycache__", "bower_components", "htmlcov", "node_modules"),
        *("site-packages", "venv"),
    }
)
# Products as well, unless git tracks them.
_PRODUCTS = frozenset({"build", "dist", "env", "out", "target", "vendor"})


@attrs.frozen(slots=False)
class Repository:
    """The files below a root, as far as they may be a project's own sources.

    Parameters
    ----------
    root : Path
        The repository's root.
    files : tuple of str
        Their paths relative to it, with forward slashes.
    is_by_git : bool
        Whether git listed them, so that what is missing is ignored.
    is_whole : bool
        False when a walk without git stopped at its limit.
    """

    root: pathlib.Path
    files: tuple[str, ...] = attrs.field(repr=False)
    is_by_git: bool = False
    is_whole: bool = True

    @classmethod
    def at(cls, root: pathlib.Path) -> Repository:
        """List the files, by git if there is git and a work tree."""
        listed = _listed_by_git(root)
        if listed is not None:
            return cls(root, tuple(filter(_is_own, listed)), is_by_git=True)
        walked: list[str] = []
        for path in _walk(root):
            if len(walked) == _MOST_ENTRIES:
                return cls(root, tuple(walked), is_whole=False)
            walked.append(path)
        return cls(root, tuple(walked))

    @functools.cached_property
    def folders(self) -> cabc.Mapping[str, cabc.Sequence[str]]:
        """The names of files by the folder that holds them; ``.`` is the root."""
        folders = collections.defaultdict[str, list[str]](list)
        for path in self.files:
            folder, _, name = path.rpartition("/")
            folders[folder or "."].append(name)
        return folders

    @functools.cached_property
    def all_folders(self) -> cabc.Set[str]:
        """All folders, also those that hold nothing but folders."""
        folders: set[str] = {"."}
        for folder in self.folders:
            while folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0] or "."  # noqa: PLW2901 - upward
        return folders

    def named(self, name: str) -> cabc.Iterator[pathlib.Path]:
        """Yield the files of a name, which may begin with folders (``db/x.sql``)."""
        ending = f"/{name}"
        base = name.rpartition("/")[2]
        for path in self._by_name.get(base, ()):
            if path == name or path.endswith(ending):
                yield self.root / path

    def below(self, folder: pathlib.Path) -> list[str]:
        """Return the files in a folder and in those below it."""
        relative = self.relative(folder)
        if relative == ".":
            return list(self.files)
        return [path for path in self.files if path.startswith(f"{relative}/")]

    def relative(self, path: pathlib.Path) -> str:
        """Return a path as `files` has it, or with dots if it is not below the root."""
        return pathlib.PurePath(os.path.relpath(path, self.root)).as_posix()

    @functools.cached_property
    def _by_name(self) -> cabc.Mapping[str, cabc.Sequence[str]]:
        files = collections.defaultdict[str, list[str]](list)
        for path in self.files:
            files[path.rpartition("/")[2]].append(path)
        return files


def _is_own(path: str) -> bool:
    """Whether none of its folders is hidden, or holds dependencies."""
    if "/" not in path:
        return True
    folders = path.split("/")[:-1]
    return not any(name[0] == "." or name in _NEVER_IN for name in folders if name)


def _listed_by_git(root: pathlib.Path) -> list[str] | None:
    """Return what git tracks or does not ignore; None if git cannot answer."""
    answer = _git(
        root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "."
    )
    if answer is None or answer.returncode != 0:
        return None
    return [*dict.fromkeys(map(os.fsdecode, filter(None, answer.stdout.split(b"\0"))))]


def _walk(root: pathlib.Path) -> cabc.Iterator[str]:
    for step, folders, names in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _NEVER_IN | _PRODUCTS
        )
        relative = os.path.relpath(step, root).replace(os.sep, "/")
        above = "" if relative == "." else f"{relative}/"
        yield from (f"{above}{name}" for name in sorted(names))


def ignored_among(
    files: cabc.Sequence[pathlib.Path], root: pathlib.Path
) -> set[pathlib.Path]:
    """Return the files that git ignores, all of them below the root.

    Without git, or if it cannot answer, nothing is ignored.
    """
    if not files:
        return set()
    names = {os.fsencode(os.path.relpath(file, root)): file for file in files}
    answer = _git(root, "check-ignore", "--stdin", "-z", given=b"\0".join(names))
    if answer is None:
        return set()
    return {names[name] for name in answer.stdout.split(b"\0") if name in names}


def _git(
    root: pathlib.Path, *arguments: str, given: bytes = b""
) -> subprocess.CompletedProcess[bytes] | None:
    """Ask git; None if there is no git, no work tree, or no answer in time."""
    git = shutil.which("git")
    if git is None or not any(
        (folder / ".git").exists() for folder in (root, *root.absolute().parents)
    ):
        return None
    # A monitor of the file system is a program that the repository's settings name.
    command = [git, "-c", "core.fsmonitor=false", *arguments]
    try:
        return subprocess.run(
            command,
            cwd=root,
            input=given,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
