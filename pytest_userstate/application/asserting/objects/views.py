"""Assertions about views, materialized views and foreign tables."""

from __future__ import annotations

from pytest_userstate.application.asserting.arguments import Place
from pytest_userstate.application.asserting.failure import Failure
from pytest_userstate.application.asserting.handles import Read
from pytest_userstate.application.asserting.lookup import find_view
from pytest_userstate.application.asserting.objects.columns import ColumnAssertions
from pytest_userstate.application.asserting.objects.comments import CommentAssertions
from pytest_userstate.application.asserting.objects.indexes import IndexAssertions
from pytest_userstate.application.asserting.objects.ownership import (
    RelationPrivilegeAssertions,
)
from pytest_userstate.application.asserting.objects.triggers import TriggerAssertions
from pytest_userstate.domain.snapshot import SchemaSnapshot, View, ViewKind


class ViewAssertions(
    ColumnAssertions[View],
    IndexAssertions[View],
    TriggerAssertions[View],
    RelationPrivilegeAssertions[View],
    CommentAssertions[View],
):
    """Assertions about a view that is there: `assert_view` returns them."""

    def __init__(self, read: Read, place: Place, kind: ViewKind) -> None:
        """Assert that there is such a view, of this kind."""
        __tracebackhide__ = True
        self._kind = kind
        super().__init__(read, place)

    @property
    def view(self) -> View:
        """The view as it stands, for assertions of one's own."""
        return self._look()[1]

    def _search(self, snapshot: SchemaSnapshot) -> View | Failure:
        return find_view(snapshot, self._place, self._kind)

    @property
    def _subject(self) -> str:
        return f"{self._kind} {self._place}"
