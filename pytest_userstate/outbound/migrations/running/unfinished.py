"""Prepared transactions that migrations never end, or that are not theirs to end."""

from __future__ import annotations

import collections.abc as cabc
import re

from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.outbound.migrations.running.failures import wrapped
from pytest_userstate.outbound.migrations.sql import literal

_WHY = (
    "What it did is no part of the schema yet, and it keeps its locks, for which"
    " whoever reads the schema could wait for ever."
)


def never_finished(
    names: cabc.Sequence[str], files: cabc.Iterable[tuple[str, str]]
) -> MigrationError:
    """Say which transaction was prepared and is not finished, and where.

    Parameters
    ----------
    names : sequence of str
        The transactions, as they were named when they were prepared.
    files : iterable of (str, str)
        What was run: the name of a file for messages, and its text. Where none of
        them says it, it is credited to the last.
    """
    first, *others = map(literal, names)
    path, line = _place(rf"PREPARE\s+TRANSACTION\s+{re.escape(first)}", files)
    more = f" The same goes for {', '.join(others)}." if others else ""
    to_do = (
        f"Let what prepares it go on with COMMIT PREPARED {first} or ROLLBACK PREPARED"
        f" {first}; or use an ordinary transaction, with COMMIT."
    )
    headline = f"the transaction {first} is prepared, and never finished"
    return _error(headline, _WHY + more, to_do, path=path, line=line)


def _place(words: str, files: cabc.Iterable[tuple[str, str]]) -> tuple[str, int | None]:
    """Return the file and the line that say the words; else the last file."""
    sought = re.compile(rf"\b{words}", re.IGNORECASE)
    path = ""
    for path, sql in files:
        if found := sought.search(sql):
            return path, sql.count("\n", 0, found.start()) + 1
    return path, None


def _error(
    headline: str, why: str, to_do: str, *, path: str, line: int | None
) -> MigrationError:
    where = path if line is None else f"{path}:{line}"
    place = f"{where}: " if where else ""
    message = "\n\n".join((f"{place}{headline}", wrapped(why), wrapped(to_do)))
    return MigrationError(message, path=path, line=line)
