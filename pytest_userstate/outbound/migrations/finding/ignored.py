"""What git ignores, where there is git and a work tree."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import shutil
import subprocess

from pytest_userstate.outbound.migrations.layout import visible

_TIMEOUT = 10.0  # seconds


def without_ignored(
    folders: cabc.Sequence[pathlib.Path], root: pathlib.Path
) -> list[pathlib.Path]:
    """Return the folders whose files git does not ignore, in order.

    Git is asked once, and about a file in each folder: an ignored folder may
    hold files that are tracked all the same. Without git, or where it cannot
    answer, nothing is ignored.
    """
    # Git would refuse every question over one about a path that is not below it.
    samples = {
        _sample(folder): folder
        for folder in folders
        if folder.resolve().is_relative_to(root.resolve())
    }
    ignored = {samples[sample] for sample in ignored_among([*samples], root.resolve())}
    return [folder for folder in folders if folder not in ignored]


def ignored_among(
    files: cabc.Sequence[pathlib.Path], root: pathlib.Path
) -> set[pathlib.Path]:
    """Return the files that git ignores, all of them below the root.

    Without git, or where it cannot answer, nothing is ignored.
    """
    git = shutil.which("git")
    if not files or git is None or not _is_in_work_tree(root):
        return set()
    names = {os.fsencode(os.path.relpath(file, root)): file for file in files}
    try:
        answer = subprocess.run(
            [git, "check-ignore", "--stdin", "-z"],
            cwd=root,
            input=b"\0".join(names),
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return set()
    return {names[name] for name in answer.stdout.split(b"\0") if name in names}


def _is_in_work_tree(root: pathlib.Path) -> bool:
    return any((folder / ".git").exists() for folder in (root, *root.parents))


def _sample(folder: pathlib.Path) -> pathlib.Path:
    """Return a file in the folder, or the folder where there is none to ask about."""
    real = folder.resolve()
    for entry in visible(real):
        if not entry.is_dir():
            return pathlib.Path(entry.path)
        inside = visible(pathlib.Path(entry.path))
        if inside and not entry.is_symlink():
            return pathlib.Path(inside[0].path)
    return real
