"""Which file the checks are collected from, and making pytest collect it."""

from __future__ import annotations

import os
import pathlib

import pytest

from pytest_userstate.application.preparation import Prepared
from pytest_userstate.inbound.options import TypedOptions


def checks_file(config: pytest.Config, prepared: Prepared) -> pathlib.Path:
    """Return the file that the checks stand under.

    The configuration file, else pytest's own, else the first file of the
    target; and for a live database without any of them, this module, since
    pytest collects from files that exist.
    """
    candidates = (prepared.configuration, config.inipath, prepared.first_file)
    return next((path for path in candidates if path), pathlib.Path(__file__))


def include(config: pytest.Config, path: pathlib.Path) -> bool:
    """Make pytest collect the file; return whether it collects nothing else."""
    # Relative: pytest takes a bracket or two colons in any folder above for more
    # than a name.
    arg = os.path.relpath(path, config.invocation_params.dir)
    typed = config.args_source is pytest.Config.ArgsSource.ARGS
    if collects_only_checks(config, paths=config.args if typed else []):
        config.args[:] = [arg]
        return True
    if not any(names(config, each, path) for each in config.args):
        config.args.append(arg)
    return False


def collects_only_checks(config: pytest.Config, *, paths: list[str]) -> bool:
    """Whether nothing else is walked or imported: if no path asks for tests.

    Python that lies about in a repository of another language is not a test suite.
    `testpaths` ask for tests if the audit is part of every run, through `addopts`.
    """
    if paths or not config.getini("testpaths"):
        return not paths
    keeper = config.pluginmanager.get_plugin(TypedOptions.name)
    return bool(keeper and keeper.parse(config).userstate_audit)


def names(config: pytest.Config, arg: str, path: pathlib.Path) -> bool:
    """Whether a command line argument names the file, or an item in it."""
    named = pathlib.Path(config.invocation_params.dir, arg.partition("::")[0])
    return named.resolve() == path.resolve()


def names_item(config: pytest.Config, arg: str, path: pathlib.Path) -> bool:
    """Whether a command line argument names one item in the file."""
    return "::" in arg and names(config, arg, path)
