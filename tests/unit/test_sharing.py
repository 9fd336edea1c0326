"""The audit of a run: carried out once, and shared between the processes."""

from __future__ import annotations

import collections.abc as cabc
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
from pytest_userstate.inbound.sharing import SharedAudit
from tests.helpers.documents import TARGET, TODAY
from tests.helpers.fakes import (
    FakeAuditTarget,
    FakeProgramRepository,
    FakeRuntimeWiringRepository,
    FakeSchemaSnapshotRepository,
)
from tests.helpers.full_snapshots import full_snapshots


class MemoryExchange:
    """Keeps the result in memory, or cannot keep it."""

    def __init__(self, error: ServerError | None = None) -> None:
        """Start without a result."""
        self._error = error
        self._data: bytes | None = None

    def once(self, produce: cabc.Callable[[], bytes]) -> bytes:
        """Return what the first caller produced."""
        if self._error:
            raise self._error
        if self._data is None:
            self._data = produce()
        return self._data

    def peek(self) -> bytes | None:
        """Return what was produced."""
        return self._data


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


def shared(value: Prepared, exchange: MemoryExchange | None) -> SharedAudit:
    """Return the audit of a process."""
    return SharedAudit(value, exchange=exchange, today=TODAY)


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
    exchange = MemoryExchange()
    first, second, controller = (shared(value, exchange) for _ in range(3))
    assert controller.peek() is None
    result = first.result()
    assert isinstance(result, Audit)
    assert result.comparisons
    assert result.diagram is not None
    assert second.result() == result == controller.peek()
    assert result == shared(value, None).result()


@pytest.mark.parametrize("is_shared", [True, False])
@pytest.mark.parametrize(
    ("error", "kind", "source"),
    [
        (MigrationError("no", path="m/1.sql", line=3), "tool", Source("m/1.sql", 3)),
        (ServerError("no"), "tool", None),
        (KeyError("no"), "defect", None),
    ],
)
def test_every_process_knows_why_there_is_no_audit(
    error: Exception, kind: str, source: Source | None, *, is_shared: bool
) -> None:
    """Whatever failed, it fails once, and is no exception to the others."""
    value = prepared(BrokenTarget(SchemaSnapshot(), TARGET, error))
    exchange = MemoryExchange() if is_shared else None
    first, second = shared(value, exchange), shared(value, exchange)
    result = first.result()
    assert isinstance(result, RunFailure)
    assert (result.kind, result.source) == (kind, source)
    assert "no" in result.message
    assert first.is_known
    assert first.result() is result
    again = second.result()
    assert isinstance(again, RunFailure)
    assert again == result or not is_shared
    assert (again.kind, again.source) == (kind, source)


def test_a_result_that_cannot_be_shared_is_a_failure() -> None:
    """The message says what to do about the folder."""
    value = prepared(FakeAuditTarget(SchemaSnapshot(), TARGET))
    result = shared(value, MemoryExchange(ServerError("no room"))).result()
    assert result == RunFailure(kind="tool", message="no room")
