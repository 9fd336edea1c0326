"""Which wiring repositories a run needs, and what they need to be there."""

from __future__ import annotations

import collections.abc as cabc
import importlib.util
import pathlib
import typing as typ

import attrs

from pytest_userstate.application.settings import PortScan, Settings
from pytest_userstate.domain.errors import ConfigurationError
from pytest_userstate.domain.ports import RuntimeWiringRepository
from pytest_userstate.outbound.wiring.combined import CombinedWiringRepository
from pytest_userstate.outbound.wiring.declared import DeclaredWiringRepository


@attrs.frozen(kw_only=True)
class Place:
    """Where a configuration stands, for paths and for messages.

    Parameters
    ----------
    base : pathlib.Path
        The folder that its paths are relative to.
    file : str
        The file, as the user would type it.
    prefix : str
        The key of our table in it, with a dot; empty where the file is all ours.
    """

    base: pathlib.Path
    file: str
    prefix: str = ""

    def refuse(self, key: str, problem: str) -> typ.NoReturn:
        """Raise the error about a key."""
        message = f"{self.file}: `{self.prefix}{key}` {problem}"
        raise ConfigurationError(message, file=self.file, key=f"{self.prefix}{key}")


def wiring_repository(
    settings: Settings,
    place: Place,
    *,
    ask: cabc.Callable[[], cabc.Iterable[object]] | None,
    asks_ahead: bool,
) -> CombinedWiringRepository:
    """Return the wiring that is declared, scanned, and reported.

    Everything that the user could mend is looked at here; the sources are read
    when the wiring is first needed.

    Parameters
    ----------
    settings : Settings
        What is configured.
    place : Place
        Where.
    ask : callable or None
        How to ask the hook; None where nobody implements it.
    asks_ahead : bool
        Whether to ask it, and look for the ports in the sources, now: what is
        wrong with them is then a usage error before anything runs.

    Raises
    ------
    UsageError
        If evidence or sources do not exist, if the sources do not name a port, if
        ast-grep is needed and missing, or if the hook contradicts the configuration.
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
        from pytest_userstate.outbound.wiring.reported import (  # noqa: PLC0415 - time
            ReportedWiringRepository,
        )

        reported = ReportedWiringRepository(ask, settings=settings, file=place.file)
        if asks_ahead:
            reported.load()
        repositories.append(reported)
    return CombinedWiringRepository(repositories)


def _check(port: PortScan, place: Place) -> None:
    if importlib.util.find_spec("ast_grep_py") is None:
        place.refuse(
            port.key,
            "has no `state`, so that its wiring is read from the sources. That needs "
            "ast-grep, which is not installed:\n"
            "  pip install 'pytest-userstate[wiring]'\n"
            "(or 'pytest-userstate[embedded,wiring]' after `uvx --from` or `pipx run "
            "--spec`). Or declare what a scan would find: `state` and `reason`",
        )
    for name in port.sources:
        if not (place.base / name).exists():
            place.refuse(
                f"{port.key}.sources" if port.has_own_sources else "wiring.sources",
                f"names {name!r}, which does not exist; expected a folder or file of "
                "sources, relative to the configuration file",
            )
