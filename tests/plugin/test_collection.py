"""What is collected with `--userstate-audit`, and from where."""

from __future__ import annotations

import pytest

from tests.helpers.backends import CHECKS, Backend

ONLY_CHECKS = "only the checks are collected"


def collected(backend: Backend, *args: str, cwd: str = ".") -> list[str]:
    """Return the node ids that a dry run collects."""
    run = backend.run("--collect-only", "-q", *args, cwd=cwd, report=False)
    assert run.status == 0, run.output
    return [line for line in run.output.splitlines() if "::" in line]


def test_checks_stand_under_the_configuration_file(covered: Backend) -> None:
    """With a userstate.toml, the checks are its items, in matrix order."""
    covered.configure("")
    assert collected(covered) == [f"userstate.toml::{check}" for check in CHECKS]


def test_checks_stand_under_pyproject_when_it_configures(covered: Backend) -> None:
    """A [tool.userstate] table makes pyproject.toml the file."""
    covered.write("pyproject.toml", "[tool.userstate]\nschemas = ['public']\n")
    assert collected(covered)[0] == "pyproject.toml::login.schema"


@pytest.mark.parametrize("ini", ["pytest.ini", "tox.ini", "setup.cfg"])
def test_checks_stand_under_the_ini_file_otherwise(covered: Backend, ini: str) -> None:
    """Without a configuration, pytest's own file holds them."""
    section = "[tool:pytest]" if ini == "setup.cfg" else "[pytest]"
    covered.write(ini, f"{section}\nminversion = 8\n")
    assert collected(covered)[0] == f"{ini}::login.schema"


def test_checks_stand_under_the_first_migration_at_last(covered: Backend) -> None:
    """Without any other file, the first migration holds them."""
    assert collected(covered)[0] == "migrations/001_step.sql::login.schema"


def test_nothing_else_is_collected_or_imported(covered: Backend) -> None:
    """Without path arguments and testpaths, a broken Python file is not touched."""
    covered.write("tools/test_helper.py", "import no_such_module\n")
    covered.write("test_at_root.py", "raise SystemExit('imported')\n")
    run = covered.run()
    assert run.status == 0, run.output
    assert ONLY_CHECKS in run.output
    assert len(run.outcomes()) == len(CHECKS)


def test_checks_are_added_to_a_path_argument(covered: Backend) -> None:
    """With a path, its tests are collected too, and the header says nothing."""
    covered.write("tests/test_own.py", "def test_own(): pass\n")
    run = covered.run("tests")
    assert run.status == 0, run.output
    assert ONLY_CHECKS not in run.output
    assert "7 passed, 4 skipped" in run.output


def test_testpaths_ask_for_no_tests(covered: Backend) -> None:
    """With testpaths, too, only the checks run unless a path is typed."""
    covered.write("pytest.ini", "[pytest]\ntestpaths = tests\n")
    covered.write("tests/test_own.py", "def test_own(): pass\n")
    run = covered.run()
    assert "6 passed, 4 skipped" in run.output
    assert ONLY_CHECKS in run.output
    assert "7 passed, 4 skipped" in covered.run("tests").output


def test_an_audit_in_addopts_is_added_to_testpaths(covered: Backend) -> None:
    """The repository's tests go on running when the audit is part of every run."""
    covered.write(
        "pytest.ini", "[pytest]\ntestpaths = tests\naddopts = --userstate-audit\n"
    )
    covered.write("tests/test_own.py", "def test_own(): pass\n")
    assert "7 passed, 4 skipped" in covered.run(audit=False).output


@pytest.mark.parametrize("args", [[], ["-n2"]], ids=["alone", "distributed"])
def test_the_checks_do_without_the_conftest_of_the_tests(
    covered: Backend, args: list[str]
) -> None:
    """What the tests need need not be installed; the header says so."""
    covered.write("tests/conftest.py", "import no_such_module\n")
    covered.write("pytest.ini", "[pytest]\ntestpaths = tests\n")
    run = covered.run(*args)
    assert run.status == 0, run.output
    assert len(run.outcomes()) == len(CHECKS)
    line = "userstate: tests/conftest.py cannot be loaded (ModuleNotFoundError: "
    assert line in run.output


@pytest.mark.parametrize(
    ("conftest", "args"), [("conftest.py", []), ("tests/conftest.py", ["tests"])]
)
def test_a_conftest_that_is_needed_is_reported(
    covered: Backend, conftest: str, args: list[str]
) -> None:
    """The root's may configure the audit: pytest ends, and the report says why."""
    covered.write(conftest, "import no_such_module\n")
    run = covered.run(*args)
    assert run.status == 4, run.output
    assert run.report is not None
    assert run.report["error"] == {
        "kind": "usage",
        "message": f"{conftest}: ModuleNotFoundError: No module named 'no_such_module'",
    }


def test_checks_are_collected_once(covered: Backend) -> None:
    """A folder argument that holds the file does not collect it twice."""
    covered.configure("")
    assert len(collected(covered, ".")) == len(CHECKS)
    assert len(collected(covered, ".", "userstate.toml")) == len(CHECKS)


def test_the_file_can_be_a_path_argument(covered: Backend) -> None:
    """`pytest --userstate-audit userstate.toml` collects the checks alone."""
    covered.configure("")
    covered.write("test_own.py", "def test_own(): pass\n")
    assert len(collected(covered, "userstate.toml")) == len(CHECKS)


def test_a_node_id_selects_one_check(covered: Backend) -> None:
    """A node id that was printed can be typed."""
    covered.configure("")
    assert collected(covered, "userstate.toml::users.schema") == [
        "userstate.toml::users.schema"
    ]


def test_the_audit_runs_from_a_subdirectory(covered: Backend) -> None:
    """Configuration and migrations are found from a folder below."""
    covered.configure("")
    (covered.path / "src/deep").mkdir(parents=True)
    run = covered.run(cwd="src/deep")
    assert run.status == 0, run.output
    assert run.report is not None
    assert run.report["target"]["path"] == "migrations"
    names = collected(covered, cwd="src/deep")
    assert names[0] == "../../userstate.toml::login.schema"
    again = covered.run(names[2], cwd="src/deep")
    assert again.status == 0, again.output
    assert "1 passed" in again.output


def test_nothing_is_collected_without_the_option(covered: Backend) -> None:
    """A plain pytest run neither audits nor collects the checks."""
    covered.configure("")
    run = covered.run(audit=False)
    assert run.status == 5, run.output
    assert "userstate:" not in run.output
    assert "user-state audit" not in run.output


def test_collecting_starts_no_server(covered: Backend) -> None:
    """`--collect-only` needs no PostgreSQL at all."""
    covered.configure("")
    assert len(collected(covered, "--postgresql-exec=/nowhere/pg_ctl")) == len(CHECKS)


def test_the_marker_is_registered(covered: Backend) -> None:
    """`-m userstate` works with strict markers, whether or not an audit runs."""
    run = covered.run("--markers", audit=False)
    assert "@pytest.mark.userstate: a check of the user-state audit" in run.output
    assert covered.run("-m", "userstate", "--strict-markers").status == 0
