"""Runs on GitHub: annotations on lines of their own, and the job summary."""

from __future__ import annotations

import pathlib
import re

import pytest

from tests.helpers.backends import JOIN_TABLE, PREFERENCES, USERS, Backend

SHA = "0123456789abcdef0123456789abcdef01234567"
EVIL = '"e\n::stop-commands::x\n##[error]y"'


class Job:
    """A job's environment around a repository."""

    def __init__(self, backend: Backend, summary: pathlib.Path) -> None:
        """Keep both."""
        self.backend = backend
        self.summary = summary

    def run(self, *args: str, **options: bool) -> tuple[int, str]:
        """Run the audit; return exit status and output."""
        run = self.backend.run(
            *args,
            **options,  # type: ignore[arg-type]
            GITHUB_ACTIONS="true",
            GITHUB_WORKSPACE=str(self.backend.path),
            GITHUB_REPOSITORY="owner/name",
            GITHUB_SHA=SHA,
            GITHUB_STEP_SUMMARY=str(self.summary),
        )
        return run.status, run.output


@pytest.fixture
def job(backend: Backend, tmp_path: pathlib.Path) -> Job:
    """Return a job that audits the repository."""
    return Job(backend, tmp_path / "summary.md")


def commands(output: str) -> list[str]:
    """Return the lines that a runner obeys."""
    return [
        line.strip()
        for line in re.split(r"[\r\n]", output)
        if line.lstrip().startswith("::") or "##[" in line
    ]


def test_failed_checks_are_annotated(job: Job) -> None:
    """With the migration to look at; also on a worker's behalf, once."""
    job.backend.migrate(USERS, PREFERENCES, JOIN_TABLE)
    for args in ([], ["-n", "2"], ["-q", "--color=yes", "-s"]):
        job.summary.unlink(missing_ok=True)
        status, output = job.run(*args)
        assert status == 1
        login, interests = commands(output)
        assert login.startswith(
            "::error file=migrations/001_step.sql,line=1,"
            "title=login.schema%3A migration required::no storage of login"
        )
        assert interests.startswith(
            "::error file=migrations/002_step.sql,line=1,"
            "title=interests.schema%3A migration required::interests is"
        )
        told = job.summary.read_text()
        assert told.count("# User-state audit\n") == 1
        assert f"https://github.com/owner/name/blob/{SHA}/migrations" in told


def test_a_migration_that_fails_is_annotated_once(job: Job) -> None:
    """Where it fails, and not once for each check."""
    job.backend.migrate(USERS, "SELECT 1;\nSELECT nonsense;")
    for args in ([], ["-n", "2"]):
        status, output = job.run(*args)
        assert status == 1
        (line,) = commands(output)
        assert line.startswith("::error file=migrations/002_step.sql,line=2,title=")
    assert "Status: **error**" in job.summary.read_text()


def test_a_usage_error_is_annotated(job: Job) -> None:
    """Although no terminal summary is written then."""
    status, output = job.run(report=False)
    assert status == 4
    (line,) = commands(output)
    assert line.startswith("::error title=user-state audit::No migrations were found")


def test_no_name_becomes_a_command(job: Job) -> None:
    """Neither a table's, nor one in an error message, nor one of planned work."""
    job.backend.migrate(
        USERS, PREFERENCES, f"ALTER TABLE user_preferences ADD {EVIL} int;"
    )
    job.backend.configure(
        """
        [[downstream]]
        id = "::set-output name::b"
        title = "x"
        needs = ["login.schema"]
        """
    )
    status, output = job.run("-rA", "-v")
    assert status == 1
    assert len(commands(output)) == 1
    job.backend.migrate(USERS, f"SELECT {EVIL};")
    status, output = job.run("-rA", "-v")
    assert status == 1
    (line,) = commands(output)
    assert line.startswith("::error file=migrations/002_step.sql")


def test_an_outdated_report_is_annotated(job: Job) -> None:
    """With what differs."""
    job.backend.migrate(USERS)
    job.backend.write("audit.md", "old\n")
    _, output = job.run("--userstate-check-report=audit.md", "--userstate-gate=wiring")
    found = [line for line in commands(output) if "committed report" in line]
    assert found[0].startswith(
        "::error file=audit.md,title=committed report::audit.md no longer says what "
        "the audit says ("
    )


def test_a_summary_that_cannot_be_written_is_a_warning(job: Job) -> None:
    """The run is as green as before."""
    job.summary.mkdir()
    job.backend.migrate(USERS)
    status, output = job.run("-k", "users.schema")
    assert status == 0, output
    (line,) = commands(output)
    assert line.startswith("::warning title=user-state audit::the job summary")


def test_elsewhere_there_are_no_commands(job: Job) -> None:
    """Nor a summary."""
    job.backend.migrate(USERS)
    run = job.backend.run(GITHUB_STEP_SUMMARY=str(job.summary))
    assert run.status == 1
    assert commands(run.output) == []
    assert not job.summary.exists()
