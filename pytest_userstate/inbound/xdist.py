"""Under pytest-xdist: the controller audits once and reports; the workers ask it.

They ask over the connection that pytest-xdist itself uses, so that a worker may be
on another machine, which needs neither the migrations nor a server.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import functools
import importlib.metadata
import pickle
import threading
import typing as typ

import pytest

from pytest_userstate.application.run_record import RunFailure
from pytest_userstate.inbound.completeness import Collected
from pytest_userstate.inbound.sharing import ItemNames, Result, SharedAudit

INPUT: typ.Final = "userstate"
COLLECTED: typ.Final = "userstate_collected"
_OTHER_VERSION: typ.Final = (
    "this worker of pytest-xdist has pytest-userstate {here}, and the controller has "
    "{there}: install the same version on both"
)


class WorkerInput(typ.TypedDict):
    """What a worker is given; execnet carries nothing but plain values and channels."""

    file: str
    """The id of the file that the checks are listed under."""
    targets: list[tuple[str, list[str], list[str]]]
    """Their names, and those of their checks and comparisons."""
    channel: typ.Any
    """Where to ask for the audit."""


def is_distributed(config: pytest.Config) -> bool:
    """Whether this process only hands the tests out to workers."""
    return (
        config.getoption("dist", "no") != "no"
        and not config.option.collectonly
        and not config.getoption("usepdb", default=False)
    )


class ControllerPlugin:
    """The controller's side: answer workers, and receive what they collected."""

    def __init__(
        self, collected: Collected, audits: cabc.Iterable[SharedAudit], file: str
    ) -> None:
        """Keep what every worker has to know."""
        self._collected = collected
        self._audits = {shared.names.target: shared for shared in audits}
        self._file = file

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: typ.Any) -> None:
        """Say which items there are, and open a channel for questions."""
        channel = node.gateway.newchannel()
        channel.setcallback(functools.partial(self._asked, channel))
        node.workerinput[INPUT] = WorkerInput(
            file=self._file,
            targets=[
                (names.target, [*names.checks], [*names.comparisons])
                for names in (shared.names for shared in self._audits.values())
            ],
            channel=channel,
        )

    def _asked(self, channel: typ.Any, question: tuple[str, list[str]]) -> None:
        """Answer in a thread: the caller's has to receive the worker's reports."""
        threading.Thread(
            target=self._answer, args=(channel, *question), daemon=True
        ).start()

    def _answer(self, channel: typ.Any, target: str, selected: list[str]) -> None:
        shared = self._audits[target]
        shared.select(selected)  # all workers select the same
        answer = pickle.dumps(shared.result())
        with contextlib.suppress(OSError):  # the worker is gone
            channel.send((_version(), answer))

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


def shared_by_controller(given: WorkerInput) -> tuple[SharedAudit, ...]:
    """Return the audits that a worker reads: those of its controller."""
    return tuple(
        SharedAudit(
            ItemNames(target, tuple(checks), tuple(comparisons)),
            functools.partial(_ask, given["channel"], target),
        )
        for target, checks, comparisons in given["targets"]
    )


def _ask(channel: typ.Any, target: str, selected: cabc.Collection[str]) -> Result:
    channel.send((target, sorted(selected)))
    version, answer = channel.receive()
    if version != _version():
        message = _OTHER_VERSION.format(here=_version(), there=version)
        return RunFailure(kind="tool", message=message)
    # The controller that answers started this process, and runs code in it.
    result: Result = pickle.loads(answer)  # noqa: S301
    return result


def _version() -> str:
    return importlib.metadata.version("pytest-userstate")
