"""A data directory to unpack: made once, packed into two files."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
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
    fork_lock,
    tail,
)
from pytest_userstate.outbound.postgres.run_folders import WORKPLACE
from pytest_userstate.outbound.postgres.settings import (
    configuration_files,
    initdb_options,
    sql,
)

INITIALIZE_TIMEOUT = 120.0  # seconds; it takes about a third of one
END_TIMEOUT = 2.0  # seconds
ARCHIVES = ("audited.tar", "others.tar")
PACKED = "packed"  # the folder of the archives, which is the account's
MANIFEST = "manifest"  # written last
SCRIPT = Path(__file__).with_name("initialize.sh")
# What initdb says of `--no-clean`, though all of it goes with the run.
_KEPT = re.compile(r"^initdb: .* not removed at user's request\n?", re.MULTILINE)


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
        with fork_lock:
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


_NOT_MADE = """\
the embedded PostgreSQL could not make a data directory.
  program    {program}
  from       {origin}
  run as     {account}
It said:
{tail}"""
