"""What is left of a server whose run is dead."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from pytest_userstate.outbound.postgres.account import clean_environment

PROC = Path("/proc")  # where the system has it; `ps` tells the same elsewhere
ORPHAN_TIMEOUT = 10.0  # seconds for an orphaned server to stop


def bury(path: Path) -> None:
    """Remove a run folder that nobody needs, an orphaned server in it first."""
    pid = _orphan(path / "data")
    if pid is not None:
        _stop(pid, path / "data")
    shutil.rmtree(path, ignore_errors=True)


def _orphan(data: Path) -> int | None:
    """Return the process id of the server that runs on the data, if any does.

    The file of a dead server may name a process that is somebody else's by now:
    only one of the folder's owner that has the folder on its command line counts.
    """
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="ascii").split()[0])
        owner = data.stat().st_uid
    except (OSError, ValueError, IndexError):
        return None
    words = _command_line(pid, owner)
    return pid if str(data) in words else None


def _command_line(pid: int, owner: int) -> list[str]:
    """Return the words of a process's command line; none if another user's."""
    if PROC.is_dir():
        process = PROC / str(pid)
        try:
            if process.stat().st_uid != owner:
                return []
            return process.joinpath("cmdline").read_bytes().decode().split("\0")
        except (OSError, UnicodeDecodeError):
            return []
    answer = subprocess.run(
        ["ps", "-o", "uid=,command=", "-p", str(pid)],  # noqa: S607 - wherever it is
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    uid, *words = answer.stdout.split() or [""]
    return words if uid == str(owner) else []


def _stop(pid: int, data: Path) -> None:
    """Stop an orphaned server: at once, or with force where it does not heed."""
    deadline = time.monotonic() + ORPHAN_TIMEOUT
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGQUIT)
        while time.monotonic() < deadline:
            if _orphan(data) != pid:
                return
            time.sleep(0.005)
        os.kill(pid, signal.SIGKILL)
