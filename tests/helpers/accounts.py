"""Running Python as an ordinary user, also where the tests run as root."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

IS_ROOT = os.geteuid() == 0
NOBODY = "nobody"


def ordinary_python() -> list[str]:
    """Return how to run Python as an ordinary user, or skip the test.

    Root's own interpreter may lie below root's home; a system's one of the same
    version can use the same packages then.
    """
    if not IS_ROOT:
        return [sys.executable]
    try:
        entry = pwd.getpwnam(NOBODY)
    except KeyError:
        pytest.skip(f"there is no account {NOBODY!r} to run as")
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        switch = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}"]
        command = [*switch, "--clear-groups", python]
        probe = subprocess.run(
            [*command, "-c", "import psycopg, attrs, pytest_userstate"],
            env=ordinary_environment(),
            cwd="/",
            capture_output=True,
            check=False,
        )
        if probe.returncode == 0:
            return command
    pytest.skip(f"no {name} that the account {NOBODY!r} could run with our packages")


def ordinary_environment(**more: str) -> dict[str, str]:
    """Return an environment in which our packages are found, and little else."""
    root = Path(__file__).parents[2]
    packages = (entry for entry in sys.path if entry.endswith("site-packages"))
    path = os.pathsep.join((str(root), *packages))
    return {"PATH": os.defpath, "PYTHONPATH": path, **more}
