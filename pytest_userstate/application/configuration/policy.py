"""What a repository makes of findings: gate, silences, and downstream work."""

from __future__ import annotations

import collections.abc as cabc

import attrs

from pytest_userstate.application.configuration.document import Document
from pytest_userstate.application.configuration.reading import File
from pytest_userstate.application.structuring import nearest
from pytest_userstate.domain.advisories.advisory import Silence
from pytest_userstate.domain.advisories.rules import RULES
from pytest_userstate.domain.coverage import Axis, coverage_type
from pytest_userstate.domain.downstream import WANTED, WorkItem, in_order
from pytest_userstate.domain.errors import InvalidModelError
from pytest_userstate.domain.gate import Acceptance, GatePolicy
from pytest_userstate.domain.model import AuditModel


def gate(document: Document, model: AuditModel, where: File) -> GatePolicy:
    """Return what is gated and what is accepted; refuse what is no check."""
    for index, each in enumerate(document.accept):
        _known_check(each.check, f"accept[{index}].check", model, where)
    return GatePolicy(
        axes=document.gate.axes,
        fail_on_deferred=document.gate.fail_on_deferred,
        acceptances=(Acceptance(**attrs.asdict(each)) for each in document.accept),
    )


def silences(document: Document, where: File) -> tuple[Silence, ...]:
    """Return which advisories are not to be heard; refuse unknown codes."""
    for index, each in enumerate(document.silence):
        if each.advisory not in RULES:
            problem = f"is {each.advisory!r}; {nearest(each.advisory, RULES)}"
            where.refuse(f"silence[{index}].advisory", problem)
    return tuple(Silence(**attrs.asdict(each)) for each in document.silence)


def downstream(
    document: Document, model: AuditModel, where: File
) -> tuple[WorkItem, ...]:
    """Return the planned work; refuse needs that can never be met."""
    ids = [each.id for each in document.downstream]
    for index, name in enumerate(ids):
        if why := _reads_otherwise(name):
            problem = f"is {name!r}, which {why}; choose another id"
            where.refuse(f"downstream[{index}].id", problem)
    for index, each in enumerate(document.downstream):
        for place, need in enumerate(each.needs):
            key = f"downstream[{index}].needs[{place}]"
            _known_need(need, ids, key, model, where)
    items = tuple(WorkItem(**attrs.asdict(each)) for each in document.downstream)
    try:
        in_order(items)
    except InvalidModelError as error:
        where.refuse("downstream", f"cannot be ordered: {error}; take one need away")
    return items


def _reads_otherwise(name: str) -> str | None:
    """Say why the id of an item would not be understood as one among needs."""
    if WANTED in name:
        return f"holds a `{WANTED}`: that stands between a check and its coverage"
    axis = name.rpartition(".")[2]
    return f"reads like a check, since it ends in {axis!r}" if axis in [*Axis] else None


def _known_need(
    need: str, ids: list[str], key: str, model: AuditModel, where: File
) -> None:
    if need in ids:
        return
    check, wants, value = (part.strip() for part in need.partition(WANTED))
    if check in model.check_ids() and wants:
        name, _, axis = check.partition(".")
        coverages = list(map(str, coverage_type(name, Axis(axis))))
        if value not in coverages:
            problem = f"wants {value!r} of {check}; {nearest(value, coverages)}"
            where.refuse(key, problem)
    else:
        _known_check(check, key, model, where, or_one_of=() if wants else ids)


def _known_check(
    check: str,
    key: str,
    model: AuditModel,
    where: File,
    *,
    or_one_of: cabc.Iterable[str] = (),
) -> None:
    if check in model.check_ids():
        return
    name, _, axis = check.partition(".")
    entity = model.entity(name)
    if entity and axis in list(Axis) and (why := entity.not_applicable(Axis(axis))):
        where.refuse(key, f"is {check!r}, which is no check here: {why}")
    known = [*model.check_ids(), *or_one_of]
    where.refuse(key, f"is {check!r}; {nearest(check, known)}")
