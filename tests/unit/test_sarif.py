"""Findings as SARIF: rules, levels, places, and what is left out."""

from __future__ import annotations

import json
import typing as typ

import attrs
import pytest

import pytest_userstate
from pytest_userstate.application.reporting.sarif import render
from pytest_userstate.application.run_record import RunFailure, RunRecord
from pytest_userstate.domain.advisories import Advisory
from pytest_userstate.domain.snapshot import Source
from tests.helpers.documents import finished
from tests.helpers.schemas import TOKENS, join_table, preferences, table

CONFIGURATION = Source("userstate.toml")
USERS = table("users", "id", "display_name")


def run_of(record: RunRecord) -> dict[str, typ.Any]:
    """Return the only run of a log, and check what every log has to have."""
    log = json.loads(render(record, CONFIGURATION))
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "pytest-userstate"
    assert driver["version"] == pytest_userstate.__version__
    rules = [rule["id"] for rule in driver["rules"]]
    assert len(rules) == len(set(rules))
    assert {result["ruleId"] for result in run["results"]} == {*rules}
    return dict(run)


def test_each_failed_check_is_a_result_at_its_migration() -> None:
    """Or at the configuration if no migration is behind it."""
    dual = attrs.evolve(join_table(), source=Source("my migrations/2.sql", 4))
    run = run_of(finished(USERS, preferences(TOKENS["not null"]), dual))
    assert run["invocations"] == [{"executionSuccessful": True}]
    results = {result["ruleId"]: result for result in run["results"]}
    assert {*results} == {"login.schema", "interests.schema"}
    interests = results["interests.schema"]
    assert interests["level"] == "error"
    assert interests["message"]["text"].startswith(
        "interests.schema: migration required\n"
    )
    [location] = interests["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {
            "uri": "my%20migrations/2.sql",
            "uriBaseId": "%SRCROOT%",
        },
        "region": {"startLine": 4},
    }
    [login] = results["login.schema"]["locations"]
    assert login["physicalLocation"]["artifactLocation"]["uri"] == "userstate.toml"
    assert "region" not in login["physicalLocation"]


@pytest.mark.parametrize(("silenced", "results"), [(None, 1), ("on purpose", 0)])
def test_an_advisory_is_a_note_unless_it_is_silenced(
    silenced: str | None, results: int
) -> None:
    """Its code is the rule, with the title of the documentation."""
    advisory = Advisory(
        code="US201",
        subject="public.users",
        message="add a key",
        source=Source("m/1.sql", 2),
        silenced=silenced,
    )
    run = run_of(finished(USERS, advisories=(advisory,)))
    notes = [result for result in run["results"] if result["level"] == "note"]
    assert len(notes) == results
    if notes:
        assert notes[0]["message"]["text"] == "public.users: add a key"
        [rule] = [r for r in run["tool"]["driver"]["rules"] if r["id"] == "US201"]
        assert rule["shortDescription"]["text"] == "no primary key"


def test_an_audit_that_could_not_be_carried_out_is_no_success() -> None:
    """The reason is a result, at the configuration if at no other file."""
    record = RunRecord(failure=RunFailure(kind="tool", message="no server"))
    run = run_of(record)
    assert run["invocations"] == [{"executionSuccessful": False}]
    [result] = run["results"]
    assert result["ruleId"] == "run"
    assert "no server" in result["message"]["text"]
    [place] = result["locations"]
    file = place["physicalLocation"]["artifactLocation"]
    assert file["uri"] == CONFIGURATION.path
