"""One cell of the audit matrix, answered."""

from __future__ import annotations

import collections.abc as cabc

import attrs

from pytest_userstate.domain.converters import strings
from pytest_userstate.domain.coverage import Axis, Coverage, MigrationDecision
from pytest_userstate.domain.errors import UnjustifiedDecisionError
from pytest_userstate.domain.evidence import Evidence, Prerequisite, justify


def _facts(values: cabc.Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Check:
    """What the audit says about one entity on one axis.

    A check cannot be built with a decision that its evidence does not carry.

    Parameters
    ----------
    entity, axis
        The cell; `id` joins them: ``interests.schema``.
    coverage : Coverage
        What the snapshot (or the wiring) shows.
    decision : MigrationDecision or None
        What follows for migrations; None on the wiring axis.
    models : iterable of str
        The storage models that are complete.
    canonical : str or None
        The model that was declared canonical.
    recommendation : str or None
        The model that the facts speak for, where the choice is open.
    prerequisite : Prerequisite or None
        What a deferred migration waits for.
    rationale : str
        Why, in a sentence or two.
    evidence : iterable of Evidence
        The facts.

    Raises
    ------
    UnjustifiedDecisionError
        When the evidence does not carry the decision, when a wiring check has
        one, or when another check has none.
    """

    entity: str
    axis: Axis
    coverage: Coverage
    decision: MigrationDecision | None = None
    models: tuple[str, ...] = attrs.field(default=(), converter=strings)
    canonical: str | None = None
    recommendation: str | None = None
    prerequisite: Prerequisite | None = None
    rationale: str
    evidence: tuple[Evidence, ...] = attrs.field(default=(), converter=_facts)

    def __attrs_post_init__(self) -> None:
        """Hold the decision against its axis and its evidence."""
        if (self.decision is None) is not (self.axis is Axis.WIRING):
            message = f"{self.id}: every check but that of wiring has a decision"
            raise UnjustifiedDecisionError(message)
        justify(self.id, self.decision, self.evidence, self.prerequisite)

    @property
    def id(self) -> str:
        """The check's name: ``interests.schema``."""
        return f"{self.entity}.{self.axis}"
