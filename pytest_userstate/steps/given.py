"""Given and when: the migrated baseline, what the scenario changes, and its audit."""

from __future__ import annotations

import typing as typ

import attrs
from psycopg import sql

from pytest_userstate.application.asserting.arguments import choice
from pytest_userstate.assertions import assert_table
from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.model import Canonical
from pytest_userstate.domain.wiring import PortWiring
from pytest_userstate.steps.phrases import (
    DataTable,
    Phrases,
    UserStateScenario,
    rows,
    text_of,
)

if typ.TYPE_CHECKING:
    import psycopg

    from pytest_userstate.domain.model import Entity
    from pytest_userstate.domain.snapshot import SchemaSnapshot
    from pytest_userstate.inbound.fixtures import UserStateAudit

    Database: typ.TypeAlias = psycopg.Connection[typ.Any]

__tracebackhide__ = True  # a failing scenario shows its own step, not ours

given, when = Phrases(), Phrases()


@given("the user-state baseline")
def migrated_baseline(userstate_connection: Database) -> None:
    """Start from a private copy of the migrated baseline."""


@given('the user-state table "{table}" is missing')
def missing_table(userstate_connection: Database, table: str) -> None:
    """Drop a table, and what depends on it, from the private copy."""
    _drop(userstate_connection, table)


@given('the user-state column "{column}" of "{table}" is missing')
def missing_column(userstate_connection: Database, column: str, table: str) -> None:
    """Drop a column, and what depends on it, from the private copy."""
    _drop(userstate_connection, table, column)


@given("these are missing from the user-state database:")
def missing_things(userstate_connection: Database, datatable: DataTable) -> None:
    """Drop several: columns, and whole tables if no column is named."""
    for row in rows(datatable, needed=["table"], allowed=["column"]):
        _drop(userstate_connection, row["table"], row.get("column"))


@given("the user-state database after this SQL:")
def changed_by_sql(userstate_connection: Database, docstring: str) -> None:
    """Run SQL in the private copy, several statements in one transaction."""
    userstate_connection.execute(text_of(docstring).encode())
    userstate_connection.commit()


@given('the user-state entity "{entity}" is stored only as "{model}"')
def only_model(
    userstate_connection: Database,
    userstate_scenario: UserStateScenario,
    entity: str,
    model: str,
) -> None:
    """Drop the tables of the entity's other storage models from the private copy."""
    stored = _entity(userstate_scenario, entity)
    kept = _tables(userstate_connection, userstate_scenario, stored, only=model)
    if not kept:
        assert_table(
            userstate_connection, _candidates(userstate_scenario, stored, model)[0]
        )
    for table in _tables(userstate_connection, userstate_scenario, stored) - kept:
        _drop(userstate_connection, table)


@given('the user-state model "{model}" of "{entity}" is canonical')
def canonical_model(
    userstate_scenario: UserStateScenario, model: str, entity: str
) -> None:
    """Declare a storage model canonical, for this scenario."""
    stored = _entity(userstate_scenario, entity)
    declared = Canonical(model=model, reason="the scenario declares it")
    changed = attrs.evolve(stored, canonical=declared)
    userstate_scenario.model = attrs.evolve(
        userstate_scenario.model,
        entities=[
            changed if other is stored else other
            for other in userstate_scenario.model.entities
        ],
    )


@given('the user-state port of "{entity}" is "{state}"')
def wired_port(userstate_scenario: UserStateScenario, entity: str, state: str) -> None:
    """Declare what is behind an entity's port, for this scenario."""
    _entity(userstate_scenario, entity)
    wiring = userstate_scenario.wiring
    known = [port.port for port in wiring.ports_of(entity)]
    port = PortWiring(
        entity=entity,
        port=" and ".join(known) or f"port of {entity}",
        state=RuntimeWiring(choice(state, "state", map(str, RuntimeWiring))),
        reason="the scenario declares it",
    )
    others = [other for other in wiring.ports if other.entity != entity]
    userstate_scenario.wiring = attrs.evolve(wiring, ports=[*others, port])


@when("the user-state audit runs")
def audit_runs(
    userstate_audit: UserStateAudit,
    userstate_connection: Database,
    userstate_scenario: UserStateScenario,
) -> None:
    """Audit the scenario's private copy, as the steps before have changed it."""
    userstate_scenario.report = userstate_audit(
        userstate_connection,
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


def _drop(connection: Database, table: str, column: str | None = None) -> None:
    # What is not there cannot go missing: a misspelt name ends the scenario.
    present = assert_table(connection, table)
    name = sql.Identifier(present.table.schema, present.table.name)
    if column is None:
        statement = sql.SQL("DROP TABLE {} CASCADE").format(name)
    else:
        alter = sql.SQL("ALTER TABLE {} DROP COLUMN {} CASCADE")
        gone = sql.Identifier(present.has_column(column).name)
        statement = alter.format(name, gone)
    connection.execute(statement)
    connection.commit()


def _entity(scenario: UserStateScenario, name: str) -> Entity:
    entity = scenario.model.entity(name)
    if entity is None:
        known = ", ".join(other.name for other in scenario.model.entities)
        message = f"there is no entity {name!r}; the entities are {known}"
        raise LookupError(message)
    return entity


def _candidates(
    scenario: UserStateScenario, entity: Entity, only: str | None = None
) -> list[str]:
    """Return the qualified name of each table that may store the entity."""
    models = [model for model in entity.models if only in {None, model.name}]
    if not models:
        known = ", ".join(model.name for model in entity.models)
        message = f"{entity.name} has no storage model {only!r}; it has {known}"
        raise LookupError(message)
    return [
        table if "." in table else f"{schema}.{table}"
        for model in models
        for table in model.tables
        for schema in scenario.model.schemas
    ]


def _tables(
    connection: Database,
    scenario: UserStateScenario,
    entity: Entity,
    *,
    only: str | None = None,
) -> set[str]:
    """Return the tables of an entity's storage models that there are."""
    there = connection.execute(
        "SELECT schemaname || '.' || tablename FROM pg_catalog.pg_tables"
    )
    return {str(row[0]) for row in there}.intersection(
        _candidates(scenario, entity, only)
    )
