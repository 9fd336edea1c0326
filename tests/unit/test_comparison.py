"""What comes of comparing the audited schema with another one."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate import (
    Column,
    DroppedObject,
    Enum,
    Outcome,
    SchemaSnapshot,
    Source,
    Table,
)
from pytest_userstate.application.comparison import Comparison, Reference, compare
from pytest_userstate.application.reporting.findings import finding_of_comparison
from pytest_userstate.application.reporting.json_report import comparison_document
from pytest_userstate.application.reporting.text import TextPrinter
from pytest_userstate.application.schema_words import in_lines
from tests.helpers.fakes import FakeSchemaSnapshotRepository

MADE = Source("m/1.sql", 3)
DROPPED = Source("m/2.sql", 7)
USERS = Table(
    "users",
    [Column("id", "uuid", source=MADE), Column("n", "integer", source=MADE)],
    source=MADE,
)
AUDITED = SchemaSnapshot(
    [USERS, Table("notes", [Column("id", "uuid")], source=MADE)],
    enums=[Enum(name="mood", labels=["sad"])],
    dropped=[
        DroppedObject(schema="public", table="users", column="nick", source=DROPPED)
    ],
)
OTHER = SchemaSnapshot(
    [
        Table(
            "users",
            [
                Column("id", "uuid"),
                Column("n", "bigint", is_nullable=True),
                Column("nick", "text"),
            ],
        )
    ],
    enums=[Enum(name="mood", labels=["sad", "ok"])],
)


def reference(
    snapshot: SchemaSnapshot | None, *, name: str = "drift", accepting: bool = False
) -> Reference:
    """Return a reference to a schema, or to a file that is not there yet."""
    return Reference(
        name=name,
        label="somewhere",
        repository=snapshot and FakeSchemaSnapshotRepository(snapshot),
        before="old" if name == "snapshot" else "the migrations",
        after="the migrations" if name == "snapshot" else "live",
        comes_first=name == "snapshot",
        expected="the same",
        remedy="Mend it:\n  some --command " + "x" * 90,
        is_accepting=accepting,
    )


def explanation(comparison: Comparison) -> str:
    """Return what the failing item prints."""
    finding = finding_of_comparison(comparison, comparison.outcome)
    return TextPrinter().explanation(finding)


def shown(comparison: Comparison) -> list[str]:
    """Return what the summary shows, the outcome left out."""
    finding = finding_of_comparison(comparison, comparison.outcome)
    lines = TextPrinter().finding_lines(finding)
    first, *others = ["".join(text for text, _ in parts) for parts in lines]
    return [first[11:], *others]


def test_drift_is_what_the_live_database_has_otherwise() -> None:
    """With the migration that made, or dropped, what differs."""
    comparison = compare(reference(OTHER), AUDITED)
    assert comparison.outcome is Outcome.FAILED
    assert explanation(comparison).splitlines() == [
        "4 differences: 1 table, 2 columns, 1 enum",
        "expected: the same",
        "  compared with somewhere",
        "  (- only in the migrations, + only in live, ! the migrations != live)",
        "  - table public.notes with 1 column  [m/1.sql:3]",
        "  ! column public.users.n  [m/1.sql:3]",
        "      data_type: integer != bigint",
        "      nullable: no != yes",
        "  + column public.users.nick text not null  [dropped by m/2.sql:7]",
        "  ! enum public.mood",
        "      labels: (sad) != (sad, ok)",
        "Mend it:",
        "  some --command " + "x" * 90,
    ]


def test_a_snapshot_is_what_was() -> None:
    """The audited schema comes second, and still knows the migrations."""
    comparison = compare(reference(OTHER, name="snapshot"), AUDITED)
    kinds = {change.subject: change.kind for change in comparison.changes}
    assert kinds["public.notes"] == "added"
    assert kinds["public.users.nick"] == "removed"
    sources = {
        change.subject: (change.source, change.dropped and change.dropped.source)
        for change in comparison.changes
    }
    assert sources["public.notes"] == (MADE, None)
    assert sources["public.users.nick"] == (None, DROPPED)
    assert sources["public.users.n"] == (MADE, None)
    assert "+ table public.notes with 1 column  [m/1.sql:3]" in in_lines(
        comparison.changes
    )


def test_the_report_has_the_difference_as_plain_values() -> None:
    """For programs: no text to take apart."""
    report = comparison_document(compare(reference(OTHER), AUDITED), Outcome.FAILED)
    changes = {each["subject"]: each for each in report.pop("changes")}
    assert report == {
        "id": "drift",
        "reference": "somewhere",
        "before": "the migrations",
        "after": "live",
        "outcome": "failed",
        "error": None,
        "accepted": False,
    }
    assert changes["public.users.n"] == {
        "kind": "changed",
        "what": "column",
        "subject": "public.users.n",
        "detail": "data_type: integer != bigint; nullable: no != yes",
        "facts": [
            {"field": "data_type", "before": "integer", "after": "bigint"},
            {"field": "is_nullable", "before": False, "after": True},
        ],
        "source": {"path": "m/1.sql", "line": 3},
        "dropped_by": None,
    }
    assert changes["public.mood"]["facts"][0]["after"] == ["sad", "ok"]


def test_equal_schemas_pass() -> None:
    """And say so."""
    comparison = compare(reference(attrs.evolve(AUDITED, dropped=[])), AUDITED)
    assert comparison.outcome is Outcome.PASSED
    assert shown(comparison) == ["drift: no difference"]


def test_what_is_accepted_passes_and_is_told() -> None:
    """So that nobody accepts what was not seen."""
    comparison = compare(reference(OTHER, accepting=True), AUDITED)
    assert comparison.outcome is Outcome.PASSED
    head, *details = shown(comparison)
    assert head == "drift: 4 differences, accepted"
    told = "\n".join(details)
    assert "labels" in told
    assert "--command" not in told


def test_a_file_that_is_not_there_yet_is_no_comparison() -> None:
    """It is about to be written."""
    comparison = compare(reference(None, accepting=True), AUDITED)
    assert comparison.outcome is Outcome.PASSED
    (head,) = shown(comparison)
    assert "nothing to compare with" in head


def test_what_cannot_be_read_is_an_error_and_no_finding() -> None:
    """The audited schema is not at fault."""
    failing = FakeSchemaSnapshotRepository(failing="connect")
    comparison = compare(attrs.evolve(reference(None), repository=failing), AUDITED)
    assert comparison.outcome is Outcome.ERROR
    reason = "The schema could not be read: told to fail to connect"
    assert shown(comparison) == ["drift: not compared", f"  {reason}"]
    report = comparison_document(comparison, comparison.outcome)
    assert (report["error"], report["changes"]) == (reason, [])


@pytest.mark.parametrize("count", [1, 30, 3000])
def test_a_large_difference_is_a_page(count: int) -> None:
    """The report has it all."""
    many = SchemaSnapshot(
        [Table(f"t{n}", [Column("id", "uuid")]) for n in range(count)]
    )
    comparison = compare(reference(many), SchemaSnapshot())
    assert len(comparison.changes) == count
    assert len(explanation(comparison).splitlines()) <= 40
