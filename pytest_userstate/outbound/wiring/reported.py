"""Wiring that the running program's own container reports, through a hook."""

from __future__ import annotations

import collections.abc as cabc
import functools
import typing as typ

import attrs

from pytest_userstate.application.settings import Settings
from pytest_userstate.application.structuring import nearest
from pytest_userstate.domain.errors import UsageError
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.wiring import PortWiring, Wiring, WiringOrigin

HOOK = "pytest_userstate_wiring"


class ReportedWiringRepository:
    """What the hook says, held against the model and the configuration.

    Parameters
    ----------
    ask : callable
        Ask the hook; called once, when the wiring is first needed.
    settings : Settings
        What is configured.
    file : str
        The configuration file, for messages.
    """

    def __init__(
        self,
        ask: cabc.Callable[[], cabc.Iterable[object]],
        *,
        settings: Settings,
        file: str,
    ) -> None:
        """Keep whom to ask; nobody is asked yet."""
        self._ask = ask
        self._settings = settings
        self._file = file

    def load(self) -> Wiring:
        """Return the wiring.

        Raises
        ------
        UsageError
            When the hook returns something else than the wiring of ports of the
            model, or a port that the configuration gives as well.
        """
        return self._loaded

    @functools.cached_property
    def _loaded(self) -> Wiring:
        ports: dict[tuple[str, str], PortWiring] = {}
        for value in self._ask():
            port = self._checked(value)
            if (port.entity, port.port) in ports:
                _refuse(f"gives port {port.port!r} of entity {port.entity!r} twice")
            ports[port.entity, port.port] = port
        return Wiring(ports.values())

    def _checked(self, value: object) -> PortWiring:
        if not isinstance(value, PortWiring):
            _refuse(
                f"returned {value!r}, a {type(value).__name__}; expected an iterable "
                "of pytest_userstate.PortWiring"
            )
        _check_names(value, self._settings.model)
        wiring = self._settings.wiring
        configured = [
            *((each.entity, each.port) for each in wiring.declared.ports),
            *((each.entity, each.port) for each in wiring.scanned),
        ]
        if (value.entity, value.port) in configured:
            _refuse(
                f"reports {value.port} of {value.entity} as {value.state.words}, but "
                f"[wiring.ports.{value.entity}] in {self._file} says what stands "
                "behind that port as well: keep one of the two"
            )
        return attrs.evolve(value, origin=WiringOrigin.REPORTED)


def _check_names(port: PortWiring, model: AuditModel) -> None:
    entity = model.entity(port.entity)
    if entity is None:
        known = [each.name for each in model.entities]
        _refuse(
            f"names the unknown entity {port.entity!r}; {nearest(port.entity, known)}"
        )
    models = [each.name for each in entity.models]
    if port.model is not None and port.model not in models:
        _refuse(
            f"names the unknown storage model {port.model!r} of {port.entity}; "
            f"{nearest(port.model, models)}"
        )


def _refuse(problem: str) -> typ.NoReturn:
    message = f"the hook {HOOK} {problem}"
    raise UsageError(message)
