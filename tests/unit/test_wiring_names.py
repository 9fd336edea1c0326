"""Which names are meant, which side they are on, and whose port they serve."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.outbound.wiring.naming import Pattern, sounds_like
from tests.helpers.wiring import scan, uses


@pytest.mark.parametrize(
    ("pattern", "name", "rest"),
    [
        ("Diesel*", "DieselUserInterests", "UserInterests"),
        ("*InterestsAdapter", "SqlInterestsAdapter", "Sql"),
        ("postgres.*", "postgres.Users", "Users"),
        ("postgres::Sql*", "postgres.SqlUsers", "Users"),
        ("Sql[UV]*", "SqlUsers", "Users"),
        ("Sql?sers", "SqlUsers", "U"),
        ("SqlUsers", "SqlUsers", ""),
    ],
)
def test_patterns_match_whole_names(pattern: str, name: str, rest: str) -> None:
    """And tell what they leave open."""
    assert Pattern(pattern).matches(name)
    assert Pattern(pattern).rest_of(name) == rest
    assert not Pattern(pattern).matches(f"x.{name}")


@pytest.mark.parametrize(
    ("name", "port", "sounds"),
    [
        ("UserInterestsCommand", "UserInterestsCommand", True),
        ("Interests", "UserInterestsCommand", True),
        ("UserInterestRepository", "UserInterestsCommand", True),
        ("ArchivedUserInterests", "UserInterests", True),
        ("HTTPSessions", "SessionStore", True),
        ("UserInterests", "IUserInterests", True),
        ("Store", "Store", True),
        ("UserRepository", "UserInterestsCommand", False),
        ("Users", "UserInterestsCommand", False),
        ("UserInterestsQuery", "UserInterestsCommand", False),
        ("UserInterestsWriter", "UserInterestsReader", False),
        ("Repository", "UserInterestsCommand", False),
        ("", "UserInterestsCommand", False),
    ],
)
def test_names_relate_by_their_words(name: str, port: str, *, sounds: bool) -> None:
    """One has to end in the other, roles left out."""
    assert sounds_like(name, port) is sounds


def test_the_convention_is_told(tmp_path: pathlib.Path) -> None:
    """In the rationale and in each fact, where names were not given."""
    main = {"main.py": "build(SqlUserInterests(), StubUserInterests())"}
    (port,) = scan(tmp_path, main).ports
    assert port.state == "conditional"
    assert port.finding == (
        "UserInterestsCommand is conditional in the repository through "
        "SqlUserInterests and StubUserInterests, by the naming convention"
    )
    assert [fact.detail for fact in port.facts] == [
        "it makes UserInterestsCommand database-backed, by the naming convention",
        "it makes UserInterestsCommand fixture-backed, by the naming convention",
    ]
    (port,) = scan(tmp_path, main, database=("Sql*",), fixture=("Stub*",)).ports
    assert "convention" not in port.finding + port.facts[0].detail


def test_an_exact_name_wins_over_a_pattern(tmp_path: pathlib.Path) -> None:
    """And the longer pattern over the shorter; on a tie it is a fixture."""
    main = {"main.py": "build(SqlDemoUserInterests())"}
    for database, fixture, state in (
        ("SqlDemo*", "SqlDemoUserInterests", "fixture_backed"),
        ("SqlDemo*", "Sql*", "database_backed"),
        ("Sql*", "SqlDemo*", "fixture_backed"),
        ("Sql*", "Sql*", "fixture_backed"),
    ):
        names = {"database": (database,), "fixture": (fixture,)}
        (port,) = scan(tmp_path, main, **names).ports
        assert port.state == state, names


def test_an_exact_name_is_taken_at_its_word(tmp_path: pathlib.Path) -> None:
    """Whatever the code says that it implements."""
    files = {
        "a.rs": "struct Everything; impl Other for Everything {}",
        "main.rs": "fn f() { g(Everything) }",
    }
    names = {"database": ("Everything",)}
    (port,) = scan(tmp_path, files, **names).ports
    assert (port.state, uses(port)) == ("database_backed", ["Everything main.rs:1"])


def test_what_the_storage_model_is_belongs_to_the_database(
    tmp_path: pathlib.Path,
) -> None:
    """A fixture reads no model."""
    main = {"main.py": "build(SqlUserInterests(), StubUserInterests())"}
    (port,) = scan(tmp_path, main, model="preferences").ports
    assert [fact.model for fact in port.facts] == ["preferences", None]
