"""The file that holds the configuration: where it is, and how messages name it."""

from __future__ import annotations

import pathlib

import pytest

from pytest_userstate.application.configuration import Document, keys_of
from pytest_userstate.application.settings import KEYS, TABLES, Home
from pytest_userstate.domain.errors import ConfigurationError
from pytest_userstate.outbound.configuration_file import (
    find_configuration,
    future_home,
)

SHARED = Home("../pyproject.toml", "tool.userstate")
MESSAGES = {
    'let it pass: [[accept]] with check = "a.b"': (
        'let it pass: [[tool.userstate.accept]] with check = "a.b"'
    ),
    "under [entities.users], or [[entities.users.models]]": (
        "under [tool.userstate.entities.users], or "
        "[[tool.userstate.entities.users.models]]"
    ),
    "In userstate.toml:\n    [postgres]\n    setup = 'x'": (
        "In [tool.userstate] of ../pyproject.toml:\n    [tool.userstate.postgres]\n"
        "    setup = 'x'"
    ),
    "userstate.toml: `migrations.python` is 'x'": (
        "../pyproject.toml: `tool.userstate.migrations.python` is 'x'"
    ),
    # Nothing else that has brackets is a table of the configuration.
    "pip install 'pytest-userstate[wiring]'": "pip install 'pytest-userstate[wiring]'",
    "SELECT rows[gate], [accepted]": "SELECT rows[gate], [accepted]",
    "a/userstate.toml is another file": "a/userstate.toml is another file",
}


@pytest.mark.parametrize("message", MESSAGES)
def test_messages_are_written_for_the_file_that_is_there(message: str) -> None:
    """They name its tables with their prefix, and it as the user would type it."""
    assert SHARED.written(message) == MESSAGES[message]


def test_a_file_that_holds_nothing_else_is_only_named() -> None:
    """As the user would type it, from the folder in which the run was started."""
    home = Home("../userstate.toml")
    text = "userstate.toml: `a` is 1; in userstate.toml, [[accept]]; b/userstate.toml"
    assert home.written(text) == (
        "../userstate.toml: `a` is 1; in ../userstate.toml, [[accept]]; "
        "b/userstate.toml"
    )
    assert home.written(home.written(text)) == home.written(text)


def test_what_is_read_is_what_is_known_at_the_top() -> None:
    """A new key of the configuration is one of a table, or of a value, or of both."""
    assert {*TABLES, *KEYS, "targets"} == {*keys_of(Document)}


def test_a_table_without_its_prefix_is_refused(tmp_path: pathlib.Path) -> None:
    """In a shared file nobody would read it; each line is named with its remedy."""
    (tmp_path / "pyproject.toml").write_text(
        'schemas = ["public"]\n[tool.ruff]\n[[accept]] # a gap\ncheck = "a.b"\n'
        "[entities.login]\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        find_configuration(tmp_path, tmp_path)
    assert str(caught.value).splitlines() == [
        f"pyproject.toml:{line}: {written} is not read here; write {to_do}"
        for line, written, to_do in (
            (1, "schemas", "it under [tool.userstate]"),
            (3, "[[accept]]", "[[tool.userstate.accept]]"),
            (5, "[entities.login]", "[tool.userstate.entities.login]"),
        )
    ]


@pytest.mark.parametrize(
    "text",
    ["[tool.gate]\nmigrations = 'x'", "[tool.other]\nx = '''\n[accept]\n'''", ""],
)
def test_other_tools_may_use_the_same_words(tmp_path: pathlib.Path, text: str) -> None:
    """In tables, or in text, that are theirs."""
    (tmp_path / "pyproject.toml").write_text(text)
    assert find_configuration(tmp_path, tmp_path) is None


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: pathlib.Path) -> None:
    """Editors on Windows begin a file with it."""
    (tmp_path / "userstate.toml").write_bytes(b"\xef\xbb\xbfschemas = ['a']")
    found = find_configuration(tmp_path, tmp_path)
    assert found is not None
    assert found.table == {"schemas": ["a"]}


def test_a_new_configuration_is_where_the_others_are(tmp_path: pathlib.Path) -> None:
    """Its name is as the user would type it."""
    here = tmp_path / "src"
    assert future_home(tmp_path, here) == Home("../userstate.toml")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert future_home(tmp_path, here) == Home("../userstate.toml")
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\n")
    assert future_home(tmp_path, here) == SHARED
