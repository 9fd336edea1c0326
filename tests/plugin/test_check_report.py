"""``--userstate-check-report``: committed reports, held against the audit."""

from __future__ import annotations

import pytest

from tests.helpers.backends import Backend

DOCUMENTS = ("docs/audit.md", "docs/audit.json")
CHECKED = [f"--userstate-check-report={name}" for name in DOCUMENTS]


@pytest.fixture
def recorded(covered: Backend) -> Backend:
    """Return a repository whose reports are committed."""
    (covered.path / "docs").mkdir()
    run = covered.run(*(f"--userstate-report={name}" for name in DOCUMENTS))
    assert run.status == 0, run.output
    return covered


def test_current_reports_pass(recorded: Backend) -> None:
    """They are named in the terminal and in the report, and not written."""
    before = [(recorded.path / name).stat().st_mtime_ns for name in DOCUMENTS]
    run = recorded.run(*CHECKED)
    assert run.status == 0, run.output
    assert "docs/audit.md says what the audit says" in run.output
    assert run.report
    assert [each["status"] for each in run.report["documents"]] == ["current"] * 2
    assert before == [(recorded.path / name).stat().st_mtime_ns for name in DOCUMENTS]


def test_outdated_reports_fail_with_the_difference(recorded: Backend) -> None:
    """Under xdist as well; with the command that renews each, as it was asked."""
    recorded.write("migrations/004_more.sql", "CREATE TABLE more (id int);\n")
    gate = "--userstate-gate=schema"
    run = recorded.run(*CHECKED, gate, "-n", "2")
    assert run.status == 1, run.output
    assert "docs/audit.md no longer says what the audit says" in run.output
    assert "4 applied in turn to an empty database\n" in run.output
    assert "- target.applied: 3\n" in run.output
    for name in DOCUMENTS:
        assert (
            "renew it with: pytest --userstate-audit --userstate-gate=schema "
            f"--userstate-report={name}\n" in run.output
        )
    assert run.output.count("docs/audit.md no longer") == 1
    assert run.report
    assert run.report["status"] == "failed"
    assert [each["status"] for each in run.report["documents"]] == ["outdated"] * 2
    assert run.last_line.endswith("= 6 passed, 4 skipped, 2 reports not current")


def test_a_missing_report_fails_with_the_command_that_writes_it(
    covered: Backend,
) -> None:
    """And is not written."""
    run = covered.run("--userstate-check-report=docs/audit.md", report=False)
    assert run.status == 1
    assert "docs/audit.md does not exist" in run.output
    command = "pytest --userstate-audit --userstate-report=docs/audit.md"
    assert f"write it with: {command}\n" in run.output
    assert not (covered.path / "docs").exists()


def test_the_last_line_is_red_where_only_a_report_fails(covered: Backend) -> None:
    """And no plugin stumbles that looks through all that was reported."""
    covered.write(
        "conftest.py",
        """
        import pytest
        @pytest.hookimpl(trylast=True)
        def pytest_terminal_summary(terminalreporter):
            for reports in terminalreporter.stats.values():
                for report in reports:
                    assert vars(report) and report.nodeid
        """,
    )
    checked = "--userstate-check-report=docs/audit.md"
    run = covered.run(checked, "--color=yes", report=False)
    assert run.status == 1
    assert "Traceback" not in run.output
    red, green, yellow = (f"\x1b[{code}m" for code in (31, 32, 33))
    assert run.last_line.startswith(f"{red}=")
    assert f"{green}6 passed" in run.last_line
    assert f"{yellow}1 report not current" in run.last_line


def test_a_partial_audit_is_not_compared(recorded: Backend) -> None:
    """A selection that was typed is allowed, but nothing was checked then."""
    run = recorded.run(*CHECKED, "-k", "users.schema")
    assert run.status == 1
    assert "docs/audit.md was not compared, since the audit is partial" in run.output
    assert "renew it with" not in run.output


def test_only_collecting_compares_nothing(recorded: Backend) -> None:
    """As it audits nothing."""
    run = recorded.run(*CHECKED, "--collect-only", report=False)
    assert run.status == 0, run.output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["--userstate-check-report=a.txt"],
            "--userstate-check-report=a.txt: the format follows from the suffix",
        ),
        (
            ["--userstate-check-report=./a.md", "--userstate-report=a.md"],
            "--userstate-check-report=./a.md: --userstate-report writes the same file",
        ),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(
    covered: Backend, args: list[str], message: str
) -> None:
    """Told before anything is audited."""
    run = covered.run(*args, report=False)
    assert run.status == 4
    assert message in run.output
    assert "goes with --userstate-audit" in covered.run(*args[:1], audit=False).output


def test_a_folder_is_no_report(covered: Backend) -> None:
    """It is told what it is."""
    (covered.path / "audit.md").mkdir()
    run = covered.run("--userstate-check-report=audit.md", report=False)
    assert run.status == 1
    assert "audit.md was not compared: the report audit.md cannot be read" in run.output
