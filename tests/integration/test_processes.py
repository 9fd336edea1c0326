"""Programs that are run to their end, and what is left of them: nothing."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from pytest_userstate.outbound.migrations.programs.processes import Clock, Report, run

# Starts another one of its group that outlives it, and tells both numbers.
FAMILY = "sleep 300 & echo $$ $! > {file}; {then}"


def is_alive(process: int) -> bool:
    """Whether there is such a process that is no zombie."""
    try:
        state = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] != "Z"


def wait_for(condition: object, seconds: float = 10) -> None:
    """Wait until something holds."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def family(file: pathlib.Path) -> list[int]:
    """Return the numbers that a family wrote."""
    wait_for(lambda: file.exists() and len(file.read_text().split()) == 2)
    return [int(number) for number in file.read_text().split()]


def test_nothing_outlives_a_program_that_ends(tmp_path: pathlib.Path) -> None:
    """Nor does what it started hold us up by holding its output open."""
    file = tmp_path / "family"
    began = time.monotonic()
    ended = run(
        ["sh", "-c", FAMILY.format(file=file, then="echo done")],
        folder=tmp_path,
        environment=os.environ,
        clock=Clock(60),
    )
    assert (ended.status, ended.output) == (0, ("done",))
    assert time.monotonic() - began < 10
    members = family(file)
    wait_for(lambda: not any(map(is_alive, members)))


def test_a_late_program_is_ended_with_all_that_it_started(
    tmp_path: pathlib.Path,
) -> None:
    """Also one that does not listen when it is told to end."""
    file = tmp_path / "family"
    script = "trap '' TERM; " + FAMILY.format(
        file=file, then="echo waiting; wait; wait"
    )
    ended = run(
        ["sh", "-c", script],
        folder=tmp_path,
        environment=os.environ,
        clock=Clock(0.5),
    )
    assert ended.timed_out
    assert ended.output == ("waiting",)
    members = family(file)
    wait_for(lambda: not any(map(is_alive, members)))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_program_goes_with_the_process_that_ran_it(
    tmp_path: pathlib.Path, how: signal.Signals
) -> None:
    """On Ctrl-C, and when there is no time to clean up."""
    file = tmp_path / "family"
    command = ["sh", "-c", FAMILY.format(file=file, then="wait")]
    caller = (
        "import os, pathlib\n"
        "from pytest_userstate.outbound.migrations.programs import processes\n"
        "Clock, run = processes.Clock, processes.run\n"
        f"run({command!r}, folder=pathlib.Path('/'), environment=os.environ,"
        " clock=Clock(60))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", caller], stderr=subprocess.DEVNULL
    ) as process:
        members = family(file)
        assert all(map(is_alive, members))
        process.send_signal(how)
    wait_for(lambda: not any(map(is_alive, members)))


def test_only_the_end_of_much_output_is_kept(tmp_path: pathlib.Path) -> None:
    """However much, and however long a line; the rest is counted."""
    script = "seq 100000; printf '%0100000d' 0"
    ended = run(
        ["sh", "-c", script],
        folder=tmp_path,
        environment=os.environ,
        clock=Clock(60),
    )
    assert ended.left_out + len(ended.output) == 100_001
    assert len(ended.output) <= 1_000
    assert ended.output[-2] == "100000"
    assert set(ended.output[-1]) == {"0"}
    assert len(ended.output[-1]) < 10_000


def test_a_report_is_heard_to_its_end(tmp_path: pathlib.Path) -> None:
    """What was written before the program ended is not lost."""
    heard: list[bytes] = []
    read, write = os.pipe()
    ended = run(
        [sys.executable, "-c", f"import os; os.write({write}, b'x' * 65000 + b'end')"],
        folder=tmp_path,
        environment=os.environ,
        clock=Clock(60),
        report=Report(read, write, heard.append),
    )
    assert ended.status == 0
    assert b"".join(heard) == b"x" * 65000 + b"end"
    for descriptor in (read, write):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_there_is_no_input(tmp_path: pathlib.Path) -> None:
    """A question gets the end of the file, and does not wait."""
    ended = run(
        ["sh", "-c", "read answer || echo nothing to read"],
        folder=tmp_path,
        environment=os.environ,
        clock=Clock(20),
    )
    assert ended.output == ("nothing to read",)
