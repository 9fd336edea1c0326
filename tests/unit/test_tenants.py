"""Schemas that should be alike: grouped by what they are, and audited once each."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.application.audit import Audit, Prepared
from pytest_userstate.application.run_record import RunRecord, Status
from pytest_userstate.application.settings import Settings
from pytest_userstate.application.tenants import audit_tenants
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.gate import Acceptance, GatePolicy, Outcome
from pytest_userstate.domain.model import DEFAULT_MODEL
from pytest_userstate.domain.snapshot import (
    CheckConstraint,
    Column,
    Index,
    SchemaSnapshot,
    Table,
)
from tests.helpers.documents import TARGET, TODAY
from tests.helpers.fakes import (
    FakeAuditTarget,
    FakeProgramRepository,
    FakeRuntimeWiringRepository,
)

REVISION = Column("revision", "integer", default="1")


def users(schema: str, *more: Column, **parts: object) -> Table:
    """Return the table of a tenant, whose name is in several of its facts."""
    return Table(
        "users",
        [
            Column("id", "uuid"),
            Column("display_name", f"{schema}.label"),
            Column(
                "number", "bigint", default=f"nextval('{schema}.numbers'::regclass)"
            ),
            *more,
        ],
        schema=schema,
        **parts,  # type: ignore[arg-type]
    )


def audited(
    *tables: Table, schemas: tuple[str, ...] = ("tenant_*",), **gate: object
) -> Audit:
    """Return the audit of tenants."""
    model = attrs.evolve(DEFAULT_MODEL, schemas=schemas)
    policy = GatePolicy(**gate)  # type: ignore[arg-type]
    names = {table.schema for table in tables}
    snapshot = SchemaSnapshot(tables, schemas=names)
    prepared = Prepared(
        settings=Settings(model=model, recognize=False, gate=policy),
        target=FakeAuditTarget(snapshot, TARGET),
        wiring=FakeRuntimeWiringRepository(),
        program=FakeProgramRepository(),
    )
    return audit_tenants(prepared, today=TODAY)


def test_schemas_that_are_alike_but_for_their_names_are_one_group() -> None:
    """Whatever mentions the name: a type, a default, the name of an index."""
    names = ("tenant_1", "tenant_17", "tenant_1_old", "tenant_")
    tables = [
        users(name, indexes=[Index(name=f"{name}_users_idx", columns=["id"])])
        for name in names
    ]
    audit = audited(*tables)
    assert audit.schemas == tuple(sorted(names))
    assert audit.others == ()
    assert audit.verdict("users.schema").outcome is Outcome.PASSED


def test_each_group_has_its_verdicts_and_differences() -> None:
    """The largest group comes first; a check has its worst outcome."""
    without = Table("users", [Column("id", "uuid")], schema="tenant_2")
    extra = users("tenant_4", Column("nick", "text"))
    audit = audited(users("tenant_1"), without, users("tenant_3"), extra)
    assert audit.schemas == ("tenant_1", "tenant_3")
    broken, other = audit.others
    assert (broken.schemas, other.schemas) == (("tenant_2",), ("tenant_4",))
    assert audit.own_verdict("users.schema").outcome is Outcome.PASSED
    assert broken.own_verdict("users.schema").outcome is Outcome.FAILED
    assert audit.verdict("users.schema").outcome is Outcome.FAILED
    assert audit.worst("users.schema") == [broken]
    [comparison] = other.comparisons
    assert comparison.outcome is Outcome.NOT_GATED
    assert [change.subject for change in comparison.changes] == ["tenant_*.users.nick"]


def test_schemas_named_in_full_are_audited_with_each_tenant() -> None:
    """Their tables count for all; other tenants' tables never do."""
    preferences = [
        Table(
            "user_preferences",
            [
                Column("user_id", "uuid"),
                Column("interest_theme_ids", "uuid[]"),
                REVISION,
            ],
            schema=f"tenant_{number}",
        )
        for number in (1, 2)
    ]
    other = Table("theme", [Column("id", "uuid")], schema="tenant_3")
    audit = audited(
        users("public"), *preferences, other, schemas=("public", "tenant_?")
    )
    [lacking] = audit.others
    for group in (audit, lacking):
        assert group.own_verdict("users.schema").outcome is Outcome.PASSED
    assert audit.own_verdict("interests.schema").outcome is Outcome.PASSED
    assert lacking.own_verdict("interests.schema").outcome is Outcome.FAILED


def test_an_acceptance_holds_as_long_as_one_schema_has_the_gap() -> None:
    """Elsewhere the check passes; it is out of date if no schema has the gap."""
    gap = Acceptance(check="users.schema", reason="later")
    without = Table("users", [Column("id", "uuid")], schema="tenant_2")
    audit = audited(users("tenant_1"), without, acceptances=[gap])
    assert audit.verdict("users.schema").outcome is Outcome.ACCEPTED
    assert {
        each.own_verdict("users.schema").outcome for each in (audit, *audit.others)
    } == {
        Outcome.ACCEPTED,
        Outcome.PASSED,
    }
    closed = audited(users("tenant_1"), users("tenant_2"), acceptances=[gap])
    verdict = closed.verdict("users.schema")
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason.startswith("the accepted gap is closed")


def test_a_difference_that_means_nothing_makes_no_group() -> None:
    """Schemas are compared in what they mean."""
    texts = ("CHECK ((number > 0))", "CHECK (number > 0)", "CHECK ((number > 0))")
    tables = [
        users(
            f"tenant_{number}",
            check_constraints=[CheckConstraint(name="positive", definition=text)],
        )
        for number, text in enumerate(texts, 1)
    ]
    audit = audited(*tables)
    assert audit.schemas == ("tenant_1", "tenant_3", "tenant_2")
    assert audit.others == ()


def test_a_pattern_without_a_schema_is_an_error() -> None:
    """The message says which schemas there are."""
    message = r"no schema matches tenant_\*: the database has app, public"
    with pytest.raises(ToolError, match=message):
        audited(users("public"), users("app"))


def test_the_record_contains_one_of_each_group() -> None:
    """An item's outcome is the worst one; a group has its own."""
    without = Table("users", [Column("id", "uuid")], schema="tenant_2")
    audit = audited(users("tenant_1"), without)
    outcomes = dict.fromkeys(DEFAULT_MODEL.check_ids(), Outcome.DESELECTED)
    outcomes["users.schema"] = Outcome.FAILED
    record = RunRecord.of("", audit, outcomes, runxfail=False)
    assert record.schemas == len(record.targets) == 2
    by_name = {part.name: part for part in record.targets}
    assert by_name["tenant_1"].outcomes["users.schema"] is Outcome.PASSED
    assert by_name["tenant_2"].outcomes["users.schema"] is Outcome.FAILED
    assert by_name["tenant_2"].outcomes["login.schema"] is Outcome.DESELECTED
    assert record.status is Status.FAILED
    assert not record.is_complete
