"""Each way of selecting checks, and what counts as asked for."""

from __future__ import annotations

import pytest

from tests.helpers.backends import CHECKS, Backend


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["-k", "users.schema"], {"users.schema"}),
        (["-m", "userstate", "-k", "interests.revision"], {"interests.revision"}),
        (["userstate.toml::users.schema"], {"users.schema"}),
        (["--deselect", "userstate.toml::login.schema"], {*CHECKS} - {"login.schema"}),
    ],
)
def test_a_typed_selection_makes_the_audit_partial(
    covered: Backend, args: list[str], expected: set[str]
) -> None:
    """What was typed may reduce the checks; summary and report say so."""
    covered.configure("")
    run = covered.run(*args)
    assert run.status == 0, run.output
    assert run.report is not None
    assert run.report["complete"] is False
    assert run.report["status"] == "passed"
    ran = {check for check, how in run.outcomes().items() if how != "deselected"}
    assert ran == expected
    assert "the audit is partial" in run.output


def test_a_whole_run_is_complete(covered: Backend) -> None:
    """Without any selection the report is complete."""
    run = covered.run()
    assert run.report is not None
    assert (run.status, run.report["complete"]) == (0, True)
    assert "partial" not in run.output


def test_last_failed_reruns_the_failed_checks(gaps: Backend) -> None:
    """`--lf` runs the checks that failed, and nothing else."""
    gaps.configure("")
    assert gaps.run().status == 1
    again = gaps.run("--lf")
    assert again.status == 1, again.output
    ran = {check for check, how in again.outcomes().items() if how != "deselected"}
    assert ran == {"login.schema", "interests.schema"}
    assert "did not run, although" not in again.output


def test_exit_first_stops_and_says_partial(gaps: Backend) -> None:
    """`-x` stops at the first failure; the rest is not held against anybody."""
    run = gaps.run("-x")
    assert run.status == 1
    assert "the audit is partial" in run.output
    assert "did not run, although" not in run.output


def test_stepwise_goes_on_where_it_stopped(gaps: Backend) -> None:
    """`--sw` works as for any test."""
    gaps.configure("")
    stopped = pytest.ExitCode.INTERRUPTED
    assert gaps.run("--sw").status == stopped
    again = gaps.run("--sw")
    assert again.status == stopped
    assert "the audit is partial" in again.output
    assert "did not run, although" not in again.output


def test_the_cache_provider_is_not_needed(covered: Backend) -> None:
    """`-p no:cacheprovider` makes no difference to the audit."""
    assert covered.run("-p", "no:cacheprovider").status == 0


def test_the_terminal_is_not_needed(gaps: Backend) -> None:
    """`-p no:terminal` still gates, and still writes the report."""
    run = gaps.run("-p", "no:terminal")
    assert run.status == 1
    assert run.outcomes()["login.schema"] == "failed"


def test_selecting_no_check_never_exits_with_zero(covered: Backend) -> None:
    """An audit that ran no check is not green, even if a test passed."""
    covered.write("tests/test_own.py", "def test_own(): pass\n")
    run = covered.run("tests", "-k", "test_own")
    assert run.status not in {0, 1}, run.output
    assert run.report is not None
    assert run.report["status"] == "error"
    nothing = covered.run("-k", "nothing_at_all")
    assert nothing.status == 5, nothing.output


@pytest.mark.parametrize(
    "addopts",
    [
        "-k users.schema",
        "-m 'not userstate'",
        "--deselect=userstate.toml::login.schema",
        "userstate.toml::users.schema",
    ],
)
def test_checks_that_addopts_hide_fail_the_run(covered: Backend, addopts: str) -> None:
    """A selection that nobody typed fails the run and names the checks."""
    covered.configure("")
    covered.write("pytest.ini", f"[pytest]\naddopts = {addopts}\n")
    run = covered.run()
    assert run.status == 1, run.output
    assert "these checks did not run, although" in run.output
    assert run.report is not None
    vanished = run.report["vanished"]
    assert "login.schema" in vanished
    assert f", {len(vanished)} vanished check" in run.last_line


def test_checks_that_the_environment_hides_fail_the_run(covered: Backend) -> None:
    """PYTEST_ADDOPTS is not the command line either."""
    run = covered.run(PYTEST_ADDOPTS="-k users.schema")
    assert run.status == 1, run.output
    assert "login.schema" in run.output


@pytest.mark.parametrize(
    "hook",
    [
        "def pytest_collection_modifyitems(items): del items[0]",
        (
            "def pytest_collection_modifyitems(config, items):\n"
            "    config.hook.pytest_deselected(items=[items.pop(0)])"
        ),
        (
            "import pytest\ndef pytest_collection_modifyitems(items):\n"
            "    items[0].add_marker(pytest.mark.skip(reason='quiet'))"
        ),
        (
            "import pytest\n@pytest.hookimpl(tryfirst=True)\n"
            "def pytest_runtest_protocol(item): return True"
        ),
    ],
)
def test_checks_that_a_hook_hides_fail_the_run(covered: Backend, hook: str) -> None:
    """Whatever a conftest does to the checks, the gate does not turn green."""
    covered.configure("")
    covered.write("conftest.py", hook + "\n")
    run = covered.run()
    assert run.status == 1, run.output
    assert "login.schema" in run.output


def test_ignoring_the_file_does_not_hide_the_checks(covered: Backend) -> None:
    """The file is collected as if it had been typed, so `--ignore` loses."""
    covered.configure("")
    covered.write("pytest.ini", "[pytest]\naddopts = --ignore=userstate.toml\n")
    assert len(covered.run().outcomes()) == len(CHECKS)


def test_a_failing_check_cannot_be_expected_to_fail_by_a_hook(gaps: Backend) -> None:
    """An xfail mark from elsewhere does not turn a finding green."""
    gaps.write(
        "conftest.py",
        """
        import pytest
        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker(pytest.mark.xfail(strict=False))
        """,
    )
    run = gaps.run()
    assert run.status == 1, run.output
    assert "reported otherwise than the gate decided" in run.output
    assert "contradicted check" in run.last_line


def test_hiding_in_addopts_counts_beside_a_typed_selection(covered: Backend) -> None:
    """A typed -m does not excuse what -k in addopts leaves out."""
    covered.configure("")
    covered.write("pytest.ini", "[pytest]\naddopts = -k users.schema\n")
    assert covered.run("-m", "userstate").status == 1
    assert covered.run("-k", "login.schema").status == 0
