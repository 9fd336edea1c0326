"""The checksum of what is run, by which two audits of the same can be told."""

from __future__ import annotations

import collections.abc as cabc
import hashlib
import typing as typ

from pytest_userstate.outbound.migrations.plan import Mode, Plan

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.migrations.programs.plan import ProgramPlan


def digest_of(plan: Plan | ProgramPlan, path: str) -> str:
    """Return ``sha256:…`` over names and texts, wherever the folder is.

    Parameters
    ----------
    plan : Plan or ProgramPlan
        What is run.
    path : str
        Its folder or file, as the plan's paths begin.
    """
    parts = _of_files(plan, path) if isinstance(plan, Plan) else _of_program(plan, path)
    checksum = hashlib.sha256()
    for part in parts:
        checksum.update(len(part).to_bytes(8, "big"))
        checksum.update(part)
    return f"sha256:{checksum.hexdigest()}"


def _of_program(plan: ProgramPlan, path: str) -> cabc.Iterator[bytes]:
    for argument in plan.program.arguments:
        yield argument.encode()
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
    """Return a file's path below that of all, or its name where it is that itself."""
    name = file.removeprefix(f"{path}/")
    return (name.rpartition("/")[2] if name == path else name).encode()
