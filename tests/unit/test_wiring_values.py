"""The wiring of ports, as values and as a row of the report."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.domain.columns import Source
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.errors import InvalidModelError
from pytest_userstate.domain.evidence import Evidence, EvidenceKind
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.wiring import (
    PortWiring,
    TableMention,
    TableMentions,
    Wiring,
    WiringOrigin,
)
from tests.helpers.schemas import preferences


def port(entity: str = "interests", **rest: object) -> PortWiring:
    """Return a port that is wired to fixtures unless told otherwise."""
    fields = {"port": "UserInterestsCommand", "state": RuntimeWiring.FIXTURE_BACKED}
    return PortWiring(entity=entity, **(fields | rest))


def test_an_entity_without_a_port_was_not_probed() -> None:
    """Unknown is a state of its own."""
    wiring = Wiring([port()])
    assert wiring.state_of("login") is RuntimeWiring.NOT_PROBED
    assert wiring.ports_of("login") == ()
    assert wiring.state_of("interests") is RuntimeWiring.FIXTURE_BACKED
    assert wiring.ports_of("interests") == (port(),)


def test_the_order_of_ports_means_nothing() -> None:
    """Any iterable, in any order, makes equal values."""
    ports = [port("login"), port("interests"), port("users")]
    assert Wiring(ports) == Wiring(reversed(ports))
    assert hash(Wiring(ports)) == hash(Wiring(iter(ports)))


def test_ports_are_told_by_entity_and_then_by_name() -> None:
    """Two reports of one program read alike, however it was searched."""
    ports = [port("users", port="A"), port(port="C"), port(port="B")]
    assert [(each.entity, each.port) for each in Wiring(ports).ports] == [
        ("interests", "B"),
        ("interests", "C"),
        ("users", "A"),
    ]
    check = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot(), wiring=Wiring(ports)
    ).check("interests.wiring")
    assert check.rationale == (
        "B is declared fixture-backed; C is declared fixture-backed"
    )


def test_a_port_is_given_once() -> None:
    """Two would have to agree, and only one could count."""
    message = "port 'UserInterestsCommand' of entity 'interests' is given twice"
    with pytest.raises(InvalidModelError, match=message):
        Wiring([port(), port(state=RuntimeWiring.DATABASE_BACKED)])


@pytest.mark.parametrize(
    ("states", "together"),
    [
        (["database_backed", "database_backed"], "database_backed"),
        (["database_backed", "conditional"], "conditional"),
        (["conditional", "not_probed"], "not_probed"),
        (["not_probed", "unwired"], "unwired"),
        (["database_backed", "fixture_backed"], "fixture_backed"),
        (["unwired", "fixture_backed", "not_probed"], "fixture_backed"),
    ],
)
def test_an_entity_is_wired_as_its_worst_port(states: list[str], together: str) -> None:
    """Several ports may serve an entity; one that is not there leaves a gap."""
    ports = [
        port(port=f"Port{number}", state=RuntimeWiring(state))
        for number, state in enumerate(states)
    ]
    assert Wiring(ports).state_of("interests") == together
    assert Wiring([*ports, port("login")]).state_of("interests") == together
    report = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot(), wiring=Wiring(reversed(ports))
    )
    check = report.check("interests.wiring")
    assert check.coverage == together
    assert [fact.group for fact in check.evidence] == [*range(1, len(states) + 1)]
    for number in range(len(states)):
        assert f"Port{number} is declared " in check.rationale


def test_a_scan_gives_its_own_words_and_facts() -> None:
    """What it found takes the place of the declaration; near misses stay apart."""
    used = Evidence(
        kind=EvidenceKind.PRESENT, subject="DieselX", source=Source("main.rs", 3)
    )
    near = Evidence(kind=EvidenceKind.NEAR_MISS, subject="DieselY")
    scanned = port(
        origin=WiringOrigin.SCANNED,
        state=RuntimeWiring.DATABASE_BACKED,
        finding="main.rs uses DieselX",
        reason="since 3.5.3",
        facts=[used, near],
    )
    check = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot(), wiring=Wiring([scanned])
    ).check("interests.wiring")
    assert check.rationale == "main.rs uses DieselX: since 3.5.3"
    assert check.evidence == (attrs.evolve(used, group=1), near)


def test_a_report_of_the_container_says_so() -> None:
    """Whose word it is stands in the rationale."""
    reported = port(origin=WiringOrigin.REPORTED)
    check = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot(), wiring=Wiring([reported])
    ).check("interests.wiring")
    assert check.rationale == "UserInterestsCommand is reported fixture-backed"


def test_mentions_tell_nowhere_from_not_looked_for() -> None:
    """A table that no source names, and one that nobody looked for."""
    mentions = TableMentions(
        found=[
            TableMention(table="user_preferences", sources=[Source("main.rs", 1)]),
            TableMention(table="user_interest_themes"),
        ],
        looked_in=["src"],
    )
    assert mentions.of("user_preferences") == (Source("main.rs", 1),)
    assert mentions.of("user_interest_themes") == ()
    assert mentions.of("users") is None
    assert mentions == attrs.evolve(mentions, found=reversed(mentions.found))


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
    assert {(fact.subject, fact.detail) for fact in check.evidence} == {
        ("UserInterestsCommand", state)
    }


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
