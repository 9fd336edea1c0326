"""Decisions of architecture: how far each has come, and what there is to choose."""

from __future__ import annotations

import collections.abc as cabc
import enum

import attrs

from pytest_userstate.domain.converters import strings
from pytest_userstate.domain.model import AuditModel, Entity
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.state_diagram import StateDiagram


class Standing(enum.StrEnum):
    """How far a decision has come."""

    DECIDED = "decided"
    SETTLED = "settled by the schema"
    OPEN = "open"
    WAITING = "waits for another decision"
    NOT_APPLICABLE = "not applicable"


@attrs.frozen(kw_only=True)
class Option:
    """One way to decide, and what follows from it."""

    name: str
    consequences: tuple[str, ...] = attrs.field(converter=strings)
    is_recommended: bool = False


def _options(values: cabc.Iterable[Option]) -> tuple[Option, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class ArchitectureDecision:
    """A decision of architecture.

    Parameters
    ----------
    title : str
        What is decided.
    check : str
        The check that it shows in.
    standing : Standing
        How far it has come.
    statement : str
        What was decided, or what is open.
    reason : str
        Why, where it was written down.
    options : iterable of Option
        What there is to choose from, where it is open.
    """

    title: str
    check: str
    standing: Standing
    statement: str
    reason: str = ""
    options: tuple[Option, ...] = attrs.field(converter=_options)


@attrs.frozen
class Facts:
    """What decisions are read off."""

    report: UserStateSchemaAuditReport
    model: AuditModel
    diagram: StateDiagram


def named(entity: Entity) -> str:
    """Return the entity's name as a sentence begins."""
    return entity.name.replace("_", " ").capitalize()
