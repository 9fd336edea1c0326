"""What is removed of a dead server, and that nothing of anybody else's is."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import typing as typ

import pytest

from pytest_userstate.outbound.postgres import run_folders
from pytest_userstate.outbound.postgres.run_folders import remove_with_server
from tests.helpers import servers

if typ.TYPE_CHECKING:
    import collections.abc as cabc

pytestmark = pytest.mark.skipif(
    not pathlib.Path("/proc/sysvipc/shm").exists(),
    reason="segments are looked for in /proc/sysvipc, which this system does not have",
)
CREATE, EXCLUSIVE, REMOVE = 0o1000, 0o2000, 0
KEY = 0x9000_0000 | os.getpid()  # negative as the system shows it


@pytest.fixture
def libc() -> ctypes.CDLL:
    """Return what makes, attaches, and removes segments."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
    libc.shmdt.argtypes = [ctypes.c_void_p]
    return libc


@contextlib.contextmanager
def made(libc: ctypes.CDLL, key: int) -> cabc.Iterator[int]:
    """Make a segment as that of a server, and give its number."""
    number = libc.shmget(ctypes.c_int(key), 56, CREATE | EXCLUSIVE | 0o600)
    assert number >= 0, os.strerror(ctypes.get_errno())
    try:
        yield number
    finally:
        libc.shmctl(number, REMOVE, None)


@pytest.fixture
def segment(libc: ctypes.CDLL) -> cabc.Iterator[int]:
    """Make a segment."""
    with made(libc, KEY) as number:
        yield number


def leave(folder: pathlib.Path, data: str, *, key: int, number: int) -> pathlib.Path:
    """Leave a run folder as a server does that was killed."""
    path = folder / "run"
    (path / data).mkdir(parents=True)
    lines = ["-1", data, "1", "5432", "", "", f"{key:9} {number:9}"]
    (path / data / "postmaster.pid").write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("data", ["data", "fresh-x1/data"])
def test_a_segment_that_was_left_is_removed(
    tmp_path: pathlib.Path, segment: int, data: str
) -> None:
    """That of the server, and that of an initdb; with them goes the folder."""
    key = KEY | 0xFFFF_FFFF_0000_0000  # as PostgreSQL writes a negative one
    path = leave(tmp_path, data, key=key, number=segment)
    remove_with_server(path)
    assert segment not in servers.segments()
    assert not path.exists()


def test_one_that_is_another_by_now_stays(
    tmp_path: pathlib.Path, segment: int, libc: ctypes.CDLL
) -> None:
    """The number, or the key, has been given to somebody else's."""
    with made(libc, KEY + 1) as another:
        remove_with_server(leave(tmp_path, "data", key=KEY, number=another))
        remove_with_server(leave(tmp_path, "data", key=KEY + 1, number=segment))
        assert {segment, another} <= servers.segments().keys()


def test_one_that_is_used_stays(
    tmp_path: pathlib.Path, segment: int, libc: ctypes.CDLL
) -> None:
    """Somebody has attached it."""
    address = libc.shmat(segment, None, 0)
    try:
        remove_with_server(leave(tmp_path, "data", key=KEY, number=segment))
    finally:
        libc.shmdt(address)
    assert segment in servers.segments()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_one_of_another_user_stays(tmp_path: pathlib.Path, segment: int) -> None:
    """Whoever writes the file cannot have root remove what is not theirs."""
    path = leave(tmp_path, "data", key=KEY, number=segment)
    os.chown(path / "data", 4321, 4321)
    remove_with_server(path)
    assert segment in servers.segments()


@pytest.mark.parametrize("text", ["", "1\n2\n", "1\n" * 6 + "x y\n", "1\n" * 7])
def test_a_file_that_names_none_is_passed_over(
    tmp_path: pathlib.Path, segment: int, text: str
) -> None:
    """Cut short, or not what it should be."""
    path = leave(tmp_path, "data", key=KEY, number=segment)
    (path / "data" / "postmaster.pid").write_text(text)
    remove_with_server(path)
    assert segment in servers.segments()
    assert not path.exists()


def test_an_unlisted_segment_is_left_alone(
    tmp_path: pathlib.Path, segment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on systems that list none in a file."""
    monkeypatch.setattr(run_folders, "SEGMENTS", tmp_path / "nowhere")
    remove_with_server(leave(tmp_path, "data", key=KEY, number=segment))
    assert segment in servers.segments()
