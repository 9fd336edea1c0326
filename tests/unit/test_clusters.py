"""Data directories that cannot be made: each failure says which program it was."""

from __future__ import annotations

import os
import subprocess
import time
import typing as typ
from pathlib import Path

import pytest

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.postgres import cluster
from pytest_userstate.outbound.postgres.account import server_account
from pytest_userstate.outbound.postgres.binaries import Binaries
from pytest_userstate.outbound.postgres.cluster import make_cluster, read_cluster
from tests.helpers.servers import PATIENCE, open_folder

if typ.TYPE_CHECKING:
    import collections.abc as cabc

DEAF = "trap '' TERM\necho $$ >\"{place}/pid\"\nwhile :; do sleep 0.1; done\n"


@pytest.fixture
def place() -> cabc.Iterator[Path]:
    """Give a test a folder that every account can enter, and write to."""
    with open_folder() as folder:
        folder.chmod(0o777)
        yield folder


def program(place: Path, name: str, text: str) -> None:
    """Write a program of a PostgreSQL that is none."""
    path = place / name
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)


def wait_until(holds: cabc.Callable[[], bool]) -> None:
    """Wait for what has to happen at once, and fail where it does not."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_there(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def failure(place: Path, *, version: str = "18.1", initdb: str = "exit 1") -> str:
    """Return what is said where these programs are to make a data directory."""
    program(place, "postgres", f"echo 'postgres (PostgreSQL) {version}'\n")
    program(place, "initdb", initdb)
    entry = place / "entry"
    entry.mkdir()
    entry.chmod(0o755)
    with pytest.raises(ServerError) as caught:
        make_cluster(
            Binaries(bin_dir=place, origin="a test"),
            server_account(),
            entry,
            workplace=place,
        )
    assert read_cluster(entry) is None
    text = str(caught.value)
    assert text.startswith("the embedded PostgreSQL could not make a data directory.")
    assert f"  program    {place}/initdb\n  from       a test\n" in text
    return text


def test_a_server_that_has_grown_too_old(place: Path) -> None:
    """It was replaced after it had been found."""
    text = failure(place, version="13.2")
    assert text.endswith(f"  {place}/postgres is of version 13.2, older than 14")


def test_an_initdb_that_fails(place: Path) -> None:
    """With its last words."""
    text = failure(place, initdb="echo 'initdb: error: invalid locale' >&2; exit 1\n")
    assert text.endswith("It said:\n  initdb: error: invalid locale")


def test_an_initdb_that_never_ends(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed, whatever it does about it."""
    communicate = cluster._communicate
    told = place / "pid"

    def once_it_is_deaf(process: subprocess.Popen[bytes]) -> str:
        wait_until(lambda: told.exists() and told.read_text().endswith("\n"))
        return communicate(process)

    monkeypatch.setattr(cluster, "_communicate", once_it_is_deaf)
    monkeypatch.setattr(cluster, "INITIALIZE_TIMEOUT", 0.1)
    monkeypatch.setattr(cluster, "END_TIMEOUT", 0.1)
    text = failure(place, initdb=DEAF.format(place=place))
    assert "timed out after 0.1 seconds" in text
    pid = int(told.read_text())
    wait_until(lambda: not is_there(pid))


@pytest.mark.parametrize("text", [None, "", "18 6 x", "18"])
def test_a_manifest_that_says_nothing_makes_no_cluster(
    tmp_path: Path, text: str | None
) -> None:
    """It is written last: a run may have been killed before."""
    if text is not None:
        (tmp_path / cluster.MANIFEST).write_text(text)
    assert read_cluster(tmp_path) is None


def test_an_archive_that_was_lost_or_cut_is_noticed(tmp_path: Path) -> None:
    """By its size, since reading it would take as long as unpacking it."""
    packed = tmp_path / cluster.PACKED
    packed.mkdir()
    for name in cluster.ARCHIVES:
        (packed / name).write_bytes(b"1234")
    (tmp_path / cluster.MANIFEST).write_text("18 1 4 4")
    found = read_cluster(tmp_path)
    assert found
    assert str(found.version) == "18.1"
    assert found.is_intact()
    found.others.write_bytes(b"123")
    assert not found.is_intact()
    found.others.unlink()
    assert not found.is_intact()
