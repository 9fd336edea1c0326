"""The wiring of ports, as values and as a row of the report."""

from __future__ import annotations

import pytest

from pytest_userstate.domain.columns import Source
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.errors import InvalidModelError
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.wiring import PortWiring, Wiring
from tests.helpers.schemas import preferences


def port(entity: str = "interests", **rest: object) -> PortWiring:
    """Return a port that is wired to fixtures unless told otherwise."""
    fields = {"port": "UserInterestsCommand", "state": RuntimeWiring.FIXTURE_BACKED}
    return PortWiring(entity=entity, **(fields | rest))


def test_an_entity_without_a_port_was_not_probed() -> None:
    """Unknown is a state of its own."""
    wiring = Wiring([port()])
    assert wiring.state_of("login") is RuntimeWiring.NOT_PROBED
    assert wiring.port_of("login") is None
    assert wiring.state_of("interests") is RuntimeWiring.FIXTURE_BACKED
    assert wiring.port_of("interests") == port()


def test_the_order_of_ports_means_nothing() -> None:
    """Any iterable, in any order, makes equal values."""
    ports = [port("login"), port("interests"), port("users")]
    assert Wiring(ports) == Wiring(reversed(ports))
    assert hash(Wiring(ports)) == hash(Wiring(iter(ports)))


def test_an_entity_has_one_port() -> None:
    """Two would have to agree, and only one could count."""
    with pytest.raises(InvalidModelError, match="'interests' is given twice"):
        Wiring([port(), port(state=RuntimeWiring.DATABASE_BACKED)])


@pytest.mark.parametrize("state", RuntimeWiring)
def test_only_two_states_reach_the_database(state: RuntimeWiring) -> None:
    """Database-backed, and conditional."""
    assert state.reaches_database is (state in {"database_backed", "conditional"})


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("database_backed", "database-backed"),
        ("fixture_backed", "fixture-backed"),
        ("conditional", "conditional"),
        ("unwired", "unwired"),
        ("not_probed", "not probed"),
    ],
)
def test_a_wiring_check_reports_the_declared_state(state: str, words: str) -> None:
    """Coverage is the state, the rationale gives the reason, and nothing follows."""
    sources = [Source("backend/main.rs", 42), Source("backend/lib.rs", 7)]
    declared = port(
        state=RuntimeWiring(state), reason="Adapters follow in 3.5.3", sources=sources
    )
    report = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot([preferences()]), wiring=Wiring([declared])
    )
    check = report.check("interests.wiring")
    assert check.coverage is RuntimeWiring(state)
    assert check.decision is None
    assert check.prerequisite is None
    assert check.rationale == (
        f"UserInterestsCommand is declared {words}: Adapters follow in 3.5.3"
    )
    assert [fact.source for fact in check.evidence] == sources
    assert {str(fact.kind) for fact in check.evidence} == {"declared"}
    assert {fact.subject for fact in check.evidence} == {"UserInterestsCommand"}


def test_a_declaration_without_a_place_is_evidence_all_the_same() -> None:
    """The port is named, without a source; no reason is made up."""
    report = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot(), wiring=Wiring([port()])
    )
    check = report.check("interests.wiring")
    assert [(fact.subject, fact.source) for fact in check.evidence] == [
        ("UserInterestsCommand", None)
    ]
    assert check.rationale == "UserInterestsCommand is declared fixture-backed"


def test_a_port_that_nobody_declared_says_where_to() -> None:
    """The rationale names the section of the configuration."""
    check = UserStateSchemaAuditReport.evaluate(SchemaSnapshot()).check("login.wiring")
    assert check.coverage is RuntimeWiring.NOT_PROBED
    assert check.evidence == ()
    assert "[wiring.ports.login]" in check.rationale
