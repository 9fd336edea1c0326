"""What this machine has to have for a server to run on it, beside PostgreSQL."""

from __future__ import annotations

import shutil

from pytest_userstate.domain.errors import UsageError
from pytest_userstate.outbound.postgres.account import (
    Account,
    clean_environment,
    server_account,
)


def check_machine() -> Account:
    """Return the account that a server can run as here.

    Raises
    ------
    UsageError
        When there is none, or no `tar`, which unpacks the data directory.
    """
    account = server_account()
    path = clean_environment()["PATH"]
    if shutil.which("tar", path=path) is None:
        raise UsageError(_NO_TAR.format(path=path))
    return account


_NO_TAR = """\
the embedded PostgreSQL cannot run: there is no tar to unpack its data with.
  looked for tar, in the folders of PATH
  PATH       {path}
To mend it, install it, for instance in the container's image:
  apt-get install tar, dnf install tar, apk add tar
or audit a live database instead: --userstate-dsn"""
