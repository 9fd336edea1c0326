"""Holding the audited schema against another one: a snapshot file, a live database."""

from __future__ import annotations

import collections.abc as cabc
import enum
import typing as typ

import attrs

from pytest_userstate.application.comparing.origins import Origins
from pytest_userstate.application.comparing.schemas import schema_difference
from pytest_userstate.application.explaining.differences import (
    counted,
    described,
    in_lines,
    value_in_words,
)
from pytest_userstate.domain.difference import Change, ChangeKind
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.ports import SchemaSnapshotRepository
from pytest_userstate.domain.snapshot import SchemaSnapshot, Source

Plain: typ.TypeAlias = str | int | bool | list["Plain"] | None
"""What a fact is written as in a report."""


@attrs.frozen(kw_only=True)
class Reference:
    """Another schema that the audited one is compared with, as a check of its own.

    Parameters
    ----------
    name : str
        The check's id: ``snapshot`` or ``drift``.
    shown : str
        Which schema it is, for people.
    repository : SchemaSnapshotRepository or None
        Where it is read; None where it is there to be written for the first time.
    before, after : str
        What the two are called, in the order in which they are compared.
    comes_first : bool
        Whether it is what was (a snapshot file), and the audited schema what is.
    expected : str
        What should be, as a clause.
    remedy : str
        What to do about a difference.
    is_accepting : bool
        Whether a difference is being accepted in this run.
    """

    name: str
    shown: str
    repository: SchemaSnapshotRepository | None
    before: str
    after: str
    comes_first: bool
    expected: str
    remedy: str
    is_accepting: bool = False


@attrs.frozen(kw_only=True)
class Fact:
    """A fact about an object that differs."""

    field: str
    before: Plain
    after: Plain


@attrs.frozen(kw_only=True)
class Finding:
    """A difference in plain values.

    Parameters
    ----------
    kind, what, subject : str
        As in `Change`.
    detail : str
        In words: the object, where only one side has it, else what differs.
    facts : tuple of Fact
        What differs, where both have it.
    source : Source or None
        The migration that introduced the object.
    dropped_by : Source or None
        The migration that dropped it, where it is there all the same.
    """

    kind: str
    what: str
    subject: str
    detail: str = ""
    facts: tuple[Fact, ...] = ()
    source: Source | None = None
    dropped_by: Source | None = None


@attrs.frozen(kw_only=True)
class Comparison:
    """What came of a comparison.

    Parameters
    ----------
    name, reference, before, after, expected, remedy : str
        As in `Reference`, which is `shown` there.
    is_accepted : bool
        Whether what differs has been accepted by writing the file anew.
    is_first : bool
        Whether there was nothing to compare with.
    summary : str
        How much of what differs: ``2 tables, 1 column``.
    lines : tuple of str
        The differences as text, at most a page.
    findings : tuple of Finding
        All of them.
    error : str
        Why there is no answer.
    """

    name: str
    reference: str
    before: str
    after: str
    expected: str
    remedy: str
    is_accepted: bool = False
    is_first: bool = False
    summary: str = ""
    lines: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    error: str = ""

    @property
    def outcome(self) -> Outcome:
        """What a run makes of it."""
        if self.error:
            return Outcome.ERROR
        is_open = self.findings and not self.is_accepted
        return Outcome.FAILED if is_open else Outcome.PASSED


def compare(reference: Reference, snapshot: SchemaSnapshot) -> Comparison:
    """Compare the audited schema with another one.

    That the other one cannot be read is told in the answer: it is no fault of the
    audited schema, whose own checks have theirs.
    """
    blank = Comparison(
        name=reference.name,
        reference=reference.shown,
        before=reference.before,
        after=reference.after,
        expected=reference.expected,
        remedy=reference.remedy,
        is_accepted=reference.is_accepting,
    )
    if reference.repository is None:
        return attrs.evolve(blank, is_first=True)
    try:
        other = reference.repository.load()
    except ToolError as error:
        return attrs.evolve(blank, error=str(error))
    pair = (other, snapshot) if reference.comes_first else (snapshot, other)
    difference = schema_difference(*pair)
    if difference.is_empty:
        return blank
    origins = Origins(snapshot, is_after=reference.comes_first)
    changes = difference.changes
    return attrs.evolve(
        blank,
        summary=counted(changes),
        lines=tuple(in_lines(difference, origin=origins.told)),
        findings=tuple(_finding(change, origins) for change in changes),
    )


def _finding(change: Change, origins: Origins) -> Finding:
    is_changed = change.kind is ChangeKind.CHANGED
    value = change.before if change.after is None else change.after
    return Finding(
        kind=change.kind.value,
        what=change.what,
        subject=change.subject,
        detail=_facts_in_words(change) if is_changed else described(value or ""),
        facts=tuple(
            Fact(field=each.field, before=_plain(each.before), after=_plain(each.after))
            for each in change.fields
        ),
        source=origins.source(change),
        dropped_by=origins.dropped_by(change),
    )


def _facts_in_words(change: Change) -> str:
    return "; ".join(
        f"{fact.field.removeprefix('is_')}: "
        f"{value_in_words(fact.before)} != {value_in_words(fact.after)}"
        for fact in change.fields
    )


def _plain(value: object) -> Plain:
    match value:
        case enum.Enum():
            return str(value.value)
        case None | bool() | int() | str():
            return value
        case cabc.Iterable():
            return [_plain(each) for each in value]
        case _:
            return str(value)
