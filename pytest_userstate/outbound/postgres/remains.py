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

WORKPLACE = "fresh-"  # how the folders begin in which data are made
PROC = Path("/proc")  # where the system has it; `ps` tells the same elsewhere
SEGMENTS = PROC / "sysvipc" / "shm"  # those of System V, which need no attaching
ORPHAN_TIMEOUT = 10.0  # seconds for an orphaned server to stop
_SEGMENT_LINE = 6  # of postmaster.pid, counted from 0: a key, and a number
_LONGEST = 4096  # bytes of it that are read
_IPC_RMID = 0
_KEY_BITS = 0xFFFF_FFFF  # PostgreSQL writes it without its sign, Linux with it


def bury(path: Path) -> None:
    """Remove a run folder that nobody needs, an orphaned server in it first."""
    pid = _orphan(path / "data")
    if pid is not None:
        _stop(pid, path / "data")
    for data in (path / "data", *path.glob(f"{WORKPLACE}*/data")):
        _free_segment(data)
    shutil.rmtree(path, ignore_errors=True)


def _orphan(data: Path) -> int | None:
    """Return the process id of the server that runs on the data, if any does.

    The file of a dead server may name a process that is somebody else's by now:
    only one of the folder's owner that has the folder on its command line counts.
    """
    try:
        pid = int(_read(data / "postmaster.pid").split()[0])
        owner = data.lstat().st_uid
    except (OSError, ValueError, IndexError):
        return None
    words = _command_line(pid, owner)
    return pid if str(data) in words else None


def _read(path: Path) -> str:
    """Return the beginning of a file, which may be a pipe or a link by now."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        return os.read(descriptor, _LONGEST).decode("ascii")
    finally:
        os.close(descriptor)


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


def _free_segment(data: Path) -> None:
    """Remove the few bytes that a server has left in the system's shared memory.

    One that ends, however abruptly, removes them and its file; one that was killed
    can do neither. What its file names may be somebody else's by now: only what has
    that key and that number, is the owner's, and is used by nobody counts.
    """
    try:
        lines = _read(data / "postmaster.pid").splitlines()
        key, number = map(int, lines[_SEGMENT_LINE].split())
        owner = data.lstat().st_uid
        segments = SEGMENTS.read_text(encoding="ascii").splitlines()[1:]
    except (OSError, ValueError, IndexError):
        return
    for segment in segments:
        its_key, its_number, _, _, _, _, attached, uid = segment.split()[:8]
        if (
            int(its_number) == number
            and int(its_key) & _KEY_BITS == key & _KEY_BITS
            and (int(attached), int(uid)) == (0, owner)
        ):
            _remove_segment(number)


def _remove_segment(number: int) -> None:
    import ctypes  # noqa: PLC0415 - hardly ever needed

    ctypes.CDLL(None).shmctl(number, _IPC_RMID, None)
