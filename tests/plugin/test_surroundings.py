"""Runs in containers, in folders that cannot be written to, and without a terminal."""

from __future__ import annotations

import collections.abc as cabc
import json
import pathlib
import shutil
import signal
import subprocess

import pytest

from pytest_userstate.outbound.postgres import run_folders
from tests.helpers import servers
from tests.helpers.accounts import IS_ROOT, ordinary_environment, ordinary_python
from tests.helpers.backends import Backend

pytestmark = pytest.mark.skipif(
    not pathlib.Path("/proc/self/cmdline").exists(),
    reason="processes are looked at in /proc, which this system does not have",
)
CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


@pytest.fixture
def folder() -> cabc.Iterator[pathlib.Path]:
    """Give a test a folder that every account can enter."""
    with servers.open_folder() as folder:
        yield folder


@pytest.fixture
def temporary(folder: pathlib.Path) -> pathlib.Path:
    """Give runs a folder for temporary files of their own, to look for remains in."""
    inner = folder / "t"
    inner.mkdir()
    inner.chmod(0o1777)
    return inner


def remains(temporary: pathlib.Path) -> list[object]:
    """Return what is left of runs: folders and processes."""
    folders = temporary.glob(f"{run_folders.PREFIX}*")
    return [*folders, *servers.processes_of(temporary)]


def test_no_value_of_an_option_moves_pytests_root(
    covered: Backend, folder: pathlib.Path
) -> None:
    """Neither a server's folder nor that of a report is one with tests."""
    executable = folder / "pg_ctl"
    executable.touch()
    (folder / "r.json").touch()
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -k nothing\n")
    options = ["--postgresql-exec", str(executable), "--collect-only"]
    run = covered.run(*options, PYTEST_ADDOPTS=f"--userstate-report {folder}/r.json")
    assert run.status == 0, run.output
    assert f"rootdir: {covered.path}\n" in run.output
    assert {entry.name for entry in folder.iterdir()} == {
        *("pg_ctl", "pytest.ini", "r.json")
    }


@pytest.fixture
def container() -> tuple[str, ...]:
    """Return how to run a command as the first process of a container."""
    probe = subprocess.run([*CONTAINER, "true"], check=False, capture_output=True)
    if probe.returncode:
        reason = probe.stderr.decode(errors="replace").strip()
        pytest.skip(f"no container can be made here: {reason}")
    return CONTAINER


class TestReadOnly:
    """A repository that whoever runs the audit cannot write to."""

    @pytest.fixture
    def repository(
        self, covered: Backend, folder: pathlib.Path
    ) -> cabc.Iterator[Backend]:
        """Move the repository to where others can read it, and nobody can write."""
        path = shutil.copytree(covered.path, folder / "repo")
        for each in (path, *path.rglob("*")):
            each.chmod(0o555 if each.is_dir() else 0o444)
        yield Backend(path)
        for each in (path, *path.rglob("*")):  # or only root could remove it
            each.chmod(0o755)

    @pytest.mark.parametrize(
        ("report", "status"), [("../t/report.json", 0), ("report.json", 4)]
    )
    def test_reports_go_elsewhere(
        self,
        repository: Backend,
        temporary: pathlib.Path,
        report: str,
        status: int,
    ) -> None:
        """One that was to go inside is refused before anything runs."""
        _, *arguments = repository.command(
            "--userstate-audit", "-p", "no:cacheprovider"
        )
        done = subprocess.run(
            [*ordinary_python(), *arguments, f"--userstate-report={report}"],
            cwd=repository.path,
            env=ordinary_environment(TMPDIR=str(temporary), COLUMNS="80"),
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == status, done.stdout + done.stderr
        if status:
            assert "the folder . is not writable" in done.stderr
        else:
            told = json.loads((temporary / "report.json").read_text())
            assert told["status"] == "passed"
        servers.wait_for(lambda: not remains(temporary))


class TestContainer:
    """Root, no init: the run is the first process, and the last."""

    def test_nothing_is_left(
        self, covered: Backend, temporary: pathlib.Path, container: tuple[str, ...]
    ) -> None:
        """It works as anywhere."""
        covered.write("conftest.py", "import os; assert os.getpid() == 1\n")
        done = subprocess.run(
            [*container, *covered.command("--userstate-audit", ".")],
            cwd=covered.path,
            env=covered.environment(TMPDIR=str(temporary)),
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert not remains(temporary)

    def test_the_next_run_removes_what_a_killed_one_left(
        self, covered: Backend, temporary: pathlib.Path, container: tuple[str, ...]
    ) -> None:
        """With it ends everything in it, also what would have cleaned up."""
        covered.write("migrations/009_slow.sql", "SELECT pg_sleep(600);")

        def is_up() -> bool:
            found = temporary.glob(f"{run_folders.PREFIX}*/data/postmaster.pid")
            return any("ready" in file.read_text() for file in found)

        with subprocess.Popen(
            [*container, *covered.command("--userstate-audit")],
            cwd=covered.path,
            env=covered.environment(TMPDIR=str(temporary)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            servers.wait_for(is_up, of=process)
            [host] = temporary.glob(f"{run_folders.PREFIX}*")
            segment = servers.segment_of(host)
            process.send_signal(signal.SIGKILL)
        servers.wait_for(lambda: not servers.processes_of(temporary))
        (covered.path / "migrations/009_slow.sql").unlink()
        run = covered.run(TMPDIR=str(temporary))
        assert run.status == 0, run.output
        assert not remains(temporary)
        assert segment not in servers.segments()


class TestClosedStreams:
    """Standard streams that are closed, whose numbers our own files then get."""

    @pytest.mark.parametrize(
        ("closed", "works"),
        [("0<&-", True), ("1>&-", False), ("0<&- 1>&- 2>&-", False)],
    )
    def test_nothing_is_mixed_up(
        self, covered: Backend, temporary: pathlib.Path, closed: str, *, works: bool
    ) -> None:
        """Without output pytest itself cannot run; then nothing is left of ours."""
        command = covered.command("--userstate-audit", "--userstate-report=report.json")
        done = subprocess.run(
            ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *command],
            cwd=covered.path,
            env=covered.environment(TMPDIR=str(temporary)),
            check=False,
            capture_output=True,
            text=True,
            timeout=2 * servers.PATIENCE,
        )
        assert (done.returncode == 0) is works, done.stdout + done.stderr
        report = covered.path / "report.json"
        assert report.exists() is works
        if works:
            assert json.loads(report.read_text())["status"] == "passed"
        servers.wait_for(lambda: not remains(temporary))
        assert not list(covered.path.glob(".report*"))


@pytest.mark.skipif(not IS_ROOT, reason="only root can mount a disk")
def test_a_full_disk_keeps_what_was_there(
    covered: Backend, folder: pathlib.Path
) -> None:
    """Reports and the snapshot are told; the earlier ones stay whole."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8k", "none", disk],  # noqa: S607 - anywhere
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted: {mounted.stderr.strip()}")
    try:
        (disk / "report.json").write_text("the old one")
        (disk / "filler").write_bytes(b"x" * 4096)
        run = covered.run(
            f"--userstate-report={disk}/report.json",
            f"--userstate-report={disk}/report.md",
            f"--userstate-snapshot-update={disk}/schema.json",
        )
        left = {path.name for path in disk.iterdir()}
        kept = (disk / "report.json").read_text()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)  # noqa: S607 - anywhere
    assert run.status == 1, run.output
    told = " ".join(run.output.split())
    assert told.count("cannot be written: No space left on device") == 3
    assert "3 files not written" in run.last_line
    assert (left, kept) == ({"report.json", "filler"}, "the old one")
