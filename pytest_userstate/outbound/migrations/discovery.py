"""Finds the migrations to audit: where the user says, else where they usually are."""

from __future__ import annotations

import difflib
import hashlib
import pathlib

import attrs

from pytest_userstate.domain.errors import TargetNotFoundError
from pytest_userstate.outbound.migrations import foreign, registry
from pytest_userstate.outbound.migrations.layout import Plan, shown, visible
from pytest_userstate.outbound.migrations.search import (
    Candidate,
    Search,
    described,
    recognized,
)


@attrs.frozen(kw_only=True)
class Target:
    """The migrations to audit.

    Parameters
    ----------
    folder : Path
        Where they are.
    shown : str
        The same relative to the repository, with forward slashes.
    plan : Plan
        What they are, in order.
    found : str
        How they were found, for people.
    digest : str
        ``sha256:…`` over their relative paths and bytes, in order.
    """

    folder: pathlib.Path
    shown: str
    plan: Plan
    found: str
    digest: str


def locate(
    *,
    root: pathlib.Path,
    base: pathlib.Path,
    path: str | None,
    path_given_by: str = "",
    layout: str | None = None,
) -> Target:
    """Find the migrations and read them.

    Parameters
    ----------
    root : Path
        The repository's root, where the search starts.
    base : Path
        What the paths in the plan and in messages are relative to.
    path : str or None
        The folder that the user named; None to search.
    path_given_by : str
        Where it was named, such as "`migrations` in userstate.toml".
    layout : str or None
        The layout that the user named; None to recognize it.

    Raises
    ------
    TargetNotFoundError
        When there is no folder of migrations, or more than one.
    ConfigurationError
        When there is no such layout.
    MigrationError
        When a migration cannot be read.
    """
    _, _, file = path_given_by.partition(" in ")
    chosen = (
        None
        if layout is None
        else registry.layout_named(layout, file=file or "userstate.toml")
    )
    layouts = registry.LAYOUTS if chosen is None else (chosen,)
    if path is not None:
        folder = pathlib.Path(path)
        _expect_folder(folder, base, path_given_by)
        named = chosen or recognized(folder, layouts)
        if named is None:
            raise TargetNotFoundError(_nothing_in(folder, base, path_given_by))
        candidate = Candidate(folder, named, path_given_by)
    else:
        candidate = Search(root, base, layouts).one()
    plan = candidate.layout.load(candidate.folder, base)
    if not plan.migrations:
        raise TargetNotFoundError(_nothing_in(candidate.folder, base, candidate.found))
    folder_shown = shown(candidate.folder, base)
    return Target(
        folder=candidate.folder,
        shown=folder_shown,
        plan=plan,
        found=candidate.found,
        digest=_digest(plan, folder_shown),
    )


def _expect_folder(folder: pathlib.Path, base: pathlib.Path, given_by: str) -> None:
    """Refuse a path that is no folder, and suggest what may have been meant."""
    path = shown(folder, base)
    if folder.is_dir():
        return
    if folder.exists():
        message = (
            f"{given_by} names {path}, which is a file.\n"
            "Name the folder that holds the migrations."
        )
        raise TargetNotFoundError(message)
    siblings = [entry.name for entry in visible(folder.parent) if entry.is_dir()]
    near = difflib.get_close_matches(folder.name, siblings, n=1)
    meant = [f"Did you mean {shown(folder.parent / name, base)}?" for name in near]
    problem = f"{given_by} names {path}, but there is no such folder."
    raise TargetNotFoundError("\n".join([problem, *meant]))


def _nothing_in(folder: pathlib.Path, base: pathlib.Path, given_by: str) -> str:
    """Say that a folder holds no migrations, and what it was expected to hold."""
    finding = foreign.tool_of(folder)
    if finding is not None:
        path = shown(folder, base)
        return foreign.unsupported(path, finding, supported=registry.names())
    inside = [
        shown(entry.path, base)
        for entry in visible(folder)
        if entry.is_dir() and recognized(pathlib.Path(entry.path), registry.LAYOUTS)
    ]
    lines = [
        f"{given_by}: {described(folder, base)}.",
        "What a folder of migrations holds:",
        *(f"  {layout.name}: {layout.expects}" for layout in registry.LAYOUTS),
    ]
    if inside:
        lines.append(f"Did you mean one of these: {', '.join(inside)}?")
    return "\n".join(lines)


def _digest(plan: Plan, folder: str) -> str:
    """Return the checksum of what is run, wherever the folder is."""
    checksum = hashlib.sha256()
    for migration in plan.migrations:
        name = migration.path.removeprefix(f"{folder}/")
        for part in (name, migration.sql, str(migration.in_transaction)):
            data = part.encode()
            checksum.update(len(data).to_bytes(8, "big"))
            checksum.update(data)
    return f"sha256:{checksum.hexdigest()}"
