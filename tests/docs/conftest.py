"""Somebody who follows a page, in a folder of their own."""

from __future__ import annotations

import pathlib

import pytest

from tests.helpers.walkthrough import Reader, install


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return a folder with the programs that the pages call."""
    folder = tmp_path_factory.mktemp("tools")
    install(folder)
    return folder


@pytest.fixture
def reader(tmp_path: pathlib.Path, tools: pathlib.Path) -> Reader:
    """Return a reader who has not begun."""
    return Reader(tmp_path / "repository", tools)
