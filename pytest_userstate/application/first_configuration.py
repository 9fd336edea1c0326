"""A first configuration: what an audit found, written down for a person to decide.

It says where each entity is stored and why, what is missing, and, if gaps are to be
accepted, an acceptance for each with a last day, so that a gate can begin at once.
"""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import json
import textwrap
import typing as typ

from pytest_userstate.application.settings import Home
from pytest_userstate.domain.coverage import Axis, MigrationDecision, RuntimeWiring
from pytest_userstate.domain.evidence import Check, EvidenceKind
from pytest_userstate.domain.gate import Acceptance, GatePolicy, gap
from pytest_userstate.domain.model import PerUser
from pytest_userstate.domain.recognition.recognizing import storage_model, storage_name
from pytest_userstate.domain.recognition.result import (
    RecognizedEntity,
    RecognizedStorage,
)
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.wiring import PortWiring

if typ.TYPE_CHECKING:
    from pytest_userstate.application.audit import Audit

DAYS: typ.Final = 90
"""How long a gap is accepted that is there when a gate begins."""
REASON: typ.Final = "it was there when the gate began"
_MOST_REASONS: typ.Final = 4
_LONGEST_FINDING: typ.Final = 240
_HEADER: typ.Final = """\
# Where this repository keeps user state, as pytest-userstate init found it. What is
# written here counts as it is written: correct it if it is wrong.
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
# No interface is named like a port of user state, or the extra `wiring`, which finds
# them in the sources, is not installed. To name a port (see docs/wiring.md):
# [wiring.ports.users]
# port = "UserRepository"
# sources = ["src"]"""
_PORTS: typ.Final = """\
# The interfaces that are named like ports of user state, as the sources show them."""
_ELSEWHERE: typ.Final = """\
# If every write of these rows raises a revision of the same user's row:
# revision = {{ table = {table}, column = {column} }}"""


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


def first_configuration(
    audit: Audit,
    *,
    known: cabc.Container[Acceptance] = (),
    ports: cabc.Sequence[PortWiring] = (),
    home: Home | None = None,
) -> str:
    """Return the text of a configuration file for what an audit found.

    It is empty if there is nothing to say that the configuration does not.
    Acceptances that are `known` are left out: they are written somewhere already.
    `home` is the file that it is for, by default the configured one.
    """
    settings, path = audit.settings, audit.target.path
    home = home or settings.home
    first = []
    if path is not None and settings.migrations.path is None:
        first = [f"[{home.table}]"] if home.table else []
        first.append(f"migrations = {_quoted(path)}")
    inner = [block for name in audit.report.entities if (block := _entity(name, audit))]
    has_ports = settings.wiring.scanned or settings.wiring.declared.ports
    inner += _ports(ports) or ([_WIRING] if first and not has_ports else [])
    inner += [
        _acceptance(acceptance)
        for acceptance in settings.gate.acceptances
        if acceptance not in known
    ]
    if not inner and not first:
        return ""
    inner = [*map(home.written, inner)]
    return "\n\n".join(filter(None, (_HEADER, "\n".join(first), *inner))) + "\n"


def _ports(ports: cabc.Sequence[PortWiring]) -> list[str]:
    """Return what the file says about ports; one that shows nothing is a comment."""
    blocks = [_PORTS] if ports else []
    for port in ports:
        lines = [
            f"[[wiring.ports.{port.entity}]]",
            f"port = {_quoted(port.port)}",
        ]
        if port.state is RuntimeWiring.NOT_PROBED:
            lines = [f"# {line}" for line in (*lines, 'database = ["…"]')]
        finding = _in_one_line(port.finding or port.state.words)
        finding = textwrap.shorten(finding, _LONGEST_FINDING, placeholder=" …")
        why = textwrap.wrap(finding, 86, initial_indent="# ", subsequent_indent="#   ")
        blocks.append("\n".join([*why, *lines]))
    return blocks


def _entity(name: str, audit: Audit) -> str:
    """Return what the file says about an entity; nothing if the model covers it."""
    entities = audit.recognition.entities if audit.recognition else ()
    recognized = next((entity for entity in entities if entity.name == name), None)
    check = _schema_check(name, audit.report)
    if recognized and recognized.used:
        return _stored(recognized, audit.report)
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


def _stored(entity: RecognizedEntity, report: UserStateSchemaAuditReport) -> str:
    """Return the storage of an entity, each with a comment on why."""
    lines = [f"[entities.{entity.name}]", "replace = true"]
    if entity.ambiguous:
        first = storage_model(entity.used[0]).name
        lines += _AMBIGUOUS.format(model=first).splitlines()
    for storage in entity.used:
        lines += ["", *_storage(storage), *_revision_elsewhere(storage, report)]
    return "\n".join(lines)


def _storage(storage: RecognizedStorage) -> cabc.Iterator[str]:
    model = storage_model(storage)
    yield f"# {storage.confidence}, since"
    for reason in storage.reasons[:_MOST_REASONS]:
        yield f"#   {_in_one_line(str(reason))}"
    yield f"[[entities.{storage.entity}.models]]"
    yield f"name = {_quoted(model.name)}"
    yield f"table = {_quoted(storage.table)}"
    yield f"columns = [{', '.join(map(_quoted, model.columns))}]"
    if model.per_user is PerUser.MANY:
        yield f"per_user = {_quoted(model.per_user)}"
    if any(look.is_revision for look in storage.revisions):
        yield f"revision = [{', '.join(map(_quoted, model.revision))}]"


def _revision_elsewhere(
    storage: RecognizedStorage, report: UserStateSchemaAuditReport
) -> cabc.Iterator[str]:
    """Yield, as a comment, the revision of another table that would do."""
    for check in report.checks:
        if (check.entity, check.axis) == (storage.entity, Axis.REVISION):
            for fact in check.evidence:
                keeper = fact.about
                if fact.kind is EvidenceKind.NEAR_MISS and keeper:
                    table = storage_name(keeper.schema, keeper.table)
                    line = _ELSEWHERE.format(
                        table=_quoted(table), column=_quoted(keeper.column)
                    )
                    yield from line.splitlines()
                    return


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
    """Return a comment's text, in which no name begins a new line."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)
