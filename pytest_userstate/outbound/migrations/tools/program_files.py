"""The files that a program reads, as far as they are the repository's."""

from __future__ import annotations

import pathlib

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import label
from pytest_userstate.outbound.migrations.programs.plan import ProgramFile


def read_program_file(file: pathlib.Path, base: pathlib.Path) -> ProgramFile:
    """Read a file that a program reads; its path is relative to `base`.

    Raises
    ------
    MigrationError
        When it cannot be read.
    """
    path = label(file, base)
    try:
        return ProgramFile(path, file.read_bytes())
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise MigrationError(message, path=path) from error
