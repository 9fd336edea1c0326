"""Under pytest-xdist the audit runs once, and reports the same."""

from __future__ import annotations

import json

import pytest

from tests.helpers.backends import CHECKS, Backend


def test_the_report_is_the_same_wherever_the_workers_are(
    gaps: Backend, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Byte for byte, also from workers that have none of the repository's files."""
    gaps.configure('[[accept]]\ncheck = "login.schema"\nreason = "later"\n')
    alone = gaps.run()
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    spread = gaps.run("-d", "--tx=popen", f"--tx=popen//chdir={elsewhere}")
    assert spread.status == alone.status == 1, spread.output
    assert json.dumps(spread.report) == json.dumps(alone.report)
    assert spread.output.count("= user-state audit =") == 1
    assert spread.last_line.strip("= ") == alone.last_line.strip("= ")


def test_a_worker_that_dies_during_the_audit_leaves_it_to_the_others(
    backend: Backend,
) -> None:
    """The audit is the controller's: it goes on, and is carried out once."""
    backend.migrate("SELECT pg_sleep(2); CREATE TABLE users (id uuid);")
    backend.write(
        "conftest.py",
        """
        import os, threading

        def pytest_runtest_logstart():
            if os.environ.get("PYTEST_XDIST_WORKER") == "gw0":
                threading.Timer(0.5, os._exit, [1]).start()
        """,
    )
    run = backend.run("-n", "2")
    assert run.status == 1
    assert "worker 'gw0' crashed while running" in run.output
    assert run.report is not None
    assert run.report["target"]["applied"] == 1
    assert run.check("users.schema")["coverage"] == "covered"


def test_selection_and_fail_closed_work_across_processes(covered: Backend) -> None:
    """Partial and vanished checks are told apart under xdist too."""
    covered.configure("")
    partial = covered.run("-n", "2", "-k", "users.schema")
    assert partial.status == 0, partial.output
    assert "the audit is partial" in partial.output
    covered.write("pytest.ini", "[pytest]\naddopts = -k users.schema\n")
    hidden = covered.run("-n", "2")
    assert hidden.status == 1, hidden.output
    assert "these checks did not run, although" in hidden.output
    assert hidden.last_line.endswith("1 passed, 9 vanished checks")


def test_a_tool_failure_is_reported_once(backend: Backend) -> None:
    """Workers share the failure; the report tells it."""
    backend.migrate("CREATE TABLE broken (id nothing);")
    run = backend.run("-n", "2")
    assert run.status == 1
    assert run.report is not None
    assert run.report["error"]["kind"] == "tool"
    assert "001_step.sql" in run.report["error"]["message"]


def test_own_tests_run_beside_the_checks(covered: Backend) -> None:
    """Checks and tests are spread over the same workers."""
    covered.write("tests/test_own.py", "def test_own(): pass\n")
    run = covered.run("-n", "2", "tests")
    assert run.status == 0, run.output
    # The four checks of the axis that is not gated are skipped.
    assert run.last_line.strip("= ") == f"{len(CHECKS) - 4 + 1} passed, 4 skipped"


def test_the_plugin_works_without_xdist(covered: Backend) -> None:
    """Switched off, pytest-xdist is not missed."""
    assert covered.run("-p", "no:xdist").status == 0
