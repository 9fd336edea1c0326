"""What a configuration says twice is refused: only one of the two could count."""

from __future__ import annotations

import tomllib

import pytest

from pytest_userstate.application.configuration import read_settings
from pytest_userstate.application.settings import Settings
from pytest_userstate.domain.errors import ConfigurationError


def read(text: str) -> Settings:
    """Return the settings of a configuration."""
    raw = tomllib.loads(text)
    return read_settings(raw, file="userstate.toml")


def entity(*models: str) -> str:
    """Return an entity with models, one table each."""
    tables = (f"name = '{name}'\ntable = 't{n}'\n" for n, name in enumerate(models))
    return "".join(f"[[entities.notes.models]]\n{each}" for each in tables)


MODEL = "[[entities.notes.models]]\nname = 'm'\n"
ACCEPT = "[[accept]]\ncheck = 'login.schema'\nreason = 'r'\n"
ITEM = "[[downstream]]\nid = '1'\ntitle = 't'\n"
PORT = "[wiring.ports.users]\nport = 'P'\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (entity("a", "b", "a"), "`entities.notes.models` has name = 'a' twice, in [0]"),
        (ACCEPT * 2, "`accept` has check = 'login.schema' twice, in [0] and [1]; keep"),
        (
            (ITEM + "needs = []\n") * 2,
            "`downstream` has id = '1' twice, in [0] and [1]; keep one of them",
        ),
        (
            ITEM + "needs = ['users.schema', 'login.schema', 'users.schema']",
            "`downstream[0].needs` has 'users.schema' twice, in [0] and [2]; keep one",
        ),
        ("schemas = ['a', 'a']", "`schemas` has 'a' twice, in [0] and [1]; keep one"),
        ("[gate]\naxes = ['wiring', 'wiring']", "`gate.axes` has 'wiring' twice, in"),
        (
            MODEL + "table = ['t', 't']",
            "`entities.notes.models[0].table` has 't' twice",
        ),
        (
            MODEL + "table = 't'\ncolumns = ['c', 'c']",
            "`entities.notes.models[0].columns` has 'c' twice, in [0] and [1]; keep",
        ),
        (
            MODEL + "table = 't'\nany_of = [['a', 'b'], ['a', 'b']]",
            "`entities.notes.models[0].any_of` has ['a', 'b'] twice, in [0] and [1];",
        ),
        (
            MODEL + "table = 't'\nany_of = [['a', 'a']]",
            "`entities.notes.models[0].any_of[0]` has 'a' twice, in [0] and [1]; keep",
        ),
        (
            "[wiring]\nsources = ['src', 'src']",
            "`wiring.sources` has 'src' twice, in [0] and [1]; keep one of them",
        ),
        (
            PORT + "fixture = ['Memory*', 'X']\ndatabase = ['X', 'Y']",
            "`wiring.ports.users.fixture` names 'X', as `database` does; keep one of t",
        ),
    ],
)
def test_what_is_said_twice_is_refused(text: str, problem: str) -> None:
    """With the list, and both places in it."""
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert str(caught.value).startswith(f"userstate.toml: {problem}")


def test_all_that_is_said_twice_is_told_at_once() -> None:
    """As all faults are."""
    with pytest.raises(ConfigurationError) as caught:
        read("schemas = ['a', 'a']\n" + ACCEPT * 2 + entity("a", "a"))
    found = str(caught.value).splitlines()
    assert [line.split("`")[1] for line in found] == [
        "accept",
        "entities.notes.models",
        "schemas",
    ]


def test_what_is_told_apart_by_something_else_is_no_repetition() -> None:
    """Models of two entities, and a port that serves two of them."""
    other = entity("a").replace("notes", "logs")
    ports = PORT + PORT.replace("users", "profile")
    settings = read(ports + entity("a", "b") + other)
    assert [each.entity for each in settings.wiring.scanned] == ["users", "profile"]
    notes = settings.model.entity("notes")
    assert notes
    assert [each.name for each in notes.models] == ["a", "b"]
