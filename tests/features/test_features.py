"""The shipped steps, used as a repository would use them."""

from __future__ import annotations

import pathlib

import pytest
from pytest_bdd import scenarios

scenarios(".")


@pytest.fixture(scope="session")
def userstate_configuration() -> dict[str, str]:
    """Audit the small backend beside the features, whatever else is about."""
    return {"migrations": str(pathlib.Path(__file__).with_name("migrations"))}
