"""What this machine has to have for a server to run on it, beside PostgreSQL."""

from __future__ import annotations

import os
import shutil
import typing as typ

from pytest_userstate.domain.errors import ServerNotFoundError, UsageError

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.account import Account


def check_system() -> None:
    """Refuse systems on which the server's modules cannot even be imported.

    Raises
    ------
    ServerNotFoundError
        On Windows, and whatever else is not POSIX.
    """
    if os.name != "posix":
        raise ServerNotFoundError(_OTHER_SYSTEM.format(name=os.name))


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

_NO_TAR = """\
the embedded PostgreSQL cannot run: there is no tar to unpack its data with.
  looked for tar, in the folders of PATH
  PATH       {path}
To mend it, install it, for instance in the container's image:
  apt-get install tar, dnf install tar, apk add tar
or audit a live database instead: --userstate-dsn"""
