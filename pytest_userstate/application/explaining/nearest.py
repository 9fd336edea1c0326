"""The names that are most alike a name that is not there."""

from __future__ import annotations

import collections.abc as cabc
import difflib
import typing as typ

CUTOFF: typ.Final = 0.6
"""How alike two names must be, as difflib measures it."""
SHOWN: typ.Final = 3
"""How many names are worth showing."""


def nearest(
    name: str, names: cabc.Iterable[str], *, limit: int = SHOWN
) -> tuple[str, ...]:
    """Return the names most alike, best first; case and underscores count little."""
    known = dict.fromkeys(names)
    folded: dict[str, list[str]] = {}
    for each in known:
        folded.setdefault(_folded(each), []).append(each)
    alike = difflib.get_close_matches(_folded(name), folded, n=limit, cutoff=CUTOFF)
    found = [each for key in alike for each in folded[key] if each != name]
    return tuple(found[:limit])


def did_you_mean(name: str, names: cabc.Iterable[str]) -> str:
    """Return the end of a sentence that offers the nearest name, or nothing."""
    alike = nearest(name, names, limit=1)
    return f"; did you mean {alike[0]!r}?" if alike else ""


def _folded(name: str) -> str:
    return name.casefold().replace("_", "")
