"""What a query of the catalog is, in every version of PostgreSQL."""

from __future__ import annotations

import collections.abc as cabc
import string
import typing as typ

import attrs

# What only newer versions have: since when, how to ask, what it was before.
_NEWER: typ.Final = {
    "nulls_distinct": (150_000, "NOT indnullsnotdistinct", "true"),
    "set_columns": (150_000, "confdelsetcols", "NULL::int2[]"),
    "is_enforced": (180_000, "conenforced", "true"),
    "is_temporal": (180_000, "conperiod", "false"),
    "inherits": (160_000, "inherit_option", "rolinherit"),
}


R = typ.TypeVar("R")


@attrs.frozen(eq=False)
class Query(typ.Generic[R]):
    """A query, and what makes a named tuple of an answer, in the same order.

    Names with a dollar sign are replaced by columns that only newer versions have.
    """

    make: cabc.Callable[[cabc.Iterable[typ.Any]], R]
    sql: typ.LiteralString

    def rows(self, answers: cabc.Iterable[tuple[typ.Any, ...]]) -> list[R]:
        """Return the answers as named tuples."""
        return list(map(self.make, answers))

    def text(self, server_version: int) -> str:
        """Return the query for a server of this version."""
        words = {
            name: newer if server_version >= since else older
            for name, (since, newer, older) in _NEWER.items()
        }
        return string.Template(self.sql).substitute(words)
