"""Transactions that migrations prepare, and neither commit nor roll back."""

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
    words = rf"\bPREPARE\s+TRANSACTION\s+{re.escape(first)}"
    preparing = re.compile(words, re.IGNORECASE)
    path, line = "", None
    for path, sql in files:  # noqa: B007 - the last one, where none says it
        if found := preparing.search(sql):
            line = sql.count("\n", 0, found.start()) + 1
            break
    where = path if line is None else f"{path}, line {line}"
    place = f"{where}: " if where else ""
    more = f" The same goes for {', '.join(others)}." if others else ""
    to_do = (
        f"Let what prepares it go on with COMMIT PREPARED {first} or ROLLBACK PREPARED"
        f" {first}; or use an ordinary transaction, with COMMIT."
    )
    message = "\n\n".join(
        (
            f"{place}the transaction {first} is prepared, and never finished",
            wrapped(_WHY + more),
            wrapped(to_do),
        )
    )
    return MigrationError(message, path=path, line=line)
