"""Planned work, and which of it the schema is ready for."""

from __future__ import annotations

import collections.abc as cabc

import attrs

from pytest_userstate.domain.gate import gap
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.sequences import strings


@attrs.frozen(kw_only=True)
class WorkItem:
    """A planned work item and the checks that it needs closed."""

    id: str
    title: str
    needs: tuple[str, ...] = attrs.field(converter=strings)


@attrs.frozen(kw_only=True)
class WorkStatus:
    """Whether a work item can start."""

    item: WorkItem
    blocked_by: tuple[str, ...] = attrs.field(default=(), converter=strings)

    @property
    def is_ready(self) -> bool:
        """Whether every need is closed (accepted is not closed)."""
        return not self.blocked_by


def assess(
    report: UserStateSchemaAuditReport, items: cabc.Iterable[WorkItem]
) -> tuple[WorkStatus, ...]:
    """Say for each work item which of its needs are still open."""
    return tuple(
        WorkStatus(
            item=item,
            blocked_by=[
                need
                for need in item.needs
                if gap(report.check(need), report) is not None
            ],
        )
        for item in items
    )
