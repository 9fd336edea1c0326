"""Nothing is downloaded, and nobody is phoned."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest

from tests.helpers.backends import CREDENTIALS, PREFERENCES, USERS, Backend

# A network of its own, in which there is nothing, not even this machine.
ALONE = ("unshare", "--net")
CONNECT = "import socket; socket.create_connection(('127.0.0.1', 9))"


def can_be_alone() -> bool:
    """Whether this system lets us run a program without any network."""
    if shutil.which(ALONE[0]) is None:
        return False
    return subprocess.run([*ALONE, "true"], check=False).returncode == 0


@pytest.mark.skipif(not can_be_alone(), reason="no right to take the network away")
def test_a_whole_audit_needs_no_network(tmp_path: pathlib.Path) -> None:
    """From start to end, where every connection by TCP or UDP would fail."""
    trap = [*ALONE, sys.executable, "-c", CONNECT]
    tried = subprocess.run(trap, capture_output=True, text=True, check=False)
    assert "Network is unreachable" in tried.stderr
    backend = Backend(tmp_path)
    backend.migrate(USERS, CREDENTIALS, PREFERENCES)
    done = subprocess.run(
        [*ALONE, *backend.command("--userstate-audit", "--userstate-report=r.json")],
        cwd=tmp_path,
        env=backend.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed, 4 skipped" in done.stdout
    assert (tmp_path / "r.json").exists()
