"""Then: what the audit says."""

from __future__ import annotations

import typing as typ

from pytest_userstate.steps.phrases import Phrases
from pytest_userstate.steps.tables import DataTable, names, rows

if typ.TYPE_CHECKING:
    import pytest

    from pytest_userstate.assertions import AuditCheckAssertions
    from pytest_userstate.steps.scenario import UserStateScenario

_FACTS: typ.Final = (
    "coverage",
    "decision",
    "models",
    "canonical",
    "recommendation",
    "prerequisite",
)

PHRASES = Phrases()
then = PHRASES


@then('the user-state check "{check}" is "{coverage}"')
def coverage_is(
    userstate_scenario: UserStateScenario, check: str, coverage: str
) -> None:
    """Hold the coverage of a check against the one word of the report."""
    _check(userstate_scenario, check, coverage=coverage)


@then('the user-state check "{check}" is covered')
def check_is_covered(userstate_scenario: UserStateScenario, check: str) -> None:
    """Expect what the check asks for to be there, in one clear way."""
    _check(userstate_scenario, check).is_covered()


@then('the user-state check "{check}" is missing')
def check_is_missing(userstate_scenario: UserStateScenario, check: str) -> None:
    """Expect what the check asks for not to be there."""
    _check(userstate_scenario, check).is_missing()


@then("the user-state checks are:")
def checks_are(userstate_scenario: UserStateScenario, datatable: DataTable) -> None:
    """Hold several checks against a table; empty cells are not looked at."""
    for row in rows(datatable, needed=["check"], allowed=_FACTS):
        check = row.pop("check")
        if not row:
            message = f"the data table says nothing about {check}"
            raise ValueError(message)
        _check(userstate_scenario, check, **row)


@then('the user-state decision on "{check}" is "{decision}"')
def decision_is(
    userstate_scenario: UserStateScenario, check: str, decision: str
) -> None:
    """Hold the decision on a check against required, not_required, or deferred."""
    _check(userstate_scenario, check, decision=decision)


@then('the user-state decision on "{check}" waits for "{prerequisite}"')
def decision_waits(
    userstate_scenario: UserStateScenario, check: str, prerequisite: str
) -> None:
    """Expect the decision to be deferred, until a check or a condition is met."""
    _check(userstate_scenario, check, decision="deferred", prerequisite=prerequisite)


@then("no user-state migration is needed")
def no_migration(userstate_scenario: UserStateScenario) -> None:
    """Expect no check to need a migration, now or later."""
    from pytest_userstate.assertions import (  # noqa: PLC0415 - costs time
        assert_no_migration_needed,
    )

    assert_no_migration_needed(userstate_scenario.report)


@then('no user-state migration is needed for "{checks}"')
def no_migration_for(userstate_scenario: UserStateScenario, checks: str) -> None:
    """Expect none of these checks, separated by commas, to need a migration."""
    from pytest_userstate.assertions import (  # noqa: PLC0415 - costs time
        assert_no_migration_needed,
    )

    assert_no_migration_needed(userstate_scenario.report, checks=names(checks))


@then('a user-state migration is needed for "{check}"')
def migration_for(userstate_scenario: UserStateScenario, check: str) -> None:
    """Expect a check to need a migration, now or after its prerequisite."""
    _check(userstate_scenario, check).needs_migration()


@then('the user-state wiring of "{entity}" is "{state}"')
def wiring_is(userstate_scenario: UserStateScenario, entity: str, state: str) -> None:
    """Hold what stands behind an entity's port against a state."""
    _check(userstate_scenario, f"{entity}.wiring", coverage=state)


@then('the user-state entity "{entity}" is stored as "{models}"')
def stored_as(userstate_scenario: UserStateScenario, entity: str, models: str) -> None:
    """Expect these storage models, separated by commas, and no other to be complete."""
    _check(userstate_scenario, f"{entity}.schema", models=names(models))


@then('the user-state recommendation for "{entity}" is "{model}"')
def recommendation_is(
    userstate_scenario: UserStateScenario, entity: str, model: str
) -> None:
    """Hold the recommended storage model of an entity against a name."""
    _check(userstate_scenario, f"{entity}.schema", recommendation=model)


@then('there is no user-state recommendation for "{entity}"')
def no_recommendation(userstate_scenario: UserStateScenario, entity: str) -> None:
    """Expect no storage model of an entity to be recommended."""
    _check(userstate_scenario, f"{entity}.schema", recommendation=None)


@then('the user-state evidence for "{check}" says "{subject}" is "{kind}"')
def evidence_says(
    userstate_scenario: UserStateScenario, check: str, subject: str, kind: str
) -> None:
    """Expect a fact among the evidence: its subject, and what is said about it."""
    _evidence(userstate_scenario, check, subject=subject, kind=kind)


@then(
    'the user-state evidence for "{check}" says "{subject}" is "{kind}" by "{source}"'
)
def evidence_says_by(
    userstate_scenario: UserStateScenario,
    check: str,
    subject: str,
    kind: str,
    source: str,
) -> None:
    """Expect a fact among the evidence, and the migration that it comes from."""
    _evidence(userstate_scenario, check, subject=subject, kind=kind, source=source)


@then('the user-state evidence for "{check}" has:')
def evidence_has(
    userstate_scenario: UserStateScenario, check: str, datatable: DataTable
) -> None:
    """Expect several facts among the evidence; empty cells are not looked at."""
    needed, allowed = ("subject", "kind"), ("source", "model")
    for row in rows(datatable, needed=needed, allowed=allowed):
        _evidence(userstate_scenario, check, **row)


@then('the user-state report is the one accepted in "{path}"')
def report_is_accepted(
    pytestconfig: pytest.Config, userstate_scenario: UserStateScenario, path: str
) -> None:
    """Compare with a JSON report, its path relative to pytest's root folder."""
    from pytest_userstate.assertions import (  # noqa: PLC0415 - costs time
        assert_same_report,
    )

    accepted = pytestconfig.rootpath / path
    assert_same_report(userstate_scenario.report, accepted=accepted)


def _check(
    scenario: UserStateScenario, check: str, **facts: typ.Any
) -> AuditCheckAssertions:
    __tracebackhide__ = True
    from pytest_userstate.assertions import assert_check  # noqa: PLC0415 - costs time

    if isinstance(facts.get("models"), str):
        facts["models"] = names(facts["models"])
    return assert_check(scenario.report, check, **facts)


def _evidence(scenario: UserStateScenario, check: str, **fact: typ.Any) -> None:
    __tracebackhide__ = True
    _check(scenario, check).has_evidence(**fact)
