"""The process that holds a server, with a server that does nothing but wait."""

from __future__ import annotations

import os
import signal
import subprocess
import tarfile
import time
import typing as typ
from pathlib import Path

import pytest

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.postgres import supervisor
from pytest_userstate.outbound.postgres.account import server_account
from pytest_userstate.outbound.postgres.binaries import Binaries
from pytest_userstate.outbound.postgres.run_folders import RunFolder, make_run_folder
from pytest_userstate.outbound.postgres.supervisor import Supervisor
from tests.helpers.servers import PATIENCE, open_folder

if typ.TYPE_CHECKING:
    import collections.abc as cabc

# It has its lock file: before that, it would not be asked to end at all.
DEAF = """\
#!/bin/sh
trap '' TERM QUIT INT
: > "$2/postmaster.pid" # -D FOLDER …
echo waiting >&2
while :; do sleep 1; done
"""
DYING = "#!/bin/sh\necho 'FATAL:  no' >&2\nexit 1\n"


@pytest.fixture
def start() -> cabc.Iterator[cabc.Callable[[str], Supervisor]]:
    """Return how to start a program in place of a server."""
    started: list[Supervisor] = []
    with open_folder() as place:

        def begin(program: str) -> Supervisor:
            postgres = place / "postgres"
            postgres.write_text(program)
            postgres.chmod(0o755)
            with tarfile.open(place / "empty.tar", "w"):
                pass
            account = server_account()
            folder = make_run_folder(account)
            folder.open_for(account)
            try:
                held = Supervisor(
                    folder,
                    account,
                    Binaries(bin_dir=place, origin="a test"),
                    archives=[place / "empty.tar", ""],
                    arguments=[],
                )
            except ServerError:
                folder.discard()
                raise
            started.append(held)
            return held

        yield begin
        for each in started:
            each.stop()


def deaf(start: cabc.Callable[[str], Supervisor]) -> Supervisor:
    """Start a server that heeds nothing, and wait until it does not."""
    held = start(DEAF)
    deadline = time.monotonic() + PATIENCE
    while "waiting" not in held.log_tail():
        assert time.monotonic() < deadline, held.log_tail()
        time.sleep(0.01)
    return held


def folder_of(held: Supervisor) -> RunFolder:
    """Return the folder of a server."""
    return held._folder


def test_a_server_that_dies_tells_its_last_words(
    start: cabc.Callable[[str], Supervisor],
) -> None:
    """With the program, and where it is from."""
    held = start(DYING)
    with pytest.raises(ServerError) as caught:
        held.wait_until_ready()
    text = str(caught.value)
    assert "died while starting" in text
    assert "from       a test" in text
    assert text.endswith("  FATAL:  no")
    assert not held.is_listening


def test_a_server_that_never_gets_ready_is_given_up(
    start: cabc.Callable[[str], Supervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a time, and one that heeds no signal is killed with all it started."""
    monkeypatch.setattr(supervisor, "START_TIMEOUT", 0.3)
    monkeypatch.setattr(supervisor, "STOP_TIMEOUT", 0.3)
    held = deaf(start)
    with pytest.raises(ServerError, match="did not start within 0 seconds"):
        held.wait_until_ready()
    held.stop()
    assert held._process.wait(timeout=10) == -signal.SIGKILL
    assert not folder_of(held).path.exists()
    assert not held.is_alive


def test_what_is_stopped_twice_is_stopped_once(
    start: cabc.Callable[[str], Supervisor],
) -> None:
    """A descriptor that is closed twice could be somebody else's by then."""
    held = start(DYING)
    held.stop()
    with Path("/dev/null").open() as other:
        held.stop()
        held.leave()
        assert other.read() == ""


def test_a_fork_that_leaves_touches_no_server(
    start: cabc.Callable[[str], Supervisor],
) -> None:
    """It only lets go of what it has open."""
    held = deaf(start)
    process = held._process
    pipe = process.stdin
    assert pipe
    held.leave()
    assert pipe.closed
    assert held._is_gone
    assert Path(f"/proc/{process.pid}").exists() or not Path("/proc").exists()
    os.killpg(process.pid, signal.SIGKILL)
    process.returncode = None
    process.wait(timeout=10)
    folder_of(held).remove()


def test_no_account_to_become_is_told_with_the_way_out(
    start: cabc.Callable[[str], Supervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container may not let root become somebody else."""

    def refuse(*_: object, **__: object) -> typ.NoReturn:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(ServerError, match="run pytest as an ordinary user"):
        start(DEAF)
