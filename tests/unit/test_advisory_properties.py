"""What holds for advisories whatever the schema, and for ignoring them."""

from __future__ import annotations

import attrs
import hypothesis
import pytest
from hypothesis import strategies as st

from pytest_userstate.application.settings import Settings
from pytest_userstate.domain.advisories import RULES, advise
from pytest_userstate.domain.columns import Column, ForeignKey, KeyConstraint
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table
from pytest_userstate.domain.user_state import Advisory, Ignore, mark_ignored
from tests.helpers.documents import audited
from tests.helpers.strategies import kinds, models, snapshots, tables

pytestmark = pytest.mark.many_examples

settings = hypothesis.settings(deadline=None, max_examples=100)
subjects = st.sampled_from(
    ["public.users", "public.user_preferences", "public.users.updated_at", "app.t[1]"]
)
advisories = st.lists(
    st.builds(
        Advisory, code=st.sampled_from([*RULES]), subject=subjects, message=st.just("m")
    ),
    unique_by=lambda each: (each.code, each.subject),
)
entries = st.lists(
    st.builds(
        Ignore,
        advisory=st.sampled_from([*RULES]),
        subject=subjects | st.sampled_from(["*", "public.user*", "*.updated_at"]),
        reason=st.sampled_from(["known", "planned"]),
    )
)

NEEDED = {
    "users": [
        Column("id", "uuid"),
        Column("display_name", "text"),
        Column("password_hash", "character varying(40)", is_nullable=True),
    ],
    "user_credentials": [Column("user_id", "uuid"), Column("password_digest", "text")],
    "user_preferences": [
        Column("user_id", "uuid"),
        Column("interest_theme_ids", "uuid[]"),
    ],
    "user_interest_themes": [Column("user_id", "uuid"), Column("theme_id", "uuid")],
}


@st.composite
def complete_tables(draw: st.DrawFn, name: str) -> Table:
    """Draw a table that keeps user state, more or less carefully."""
    more = draw(st.lists(st.none() | kinds, max_size=1))
    updated = draw(st.lists(st.just(Column("updated_at", "date")), max_size=1))
    unique = st.lists(st.sampled_from(["user_id", "theme_id", "id"]), min_size=1)
    return Table(
        name,
        [*NEEDED[name], *(each for each in more if each), *updated],
        primary_key=draw(
            st.none() | st.builds(KeyConstraint, name=st.just("pk"), columns=unique)
        ),
        foreign_keys=draw(
            st.lists(
                st.builds(
                    ForeignKey,
                    name=st.sampled_from(["a", "b"]),
                    columns=st.sampled_from([["user_id"], ["user_id"], ["theme_id"]]),
                    target_table=st.sampled_from(["users", "users", *NEEDED, "themes"]),
                    target_columns=st.just(["id"]),
                    on_delete=st.sampled_from(["cascade", "restrict", "set null"]),
                ),
                max_size=2,
                unique_by=lambda each: each.name,
            )
        ),
    )


@st.composite
def careless(draw: st.DrawFn) -> SchemaSnapshot:
    """Draw a snapshot of tables that all keep user state."""
    names = draw(st.lists(st.sampled_from([*NEEDED]), unique=True, min_size=1))
    return SchemaSnapshot([draw(complete_tables(name)) for name in names])


schemas = careless() | careless() | snapshots()


@settings
@hypothesis.given(schemas, models(), st.lists(tables, max_size=3))
def test_an_unrelated_table_adds_no_advisory(
    snapshot: SchemaSnapshot, model: AuditModel, others: list[object]
) -> None:
    """Whatever it looks like, and whatever it refers to."""
    unrelated = [
        attrs.evolve(each, name=f"zebra_{number}")  # type: ignore[misc]
        for number, each in enumerate(others)
    ]
    more = attrs.evolve(snapshot, tables=[*snapshot.tables, *unrelated])
    assert advise(more, model=model) == advise(snapshot, model=model)


@settings
@hypothesis.given(schemas, models(), st.randoms(use_true_random=False))
def test_the_order_of_things_does_not_matter(
    snapshot: SchemaSnapshot, model: AuditModel, random: object
) -> None:
    """Of tables, columns, constraints, and foreign keys."""

    def shuffled(values: tuple[object, ...]) -> list[object]:
        mixed = list(values)
        random.shuffle(mixed)  # type: ignore[attr-defined]
        return mixed

    mixed = attrs.evolve(
        snapshot,
        tables=[
            attrs.evolve(
                each,
                columns=shuffled(each.columns),
                foreign_keys=shuffled(each.foreign_keys),
            )
            for each in shuffled(snapshot.tables)
        ],
    )
    assert advise(mixed, model=model) == advise(snapshot, model=model)


@settings
@hypothesis.given(schemas, models())
def test_every_subject_is_there_and_told_once(
    snapshot: SchemaSnapshot, model: AuditModel
) -> None:
    """A code and a subject name an advisory, so that an entry can."""
    found = advise(snapshot, model=model)
    names = [(each.code, each.subject, each.message) for each in found]
    assert len({*names}) == len(names)
    there = {table.qualified_name for table in snapshot.tables} | {
        f"{table.qualified_name}.{column.name}"
        for table in snapshot.tables
        for column in table.columns
    }
    assert {each.subject for each in found} <= there


@settings
@hypothesis.given(advisories, entries)
def test_ignoring_only_marks(found: list[Advisory], wanted: list[Ignore]) -> None:
    """Nothing appears, goes, or moves; what no entry covers stays as it was."""
    result = mark_ignored(found, wanted)
    assert [attrs.evolve(each, silenced=None) for each in result.advisories] == found
    for each in result.advisories:
        reasons = [s.reason for s in wanted if s.covers(each)]
        assert each.silenced == (reasons[0] if reasons else None)
    unused = [s for s in wanted if not any(map(s.covers, found))]
    assert len(result.complaints) == len(unused)


@settings
@hypothesis.given(schemas, models(), entries)
def test_no_decision_and_no_outcome_changes(
    snapshot: SchemaSnapshot, model: AuditModel, wanted: list[Ignore]
) -> None:
    """With advisories or without, ignored or not."""
    plain = audited(snapshot, Settings(model=model))
    told = audited(snapshot, Settings(model=model, ignored=tuple(wanted)))
    assert told.verdicts == plain.verdicts
    assert told.downstream == plain.downstream


def one(code: str = "US401", subject: str = "public.users.updated_at") -> Advisory:
    """Return an advisory."""
    return Advisory(code=code, subject=subject, message="m")


@pytest.mark.parametrize(
    ("subject", "covers"),
    [
        ("*", True),
        ("public.users.updated_at", True),
        ("public.users.*", True),
        ("*.updated_at", True),
        ("public.users", False),
        ("public.Users.*", False),
        ("users.updated_at", False),
    ],
)
def test_which_subjects_an_entry_covers(subject: str, covers: bool) -> None:  # noqa: FBT001
    """Exactly, or as a pattern; upper and lower case differ."""
    quiet = Ignore(advisory="US401", subject=subject, reason="ours to know")
    assert quiet.covers(one()) is covers
    assert not quiet.covers(one("US101"))


def test_a_name_with_brackets_can_be_given_as_it_is() -> None:
    """It need not be read as a pattern."""
    quiet = Ignore(advisory="US401", subject="public.a[1].updated_at", reason="why")
    assert quiet.covers(one(subject="public.a[1].updated_at"))


def test_an_entry_that_ignores_nothing_is_reported() -> None:
    """With what was found instead, so that a misspelling can be seen."""
    wrong = Ignore(advisory="US401", subject="public.user.*", reason="the ORM does")
    (complaint,) = mark_ignored([one()], [wrong]).complaints
    assert complaint == (
        "the [[ignore]] entry of US401 at public.user.* ignores nothing: it was "
        "found only at public.users.updated_at; correct the entry, or remove it "
        "('the ORM does')"
    )
    found = [one(), one("US101", "public.a.b"), one(subject="public.c.updated_at")]
    (complaint,) = mark_ignored(found, [wrong]).complaints
    assert "only at public.users.updated_at, public.c.updated_at; corr" in complaint
    (complaint,) = mark_ignored([], [Ignore(advisory="US401", reason="x")]).complaints
    assert complaint == (
        "the [[ignore]] entry of US401 ignores nothing: it was not found anywhere; "
        "correct the entry, or remove it ('x')"
    )


def test_properties_have_something_to_say() -> None:
    """The drawn schemas provoke every rule, so that the above is not empty."""
    seen: set[str] = set()

    @hypothesis.settings(max_examples=600, database=None)
    @hypothesis.given(schemas, models())
    def collect(snapshot: SchemaSnapshot, model: AuditModel) -> None:
        seen.update(each.code for each in advise(snapshot, model=model))

    collect()
    assert seen == {*RULES}
