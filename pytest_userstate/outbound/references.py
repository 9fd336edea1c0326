"""What the audited schema is compared with: as configured, and as asked for."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import shlex

from pytest_userstate.application.comparison import Reference
from pytest_userstate.application.settings import AuditRequest
from pytest_userstate.domain.errors import SnapshotFileError, UsageError
from pytest_userstate.domain.secrets import Secret
from pytest_userstate.outbound.files import KnownSnapshot, read_snapshot_file
from pytest_userstate.outbound.live_target import live_target


def references(
    request: AuditRequest, *, snapshot: str | None, base: pathlib.Path, key: str
) -> cabc.Iterator[Reference]:
    """Yield what the audited schema is compared with.

    `snapshot` is the file that the configuration names with `key`, from `base`.
    """
    if snapshot is not None:
        yield _snapshot(request, snapshot, base=base, key=key)
    if request.drift is not None:
        yield _drift(Secret(request.drift))


def _snapshot(
    request: AuditRequest, name: str, *, base: pathlib.Path, key: str
) -> Reference:
    path = base / name
    given = request.snapshot and request.invocation_dir / request.snapshot
    is_accepting = bool(given) and _same_file(pathlib.Path(given or ""), path)
    command = _command(request, path)
    repository = None
    try:
        if request.needs_server:
            repository = read_snapshot_file(path, shown=name)
    except SnapshotFileError as error:
        # Whatever is there is about to be replaced, unless somebody newer wrote it.
        if not is_accepting or error.is_newer:
            raise _unreadable(error, key, command) from None
    return _snapshot_reference(request, name, repository, command, is_accepting)


def _snapshot_reference(
    request: AuditRequest,
    name: str,
    repository: KnownSnapshot | None,
    command: str,
    is_accepting: bool,  # noqa: FBT001 - private
) -> Reference:
    audited = "the live database" if request.dsn is not None else "the migrations"
    return Reference(
        name="snapshot",
        label=name,
        repository=repository,
        before=name,
        after=audited,
        comes_first=True,
        expected=f"{audited} to have the schema that {name} records",
        remedy=f"If this is meant, accept it, and commit the file:\n  {command}",
        is_accepting=is_accepting,
    )


def _unreadable(error: SnapshotFileError, key: str, command: str) -> UsageError:
    if error.is_newer:
        return UsageError(f"{key}: {error}")
    return UsageError(f"{key}: {error}\nWrite it anew with\n  {command}")


def _drift(dsn: Secret) -> Reference:
    target = live_target(dsn, option="--userstate-drift")
    return Reference(
        name="drift",
        label=f"a live database ({target.found})",
        repository=target,
        before="the migrations",
        after="the live database",
        comes_first=False,
        expected="the live database to have the schema that the migrations make",
        remedy=(
            "Apply the migrations that the live database lacks; what was changed in "
            "it by hand needs a migration, or has to be undone there."
        ),
    )


def _command(request: AuditRequest, path: pathlib.Path) -> str:
    """Return the command that writes the snapshot file anew."""
    words = ["pytest", "--userstate-audit"]
    if isinstance(request.configuration, str | os.PathLike):
        words.append(f"--userstate-config={os.fspath(request.configuration)}")
    if request.migrations is not None:
        words.append(f"--userstate-migrations={request.migrations}")
    if request.dsn is not None:
        # The value may hold a password; what only names it does not.
        origin = live_target(request.dsn).found
        words.append(origin if "=" in origin else f"{origin}=DSN")
    name = os.path.relpath(path, request.invocation_dir)
    return shlex.join([*words, f"--userstate-snapshot-update={name}"])


def _same_file(one: pathlib.Path, other: pathlib.Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
