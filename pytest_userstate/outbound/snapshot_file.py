"""A schema that was written to a file."""

from __future__ import annotations

import pathlib

import attrs

from pytest_userstate.application.snapshot_text import read_snapshot
from pytest_userstate.domain.errors import SnapshotFileError
from pytest_userstate.domain.snapshot import SchemaSnapshot


@attrs.frozen
class KnownSnapshot:
    """A snapshot that has been read already."""

    snapshot: SchemaSnapshot

    def load(self) -> SchemaSnapshot:
        """Return it."""
        return self.snapshot


def read_snapshot_file(path: pathlib.Path, *, shown: str) -> KnownSnapshot:
    """Read a snapshot file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    shown : str
        The same, for messages.

    Raises
    ------
    SnapshotFileError
        When there is none, or it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SnapshotFileError(shown, "is not there") from None
    except UnicodeDecodeError:
        raise SnapshotFileError(shown, "is damaged: it is no UTF-8") from None
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise SnapshotFileError(shown, problem) from None
    return KnownSnapshot(read_snapshot(text, file=shown))
