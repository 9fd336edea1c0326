"""Then: what the audit says, and what the schema of the scenario's copy is like."""

from __future__ import annotations

import typing as typ

from pytest_userstate.assertions import (
    AuditCheckAssertions,
    assert_check,
    assert_enum,
    assert_extension,
    assert_no_migration_needed,
    assert_no_table,
    assert_same_report,
    assert_table,
    assert_view,
)
from pytest_userstate.steps.phrases import (
    DataTable,
    Phrases,
    UserStateScenario,
    names,
    rows,
    text_of,
    yes,
)

if typ.TYPE_CHECKING:
    import psycopg
    import pytest

    Database: typ.TypeAlias = psycopg.Connection[typ.Any]

__tracebackhide__ = True  # a failing scenario shows its own step, not ours

_FACTS: typ.Final = (
    "coverage",
    "decision",
    "models",
    "canonical",
    "recommendation",
    "prerequisite",
)

then = Phrases()


@then('the user-state check "{check}" is "{coverage}"')
def coverage_is(
    userstate_scenario: UserStateScenario, check: str, coverage: str
) -> None:
    """Compare the coverage of a check with one word of the report."""
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
    """Compare several checks with a table; empty cells are not looked at."""
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
    """Compare the decision with required, not_required, or deferred."""
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
    assert_no_migration_needed(userstate_scenario.report)


@then('no user-state migration is needed for "{checks}"')
def no_migration_for(userstate_scenario: UserStateScenario, checks: str) -> None:
    """Expect none of these checks, separated by commas, to need a migration."""
    assert_no_migration_needed(userstate_scenario.report, checks=names(checks))


@then('a user-state migration is needed for "{check}"')
def migration_for(userstate_scenario: UserStateScenario, check: str) -> None:
    """Expect a check to need a migration, now or after its prerequisite."""
    _check(userstate_scenario, check).needs_migration()


@then('the user-state wiring of "{entity}" is "{state}"')
def wiring_is(userstate_scenario: UserStateScenario, entity: str, state: str) -> None:
    """Compare what is behind an entity's port with a state."""
    _check(userstate_scenario, f"{entity}.wiring", coverage=state)


@then('the user-state entity "{entity}" is stored as "{models}"')
def stored_as(userstate_scenario: UserStateScenario, entity: str, models: str) -> None:
    """Expect these storage models, separated by commas, and no other to be complete."""
    _check(userstate_scenario, f"{entity}.schema", models=names(models))


@then('the user-state recommendation for "{entity}" is "{model}"')
def recommendation_is(
    userstate_scenario: UserStateScenario, entity: str, model: str
) -> None:
    """Compare the recommended storage model of an entity with a name."""
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
    accepted = pytestconfig.rootpath / path
    assert_same_report(userstate_scenario.report, accepted=accepted)


@then('the user-state database has a table "{table}"')
def has_table(userstate_connection: Database, table: str) -> None:
    """Expect a table; `schema.name` for one outside `public`."""
    assert_table(userstate_connection, table)


@then('the user-state database has no table "{table}"')
def has_no_table(userstate_connection: Database, table: str) -> None:
    """Expect no table of this name, in a schema that is there."""
    assert_no_table(userstate_connection, table)


@then('the user-state database has a view "{view}"')
def has_view(userstate_connection: Database, view: str) -> None:
    """Expect a view."""
    assert_view(userstate_connection, view)


@then('the user-state database has an extension "{extension}"')
def has_extension(userstate_connection: Database, extension: str) -> None:
    """Expect an extension, or a stub of it."""
    assert_extension(userstate_connection, extension)


@then('the user-state database has an enum "{enum}" of "{labels}"')
def has_enum(userstate_connection: Database, enum: str, labels: str) -> None:
    """Expect exactly these labels, separated by commas, in this order."""
    assert_enum(userstate_connection, enum).has_exactly_labels(names(labels))


@then('the user-state table "{table}" has a column "{column}"')
def has_column(userstate_connection: Database, table: str, column: str) -> None:
    """Expect a column of any type."""
    assert_table(userstate_connection, table).has_column(column)


@then('the user-state table "{table}" has a column "{column}" of type "{kind}"')
def has_column_of_type(
    userstate_connection: Database, table: str, column: str, kind: str
) -> None:
    """Expect a column of a type, in any spelling that PostgreSQL takes."""
    assert_table(userstate_connection, table).has_column(column, data_type=kind)


@then('the user-state table "{table}" has no column "{column}"')
def has_no_column(userstate_connection: Database, table: str, column: str) -> None:
    """Expect no column of this name, in a table that is there."""
    assert_table(userstate_connection, table).has_no_column(column)


@then('the user-state table "{table}" has the columns:')
def has_columns(
    userstate_connection: Database, table: str, datatable: DataTable
) -> None:
    """Expect these columns, others beside them; empty cells are not looked at."""
    described = assert_table(userstate_connection, table)
    for row in rows(
        datatable, needed=["column"], allowed=["type", "nullable", "default"]
    ):
        facts: dict[str, typ.Any] = {}
        if "type" in row:
            facts["data_type"] = row["type"]
        if "nullable" in row:
            facts["nullable"] = yes(row["nullable"])
        if "default" in row:
            facts["default"] = None if row["default"] == "none" else row["default"]
        described.has_column(row["column"], **facts)


@then('the user-state table "{table}" has exactly the columns "{columns}"')
def has_exactly_columns(
    userstate_connection: Database, table: str, columns: str
) -> None:
    """Expect these columns, separated by commas in any order, and no other."""
    assert_table(userstate_connection, table).has_exactly_columns(names(columns))


@then('the user-state table "{table}" has the primary key "{columns}"')
def has_primary_key(userstate_connection: Database, table: str, columns: str) -> None:
    """Expect a primary key on these columns, separated by commas, in this order."""
    assert_table(userstate_connection, table).has_primary_key(names(columns))


@then('the user-state table "{table}" has a unique constraint on "{columns}"')
def has_unique(userstate_connection: Database, table: str, columns: str) -> None:
    """Expect a unique constraint on these columns."""
    assert_table(userstate_connection, table).has_unique_constraint(names(columns))


@then('the user-state table "{table}" has a foreign key on "{columns}" to "{target}"')
def has_foreign_key(
    userstate_connection: Database, table: str, columns: str, target: str
) -> None:
    """Expect a foreign key from these columns to a table."""
    assert_table(userstate_connection, table).has_foreign_key(
        names(columns), references=target
    )


@then('the user-state table "{table}" has an index on "{columns}"')
def has_index(userstate_connection: Database, table: str, columns: str) -> None:
    """Expect an index on these columns, unique or not."""
    assert_table(userstate_connection, table).has_index(names(columns))


@then('the user-state table "{table}" has the check constraint:')
def has_check(userstate_connection: Database, table: str, docstring: str) -> None:
    """Expect a check constraint of this meaning; its expression is beneath."""
    assert_table(userstate_connection, table).has_check_constraint(text_of(docstring))


@then('the user-state table "{table}" has a trigger "{trigger}"')
def has_trigger(userstate_connection: Database, table: str, trigger: str) -> None:
    """Expect a trigger of this name."""
    assert_table(userstate_connection, table).has_trigger(trigger)


@then('the user-state table "{table}" has row-level security')
def has_row_security(userstate_connection: Database, table: str) -> None:
    """Expect row-level security to be on."""
    assert_table(userstate_connection, table).has_row_security()


def _check(
    scenario: UserStateScenario, check: str, **facts: typ.Any
) -> AuditCheckAssertions:
    if isinstance(facts.get("models"), str):
        facts["models"] = names(facts["models"])
    return assert_check(scenario.report, check, **facts)


def _evidence(scenario: UserStateScenario, check: str, **fact: typ.Any) -> None:
    _check(scenario, check).has_evidence(**fact)
