"""The configuration file's shape: the classes mirror it key by key."""

from __future__ import annotations

import datetime as dt
import typing as typ

import attrs

from pytest_userstate.domain.coverage import Axis, RuntimeWiring
from pytest_userstate.domain.gate import DEFAULT_AXES
from pytest_userstate.domain.model import Revisions, Several

Names: typ.TypeAlias = str | tuple[str, ...]
"""One string or several: always several once the file is read."""

Place = typ.NewType("Place", str)
"""The one folder or file that holds the migrations."""


@attrs.frozen(kw_only=True)
class MigrationsTable:
    """``migrations = { path = "…", layout = "…", … }``.

    `options` is no key: it takes all other keys, which are the layout's to know.
    """

    path: Place | None = None
    layout: str | None = None
    options: dict[str, typ.Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class CanonicalTable:
    """``canonical = { model = "…", reason = "…" }``."""

    model: str
    reason: str


@attrs.frozen(kw_only=True)
class ModelTable:
    """``[[entities.NAME.models]]``."""

    name: str
    table: Names
    columns: Names = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    revision: Names = ("revision",)


@attrs.frozen(kw_only=True)
class EntityTable:
    """``[entities.NAME]``."""

    models: tuple[ModelTable, ...] = ()
    replace: bool = False
    several: Several | None = None
    revisions: Revisions | None = None
    canonical: CanonicalTable | None = None
    expected: bool = True
    reason: str = ""


@attrs.frozen(kw_only=True)
class PortTable:
    """``[wiring.ports.ENTITY]``, or one of several ``[[wiring.ports.ENTITY]]``."""

    port: str
    state: RuntimeWiring | None = None
    reason: str = ""
    evidence: Names = ()
    database: Names = ()
    fixture: Names = ()
    sources: Names = ()
    model: str | None = None


Ports: typ.TypeAlias = tuple[PortTable, ...]
"""One table or several: always several once the file is read."""


@attrs.frozen(kw_only=True)
class WiringTable:
    """``[wiring]``."""

    ports: dict[str, Ports] = attrs.field(factory=dict)
    sources: Names = (".",)


@attrs.frozen(kw_only=True)
class PostgresTable:
    """``[postgres]``."""

    setup: str | None = None
    superuser: bool = False
    migration_timeout: float = 60.0


@attrs.frozen(kw_only=True)
class GateTable:
    """``[gate]``."""

    axes: tuple[Axis, ...] = DEFAULT_AXES
    fail_on_deferred: bool = False


@attrs.frozen(kw_only=True)
class AcceptTable:
    """``[[accept]]``."""

    check: str
    reason: str
    until: dt.date | None = None


@attrs.frozen(kw_only=True)
class SilenceTable:
    """``[[silence]]``."""

    advisory: str
    subject: str = "*"
    reason: str


@attrs.frozen(kw_only=True)
class DownstreamTable:
    """``[[downstream]]``."""

    id: str
    title: str
    needs: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Document:
    """The whole file."""

    migrations: str | MigrationsTable | None = None
    snapshot: str | None = None
    schemas: Names = ("public",)
    entities: dict[str, EntityTable] = attrs.field(factory=dict)
    wiring: WiringTable = WiringTable()
    postgres: PostgresTable = PostgresTable()
    gate: GateTable = GateTable()
    accept: tuple[AcceptTable, ...] = ()
    silence: tuple[SilenceTable, ...] = ()
    downstream: tuple[DownstreamTable, ...] = ()
