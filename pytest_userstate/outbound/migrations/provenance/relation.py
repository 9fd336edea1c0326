"""A table or view and its parts, as far as they may have changed."""

from __future__ import annotations

import collections.abc as cabc

import attrs

Place = tuple[str, str]
"""The schema and name of a relation."""
Part = tuple[str, int]
"""A kind, and a number that is the part's own within its relation."""
Named = tuple[str, object]
"""A name, and the values that go with it."""

RELATION, COLUMN, CONSTRAINT, INDEX = "", "column", "constraint", "index"
ITSELF: Part = (RELATION, 0)
FIRST_USER_OID = 16384
"""The smallest number of what is not the system's own."""
TABLES_AND_VIEWS = "rpvmf"
"""The kinds of relations, as `pg_class.relkind` has them."""


@attrs.frozen
class Relation:
    """A table or view, as it is now.

    Parameters
    ----------
    place : tuple of str
        Its schema and name.
    parts : mapping
        Those of its parts that may be other than before, itself included, with
        names and values; None: the part is gone.
    """

    place: Place
    parts: cabc.Mapping[Part, Named | None]


Changes = cabc.Mapping[int, Relation | None]
"""Relations by number; None for what is gone, the system's, or temporary."""


def is_the_systems(schema: str) -> bool:
    """Tell whether a schema is the system's own, or for temporary tables."""
    return schema.startswith("pg_") or schema == "information_schema"
