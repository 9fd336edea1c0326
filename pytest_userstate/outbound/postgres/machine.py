"""What this machine has to have for a server to run on it, beside PostgreSQL."""

from __future__ import annotations

import os
import shutil
import typing as typ

from pytest_userstate.domain.errors import ServerNotFoundError, UsageError

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.account import Account


# A server refuses to start with fewer: "server needs at least 58", and a few are open.
FEWEST_FILES = 64


def check_system() -> None:
    """Refuse systems on which the server's modules cannot even be imported.

    Raises
    ------
    ServerNotFoundError
        On Windows, and whatever else is not POSIX; where a process may have too few
        open files.
    """
    if os.name != "posix":
        raise ServerNotFoundError(_OTHER_SYSTEM.format(name=os.name))
    import resource  # noqa: PLC0415 - POSIX

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < FEWEST_FILES:
        raise ServerNotFoundError(_TOO_FEW_FILES.format(limit=limit))


def check_machine() -> Account:
    """Return the account that a server can run as here.

    Raises
    ------
    UsageError
        When there is none, or no `tar`, which unpacks the data directory.
    """
    check_system()
    from pytest_userstate.outbound.postgres.account import (  # noqa: PLC0415 - POSIX
        clean_environment,
        server_account,
    )

    account = server_account()
    path = clean_environment()["PATH"]
    if shutil.which("tar", path=path) is None:
        raise UsageError(_NO_TAR.format(path=path))
    return account


_OTHER_SYSTEM = """\
the embedded PostgreSQL runs on POSIX systems only: Linux, macOS, BSD.
  found      a Python for the platform {name!r}
To mend it, run pytest in a container or in WSL, or audit a live database:
  --userstate-dsn"""

_TOO_FEW_FILES = f"""\
the embedded PostgreSQL cannot run: a process may have too few files open here.
  found      at most {{limit}} open files (ulimit -n)
  needed     at least {FEWEST_FILES}; 1024 are usual
To mend it, raise the limit, for instance in the shell that starts pytest:
  ulimit -n 1024"""

_NO_TAR = """\
the embedded PostgreSQL cannot run: there is no tar to unpack its data with.
  looked for tar, in the folders of PATH
  PATH       {path}
To mend it, install it, for instance in the container's image:
  apt-get install tar, dnf install tar, apk add tar
or audit a live database instead: --userstate-dsn"""
