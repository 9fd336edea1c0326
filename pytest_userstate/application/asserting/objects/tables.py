"""Assertions about a table."""

from __future__ import annotations

from pytest_userstate.application.asserting.failure import Failure
from pytest_userstate.application.asserting.lookup import find_table
from pytest_userstate.application.asserting.objects.checks import CheckAssertions
from pytest_userstate.application.asserting.objects.columns import ColumnAssertions
from pytest_userstate.application.asserting.objects.comments import CommentAssertions
from pytest_userstate.application.asserting.objects.foreign_keys import (
    ForeignKeyAssertions,
)
from pytest_userstate.application.asserting.objects.indexes import IndexAssertions
from pytest_userstate.application.asserting.objects.inheritance import (
    InheritanceAssertions,
)
from pytest_userstate.application.asserting.objects.keys import KeyAssertions
from pytest_userstate.application.asserting.objects.ownership import (
    RelationPrivilegeAssertions,
)
from pytest_userstate.application.asserting.objects.security import (
    RowSecurityAssertions,
)
from pytest_userstate.application.asserting.objects.triggers import TriggerAssertions
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table


class TableAssertions(
    ColumnAssertions[Table],
    KeyAssertions,
    ForeignKeyAssertions,
    CheckAssertions,
    IndexAssertions[Table],
    TriggerAssertions[Table],
    RowSecurityAssertions,
    InheritanceAssertions,
    RelationPrivilegeAssertions[Table],
    CommentAssertions[Table],
):
    """Assertions about a table that is there: `assert_table` returns them."""

    @property
    def table(self) -> Table:
        """The table as it stands, for assertions of one's own."""
        return self._look()[1]

    def _search(self, snapshot: SchemaSnapshot) -> Table | Failure:
        return find_table(snapshot, self._place)

    @property
    def _subject(self) -> str:
        return f"table {self._place}"
