"""Small backend repositories for the plugin's tests."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import shutil

import pytest

from tests.helpers.backends import (
    CREDENTIALS,
    JOIN_TABLE,
    PREFERENCES,
    ROOT,
    USERS,
    Backend,
)


@pytest.fixture
def backend(tmp_path: pathlib.Path) -> Backend:
    """Return an empty repository (a folder that version control marks)."""
    path = tmp_path / "repo"
    (path / ".git").mkdir(parents=True)
    return Backend(path)


@pytest.fixture
def covered(backend: Backend) -> Backend:
    """Return a repository in which everything is covered."""
    backend.migrate(USERS, CREDENTIALS, PREFERENCES)
    return backend


@pytest.fixture
def gaps(backend: Backend) -> Backend:
    """Return a repository without credentials, and with interests stored twice."""
    backend.migrate(USERS, PREFERENCES, JOIN_TABLE)
    return backend


@pytest.fixture
def example(tmp_path: pathlib.Path) -> cabc.Callable[[str], Backend]:
    """Return a function that copies an example repository and returns the copy."""

    def copy(name: str) -> Backend:
        path = tmp_path / name
        shutil.copytree(ROOT / "examples" / name, path)
        (path / ".git").mkdir()
        return Backend(path)

    return copy
