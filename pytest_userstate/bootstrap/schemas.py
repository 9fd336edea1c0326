"""Schemas and reports that are there already, for tests of one's own."""

from __future__ import annotations

import os
import pathlib
import shlex
import typing as typ

from pytest_userstate.domain.errors import SnapshotFileError
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.report_files import read_report


def snapshot_of(source: typ.Any) -> SchemaSnapshot:
    """Return the schema of a snapshot, an open psycopg connection, or a DSN.

    A connection is left as it was, whatever transaction it is in.

    Raises
    ------
    SchemaSnapshotRepositoryError
        When connecting or querying failed.
    TypeError
        When the source is none of the three.
    """
    from pytest_userstate.domain.secrets import hidden  # noqa: PLC0415
    from pytest_userstate.outbound import schema_sources  # noqa: PLC0415

    source = hidden(source)

    return schema_sources.read_snapshot(source)


def read_snapshot(path: str | os.PathLike[str]) -> SchemaSnapshot:
    """Return the schema that ``--userstate-snapshot`` wrote to a file.

    Parameters
    ----------
    path : str or path
        The file; a relative path starts in the current folder.

    Raises
    ------
    SnapshotFileError
        When there is none, or it is damaged, or was written by a newer version.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "schema.json")
    ...     _ = file.write_text('{"userstate_snapshot": 2, "schemas": ["legal"]}')
    ...     read_snapshot(file).schemas
    ('legal',)
    """
    from pytest_userstate.outbound.snapshot_file import (  # noqa: PLC0415
        read_snapshot_file,
    )

    __tracebackhide__ = True
    file = os.fspath(path)
    try:
        return read_snapshot_file(pathlib.Path(file), shown=file).load()
    except SnapshotFileError as error:
        if not error.is_newer:
            place = pathlib.Path(file).absolute()
            error.add_note(
                f"looked for at {place}; write it anew with "
                f"pytest --userstate-audit --userstate-snapshot {shlex.quote(file)}"
            )
        # Whoever reads it has a file to mend: our own lines say nothing about that.
        raise error.with_traceback(None) from None


def report_text(path: str | os.PathLike[str]) -> str:
    """Return the text of a report that was written to a file.

    Raises
    ------
    FileNotFoundError
        When there is no such file; the message says where it was sought.
    """
    __tracebackhide__ = True
    return read_report(pathlib.Path(path))
