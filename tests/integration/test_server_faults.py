"""What may happen around the embedded server while it starts, runs, and stops."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import types
import typing as typ
from pathlib import Path

import pytest

from pytest_userstate import bootstrap
from pytest_userstate.application.audit import Prepared
from pytest_userstate.application.settings import AuditRequest
from pytest_userstate.domain.errors import ServerError, UsageError
from pytest_userstate.outbound.postgres import cluster, run_folders, supervisor
from pytest_userstate.outbound.postgres import server as server_module
from pytest_userstate.outbound.postgres.account import check_machine
from pytest_userstate.outbound.postgres.server import EmbeddedServer
from tests.helpers import servers

if typ.TYPE_CHECKING:
    import collections.abc as cabc

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(),
    reason="processes are counted in /proc, which this system does not have",
)


@pytest.fixture(scope="module")
def cache() -> cabc.Iterator[Path]:
    """Share a cache between the tests that do not look at it."""
    with servers.open_folder() as folder:
        yield folder / "cache"


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> cabc.Iterator[Path]:
    """Give a test a folder for temporary files that the server's account can enter."""
    with servers.open_folder() as folder:
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        yield folder


def is_made_in(folder: Path) -> bool:
    """Whether a data directory is being made somewhere below the folder."""
    return any("/fresh-" in each for each in servers.processes_of(folder).values())


def impatient(
    wait: cabc.Callable[..., object], times: int
) -> cabc.Callable[..., object]:
    """Return a function that waits, but is interrupted the first few times."""
    left = iter(range(times))

    def interrupted(*args: object) -> object:
        if next(left, None) is not None:
            raise KeyboardInterrupt
        return wait(*args)

    return interrupted


def is_running(child: int) -> bool:
    """Whether a child of ours has not ended yet."""
    return os.waitpid(child, os.WNOHANG) == (0, 0)


class TestInterrupted:
    """What is left of a server whose user is impatient, or killed."""

    @pytest.mark.parametrize("polls", [0, 1, 2, 5])
    def test_interrupted_again_and_again(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, polls: int
    ) -> None:
        """However impatient, closing once more in peace leaves nothing."""
        folder.chmod(0o1777)  # as /dev/shm: the server's account can clean up behind us
        server = EmbeddedServer(servers.wheel(), cache_root=folder / "cache")

        def run() -> None:
            with server:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            sleep = impatient(time.sleep, polls)
            clock = types.SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
            patch.setattr(supervisor, "time", clock)
            with pytest.raises(KeyboardInterrupt):
                run()
        server.close()
        server.close()
        assert [path.name for path in folder.iterdir()] == ["cache"]
        assert not servers.processes_of(folder)

    def test_interrupted_while_stopping(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Closing once more then is nothing but patience."""

        def press(_: float) -> typ.NoReturn:
            raise KeyboardInterrupt

        with EmbeddedServer(servers.wheel(), cache_root=cache) as server:
            host = server.host
            with monkeypatch.context() as patch:
                clock = types.SimpleNamespace(monotonic=time.monotonic, sleep=press)
                patch.setattr(supervisor, "time", clock)
                with pytest.raises(KeyboardInterrupt):
                    server.close()
        servers.wait_until_gone(host, seconds=0)

    def test_killed_while_the_data_directory_is_made(self, folder: Path) -> None:
        """Nothing runs on for long, the next run sweeps, and the cache is sound."""
        go = folder / "go"
        binaries = servers.installation(folder, initdb=servers.until(go))
        environment = {**os.environ, "TMPDIR": str(folder)}
        with servers.start_run(binaries, folder / "cache", env=environment) as run:
            servers.wait_for(lambda: is_made_in(folder), of=run)
            run.kill()
        go.touch()
        servers.wait_for(lambda: not servers.processes_of(folder))
        assert list((folder / "cache").glob("new-*"))
        with EmbeddedServer(binaries, cache_root=folder / "cache") as server:
            server.connect().close()
        assert {path.name for path in folder.iterdir()} == {"bin", "cache", "go"}
        assert not list((folder / "cache").glob("new-*"))

    def test_killed_before_the_server_heeds_a_signal(self, folder: Path) -> None:
        """What is to become the server may be deaf still; it does not run on."""
        deaf = f"trap '' QUIT TERM; exec tail -f {folder}/bin/postgres"
        script = f'case "$*" in *" -k "*) {deaf};; esac'
        binaries = servers.installation(folder, postgres=script)
        runs = folder / "runs"
        runs.mkdir()
        runs.chmod(0o1777)
        environment = {**os.environ, "TMPDIR": str(runs)}

        def is_deaf() -> bool:
            commands = servers.processes_of(folder).values()
            return any(command.startswith("tail -f") for command in commands)

        with servers.start_run(binaries, folder / "cache", env=environment) as run:
            servers.wait_for(is_deaf, of=run)
            run.kill()
        servers.wait_for(lambda: not servers.processes_of(folder))
        assert not list(runs.iterdir())


class TestForked:
    """A process that somebody forks off ours has no part in the server."""

    @staticmethod
    @contextlib.contextmanager
    def forked(run: cabc.Callable[[], object]) -> cabc.Iterator[int]:
        """Run something in a fork that ends without cleaning up; kill it at last."""
        pid = os.fork()
        if not pid:
            try:
                run()
            finally:
                os._exit(0)
        try:
            yield pid
        finally:
            with contextlib.suppress(ChildProcessError):  # waited for already
                if is_running(pid):
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)

    @staticmethod
    def sleep() -> None:
        """Live for longer than anybody waits who does not wait for that."""
        time.sleep(servers.PATIENCE)

    def test_it_does_not_hold_the_server_up(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The server goes when its own run does, not when the fork ends."""
        monkeypatch.setattr(supervisor, "STOP_TIMEOUT", 2 * servers.PATIENCE)
        with (
            EmbeddedServer(servers.wheel(), cache_root=cache) as server,
            self.forked(self.sleep) as child,
        ):
            server.close()
            assert is_running(child)

    def test_it_does_not_stop_the_server(self, cache: Path) -> None:
        """Also where it cleans up as if it were its parent."""
        with (
            EmbeddedServer(servers.wheel(), cache_root=cache) as server,
            self.forked(server.close) as child,
        ):
            os.waitpid(child, 0)
            server.connect().close()

    def test_one_of_the_time_when_data_are_made_holds_nothing_up(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As where a conftest starts a process of its own at import."""
        monkeypatch.setattr(cluster, "INITIALIZE_TIMEOUT", 2 * servers.PATIENCE)
        monkeypatch.setattr(supervisor, "STOP_TIMEOUT", 2 * servers.PATIENCE)
        go = folder / "go"
        binaries = servers.installation(folder, initdb=servers.until(go))
        server = EmbeddedServer(binaries, cache_root=folder / "cache")
        starting = threading.Thread(target=server.__enter__)
        starting.start()
        servers.wait_for(lambda: is_made_in(folder))
        with self.forked(self.sleep) as child:
            go.touch()
            starting.join()
            server.connect().close()
            server.close()
            with (folder / "cache" / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            assert is_running(child)


class TestFullDisk:
    """No room: an error that says so, and a cache that stays as it was."""

    @pytest.fixture
    def disk(self, folder: Path) -> cabc.Iterator[cabc.Callable[[str], Path]]:
        """Return a function that mounts a small disk."""
        disks = []

        def mount(size: str) -> Path:
            disk = folder / f"disk{len(disks)}"
            disk.mkdir()
            command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755"]
            done = subprocess.run(
                [*command, "none", disk], check=False, capture_output=True, text=True
            )
            if done.returncode:
                pytest.skip(f"no disk can be mounted: {done.stderr.strip()}")
            disks.append(disk)
            return disk

        yield mount
        for each in disks:
            subprocess.run(["umount", "-l", each], check=True)  # noqa: S607 - anywhere

    def test_no_room_to_run_in(
        self,
        folder: Path,
        disk: cabc.Callable[[str], Path],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The message says so; what is in the cache is not to blame, and is kept."""
        with EmbeddedServer(servers.wheel(), cache_root=folder / "cache"):
            pass
        [entry] = (folder / "cache").glob("cluster-*")
        (entry / "the-old-one").touch()
        small = disk("4m")
        monkeypatch.setattr(tempfile, "tempdir", str(small))
        server = EmbeddedServer(servers.wheel(), cache_root=folder / "cache")
        before = servers.segments()
        with pytest.raises(ServerError, match="No space left on device") as no, server:
            pass
        assert "not removed" not in str(no.value)  # as initdb says, but it is
        assert not list(small.iterdir())
        new = servers.segments().keys() - before.keys()
        # Others may just have made one that they have not attached yet.
        servers.wait_for(lambda: all(servers.segments().get(each, 1) for each in new))
        assert (entry / "the-old-one").exists()
        assert not list((folder / "cache").glob("new-*"))

    def test_no_room_in_the_cache(self, disk: cabc.Callable[[str], Path]) -> None:
        """The run does without it, and leaves no half of an entry."""
        cache = disk("2m") / "cache"
        with EmbeddedServer(servers.wheel(), cache_root=cache) as server:
            server.connect().close()
        assert [path.name for path in cache.iterdir()] == ["lock"]


class TestLaunchedAhead:
    """A run starts the server before it needs it, and does not wait for its end."""

    @pytest.fixture
    def prepared(self, tmp_path: Path) -> Prepared:
        """Prepare an audit of a migration."""
        (tmp_path / "migrations").mkdir()
        (tmp_path / "migrations/1.sql").write_text("SELECT 1;")
        request = AuditRequest(invocation_dir=tmp_path, root_dir=tmp_path)
        return bootstrap.prepare(request)

    @pytest.fixture
    def run_folder(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> cabc.Callable[[], list[Path]]:
        """Return what finds the run folders of this test alone."""
        prefix = f"userstate-{os.getpid()}-"
        monkeypatch.setattr(run_folders, "PREFIX", prefix)
        places = {run_folders.MEMORY, Path(tempfile.gettempdir())}
        return lambda: [path for place in places for path in place.glob(f"{prefix}*")]

    def test_it_is_used_and_ends_when_the_run_does(
        self, prepared: Prepared, run_folder: cabc.Callable[[], list[Path]]
    ) -> None:
        """Leaving the context lets it go; what the start returned waits for it."""
        end = bootstrap.launch_server(prepared)
        assert end is not None
        [folder] = run_folder()
        with prepared.target.open():
            assert run_folder() == [folder]
        end()
        assert run_folder() == []

    def test_nothing_is_left_of_one_that_nobody_used(
        self, prepared: Prepared, run_folder: cabc.Callable[[], list[Path]]
    ) -> None:
        """Such as after a usage error, or with every check deselected."""
        end = bootstrap.launch_server(prepared)
        assert end is not None
        assert len(run_folder()) == 1
        end()
        assert run_folder() == []

    def test_what_keeps_it_from_starting_is_said_later(
        self, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """By the audit, as without an early start."""
        monkeypatch.setattr(run_folders, "_places", list)
        end = bootstrap.launch_server(prepared)
        assert end is not None
        with pytest.raises(ServerError, match="no folder"), prepared.target.open():
            pass
        end()


class TestPoorMachines:
    """Less than usual is there."""

    def test_no_tar(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is missing is named, where it was sought, and how to get it."""
        monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
        with pytest.raises(UsageError) as failure:
            check_machine()
        assert "no tar" in str(failure.value)
        assert os.environ["PATH"] in str(failure.value)
        assert "apt-get install tar" in str(failure.value)

    def test_it_is_told_before_anything_runs(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """As a usage error, which a run ends with before it collects anything."""
        migrations = tmp_path / "migrations"
        migrations.mkdir()
        (migrations / "001_users.sql").write_text("SELECT 1;")
        monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
        request = AuditRequest(invocation_dir=tmp_path, root_dir=tmp_path)
        with pytest.raises(UsageError, match="no tar"):
            bootstrap.prepare(request)
        monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
        with pytest.raises(UsageError, match="no passwd entry"):
            bootstrap.prepare(request)

    def test_no_memory_folder(
        self, cache: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        """Without /dev/shm the server lives on disk."""
        monkeypatch.setattr(run_folders, "MEMORY", folder / "nowhere")
        monkeypatch.setattr(tempfile, "tempdir", None)
        monkeypatch.delenv("TMPDIR", raising=False)
        with EmbeddedServer(servers.wheel(), cache_root=cache) as server:
            assert Path(server.host).parent in run_folders.FALLBACKS

    def test_a_folder_for_temporary_files_that_is_read_only(
        self, cache: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another is used; where all are, each is listed with the reason."""

        def refuse(*_: object, **__: object) -> typ.NoReturn:
            raise OSError(30, "Read-only file system")

        monkeypatch.setattr(run_folders.tempfile, "mkdtemp", refuse)
        server = EmbeddedServer(servers.wheel(), cache_root=cache)
        with pytest.raises(ServerError) as failure, server:
            pass
        assert f"{folder}: Read-only file system" in str(failure.value)
        assert "TMPDIR" in str(failure.value)


class TestSocketPath:
    """Something lies where the server's socket is to be."""

    @pytest.mark.parametrize(
        ("kind", "works"), [("a file", True), ("a socket", True), ("a folder", False)]
    )
    def test_it_is_taken(
        self,
        cache: Path,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        kind: str,
        *,
        works: bool,
    ) -> None:
        """The server takes the place over, or the error says what it could not do."""
        folder.chmod(0o1777)
        make = server_module.make_run_folder
        sockets = []

        def make_taken(*args: typ.Any) -> run_folders.RunFolder:
            run = make(*args)
            if kind == "a file":
                run.socket.touch()
            elif kind == "a socket":
                sockets.append(socket.socket(socket.AF_UNIX))
                sockets[0].bind(str(run.socket))
                sockets[0].listen()
            else:
                run.socket.mkdir()
            return run

        monkeypatch.setattr(server_module, "make_run_folder", make_taken)
        server = EmbeddedServer(servers.wheel(), cache_root=cache)
        wanted: contextlib.AbstractContextManager[object] = contextlib.nullcontext()
        if not works:
            wanted = pytest.raises(ServerError, match=r"died while(.|\n)*5432")
        with wanted, server:
            server.connect().close()
        for each in sockets:
            each.close()
        assert not list(folder.glob(f"{run_folders.PREFIX}*"))
        assert not servers.processes_of(folder)


def held() -> tuple[int, int, int]:
    """Count what this process holds: descriptors, threads, and children."""
    gc.collect()
    here = os.getpid()
    children = Path(f"/proc/{here}/task/{here}/children").read_text().split()
    return (
        len([*Path("/proc/self/fd").iterdir()]),
        threading.active_count(),
        len(children),
    )


def test_servers_one_after_the_other_leave_nothing(cache: Path) -> None:
    """No descriptor, thread, process or folder; also not in the long run."""

    def counts() -> tuple[int, ...]:
        runs = run_folders.MEMORY.glob(f"{run_folders.PREFIX}*")
        mine = {path for path in runs if path.name in hosts}
        return (*held(), len(mine))

    hosts: set[str] = set()
    before = None
    for _ in range(4):
        server = EmbeddedServer(servers.wheel(), cache_root=cache)
        with server:
            hosts.add(Path(server.host).name)
            server.connect().close()
        before = before or counts()
    # What an earlier test has left may go meanwhile.
    pairs = zip(counts(), before or (), strict=True)
    assert all(now <= then for now, then in pairs)


def test_audits_one_after_the_other_leave_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred; nor do they keep anything in memory."""
    folder.chmod(0o1777)  # or the supervisor, who cannot remove, tries for a second
    repository = folder / "repository"
    (repository / "migrations").mkdir(parents=True)
    (repository / "migrations" / "001_users.sql").write_text(
        "CREATE TABLE users (id uuid PRIMARY KEY, display_name text NOT NULL);"
    )
    request = AuditRequest(invocation_dir=repository, root_dir=repository)

    seen = []
    for number in range(200):
        with bootstrap.prepare(request).target.open() as database:
            assert database.load().tables
        assert not list(folder.glob(f"{run_folders.PREFIX}*"))
        if number in {9, 199}:
            seen.append((*held(), len(gc.get_objects())))
    assert not servers.processes_of(folder)
    # What an earlier test has left may go meanwhile.
    before, after = seen
    assert all(now <= then for now, then in zip(after[:3], before[:3], strict=True))
    assert after[3] - before[3] < 190  # objects: not one for each audit
