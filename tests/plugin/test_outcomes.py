"""From the gate's verdicts to the outcomes of tests, and to exit statuses."""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ET

import pytest

from tests.helpers.backends import (
    CHECKS,
    CREDENTIALS,
    JOIN_TABLE,
    PREFERENCES,
    USERS,
    Backend,
)

ACCEPT_LOGIN = '[[accept]]\ncheck = "login.schema"\nreason = "Single sign-on first"\n'
ACCEPT_INTERESTS = (
    '[[accept]]\ncheck = "interests.schema"\nreason = "ADR 7 is not decided"\n'
)


def test_required_on_a_gated_axis_fails(gaps: Backend) -> None:
    """A required migration is a failed test, and the run fails; with -q in a line."""
    run = gaps.run("-q")
    failures, _, summary = run.output.partition("user-state audit")
    assert failures.count("migration required: no storage of login") == 1
    assert "expected:" not in run.output
    assert "login      missing credential storage  not probed" in summary
    assert run.status == 1
    assert run.outcomes() == {
        **dict.fromkeys(CHECKS, "not_gated"),
        "login.schema": "failed",
        "users.schema": "passed",
        "profile.schema": "passed",
        "interests.schema": "failed",
        "interests.revision": "passed",
        "interests.conflict": "passed",
    }
    # A cell that nothing was measured for is not counted as passed.
    assert "2 failed, 4 passed, 4 skipped" in run.output


def test_a_failing_check_explains_itself_without_a_traceback(gaps: Backend) -> None:
    """Expected, found, rationale and evidence are there; our code is not."""
    run = gaps.run("-k", "login.schema")
    assert "\nmigration required: no storage of login is complete: " in run.output
    assert "\nexpected: no migration to be needed\n" in run.output
    assert "\nfound: missing credential storage\n" in run.output
    summary = run.output.split("short test summary")[1]
    assert "::login.schema - migration required: no storage" in summary


def test_the_short_summary_is_a_line_in_every_surrounding(gaps: Backend) -> None:
    """A worker hands on the text alone, and pytest cuts nothing on CI."""
    run = gaps.run("-n2", "--junitxml=junit.xml", "-k", "login.schema", CI="true")
    summary = run.output.split("short test summary")[1].splitlines()
    assert summary[1].endswith("nothing else in this schema looks like it")
    assert summary[2].startswith("====")
    [failure] = ET.parse(gaps.path / "junit.xml").iter("failure")  # noqa: S314 - ours
    assert failure.get("message", "").endswith("schema looks like it")
    assert (
        "- public.users: password_hash, password_digest, credential_hash" in run.output
    )
    assert "to do, one of these:\n  write a migration that adds" in run.output
    assert "Traceback" not in run.output
    assert ".py:" not in run.output


def test_deferred_is_an_expected_failure(backend: Backend) -> None:
    """A deferred migration names its prerequisite and does not fail the run."""
    backend.migrate(USERS, CREDENTIALS)
    backend.configure(ACCEPT_INTERESTS)
    run = backend.run("-rx")
    assert run.status == 0, run.output
    assert run.outcomes()["interests.revision"] == "deferred"
    assert "deferred until interests.schema is closed" in run.output


def test_deferred_fails_where_so_configured(backend: Backend) -> None:
    """`fail_on_deferred` makes a deferred migration a failure."""
    backend.migrate(USERS, CREDENTIALS)
    backend.configure("[gate]\nfail_on_deferred = true\n" + ACCEPT_INTERESTS)
    run = backend.run()
    assert run.status == 1
    assert run.outcomes()["interests.revision"] == "failed"


def test_an_accepted_gap_is_an_expected_failure(gaps: Backend) -> None:
    """With its gaps accepted the run passes, and each reason is shown."""
    gaps.configure(ACCEPT_LOGIN + ACCEPT_INTERESTS)
    run = gaps.run("-rxs")
    assert run.status == 0, run.output
    assert run.outcomes()["login.schema"] == "accepted"
    assert "4 passed, 4 skipped, 2 xfailed" in run.output
    assert "SKIPPED [4] userstate.toml:1: not probed, and not gated" in run.output
    assert "accepted: Single sign-on first" in run.output
    assert run.check("login.schema")["acceptance"] == {
        "reason": "Single sign-on first",
        "until": None,
    }


def test_runxfail_turns_expected_failures_into_failures(gaps: Backend) -> None:
    """`--runxfail` shows what is behind the acceptances."""
    gaps.configure(ACCEPT_LOGIN + ACCEPT_INTERESTS)
    run = gaps.run("--runxfail")
    assert run.status == 1
    assert run.outcomes()["login.schema"] == "failed"
    assert "reported otherwise" not in run.output


def test_an_acceptance_whose_gap_is_closed_fails(covered: Backend) -> None:
    """An acceptance that is no longer needed has to go."""
    covered.configure(ACCEPT_LOGIN)
    run = covered.run()
    assert run.status == 1
    assert "the accepted gap is closed" in run.output
    assert "remove the acceptance of login.schema" in run.output


@pytest.mark.parametrize(("days", "status"), [(-1, 1), (0, 0), (1, 0)])
def test_an_acceptance_ends_after_its_last_day(
    gaps: Backend, days: int, status: int
) -> None:
    """The date is inclusive, and counted in UTC."""
    until = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)
    gaps.configure(ACCEPT_LOGIN + f"until = {until}\n" + ACCEPT_INTERESTS)
    run = gaps.run()
    assert run.status == status, run.output
    if status:
        assert f"the acceptance ended on {until}" in run.output


def test_a_stale_acceptance_fails_on_an_axis_that_is_not_gated(
    covered: Backend,
) -> None:
    """Not gating an axis does not make its acceptances last for ever."""
    covered.configure('[gate]\naxes = ["revision"]\n' + ACCEPT_LOGIN)
    run = covered.run()
    assert run.status == 1
    assert run.outcomes()["login.schema"] == "failed"


def test_nothing_else_fails_on_an_axis_that_is_not_gated(gaps: Backend) -> None:
    """Only gated axes decide."""
    run = gaps.run("--userstate-gate=revision,conflict")
    assert run.status == 0, run.output
    assert run.outcomes()["login.schema"] == "not_gated"
    assert run.check("login.schema")["decision"] == "required"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("database_backed", 0),
        ("conditional", 0),
        ("fixture_backed", 1),
        ("unwired", 1),
        ("not_probed", 1),
    ],
)
def test_gated_wiring(covered: Backend, state: str, status: int) -> None:
    """Only wiring that reaches the database passes."""
    ports = "".join(
        f'[wiring.ports.{entity}]\nport = "P"\nstate = "{state}"\nreason = "R"\n'
        for entity in ("login", "users", "profile", "interests")
    )
    covered.configure(ports)
    assert covered.run("--userstate-gate=wiring").status == status


def test_unknown_wiring_is_never_a_pass(covered: Backend) -> None:
    """Wiring that nobody declared fails where it is gated."""
    run = covered.run("--userstate-gate=wiring")
    assert run.status == 1
    assert run.outcomes()["login.wiring"] == "failed"


def test_database_backed_wiring_over_missing_storage_fails(gaps: Backend) -> None:
    """A port cannot be backed by a database that stores nothing for it."""
    gaps.configure(
        '[wiring.ports.login]\nport = "P"\nstate = "database_backed"\nreason = "R"\n'
    )
    run = gaps.run("--userstate-gate=wiring", "-k", "login.wiring")
    assert run.status == 1
    assert (
        "the wiring is database-backed, but the storage behind it is missing"
        in run.output
    )


def test_a_contradiction_is_told_where_wiring_is_not_gated(gaps: Backend) -> None:
    """It fails nothing, and cannot be overlooked: terminal, JSON, and Markdown."""
    gaps.configure(
        '[wiring.ports.login]\nport = "P"\nstate = "database_backed"\nreason = "R"\n'
    )
    run = gaps.run("-n2", "--userstate-report=audit.md")
    assert run.outcomes()["login.wiring"] == "not_gated"
    told = "contradiction (login): P: the wiring is database-backed, but the storage"
    assert told in run.output
    assert run.report is not None
    reading = run.report["readings"][0]
    assert (reading["entity"], reading["use"]) == ("login", "contradiction")
    assert "no storage of login is complete" in reading["detail"]
    page = (gaps.path / "audit.md").read_text()
    assert "- contradiction (login): P: the wiring is database-backed, but" in page


def test_a_failing_test_of_the_repository_fails_the_run(covered: Backend) -> None:
    """The audit changes nothing about other tests."""
    covered.write("tests/test_own.py", "def test_own(): assert False\n")
    run = covered.run("tests")
    assert run.status == 1
    assert run.report is not None
    assert run.report["status"] == "passed"


def test_a_tool_failure_is_an_error_and_no_finding(backend: Backend) -> None:
    """One broken migration is one error; the other checks are not run."""
    backend.migrate(USERS, "CREATE TABLE broken (id uuid REFERENCES nowhere);")
    run = backend.run("-q", "--junitxml=junit.xml")
    assert run.status == 1
    assert run.last_line == "1 error, 9 not run"
    # In the line of the error, in the summary below it, and in pytest's own.
    assert run.output.count("002_step.sql:1") == 3
    assert run.output.count("SQLSTATE") == 1
    cases = (backend.path / "junit.xml").read_text()
    assert cases.count("not run: the audit could not be carried out") >= 9
    assert cases.count("<error") == 1
    assert run.report is not None
    assert run.report["status"] == "error"
    assert run.report["error"]["kind"] == "tool"
    assert "002_step.sql" in run.report["error"]["message"]
    assert run.report["checks"] == []


def test_downstream_work_needs_closed_gaps_not_accepted_ones(gaps: Backend) -> None:
    """Work is ready when its needs are closed."""
    gaps.configure(
        ACCEPT_LOGIN
        + ACCEPT_INTERESTS
        + """
        [[downstream]]
        id = "1"
        title = "Profile adapters"
        needs = ["users.schema", "profile.schema"]
        [[downstream]]
        id = "2"
        title = "Interests adapters"
        needs = ["interests.schema", "interests.revision"]
        """.replace("        ", "")
    )
    run = gaps.run()
    assert run.report is not None
    assert [
        (w["id"], w["status"], w["blocked_by"]) for w in run.report["downstream"]
    ] == [
        ("1", "ready", []),
        ("2", "blocked", ["interests.schema"]),
    ]
    assert "2 Interests adapters: blocked by interests.schema" in run.output


def test_the_whole_design_of_one_table(backend: Backend) -> None:
    """Login, users and profile in one table, interests by join table alone."""
    backend.migrate(
        "CREATE TABLE users (id int PRIMARY KEY, display_name text, "
        "password_hash text, password_digest text);",
        JOIN_TABLE.replace("uuid REFERENCES", "int REFERENCES"),
        PREFERENCES.replace(
            "CREATE TABLE user_preferences", "CREATE TABLE settings"
        ).replace("uuid PRIMARY", "int PRIMARY"),
    )
    run = backend.run()
    assert run.check("login.schema")["coverage"] == "credentials_persisted"
    assert run.check("interests.schema")["coverage"] == "canonical_join_table"
    assert run.check("interests.revision")["decision"] == "required"
    assert run.check("interests.conflict")["coverage"] == "absent"
