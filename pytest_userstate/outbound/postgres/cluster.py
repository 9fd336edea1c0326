"""Data directories to unpack, and the cache of what is costly to make.

A data directory is made once and packed into two files. An entry of the cache is a
folder that appears complete or not at all: it is made beside its place and renamed. A
run that makes one holds a lock, so that runs which start together make it once; reading
one needs no lock.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import fcntl
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import attrs

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.postgres.account import Account
from pytest_userstate.outbound.postgres.binaries import (
    Binaries,
    UnusableError,
    Version,
    supported_version,
)
from pytest_userstate.outbound.postgres.child_processes import (
    clean_environment,
    tail,
)
from pytest_userstate.outbound.postgres.run_folders import WORKPLACE
from pytest_userstate.outbound.postgres.settings import (
    configuration_files,
    initdb_options,
    sql,
)
from pytest_userstate.outbound.postgres.stubs import lend

FOLDER = "pytest-userstate"
SYSTEM_CACHE = Path("/var/cache")  # root's own is closed to the server's account
LOCK_TIMEOUT = 60.0  # seconds; making an entry takes about one
KEPT_ENTRIES = 4  # of a kind: each virtual environment has its own binaries

Make = cabc.Callable[[Path], None]  # fills an empty folder
IsSound = cabc.Callable[[Path], bool]


INITIALIZE_TIMEOUT = 120.0  # seconds; it takes about a third of one
END_TIMEOUT = 2.0  # seconds
ARCHIVES = ("audited.tar", "others.tar")
PACKED = "packed"  # the folder of the archives, which is the account's
LENT_EXTENSIONS = "lent"  # the folder of their control files
MANIFEST = "manifest"  # written last
SCRIPT = Path(__file__).with_name("initialize.sh")
# What initdb says of `--no-clean`, though all of it goes with the run.
_KEPT = re.compile(r"^initdb: .* not removed at user's request\n?", re.MULTILINE)


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
    run. One that another user made, or could swap for his own, or a symbolic link, is
    never written through.
    """
    folder = root if root is not None else _usual_folder(account)
    if folder is None:
        return None
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o755 if account.is_switched else 0o700, parents=True)
        is_ours = _is_ours(folder) and not _can_be_swapped(folder)
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
    # A relative one would put the cache into the current repository.
    return home / ".cache" / FOLDER if home.is_absolute() else None


def _is_ours(folder: Path) -> bool:
    status = folder.lstat()
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.geteuid()
        and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def _can_be_swapped(folder: Path) -> bool:
    """Whether another user could rename the folder, or one that it lies in."""
    for parent in Path(os.path.realpath(folder)).parents:
        status = parent.stat()
        is_open = status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX
        if is_open or status.st_uid not in {0, os.geteuid()}:
            return True
    return False


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


@attrs.frozen(kw_only=True)
class Cluster:
    """A data directory in two archives, to be unpacked over one another.

    Three quarters of the files of a fresh one are the databases that an audit has
    no need of.
    """

    folder: Path
    version: Version
    sizes: tuple[int, ...]  # in bytes, of each archive when it was made

    @property
    def audited(self) -> Path:
        """The data directory with no database but the one to audit."""
        return self.folder / PACKED / ARCHIVES[0]

    @property
    def others(self) -> Path:
        """The others: template0, template1 and postgres."""
        return self.folder / PACKED / ARCHIVES[1]

    @property
    def lent_extensions(self) -> Path:
        """Where the control files are by which ordinary roles may create more."""
        return self.folder / LENT_EXTENSIONS

    def is_intact(self) -> bool:
        """Whether no archive was lost or cut short."""
        try:
            return _sizes(self.folder) == self.sizes
        except OSError:
            return False


def make_cluster(
    binaries: Binaries, account: Account, folder: Path, *, workplace: Path
) -> None:
    """Make a cluster in an empty folder that the account can enter."""
    try:
        version = supported_version(binaries.postgres)
    except UnusableError as unusable:
        raise ServerError(_failed(binaries, account, str(unusable))) from unusable
    places = [Path(tempfile.mkdtemp(prefix=WORKPLACE, dir=workplace)), folder / PACKED]
    places[1].mkdir(mode=0o700)
    account.take_over(*places)
    _initialize(binaries, account, version, places)
    lend(binaries.bin_dir.parent, folder / LENT_EXTENSIONS)
    numbers = [version.major, version.minor, *_sizes(folder)]
    (folder / MANIFEST).write_text(" ".join(map(str, numbers)), encoding="ascii")


def read_cluster(folder: Path) -> Cluster | None:
    """Return the cluster that was made in the folder; None where none is complete."""
    try:
        text = (folder / MANIFEST).read_text(encoding="ascii")
        major, minor, *sizes = map(int, text.split())
    except (OSError, ValueError):
        return None
    return Cluster(folder=folder, version=Version(major, minor), sizes=tuple(sizes))


def _initialize(
    binaries: Binaries, account: Account, version: Version, places: list[Path]
) -> None:
    """Run the script as the account: root never writes where another one may."""
    words = [binaries.bin_dir, *places, *initdb_options(version)]
    script = SCRIPT.read_text(encoding="utf-8")
    environment = clean_environment() | configuration_files(account, version)
    environment["SQL"] = sql(version)
    try:
        process = subprocess.Popen(
            ["/bin/sh", "-c", script, SCRIPT.name, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment,
            start_new_session=True,
            **account.credentials,
        )
        with process:
            output = _communicate(process)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerError(_failed(binaries, account, str(error))) from error
    if process.returncode != 0:
        raise ServerError(_failed(binaries, account, output))


def _communicate(process: subprocess.Popen[bytes]) -> str:
    try:
        output, _ = process.communicate(timeout=INITIALIZE_TIMEOUT)
    except BaseException:
        _end(process)
        raise
    return output.decode(errors="replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the script and all that it started, which has shared memory to free."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.communicate(timeout=END_TIMEOUT)  # until nobody can write to us
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _sizes(folder: Path) -> tuple[int, ...]:
    return tuple((folder / PACKED / name).stat().st_size for name in ARCHIVES)


def _failed(binaries: Binaries, account: Account, output: str) -> str:
    return _NOT_MADE.format(
        program=binaries.initdb,
        origin=binaries.origin,
        account=account.name,
        tail=tail(_KEPT.sub("", output)),
    )


_LOCKED = """\
the cache of the embedded PostgreSQL is locked by another run.
  looked at  {path}
  waited     {timeout:.0f} seconds
To fix it, end the process that holds the lock."""

_NOT_MADE = """\
the embedded PostgreSQL could not make a data directory.
  program    {program}
  from       {origin}
  run as     {account}
It said:
{tail}"""
