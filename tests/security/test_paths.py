"""Files are read and written where somebody said, whatever links lie on the way."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.domain.errors import (
    ConfigurationError,
    MigrationError,
    TargetNotFoundError,
    UsageError,
)
from pytest_userstate.outbound.configuration_file import read_configuration
from pytest_userstate.outbound.files import ReportFiles
from pytest_userstate.outbound.migrations.finding.discovery import locate


@pytest.fixture
def repository(tmp_path: pathlib.Path) -> pathlib.Path:
    """Make a repository, beside which there is something precious."""
    root = tmp_path / "repository"
    (root / "docs").mkdir(parents=True)
    (root / ".git").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/precious.json").write_text("precious")
    return root


@pytest.mark.parametrize(
    ("link", "target", "report"),
    [
        ("report.json", "../outside/precious.json", "report.json"),
        ("report.json", "../outside/new.json", "report.json"),
        ("out", "../outside", "out/precious.json"),
        ("docs/up", "..", "docs/up/../outside/precious.json"),
    ],
)
def test_no_report_is_written_out_of_the_repository(
    repository: pathlib.Path, link: str, target: str, report: str
) -> None:
    """A link of the repository's does not lead what is written elsewhere."""
    (repository / link).symlink_to(target)
    with pytest.raises(UsageError) as refusal:
        ReportFiles(repository).check(report)
    assert "leads out of the repository" in str(refusal.value)
    assert str(repository.parent / "outside") in str(refusal.value)


@pytest.mark.parametrize(
    ("link", "target", "report"),
    [
        ("report.json", "docs/report.json", "report.json"),
        ("out", "docs", "out/report.json"),
        ("report.json", "report.json", "report.json"),  # leads nowhere: is replaced
    ],
)
def test_links_within_the_repository_are_followed(
    repository: pathlib.Path, link: str, target: str, report: str
) -> None:
    """Nothing is written that the repository does not hold."""
    (repository / link).symlink_to(target)
    files = ReportFiles(repository)
    files.check(report)
    files.write(report, "{}")
    assert (repository / report).read_text() == "{}"
    assert files.read(report) == "{}"


def test_who_names_a_place_outside_means_it(repository: pathlib.Path) -> None:
    """A path is the user's own word."""
    files = ReportFiles(repository)
    for report in ("../outside/a.json", str(repository.parent / "outside/b.json")):
        files.check(report)
        files.write(report, "{}")
    (repository.parent / "link.json").symlink_to("outside/precious.json")
    files.check("../link.json")


def test_a_migration_that_links_to_itself_is_an_error(
    repository: pathlib.Path,
) -> None:
    """It is named, and not left out."""
    folder = repository / "migrations"
    folder.mkdir()
    (folder / "1.sql").write_text("SELECT 1;")
    (folder / "2.sql").symlink_to("2.sql")
    with pytest.raises(MigrationError, match=r"migrations/2\.sql .*leads to itself"):
        locate(root=repository, base=repository, path=str(folder))


def test_a_folder_that_links_to_itself_is_not_there(repository: pathlib.Path) -> None:
    """Nor does one beside it keep the search from its end."""
    (repository / "migrations").symlink_to("migrations")
    with pytest.raises(TargetNotFoundError, match="there is no such folder"):
        locate(root=repository, base=repository, path=str(repository / "migrations"))
    with pytest.raises(TargetNotFoundError, match="No migrations were found"):
        locate(root=repository, base=repository, path=None)


def test_a_configuration_that_is_nested_too_deeply_is_an_error(
    repository: pathlib.Path,
) -> None:
    """As is any other that is not to be read."""
    file = repository / "userstate.toml"
    file.write_text("a = " + "[" * 100_000)
    with pytest.raises(ConfigurationError, match="nested too deeply"):
        read_configuration(file, repository)
