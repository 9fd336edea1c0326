"""The public names: complete, sorted, lazily loaded, and documented."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import pytest_userstate

HEAVY = ("attrs", "cattrs", "psycopg", "mirakuru", "pytest_userstate.domain")


def test_all_resolves() -> None:
    """Every name in `__all__` resolves, each stands once (ruff sees to the order)."""
    names = pytest_userstate.__all__
    assert len(names) == len({*names})
    assert all(getattr(pytest_userstate, name) is not None for name in names)


def test_every_public_name_has_exactly_one_home() -> None:
    """The lazy table and `__all__` tell the same story."""
    homes = [name for names in pytest_userstate._HOMES.values() for name in names]
    assert sorted(homes) == sorted(pytest_userstate.__all__)


def test_unknown_names_are_attribute_errors() -> None:
    """A misspelt name fails as it does on any module."""
    with pytest.raises(AttributeError, match="has no attribute 'Tabel'"):
        pytest_userstate.Tabel  # noqa: B018 - the access is the test


@pytest.mark.parametrize("name", pytest_userstate.__all__)
def test_public_names_are_documented(name: str) -> None:
    """Everything public says what it is for."""
    assert getattr(pytest_userstate, name).__doc__


@pytest.mark.parametrize("module", ["pytest_userstate", "pytest_userstate.plugin"])
def test_importing_the_plugin_loads_nothing_heavy(module: str) -> None:
    """A pytest run that does not audit pays for no attrs, driver or domain."""
    code = (
        f"import sys; import pytest; before = {{*sys.modules}}; import {module}; "
        f"print([m for m in {HEAVY!r} if m in sys.modules and m not in before])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"


def test_version_of_the_distribution_is_declared_once() -> None:
    """The installed metadata is the only place that knows the version."""
    assert importlib.import_module("importlib.metadata").version("pytest-userstate")
    assert not hasattr(pytest_userstate, "__version__")
