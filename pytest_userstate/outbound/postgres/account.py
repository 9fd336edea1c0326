"""The operating-system account that runs the server, and what its machine must have."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
import typing as typ
from pathlib import Path

import attrs

from pytest_userstate.domain.errors import ServerNotFoundError, UsageError

if typ.TYPE_CHECKING:
    import pwd


TAIL_LINES = 15
_TAIL_BYTES = 16_384


def clean_environment() -> dict[str, str]:
    """Return the environment of the server and its tools: nothing of the user's.

    Messages have to be in English for us to read them, and a `PGDATA` or
    `PGOPTIONS` meant for another server has to stay away from ours.
    """
    kept = {
        name: os.environ[name]
        for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
        if name in os.environ
    }
    path = os.pathsep.join(filter(None, (os.environ.get("PATH"), os.defpath)))
    return {"LC_ALL": "C", "TZ": "UTC", "PATH": path, **kept}


class Log:
    """A file without a name: the server writes it, we read it, nobody removes it.

    It lies in memory where the system can do that, so that a full disk does not
    keep the server from saying so.
    """

    def __init__(self) -> None:
        """Open the file."""
        self._file: typ.IO[bytes] = (
            os.fdopen(os.memfd_create("postgres-log"), "w+b")
            if sys.platform == "linux"
            else tempfile.TemporaryFile()  # noqa: SIM115 - see `close`
        )

    def fileno(self) -> int:
        """Return the descriptor for a program to write to."""
        return self._file.fileno()

    def tail(self) -> str:
        """Return the last lines, indented; says so where there are none."""
        size = os.fstat(self.fileno()).st_size
        # Positioned reading: the offset is shared with the server that writes.
        start = max(0, size - _TAIL_BYTES)
        return tail(
            os.pread(self.fileno(), _TAIL_BYTES, start).decode(errors="replace")
        )

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def tail(text: str) -> str:
    """Return the last lines of a text, indented, and advice if it is about a limit."""
    lines = text.strip().splitlines()[-TAIL_LINES:]
    return advised("\n".join(f"  {line}" for line in lines) or "  (nothing)")


def advised(text: str) -> str:
    """Return a text with advice, if it says that the system has no more to give."""
    advice = (words for sign, words in _ADVICE.items() if sign in text)
    return "\n".join([text, *dict.fromkeys(advice)])


_MORE_PROCESSES = """\
A program says so that is refused another process. To fix it, raise the number that
the account may have (ulimit -u, or the container's limit), or end some of them."""

_MORE_ROOM = """\
To fix it, make room there, or set TMPDIR to a folder on a disk that has some."""

_ADVICE: typ.Final = {
    "Resource temporarily unavailable": _MORE_PROCESSES,
    "Cannot allocate memory": _MORE_PROCESSES,
    "Cannot fork": _MORE_PROCESSES,
    "No space left on device": _MORE_ROOM,
    "Disk quota exceeded": _MORE_ROOM,
}


# A server refuses to start with fewer: "server needs at least 58", and a few are open.
FEWEST_FILES = 64


# In this order: the account made for the purpose, then the one that always is.
UNPRIVILEGED = ("postgres", "nobody")


def check_system() -> None:
    """Refuse systems on which the server's modules cannot even be imported."""
    if os.name != "posix":
        raise ServerNotFoundError(_OTHER_SYSTEM.format(name=os.name))
    import resource  # noqa: PLC0415 - POSIX

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < FEWEST_FILES:
        raise ServerNotFoundError(_TOO_FEW_FILES.format(limit=limit))


def check_machine() -> Account:
    """Return the account that a server can run as here."""
    check_system()
    account = server_account()
    path = clean_environment()["PATH"]
    if shutil.which("tar", path=path) is None:
        raise UsageError(_NO_TAR.format(path=path))
    return account


class Credentials(typ.TypedDict, total=False):
    """The arguments of `subprocess.Popen` that switch to another account."""

    user: int
    group: int
    extra_groups: list[int]


@attrs.frozen(kw_only=True)
class Account:
    """The account that runs the server and its tools, by its passwd entry."""

    name: str
    uid: int
    gid: int
    client: str  # the account that connects: the one that runs pytest
    is_switched: bool  # to start a program as this account means switching to it

    @property
    def credentials(self) -> Credentials:
        """What `subprocess.Popen` needs to start a program as this account."""
        if not self.is_switched:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    @property
    def clients(self) -> tuple[str, ...]:
        """The accounts that may connect: ours, and the server's own."""
        return tuple(dict.fromkeys((self.client, self.name)))

    def take_over(self, *paths: Path) -> None:
        """Make the account the owner of each of these files and folders."""
        if self.is_switched:
            for path in paths:
                os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def owns(self, path: Path) -> bool:
        """Whether the account is the owner of the file or folder."""
        return path.lstat().st_uid == self.uid

    def can_enter(self, folder: Path) -> bool:
        """Whether the account can reach what lies in the folder, by mode bits."""
        if not self.is_switched:
            return os.access(folder, os.X_OK)
        real = Path(os.path.realpath(folder))
        return all(self._is_allowed(step, stat.S_IXOTH) for step in _steps(real))

    def can_read(self, path: Path) -> bool:
        """Whether the account can read the file or list the folder."""
        if not self.is_switched:
            return os.access(path, os.R_OK)
        real = Path(os.path.realpath(path))
        return self.can_enter(real.parent) and self._is_allowed(real, stat.S_IROTH)

    def _is_allowed(self, path: Path, others: int) -> bool:
        """Look up the owner's, the group's or the others' bit, as the kernel does."""
        try:
            status = path.stat()
        except OSError:
            return False
        if status.st_uid == self.uid:
            return bool(status.st_mode & (others << 6))
        if status.st_gid == self.gid:
            return bool(status.st_mode & (others << 3))
        return bool(status.st_mode & others)


def server_account() -> Account:
    """Return the account to run the server as: our own, or an unprivileged one.

    PostgreSQL refuses to run as root, and to run as a user without a passwd
    entry; its peer authentication needs such an entry of the client as well.
    """
    import pwd  # noqa: PLC0415 - POSIX

    uid = os.geteuid()
    try:
        client = pwd.getpwuid(uid)
    except KeyError:
        raise UsageError(_NO_ENTRY.format(uid=uid)) from None
    if uid != 0:
        return _account(client, client=client, is_switched=False)
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            if entry.pw_uid != 0:
                return _account(entry, client=client, is_switched=True)
    raise UsageError(_NO_ACCOUNT.format(names=" nor ".join(UNPRIVILEGED)))


def _steps(folder: Path) -> tuple[Path, ...]:
    return (folder, *folder.parents)


def _account(
    entry: pwd.struct_passwd, *, client: pwd.struct_passwd, is_switched: bool
) -> Account:
    return Account(
        name=entry.pw_name,
        uid=entry.pw_uid,
        gid=entry.pw_gid,
        client=client.pw_name,
        is_switched=is_switched,
    )


_OTHER_SYSTEM = """\
the embedded PostgreSQL runs on POSIX systems only: Linux, macOS, BSD.
  found      a Python for the platform {name!r}
To fix it, run pytest in a container or in WSL, or audit a live database:
  --userstate-dsn"""

_TOO_FEW_FILES = f"""\
the embedded PostgreSQL cannot run: a process may have too few files open here.
  found      at most {{limit}} open files (ulimit -n)
  needed     at least {FEWEST_FILES}; 1024 are usual
To fix it, raise the limit, for instance in the shell that starts pytest:
  ulimit -n 1024"""

_NO_TAR = """\
the embedded PostgreSQL cannot run: there is no tar to unpack its data with.
  looked for tar, in the folders of PATH
  PATH       {path}
To fix it, install it, for instance in the container's image:
  apt-get install tar, dnf install tar, apk add tar
or audit a live database instead: --userstate-dsn"""

_NO_ENTRY = """\
the embedded PostgreSQL cannot run as this user.
  found      user id {uid}, which has no passwd entry
  needed     an entry: PostgreSQL refuses to run, and to let connect, a user
             whose name it cannot look up
To fix it, give the user an entry, for instance in the container's image:
  echo 'tester:x:{uid}:0::/tmp:/sbin/nologin' >> /etc/passwd
or audit a live database instead: --userstate-dsn"""

_NO_ACCOUNT = """\
the embedded PostgreSQL cannot run: pytest runs as root, and PostgreSQL refuses to.
  looked for an unprivileged account to run it as
  found      neither {names} in the passwd database
To fix it, add one:
  useradd --system --no-create-home postgres
or run pytest as an ordinary user."""
