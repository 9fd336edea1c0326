"""The cache of what is costly to make and cheap to copy.

An entry is a folder that appears complete or not at all: it is made beside its
place and renamed. Who makes one holds a lock, so that runs which start together
make it once; who reads one needs none.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

import attrs

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.postgres.account import Account

FOLDER = "pytest-userstate"
SYSTEM_CACHE = Path("/var/cache")  # root's own is closed to the server's account
LOCK_TIMEOUT = 60.0  # seconds; making an entry takes about one
KEPT_ENTRIES = 4  # of a kind: each virtual environment has binaries of its own

Make = cabc.Callable[[Path], None]  # fills an empty folder
IsSound = cabc.Callable[[Path], bool]


@attrs.frozen
class Entry:
    """A complete entry of the cache."""

    path: Path
    is_new: bool  # made by this run: an old one may have been damaged meanwhile


@attrs.frozen
class Cache:
    """A folder that only we, or root, can write to."""

    root: Path

    def entry(
        self,
        kind: str,
        key: str,
        make: Make,
        is_sound: IsSound,
        *,
        anew: bool = False,
    ) -> Entry:
        """Return the entry of this kind and key, made with `make` if need be.

        `is_sound` is a quick look whether a folder is an entry that can be used;
        `anew` means that it could not be used although it looked so. An old entry is
        removed only when the new one is complete.
        Raises what `make` raises, OSError where the cache cannot be written, and
        ServerError where another run keeps it locked.
        """
        path = self.root / f"{kind}-{key}"
        if not anew and is_sound(path):
            os.utime(path)  # recently used: see _prune
            return Entry(path, is_new=False)
        with self._locked():
            if not anew and is_sound(path):  # somebody was faster
                return Entry(path, is_new=False)
            self._make(path, make)
            self._prune(kind, keep=path)
        return Entry(path, is_new=True)

    def _make(self, path: Path, make: Make) -> None:
        fresh = Path(tempfile.mkdtemp(prefix="new-", dir=self.root))
        try:
            fresh.chmod(0o755)  # the server's account has to enter it
            make(fresh)
            _remove(path)
            fresh.rename(path)
        except BaseException:
            _remove(fresh)
            raise

    def _prune(self, kind: str, *, keep: Path) -> None:
        """Remove what killed runs left half-made, and what was long not used."""
        for leftover in self.root.glob("new-*"):  # nobody else is making one now
            _remove(leftover)
        others = [path for path in self.root.glob(f"{kind}-*") if path != keep]
        others.sort(key=_last_used, reverse=True)
        for path in others[KEPT_ENTRIES - 1 :]:
            _remove(path)

    @contextlib.contextmanager
    def _locked(self) -> cabc.Iterator[None]:
        """Hold the lock; the kernel releases it should we be killed."""
        path = self.root / "lock"
        with path.open("a") as file:
            deadline = time.monotonic() + LOCK_TIMEOUT
            while not _try_lock(file.fileno()):
                if time.monotonic() > deadline:
                    raise ServerError(_LOCKED.format(path=path, timeout=LOCK_TIMEOUT))
                time.sleep(0.01)
            try:
                yield
            finally:
                # A process that was forked off meanwhile has the file open, too.
                fcntl.flock(file.fileno(), fcntl.LOCK_UN)


def open_cache(account: Account, root: Path | None = None) -> Cache | None:
    """Return the cache of the account that runs pytest, None where it has none.

    Its folder has to be ours and nobody else's to write to: what lies in it is
    run. One that another user made, or a symbolic link, is never written through.
    """
    folder = root if root is not None else _usual_folder(account)
    if folder is None:
        return None
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o755 if account.is_switched else 0o700, parents=True)
        is_ours = _is_ours(folder)
    except OSError:
        return None
    if is_ours and os.access(folder, os.W_OK) and account.can_enter(folder):
        return Cache(folder)
    return None


def _usual_folder(account: Account) -> Path | None:
    if account.is_switched:
        return SYSTEM_CACHE / FOLDER
    configured = os.environ.get("XDG_CACHE_HOME", "")
    if configured.startswith("/"):  # the specification ignores relative ones
        return Path(configured, FOLDER)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    # A relative one would put the cache into whatever repository we stand in.
    return home / ".cache" / FOLDER if home.is_absolute() else None


def _is_ours(folder: Path) -> bool:
    status = folder.lstat()
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.geteuid()
        and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_LOCKED = """\
the cache of the embedded PostgreSQL is locked by another run.
  looked at  {path}
  waited     {timeout:.0f} seconds
To fix it, end the process that holds the lock."""
