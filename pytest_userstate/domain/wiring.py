"""What stands behind each entity's port in the running program."""

from __future__ import annotations

import collections.abc as cabc

import attrs

from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.errors import InvalidModelError
from pytest_userstate.domain.snapshot import Source


def _sources(values: cabc.Iterable[Source]) -> tuple[Source, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class PortWiring:
    """How one port is wired.

    Parameters
    ----------
    entity : str
        The entity that the port serves.
    port : str
        The port's name in the program, such as ``UserInterestsCommand``.
    state : RuntimeWiring
        What stands behind it.
    reason : str
        Why it is so, for the reader of the report.
    sources : iterable of Source
        Where it can be seen.
    model : str or None
        The storage model that the database-backed side reads, where known.
    """

    entity: str
    port: str
    state: RuntimeWiring
    reason: str = ""
    sources: tuple[Source, ...] = attrs.field(default=(), converter=_sources)
    model: str | None = None


def _by_entity(values: cabc.Iterable[PortWiring]) -> tuple[PortWiring, ...]:
    return tuple(sorted(values, key=lambda port: port.entity))


@attrs.frozen
class Wiring:
    """The wiring of all entities; an entity without a port was not probed.

    Examples
    --------
    >>> Wiring().state_of("login")
    <RuntimeWiring.NOT_PROBED: 'not_probed'>
    """

    ports: tuple[PortWiring, ...] = attrs.field(default=(), converter=_by_entity)

    def __attrs_post_init__(self) -> None:
        """Refuse two ports of one entity: only one could count."""
        entities = [port.entity for port in self.ports]
        for entity in entities:
            if entities.count(entity) > 1:
                message = f"the wiring of entity {entity!r} is given twice"
                raise InvalidModelError(message)

    def port_of(self, entity: str) -> PortWiring | None:
        """Return the port that serves the entity, or None."""
        return next((port for port in self.ports if port.entity == entity), None)

    def state_of(self, entity: str) -> RuntimeWiring:
        """Return what stands behind the entity's port."""
        port = self.port_of(entity)
        return port.state if port else RuntimeWiring.NOT_PROBED
