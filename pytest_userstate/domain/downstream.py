"""Planned work, and which of it the schema and the program are ready for."""

from __future__ import annotations

import collections.abc as cabc
import graphlib
import itertools
import typing as typ

import attrs

from pytest_userstate.domain.converters import strings
from pytest_userstate.domain.coverage import RuntimeWiring, in_words
from pytest_userstate.domain.errors import InvalidModelError
from pytest_userstate.domain.evidence import Check, listed
from pytest_userstate.domain.gate import gap
from pytest_userstate.domain.report import UserStateSchemaAuditReport

WANTED: typ.Final = "="
"""What separates a check from the coverage that it has to find."""


@attrs.frozen(kw_only=True)
class WorkItem:
    """A planned work item, and what it needs.

    Parameters
    ----------
    id, title : str
        What it is called.
    needs : iterable of str
        Checks that have to be closed (``interests.schema``), checks that have to
        find something (``interests.wiring = database_backed``), and other work
        items, by their ids, that have to be ready.
    """

    id: str
    title: str
    needs: tuple[str, ...] = attrs.field(converter=strings)


@attrs.frozen(kw_only=True)
class Blocker:
    """A need that is not met."""

    need: str
    reason: str
    waits_for: tuple[str, ...] = attrs.field(converter=strings)


def _blockers(values: cabc.Iterable[Blocker]) -> tuple[Blocker, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class WorkStatus:
    """Whether a work item can start, and what keeps it if it cannot."""

    item: WorkItem
    blockers: tuple[Blocker, ...] = attrs.field(converter=_blockers)

    @property
    def blocked_by(self) -> tuple[str, ...]:
        """The needs that are not met."""
        return tuple(blocker.need for blocker in self.blockers)

    @property
    def is_ready(self) -> bool:
        """Whether every need is met (accepted is not closed)."""
        return not self.blockers


def assess(
    report: UserStateSchemaAuditReport, items: cabc.Iterable[WorkItem]
) -> tuple[WorkStatus, ...]:
    """Return for each work item which of its needs are still open, and why."""
    known = tuple(items)
    by_id = {piece.id: piece for piece in known}
    done: dict[str, WorkStatus] = {}
    for name in in_order(known):
        item = by_id[name]
        blockers = (_blocker(need, report, done) for need in item.needs)
        done[name] = WorkStatus(item=item, blockers=filter(None, blockers))
    return tuple(done[piece.id] for piece in known)


def in_order(items: cabc.Sequence[WorkItem]) -> tuple[str, ...]:
    """Return the ids so that each item comes after those that it needs."""
    ids = {item.id for item in items}
    needs = {piece.id: [n for n in piece.needs if n in ids] for piece in items}
    try:
        return tuple(graphlib.TopologicalSorter(needs).static_order())
    except graphlib.CycleError as error:
        circle = _from_the_first(error.args[1][::-1][1:], [*needs])
        pairs = itertools.pairwise([*circle, circle[0]])
        words = ", ".join(f"{one} needs {other}" for one, other in pairs)
        message = f"work items need each other in a circle: {words}"
        raise InvalidModelError(message) from None


def unblocking(
    statuses: cabc.Iterable[WorkStatus],
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what to close first: each open check, and the items that wait for it.

    The one that most wait for comes first.
    """
    waiting: dict[str, dict[str, None]] = {}
    for status in statuses:
        for check in _roots(status):
            waiting.setdefault(check, {})[status.item.id] = None
    pairs = [(check, tuple(ids)) for check, ids in waiting.items()]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[1])))


def _blocker(
    need: str, report: UserStateSchemaAuditReport, done: dict[str, WorkStatus]
) -> Blocker | None:
    """Return why the need is not met, or None if it is."""
    if need in done:
        roots = _roots(done[need])
        in_turn = f"waits in turn for {listed(roots)}"
        return Blocker(need=need, reason=in_turn, waits_for=roots) if roots else None
    name, _, expected = (part.strip() for part in need.partition(WANTED))
    check = report.check(name)
    reason = _wrong(check, expected, report) if expected else _open(check, report)
    if reason is None:
        return None
    return Blocker(need=need, reason=reason, waits_for=[_root(check, report)])


def _roots(status: WorkStatus) -> list[str]:
    """Return the checks that keep an item, each once."""
    checks = itertools.chain.from_iterable(b.waits_for for b in status.blockers)
    return list(dict.fromkeys(checks))


def _root(check: Check, report: UserStateSchemaAuditReport) -> str:
    """Return the check that has to be closed first: itself, or its prerequisite."""
    while check.prerequisite and check.prerequisite.check:
        check = report.check(check.prerequisite.check)
    return check.id


def _open(check: Check, report: UserStateSchemaAuditReport) -> str | None:
    """Return in a few words what is open about a check; its rationale says all."""
    if gap(check, report) is None:
        return None
    if check.decision is None:
        return _wired(check)
    until = f" until {check.prerequisite}" if check.prerequisite else ""
    return f"{in_words(check.coverage)}, and a migration is {check.decision}{until}"


def _wrong(
    check: Check, expected: str, report: UserStateSchemaAuditReport
) -> str | None:
    """Return what the check finds instead of the coverage that is needed.

    A database that lacks the storage is not what anybody wants.
    """
    if check.coverage.value != expected:
        return f"{check.coverage}, not {expected}"
    return _wired(check) if _reaches_database(check) and gap(check, report) else None


def _wired(check: Check) -> str:
    if _reaches_database(check):
        return f"{in_words(check.coverage)}, but the storage behind it is missing"
    return in_words(check.coverage)


def _reaches_database(check: Check) -> bool:
    return isinstance(check.coverage, RuntimeWiring) and check.coverage.reaches_database


def _from_the_first(circle: list[str], order: list[str]) -> list[str]:
    """Turn the circle so that it starts with the item that comes first."""
    start = min(range(len(circle)), key=lambda place: order.index(circle[place]))
    return circle[start:] + circle[:start]
