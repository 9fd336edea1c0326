"""Assertions about what the audit says: what passes, what fails, and how it reads."""

from __future__ import annotations

import collections.abc as cabc
import json
import pathlib
import re
import typing as typ

import attrs
import pytest

from pytest_userstate import (
    AuditModel,
    Column,
    DroppedObject,
    Entity,
    PortWiring,
    RuntimeWiring,
    SchemaSnapshot,
    Source,
    UserStateSchemaAuditReport,
    Wiring,
)
from pytest_userstate.application.reporting.json_report import report_document
from pytest_userstate.assertions import (
    assert_check,
    assert_no_migration_needed,
    assert_same_report,
    assert_wiring,
)
from pytest_userstate.domain.snapshot import Table
from tests.helpers.schemas import join_table, model_with, preferences, table

Report = UserStateSchemaAuditReport
USERS = table("users", "id", "display_name", "password_hash")
REVISION = Column("revision", "integer")


def audit(*tables: Table, model: AuditModel | None = None, **more: typ.Any) -> Report:
    """Audit a schema of these tables."""
    snapshot = SchemaSnapshot(tables, dropped=more.pop("dropped", ()))
    return Report.evaluate(snapshot, model=model or model_with(), **more)


def message_of(assertion: cabc.Callable[[], object]) -> str:
    """Return what a failing assertion says; it has to fit 80 columns with a margin."""
    with pytest.raises(AssertionError) as caught:
        assertion()
    text = str(caught.value)
    assert max(map(len, text.splitlines())) <= 72
    return " ".join(text.split())


GOOD = audit(USERS, preferences(REVISION))
DUAL = audit(USERS, preferences(REVISION), join_table())
EMPTY = audit()


@pytest.mark.parametrize(
    ("report", "check"),
    [
        (GOOD, "login.schema"),
        (GOOD, "users.schema"),
        (GOOD, "interests.schema"),
        (audit(USERS, join_table()), "interests.schema"),
        (GOOD, "interests.revision"),
        (GOOD, "interests.conflict"),
    ],
)
def test_covered_and_missing_exclude_each_other(report: Report, check: str) -> None:
    """What is covered is not missing; without tables it is the other way round."""
    assert_check(report, check).is_covered()
    assert "is not missing" in message_of(assert_check(report, check).is_missing)
    assert_check(EMPTY, check).is_missing()
    assert "is not covered" in message_of(assert_check(EMPTY, check).is_covered)


@pytest.mark.parametrize(
    ("report", "check"),
    [
        (DUAL, "interests.schema"),
        (
            audit(USERS, preferences(attrs.evolve(REVISION, is_nullable=True))),
            "interests.conflict",
        ),
    ],
)
def test_what_is_unclear_is_neither_covered_nor_missing(
    report: Report, check: str
) -> None:
    """Two models, or an unreliable revision, pass neither assertion."""
    message_of(assert_check(report, check).is_covered)
    message_of(assert_check(report, check).is_missing)


def test_wiring_is_no_storage() -> None:
    """Asking whether wiring is covered is a mistake of the test."""
    with pytest.raises(ValueError, match="assert_wiring"):
        assert_check(GOOD, "users.wiring").is_covered()


def test_a_failure_tells_expected_found_rationale_evidence_and_remedy() -> None:
    """Nobody has to run the audit to understand the message."""
    gone = DroppedObject(
        schema="public", table="users", source=Source("migrations/008.sql", 2)
    )
    report = audit(dropped=[gone])
    text = message_of(
        lambda: assert_check(
            report, "users.schema", coverage="covered", decision="not_required"
        )
    )
    assert "coverage: expected covered found missing" in text
    assert "decision: expected not_required found required" in text
    assert report.check("users.schema").rationale in text
    assert "public.users was dropped (migrations/008.sql:2)" in text
    assert "hint write a migration that adds what is missing name the tables" in text


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        ({"coverage": "dual_model"}, {"coverage": "missing"}),
        ({"decision": "required"}, {"decision": "deferred"}),
        ({"models": ["join_table", "preferences"]}, {"models": ["preferences"]}),
        ({"models": ("preferences", "join_table")}, {"models": []}),
        ({"canonical": None}, {"canonical": "preferences"}),
        ({"recommendation": "preferences"}, {"recommendation": None}),
        ({"prerequisite": None}, {"prerequisite": "users.schema"}),
    ],
    ids=lambda facts: next(iter(facts)),
)
def test_each_fact_of_a_check_can_be_held(
    facts: dict[str, typ.Any], wrong: dict[str, typ.Any]
) -> None:
    """Each keyword passes for what is, and fails for what is not."""
    assert_check(DUAL, "interests.schema", **facts)
    text = message_of(lambda: assert_check(DUAL, "interests.schema", **wrong))
    assert f"{next(iter(wrong))}: expected" in text


def test_a_deferred_check_names_what_it_waits_for() -> None:
    """The prerequisite is a check or a condition, and the hint says it first."""
    waiting = assert_check(EMPTY, "interests.revision", prerequisite="interests.schema")
    waiting.needs_migration()
    text = message_of(waiting.needs_no_migration)
    assert "first: interests.schema is closed" in text
    declared = audit(
        USERS,
        preferences(REVISION),
        join_table(),
        model=model_with(canonical="preferences"),
    )
    assert_check(
        declared,
        "interests.schema",
        canonical="preferences",
        prerequisite="public.user_interest_themes is retired",
    )


def test_no_migration_needed() -> None:
    """All checks, or those that are named; the first that needs one is told."""
    assert_no_migration_needed(GOOD)
    assert_no_migration_needed(DUAL, checks=["users.schema", "interests.revision"])
    text = message_of(lambda: assert_no_migration_needed(EMPTY))
    assert "login.schema, users.schema" in text
    assert "interests.conflict: coverage absent, decision deferred" in text
    message_of(lambda: assert_no_migration_needed(DUAL, checks=["interests.schema"]))
    message_of(assert_check(GOOD, "users.schema").needs_migration)


def test_wiring() -> None:
    """The state behind a port, with where it is declared."""
    port = PortWiring(
        entity="users",
        port="UsersQuery",
        state=RuntimeWiring.FIXTURE_BACKED,
        sources=[Source("src/state.rs", 42)],
    )
    report = audit(USERS, wiring=Wiring([port]))
    found = assert_wiring(report, "users", "fixture_backed")
    assert found.check.coverage is RuntimeWiring.FIXTURE_BACKED
    assert_wiring(report, "login", RuntimeWiring.NOT_PROBED)
    text = message_of(lambda: assert_wiring(report, "users", "database_backed"))
    assert "src/state.rs:42" in text
    assert "[wiring.ports.users]" in text
    found.has_evidence("UsersQuery", kind="declared", source="state.rs:42")


def test_evidence() -> None:
    """A fact is found by subject and kind, and by file, line and model on request."""
    source = Source("db/migrations/001_users/up.sql", 3)
    users = attrs.evolve(
        USERS,
        source=source,
        columns=[attrs.evolve(column, source=source) for column in USERS.columns],
    )
    check = assert_check(audit(users), "users.schema")
    for subject in ("users.display_name", "public.users.display_name"):
        for place in ("up.sql", "001_users/up.sql:3", "db/migrations/001_users/up.sql"):
            fact = check.has_evidence(subject, kind="present", source=place)
            assert fact.source == source
    check.has_evidence("users.id", kind="present", model="users")
    for wrong in (
        {"kind": "absent"},
        {"kind": "present", "source": "p.sql"},
        {"kind": "present", "source": "up.sql:4"},
        {"kind": "present", "source": "002_users/up.sql"},
        {"kind": "present", "model": "people"},
    ):
        facts = typ.cast("typ.Any", wrong)
        text = message_of(lambda facts=facts: check.has_evidence("users.id", **facts))
        assert "found public.users.id: present, by db/migrations" in text
    text = message_of(lambda: check.has_evidence("user.id", kind="present"))
    assert "found nothing about user.id" in text
    assert "nearest public.users.id" in text


MISTAKES: dict[str, tuple[cabc.Callable[[], object], type[Exception], str]] = {
    "check": (lambda: assert_check(GOOD, "user.schema"), LookupError, "'users.schema'"),
    "axis": (
        lambda: assert_check(GOOD, "interests.revisions"),
        LookupError,
        "did you mean 'interests.revision'",
    ),
    "entity": (lambda: assert_wiring(GOOD, "user", "unwired"), LookupError, "users"),
    "state": (
        lambda: assert_wiring(GOOD, "users", typ.cast("typ.Any", "database_baked")),
        ValueError,
        "did you mean 'database_backed'",
    ),
    "not applicable": (
        lambda: assert_check(GOOD, "users.revision"),
        LookupError,
        "no check here: the model expects no revisions",
    ),
    "coverage of another check": (
        lambda: assert_check(GOOD, "users.schema", coverage="dual_model"),
        ValueError,
        "none of 'covered', 'missing', 'ambiguous'",
    ),
    "decision": (
        lambda: assert_check(
            GOOD, "users.schema", decision=typ.cast("typ.Any", "not required")
        ),
        ValueError,
        "did you mean 'not_required'",
    ),
    "decision on wiring": (
        lambda: assert_check(GOOD, "users.wiring", decision="required"),
        ValueError,
        "no migration follows from wiring",
    ),
    "migration for wiring": (
        lambda: assert_no_migration_needed(GOOD, checks=["users.wiring"]),
        ValueError,
        "no migration follows from wiring",
    ),
    "no migration for wiring": (
        lambda: assert_check(GOOD, "users.wiring").needs_no_migration(),
        ValueError,
        "no migration follows from wiring",
    ),
    "nothing that could need one": (
        lambda: assert_no_migration_needed(attrs.evolve(GOOD, checks=[])),
        LookupError,
        "the report has no check that a migration could follow from",
    ),
    "no checks": (
        lambda: assert_no_migration_needed(GOOD, checks=[]),
        ValueError,
        "name at least one",
    ),
    "one string of checks": (
        lambda: assert_no_migration_needed(GOOD, checks="users.schema"),
        TypeError,
        "in a list",
    ),
    "kind of evidence": (
        lambda: assert_check(GOOD, "users.schema").has_evidence(
            "users", kind=typ.cast("typ.Any", "missing")
        ),
        ValueError,
        "kind: 'missing' is none of",
    ),
    "no report": (
        lambda: assert_check(typ.cast("typ.Any", SchemaSnapshot()), "users.schema"),
        TypeError,
        "expected a UserStateSchemaAuditReport",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_no_finding(name: str) -> None:
    """What is misspelt neither passes nor fails; the message helps."""
    call, kind, message = MISTAKES[name]
    with pytest.raises(kind, match=re.escape(message)):
        call()


def accepted(folder: pathlib.Path, report: Report, **changes: object) -> pathlib.Path:
    """Write a report as `--userstate-report` does, but for what a gate adds."""
    path = folder / "accepted.json"
    document = {
        "schema_version": 1,
        "error": None,
        **report_document(report),
        **changes,
    }
    path.write_text(json.dumps(document))
    return path


def test_the_same_report(tmp_path: pathlib.Path) -> None:
    """Equal findings pass, whether held against a report or a file."""
    assert_same_report(DUAL, accepted=audit(join_table(), USERS, preferences(REVISION)))
    assert_same_report(DUAL, accepted=accepted(tmp_path, DUAL))
    assert_same_report(DUAL, accepted=str(accepted(tmp_path, DUAL)))


def test_lines_do_not_count_but_files_do(tmp_path: pathlib.Path) -> None:
    """A comment above a statement changes nothing; another migration does."""

    def report(path: str, line: int) -> Report:
        return audit(attrs.evolve(USERS, source=Source(path, line)))

    path = accepted(tmp_path, report("001.sql", 3))
    assert_same_report(report("001.sql", 30), accepted=path)
    text = message_of(
        lambda: assert_same_report(report("002.sql", 3), accepted=path),
    )
    assert "users.schema evidence: expected" in text
    assert "001.sql" in text
    assert "002.sql" in text


def test_lines_in_a_rationale_do_not_count() -> None:
    """Where a rationale names a line, another line is no difference."""

    def report(rationale: str) -> Report:
        check = attrs.evolve(GOOD.check("users.schema"), rationale=rationale)
        return attrs.evolve(GOOD, checks=[check])

    accepted = report("made by 001.sql:3, it stays")
    assert_same_report(report("made by 001.sql:30, it stays"), accepted=accepted)
    other = report("made by 001.sql:3, it goes")
    assert "rationale" in message_of(
        lambda: assert_same_report(other, accepted=accepted)
    )


def test_a_fact_more_or_less_is_a_difference() -> None:
    """A fact that only one of the reports has counts, whichever it is."""
    gone = DroppedObject(schema="public", table="users", source=Source("008.sql", 2))
    more = audit(dropped=[gone])
    text = message_of(lambda: assert_same_report(more, accepted=EMPTY))
    assert "expected nothing more found public.users dropped" in text
    text = message_of(lambda: assert_same_report(EMPTY, accepted=more))
    assert "008.sql found none of it" in text


def test_differences_are_told_check_by_check(tmp_path: pathlib.Path) -> None:
    """Each check, each fact, and how to accept it."""
    path = accepted(tmp_path, GOOD)
    text = message_of(lambda: assert_same_report(DUAL, accepted=path))
    assert "interests.schema coverage: expected canonical_preferences" in text
    assert "interests.schema decision: expected not_required found required" in text
    assert "users.schema coverage" not in text
    assert "--userstate-report" in text


def test_rows_that_came_and_went_are_differences() -> None:
    """An entity that is no longer expected, or new, is told as a whole."""
    old = attrs.evolve(
        model_with().entities[0], expected=False, reason="single sign-on"
    )
    new = Entity(name="consents", models=model_with().entities[1].models)
    report = audit(USERS, model=model_with(old, new))
    text = message_of(lambda: assert_same_report(report, accepted=audit(USERS)))
    assert "found not applicable: not expected: single sign-on" in text
    assert "consents.schema: expected no such check" in text


def test_a_file_that_is_no_report_is_a_mistake(tmp_path: pathlib.Path) -> None:
    """No file, no JSON, another version, or a run that failed: each says so."""
    with pytest.raises(FileNotFoundError, match=r"no report .*missing\.json") as caught:
        assert_same_report(GOOD, accepted=tmp_path / "missing.json")
    assert str(caught.traceback.filter(caught)[-1].path) == __file__
    (tmp_path / "text.json").write_text("nonsense")
    with pytest.raises(ValueError, match="is no JSON"):
        assert_same_report(GOOD, accepted=tmp_path / "text.json")
    with pytest.raises(ValueError, match="no report of version 1"):
        assert_same_report(GOOD, accepted=accepted(tmp_path, GOOD, schema_version=2))
    failed = accepted(
        tmp_path,
        GOOD,
        checks=[],
        not_applicable=[],
        error={"kind": "usage", "message": "no migrations"},
    )
    with pytest.raises(ValueError, match="found out nothing: no migrations"):
        assert_same_report(GOOD, accepted=failed)
