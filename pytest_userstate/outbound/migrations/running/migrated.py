"""What applying migrations has told, whoever applied them."""

from __future__ import annotations

import attrs

from pytest_userstate.outbound.migrations.provenance.ledger import History


@attrs.frozen(kw_only=True)
class Migrated:
    """What applying the migrations has told.

    Parameters
    ----------
    history : History
        What they introduced and dropped.
    applied : int or None
        How many were applied; None where that is not known.
    bookkeeping_tables : frozenset of str
        The tables in which their tool keeps its own records.
    warnings : tuple of str
        What a careful reader should know.
    """

    history: History
    applied: int | None
    bookkeeping_tables: frozenset[str]
    warnings: tuple[str, ...] = ()
