"""The pytest plugin: which hooks it takes part in, and who answers them.

Nothing heavy is imported before an audit is asked for.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import errno
import gc
import importlib
import os
import shlex
import sys
import typing as typ

import pytest

from pytest_userstate.inbound import hookspecs
from pytest_userstate.inbound.fixtures import COMPOSITION, KeptDatabases
from pytest_userstate.inbound.options import (
    add_options,
    answers_without_running,
    joined,
    misuse,
)

if typ.TYPE_CHECKING:
    from pytest_userstate.inbound.run import Composition

_OUT_OF_FILES: typ.Final = """\
the audit cannot even be loaded: pytest may have no more open files here.
To fix it, raise the limit, for instance in the shell that starts pytest:
  ulimit -n 1024"""
_STEPS: typ.Final = "pytest_userstate.steps"
_OURS: typ.Final = "pytest_userstate.domain."
pytest_plugins = ["pytest_userstate.inbound.fixtures"]


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hooks that a repository can implement."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(
    parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager
) -> None:
    """Declare the options."""
    add_options(parser, pluginmanager)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config,
) -> cabc.Generator[None, None, None]:
    """Offer the steps before any conftest does, so that a conftest's own win.

    If a conftest cannot be loaded, the audit either does without it, or at least
    writes the reports that were asked for.
    """
    _offer_steps(early_config.pluginmanager)
    option = early_config.known_args_namespace
    try:
        yield
    except Exception as error:
        if not option.userstate_audit or answers_without_running(option):
            raise
        from pytest_userstate.inbound.run import without_conftest  # noqa: PLC0415

        if not without_conftest(early_config, _composition(), error):
            raise


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | pytest.ExitCode | None:
    """Start again if a value of an option has misled pytest's search for its root."""
    if not config.option.userstate_audit:
        return None
    typed, added = config.invocation_params.args, os.environ.get("PYTEST_ADDOPTS", "")
    words, more = joined(typed), joined(shlex.split(added))
    if words == [*typed] and more == shlex.split(added):
        return None
    os.environ["PYTEST_ADDOPTS"] = shlex.join(more)
    return pytest.main(words, plugins=config.invocation_params.plugins)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take part in the run where an audit is asked for."""
    _offer_steps(config.pluginmanager)
    config.addinivalue_line("markers", "userstate: a check of the user-state audit")
    config.addinivalue_line(
        "markers",
        "userstate_target(name): the target that the fixtures of a test are about",
    )
    config.stash[COMPOSITION] = _composition
    config.pluginmanager.register(KeptDatabases(), "userstate-kept")
    if answers_without_running(config.option):
        return
    if not config.option.userstate_audit:
        if problem := misuse(config):
            raise pytest.UsageError(problem)
        return
    try:
        with _garbage_collection_paused():
            from pytest_userstate.inbound.run import install  # noqa: PLC0415 - cost

            install(config, _composition())
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        raise pytest.UsageError(_OUT_OF_FILES) from error


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain a comparison of our values in their own terms."""
    if not any(type(value).__module__.startswith(_OURS) for value in (left, right)):
        return None
    from pytest_userstate.application.explanation import (  # noqa: PLC0415
        explain,
    )

    return explain(op, left, right)


def _offer_steps(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the steps where pytest-bdd is active, under whatever name."""
    bdd = sys.modules.get("pytest_bdd.plugin")
    active = bdd is not None and pluginmanager.is_registered(bdd)
    if active and not pluginmanager.hasplugin(_STEPS):
        # Not `import_plugin`, which would rewrite assertions that are not there.
        pluginmanager.register(importlib.import_module(_STEPS), _STEPS)


@contextlib.contextmanager
def _garbage_collection_paused() -> cabc.Iterator[None]:
    """Import without the garbage collector, and leave it nothing to look through.

    A hundred modules make objects by the ten thousand, all to stay. Python and
    pytest look through them again and again, also when they end: 0.2 s of an audit
    that takes 0.8 s. They are frozen once, so that a process which runs pytest
    again and again does not keep what earlier runs made.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
        if was_enabled:
            gc.enable()


def _composition() -> Composition:
    """Import the composition root, which imports all the rest."""
    from pytest_userstate import bootstrap  # noqa: PLC0415 - costs time

    return bootstrap
