"""A first configuration: what an audit found, written down for a person to decide.

It says where each entity is stored and why, what is missing, and, if gaps are to be
accepted, an acceptance for each with a last day, so that a gate can begin at once.
"""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import json
import typing as typ

from pytest_userstate.domain.coverage import Axis, MigrationDecision
from pytest_userstate.domain.evidence import Check
from pytest_userstate.domain.gate import Acceptance, GatePolicy, gap
from pytest_userstate.domain.recognition.result import (
    RecognizedEntity,
    RecognizedStorage,
)
from pytest_userstate.domain.report import UserStateSchemaAuditReport

if typ.TYPE_CHECKING:
    from pytest_userstate.application.audit import Audit

DAYS: typ.Final = 90
"""How long a gap is accepted that is there when a gate begins."""
REASON: typ.Final = "it was there when the gate began"
_MOST_REASONS: typ.Final = 4
_HEADER: typ.Final = """\
# Where this repository keeps user state, as pytest --userstate-audit --userstate-init
# found it. What is written here counts as it is written: correct it where it is wrong.
# The settings are explained in pytest-userstate's docs/reference.md."""
_AMBIGUOUS: typ.Final = """\
# Nothing in the schema says which of these counts. Decide for one:
# canonical = {{ model = "{model}", reason = "…" }}"""
_MISSING: typ.Final = """\
# {name}: nothing in the schema looks like it. If it is kept elsewhere on purpose:
# [entities.{name}]
# expected = false
# reason = "…\""""
_POSSIBLE: typ.Final = """\
# {name}: only this may be meant. If it is, take the comment signs away:"""
_WIRING: typ.Final = """\
# What stands behind the ports of the program (see docs/wiring.md):
# [wiring.ports.users]
# port = "UserRepository"
# sources = ["src"]"""


def accepting_gaps(
    report: UserStateSchemaAuditReport, policy: GatePolicy, *, today: dt.date
) -> tuple[Acceptance, ...]:
    """Return an acceptance for each open gap that is gated and not yet accepted."""
    until = today + dt.timedelta(days=DAYS)
    return tuple(
        Acceptance(check=check.id, reason=REASON, until=until)
        for check in report.checks
        if check.axis in policy.axes
        and policy.acceptance_of(check.id) is None
        and gap(check, report)
    )


def first_configuration(audit: Audit, *, known: cabc.Container[Acceptance] = ()) -> str:
    """Return the text of a configuration file for what an audit found.

    Acceptances that are known are left out: they are written somewhere already.
    """
    blocks = [_HEADER]
    if audit.target.path is not None:
        blocks.append(f"migrations = {_quoted(audit.target.path)}")
    blocks += [
        block for name in audit.report.entities if (block := _entity(name, audit))
    ]
    blocks.append(_WIRING)
    blocks += [
        _acceptance(acceptance)
        for acceptance in audit.settings.gate.acceptances
        if acceptance not in known
    ]
    return "\n\n".join(blocks) + "\n"


def _entity(name: str, audit: Audit) -> str:
    """Return what the file says about an entity; nothing if the model covers it."""
    entities = audit.recognition.entities if audit.recognition else ()
    recognized = next((entity for entity in entities if entity.name == name), None)
    check = _schema_check(name, audit.report)
    if recognized and recognized.used:
        return _stored(recognized)
    if check is None or check.decision is not MigrationDecision.REQUIRED:
        return ""
    if recognized and recognized.possible:
        lines = "\n".join(_storage(recognized.possible[0]))
        table = f"[entities.{name}]\nreplace = true\n\n{lines}"
        commented = "\n".join(f"# {line}".rstrip() for line in table.splitlines())
        return f"{_POSSIBLE.format(name=name)}\n{commented}"
    return _MISSING.format(name=name) if not check.models else ""


def _schema_check(name: str, report: UserStateSchemaAuditReport) -> Check | None:
    checks = (c for c in report.checks if (c.entity, c.axis) == (name, Axis.SCHEMA))
    return next(checks, None)


def _stored(entity: RecognizedEntity) -> str:
    """Return the storage of an entity, each with a comment on why."""
    lines = [f"[entities.{entity.name}]", "replace = true"]
    if entity.ambiguous:
        lines += _AMBIGUOUS.format(model=_model_name(entity.used[0])).splitlines()
    for storage in entity.used:
        lines += ["", *_storage(storage)]
    return "\n".join(lines)


def _storage(storage: RecognizedStorage) -> cabc.Iterator[str]:
    yield f"# {storage.confidence}, since"
    for reason in storage.reasons[:_MOST_REASONS]:
        yield f"#   {_in_one_line(str(reason))}"
    yield f"[[entities.{storage.entity}.models]]"
    yield f"name = {_quoted(_model_name(storage))}"
    yield f"table = {_quoted(storage.table)}"
    yield f"columns = [{', '.join(map(_quoted, storage.columns))}]"
    revision = [look.column for look in storage.revisions if look.is_revision]
    if revision:
        yield f"revision = [{', '.join(map(_quoted, revision))}]"


def _model_name(storage: RecognizedStorage) -> str:
    return storage.table.removeprefix("public.")


def _acceptance(acceptance: Acceptance) -> str:
    lines = [
        "[[accept]]",
        f"check = {_quoted(acceptance.check)}",
        f"reason = {_quoted(acceptance.reason)}",
    ]
    lines += [f"until = {acceptance.until}"] if acceptance.until else []
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Return a string as TOML has it: JSON's escapes, and that of a delete."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _in_one_line(text: str) -> str:
    """Return a comment's text, in which no name begins a line of its own."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)
