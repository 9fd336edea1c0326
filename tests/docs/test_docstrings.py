"""The examples in docstrings run as they are written."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import pytest_userstate.application
import pytest_userstate.assertions
import pytest_userstate.domain

PACKAGES = (
    pytest_userstate.application,
    pytest_userstate.assertions,
    pytest_userstate.domain,
)
MODULES = [
    "pytest_userstate",
    "pytest_userstate.bootstrap",
    "pytest_userstate.migration_tools",
    *(
        module.name
        for package in PACKAGES
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ),
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    """Each module is imported as the package itself imports it, and only once."""
    result = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert result.failed == 0


def test_there_are_examples() -> None:
    """The finder finds them, so the test above can fail."""
    finder = doctest.DocTestFinder()
    snapshot = importlib.import_module("pytest_userstate.domain.snapshot")
    assert any(test.examples for test in finder.find(snapshot))
