"""Stand-ins for the driven ports, under the names of what they stand in for."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import typing as typ

import attrs

from pytest_userstate.domain.errors import SchemaSnapshotRepositoryError
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.ports import TargetDescription
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table
from pytest_userstate.domain.wiring import (
    DeclaredTable,
    PortWiring,
    TableMentions,
    Wiring,
)
from pytest_userstate.domain.writes import TableWrites


class FakeSchemaSnapshotRepository:
    """Gives the snapshot that it was told to, or fails as it was told to.

    Attributes
    ----------
    snapshot : SchemaSnapshot
        The schema as it stands; set it to what the next `load` is to return.
    failing : {"connect", "query"} or None
        What is to fail.
    loads : int
        How many times `load` was called.
    """

    def __init__(
        self,
        snapshot: SchemaSnapshot | None = None,
        *,
        failing: typ.Literal["connect", "query"] | None = None,
    ) -> None:
        """Start with this snapshot, an empty one by default."""
        self.snapshot = SchemaSnapshot() if snapshot is None else snapshot
        self.failing = failing
        self.loads = 0

    def load(self) -> SchemaSnapshot:
        """Return the snapshot, or raise what a real repository would."""
        self.loads += 1
        if self.failing is not None:
            cause = ConnectionError(f"told to fail to {self.failing}")
            message = f"The schema could not be read: {cause}"
            raise SchemaSnapshotRepositoryError(
                message, operation=self.failing
            ) from cause
        return self.snapshot


class FakeRuntimeWiringRepository:
    """Gives the wiring that it was told to.

    Attributes
    ----------
    wiring : Wiring
        What stands behind the ports; set it to what the next `load` is to return.
    loads : int
        How many times `load` was called.
    """

    def __init__(self, wiring: Wiring | None = None) -> None:
        """Start with this wiring, one without ports by default."""
        self.wiring = Wiring() if wiring is None else wiring
        self.loads = 0

    def load(self) -> Wiring:
        """Return the wiring."""
        self.loads += 1
        return self.wiring


@attrs.frozen
class FakeOpenTarget:
    """A target that is ready to be read."""

    snapshot: SchemaSnapshot
    server_version: str = "18.6"
    applied: int | None = 3
    warnings: tuple[str, ...] = ()
    scratch: None = None

    def load(self) -> SchemaSnapshot:
        """Return the snapshot."""
        return self.snapshot


@attrs.frozen
class FakeAuditTarget:
    """A target that has this snapshot, and needs no server."""

    snapshot: SchemaSnapshot
    description: TargetDescription

    def open(self) -> contextlib.AbstractContextManager[FakeOpenTarget]:
        """Give the target, ready to be read."""
        return contextlib.nullcontext(FakeOpenTarget(self.snapshot))


class FakeProgramRepository:
    """A program whose sources show what they were given, or nothing."""

    def __init__(self, wiring: Wiring | None = None) -> None:
        """Keep what the sources show."""
        self._wiring = Wiring() if wiring is None else wiring

    def mentions(self, _tables: cabc.Iterable[str]) -> TableMentions | None:
        """Return where tables are named, whichever are asked for."""
        return self._wiring.mentions

    def declared_tables(self) -> tuple[DeclaredTable, ...]:
        """Return the tables that the program declares."""
        return self._wiring.declared_tables

    def writes(self, _tables: cabc.Iterable[Table]) -> TableWrites | None:
        """Return what is written to tables, whichever are asked for."""
        return self._wiring.writes

    def ports(self, _model: AuditModel) -> tuple[PortWiring, ...]:
        """Return the interfaces that are named like ports of an entity."""
        return self._wiring.ports
