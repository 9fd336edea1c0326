"""A layout's own settings are checked against what the layout declares."""

from __future__ import annotations

import pytest

from pytest_userstate.application.configuration import read_settings
from pytest_userstate.domain.errors import ConfigurationError
from pytest_userstate.outbound.migrations.layout import (
    NO_OPTIONS,
    Option,
    OptionKind,
    options_of,
)

KNOWN = (
    Option("multi_statement", OptionKind.FLAG),
    Option("table", OptionKind.TEXT),
    Option("locations", OptionKind.TEXTS),
    Option("placeholders", OptionKind.TABLE),
)


def refusal(values: dict[str, object], layout: str = "flyway") -> ConfigurationError:
    """Return the error that these values end in."""
    with pytest.raises(ConfigurationError) as caught:
        options_of(values, KNOWN, file="f.toml", key="migrations", layout=layout)
    return caught.value


def test_values_are_given_by_name() -> None:
    """In the type of the option's kind."""
    options = options_of(
        {
            "multi_statement": True,
            "table": "history",
            "locations": ["a", "b"],
            "placeholders": {"owner": "app"},
        },
        KNOWN,
        file="f.toml",
        key="migrations",
    )
    assert options.flag("multi_statement")
    assert options.text("table") == "history"
    assert options.texts("locations") == ("a", "b")
    assert options.table("placeholders") == {"owner": "app"}


def test_what_is_not_given_has_a_default() -> None:
    """Off, empty, or what the layout says."""
    assert not NO_OPTIONS.flag("multi_statement")
    assert NO_OPTIONS.text("table", "schema_migrations") == "schema_migrations"
    assert NO_OPTIONS.texts("locations") == ()
    assert NO_OPTIONS.table("placeholders") == {}


def test_an_unknown_option_is_refused_with_the_nearest() -> None:
    """File, key, layout, and everything that would have been known."""
    error = refusal({"placeholder": {}})
    assert (error.file, error.key) == ("f.toml", "migrations.placeholder")
    assert str(error) == (
        "f.toml: `migrations.placeholder` is no option of the tool flyway; did you "
        "mean 'placeholders'? (path, tool, multi_statement, table, locations, "
        "placeholders)"
    )
    assert "`migrations.pth` is no known key; did you mean 'path'?" in str(
        refusal({"pth": "db"}, layout="")
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"multi_statement": "yes"}, "is 'yes'; expected true or false"),
        ({"multi_statement": 1}, "is 1; expected true or false"),
        ({"table": 1}, "is 1; expected a string"),
        ({"locations": "db"}, "is 'db'; expected a list of strings"),
        ({"locations": [1]}, "is [1]; expected a list of strings"),
        ({"placeholders": []}, "is []; expected a table of strings"),
        ({"placeholders": {"a": 1}}, "is {'a': 1}; expected a table of strings"),
    ],
)
def test_a_value_of_another_type_is_refused(
    values: dict[str, object], expected: str
) -> None:
    """With what it is, and what it should be."""
    assert expected in str(refusal(values))


def test_the_configuration_passes_on_what_it_does_not_know() -> None:
    """Path and tool are its own; the rest is for the tool to check."""
    raw = {"migrations": {"tool": "flyway", "placeholders": {"a": "b"}, "path": "p"}}
    setting = read_settings(raw, file="f").migrations
    assert (setting.path, setting.tool) == ("p", "flyway")
    assert setting.options == {"placeholders": {"a": "b"}}


@pytest.mark.parametrize(
    ("value", "key"), [(["a", "b"], "migrations"), ({"path": ["a"]}, "migrations.path")]
)
def test_several_paths_are_not_one(value: object, key: str) -> None:
    """Where a tool takes several folders, the message says how they are named."""
    with pytest.raises(ConfigurationError) as caught:
        read_settings({"migrations": value}, file="userstate.toml")
    assert caught.value.key == key
    message = str(caught.value)
    assert f"`{key}` is a list; expected a string, the one folder" in message
    assert 'settings of its tool, such as folders = ["…"] beside path' in message


def test_a_path_that_is_neither() -> None:
    """As anywhere else."""
    with pytest.raises(ConfigurationError, match="is 1, a whole number; expected a s"):
        read_settings({"migrations": {"path": 1}}, file="userstate.toml")
