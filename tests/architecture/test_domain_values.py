"""The values of the domain: frozen, and built by keyword but for the obvious."""

from __future__ import annotations

import importlib
import pkgutil

import attrs
import pytest

import pytest_userstate.domain

POSITIONAL = {
    "Candidate": ("model", "table"),
    "Column": ("name", "data_type", "is_nullable", "is_primary_key"),
    "Difference": ("changes",),
    "Event": ("writer", "act", "answer", "what"),
    "Facts": ("report", "model", "diagram"),
    "Grant": ("role", "privilege"),
    "Manner": ("compares", "raises"),
    "ProgramWrite": ("table", "write"),
    "Recommendation": ("model", "words"),
    "Role": ("name",),
    "SchemaObject": ("schema", "table", "column"),
    "SchemaSnapshot": ("tables",),
    "Secret": ("value",),
    "Source": ("path", "line"),
    "Step": ("writer", "act"),
    "Storage": ("entity", "schemas", "candidates"),
    "Table": ("name", "columns", "schema"),
    "UserState": ("snapshot", "storages"),
    "View": ("name", "columns", "schema"),
    "Wiring": ("ports",),
    "_Merits": ("has_usable_revision", "is_in_use", "guards"),
}
"""What may be given by its place: what nobody could mistake, or nobody else builds."""


def values() -> dict[str, type]:
    """Return the classes of values that the domain defines, by name."""
    package = pytest_userstate.domain
    names = [
        each.name
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    return {
        value.__name__: value
        for name in names
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type) and attrs.has(value) and value.__module__ == name
    }


@pytest.mark.parametrize("value", values().values(), ids=values())
def test_a_value_is_built_by_keyword(value: type) -> None:
    """But for what the table above says: it can be told apart where it stands."""
    given = [each.name for each in attrs.fields(value) if not each.kw_only]
    assert tuple(given) == POSITIONAL.get(value.__name__, ())


@pytest.mark.parametrize("value", values().values(), ids=values())
def test_a_value_is_frozen(value: type) -> None:
    """Nothing changes it once it is built, so it can be shared and hashed."""
    made = value.__new__(value)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(made, attrs.fields(value)[0].name, "other")


def test_the_table_names_nothing_that_is_gone() -> None:
    """A class that was renamed is renamed there as well."""
    assert {*POSITIONAL} <= {*values()}
