"""When: the audit runs."""

from __future__ import annotations

import typing as typ

from pytest_userstate.steps.phrases import Phrases

if typ.TYPE_CHECKING:
    import psycopg

    from pytest_userstate.domain.snapshot import SchemaSnapshot
    from pytest_userstate.inbound.fixtures import UserStateAudit
    from pytest_userstate.steps.scenario import UserStateScenario

PHRASES = Phrases()
when = PHRASES


@when("the user-state audit runs")
def audit_runs(
    userstate_audit: UserStateAudit,
    userstate_database: psycopg.Connection[typ.Any],
    userstate_scenario: UserStateScenario,
) -> None:
    """Audit the scenario's private copy, as the steps before have changed it."""
    userstate_scenario.report = userstate_audit(
        userstate_database,
        model=userstate_scenario.model,
        wiring=userstate_scenario.wiring,
    )


@when("the user-state audit of the baseline runs")
def baseline_audit_runs(
    userstate_audit: UserStateAudit,
    schema_snapshot: SchemaSnapshot,
    userstate_scenario: UserStateScenario,
) -> None:
    """Audit the baseline itself, whose facts name the migrations they come from."""
    userstate_scenario.report = userstate_audit(
        schema_snapshot,
        model=userstate_scenario.model,
        wiring=userstate_scenario.wiring,
    )
