"""What is said, and what is left, if a process may have too little of something."""

from __future__ import annotations

import resource
import subprocess
import sys
import typing as typ

import pytest

from tests.helpers import servers
from tests.helpers.accounts import ordinary_environment, ordinary_python

if typ.TYPE_CHECKING:
    import collections.abc as cabc
    from pathlib import Path

MIGRATION = "CREATE TABLE users (id uuid PRIMARY KEY, display_name text NOT NULL);"
# `-p no:cacheprovider`: nothing is written but by the audit.
RUN = """
import resource, sys, pytest
resource.setrlimit(resource.{limit}, ({number}, {number}))
sys.exit(pytest.main(
    ["-p", "no:cacheprovider", "--userstate-audit", "--userstate-report=r.json"]))
"""
# A run folder, for which no descriptor is left but the few that importing takes.
WITHOUT_DESCRIPTORS = """
import os, resource, tempfile
from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.postgres.account import server_account
from pytest_userstate.outbound.postgres.run_folders import make_run_folder
account = server_account()
tempfile.gettempdir()  # writes a file to find out
resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
try:
    while True:
        os.dup(0)
except OSError:
    pass
try:
    make_run_folder(account)
except ServerError as error:
    print(error)
"""


@pytest.fixture
def project() -> cabc.Iterator[Path]:
    """Make a project that everybody may use, with a folder for temporary files."""
    with servers.open_folder() as folder:
        for name in ("project/migrations", "room", "home"):
            (folder / name).mkdir(parents=True)
        (folder / "project/migrations/1.sql").write_text(MIGRATION)
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o777)
        yield folder


def run(
    project: Path, python: cabc.Sequence[str], code: str
) -> subprocess.CompletedProcess[str]:
    """Run code in the project, and return what came of it."""
    return subprocess.run(
        [*python, "-c", code],
        cwd=project / "project",
        env=ordinary_environment(TMPDIR=f"{project}/room", HOME=f"{project}/home"),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("number", [12, 14, 16, 18, 20, 40, 63])
def test_too_few_open_files_are_a_usage_error(project: Path, number: int) -> None:
    """It names the limit and what to do, and nothing was started."""
    code = RUN.format(limit="RLIMIT_NOFILE", number=number)
    result = run(project, [sys.executable], code)
    output = result.stdout + result.stderr
    assert result.returncode == 4
    assert "ulimit -n 1024" in output
    assert "INTERNALERROR" not in output
    assert "Traceback" not in output
    assert list(project.joinpath("room").iterdir()) == []


def test_the_least_number_of_open_files_is_enough(project: Path) -> None:
    """The limit that the message names is the one that is needed."""
    result = run(
        project,
        [sys.executable],
        RUN.format(limit="RLIMIT_NOFILE", number=64),
    )
    assert "passed" in result.stdout, result.stdout + result.stderr
    assert result.returncode == 1  # some checks fail: the schema is not complete
    assert list(project.joinpath("room").iterdir()) == []


@pytest.mark.skipif(
    sys.platform != "linux", reason="processes are counted otherwise elsewhere"
)
@pytest.mark.parametrize("number", [0, 1, 2, 4])
def test_too_few_processes_are_a_failure_with_advice(
    project: Path, number: int
) -> None:
    """Also if the process itself may have no second thread; nothing is left."""
    code = RUN.format(limit="RLIMIT_NPROC", number=number)
    result = run(project, ordinary_python(), code)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "ulimit -u" in result.stdout
    assert "INTERNALERROR" not in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
    assert (project / "project/r.json").exists()
    assert list(project.joinpath("room").iterdir()) == []


def test_no_folder_is_left_if_its_lock_cannot_be_made(project: Path) -> None:
    """A descriptor for the lock may be the one that is lacking."""
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 64
    result = run(project, [sys.executable], WITHOUT_DESCRIPTORS)
    assert "Too many open files" in result.stdout, result.stderr
    assert list(project.joinpath("room").iterdir()) == []
