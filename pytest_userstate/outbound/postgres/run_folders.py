"""The folder that a server lives in, and removing those whose run is dead.

A run folder is alive as long as somebody holds the lock on its lock file: the
run that made it and the supervisor that it started share one. The kernel
releases it when the last of them is gone, however that happened; unlike a
process id it means the same in every container that shares the folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import attrs

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.postgres.account import Account, clean_environment

PREFIX = "pytest-userstate-"
PORT = 5432  # of the socket's name, as long as nothing listens on a network
LAST_PORT = 65_535
# struct sockaddr_un ends its path with a zero byte.
SOCKET_LIMIT = 107 if sys.platform == "linux" else 103  # bytes
FALLBACKS = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - made with mkdtemp in it
# A run makes and removes hundreds of small files: in memory that is faster, and on
# some disks by far. ext4 without a journal takes ten times as long as it could for
# minutes after many files were removed.
MEMORY = Path("/dev/shm")  # noqa: S108 - likewise
MEMORY_NEEDED = 1 << 30  # bytes; containers often have 64 MB
HALF_MADE_AGE = 60.0  # seconds after which a folder without a lock is abandoned

_TEMPORARY = frozenset(("TMPDIR", "TEMP", "TMP"))  # as Python's tempfile reads them
# libpq and PostgreSQL read these in a folder's name as separators.
_SEPARATORS = frozenset(',:"')


WORKPLACE = "fresh-"  # how the folders begin in which data are made
PROC = Path("/proc")  # where the system has it; `ps` says the same elsewhere
SEGMENTS = PROC / "sysvipc" / "shm"  # those of System V, which need no attaching
ORPHAN_TIMEOUT = 10.0  # seconds for an orphaned server to stop
_SEGMENT_LINE = 6  # of postmaster.pid, counted from 0: a key, and a number
_LONGEST = 4096  # bytes of it that are read
_IPC_RMID = 0
_KEY_BITS = 0xFFFF_FFFF  # PostgreSQL writes it without its sign, Linux with it


@attrs.frozen
class RunFolder:
    """A folder of our own that holds a server's data and its socket."""

    path: Path  # which only the server's account (and root) can enter
    lock: int  # the descriptor that keeps it alive, shared with the supervisor
    port: int = PORT

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.path / "data"

    @property
    def socket(self) -> Path:
        """The server's socket."""
        return self.path / f".s.PGSQL.{self.port}"

    def open_for(self, account: Account) -> None:
        """Let the account reach what is prepared for it, but not yet write here."""
        if account.is_switched:
            self.path.chmod(0o711)

    def hand_over(self, account: Account) -> None:
        """Make everything the account's, and closed to all others."""
        if not account.is_switched:
            return
        self.path.chmod(0o700)
        for step, folders, files in os.walk(self.path):
            own = [name for name in folders if not account.owns(Path(step, name))]
            # The account could swap files in a folder that it owns.
            folders[:] = own
            account.take_over(*(Path(step, name) for name in (*own, *files)))
        account.take_over(self.path)

    def remove(self) -> None:
        """Remove what is left of the folder, an orphaned server first."""
        if self.path.exists():
            remove_with_server(self.path)

    def release(self) -> None:
        """Let others know that nobody needs it any more; once."""
        os.close(self.lock)

    def discard(self) -> None:
        """Remove it and let go of it, where no supervisor has it yet; once."""
        self.remove()
        self.release()


def make_run_folder(account: Account) -> RunFolder:
    """Make a run folder where a socket's path fits and the account can go.

    It is ours until it is handed over to the account.
    """
    misses = []
    for parent in _places():
        reason = _unsuitable(parent, account)
        if reason is None:
            try:
                return _make(parent)
            except OSError as error:
                reason = error.strerror or str(error)
        misses.append(f"  {parent}: {reason}")
    raise ServerError(_NO_PLACE.format(misses="\n".join(misses)))


def sweep(account: Account) -> None:
    """Remove the run folders of killed runs, and stop servers left in them."""
    owners = {os.geteuid(), account.uid}
    for parent in _places():
        with contextlib.suppress(OSError), os.scandir(parent) as entries:
            for entry in entries:
                if entry.name.startswith(PREFIX) and _is_own(entry, owners):
                    _remove_if_dead(Path(entry.path))


def _places() -> list[Path]:
    """Return where run folders may be, the best first."""
    return list(dict.fromkeys((MEMORY, *_on_disk())))


def _on_disk() -> list[Path]:
    try:
        usual = [Path(tempfile.gettempdir())]
    except FileNotFoundError:  # none that can be written to
        usual = []
    return [*usual, *FALLBACKS]


def _is_roomy(memory: Path) -> bool:
    """Whether there is memory to spare, and nobody asked for another place."""
    if _on_disk()[0] not in FALLBACKS or _TEMPORARY & os.environ.keys():
        return False
    try:
        room = os.statvfs(memory)
    except OSError:
        return False
    return room.f_bavail * room.f_frsize >= MEMORY_NEEDED


def _unsuitable(parent: Path, account: Account) -> str | None:
    """Say why no server can live below the folder; None where one can."""
    if parent == MEMORY and not _is_roomy(parent):
        return "not to be used, or not roomy enough"
    socket = parent / f"{PREFIX}01234567" / f".s.PGSQL.{LAST_PORT}"
    if _SEPARATORS & set(str(parent)):
        return "its name holds a character that PostgreSQL takes as a separator"
    if len(os.fsencode(socket)) > SOCKET_LIMIT:
        return f"too long for the path of a socket, which {SOCKET_LIMIT} bytes hold"
    if not account.can_enter(parent):
        return f"the account {account.name} cannot enter it"
    return None


def _make(parent: Path) -> RunFolder:
    path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    try:
        return RunFolder(path, _new_lock(path))
    except BaseException:
        # One by one: removing a tree takes descriptors, which may be what is lacking.
        for name in ("lock.new", "lock"):
            path.joinpath(name).unlink(missing_ok=True)
        path.rmdir()
        raise


def _new_lock(path: Path) -> int:
    """Make a lock file that is locked from the moment it has its name."""
    fresh = path / "lock.new"
    lock = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fresh.rename(path / "lock")
    except BaseException:
        os.close(lock)
        raise
    return lock


def _is_own(entry: os.DirEntry[str], owners: set[int]) -> bool:
    status = entry.stat(follow_symlinks=False)
    return stat.S_ISDIR(status.st_mode) and status.st_uid in owners


def _remove_if_dead(path: Path) -> None:
    try:
        lock = os.open(path / "lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        if _age(path) > HALF_MADE_AGE:
            remove_with_server(path)
        return
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return  # alive
    else:
        remove_with_server(path)
    finally:
        os.close(lock)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def remove_with_server(path: Path) -> None:
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
    """Stop an orphaned server: at once, or with force if it does not obey."""
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


_NO_PLACE = """\
there is no folder to run the embedded PostgreSQL in. Looked at:
{misses}
To fix it, set TMPDIR to a folder with a short path that can be written to."""
