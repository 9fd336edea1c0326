"""Finds the migrations to audit: where the user says, else where they usually are."""

from __future__ import annotations

import collections.abc as cabc
import hashlib
import pathlib
import types
import typing as typ

import attrs

from pytest_userstate.application.wording import similar
from pytest_userstate.domain.errors import TargetNotFoundError
from pytest_userstate.outbound.migrations.finding import other_tools
from pytest_userstate.outbound.migrations.finding.repository import Repository
from pytest_userstate.outbound.migrations.finding.search import (
    FolderCandidate,
    Search,
    described,
    recognized,
)
from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    Layout,
    Options,
    label,
    options_of,
    visible,
)
from pytest_userstate.outbound.migrations.plan import Mode, Plan
from pytest_userstate.outbound.migrations.tools import registry

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.migrations.programs.plan import ProgramPlan

_NOTHING: cabc.Mapping[str, object] = types.MappingProxyType({})


@attrs.frozen(kw_only=True)
class LayoutChoice:
    """How the configuration says that migrations are to be read, and where it says so.

    Without a name the layout is recognized.
    """

    layout: str | None = None
    options: cabc.Mapping[str, object] = _NOTHING
    file: str = "userstate.toml"
    key: str = "migrations"


@attrs.frozen(kw_only=True)
class Target:
    """The migrations to audit, in a folder or a file."""

    path: pathlib.Path
    relative_path: str
    """The path relative to the repository, with forward slashes."""
    plan: Plan | ProgramPlan
    found: str
    """How they were found, for people."""
    digest: str
    """``sha256:…`` over their relative paths and bytes, in order."""
    base: pathlib.Path
    """What the paths of the plan are relative to."""
    layout: Layout
    """What has read them, and reads the next one."""
    options: Options = NO_OPTIONS

    @property
    def first_file(self) -> str:
        """The file that checks are listed under; empty if none is known."""
        if isinstance(self.plan, Plan):
            return self.plan.migrations[0].path
        return self.plan.project_file


def locate(  # noqa: PLR0913 - where to look, and what was said of it
    *,
    root: pathlib.Path,
    base: pathlib.Path,
    path: str | None,
    here: pathlib.Path | None = None,
    path_given_by: str = "",
    choice: LayoutChoice = LayoutChoice(),
) -> Target:
    """Find the migrations and read them."""
    name = choice.layout or ("command" if "command" in choice.options else None)
    chosen = (
        None
        if name is None
        else registry.layout_named(name, file=choice.file, key=choice.key)
    )
    if choice.options:
        # Before the search, which a misspelt `path` would send astray.
        layouts = registry.layouts() if chosen is None else (chosen,)
        known = {option for layout in layouts for option in layout.options}
        options_of(
            choice.options,
            known,
            file=choice.file,
            key=choice.key,
            layout=chosen.name if chosen else "",
        )
    if path is None and chosen is not None and not chosen.needs_a_path:
        candidate = FolderCandidate(base, (chosen,), f"`{choice.key}` in {choice.file}")
    elif path is None:
        candidate = Search(root, base, chosen, here or base).one()
    else:
        candidate = _named(pathlib.Path(path), root, base, path_given_by, chosen)
    layout = candidate.layout(base)
    options = options_of(
        choice.options,
        layout.options,
        file=choice.file,
        key=choice.key,
        layout=layout.name,
    )
    plan = layout.load(candidate.path, base, options)
    if isinstance(plan, Plan) and not plan.migrations:
        raise TargetNotFoundError(_nothing_in(candidate.path, base, candidate.found))
    path_shown = label(candidate.path, base)
    return Target(
        path=candidate.path,
        relative_path=path_shown,
        plan=plan,
        found=candidate.found,
        digest=digest_of(plan, path_shown),
        base=base,
        layout=layout,
        options=options,
    )


def _named(
    path: pathlib.Path,
    root: pathlib.Path,
    base: pathlib.Path,
    given_by: str,
    chosen: Layout | None,
) -> FolderCandidate:
    """Return what the user named, if it can be used."""
    if not path.exists():
        raise TargetNotFoundError(_no_such_path(path, base, given_by))
    layouts = (
        recognized(path, registry.layouts(), root, Repository.at(root))
        if chosen is None
        else (chosen,)
    )
    is_file = path.is_file()
    fitting = tuple(
        layout for layout in layouts if layout.takes_a_file in {None, is_file}
    )
    if not fitting:
        message = (
            _other_kind(path, base, given_by, chosen)
            if is_file or chosen
            else _nothing_in(path, base, given_by)
        )
        raise TargetNotFoundError(message)
    return FolderCandidate(path, fitting, given_by)


def _other_kind(
    path: pathlib.Path, base: pathlib.Path, given_by: str, chosen: Layout | None
) -> str:
    """Say that a folder was expected and not a file, or the other way round."""
    kind = "file" if path.is_file() else "folder"
    expected = f"\nThe layout {chosen.name} expects {chosen.expects}." if chosen else ""
    advice = (
        "Name the folder that holds the migrations."
        if kind == "file"
        else "Name the file itself."
    )
    return (
        f"{given_by} names {label(path, base)}, which is a {kind}.{expected}\n{advice}"
    )


def _no_such_path(path: pathlib.Path, base: pathlib.Path, given_by: str) -> str:
    """Say that there is no such folder, and what may have been meant."""
    siblings = [entry.name for entry in visible(path.parent) if entry.is_dir()]
    near = similar(path.name, siblings, limit=1)
    meant = [f"Did you mean {label(path.parent / name, base)}?" for name in near]
    problem = f"{given_by} names {label(path, base)}, but there is no such folder."
    return "\n".join([problem, *meant])


def _nothing_in(folder: pathlib.Path, base: pathlib.Path, given_by: str) -> str:
    """Say that a folder holds no migrations, and what it was expected to hold."""
    finding = other_tools.tool_of(folder)
    if finding is not None:
        return other_tools.unsupported(folder, base, finding)
    layouts = registry.layouts()
    inside = [
        label(entry.path, base)
        for entry in visible(folder)
        if entry.is_dir() and recognized(pathlib.Path(entry.path), layouts, folder)
    ]
    lines = [
        f"{described(folder, base)} ({given_by}).",
        "What a folder of migrations holds:",
        *(f"  {layout.name}: {layout.expects}" for layout in layouts),
    ]
    if inside:
        lines.append(f"Did you mean one of these: {', '.join(inside)}?")
    return "\n".join(lines)


def digest_of(plan: Plan | ProgramPlan, path: str) -> str:
    """Return ``sha256:…`` over names and texts, wherever the folder is."""
    parts = _of_files(plan, path) if isinstance(plan, Plan) else _of_program(plan, path)
    checksum = hashlib.sha256()
    for part in parts:
        checksum.update(len(part).to_bytes(8, "big"))
        checksum.update(part)
    return f"sha256:{checksum.hexdigest()}"


def _of_program(plan: ProgramPlan, path: str) -> cabc.Iterator[bytes]:
    for argument in plan.program.arguments:
        yield argument.encode()
    for name, value in plan.program.environment.items():
        yield f"{name}={value}".encode()
    for file in (*plan.others, *plan.migrations):
        yield _name(file.path, path)
        yield file.data


def _of_files(plan: Plan, path: str) -> cabc.Iterator[bytes]:
    for migration in plan.migrations:
        yield _name(migration.path, path)
        for batch in migration.batches:
            yield batch.sql.encode()
            yield str(batch.in_transaction).encode()
            if batch.mode is not Mode.WHOLE:
                yield batch.mode.value.encode()
                yield str(batch.pieces).encode()


def _name(file: str, path: str) -> bytes:
    """Return a file's path below the given one, or its name if it is that file."""
    name = file.removeprefix(f"{path}/")
    return (name.rpartition("/")[2] if name == path else name).encode()
