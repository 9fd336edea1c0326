"""Files that are read and written for the user: what can be wrong with them."""

from __future__ import annotations

import errno
import os
import pathlib
import typing as typ

import pytest

from pytest_userstate.domain.errors import (
    MigrationError,
    SnapshotFileError,
    ToolError,
    UsageError,
)
from pytest_userstate.outbound.files import ReportFiles, read_report, read_snapshot_file
from pytest_userstate.outbound.migrations.programs.plan import read_program_file


@pytest.fixture
def repository(tmp_path: pathlib.Path) -> pathlib.Path:
    """Make a repository with a folder of documents."""
    folder = tmp_path / "repository"
    (folder / ".git").mkdir(parents=True)
    (folder / "docs").mkdir()
    return folder


def fail(*_: object, **__: object) -> typ.NoReturn:
    """Do what a full disk does."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("docs", "it is a folder"),
        ("docs/there.md/a/b.md", "docs/there.md is no folder"),
        ("docs/gone/a.md", "a symbolic link leads out of the repository, to "),
        ("nowhere/at/all/a.md", None),
        ("docs/pipe.json", "it is no ordinary file"),
        ("docs/out.md", "a symbolic link leads out of the repository, to "),
        ("docs/loop.md", None),
        ("docs/in.md", None),
        ("docs/new.md", None),
    ],
)
def test_where_nothing_can_be_written_is_told_before_the_run(
    repository: pathlib.Path, path: str, problem: str | None
) -> None:
    """With the option, and the path as it was typed."""
    docs = repository / "docs"
    os.mkfifo(docs / "pipe.json")
    (docs / "out.md").symlink_to(repository.parent / "elsewhere.md")
    (docs / "gone").symlink_to(repository.parent / "elsewhere")
    (docs / "in.md").symlink_to("new.md")
    (docs / "there.md").touch()
    (docs / "loop.md").symlink_to("loop.md")
    files = ReportFiles(repository)
    if problem is None:
        files.check(path)
        return
    with pytest.raises(UsageError) as caught:
        files.check(path)
    assert str(caught.value).startswith(
        f"--userstate-report={path}: cannot be written: {problem}"
    )


def test_a_folder_that_is_closed_is_told_before_the_run(
    repository: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked of the system, which knows more than mode bits."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError, match="the folder docs is not writable"):
        ReportFiles(repository).check("docs/new/a.md")


def test_missing_folders_are_made(repository: pathlib.Path) -> None:
    """By what writes a file, not by what checks that it can be written."""
    files = ReportFiles(repository)
    files.check("docs/new/audits/a.md")
    assert not (repository / "docs/new").exists()
    files.write("docs/new/audits/a.md", "text")
    assert (repository / "docs/new/audits/a.md").read_text() == "text"


@pytest.mark.parametrize("step", ["mkstemp", "replace"])
def test_a_report_is_written_whole_or_not_at_all(
    repository: pathlib.Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The old one stays, and nothing half-written beside it."""
    files = ReportFiles(repository, option="-o", what="schema snapshot")
    files.write("docs/a.md", "old\n")
    owner = "tempfile.mkstemp" if step == "mkstemp" else "pathlib.Path.replace"
    monkeypatch.setattr(owner, fail)
    with pytest.raises(ToolError) as caught:
        files.write("docs/a.md", "new\n")
    assert str(caught.value) == (
        "the schema snapshot docs/a.md cannot be written: No space left on device"
    )
    assert [path.name for path in (repository / "docs").iterdir()] == ["a.md"]
    assert files.read("docs/a.md") == "old\n"


def test_a_report_is_as_open_as_any_new_file(repository: pathlib.Path) -> None:
    """Though it was made as a temporary one, which is closed."""
    mask = os.umask(0o027)
    try:
        ReportFiles(repository).write("docs/a.md", "text\n")
    finally:
        os.umask(mask)
    assert (repository / "docs/a.md").stat().st_mode & 0o777 == 0o640


def test_a_committed_report_that_cannot_be_read_says_why(
    repository: pathlib.Path,
) -> None:
    """None at all is something else."""
    files = ReportFiles(repository)
    (repository / "docs/a.md").write_bytes(b"one\ntwo \xff\n")
    assert files.read("docs/none.md") is None
    with pytest.raises(ToolError, match=r"docs/a\.md:2 cannot be read: it is not U"):
        files.read("docs/a.md")
    with pytest.raises(ToolError, match="the report docs cannot be read: Is a dir"):
        files.read("docs")


def test_a_report_outside_the_repository_has_no_place_in_it(
    repository: pathlib.Path,
) -> None:
    """So that it has no links either."""
    files = ReportFiles(repository / "docs", audited=repository / "docs")
    inside = files.place("a.md")
    assert inside
    assert (inside.file, inside.audited) == ("docs/a.md", "docs")
    assert files.place("../../a.md") is None


def test_an_accepted_report_that_is_not_there_says_how_to_write_it(
    tmp_path: pathlib.Path,
) -> None:
    """And where it was sought."""
    with pytest.raises(FileNotFoundError) as caught:
        read_report(tmp_path / "a.json")
    assert str(caught.value) == (
        f"there is no report {tmp_path / 'a.json'}: write one with pytest "
        "--userstate-audit --userstate-report=a.json"
    )


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (None, "is not there"),
        (pathlib.Path.mkdir, "cannot be read: Is a directory"),
        (lambda path: path.write_bytes(b"\xff"), "is damaged: it is no UTF-8"),
    ],
)
def test_a_snapshot_file_that_cannot_be_read_says_why(
    tmp_path: pathlib.Path,
    make: typ.Callable[[pathlib.Path], object] | None,
    problem: str,
) -> None:
    """By the name that the user gave it."""
    path = tmp_path / "schema.json"
    if make:
        make(path)
    with pytest.raises(SnapshotFileError) as caught:
        read_snapshot_file(path, shown="docs/schema.json")
    assert str(caught.value) == f"docs/schema.json {problem}"


def test_a_program_file_that_cannot_be_read_is_a_finding(
    tmp_path: pathlib.Path,
) -> None:
    """About the repository, by the path in it."""
    (tmp_path / "env.py").mkdir()
    with pytest.raises(MigrationError) as caught:
        read_program_file(tmp_path / "env.py", tmp_path)
    assert str(caught.value) == "env.py cannot be read: Is a directory."
    assert caught.value.path == "env.py"
    (tmp_path / "ini").write_bytes(b"[alembic]")
    assert read_program_file(tmp_path / "ini", tmp_path).path == "ini"
