"""Runs with several targets: migration folders of a monorepo, and databases."""

from __future__ import annotations

import json

import jsonschema
import pytest

from pytest_userstate.outbound.postgres.binaries import find_binaries
from pytest_userstate.outbound.postgres.server import EmbeddedServer
from tests.helpers.backends import CREDENTIALS, PREFERENCES, ROOT, USERS, Backend

TWO = """
[entities.profile]
expected = false
reason = "there are none"

[targets.accounts]
migrations = "accounts/db"

[targets.billing]
migrations = "billing/db"
entities.interests = { expected = false, reason = "accounts keeps them" }

[[accept]]
check = "billing.login.schema"
reason = "customers log in with their account"
"""
SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text())


@pytest.fixture
def two(backend: Backend) -> Backend:
    """Return a repository of two services, the first with everything covered."""
    backend.configure(TWO)
    role = "CREATE ROLE service;"
    backend.migrate(role, USERS, CREDENTIALS, PREFERENCES, folder="accounts/db")
    backend.migrate(role, "CREATE TABLE invoices (id int);", folder="billing/db")
    return backend


def test_each_target_is_audited_by_itself(two: Backend) -> None:
    """One summary has a matrix for each, and every report has both."""
    run = two.run("--userstate-report=r.sarif", "--junitxml=j.xml")
    assert run.status == 1, run.output
    report = run.report
    assert report is not None
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    accounts, billing = report["targets"]
    assert (accounts["name"], accounts["status"]) == ("accounts", "passed")
    assert (billing["name"], billing["status"]) == ("billing", "failed")
    assert report["status"] == "failed"
    assert (accounts["target"]["path"], accounts["target"]["applied"]) == (
        "accounts/db",
        4,
    )
    outcomes = {check["id"]: check["outcome"] for check in billing["checks"]}
    assert outcomes["billing.login.schema"] == "accepted"
    assert outcomes["billing.users.schema"] == "failed"
    assert "\naccounts: 5 passed, 3 not gated\n" in run.output
    assert "\nbilling: 1 accepted, 2 not gated, 1 failed\n" in run.output
    assert run.output.count("login  ") == 2
    assert '[[targets.billing.accept]] with check = "users.schema" and' in run.output
    assert "[[targets.billing.entities.users.models]]" in run.output
    assert "FAILED userstate.toml::billing.users.schema" in run.output
    sarif = json.loads((two.path / "r.sarif").read_text())
    rules = {result["ruleId"] for result in sarif["runs"][0]["results"]}
    assert "billing.users.schema" in rules
    assert 'value="billing.users.schema"' in (two.path / "j.xml").read_text()


def test_a_target_that_fails_stops_no_other(two: Backend) -> None:
    """Under xdist as well, whose report is the same."""
    two.migrate("CREATE nonsense;", folder="accounts/db")
    alone, spread = two.run(), two.run("-n", "2")
    assert alone.status == spread.status == 1
    assert json.dumps(alone.report) == json.dumps(spread.report)
    assert alone.report is not None
    accounts, billing = alone.report["targets"]
    assert accounts["error"]["message"].startswith("accounts/db/001_step.sql:1:8: ")
    assert billing["error"] is None
    assert billing["target"]["applied"] == 2
    assert alone.report["status"] == "error"
    assert alone.output.count('syntax error at or near "nonsense"') == 2
    assert "accounts: error\naccounts/db/001_step.sql:1:8: " in alone.output


def test_a_target_is_selected_like_any_test(two: Backend) -> None:
    """By `-k`, by an option, and by node id; the others are not started."""
    two.migrate("CREATE nonsense;", folder="billing/db")
    by_keyword = two.run("-k", "accounts")
    assert by_keyword.status == 0, by_keyword.output
    assert "billing: 4 deselected (partial: not every check ran)" in by_keyword.output
    by_option = two.run(
        "--userstate-target=accounts", "--userstate-snapshot-update=s.json"
    )
    assert by_option.status == 0, by_option.output
    assert "schema snapshot written to s.json" in by_option.output
    assert "billing" not in by_option.output
    rerun = two.run("userstate.toml::accounts.users.schema")
    assert rerun.status == 0, rerun.output
    assert rerun.last_line.endswith("1 passed")


def test_a_committed_report_of_several_targets_is_checked(two: Backend) -> None:
    """As JSON and as a page, in which each target has a heading."""
    two.migrate(USERS, folder="billing/db")
    reports = ("all.json", "all.md")
    written = two.run(*(f"--userstate-report={name}" for name in reports))
    assert written.status == 0, written.output
    page = (two.path / "all.md").read_text()
    assert page.count("\n## ") == 2
    assert "\n## billing\n\nStatus: **passed**" in page
    assert "\n#### billing.users.schema\n" in page
    checks = [f"--userstate-check-report={name}" for name in reports]
    current = two.run(*checks, report=False)
    assert current.status == 0, current.output
    two.migrate(USERS.replace("text NOT NULL", "text"), folder="billing/db")
    outdated = two.run(*checks, report=False)
    assert outdated.status == 1
    assert "all.json no longer says what the audit says" in outdated.output
    assert "  ### Scope and method\n" in outdated.output


def test_a_target_can_be_a_live_database(two: Backend) -> None:
    """Its connection string comes from the environment; nothing else names it."""
    live = '[targets.live]\ndatabase = "env:LIVE_URL"\nschemas = "app"\n'
    two.configure(TWO.replace("[[accept]]", f"{live}[[accept]]"))
    with EmbeddedServer(find_binaries()) as server:
        with server.connect() as connection:
            connection.execute("CREATE SCHEMA app")
            connection.execute(USERS.replace("users", "app.users"))
        dsn = f"host={server.host} port={server.port} user=userstate dbname=userstate"
        run = two.run("--userstate-target=live", "-k", "users.schema", LIVE_URL=dsn)
    assert run.status == 0, run.output
    assert "userstate.toml: `targets.live.database` env:LIVE_URL" in run.output
    for args, problem in (
        ([], "LIVE_URL"),
        (["--userstate-prove"], "--userstate-prove and --userstate-draft are for"),
        (["--userstate-drift=libpq"], "is about one target, and the configuration"),
    ):
        refused = two.run(*args)
        assert refused.status == 4
        assert problem in refused.output


TENANT = """\
CREATE SCHEMA {name};
CREATE TABLE {name}.users (id uuid PRIMARY KEY, display_name text NOT NULL);
CREATE TABLE {name}.user_preferences (
    user_id uuid PRIMARY KEY REFERENCES {name}.users,
    interest_theme_ids uuid[] NOT NULL, revision integer NOT NULL);
"""


def test_schemas_of_tenants_share_a_summary(backend: Backend) -> None:
    """The exceptions are shown; migrations make the tenants, and a run audits them."""
    names = [f"tenant_{number}" for number in range(1, 8)]
    backend.configure(
        'schemas = ["tenant_*"]\n'
        'entities.login = { expected = false, reason = "single sign-on" }\n'
    )
    backend.migrate(
        "".join(TENANT.format(name=name) for name in names),
        "ALTER TABLE tenant_7.user_preferences DROP COLUMN revision;",
        "CREATE INDEX handmade ON tenant_2.users (display_name);",
    )
    run = backend.run("--userstate-report=all.md")
    assert run.status == 1
    assert run.last_line.endswith("2 failed, 3 passed, 3 skipped")
    assert "\n7 schemas: 5 are alike, 2 differ\n" in run.output
    assert "\ntenant_1 and 4 more schemas: 5 passed, 3 not gated\n" in run.output
    assert "\ntenant_7: 3 passed, 4 not gated, 2 failed\n" in run.output
    assert "in tenant_7: tenant_7.user_preferences has no column" in run.output
    assert "  + index tenant_*.users.handmade (display_name)" in run.output
    assert run.output.count("interests  canonical preferences") == 2
    assert run.report is not None
    jsonschema.Draft202012Validator(SCHEMA).validate(run.report)
    groups = run.report["targets"]
    assert [group["schemas"] for group in groups] == [
        ["tenant_1", "tenant_3", "tenant_4", "tenant_5", "tenant_6"],
        ["tenant_2"],
        ["tenant_7"],
    ]
    assert [group["status"] for group in groups] == ["passed", "passed", "failed"]
    page = (backend.path / "all.md").read_text()
    assert "Status: **failed**: 7 schemas: 5 are alike, 2 differ" in page
    assert "\n## tenant_7\n" in page


def test_schemas_of_a_live_database_are_audited(two: Backend) -> None:
    """As a target beside another one, under xdist."""
    live = '[targets.live]\ndatabase = "env:LIVE_URL"\nschemas = "tenant_*"\n'
    two.configure(TWO.replace("[[accept]]", f"{live}[[accept]]"))
    with EmbeddedServer(find_binaries()) as server:
        with server.connect() as connection:
            for name in ("tenant_1", "tenant_2"):
                connection.execute(TENANT.format(name=name))
            connection.execute("DROP TABLE tenant_2.user_preferences")
        dsn = f"host={server.host} port={server.port} user=userstate dbname=userstate"
        run = two.run("-n", "1", "-k", "live and interests", LIVE_URL=dsn)
    assert run.status == 1, run.output
    assert "\nlive: 2 schemas: 1 are alike, 1 differ (partial" in run.output
    assert run.report is not None
    groups = run.report["targets"][-1]["targets"]
    assert [group["name"] for group in groups] == ["tenant_1", "tenant_2"]
    assert [group["status"] for group in groups] == ["passed", "failed"]
    jsonschema.Draft202012Validator(SCHEMA).validate(run.report)


def test_a_test_chooses_a_target_for_its_fixtures(two: Backend) -> None:
    """By a marker, also for scenarios; without one, the message says how."""
    two.write(
        "test_marked.py",
        """
        import pytest

        @pytest.mark.userstate_target("accounts", "billing")
        def test_tables(schema_snapshot, userstate_connection, userstate_target):
            tables = {"accounts": "users", "billing": "invoices"}
            names = {table.name for table in schema_snapshot.tables}
            assert tables.pop(userstate_target) in names
            assert not {*tables.values()} & names
            assert not userstate_connection.execute(
                "SELECT to_regclass(%s)", [*tables.values()]
            ).fetchone()[0]

        def test_unmarked(userstate_report):
            pass
        """,
    )
    two.write(
        "test_steps.py",
        """
        import pytest
        from pytest_bdd import scenarios

        pytestmark = [
            pytest.mark.userstate_target("billing"),
            pytest.mark.usefixtures("userstate_target"),
        ]
        scenarios("billing.feature")
        """,
    )
    two.write(
        "billing.feature",
        """
        Feature: billing
          Scenario: users
            Given the user-state baseline
            When the user-state audit runs
            Then the user-state check "users.schema" is missing
        """,
    )
    run = two.run("--strict-markers", "-W", "error", audit=False)
    assert run.last_line.endswith("3 passed, 1 error"), run.output
    assert (
        "the configuration has several targets, accounts and billing: choose one, by "
        '@pytest.mark.userstate_target("accounts") on the test'
    ) in run.output
