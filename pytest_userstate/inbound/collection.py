"""Which file the checks are collected from, and making pytest collect it."""

from __future__ import annotations

import os
import pathlib

import pytest

from pytest_userstate.application.preparation import Prepared


def checks_file(config: pytest.Config, prepared: Prepared) -> pathlib.Path:
    """Return the file that the checks stand under.

    The configuration file, else pytest's own, else the first file of the
    target; and for a live database without any of them, this module, since
    pytest collects from files that exist.
    """
    candidates = (prepared.configuration, config.inipath, prepared.first_file)
    return next((path for path in candidates if path), pathlib.Path(__file__))


def include(config: pytest.Config, path: pathlib.Path) -> bool:
    """Make pytest collect the file; return whether it collects nothing else.

    Nothing else is walked or imported where the command line names no path and
    the ini file no `testpaths`: in a repository of another language, whatever
    Python lies about is nobody's test suite.
    """
    # Relative: pytest takes a bracket or two colons in any folder above for more
    # than a name.
    arg = os.path.relpath(path, config.invocation_params.dir)
    if config.args_source is pytest.Config.ArgsSource.INVOCATION_DIR:
        config.args[:] = [arg]
        return True
    if not any(names(config, each, path) for each in config.args):
        config.args.append(arg)
    return False


def names(config: pytest.Config, arg: str, path: pathlib.Path) -> bool:
    """Whether a command line argument names the file, or an item in it."""
    named = pathlib.Path(config.invocation_params.dir, arg.partition("::")[0])
    return named.resolve() == path.resolve()


def names_item(config: pytest.Config, arg: str, path: pathlib.Path) -> bool:
    """Whether a command line argument names one item in the file."""
    return "::" in arg and names(config, arg, path)
