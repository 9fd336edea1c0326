"""Wiring that the configuration declares, its evidence held against the files."""

from __future__ import annotations

import pathlib
import typing as typ

from pytest_userstate.domain.errors import ConfigurationError
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.domain.wiring import PortWiring, Wiring


class DeclaredWiringRepository:
    """Declared wiring whose evidence is there: every file, and every line.

    Parameters
    ----------
    wiring : Wiring
        What the configuration declares.
    base : pathlib.Path
        The folder that the evidence's paths are relative to.
    file : str
        The configuration file, for messages.
    """

    def __init__(self, wiring: Wiring, *, base: pathlib.Path, file: str) -> None:
        """Keep what was declared; nothing is read yet."""
        self._wiring = wiring
        self._base = base
        self._file = file

    def load(self) -> Wiring:
        """Return the wiring.

        Raises
        ------
        ConfigurationError
            When a file or line that is named as evidence does not exist.
        """
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
