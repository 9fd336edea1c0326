"""What is made of what a watched tool says."""

from __future__ import annotations

import json
import pathlib

import pytest

from pytest_userstate.outbound.migrations.programs.runner import (
    ExecutedStatements,
    Progress,
)


@pytest.fixture
def clock() -> list[bool]:
    """Return a list that gets longer when the clock is restarted."""
    return []


@pytest.fixture
def progress(tmp_path: pathlib.Path, clock: list[bool]) -> Progress:
    """Return what has heard nothing yet."""
    return Progress(
        base=tmp_path,
        origin=None,
        bookkeeping=frozenset(),
        restart_clock=lambda *, is_migrating: clock.append(is_migrating),
    )


def line(event: str, **facts: object) -> bytes:
    """Return what a tool would write."""
    return json.dumps({"event": event, **facts}).encode() + b"\n"


def test_the_clock_starts_again_with_each_migration(
    progress: Progress, clock: list[bool], tmp_path: pathlib.Path
) -> None:
    """So that each has the whole time, as has what comes between; however it is cut."""
    text = b"".join(
        line("begin", path=str(tmp_path / f"versions/{number}.py"))
        + line("applied", path=str(tmp_path / f"{number}.py"), parts=[], statements=[])
        for number in (1, 2)
    )
    for byte in text:
        progress.read(bytes([byte]))
    assert clock == [True, False] * 2
    assert (progress.applied, progress.position.path) == (2, "")
    progress.read(line("begin", path=str(tmp_path / "versions/3.py")))
    assert progress.position.path == "versions/3.py"


def test_the_files_of_packages_are_named_by_module(
    progress: Progress, tmp_path: pathlib.Path
) -> None:
    """Also where the virtual environment is in the repository."""
    file = tmp_path / ".venv/lib/python3.12/site-packages/shop/migrations/0001_a.py"
    progress.read(line("begin", path=str(file), module="shop.migrations.0001_a"))
    assert progress.position.path == "shop/migrations/0001_a.py"
    progress.read(line("begin", path="/usr/lib/shop/0001_a.py"))
    assert progress.position.path == "0001_a.py"


def test_the_first_refusal_is_the_one(progress: Progress) -> None:
    """Later ones come of it."""
    progress.read(line("refused", reason="first") + line("refused", reason="second"))
    assert progress.refusal == "first"


@pytest.mark.parametrize(
    ("executed", "found"),
    [
        ([(4, "CREATE TABLE a (x int)"), (0, "INSERT INTO books VALUES (1)")], 4),
        ([(4, "CREATE TABLE a (x int)")], None),
        ([(0, "CREATE TABLE a (x int)"), (0, "INSERT INTO books VALUES (1)")], None),
        ([(4, "CREATE TABLE b (x int)"), (0, "INSERT INTO books VALUES (1)")], None),
        ([(4, "SELECT make()"), (5, "CREATE TABLE a (x int)")], 5),
        ([(4, "SELECT pg_catalog.pg_x(1)"), (5, "CREATE TABLE a ()"), (0, "x")], 5),
        (None, None),
    ],
)
def test_lines_are_given_where_they_are_certain(
    executed: list[tuple[int, str]] | None, found: int | None
) -> None:
    """Not where code may have done it, or something passed the tool by."""
    assert (
        ExecutedStatements.of(executed).of_new(("public", "a"), "relation", "a")
        == found
    )
