"""Writes of a storage: which count, what they do with the revision, what follows."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from pytest_userstate.application.reporting.findings import finding_of, ways_to_close
from pytest_userstate.domain.columns import Column, ForeignKey, Trigger
from pytest_userstate.domain.coverage import Axis
from pytest_userstate.domain.evidence import Check
from pytest_userstate.domain.gate import GatePolicy, Outcome, judge
from pytest_userstate.domain.model import (
    AuditModel,
    Entity,
    PerUser,
    Revisions,
    StorageModel,
)
from pytest_userstate.domain.relations import Function
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import (
    KeyConstraint,
    SchemaSnapshot,
    Source,
    Table,
)
from pytest_userstate.domain.wiring import Wiring
from pytest_userstate.domain.writes import RevisionUse, TableWrite, TableWrites

TABLE = Table(
    "account_settings",
    [
        Column("account_id", "uuid", is_primary_key=True),
        Column("theme", "text"),
        Column("last_seen_at", "timestamp with time zone"),
        Column("version", "integer"),
    ],
)
MODEL = AuditModel(
    entities=[
        Entity(
            name="interests",
            revisions=Revisions.EXPECTED,
            models=[
                StorageModel(
                    name="settings",
                    tables="account_settings",
                    columns=["account_id", "theme"],
                    revision="version",
                )
            ],
        )
    ]
)
IGNORING = TableWrite(
    table="account_settings",
    source=Source("store.go", 33),
    statement="UPDATE",
    columns=["theme"],
    compared=["account_id"],
    remedy="compare `{column}`",
)
COMPARING = attrs.evolve(
    IGNORING,
    source=Source("store.go", 7),
    columns=["theme", "version"],
    compared=["account_id", "version"],
)
NOT_RAISING = attrs.evolve(COMPARING, source=Source("store.go", 8), columns=["theme"])


def audited(
    *writes: TableWrite,
    table: Table = TABLE,
    model: AuditModel = MODEL,
    functions: tuple[Function, ...] = (),
    unread: tuple[Source, ...] = (),
) -> UserStateSchemaAuditReport:
    """Return the audit of the table and of what is written to it."""
    found = TableWrites(found=writes, looked_in=["src"], unread=unread)
    return UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot([table], functions=functions),
        model=model,
        wiring=Wiring(writes=found),
    )


def conflict(*writes: TableWrite, **fields: object) -> Check:
    """Return the conflict check."""
    return audited(*writes, **fields).check("interests.conflict")


def uses(check: Check) -> list[str]:
    """Return what each write does with the revision."""
    return [write.use.value for write in check.writes]


def test_a_write_that_ignores_the_revision_bypasses_it() -> None:
    """The place is named, and no migration is required."""
    check = conflict(COMPARING, IGNORING, attrs.evolve(COMPARING, statement="MERGE"))
    assert (check.coverage, check.decision) == ("bypassed", "not_required")
    assert check.rationale == (
        "3 writes: 2 compare `version`, 1 does not: store.go:33; reuse the revision "
        "that exists: compare public.account_settings.version (which also guards "
        "last_seen_at) on write"
    )
    assert str(check.evidence[-3]) == (
        "public.account_settings is written: UPDATE sets theme, and does not compare "
        "`version` (store.go:33)"
    )


@pytest.mark.parametrize("is_gated", [True, False])
def test_the_gate_fails_a_bypassed_revision(*, is_gated: bool) -> None:
    """If conflict is gated; the place and what to change there are in the finding."""
    axes = [Axis.CONFLICT] if is_gated else [Axis.SCHEMA]
    report = audited(IGNORING)
    verdicts = judge(report, GatePolicy(axes=axes), today=dt.date(2027, 3, 31))
    verdict = next(v for v in verdicts if v.check.id == "interests.conflict")
    assert verdict.outcome is (Outcome.FAILED if is_gated else Outcome.NOT_GATED)
    finding = finding_of(verdict, verdict.outcome, report)
    assert finding.answer == "bypassed, no migration needed"
    assert finding.source == Source("store.go", 33)
    again = attrs.evolve(IGNORING, source=Source("store.go", 40))
    both = ways_to_close(conflict(IGNORING, again, NOT_RAISING))
    (words,) = both
    assert words == (
        "in store.go:33 and store.go:40, compare `version`; and in store.go:8, set "
        "`version` to a new value in the same statement"
    )
    assert finding.steps[0] == "in store.go:33, compare `version`"


def test_no_write_is_no_proof() -> None:
    """It is said, and what could not be read beside it."""
    check = conflict()
    assert check.coverage == "detectable"
    assert check.rationale.startswith("no write was seen in the sources; reuse")
    check = conflict(unread=(Source("a.py", 3),))
    assert check.rationale.startswith(
        "no write was seen in the sources, but a.py:3 writes a table that is only "
        "named when the program runs; "
    )


def test_nothing_is_said_of_sources_that_were_not_read() -> None:
    """Nobody asked, or the parser is not there."""
    for wiring in (Wiring(), Wiring(writes=TableWrites(warnings=["no parser"]))):
        report = UserStateSchemaAuditReport.evaluate(
            SchemaSnapshot([TABLE]), model=MODEL, wiring=wiring
        )
        assert "write was" not in report.check("interests.conflict").rationale


@pytest.mark.parametrize(
    ("columns", "counts"),
    [
        (["theme"], True),
        (["theme", "last_seen_at"], True),
        (None, True),
        (["last_seen_at"], False),
        (["account_id"], False),
        ([], False),
    ],
)
def test_only_a_write_of_what_the_entity_is_about_counts(
    columns: list[str] | None, *, counts: bool
) -> None:
    """Not that of a column beside it, and not that of a key."""
    check = conflict(attrs.evolve(IGNORING, columns=columns))
    assert uses(check) == ["ignored"] * counts


def test_a_write_of_another_table_does_not_count() -> None:
    """By its name, or by its schema."""
    others = {"table": "settings"}, {"schema": "archive"}
    writes = [attrs.evolve(IGNORING, **fields) for fields in others]
    assert conflict(*writes).coverage == "detectable"


TOUCH = "BEGIN NEW.version := OLD.version + 1; RETURN NEW; END"
REFUSE = (
    "BEGIN IF NEW.version <> OLD.version THEN RAISE EXCEPTION 'stale'; END IF; "
    "NEW.version := OLD.version + 1; RETURN NEW; END"
)


@pytest.mark.parametrize(
    ("body", "write", "use"),
    [
        ("", NOT_RAISING, RevisionUse.NOT_RAISED),
        (TOUCH, NOT_RAISING, RevisionUse.COMPARED),
        (TOUCH, IGNORING, RevisionUse.IGNORED),
        (REFUSE, IGNORING, RevisionUse.COMPARED),
    ],
)
def test_a_trigger_can_raise_the_revision_and_compare_it(
    body: str, write: TableWrite, use: RevisionUse
) -> None:
    """As its function says."""
    trigger = Trigger(
        name="touch",
        function="public.touch",
        definition="CREATE TRIGGER touch BEFORE UPDATE …",
        timing="before",
        events=["update"],
    )
    check = conflict(
        write,
        table=attrs.evolve(TABLE, triggers=[trigger] if body else []),
        functions=(
            Function(
                name="touch",
                schema="public",
                result="trigger",
                language="plpgsql",
                body=body,
            ),
        ),
    )
    assert uses(check) == [use.value]


def test_a_write_that_does_not_raise_is_named_with_what_is_missing() -> None:
    """The next writer would see the revision that it has read."""
    check = conflict(NOT_RAISING)
    assert check.coverage == "bypassed"
    assert check.rationale.startswith(
        "1 write: 1 compares `version` and does not raise it: store.go:8; "
    )
    assert check.writes[0].remedy == (
        "set `version` to a new value in the same statement"
    )


def test_what_could_not_be_read_fails_nothing() -> None:
    """And is no proof."""
    check = conflict(attrs.evolve(IGNORING, unread="its condition is in a variable"))
    assert (check.coverage, uses(check)) == ("detectable", ["not_read"])
    assert check.rationale.startswith("1 write: 1 was not read: store.go:33; ")


def test_a_revision_of_the_set_is_not_looked_for_in_the_row() -> None:
    """It is in another table, whose writes a statement cannot show."""
    parent = Table(
        "accounts",
        [Column("id", "uuid", is_primary_key=True), Column("version", "integer")],
        primary_key=KeyConstraint(name="accounts_pkey", columns=["id"]),
    )
    model = attrs.evolve(
        MODEL.entities[0].models[0],
        revision_table="accounts",
        per_user=PerUser.MANY,
    )
    entity = attrs.evolve(MODEL.entities[0], models=[model])
    rows = attrs.evolve(
        TABLE,
        foreign_keys=[
            ForeignKey(
                name="fk",
                columns=["account_id"],
                target_schema="public",
                target_table="accounts",
                target_columns=["id"],
            )
        ],
    )
    report = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot([rows, parent]),
        model=AuditModel(entities=[entity]),
        wiring=Wiring(writes=TableWrites(found=[IGNORING], looked_in=["src"])),
    )
    check = report.check("interests.conflict")
    assert (check.coverage, uses(check)) == ("detectable", ["not_read"])
    assert "its revision is public.accounts.version" in str(check.evidence[-1])
