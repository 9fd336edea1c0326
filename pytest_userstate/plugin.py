"""The pytest plugin: which hooks it takes part in, and who answers them.

Nothing heavy is imported before an audit is asked for.
"""

from __future__ import annotations

import typing as typ

import pytest

from pytest_userstate.inbound.fixtures import COMPOSITION, KeptDatabases
from pytest_userstate.inbound.options import (
    add_options,
    answers_without_running,
    misuse,
)

if typ.TYPE_CHECKING:
    from pytest_userstate.inbound.session import Composition

pytest_plugins = ["pytest_userstate.inbound.fixtures"]


def pytest_addoption(
    parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager
) -> None:
    """Declare the options."""
    add_options(parser, pluginmanager)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take part in the run where an audit is asked for."""
    config.addinivalue_line("markers", "userstate: a check of the user-state audit")
    config.stash[COMPOSITION] = _composition
    config.pluginmanager.register(KeptDatabases(), "userstate-kept")
    if answers_without_running(config):
        return
    if not config.option.userstate_audit:
        if problem := misuse(config):
            raise pytest.UsageError(problem)
        return
    from pytest_userstate.inbound.session import install  # noqa: PLC0415 - costs time

    install(config, _composition())


def _composition() -> Composition:
    """Import the composition root, which imports all the rest."""
    from pytest_userstate import bootstrap  # noqa: PLC0415 - costs time

    return bootstrap
