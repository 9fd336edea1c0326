"""What a failing check says can be done about it."""

from __future__ import annotations

import datetime as dt

import pytest

from pytest_userstate.application.reporting.findings import finding_of, next_steps
from pytest_userstate.application.reporting.text import TextPrinter
from pytest_userstate.application.settings import Home
from pytest_userstate.domain.coverage import Axis, RuntimeWiring
from pytest_userstate.domain.gate import Acceptance, GatePolicy, Outcome, Verdict, judge
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table
from pytest_userstate.domain.wiring import PortWiring, Wiring
from tests.helpers.schemas import TOKENS, join_table, model_with, preferences

TODAY = dt.date(2027, 3, 31)
STRICT = GatePolicy(axes=Axis, fail_on_deferred=True)
TRACKED = preferences(TOKENS["not null"])


def failing(
    check: str,
    *tables: Table,
    state: str = "not_probed",
    canonical: str | None = None,
    schemas: tuple[str, ...] = ("public",),
    policy: GatePolicy = STRICT,
) -> Verdict:
    """Return the verdict of a check of interests that fails."""
    port = PortWiring(entity="interests", port="Port", state=RuntimeWiring(state))
    report = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot(tables),
        model=model_with(canonical=canonical, schemas=schemas),
        wiring=Wiring([port]),
    )
    verdicts = judge(report, policy, today=TODAY)
    found = next(each for each in verdicts if each.check.id == f"interests.{check}")
    assert found.outcome is Outcome.FAILED
    return found


def explanation(verdict: Verdict) -> str:
    """Return what the failing item prints."""
    return TextPrinter().explanation(finding_of(verdict, verdict.outcome))


ACCEPT = 'let the gap pass: [[accept]] with check = "interests.{}" and a reason'
CASES: dict[str, tuple[Verdict, list[str]]] = {
    "nothing stores it": (
        failing("schema"),
        [
            "write a migration that adds what is missing",
            "name the tables that you have: [[entities.interests.models]]",
            "expect none: expected = false under [entities.interests]",
        ],
    ),
    "the canonical model is missing, and so is every other": (
        failing("schema", canonical="preferences"),
        [
            "write a migration that adds what is missing",
            "name the tables that you have: [[entities.interests.models]]",
            "expect none: expected = false under [entities.interests]",
        ],
    ),
    "two models": (
        failing("schema", preferences(), join_table()),
        ["declare preferences or join_table canonical under [entities.interests]"],
    ),
    "the canonical model is incomplete": (
        failing("schema", join_table(), canonical="preferences"),
        [
            "write a migration that completes preferences",
            "declare join_table canonical under [entities.interests]",
        ],
    ),
    "two copies of one table": (
        failing(
            "schema",
            preferences(),
            preferences(schema="old"),
            schemas=("public", "old"),
        ),
        ["write a migration that drops the copies that do not count"],
    ),
    "deferred, where that fails": (
        failing("schema", preferences(), join_table(), canonical="preferences"),
        ["first: public.user_interest_themes is retired"],
    ),
    "no revision": (
        failing("revision", preferences()),
        [
            "write a migration that adds a revision column",
            "name the column that you have: revision in [[entities.interests.models]]",
            "expect none: revisions = false under [entities.interests]",
        ],
    ),
    "nothing to compare on write": (
        failing("conflict", preferences()),
        [
            "write a migration that adds a revision column",
            "name the column that you have: revision in [[entities.interests.models]]",
            "expect none: revisions = false under [entities.interests]",
        ],
    ),
    "a revision that may be null": (
        failing("conflict", preferences(TOKENS["nullable"])),
        ["write a migration that repairs the column, or adds another one"],
    ),
    "nobody looked what stands behind the port": (
        failing("wiring", TRACKED),
        ["say under [wiring.ports.interests] what is behind it"],
    ),
    "a fixture behind the port": (
        failing("wiring", TRACKED, state="fixture_backed"),
        [
            "put an adapter that reaches the database behind the port",
            "correct what [wiring.ports.interests] says, if that is wrong",
        ],
    ),
    "nothing behind the port": (
        failing("wiring", TRACKED, state="unwired"),
        [
            "put an adapter that reaches the database behind the port",
            "correct what [wiring.ports.interests] says, if that is wrong",
        ],
    ),
    "a program that uses storage that is not there": (
        failing("wiring", state="database_backed"),
        ["close interests.schema: the program uses its storage"],
    ),
    "a program that may use storage that is not there": (
        failing("wiring", state="conditional"),
        ["close interests.schema: the program uses its storage"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_closes_the_gap_comes_first_and_accepting_it_last(case: str) -> None:
    """Any of the ways will do, each in the configuration's own words."""
    verdict, ways = CASES[case]
    accept = ACCEPT.format(verdict.check.axis)
    assert next_steps(verdict, Home()) == [*ways, accept]
    told = explanation(verdict).partition("\nto do, one of these:\n")[2]
    assert " ".join(told.split()) == " ".join([*ways, accept])


def test_the_steps_are_written_for_the_file_that_is_there() -> None:
    """In a shared file, the tables have its prefix."""
    *_, expect, accept = next_steps(
        CASES["nothing stores it"][0], Home("pyproject.toml", "tool.userstate")
    )
    assert expect.endswith("under [tool.userstate.entities.interests]")
    assert "[[tool.userstate.accept]]" in accept


@pytest.mark.parametrize("tables", [[TRACKED], []], ids=["closed", "ended"])
def test_an_acceptance_at_fault_says_itself_what_to_do(tables: list[Table]) -> None:
    """There is one thing to do then, and the reason names it."""
    accepted = Acceptance(
        check="interests.schema", reason="Later", until=dt.date(2027, 1, 1)
    )
    verdict = failing("schema", *tables, policy=GatePolicy(acceptances=[accepted]))
    assert next_steps(verdict, Home()) == []
    assert "to do" not in explanation(verdict)
    assert "remove the acceptance" in " ".join(explanation(verdict).split())
