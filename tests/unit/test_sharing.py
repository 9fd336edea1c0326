"""The audit of a run: carried out once, and shared between the processes."""

from __future__ import annotations

import collections.abc as cabc
import functools
import queue
import threading
import types
import typing as typ

import attrs
import hypothesis
import pytest

from pytest_userstate.application.audit import Audit, Prepared
from pytest_userstate.application.comparison import Reference
from pytest_userstate.application.run_record import RunFailure
from pytest_userstate.application.settings import MigrationsSetting, Settings
from pytest_userstate.domain.errors import MigrationError, ServerError
from pytest_userstate.domain.snapshot import SchemaSnapshot, Source
from pytest_userstate.inbound.completeness import Collected
from pytest_userstate.inbound.sharing import ItemNames, SharedAudit, carry_out
from pytest_userstate.inbound.xdist import (
    INPUT,
    ControllerPlugin,
    shared_by_controller,
)
from tests.helpers.documents import TARGET, TODAY
from tests.helpers.fakes import (
    FakeAuditTarget,
    FakeProgramRepository,
    FakeRuntimeWiringRepository,
    FakeSchemaSnapshotRepository,
)
from tests.helpers.full_snapshots import full_snapshots


@attrs.frozen
class BrokenTarget(FakeAuditTarget):
    """A target that cannot be opened."""

    error: Exception

    def open(self) -> typ.NoReturn:
        """Fail."""
        raise self.error


def prepared(target: FakeAuditTarget, **members: object) -> Prepared:
    """Return what an audit of the target needs."""
    value = Prepared(
        settings=Settings(),
        target=target,
        wiring=FakeRuntimeWiringRepository(),
        program=FakeProgramRepository(),
    )
    return attrs.evolve(value, **members)  # type: ignore[arg-type]


def shared(value: Prepared) -> SharedAudit:
    """Return the audit of a controller, or of a run without workers."""
    obtain = functools.partial(carry_out, value, today=TODAY)
    return SharedAudit(ItemNames.of(value), obtain)


class Channels:
    """The two ends of a connection, as execnet gives them out."""

    def __init__(self) -> None:
        """Connect an end to the other."""
        self._answers: queue.Queue[object] = queue.Queue()
        self._ask: cabc.Callable[[tuple[str, list[str]]], None] | None = None
        self.gateway = self

    def newchannel(self) -> typ.Self:
        """Return this."""
        return self

    def setcallback(self, ask: cabc.Callable[[tuple[str, list[str]]], None]) -> None:
        """Call this for what is sent by the worker."""
        self._ask = ask

    def send(self, value: tuple[typ.Any, ...]) -> None:
        """Send to the other end: a question begins with the target."""
        if value[0] == "" and self._ask:
            self._ask(value)
        else:
            self._answers.put(value)

    def receive(self) -> object:
        """Wait for an answer."""
        return self._answers.get(timeout=30)


def worker_of(controller: SharedAudit) -> SharedAudit:
    """Return the audit of a worker that asks the controller."""
    channels = Channels()
    node = types.SimpleNamespace(gateway=channels, workerinput={})
    plugin = ControllerPlugin(Collected(), [controller], "userstate.toml")
    plugin.pytest_configure_node(node)
    [shared] = shared_by_controller(node.workerinput[INPUT])
    return shared


@hypothesis.settings(max_examples=10)
@hypothesis.given(full_snapshots, full_snapshots)
def test_every_process_has_the_same_audit(
    snapshot: SchemaSnapshot, other: SchemaSnapshot
) -> None:
    """With all that reports show: settings, comparisons, and the diagram."""
    reference = Reference(
        name="drift",
        label="somewhere",
        repository=FakeSchemaSnapshotRepository(other),
        before="the migrations",
        after="live",
        comes_first=False,
        expected="the same",
        remedy="migrate",
    )
    options = types.MappingProxyType({"folders": ["a"]})
    value = prepared(
        FakeAuditTarget(snapshot, TARGET),
        settings=Settings(migrations=MigrationsSetting(options=dict(options))),
        references=(reference,),
        draws=True,
        snapshot="schema.json",
    )
    controller = shared(value)
    first, second = worker_of(controller), worker_of(controller)
    assert first.names == controller.names
    assert controller.peek() is None
    result = first.result()
    assert isinstance(result, Audit)
    assert result.comparisons
    assert result.diagram is not None
    assert second.result() == result == controller.peek()


def test_workers_that_ask_at_once_get_one_audit() -> None:
    """It is carried out once, with what they have selected."""
    audits: list[cabc.Collection[str]] = []
    value = prepared(FakeAuditTarget(SchemaSnapshot(), TARGET))

    def obtain(selected: cabc.Collection[str]) -> Audit | RunFailure:
        audits.append(selected)
        return carry_out(value, selected, today=TODAY)

    controller = SharedAudit(ItemNames.of(value), obtain)
    workers = [worker_of(controller) for _ in range(4)]
    for worker in workers:
        worker.select({"users.schema"})
    threads = [threading.Thread(target=worker.result) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert audits == [["users.schema"]]
    assert {id(worker.result()) for worker in workers} != {id(controller.result())}
    assert all(worker.result() == controller.result() for worker in workers)


def test_a_worker_of_another_version_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What one version has written, another may not be able to read."""
    worker = worker_of(shared(prepared(FakeAuditTarget(SchemaSnapshot(), TARGET))))
    versions = iter(["0.1", "0.2", "0.2"])
    monkeypatch.setattr("importlib.metadata.version", lambda _: next(versions))
    assert worker.result() == RunFailure(
        kind="tool",
        message="this worker of pytest-xdist has pytest-userstate 0.2, and the "
        "controller has 0.1: install the same version on both",
    )


@pytest.mark.parametrize(
    ("error", "kind", "source"),
    [
        (MigrationError("no", path="m/1.sql", line=3), "tool", Source("m/1.sql", 3)),
        (ServerError("no"), "tool", None),
        (KeyError("no"), "defect", None),
    ],
)
def test_every_process_knows_why_there_is_no_audit(
    error: Exception, kind: str, source: Source | None
) -> None:
    """Whatever failed, it fails once, and is no exception to the others."""
    controller = shared(prepared(BrokenTarget(SchemaSnapshot(), TARGET, error)))
    worker = worker_of(controller)
    result = worker.result()
    assert isinstance(result, RunFailure)
    assert (result.kind, result.source) == (kind, source)
    assert "no" in result.message
    assert worker.result() is worker.peek() is result
    assert controller.result() == result
