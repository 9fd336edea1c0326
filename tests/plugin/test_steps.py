"""The steps for pytest-bdd, in whole runs of a repository of its own."""

from __future__ import annotations

import re

import pytest

from tests.helpers.backends import Backend

FEATURE = """
Feature: Own
  Scenario: Covered
    Given the user-state baseline
    When the user-state audit runs
    Then the user-state check "users.schema" is covered

  Scenario Outline: Dropped
    Given the user-state table "<table>" is missing
    When the user-state audit runs
    Then the user-state check "<check>" is missing

    Examples:
      | table            | check            |
      | user_credentials | login.schema     |
      | user_preferences | interests.schema |
"""
BINDING = """
from pytest_bdd import scenarios

scenarios("own.feature")
"""


@pytest.fixture
def featured(covered: Backend) -> Backend:
    """Return a covered repository with a feature and nothing but its binding."""
    covered.write("tests/own.feature", FEATURE)
    covered.write("tests/test_own.py", BINDING)
    return covered


@pytest.mark.parametrize(
    "args",
    [
        ("-W", "error"),
        ("--strict-markers", "--strict-config"),
        ("--import-mode=importlib",),
        ("-n", "2"),
        ("-p", "no:cacheprovider", "--gherkin-terminal-reporter", "-v"),
    ],
    ids=" ".join,
)
def test_the_steps_are_there_without_an_import(
    featured: Backend, args: tuple[str, ...]
) -> None:
    """Whichever way pytest is run."""
    run = featured.run(*args, audit=False)
    assert run.status == 0, run.output
    assert "3 passed" in run.output


def test_the_steps_work_beside_an_audit(featured: Backend) -> None:
    """Checks and scenarios share a run."""
    run = featured.run("tests", "-k", "covered or users.schema")
    assert run.status == 0, run.output
    assert "2 passed" in run.output


SAME_TEXT = """
from pytest_bdd import given, parsers, then, when

@given("the user-state baseline")
def baseline():
    print("OWN given")

@when("the user-state audit runs")
def audit():
    print("OWN when")

@then(parsers.parse('the user-state check "{check}" is covered'))
def covered(check):
    print("OWN then", check)
"""


@pytest.mark.parametrize("place", ["module", "conftest", "root conftest", "plugin"])
def test_a_users_own_step_of_the_same_text_wins(featured: Backend, place: str) -> None:
    """Wherever it is defined: beside the scenario, in a conftest, or in a plugin."""
    match place:
        case "module":
            featured.write("tests/test_own.py", BINDING + SAME_TEXT)
        case "conftest":
            featured.write("tests/conftest.py", SAME_TEXT)
        case "root conftest":
            featured.write("conftest.py", SAME_TEXT)
        case _:
            featured.write("our_steps.py", SAME_TEXT)
            featured.write("conftest.py", 'pytest_plugins = ["our_steps"]\n')
    run = featured.run("-s", "-k", "covered", audit=False)
    assert run.status == 0, run.output
    for step in ("OWN given", "OWN when", "OWN then users.schema"):
        assert step in run.output


def test_own_steps_stand_beside_ours(featured: Backend) -> None:
    """A scenario mixes both, and finds the report in a fixture."""
    featured.write(
        "tests/test_own.py",
        """
        from pytest_bdd import scenarios, then

        scenarios("own.feature")

        @then("somebody is told")
        def told(userstate_scenario, userstate_connection):
            assert userstate_scenario.report.users_coverage == "covered"
            userstate_connection.execute("SELECT FROM users")
        """,
    )
    featured.write(
        "tests/own.feature",
        """
        Feature: Own
          Scenario: Mixed
            When the user-state audit runs
            Then somebody is told
        """,
    )
    run = featured.run(audit=False)
    assert run.status == 0, run.output


def test_without_pytest_bdd_everything_else_works(covered: Backend) -> None:
    """Steps need it; fixtures, assertions and the audit do not."""
    covered.write(
        "tests/test_own.py",
        """
        import sys

        from pytest_userstate.assertions import assert_check, assert_table

        def test_own(userstate_report, userstate_connection):
            assert_check(userstate_report, "users.schema").is_covered()
            assert_table(userstate_connection, "users").has_column("id")
            assert "pytest_bdd" not in sys.modules
        """,
    )
    run = covered.run("tests", "-p", "no:pytest-bdd", "-W", "error")
    assert run.status == 0, run.output
    assert "7 passed, 4 skipped" in run.output


def test_a_plugin_loaded_by_its_module_name_counts_as_active(featured: Backend) -> None:
    """With autoloading off, both plugins can be named on the command line."""
    run = featured.run(
        *("-p", "pytest_userstate.plugin", "-p", "pytest_bdd.plugin"),
        audit=False,
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
    )
    assert run.status == 0, run.output
    assert "3 passed" in run.output


def test_a_run_without_scenarios_loads_no_step(covered: Backend) -> None:
    """The phrases, the domain and the driver are left where they are."""
    covered.write(
        "tests/test_own.py",
        """
        import sys

        def test_own():
            ours = {name for name in sys.modules if "userstate." in name}
            assert "pytest_userstate.steps" in ours
            assert "pytest_userstate.steps.given" not in ours
            assert "pytest_userstate.domain" not in ours
        """,
    )
    run = covered.run(audit=False)
    assert run.status == 0, run.output


MISTAKES: list[tuple[list[str], str]] = [
    (
        ['Then the user-state check "users.schema" is covered'],
        "add the step `When the user-state audit runs`",
    ),
    (
        ['Given the user-state table "user" is missing'],
        "there is no table public.user",
    ),
    (
        ['Given the user-state column "name" of "users" is missing'],
        "has no column 'name'",
    ),
    (["Given the user-state database after this SQL:"], "needs text beneath it"),
    (["Given these are missing from the user-state database:"], "| table | column"),
    (
        [
            "Given these are missing from the user-state database:",
            "  | tabel |",
            "  | users |",
        ],
        "the data table's head is | tabel |",
    ),
    (
        [
            "Given these are missing from the user-state database:",
            "  | table | column |",
            "  |       | id     |",
        ],
        "row 1 of the data table says nothing under table",
    ),
    (
        ['Given the user-state entity "interest" is stored only as "preferences"'],
        "there is no entity 'interest'; the entities are login",
    ),
    (
        ['Given the user-state entity "interests" is stored only as "prefs"'],
        "no storage model 'prefs'; it has preferences, join_table",
    ),
    (
        ['Given the user-state entity "interests" is stored only as "join_table"'],
        "there is no table public.user_interest_themes",
    ),
    (
        ['Given the user-state model "prefs" of "interests" is canonical'],
        "declares 'prefs' canonical",
    ),
    (
        ['Given the user-state port of "users" is "wired"'],
        "'wired' is none of 'database_backed'",
    ),
    (
        [
            "When the user-state audit runs",
            "Then the user-state checks are:",
            "  | check        | decision |",
            "  | users.schema |          |",
        ],
        "the data table says nothing about users.schema",
    ),
    (
        [
            'Then the user-state table "users" has the columns:',
            "  | column | nullable |",
            "  | id     | never    |",
        ],
        "expected yes or no, not 'never'",
    ),
    (
        [
            "When the user-state audit runs",
            'Then the user-state check "users.schema" is "missing"',
        ],
        "users.schema is not as expected",
    ),
    (
        ['Then the user-state table "users" has an index on "display_name"'],
        "display_name",
    ),
]


def test_each_step_that_cannot_hold_says_why(covered: Backend) -> None:
    """Nothing misspelt passes; the message is what the user needs."""
    scenarios = [
        "".join(f"\n    {line}" for line in (f"Scenario: Mistake {number}", *steps))
        for number, (steps, _) in enumerate(MISTAKES)
    ]
    covered.write("tests/own.feature", "Feature: Own" + "\n".join(scenarios) + "\n")
    covered.write("tests/test_own.py", BINDING)
    run = covered.run(audit=False)
    assert run.status == 1, run.output
    assert f"{len(MISTAKES)} failed" in run.output
    failures = re.split(r"_{3,} test_mistake_\d+ _{3,}", run.output)[1:]
    for (_, message), failure in zip(MISTAKES, failures, strict=True):
        assert message in " ".join(failure.replace("\nE  ", " ").split())
        place = r"tests/own\.feature:\d+: .*user-state"
        assert re.match(place, failure.lstrip()), failure
        assert "def " not in failure


def test_a_finding_is_told_without_a_traceback(covered: Backend) -> None:
    """The step, what was expected and found, and no frame of anybody's."""
    covered.write(
        "tests/own.feature",
        """
        Feature: Own
          Scenario: Wrong
            When the user-state audit of the baseline runs
            Then the user-state check "users.schema" is "missing"
        """,
    )
    covered.write("tests/test_own.py", BINDING)
    run = covered.run(audit=False)
    assert run.status == 1, run.output
    step = 'tests/own.feature:4: the user-state check "users.schema" is "missing"\n'
    assert f"\n{step}" in run.output
    assert "  expected  missing\n  found     covered\n" in run.output
    assert "(migrations/001_step.sql:1)" in run.output
    assert "def " not in run.output
    told = run.output.split(" test_wrong ")[1]
    assert max(map(len, told.splitlines())) <= 80, told


def test_an_unknown_step_is_not_swallowed(featured: Backend) -> None:
    """What merely begins like one of ours stays undefined for pytest-bdd."""
    featured.write(
        "tests/own.feature",
        "Feature: Own\n  Scenario: Unknown\n    Given the user-state baseline exists\n",
    )
    run = featured.run(audit=False)
    assert run.status == 1
    assert "StepDefinitionNotFoundError" in run.output
