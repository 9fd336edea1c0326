"""Whole runs to which something happens: a clear end, and nothing left behind."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import typing as typ

import attrs
import psycopg
import pytest

from pytest_userstate.outbound.postgres import run_folders
from pytest_userstate.outbound.postgres.settings import DATABASE, SUPERUSER
from tests.helpers import servers
from tests.helpers.backends import USERS, Backend

pytestmark = pytest.mark.skipif(
    not pathlib.Path("/proc/self/cmdline").exists(),
    reason="processes are looked at in /proc, which this system does not have",
)
SLOW = "SELECT pg_sleep(600);"
# What reads the view waits for the lock of whoever comes before the migrations end.
HELD = (
    "CREATE VIEW seen AS SELECT id FROM users;",
    """DO $$ BEGIN
    WHILE NOT EXISTS (SELECT FROM pg_locks
    WHERE mode = 'AccessExclusiveLock' AND relation = 'users'::regclass)
    LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;""",
)


@pytest.fixture
def temporary() -> cabc.Iterator[pathlib.Path]:
    """Give runs a folder for temporary files of their own, to look for remains in."""
    with servers.open_folder() as folder:
        inner = folder / "t"
        inner.mkdir()
        inner.chmod(0o1777)
        yield inner


@attrs.frozen
class Started:
    """A run of pytest that goes on."""

    process: subprocess.Popen[str]
    backend: Backend
    temporary: pathlib.Path

    def server(self) -> pathlib.Path | None:
        """Return the folder of the server, once it accepts connections."""
        for file in self.temporary.glob(f"{run_folders.PREFIX}*/data/postmaster.pid"):
            lines = file.read_text().splitlines()
            if len(lines) > 7 and lines[7].strip() == "ready":
                return file.parents[1]
        return None

    def is_migrating(self) -> bool:
        """Whether the slow migration runs."""
        return self._waits("PgSleep")

    def is_reading(self) -> bool:
        """Whether the schema is being read, where that waits for a lock."""
        return self._waits("relation")

    def _waits(self, event: str) -> bool:
        """Whether a client of the server waits for this, as the server sees it."""
        if self.server() is None:
            return False
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = %s"
        try:
            with self.connect() as session:
                return session.execute(query, [event]).fetchone() != (0,)
        except psycopg.OperationalError:  # it goes away
            return False

    def connect(self) -> psycopg.Connection:
        """Connect to the server, which runs."""
        return psycopg.connect(
            host=str(self.server()), dbname=DATABASE, user=SUPERUSER, autocommit=True
        )

    @contextlib.contextmanager
    def held_up_in_reading(self) -> cabc.Iterator[int]:
        """Let the run, whose migrations are `HELD`, wait while it reads the schema.

        Gives the process of the server that holds what the run waits for.
        """
        self.wait_for(self.is_migrating)
        with contextlib.closing(self.connect()) as session:
            session.execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
            self.wait_for(self.is_reading)
            yield session.info.backend_pid

    def kill_server(self) -> None:
        """Kill the server, which runs."""
        servers.kill(servers.pid_of_server(typ.cast("pathlib.Path", self.server())))

    def wait_for(self, condition: cabc.Callable[[], object]) -> None:
        """Wait until something holds, while the run goes on."""
        servers.wait_for(condition, of=self.process)

    def end(self) -> str:
        """Wait for the end of it, and of all that it started; return what it said."""
        output, _ = self.process.communicate(timeout=2 * servers.PATIENCE)
        servers.wait_for(lambda: not self.remains())
        return output

    def remains(self) -> list[object]:
        """Return what is left of it: folders, processes, half-written reports."""
        return [
            *self.temporary.glob(f"{run_folders.PREFIX}*"),
            *servers.processes_of(self.temporary),
            *self.backend.path.glob(".report*"),
        ]


Start = cabc.Callable[..., Started]


@pytest.fixture
def start(temporary: pathlib.Path) -> cabc.Iterator[Start]:
    """Return a function that starts a run, and ends it should the test have failed."""
    begun: list[subprocess.Popen[str]] = []

    def begin(backend: Backend, *args: str, **options: typ.Any) -> Started:
        with servers.heeded(signal.SIGHUP, signal.SIGINT):
            process = subprocess.Popen(
                backend.command("--userstate-audit", *args),
                cwd=backend.path,
                env=backend.environment(TMPDIR=str(temporary)),
                text=True,
                start_new_session=True,
                **{
                    "stdin": subprocess.DEVNULL,
                    "stdout": subprocess.PIPE,
                    "stderr": subprocess.STDOUT,
                    **options,
                },
            )
        begun.append(process)
        return Started(process, backend, temporary)

    yield begin
    for each in begun:
        each.kill()
        each.wait()
        if each.stdout is not None:
            each.stdout.close()


OWN_TEST = """
import pathlib, time

def test_own(userstate_connection):
    pathlib.Path("inside").touch()
    time.sleep(60)
"""


class TestKilled:
    """A run that gets no chance to clean up."""

    @pytest.mark.parametrize(
        ("how", "status"),
        [(signal.SIGKILL, -9), (signal.SIGTERM, -15), (signal.SIGHUP, -1)],
    )
    def test_while_migrating(
        self, covered: Backend, start: Start, how: signal.Signals, status: int
    ) -> None:
        """Neither server nor folder is left, and no report, half or whole."""
        covered.write("migrations/004_slow.sql", SLOW)
        run = start(covered, "--userstate-report=report.json")
        run.wait_for(run.is_migrating)
        run.process.send_signal(how)
        run.end()
        assert run.process.returncode == status
        assert not (covered.path / "report.json").exists()

    @pytest.mark.parametrize(
        "phase", ["starting", "collecting", "reading", "tests", "teardown"]
    )
    def test_in_other_phases(self, covered: Backend, start: Start, phase: str) -> None:
        """No process is left, and the next run at the latest removes a folder."""
        hold = "import pathlib, time; pathlib.Path('inside').touch(); time.sleep(60)"
        covered.write("tests/test_own.py", "def test_own(schema_snapshot): pass\n")
        if phase == "collecting":
            covered.write("tests/conftest.py", hold)
        elif phase == "reading":
            covered.migrate(USERS, *HELD)
        elif phase == "tests":
            covered.write("tests/test_own.py", OWN_TEST)
        elif phase == "teardown":
            covered.write("tests/conftest.py", f"def pytest_unconfigure(): {hold}")
        run = start(covered, "tests", "--userstate-report=report.json")
        if phase == "starting":
            run.wait_for(lambda: servers.processes_of(run.temporary))
        elif phase != "reading":
            run.wait_for((covered.path / "inside").exists)
        held = run.held_up_in_reading if phase == "reading" else contextlib.nullcontext
        with held():
            run.process.kill()
        servers.wait_for(lambda: not servers.processes_of(run.temporary))
        report = covered.path / "report.json"
        assert report.exists() is (phase == "teardown")
        if report.exists():
            assert json.loads(report.read_text())["status"] == "passed"
        if run.remains():  # killed before anybody else knew of the folder
            (covered.path / "tests/conftest.py").unlink(missing_ok=True)
            start(covered, "-k", "users.schema").end()

    def test_interrupted(self, covered: Backend, start: Start) -> None:
        """Ctrl-C ends the run with 2, and the report says so."""
        covered.write("migrations/004_slow.sql", SLOW)
        run = start(covered, "--userstate-report=report.json")
        run.wait_for(run.is_migrating)
        run.process.send_signal(signal.SIGINT)
        output = run.end()
        assert run.process.returncode == 2, output
        report = json.loads((covered.path / "report.json").read_text())
        assert report["error"]["kind"] == "interrupted"

    def test_interrupted_twice(self, covered: Backend, start: Start) -> None:
        """Impatience leaves no traceback of ours, and nothing else."""
        covered.write("migrations/004_slow.sql", SLOW)
        run = start(covered, "--userstate-report=report.json")
        run.wait_for(run.is_migrating)
        run.process.send_signal(signal.SIGINT)
        servers.wait_for(lambda: not run.is_migrating())
        run.process.send_signal(signal.SIGINT)
        output = run.end()
        assert "Bad file descriptor" not in output
        assert run.process.returncode in {2, -2}, output


class TestServerKilled:
    """The server goes away while somebody uses it."""

    def test_while_migrating(self, covered: Backend, start: Start) -> None:
        """The audit could not be carried out: told as that, with the file."""
        covered.write("migrations/004_slow.sql", SLOW)
        run = start(covered, "--userstate-report=report.json")
        run.wait_for(run.is_migrating)
        run.kill_server()
        output = run.end()
        assert run.process.returncode == 1, output
        assert "004_slow.sql: the server went away while it ran" in output
        assert "Traceback" not in output
        report = json.loads((covered.path / "report.json").read_text())
        assert report["error"]["kind"] == "tool"

    def test_while_reading(self, covered: Backend, start: Start) -> None:
        """Whoever reads the schema is told that the server is gone."""
        covered.migrate(USERS, *HELD)
        run = start(covered, "--userstate-report=report.json")
        with run.held_up_in_reading() as holder:
            os.kill(holder, signal.SIGSTOP)  # or it would see it, and let the run go on
            try:
                run.kill_server()
                run.process.wait(timeout=2 * servers.PATIENCE)
            finally:
                os.kill(holder, signal.SIGKILL)
        output = run.end()
        assert run.process.returncode == 1, output
        assert "died while" in output
        assert "Traceback" not in output
        report = json.loads((covered.path / "report.json").read_text())
        assert report["error"]["kind"] == "tool"

    def test_under_a_test(self, covered: Backend, start: Start) -> None:
        """That test fails as its connection does; so does whoever comes later."""
        covered.write(
            "tests/test_own.py",
            """
            import os, pathlib, signal

            def test_own(userstate_connection):
                host = pathlib.Path(userstate_connection.info.host)
                pid = (host / "data" / "postmaster.pid").read_text().split()[0]
                os.kill(int(pid), signal.SIGKILL)
                while True:
                    userstate_connection.execute("SELECT pg_sleep(0.01)")

            def test_later(userstate_connection):
                pass
            """,
        )
        run = start(covered, "tests", "--userstate-report=report.json")
        output = run.end()
        assert run.process.returncode == 1, output
        report = json.loads((covered.path / "report.json").read_text())
        assert report["status"] == "passed"
        assert "INTERNALERROR" not in output
        assert output.count("died while it was in use") == 1, output
        assert "1 failed, 6 passed, 4 skipped, 1 error" in output


class TestSurroundings:
    """Where and how a run is started makes no difference."""

    @pytest.mark.parametrize(
        "name",
        [
            b"""a b/it's/q"q/100%/%s/$HOME `x`""",
            "new\nline/[x]/a::b/-dash/ü漢".encode(),
            b"bad\xff",
        ],
        ids=["quotes", "signs", "not UTF-8"],
    )
    def test_any_path_will_do(
        self, covered: Backend, tmp_path: pathlib.Path, name: bytes
    ) -> None:
        """Of the folders above the repository, whatever their names hold."""
        odd = tmp_path / os.fsdecode(name)
        odd.mkdir(parents=True)
        moved = Backend(covered.path.rename(odd / "repo"))
        run = moved.run()
        assert run.status == 0, run.output
        assert run.report is not None
        assert run.report["target"]["path"] == "migrations"

    def test_several_at_once(self, covered: Backend, start: Start) -> None:
        """Two, and ten: each is whole."""
        report = "--userstate-report=report{}.json"
        for count in (2, 10):
            runs = [start(covered, report.format(n)) for n in range(count)]
            for run in runs:
                output, _ = run.process.communicate(timeout=10 * servers.PATIENCE)
                assert run.process.returncode == 0, output
        texts = {(covered.path / f"report{n}.json").read_bytes() for n in range(10)}
        assert len(texts) == 1
        servers.wait_for(lambda: not runs[0].remains())

    def test_a_reader_that_goes_away(self, covered: Backend, start: Start) -> None:
        """As `| head -1` does; also without any input."""
        run = start(covered, "-s", stdin=None, stderr=subprocess.DEVNULL)
        assert run.process.stdout is not None
        run.process.stdout.readline()
        run.process.stdout.close()
        run.process.wait(timeout=2 * servers.PATIENCE)
        servers.wait_for(lambda: not run.remains())

    def test_unknown_locale_and_time_zone(self, covered: Backend) -> None:
        """Nothing of ours depends on either."""
        run = covered.run(LANG="xx_XX", LC_ALL="xx_XX.UTF-8", TZ="Nowhere/Land")
        assert run.status == 0, run.output

    @pytest.mark.parametrize("options", ["-O", "-IB"])
    def test_other_ways_to_run_python(self, covered: Backend, options: str) -> None:
        """Without assertions, isolated, and without bytecode."""
        python, *rest = covered.command("--userstate-audit", "-W", "ignore")
        done = subprocess.run(
            [python, options, *rest],
            cwd=covered.path,
            env=covered.environment(),
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @pytest.mark.parametrize(
        ("conftest", "args", "status"),
        [
            ("raise RuntimeError('broken')", [], 4),
            ("", ["--help"], 0),
            ("", ["-p", "no:threadexception"], 0),
        ],
        ids=["broken conftest", "help", "no thread exceptions"],
    )
    def test_while_the_server_starts(
        self,
        covered: Backend,
        start: Start,
        conftest: str,
        args: list[str],
        status: int,
    ) -> None:
        """A run that ends early, or is asked about itself, leaves none."""
        covered.write("conftest.py", conftest)
        run = start(covered, *args)
        output = run.end()
        assert run.process.returncode == status, output


def test_audits_in_one_process_leave_nothing(covered: Backend, start: Start) -> None:
    """No descriptor, thread, child, or folder, however often pytest is called."""
    script = covered.write(
        "again.py",
        """
        import gc, os, pathlib, sys, threading, pytest

        def state():
            gc.collect()
            here = os.getpid()
            children = pathlib.Path(f"/proc/{here}/task/{here}/children").read_text()
            files = sorted(os.listdir("/proc/self/fd"))
            return files, threading.active_count(), children

        counts = []
        for _ in range(5):
            assert pytest.main(["--userstate-audit", "-q", *sys.argv[1:]]) == 0
            counts.append(state())
        assert counts[1] == counts[-1], counts
        """,
    )
    run = start(covered)
    run.end()
    python, _, _, *rest = covered.command()
    done = subprocess.run(
        [python, script, *rest],
        cwd=covered.path,
        env=covered.environment(TMPDIR=str(run.temporary)),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not run.remains()
