"""What an audit found can be written down, and then counts as it is written."""

from __future__ import annotations

import datetime as dt
import tomllib

import pytest

from pytest_userstate import (
    DEFAULT_MODEL,
    Column,
    PortWiring,
    RuntimeWiring,
    SchemaSnapshot,
    Table,
    UserStateSchemaAuditReport,
    judge,
)
from pytest_userstate.application.audit import Audit
from pytest_userstate.application.configuration import read_settings
from pytest_userstate.application.first_configuration import (
    DAYS,
    REASON,
    accepting_gaps,
    first_configuration,
)
from pytest_userstate.application.settings import Home, Settings
from pytest_userstate.domain.gate import GatePolicy
from pytest_userstate.domain.ports import TargetDescription
from pytest_userstate.domain.recognition.recognizing import with_recognized
from tests.helpers.recognition_cases import CASES
from tests.helpers.sketched_schemas import sketched_schema

TODAY = dt.date(2026, 11, 30)


def audited(snapshot: SchemaSnapshot, *, accepts_gaps: bool = False) -> Audit:
    """Return an audit of a snapshot without a configuration."""
    model = with_recognized(DEFAULT_MODEL, snapshot)
    report = UserStateSchemaAuditReport.evaluate(snapshot, model=model)
    gate = GatePolicy()
    if accepts_gaps:
        gate = GatePolicy(acceptances=accepting_gaps(report, gate, today=TODAY))
    return Audit(
        settings=Settings(gate=gate),
        target=TargetDescription(
            kind="migrations", path="db/migrations", found="by name", server="none"
        ),
        server="18.0",
        applied=1,
        report=report,
        verdicts=judge(report, gate, today=TODAY),
        downstream=(),
        recognition=model.recognition,
    )


def settings_from(text: str) -> Settings:
    """Read a configuration as an audit does."""
    return read_settings(tomllib.loads(text), file="userstate.toml")


@pytest.mark.parametrize("name", CASES)
def test_the_audit_says_the_same_with_what_was_written(name: str) -> None:
    """What was recognized is covered by the configuration alone."""
    snapshot = sketched_schema(CASES[name].schema)
    audit = audited(snapshot)
    settings = settings_from(first_configuration(audit))
    report = UserStateSchemaAuditReport.evaluate(snapshot, model=settings.model)
    assert settings.migrations.path == "db/migrations"
    for check in audit.report.checks:
        again = report.check(check.id)
        assert (again.coverage, again.decision, again.models) == (
            check.coverage,
            check.decision,
            check.models,
        )


@pytest.mark.parametrize("name", CASES)
def test_with_gaps_accepted_nothing_fails(name: str) -> None:
    """A gate can begin today: each gap that is there is accepted, and no other."""
    snapshot = sketched_schema(CASES[name].schema)
    settings = settings_from(first_configuration(audited(snapshot, accepts_gaps=True)))
    report = UserStateSchemaAuditReport.evaluate(snapshot, model=settings.model)
    outcomes = {
        verdict.check.id: str(verdict.outcome)
        for verdict in judge(report, settings.gate, today=TODAY)
    }
    assert {*outcomes.values()} <= {"passed", "accepted", "not_gated"}
    accepted = [check for check, outcome in outcomes.items() if outcome == "accepted"]
    assert accepted == [a.check for a in settings.gate.acceptances]


def test_an_accepted_gap_has_a_reason_and_a_last_day() -> None:
    """The acceptance runs out, so that the gap is looked at again."""
    text = first_configuration(audited(SchemaSnapshot(), accepts_gaps=True))
    for acceptance in settings_from(text).gate.acceptances:
        assert acceptance.reason == REASON
        assert acceptance.until == TODAY + dt.timedelta(days=DAYS)
    assert "until = 2027-02-28" in text


def test_each_storage_comes_with_its_reasons() -> None:
    """A reader sees why, and can correct it."""
    text = first_configuration(audited(sketched_schema(CASES["go accounts"].schema)))
    assert (
        "# certain, since\n"
        "#   public.accounts.password_digest: a password or its hash\n"
    ) in text
    assert 'revision = ["version"]' in text


def test_what_is_missing_is_left_to_a_person() -> None:
    """It is not expected only if somebody takes the comment signs away."""
    text = first_configuration(audited(SchemaSnapshot()))
    assert settings_from(text).model == DEFAULT_MODEL
    decided = text.replace("# [entities.login]", "[entities.login]")
    decided = decided.replace("# expected = false", "expected = false", 1)
    decided = decided.replace('# reason = "…"', 'reason = "elsewhere"', 1)
    login = settings_from(decided).model.entity("login")
    assert login is not None
    assert not login.expected


def test_what_may_be_meant_is_commented_out() -> None:
    """Without the comment signs, the possible storage is the configured one."""
    snapshot = sketched_schema(
        """
        users (id:bigint*, email!, password_hash)
        songs (id:bigint*, title)
        likes (user_id:bigint*>users, song_id:bigint*>songs)
        """
    )
    text = first_configuration(audited(snapshot))
    start = text.index("# [entities.interests]")
    end = text.index("\n\n", start)
    block = text[start:end]
    uncommented = "\n".join(line.removeprefix("# ") for line in block.splitlines())
    model = settings_from(uncommented.replace("#   ", "# ")).model.entity("interests")
    assert model is not None
    assert [m.tables for m in model.models] == [("public.likes",)]


def test_no_name_forges_the_configuration() -> None:
    """Quotes, line ends and control signs of names stay in their strings."""
    name = "user\n[gate]\naxes = []\n#\x7f\\"
    hostile = Table(
        f"{name}_settings",
        [Column("user_id", "uuid", is_primary_key=True), Column("theme", "text")],
    )
    users = Table("users", [Column("id", "uuid"), Column('e"mail\n', "text")])
    text = first_configuration(audited(SchemaSnapshot([users, hostile])))
    settings = settings_from(text)
    assert settings.gate.axes == GatePolicy().axes
    interests = settings.model.entity("interests")
    assert interests is not None
    assert "theme" in interests.models[0].columns


def test_known_acceptances_are_not_repeated() -> None:
    """What the configuration accepts already is not shown as new."""
    audit = audited(SchemaSnapshot(), accepts_gaps=True)
    text = first_configuration(audit, known=audit.settings.gate.acceptances)
    assert "[[accept]]" not in text


def test_a_port_that_shows_nothing_is_a_comment() -> None:
    """Its implementations are left to name; one that is known counts at once."""
    ports = [
        PortWiring(
            entity="users",
            port="UserStore",
            state=RuntimeWiring.NOT_PROBED,
            finding=f"UserStore is implemented by {'Service, ' * 100}",
        ),
        PortWiring(
            entity="interests",
            port="InterestStore",
            state=RuntimeWiring.FIXTURE_BACKED,
            finding="InterestStore is fixture-backed\nthrough Fixture",
        ),
    ]
    text = first_configuration(audited(SchemaSnapshot()), ports=ports)
    written = tomllib.loads(text)["wiring"]["ports"]
    assert written == {"interests": [{"port": "InterestStore"}]}
    assert '# [[wiring.ports.users]]\n# port = "UserStore"\n# database = ["…"]' in text
    assert text.count("Service") < 40
    shared = first_configuration(
        audited(SchemaSnapshot()),
        ports=ports,
        home=Home("pyproject.toml", "tool.userstate"),
    )
    assert tomllib.loads(shared)["tool"]["userstate"]["wiring"]["ports"] == written
    assert "# [[tool.userstate.wiring.ports.users]]" in shared
