"""Old names in a configuration are read, and replaced by a warning."""

from __future__ import annotations

import tomllib

import pytest

from pytest_userstate.application.configuration import read_settings
from pytest_userstate.application.configuration_schema import configuration_schema
from pytest_userstate.application.settings import Settings
from pytest_userstate.domain.errors import ConfigurationError

OLD = """
migrations = { path = "db", layout = "diesel" }
[[silence]]
advisory = "US101"
reason = "r"
[entities.login]
several = "ambiguous"
[entities.profile]
several = "fine"
"""
NEW = """
migrations = { path = "db", tool = "diesel" }
[[ignore]]
advisory = "US101"
reason = "r"
[entities.login]
allow_multiple = false
[entities.profile]
allow_multiple = true
"""
BOTH = ", which is there too; remove"
MULTIPLE = "expected `allow_multiple` in its place, true or false"
LAST = "; version 0.2 is the last one that reads the old name"


def read(text: str, prefix: str = "") -> Settings:
    """Return the settings of a configuration."""
    return read_settings(tomllib.loads(text), file="u.toml", prefix=prefix)


def refusal(text: str) -> list[str]:
    """Return the lines of the error about a configuration."""
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    return str(caught.value).splitlines()


def test_old_names_mean_the_new_ones_and_say_so() -> None:
    """One warning for each, with the key as the file spells it."""
    new, old = read(NEW), read(OLD, "tool.userstate")
    assert new.warnings == ()
    assert old.warnings == tuple(
        f"u.toml: `tool.userstate.{warning}{LAST}"
        for warning in (
            "silence` is now `ignore`",
            "migrations.layout` is now `tool`",
            'entities.login.several = "ambiguous"` is now `allow_multiple = false`',
            'entities.profile.several = "fine"` is now `allow_multiple = true`',
        )
    )
    assert (old.model, old.migrations, old.ignored) == (
        new.model,
        new.migrations,
        new.ignored,
    )


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "silence = []\nignore = []\nmigrations = {layout = 'x', tool = 'x'}",
            [
                f"`silence` is the old name of `ignore`{BOTH} `silence`",
                f"`migrations.layout` is the old name of `tool`{BOTH} `layout`",
            ],
        ),
        (
            "entities.login.several = 'many'\nentities.users.several = []",
            [
                f"`entities.login.several` is 'many'; {MULTIPLE}",
                f"`entities.users.several` is []; {MULTIPLE}",
            ],
        ),
        # An error names the new keys, so that the replacement belongs to it.
        (
            "[[silence]]\nadvisory = 'US101'",
            ["`ignore[0].reason` is missing", f"`silence` is now `ignore`{LAST}"],
        ),
        (
            "entities = 1\nmigrations.layout = 1",
            [
                "`entities` is 1, a whole number; expected a table",
                "`migrations.tool` is 1, a whole number; expected a string",
                f"`migrations.layout` is now `tool`{LAST}",
            ],
        ),
    ],
)
def test_an_old_name_that_cannot_be_replaced(text: str, problems: list[str]) -> None:
    """Both names at once, unknown values, and errors about what is in it."""
    assert refusal(text) == [f"u.toml: {problem}" for problem in problems]


def test_editors_know_only_the_new_names() -> None:
    """An old one is marked in an editor, as any key that is unknown."""
    schema = configuration_schema()
    assert "ignore" in schema["properties"]
    assert "silence" not in schema["properties"]
