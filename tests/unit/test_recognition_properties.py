"""What holds of recognition for any schema: order, new names, more tables."""

from __future__ import annotations

import random
import re
import string

import attrs
import hypothesis
import hypothesis.strategies as st
import pytest

from pytest_userstate import (
    Column,
    Confidence,
    ForeignKey,
    KeyConstraint,
    Recognition,
    SchemaSnapshot,
    Table,
    recognize,
)
from pytest_userstate.domain.recognition.conventions import CONVENTIONS
from pytest_userstate.domain.recognition.words import KNOWN, words
from tests.helpers.recognition_cases import CASES
from tests.helpers.sketched_schemas import sketched_schema

pytestmark = pytest.mark.many_examples

TOKEN = re.compile(r"[A-Z]?[^\W\dA-Z_]+|[A-Z]+(?![^\W\dA-Z_])")
VOCABULARY = KNOWN | {
    word
    for convention in CONVENTIONS
    for part in convention.parts
    for phrase in part.columns | part.tables
    for word in phrase
}
CONSONANTS = "bcdfghjklmnpqrtvwxz"
SNAPSHOTS = {name: sketched_schema(case.schema) for name, case in CASES.items()}
NAMES = st.sampled_from(sorted(SNAPSHOTS))


def summary(recognition: Recognition) -> list[tuple[object, ...]]:
    """Return what was recognized, without the names of columns."""
    return sorted(
        (entity.name, s.weight, s.confidence, s.shape, s.convention or "", s.table)
        for entity in recognition.entities
        for s in entity.storages
    )


def renamed(snapshot: SchemaSnapshot, seed: int) -> tuple[SchemaSnapshot, Renaming]:
    """Give every table and column another name that keeps the lexicon's words."""
    renaming = Renaming(random.Random(seed))  # noqa: S311 - no secret
    return SchemaSnapshot(map(renaming.table, snapshot.tables)), renaming


@attrs.define
class Renaming:
    """A bijection of the words that the lexicon does not have."""

    random: random.Random
    other: dict[str, str] = attrs.field(factory=dict)

    def word(self, token: str) -> str:
        """Return another word for one that means nothing."""
        parts = words(token)
        if any(part in VOCABULARY for part in parts) or not parts:
            return token
        if parts[0] not in self.other:
            letters = "".join(self.random.choices(CONSONANTS, k=9))
            self.other[parts[0]] = letters
        plural = "s" if token.endswith("s") else ""
        new = self.other[parts[0]] + plural
        return new.capitalize() if token[0].isupper() else new

    def name(self, name: str) -> str:
        """Return a name with its words replaced."""
        return TOKEN.sub(lambda match: self.word(match[0]), name)

    def key(self, key: KeyConstraint) -> KeyConstraint:
        """Return a key over the renamed columns."""
        return attrs.evolve(key, columns=map(self.name, key.columns))

    def reference(self, key: ForeignKey) -> ForeignKey:
        """Return a foreign key between the renamed tables."""
        return attrs.evolve(
            key,
            columns=map(self.name, key.columns),
            target_table=self.name(key.target_table),
        )

    def table(self, table: Table) -> Table:
        """Return a table with another name and other names of columns."""
        return attrs.evolve(
            table,
            name=self.name(table.name),
            columns=[attrs.evolve(c, name=self.name(c.name)) for c in table.columns],
            unique_constraints=map(self.key, table.unique_constraints),
            foreign_keys=map(self.reference, table.foreign_keys),
        )


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_other_names_change_nothing(name: str) -> None:
    """Only the words of the lexicon count: any other word may be any other word."""
    for seed in range(3):
        snapshot, renaming = renamed(SNAPSHOTS[name], seed)
        before = [
            (*rest, ".".join(map(renaming.name, table.split("."))))
            for *rest, table in summary(recognize(SNAPSHOTS[name]))
        ]
        assert sorted(before) == summary(recognize(snapshot))


def test_words_are_renamed() -> None:
    """The renaming of the test above is one: most schemas have other names after it."""
    different = sum(
        renamed(snapshot, 0)[0] != snapshot for snapshot in SNAPSHOTS.values()
    )
    assert different > len(SNAPSHOTS) / 2


@hypothesis.given(NAMES, st.randoms(use_true_random=False))
def test_order_does_not_matter(name: str, shuffler: random.Random) -> None:
    """Tables, columns and keys may come in any order."""
    tables = []
    for table in SNAPSHOTS[name].tables:
        parts = {
            field: shuffler.sample(getattr(table, field), len(getattr(table, field)))
            for field in ("columns", "unique_constraints", "foreign_keys")
        }
        tables.append(attrs.evolve(table, **parts))
    shuffled = SchemaSnapshot(shuffler.sample(tables, len(tables)))
    assert recognize(shuffled) == recognize(SNAPSHOTS[name])


unrelated_words = st.text(alphabet=CONSONANTS, min_size=5, max_size=9)
unrelated_names = st.lists(unrelated_words, min_size=1, max_size=3).map("_".join)


@st.composite
def unrelated_tables(draw: st.DrawFn) -> list[Table]:
    """Draw tables without a word of the lexicon, which refer to each other."""
    names = draw(st.lists(unrelated_names, min_size=1, max_size=8, unique=True))
    tables = []
    for name in names:
        columns = draw(st.lists(unrelated_names, min_size=1, max_size=5, unique=True))
        target = draw(st.sampled_from(names))
        tables.append(
            Table(
                f"qq_{name}",
                [
                    Column("id", "bigint", is_primary_key=True),
                    Column(f"{target}_id", "bigint"),
                    *(Column(f"x{column}", "text") for column in columns),
                ],
                foreign_keys=[
                    ForeignKey(
                        name="fk",
                        columns=[f"{target}_id"],
                        target_table=f"qq_{target}",
                        target_columns=["id"],
                    )
                ],
            )
        )
    return tables


@hypothesis.given(NAMES, unrelated_tables())
def test_unrelated_tables_remove_nothing_certain(
    name: str, tables: list[Table]
) -> None:
    """What is certain stays certain beside tables that have nothing to do with it."""

    def certain(recognition: Recognition) -> set[tuple[str, str]]:
        return {
            (entity.name, storage.table)
            for entity in recognition.entities
            for storage in entity.storages
            if storage.confidence is Confidence.CERTAIN
        }

    snapshot = SNAPSHOTS[name]
    more = SchemaSnapshot([*snapshot.tables, *tables])
    assert certain(recognize(snapshot)) <= certain(recognize(more))


any_names = st.text(
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)),
    min_size=1,
    max_size=63,
)
hostile_names = any_names | st.sampled_from(
    [
        "x" * 63,
        "é" * 31,
        "用" * 21,
        'users"; DROP TABLE users; --',
        "🙂🙃",
        "\u202euser",
        "_" * 63,
        "'",
        "a\nb",
        "USER" * 15,
        "İstanbul",
        "ﬁle",
    ]
)


@hypothesis.given(
    st.lists(
        st.tuples(hostile_names, st.lists(hostile_names, unique=True, max_size=4)),
        max_size=5,
        unique_by=lambda table: table[0],
    )
)
def test_no_name_does_harm(tables: list[tuple[str, list[str]]]) -> None:
    """Names in any script, as long as PostgreSQL allows, or hostile, are read."""
    snapshot = SchemaSnapshot(
        [
            Table(name, [Column(column, "text") for column in columns])
            for name, columns in tables
        ]
    )
    names = {table.qualified_name for table in snapshot.tables}
    recognition = recognize(snapshot)
    for entity in recognition.entities:
        assert {storage.table for storage in entity.storages} <= names


@pytest.mark.parametrize("word", [*string.ascii_lowercase, "1", "-", " "])
def test_a_name_of_one_sign_is_read(word: str) -> None:
    """The shortest names are no special case."""
    table = Table(word, [Column(word, "text")])
    assert recognize(SchemaSnapshot([table])).table("users") is None
