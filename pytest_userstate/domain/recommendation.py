"""Which of several complete storage models the facts speak for."""

from __future__ import annotations

import operator

import attrs

from pytest_userstate.domain.classification import (
    Candidate,
    RevisionColumns,
    Storage,
)
from pytest_userstate.domain.facts import listed
from pytest_userstate.domain.wiring import Wiring


@attrs.frozen
class Recommendation:
    """A model to declare canonical, or None on a tie; and the words for it."""

    model: str | None
    words: str


@attrs.frozen(order=True)
class _Merits:
    """What speaks for a candidate, in the order in which it counts."""

    has_usable_revision: bool
    is_in_use: bool
    guards: int

    def reason_over(self, other: _Merits) -> str:
        """Say why these merits beat the other ones."""
        if self.has_usable_revision != other.has_usable_revision:
            return "it has a usable revision column"
        if self.is_in_use != other.is_in_use:
            return "the running program uses it"
        return "keys and foreign keys guard it better"


def recommend(storage: Storage, wiring: Wiring) -> Recommendation:
    """Compare the complete models; recommend none on a tie.

    A model counts by the best of its tables. A usable revision column counts
    most, then use by the running program, then the primary key and foreign keys
    over the columns that the model needs.
    """
    merits: dict[str, _Merits] = {}
    for each in storage.complete:
        own = _merits(each, storage, wiring)
        merits[each.model.name] = max(own, merits.get(each.model.name, own))
    (first, best), (_, next_best) = sorted(
        merits.items(), key=operator.itemgetter(1), reverse=True
    )[:2]
    key = f"[entities.{storage.entity.name}]"
    if best == next_best:
        return Recommendation(
            None,
            f"The facts favour none: declare {listed(merits, 'or')} canonical "
            f"under {key}",
        )
    return Recommendation(
        first,
        f"Recommended: {first}, since {best.reason_over(next_best)}; declare it "
        f'under {key}: canonical = {{ model = "{first}", reason = "…" }}',
    )


def _merits(candidate: Candidate, storage: Storage, wiring: Wiring) -> _Merits:
    return _Merits(
        has_usable_revision=candidate.revision_columns is RevisionColumns.USABLE,
        is_in_use=any(
            port.state.reaches_database and port.model == candidate.model.name
            for port in wiring.ports_of(storage.entity.name)
        ),
        guards=_guards(candidate),
    )


def _guards(candidate: Candidate) -> int:
    """Count the key and the foreign keys over the columns that the model needs."""
    table = candidate.table
    needed = {name for group in candidate.model.column_groups for name in group}
    keys = [
        key
        for key in (table.primary_key, *table.unique_constraints)
        if key is not None and needed & {*key.columns}
    ]
    flagged = any(c.is_primary_key for c in table.columns if c.name in needed)
    references = [
        key for key in table.foreign_keys if key.is_enforced and needed & {*key.columns}
    ]
    return bool(keys or flagged) + len(references)
