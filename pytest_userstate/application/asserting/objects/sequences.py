"""Assertions about sequences."""

from __future__ import annotations

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import (
    UNSPECIFIED,
    Place,
    Unspecified,
)
from pytest_userstate.application.asserting.facts import (
    Fact,
    Facts,
    flag_fact,
    number_fact,
    type_fact,
)
from pytest_userstate.application.asserting.failure import Failure
from pytest_userstate.application.asserting.handles import Read
from pytest_userstate.application.asserting.lookup import find_sequence
from pytest_userstate.application.asserting.matching import as_expected, require
from pytest_userstate.application.asserting.objects.comments import CommentAssertions
from pytest_userstate.application.asserting.objects.ownership import (
    PrivilegeAssertions,
    SequencePrivilege,
)
from pytest_userstate.domain.access import Securable
from pytest_userstate.domain.snapshot import SchemaSnapshot, Sequence


class SequenceAssertions(
    PrivilegeAssertions[Sequence, SequencePrivilege], CommentAssertions[Sequence]
):
    """Assertions about a sequence that is there: `assert_sequence` returns them."""

    _securable = Securable.SEQUENCE

    @property
    def sequence(self) -> Sequence:
        """The sequence as it stands, for assertions of one's own."""
        return self._look()[1]

    def _search(self, snapshot: SchemaSnapshot) -> Sequence | Failure:
        return find_sequence(snapshot, self._place)

    @property
    def _subject(self) -> str:
        return f"sequence {self._place}"


def sequence_assertions(
    read: Read,
    place: Place,
    *,
    data_type: str | Unspecified,
    start: int | Unspecified,
    increment: int | Unspecified,
    minimum: int | Unspecified,
    maximum: int | Unspecified,
    cache: int | Unspecified,
    cycles: bool | Unspecified,
    owned_by: str | Unspecified | None,
) -> SequenceAssertions:
    """Assert that there is such a sequence, and what it is like."""
    __tracebackhide__ = True
    facts: Facts[Sequence] = (
        *type_fact(data_type, lambda each: each.data_type),
        *number_fact("start", start, lambda each: each.start),
        *number_fact("increment", increment, lambda each: each.increment),
        *number_fact("minimum", minimum, lambda each: each.minimum),
        *number_fact("maximum", maximum, lambda each: each.maximum),
        *number_fact("cache", cache, lambda each: each.cache),
        *flag_fact("cycles", cycles, lambda each: each.cycles),
        *_owner_fact(owned_by),
    )
    assertions = SequenceAssertions(read, place)
    require(as_expected(f"sequence {place}", assertions.sequence, facts))
    return assertions


def _owner_fact(owned_by: str | Unspecified | None) -> Facts[Sequence]:
    if owned_by is UNSPECIFIED:
        return ()
    wanted = None if owned_by is None else arguments.column_place(owned_by, "owned_by")
    return (
        Fact(
            "owned_by",
            wanted or "none",
            lambda each: each.owned_by == wanted,
            lambda each: each.owned_by or "none",
        ),
    )
