"""Under pytest-xdist: the workers audit once, the controller reports."""

from __future__ import annotations

import datetime as dt
import typing as typ

import pytest

from pytest_userstate.inbound.completeness import Collected

FOLDER: typ.Final = "userstate_exchange"
TODAY: typ.Final = "userstate_today"
COLLECTED: typ.Final = "userstate_collected"


def is_distributed(config: pytest.Config) -> bool:
    """Whether this process only hands the tests out to workers."""
    return (
        config.getoption("dist", "no") != "no"
        and not config.option.collectonly
        and not config.getoption("usepdb", default=False)
    )


class ControllerPlugin:
    """The controller's side: share a folder with workers, receive their checks."""

    def __init__(self, collected: Collected, folder: str, today: dt.date) -> None:
        """Keep what every worker has to know."""
        self._collected = collected
        self._folder = folder
        self._today = today

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: typ.Any) -> None:
        """Tell a worker where to meet the others, and which day it is."""
        node.workerinput[FOLDER] = self._folder
        node.workerinput[TODAY] = self._today.isoformat()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: typ.Any) -> None:
        """Take over what a worker selected and deselected."""
        collected = getattr(node, "workeroutput", {}).get(COLLECTED)
        if collected:
            self._collected.selected |= {*collected["selected"]}
            self._collected.deselected |= {*collected["deselected"]}


class WorkerPlugin:
    """A worker's side: send the controller what was collected."""

    def __init__(self, config: pytest.Config, collected: Collected) -> None:
        """Keep what the controller will receive."""
        self._config = config
        self._collected = collected

    def pytest_sessionfinish(self) -> None:
        """Tell the controller which checks were selected and deselected."""
        output: dict[str, typ.Any] = getattr(self._config, "workeroutput", {})
        output[COLLECTED] = {
            "selected": sorted(self._collected.selected),
            "deselected": sorted(self._collected.deselected),
        }
