"""One file with a whole schema in it, as psql would load it."""

from __future__ import annotations

import pathlib

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.layout import read_sql, shown
from pytest_userstate.outbound.migrations.plan import Batch, Migration, Mode

_ARCHIVE = b"PGDMP"
ADVICE = (
    "The file is run as psql runs it, statement by statement: one that cannot be in a"
    " transaction must not stand between BEGIN and COMMIT."
)


def dump_in(file: pathlib.Path, base: pathlib.Path) -> Migration:
    """Read the file as the one migration that it is.

    Raises
    ------
    MigrationError
        When it cannot be read, or is an archive that is no SQL.
    """
    path = shown(file, base)
    with file.open("rb") as opened:
        is_archive = opened.read(len(_ARCHIVE)) == _ARCHIVE
    if is_archive:
        message = (
            f"{path} is an archive in a format of pg_dump's own, and no SQL.\n"
            f"Write it as SQL with: pg_restore --file=schema.sql {file.name}"
        )
        raise MigrationError(message, path=path)
    batch = Batch(sql=read_sql(file, path), mode=Mode.SCRIPT, in_transaction=False)
    return Migration(version=file.stem, path=path, batches=(batch,))
