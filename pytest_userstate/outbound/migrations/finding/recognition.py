"""Which layout a folder is of, where nobody said so.

What a folder holds comes first. Where that could be several tools', the project's
own files tell which it uses; where they do not, nobody guesses.
"""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import re

from pytest_userstate.outbound.migrations.layout import Confidence, Layout


def recognized(
    path: pathlib.Path, layouts: cabc.Iterable[Layout], root: pathlib.Path
) -> tuple[Layout, ...]:
    """Return the layout of a folder: none, one, or several that it could be.

    Parameters
    ----------
    path : Path
        The folder, or the file.
    layouts : iterable of Layout
        Those that come into question.
    root : Path
        The repository's root, where its own files are looked for last.
    """
    likenesses = {layout: layout.recognizes(path) for layout in layouts}
    certain = _having(likenesses, Confidence.CERTAIN)
    if len(certain) == 1:
        return certain
    contenders = certain or _having(likenesses, Confidence.POSSIBLE)
    declared = _declared(contenders, path, root)
    return declared or certain or _having(likenesses, Confidence.FALLBACK)


def _having(
    likenesses: cabc.Mapping[Layout, Confidence], likeness: Confidence
) -> tuple[Layout, ...]:
    return tuple(layout for layout, each in likenesses.items() if each is likeness)


def _declared(
    layouts: tuple[Layout, ...], path: pathlib.Path, root: pathlib.Path
) -> tuple[Layout, ...]:
    """Return the layouts that the project names, in the nearest folder that does."""
    for folder in _upward(path, root) if layouts else ():
        if named := tuple(each for each in layouts if _is_named(each, folder)):
            return named
    return ()


def _upward(path: pathlib.Path, root: pathlib.Path) -> cabc.Iterator[pathlib.Path]:
    """Return the folder and those above it, up to the root if it is among them."""
    path, root = path.absolute(), root.absolute()
    if not path.is_relative_to(root):
        return iter((path, path.parent))
    above = (path, *path.parents)
    return iter(above[: above.index(root) + 1])


def _is_named(layout: Layout, folder: pathlib.Path) -> bool:
    return any((folder / file.name).is_file() for file in layout.project_files) or any(
        re.search(manifest.sign, _text(folder / manifest.name), re.MULTILINE)
        for manifest in layout.manifests
    )


def _text(file: pathlib.Path) -> str:
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError:
        return ""
