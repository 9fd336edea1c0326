"""Plain comparisons are explained in the terms of the schema and of the audit."""

from __future__ import annotations

import enum
import pathlib
import subprocess
import sys
import typing as typ

import attrs
import pytest

from pytest_userstate import (
    Column,
    Domain,
    Enum,
    Index,
    InterestsStorageCoverage,
    MigrationDecision,
    RuntimeWiring,
    SchemaSnapshot,
    Sequence,
    Source,
    Table,
    UserStateSchemaAuditReport,
    View,
    plugin,
)
from pytest_userstate.application.explanation import (
    MEANINGS,
    QUESTIONS,
    explain,
)
from pytest_userstate.domain.coverage import Coverage

ONE = SchemaSnapshot(
    [
        Table("old", [Column("id", "uuid")], source=Source("m/1.sql", 3)),
        Table(
            "users",
            [Column("id", "uuid"), Column("name", "text")],
            indexes=[Index(name="users_name", columns=["name"], is_unique=True)],
        ),
    ],
    enums=[Enum(name="mood", labels=["sad", "ok"])],
)
OTHER = SchemaSnapshot(
    [
        Table(
            "users",
            [
                Column("id", "uuid"),
                Column("name", "character varying(32)", is_nullable=True),
                Column("age", "integer", default="0"),
            ],
        ),
        Table("new", [Column("id", "uuid"), Column("at", "date")]),
    ],
    enums=[Enum(name="mood", labels=["sad", "ok", "happy"])],
)


def explained(operator: str, left: object, right: object) -> list[str]:
    """Return an explanation, which there has to be."""
    lines = explain(operator, left, right)
    assert lines is not None
    return lines


def test_different_schemas_are_told_part_by_part() -> None:
    """What is where, with facts from both sides and the migration behind it."""
    assert explained("==", ONE, OTHER) == [
        "SchemaSnapshot == SchemaSnapshot: 2 tables, 2 columns, 1 index, 1 enum",
        "- 2 only on the left, + 2 only on the right, ! 2 on both, but different",
        "+ table public.new with 2 columns",
        "- table public.old with 1 column  [m/1.sql:3]",
        "+ column public.users.age integer not null default 0",
        "! column public.users.name",
        "    data_type: text != character varying(32)",
        "    nullable: no != yes",
        "- index public.users.users_name unique users_name (name)",
        "! enum public.mood",
        "    labels: (sad, ok) != (sad, ok, happy)",
    ]


def test_equal_schemas_are_told_in_a_line() -> None:
    """Their contents would help nobody."""
    (line,) = explained("!=", ONE, ONE)
    assert line == "SchemaSnapshot != SchemaSnapshot: they are the same, 2 tables each"


def test_bookkeeping_alone_is_named_as_such() -> None:
    """It counts for equality, but is seldom what a test is about."""
    records = Table("records", [Column("version", "text")], is_bookkeeping=True)
    after = attrs.evolve(ONE, tables=[*ONE.tables, records])
    assert "migration tool" in explained("==", ONE, after)[0]
    assert any("public.records" in line for line in explained("==", ONE, after))


def test_thousands_of_differences_stay_a_page() -> None:
    """The first line counts them all, the last what is not shown."""
    columns = [Column(f"column_{each}", "text") for each in range(20)]
    many = SchemaSnapshot(Table(f"table_{each}", columns) for each in range(5000))
    lines = explained("==", many, ONE)
    assert "5,002 tables, 1 enum" in lines[0]
    assert lines[1] == "- 5,000 only on the left, + 3 only on the right"
    assert len(lines) < 40
    assert lines[-1].startswith("… and 4,97")
    assert max(map(len, lines)) <= 80


def test_many_facts_of_one_thing_are_bounded() -> None:
    """Long definitions are cut, and long lists of facts counted."""
    long = View("v", [], definition="SELECT " + "1, " * 3000)
    short = attrs.evolve(long, definition="SELECT 2")
    lines = explained("==", long, short)
    assert len("\n".join(lines)) < 700
    one = Table(
        "t", is_unlogged=True, has_row_security=True, comment="a", inherits=["x"]
    )
    one = attrs.evolve(one, forces_row_security=True, is_bookkeeping=True)
    assert "    … and 1 more fact" in explained("==", one, Table("t"))


@pytest.mark.parametrize("other", [None, 3, "schema", [ONE]])
def test_something_else_than_a_snapshot_is_told_without_its_contents(
    other: object,
) -> None:
    """Neither side is written out in full."""
    for left, right in ((ONE, other), (other, ONE)):
        lines = explained("==", left, right)
        assert "only one of the two" in lines[1]
        assert len("".join(lines)) < 200


@pytest.mark.parametrize(
    ("left", "right", "fragment"),
    [
        (ONE.tables[1], OTHER.tables[1], "public.users.age"),
        (View("v"), View("v", [Column("id", "uuid")]), "public.v.id"),
        (ONE.enums[0], OTHER.enums[0], "labels"),
        (Domain(name="d", data_type="a"), Domain(name="d", data_type="b"), "a != b"),
        (Sequence(name="s"), Sequence(name="s", start=3), "start: 1 != 3"),
        (Table("a"), Table("b"), "public.b"),
    ],
)
def test_single_objects_are_explained_likewise(
    left: object, right: object, fragment: str
) -> None:
    """Tables, views, types and sequences."""
    assert fragment in "\n".join(explained("==", left, right))


def test_answers_of_the_audit_say_what_they_mean() -> None:
    """Both sides, and the question."""
    report = UserStateSchemaAuditReport.evaluate(ONE)
    assert explained(
        "==", report.interests_storage_coverage, InterestsStorageCoverage.DUAL_MODEL
    ) == [
        "missing == dual_model",
        "InterestsStorageCoverage says which of the ways to store interests the",
        "schema has",
        "left  missing: no model is complete",
        "right dual_model: both models are complete",
    ]


def test_an_unknown_answer_shows_which_there_are() -> None:
    """And the nearest of them."""
    text = " ".join(explained("==", InterestsStorageCoverage.MISSING, "dual-model"))
    assert "none of the answers" in text
    assert "did you mean 'dual_model'?" in " ".join(text.split())
    text = " ".join(explained("==", "dual_model", InterestsStorageCoverage.MISSING))
    assert "left  'dual_model': both models are complete" in text


def test_an_answer_to_another_question_is_seen() -> None:
    """Both questions are told."""
    text = "\n".join(
        explained("==", MigrationDecision.REQUIRED, RuntimeWiring.NOT_PROBED)
    )
    assert "what follows for migrations" in text
    assert "behind a port" in text


@pytest.mark.parametrize("other", [None, 3])
def test_no_answer_at_all_is_seen(other: object) -> None:
    """None stands for a check that is not applicable."""
    text = "\n".join(explained("==", MigrationDecision.REQUIRED, other))
    assert ("not applicable" if other is None else "no answer") in text


def test_reports_are_compared_check_by_check() -> None:
    """Coverage and decision of each check that differs."""
    one, other = map(UserStateSchemaAuditReport.evaluate, (ONE, SchemaSnapshot()))
    users = Table("users", [Column("id", "uuid"), Column("display_name", "text")])
    other = UserStateSchemaAuditReport.evaluate(SchemaSnapshot([users]))
    lines = explained("==", one, other)
    found = next(line for line in lines if line.startswith("users.schema"))
    assert "coverage missing != covered" in found
    assert explained("!=", one, one) == ["report != report: they are the same"]
    fewer = attrs.evolve(one, checks=one.checks[1:])
    assert "login.schema: only on the left" in explained("==", one, fewer)


def test_what_we_have_nothing_to_say_about_is_left_to_pytest() -> None:
    """Other operators, other types, and our small values."""
    assert explain("is", ONE, OTHER) is None
    assert explain("in", InterestsStorageCoverage.MISSING, ["x"]) is None
    assert explain("==", Source("a"), Source("b")) is None
    assert explain("==", 1, 2) is None
    assert explain("==", Table("a"), View("a")) is None
    assert explain("!=", Table("a"), Table("a")) is None


def test_every_answer_has_a_meaning() -> None:
    """No value of an enumeration is left out, and none is invented."""
    kinds: set[type[enum.StrEnum]] = {*typ.get_args(Coverage), MigrationDecision}
    assert set(MEANINGS) == set(QUESTIONS) == kinds
    for kind in kinds:
        assert list(MEANINGS[kind]) == [each.value for each in kind]


def test_the_hook_leaves_other_values_alone() -> None:
    """What is not ours is not looked at."""
    assert plugin.pytest_assertrepr_compare("==", {"a": 1}, {"a": 2}) is None
    assert plugin.pytest_assertrepr_compare("==", ONE, OTHER)


def test_comparisons_of_other_values_load_nothing(tmp_path: pathlib.Path) -> None:
    """A run without our values pays for none of it."""
    (tmp_path / "test_other.py").write_text(
        "import sys\n"
        "def test_a():\n    assert {'a': 1} == {'a': 2}\n"
        "def test_b():\n"
        "    assert not [m for m in sys.modules if 'userstate.domain' in m]\n"
        "    assert 'attrs' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout


def test_a_large_snapshot_is_not_written_out() -> None:
    """Pytest asks for the text of whatever it compares."""
    many = SchemaSnapshot(Table(f"t{each}") for each in range(10_000))
    assert len(repr(many)) < 100_000
    assert "9,900 more" in repr(many)
    assert "more" not in repr(ONE)
