"""Which columns are revisions by their names, and which types can be one."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.domain.columns import Column
from pytest_userstate.domain.coverage import MigrationDecision
from pytest_userstate.domain.model import Entity, Revisions, StorageModel
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.revisions import is_token_name
from pytest_userstate.domain.snapshot import Domain, Enum, SchemaSnapshot
from tests.helpers.schemas import model_with, preferences


def report(column: Column, **types: object) -> UserStateSchemaAuditReport:
    """Return the audit of preferences with this column."""
    snapshot = attrs.evolve(SchemaSnapshot([preferences(column)]), **types)  # type: ignore[arg-type]
    return UserStateSchemaAuditReport.evaluate(snapshot, model=model_with())


@pytest.mark.parametrize(
    "data_type",
    [
        *("smallint", "integer", "bigint", "numeric", "numeric(20,0)", "uuid", "text"),
        *("bytea", "xid8", "pg_lsn", "character varying(32)", "character(26)"),
        *("timestamp with time zone", "timestamp(3) without time zone", "bit(64)"),
    ],
)
def test_values_that_do_not_repeat_show_a_stale_write(data_type: str) -> None:
    """A number, an identifier, or a time that is fine enough does."""
    check = report(Column("revision", data_type)).check("interests.conflict")
    assert check.coverage == "detectable"


@pytest.mark.parametrize(
    ("data_type", "reason"),
    [
        ("boolean", "a boolean has two values"),
        ("date", "a date is the same for all writes of one day"),
        ("time without time zone", "a time of day has the same value again"),
        ("time(3) with time zone", "a time of day has the same value again"),
        ("timestamp(0) without time zone", "its type keeps the time to 1 second"),
        ("timestamp(0) with time zone", "its type keeps the time to 1 second"),
        ("timestamp(1) with time zone", "its type keeps the time to 0.1 second"),
        ("timestamp(2) with time zone", "its type keeps the time to 0.01 second"),
        ("character(1)", "a single character soon has an old value again"),
        ('"char"', "a single byte soon has an old value again"),
        ("bit(1)", "a bit has two values"),
    ],
)
def test_values_that_repeat_are_unreliable(data_type: str, reason: str) -> None:
    """The check fails with the reason, and a migration is required."""
    audited = report(Column("revision", data_type, default="x"))
    check = audited.check("interests.conflict")
    assert (check.coverage, check.decision) == (
        "unreliable",
        MigrationDecision.REQUIRED,
    )
    assert reason in check.rationale
    assert audited.check("interests.revision").coverage == "tracked"


@pytest.mark.parametrize("data_type", ["flag", "public.flag", '"Kind"', "kind"])
def test_a_domain_or_an_enumeration_is_looked_through(data_type: str) -> None:
    """A domain over a boolean is as unreliable; an enumeration has few values."""
    column = Column("revision", data_type, is_domain="flag" in data_type)
    outer = Domain(name="flag", data_type="inner")
    inner = Domain(name="inner", data_type="boolean")
    enums = [Enum(name=name, labels=["a", "b"]) for name in ("Kind", "kind")]
    audited = report(column, domains=[outer, inner], enums=enums)
    assert audited.check("interests.conflict").coverage == "unreliable"


def test_xmin_is_a_revision_of_the_row() -> None:
    """PostgreSQL keeps the system column, which no migration can make."""
    model = StorageModel(
        name="m", tables="consents", columns=["user_id"], revision=["xmin"]
    )
    own = Entity(name="consents", revisions=Revisions.EXPECTED, models=[model])
    table = attrs.evolve(preferences(), name="consents")
    audited = UserStateSchemaAuditReport.evaluate(
        SchemaSnapshot([table]), model=model_with(own)
    )
    conflict = audited.check("consents.conflict")
    assert conflict.coverage == "detectable"
    assert conflict.rationale.startswith(
        "reuse the revision that exists: compare public.consents.xmin"
    )
    assert audited.check("consents.revision").coverage == "tracked"


@pytest.mark.parametrize(
    "name",
    [
        *("lock_version", "row_version", "rowversion", "rowRevision", "version"),
        *("version_id", "version_id_col", "revision_id", "revision_number", "rev"),
        *("opt_lock", "etag", "concurrency_stamp", "ConcurrencyStamp", "Revision"),
        *("preferences_revision", "user_preferences_version"),
    ],
)
def test_a_common_name_is_a_near_miss(name: str) -> None:
    """The evidence says how to name the column in the model."""
    column = Column(name, "text")
    for axis in ("revision", "conflict"):
        check = report(column).check(f"interests.{axis}")
        (near,) = (fact for fact in check.evidence if fact.kind == "near_miss")
        assert near.subject == f"public.user_preferences.{name}"
        assert near.detail.endswith(f'write revision = ["{name}"] in the model')


@pytest.mark.parametrize(
    "name",
    [
        *("updated_at", "schema_version", "terms_version", "sign_count", "note"),
        *("app_version", "conversion", "reviewed"),
    ],
)
def test_what_only_sounds_like_one_is_not_near(name: str) -> None:
    """Another thing's version says nothing about the row."""
    assert not is_token_name(name, "user_preferences")
    check = report(Column(name, "text")).check("interests.revision")
    assert [fact for fact in check.evidence if fact.kind == "near_miss"] == []


def test_a_column_that_could_not_show_a_write_is_not_near() -> None:
    """It would only be unreliable under that name."""
    check = report(Column("lock_version", "boolean")).check("interests.revision")
    assert [fact for fact in check.evidence if fact.kind == "near_miss"] == []
