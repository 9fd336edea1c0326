"""The command ``pytest-userstate``, as a user calls it."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest

from pytest_userstate.console import main
from pytest_userstate.domain.advisories import RULES
from pytest_userstate.domain.coverage import (
    Axis,
    ConflictCoverage,
    EntitySchemaCoverage,
    InterestsStorageCoverage,
    LoginSchemaCoverage,
    RevisionCoverage,
    RuntimeWiring,
)
from tests.helpers.markdown import ROOT

COVERAGES = (
    *EntitySchemaCoverage,
    *LoginSchemaCoverage,
    *InterestsStorageCoverage,
    *RevisionCoverage,
    *ConflictCoverage,
    *RuntimeWiring,
)


def call(folder: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, in a process without pytest's own settings."""
    program = "import sys; from pytest_userstate.console import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_command_audits_without_plugins_that_an_audit_does_not_use(
    tmp_path: pathlib.Path,
) -> None:
    """It takes options of pytest, and returns pytest's exit status."""
    shutil.copytree(ROOT / "tests/features/migrations", tmp_path / "migrations")
    finished = call(tmp_path, "-k", "users.schema", "-p", "no:cacheprovider")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "1 passed" in finished.stdout
    assert "warning" not in finished.stdout
    plugins = next(
        (line for line in finished.stdout.splitlines() if "plugins:" in line), ""
    )
    assert "userstate" in plugins
    assert "," not in plugins, "any other plugin, such as those of the tests"
    elsewhere = call(tmp_path, "--postgresql-exec=/nowhere/bin/pg_ctl")
    assert elsewhere.returncode == pytest.ExitCode.USAGE_ERROR
    assert "/nowhere/bin/pg_ctl" in elsewhere.stderr
    assert "unrecognized" not in elsewhere.stderr


def test_settings_for_the_tests_of_the_repository_do_not_stop_an_audit(
    tmp_path: pathlib.Path,
) -> None:
    """They name plugins and classes that `uvx` does not install."""
    shutil.copytree(ROOT / "tests/features/migrations", tmp_path / "migrations")
    settings = """[pytest]
addopts = --cov=app --no-such-option
required_plugins = pytest-cov
filterwarnings = error::sqlalchemy_of_nobody.SAWarning
"""
    (tmp_path / "pytest.ini").write_text(settings)
    (tmp_path / "conftest.py").write_text("raise SystemExit('imported')\n")
    finished = call(tmp_path, "-k", "users.schema", "-p", "no:cacheprovider")
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_the_status_of_a_failed_audit_is_pytests(tmp_path: pathlib.Path) -> None:
    """A folder without migrations is a usage error."""
    finished = call(tmp_path)
    assert finished.returncode == pytest.ExitCode.USAGE_ERROR
    assert "No migrations were found" in finished.stderr


@pytest.mark.parametrize(
    "topic",
    [*RULES, *Axis, *COVERAGES, "interests.conflict", "dual model", "facts", "drafts"],
)
def test_every_answer_of_an_audit_can_be_explained(
    topic: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Codes, axes, checks, and coverages."""
    assert main(["explain", topic]) == 0
    text, errors = capsys.readouterr()
    assert not errors
    assert topic.rpartition(".")[2].replace(" ", "_") in text.casefold() + text
    assert "](" not in text, "a link of a page that a terminal cannot follow"
    assert "<!--" not in text


def test_an_explanation_of_a_check_is_about_its_axis(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not about the entity, nor about another axis."""
    assert main(["explain", "consents.revision"]) == 0
    assert capsys.readouterr().out.startswith("revision: does the storage keep")


def test_an_unknown_topic_is_an_error_that_names_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the command that lists the topics."""
    assert main(["explain", "US2o4"]) == pytest.ExitCode.USAGE_ERROR
    errors = capsys.readouterr().err
    assert "nothing is documented about 'US2o4'. Did you mean US204?" in errors
    assert "`pytest-userstate explain` lists the topics" in errors


def test_topics_and_usage_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a topic, and with --help."""
    assert main(["explain"]) == 0
    assert "US204\n" in capsys.readouterr().out
    assert main(["--help"]) == 0
    assert "pytest-userstate explain [TOPIC]" in capsys.readouterr().out
