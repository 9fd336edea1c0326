"""What a server needs before it starts: programs, data and stub extensions.

All of it comes from the cache where there is one, and is made in the run folder
where there is none, or where it cannot be written to.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import attrs

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.postgres import installation
from pytest_userstate.outbound.postgres.account import Account
from pytest_userstate.outbound.postgres.binaries import Binaries
from pytest_userstate.outbound.postgres.cache import Cache, Entry, IsSound, Make
from pytest_userstate.outbound.postgres.cluster import (
    SCRIPT,
    Cluster,
    make_cluster,
    read_cluster,
)
from pytest_userstate.outbound.postgres.rundir import RunFolder
from pytest_userstate.outbound.postgres.settings import recipe


@attrs.frozen(kw_only=True)
class Prepared:
    """All that a server starts from.

    Parameters
    ----------
    binaries : Binaries
        Programs that the server's account can run.
    cluster : Cluster
        The data directory to unpack.
    stub_extensions : Path or None
        The folder of the stubs, where the account can read it.
    entries : tuple of Entry
        What of it lies in the cache.
    """

    binaries: Binaries
    cluster: Cluster
    stub_extensions: Path | None
    entries: tuple[Entry, ...]

    @property
    def is_reused(self) -> bool:
        """Whether any of it is older than this run, so that it can be damaged."""
        return any(not entry.is_new for entry in self.entries)


@attrs.define
class Preparation:
    """Obtains what one server needs, for its account, in its run folder.

    What is in the cache already is left alone where everything has to be made `anew`.
    """

    account: Account
    cache: Cache | None
    folder: RunFolder
    anew: bool = attrs.field(default=False, kw_only=True)
    _entries: list[Entry] = attrs.field(factory=list, init=False)

    def prepare(self, binaries: Binaries, stub_extensions: Path | None) -> Prepared:
        """Obtain everything.

        Raises
        ------
        ServerError
            When the data directory cannot be made, or the programs not be moved.
        """
        reachable = self._reachable(binaries)
        return Prepared(
            binaries=reachable,
            cluster=self._cluster(binaries, reachable),
            stub_extensions=self._readable(stub_extensions),
            entries=tuple(self._entries),
        )

    def _reachable(self, binaries: Binaries) -> Binaries:
        if installation.is_reachable(binaries, self.account):
            return binaries
        entry = self._obtain(
            "installation",
            installation.fingerprint(binaries),
            installation.copy_into(binaries),
            lambda entry: installation.is_copied(binaries, entry),
        )
        return installation.copied(binaries, entry)

    def _cluster(self, binaries: Binaries, reachable: Binaries) -> Cluster:
        entry = self._obtain(
            "cluster",
            installation.fingerprint(
                binaries, recipe(self.account), SCRIPT.read_bytes()
            ),
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
