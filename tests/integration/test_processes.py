"""Programs that are run to their end, and what is left of them: nothing."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import typing as typ

import pytest

from pytest_userstate.outbound.migrations.programs.processes import Clock, Report, run
from tests.helpers import servers

if typ.TYPE_CHECKING:
    import collections.abc as cabc

# Starts another one of its group that outlives it, and tells both numbers.
FAMILY = "sleep 300 & echo $$ $! > {file}; {then}"


def is_alive(process: int) -> bool:
    """Whether there is such a process that is no zombie."""
    try:
        state = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] != "Z"


def family(file: pathlib.Path) -> list[int]:
    """Return the numbers that a family wrote."""
    servers.wait_for(lambda: file.exists() and len(file.read_text().split()) == 2)
    return [int(number) for number in file.read_text().split()]


def wait_for_the_end_of(members: list[int]) -> None:
    """Wait until all of a family are gone; fail where one lives on."""
    servers.wait_for(lambda: not any(map(is_alive, members)))


class Until(Clock):
    """A clock whose time is up as soon as something holds."""

    def __init__(self, holds: cabc.Callable[[], object]) -> None:
        """Start it."""
        super().__init__(servers.PATIENCE)
        self._holds = holds

    @property
    def is_up(self) -> bool:
        """Whether it holds."""
        return bool(self._holds())


def test_nothing_outlives_a_program_that_ends(tmp_path: pathlib.Path) -> None:
    """Nor does what it started hold us up by holding its output open."""
    file = tmp_path / "family"
    ended = run(
        ["sh", "-c", FAMILY.format(file=file, then="echo done")],
        folder=tmp_path,
        environment=os.environ,
        clock=Clock(servers.PATIENCE),
    )
    assert (ended.status, ended.output, ended.timed_out) == (0, ("done",), False)
    wait_for_the_end_of(family(file))


def test_a_late_program_is_ended_with_all_that_it_started(
    tmp_path: pathlib.Path,
) -> None:
    """Also one that does not listen when it is told to end."""
    file, is_late = tmp_path / "family", tmp_path / "late"
    script = "trap '' TERM; " + FAMILY.format(
        file=file, then=f"echo waiting; touch {is_late}; wait; wait"
    )
    ended = run(
        ["sh", "-c", script],
        folder=tmp_path,
        environment=os.environ,
        clock=Until(is_late.exists),
    )
    assert ended.timed_out
    assert ended.output == ("waiting",)
    wait_for_the_end_of(family(file))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_program_goes_with_the_process_that_ran_it(
    tmp_path: pathlib.Path, how: signal.Signals
) -> None:
    """On Ctrl-C, and when there is no time to clean up."""
    file = tmp_path / "family"
    command = [
        "sh",
        "-c",
        FAMILY.format(file=file, then="echo heard >/dev/fd/{pipe}; wait"),
    ]
    caller = (
        "import os, pathlib, signal\n"
        "from pytest_userstate.outbound.migrations.programs import processes\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "read, write = os.pipe()\n"
        "hear = lambda data: os.write(1, data)\n"
        f"processes.run([word.replace('{{pipe}}', str(write)) for word in {command!r}],"
        " folder=pathlib.Path('/'), environment=os.environ,"
        " clock=processes.Clock(60), report=processes.Report(read, write, hear))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", caller],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"heard\n"
        members = family(file)
        assert all(map(is_alive, members))
        process.send_signal(how)
    wait_for_the_end_of(members)


def test_interrupted_while_it_starts_a_program_goes_as_well(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its number is not known yet, Ctrl-C has to wait."""
    file, start = tmp_path / "family", subprocess.Popen
    command = ["sh", "-c", FAMILY.format(file=file, then="wait")]

    def start_late(arguments: list[str], **options: typ.Any) -> object:
        process = start(arguments, **options)
        if arguments == command:
            signal.raise_signal(signal.SIGINT)
            family(file)
        return process

    monkeypatch.setattr(subprocess, "Popen", start_late)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run(
                command,
                folder=tmp_path,
                environment=os.environ,
                clock=Clock(servers.PATIENCE),
            )
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    wait_for_the_end_of(family(file))


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
