"""A data directory to copy: made once, in three parts, and measured."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import attrs

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.postgres.account import Account, clean_environment
from pytest_userstate.outbound.postgres.binaries import Binaries
from pytest_userstate.outbound.postgres.log import tail
from pytest_userstate.outbound.postgres.settings import (
    SQL,
    configuration_files,
    initdb_options,
)
from pytest_userstate.outbound.postgres.version import (
    UnusableError,
    Version,
    supported_version,
)

INITIALIZE_TIMEOUT = 120.0  # seconds; it takes about half of one
END_TIMEOUT = 2.0  # seconds
PARTS = ("data", "audited", "others")
MANIFEST = "manifest"  # written last
SCRIPT = Path(__file__).with_name("initialize.sh")


@attrs.frozen
class Measure:
    """How many files there are, and how many bytes."""

    files: int
    size: int


@attrs.frozen(kw_only=True)
class Cluster:
    """A data directory in three parts, to be copied over each other.

    Three quarters of the files of a fresh one are the databases that an audit has
    no need of.

    Parameters
    ----------
    folder : Path
        The folder that holds the parts.
    version : Version
        The version of the server that it is for.
    measures : tuple of Measure
        What each part held when it was made.
    """

    folder: Path
    version: Version
    measures: tuple[Measure, ...]

    @property
    def data(self) -> Path:
        """The data directory, without its databases."""
        return self.folder / PARTS[0]

    @property
    def audited(self) -> Path:
        """The database to audit, in the place it has in a data directory."""
        return self.folder / PARTS[1]

    @property
    def others(self) -> Path:
        """Likewise the others: template0, template1 and postgres."""
        return self.folder / PARTS[2]

    def is_intact(self, *, all_databases: bool = True) -> bool:
        """Whether no file was lost or cut short, by their number and size."""
        names = PARTS if all_databases else PARTS[:2]
        try:
            measured = tuple(_measure(self.folder / name) for name in names)
        except OSError:
            return False
        return measured == self.measures[: len(names)]


def make_cluster(binaries: Binaries, account: Account, folder: Path) -> None:
    """Make a cluster in an empty folder that the account can enter.

    Raises
    ------
    ServerError
        When a program fails; the message ends with what it said.
    """
    try:
        version = supported_version(binaries.postgres)
    except UnusableError as unusable:
        raise ServerError(_failed(binaries, account, str(unusable))) from unusable
    parts = [folder / name for name in PARTS]
    for part in parts:
        part.mkdir(mode=0o700)
        account.take_over(part)
    _initialize(binaries, account, version, parts)
    numbers = [version.major, version.minor]
    for measure in map(_measure, parts):
        numbers += [measure.files, measure.size]
    (folder / MANIFEST).write_text(" ".join(map(str, numbers)), encoding="ascii")


def read_cluster(folder: Path) -> Cluster | None:
    """Return the cluster that was made in the folder; None where none is complete."""
    try:
        text = (folder / MANIFEST).read_text(encoding="ascii")
        major, minor, *numbers = map(int, text.split())
        measures = map(Measure, numbers[::2], numbers[1::2])
    except (OSError, ValueError):
        return None
    return Cluster(
        folder=folder, version=Version(major, minor), measures=tuple(measures)
    )


def _initialize(
    binaries: Binaries, account: Account, version: Version, parts: list[Path]
) -> None:
    """Run the script as the account: root never writes where another one may."""
    words = [*(binaries.bin_dir, *parts), *initdb_options(version)]
    script = SCRIPT.read_text(encoding="utf-8")
    try:
        with subprocess.Popen(
            ["/bin/sh", "-c", script, SCRIPT.name, *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=clean_environment() | configuration_files(account, version),
            start_new_session=True,
            **account.credentials,
        ) as process:
            output = _communicate(process)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerError(_failed(binaries, account, str(error))) from error
    if process.returncode != 0:
        raise ServerError(_failed(binaries, account, output))


def _communicate(process: subprocess.Popen[bytes]) -> str:
    try:
        output, _ = process.communicate(SQL.encode(), timeout=INITIALIZE_TIMEOUT)
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


def _measure(part: Path) -> Measure:
    files = size = 0
    folders = [str(part)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    files += 1
                    size += entry.stat(follow_symlinks=False).st_size
    return Measure(files, size)


def _failed(binaries: Binaries, account: Account, output: str) -> str:
    return _NOT_MADE.format(
        program=binaries.initdb,
        origin=binaries.origin,
        account=account.name,
        tail=tail(output),
    )


_NOT_MADE = """\
the embedded PostgreSQL could not make a data directory.
  program    {program}
  from       {origin}
  run as     {account}
It said:
{tail}"""
