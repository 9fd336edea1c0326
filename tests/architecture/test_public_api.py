"""The public names: complete, sorted, lazily loaded, and documented."""

from __future__ import annotations

import importlib.metadata
import pathlib
import re
import subprocess
import sys

import pytest

import pytest_userstate

HEAVY = ("attrs", "cattrs", "psycopg", "mirakuru", "pytest_userstate.domain")


def test_public_names_are_listed_once() -> None:
    """The stub has each name once, in order; `__all__` and `dir` have the same."""
    stub = pathlib.Path(pytest_userstate.__file__).with_suffix(".pyi").read_text()
    names = re.findall(r"(\w+) as \1\b", stub)
    assert len(names) == stub.count("import ") > 90
    assert sorted(names) == pytest_userstate.__all__
    assert dir(pytest_userstate) == sorted([*names, "__version__"])


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


def test_version_is_that_of_the_distribution() -> None:
    """The installed metadata is the only place that knows the version."""
    installed = importlib.metadata.version("pytest-userstate")
    assert pytest_userstate.__version__ == installed
