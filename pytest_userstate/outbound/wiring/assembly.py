"""Where the wiring is read from: what a run needs, and what has to be there."""

from __future__ import annotations

import collections.abc as cabc
import functools
import glob
import importlib.util
import pathlib
import typing as typ

import attrs

from pytest_userstate.application.settings import PortScan, Settings
from pytest_userstate.application.wording import nearest
from pytest_userstate.domain.errors import ConfigurationError, UsageError
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.ports import RuntimeWiringRepository
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.domain.wiring import PortWiring, Wiring, WiringOrigin


class CombinedWiringRepository:
    """The ports and warnings of several repositories, each of which is read once."""

    def __init__(self, repositories: cabc.Iterable[RuntimeWiringRepository]) -> None:
        """Keep the repositories; none is read yet."""
        self._repositories = tuple(repositories)

    def load(self) -> Wiring:
        """Return the wiring of them all."""
        return self._loaded

    @functools.cached_property
    def _loaded(self) -> Wiring:
        wirings = [repository.load() for repository in self._repositories]
        return Wiring(
            (port for wiring in wirings for port in wiring.ports),
            warnings=(warning for wiring in wirings for warning in wiring.warnings),
        )


class DeclaredWiringRepository:
    """Declared wiring whose evidence is there: every file, and every line."""

    def __init__(self, wiring: Wiring, *, base: pathlib.Path, file: str) -> None:
        """Keep what was declared; nothing is read yet."""
        self._wiring = wiring
        self._base = base
        self._file = file

    def load(self) -> Wiring:
        """Return the wiring."""
        for port in self._wiring.ports:
            for source in port.sources:
                self._check(port, source)
        return self._wiring

    def _check(self, port: PortWiring, source: Source) -> None:
        path = self._base / source.path
        try:
            lines = path.read_bytes().count(b"\n") + 1
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self._refuse(port, f"names {source.path!r}: {reason.lower()}")
        if source.line is not None and source.line > lines:
            self._refuse(
                port, f"names {str(source)!r}, and that file has {lines} lines"
            )

    def _refuse(self, port: PortWiring, problem: str) -> typ.NoReturn:
        key = f"wiring.ports.{port.entity}.evidence"
        message = f"{self._file}: `{key}` {problem}; expected a file, or file:line"
        raise ConfigurationError(message, file=self._file, key=key) from None


HOOK = "pytest_userstate_wiring"


class ReportedWiringRepository:
    """What the hook says, checked against the model and the configuration."""

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
        """Return the wiring."""
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
            *((port.entity, port.port) for port in wiring.declared.ports),
            *((scan.entity, scan.port) for scan in wiring.scanned),
        ]
        if (value.entity, value.port) in configured:
            _refuse(
                f"reports {value.port} of {value.entity} as {value.state.words}, but "
                f"[wiring.ports.{value.entity}] in {self._file} says what is "
                "behind that port as well: keep one of the two"
            )
        return attrs.evolve(value, origin=WiringOrigin.REPORTED)


def _check_names(port: PortWiring, model: AuditModel) -> None:
    entity = model.entity(port.entity)
    if entity is None:
        known = [other.name for other in model.entities]
        _refuse(
            f"names the unknown entity {port.entity!r}; {nearest(port.entity, known)}"
        )
    models = [storage_model.name for storage_model in entity.models]
    if port.model is not None and port.model not in models:
        _refuse(
            f"names the unknown storage model {port.model!r} of {port.entity}; "
            f"{nearest(port.model, models)}"
        )


def _refuse(problem: str) -> typ.NoReturn:
    message = f"the hook {HOOK} {problem}"
    raise UsageError(message)


@attrs.frozen(kw_only=True)
class ConfigurationPlace:
    """The place of a configuration, for paths and for messages."""

    base: pathlib.Path
    file: str
    prefix: str = ""

    def refuse(self, key: str, problem: str) -> typ.NoReturn:
        """Raise the error about a key."""
        message = f"{self.file}: `{self.prefix}{key}` {problem}"
        raise ConfigurationError(message, file=self.file, key=f"{self.prefix}{key}")


def wiring_repository(
    settings: Settings,
    place: ConfigurationPlace,
    *,
    ask: cabc.Callable[[], cabc.Iterable[object]] | None,
    asks_ahead: bool,
) -> CombinedWiringRepository:
    """Return the wiring that is declared, scanned, and reported.

    Everything that the user could correct is checked here; the sources are read
    when the wiring is first needed.
    """
    wiring = settings.wiring
    declared = DeclaredWiringRepository(
        wiring.declared, base=place.base, file=place.file
    )
    declared.load()
    repositories: list[RuntimeWiringRepository] = [declared]
    for port in wiring.scanned:
        _check(port, place)
    if wiring.scanned:
        from pytest_userstate.outbound.wiring.scanned import (  # noqa: PLC0415 - time
            ScannedWiringRepository,
        )

        scanned = ScannedWiringRepository(wiring.scanned, place=place)
        if asks_ahead:
            scanned.check()
        repositories.append(scanned)
    if ask is not None:
        reported = ReportedWiringRepository(ask, settings=settings, file=place.file)
        if asks_ahead:
            reported.load()
        repositories.append(reported)
    return CombinedWiringRepository(repositories)


def with_found_sources(settings: Settings, place: ConfigurationPlace) -> Settings:
    """Return the settings with the files and folders that `sources` names or matches.

    A `ConfigurationError` is raised if there is none.
    """

    def found(names: tuple[str, ...], key: str) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(match for name in names for match in _found(name, key, place))
        )

    wiring = settings.wiring
    scanned = (
        attrs.evolve(
            port,
            sources=found(
                port.sources,
                f"{port.key}.sources" if port.has_own_sources else "wiring.sources",
            ),
        )
        for port in wiring.scanned
    )
    sources = found(wiring.sources, "wiring.sources")
    wiring = attrs.evolve(wiring, sources=sources, scanned=tuple(scanned))
    return attrs.evolve(settings, wiring=wiring)


def _found(name: str, key: str, place: ConfigurationPlace) -> list[str]:
    """Return the path of this name, or those that match it as a pattern."""
    if (place.base / name).exists():
        return [name]
    matches = glob.glob(  # noqa: PTH207 - `Path.glob` refuses absolute patterns
        name, root_dir=place.base, recursive=True
    )
    if not matches:
        place.refuse(
            key,
            f"names {name!r}, which does not exist; expected a folder or file of "
            "sources, or a pattern such as 'services/*/src', relative to the "
            "configuration file",
        )
    return sorted(pathlib.PurePath(match).as_posix() for match in matches)


def _check(port: PortScan, place: ConfigurationPlace) -> None:
    if importlib.util.find_spec("ast_grep_py") is None:
        place.refuse(
            port.key,
            "has no `state`, so that its wiring is read from the sources. That needs "
            "ast-grep, which is not installed:\n"
            "  pip install 'pytest-userstate[wiring]'\n"
            "  uvx --from 'pytest-userstate[wiring]' pytest-userstate\n"
            "Or declare what a scan would find: `state` and `reason`",
        )
