"""Runs pytest, or Python code (`-c`), as on a system that is not POSIX.

The modules and calls that such a system lacks are gone before anything of ours is
imported. What Python itself, pytest, and the dependencies need of them has been
imported by then, as they have versions of their own for such systems; and paths
stay what they are here, since `pathlib` knows no other.
"""

from __future__ import annotations

import asyncio
import importlib.abc
import os
import signal
import socket
import subprocess
import sys
import types

import psycopg
import pytest
import pytest_bdd.plugin
import pytest_postgresql.plugin
import xdist.plugin

NEEDED_BY_OTHERS = (asyncio, psycopg, pytest_bdd, pytest_postgresql, subprocess, xdist)
MODULES = {"fcntl", "grp", "posix", "pwd", "resource", "syslog", "termios"}
CALLS: dict[types.ModuleType, tuple[str, ...]] = {
    os: (
        *("chown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getpgid"),
        *("killpg", "lchown", "mkfifo", "register_at_fork", "setsid", "statvfs"),
        *("waitid", "O_DIRECTORY", "O_NOFOLLOW"),  # getuid is pytest's own to call
    ),
    signal: ("SIGALRM", "SIGHUP", "SIGKILL", "SIGQUIT", "setitimer", "ITIMER_REAL"),
    socket: ("AF_UNIX", "socketpair"),
}


class Absent(importlib.abc.MetaPathFinder):
    """Finds the modules before anybody else does, and says that there are none."""

    def find_spec(self, name: str, *_: object) -> None:
        """Fail as for any module that is not installed."""
        if name in MODULES:
            message = f"No module named {name!r}"
            raise ModuleNotFoundError(message, name=name)


def leave_posix() -> None:
    """Take away what only POSIX has."""
    assert not [name for name in sys.modules if name.startswith("pytest_userstate.")]
    for name in MODULES & sys.modules.keys():
        del sys.modules[name]
    sys.meta_path.insert(0, Absent())
    for module, names in CALLS.items():
        for name in names:
            delattr(module, name)
    # Only for our modules: Python's own would go on to call Windows.
    platform, sys.platform = sys.platform, "win32"
    from pytest_userstate.outbound.postgres import account  # noqa: PLC0415

    sys.platform = platform
    account.os = types.SimpleNamespace(name="nt")


if __name__ == "__main__":
    leave_posix()
    arguments = sys.argv[1:]
    if arguments[0] == "-c":
        exec(arguments[1])  # noqa: S102 - as Python itself would
    else:
        # It is no news that modules were imported before it started.
        early = "ignore::pytest.PytestAssertRewriteWarning"
        sys.exit(pytest.main([*arguments, "-W", early]))
