"""Committed reports, held against the audit."""

from __future__ import annotations

import json

import attrs
import pytest

from pytest_userstate.application.documents import check_document
from pytest_userstate.application.reporting import json_report
from pytest_userstate.application.reporting.markdown import links_at, render
from pytest_userstate.application.run_record import (
    DocumentCheck,
    DocumentStatus,
    RunRecord,
    Status,
)
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.snapshot import Column, Source, Table
from tests.helpers.documents import FakeReportStore, finished
from tests.helpers.schemas import TOKENS, preferences


def users(line: int | None, path: str = "migrations/1.sql") -> Table:
    """Return a table of users that was made on this line."""
    made = Source(path, line)
    columns = [Column("id", "uuid", source=made), Column("display_name", "text")]
    return Table("users", columns, source=made)


def check(committed: RunRecord, now: RunRecord, path: str) -> DocumentCheck:
    """Hold the report of a run against another run."""
    store = FakeReportStore()
    store.files[path] = (
        render(committed, links_at(store.place(path)))
        if path.endswith(".md")
        else json_report.render(committed)
    )
    before = dict(store.files)
    found = check_document(now, path, store)
    assert store.files == before
    return found


PATHS = pytest.mark.parametrize("path", ["docs/a.md", "docs/a.json"])


@PATHS
def test_the_same_audit_is_current(path: str) -> None:
    """Nothing differs, and nothing is said."""
    found = check(finished(users(1)), finished(users(1)), path)
    assert (found.status, found.difference) == (DocumentStatus.CURRENT, ())


@PATHS
@pytest.mark.parametrize(
    ("committed", "now"),
    [
        ({"server": "18.6"}, {"server": "14.19"}),
        ({"server": "18.6"}, {"server": "19beta1"}),
        ({"stubs": ("pgcrypto",)}, {}),
        ({}, {"stubs": ("pgcrypto", "uuid-ossp")}),
    ],
)
def test_servers_and_stubs_do_not_count(
    path: str, committed: dict[str, object], now: dict[str, object]
) -> None:
    """Another machine audits with what it has."""
    found = check(finished(users(1), **committed), finished(users(1), **now), path)
    assert found.is_current, found


@PATHS
@pytest.mark.parametrize(("committed", "now"), [(1, 2), (1, None), (None, 12)])
def test_line_numbers_do_not_count(
    path: str, committed: int | None, now: int | None
) -> None:
    """A comment at the top of a migration moves them all."""
    assert check(finished(users(committed)), finished(users(now)), path).is_current


@PATHS
@pytest.mark.parametrize(
    "now",
    [
        finished(users(1, "migrations/2.sql")),
        finished(),
        finished(users(1), preferences(TOKENS["not null"])),
        finished(users(1), applied=4),
        finished(users(1), warnings=("look here",)),
    ],
    ids=["file", "table", "more", "applied", "warning"],
)
def test_everything_else_counts(path: str, now: RunRecord) -> None:
    """Files, tables, counts, warnings."""
    found = check(finished(users(1)), now, path)
    assert found.status is DocumentStatus.OUTDATED
    assert found.difference
    assert found.message == f"{path} no longer says what the audit says"


def test_what_does_not_count_cannot_hide_anything() -> None:
    """Only a version stands where a version is, and only a line where one is."""
    record = finished(users(1))
    store = FakeReportStore()
    good = render(record, links_at(store.place("docs/a.md")))
    for old, new in (
        ("PostgreSQL 18.6", "PostgreSQL 18.6, and all is well"),
        ("1.sql:1]", "1.sql:one]"),
        ("1.sql#L1)", "1.sql#L1) **fine**"),
        ("code: none", "code: none\nmore"),
        ("code: none", "code: none, and all is well"),
    ):
        assert old in good
        store.files["docs/a.md"] = good.replace(old, new, 1)
        found = check_document(record, "docs/a.md", store)
        assert found.status is DocumentStatus.OUTDATED, new


def test_a_difference_names_its_section() -> None:
    """Headings, then what was committed, then what is found now."""
    found = check(finished(users(1)), finished(users(1), applied=4), "docs/a.md")
    assert found.difference == (
        "## Scope and method",
        (
            "- - Migrations: [migrations](../migrations), plain layout, 3 applied in "
            "turn to an empty database"
        ),
        (
            "+ - Migrations: [migrations](../migrations), plain layout, 4 applied in "
            "turn to an empty database"
        ),
    )


def test_a_difference_in_json_names_the_place() -> None:
    """By check and field."""
    found = check(finished(users(1)), finished(users(1), applied=4), "a.json")
    assert found.difference == ("- target.applied: 3", "+ target.applied: 4")
    found = check(finished(users(1)), finished(users(1), preferences()), "a.json")
    assert '- checks[interests.schema].coverage: "missing"' in found.difference


def test_a_large_difference_is_cut_short() -> None:
    """The terminal is not flooded, and nothing in the file reaches it raw."""
    store = FakeReportStore()
    lines = "\n".join(f"\x1b[31m{number} {'x' * 500}" for number in range(500))
    store.files["a.md"] = lines
    found = check_document(finished(users(1)), "a.md", store)
    assert len(found.difference) < 50
    assert found.difference[-1].startswith("… and ")
    assert all(len(line) < 250 for line in found.difference)
    assert "\x1b" not in "".join(found.difference)


def test_line_endings_do_not_count() -> None:
    """Version control may change them on the way."""
    record = finished(users(1))
    store = FakeReportStore()
    text = render(record, links_at(store.place("a.md")))
    store.files["a.md"] = text.replace("\n", "\r\n") + "\r\n"
    assert check_document(record, "a.md", store).is_current


def test_a_missing_report_is_missing() -> None:
    """It is not made by being checked."""
    store = FakeReportStore()
    found = check_document(finished(users(1)), "docs/a.md", store)
    assert found.status is DocumentStatus.MISSING
    assert store.files == {}


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "<<<<<<< HEAD"])
def test_what_is_not_json_is_said_to_be_none(text: str) -> None:
    """A merge conflict, say."""
    found = check_document(finished(), "a.json", FakeReportStore(a_json=text))
    assert found.status is DocumentStatus.UNREADABLE
    assert found.message.startswith("a.json is not JSON: ")


@pytest.mark.parametrize("text", ["[]", "1", '"x"', "{}", '{"checks": [{"id": []}]}'])
def test_other_json_is_outdated(text: str) -> None:
    """Whatever it holds, it does not say what the audit says."""
    found = check_document(finished(), "a.json", FakeReportStore(a_json=text))
    assert found.status is DocumentStatus.OUTDATED


def test_a_partial_audit_is_not_compared() -> None:
    """What did not run cannot be current, nor outdated."""
    record = finished(users(1))
    outcomes = {**record.outcomes, "users.schema": Outcome.DESELECTED}
    partial = attrs.evolve(record, outcomes=outcomes)
    found = check(record, partial, "a.md")
    assert found.status is DocumentStatus.NOT_COMPARED
    assert "the audit is partial" in found.message
    assert check(record, RunRecord(), "a.md").status is DocumentStatus.NOT_COMPARED


@pytest.mark.parametrize("status", DocumentStatus)
def test_only_a_current_report_passes(status: DocumentStatus) -> None:
    """Everything else makes the run a failed one, and the reports say so."""
    document = DocumentCheck(path="a.md", status=status, message="a.md is odd")
    record = attrs.evolve(
        finished(),
        outcomes={"users.schema": Outcome.PASSED},
        documents=(document,),
    )
    is_current = status is DocumentStatus.CURRENT
    assert (record.status is Status.PASSED) is is_current
    told = json.loads(json_report.render(record))
    assert told["documents"][0]["status"] == status
    page = render(record, links_at(None))
    assert ("    a.md is odd" in page) is not is_current


def test_what_was_checked_takes_no_part_in_a_comparison() -> None:
    """A report that was written while another one was checked can be committed."""
    document = DocumentCheck(path="b.md", status=DocumentStatus.CURRENT, message="x")
    committed = attrs.evolve(finished(users(1)), documents=(document,))
    assert check(committed, finished(users(1)), "a.json").is_current
