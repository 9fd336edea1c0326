"""The JSON report: the stable interface for other programs.

Its JSON Schema is ``docs/report.schema.json``. Same input, same bytes: no
timestamps, no absolute paths, no host names.
"""

from __future__ import annotations

import collections.abc as cabc
import enum
import json
import typing as typ

import pytest_userstate
from pytest_userstate.application.audit import Audit
from pytest_userstate.application.reporting import proofs
from pytest_userstate.application.reporting.findings import next_steps
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.application.schema_words import described
from pytest_userstate.application.settings import Home
from pytest_userstate.domain.difference import Change
from pytest_userstate.domain.downstream import WorkStatus
from pytest_userstate.domain.evidence import Check
from pytest_userstate.domain.gate import Outcome, Verdict
from pytest_userstate.domain.recognition.result import Recognition
from pytest_userstate.domain.report import DECISIONS, UserStateSchemaAuditReport

if typ.TYPE_CHECKING:
    from pytest_userstate.application.comparison import Comparison

SCHEMA_VERSION: typ.Final = 1

Json: typ.TypeAlias = dict[str, typ.Any]

_FIELDS: typ.Final[cabc.Mapping[str, str]] = {
    "Advisory": "code subject message source silenced",
    "Blocker": "need reason waits_for",
    "DraftFile": "path text added",
    "VerifiedDraft": "check closes files facts settings problem",
    "DocumentCheck": "path status message difference",
    "Evidence": "kind group alternative subject model detail source changed_by",
    "JudgedWrite": "table source statement columns revision use reason",
    "FieldChange": "field before after",
    "Reading": "entity use detail probably_unused",
    "RunFailure": "kind message",
    "Source": "path line",
    "StateColumn": (
        "name type:data_type nullable:is_nullable revision:is_revision keys:roles "
        "unique_with"
    ),
    "StateDiagram": "tables relations",
    "StateRelation": (
        "name schema table columns target_schema target_table optional:is_optional "
        "single:is_single identifying:is_identifying certain:is_certain"
    ),
    "StateTable": "schema name holds_state entities columns",
    "Timeline": "migrations:entries others",
    "TimelineEntry": "path events",
    "TimelineEvent": (
        "step table entities whole:is_whole columns constraints indexes renamed_to "
        "source"
    ),
}
"""The fields of values, by class, each with its attribute if that has another name."""


def render(record: RunRecord) -> str:
    """Return the report of a run as JSON text."""
    return dump(document(record))


def dump(value: Json) -> str:
    """Return the JSON text of a document: stable, and readable by people."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def document(record: RunRecord) -> Json:
    """Return the report of a run as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "version": pytest_userstate.__version__,
        **_record(record),
        "vanished": list(record.vanished),
        "contradicted": list(record.contradicted),
        "documents": plain(record.documents),
    }


def _record(record: RunRecord) -> Json:
    """Return what there is to say about a target, or about each of several."""
    values: Json = {
        "status": record.status.value,
        "complete": record.is_complete,
        "error": plain(record.failure if record.targets else record.error),
    }
    if not record.targets:
        return {**values, **_audit(record.audit, record.outcomes)}
    values["targets"] = [
        {
            "name": part.name,
            **({"schemas": [*part.audit.schemas]} if part.audit else {}),
            **_record(part),
        }
        for part in record.targets
    ]
    return values


def _audit(audit: Audit | None, outcomes: cabc.Mapping[str, Outcome]) -> Json:
    home = audit.settings.home if audit else Home()
    report = audit.report if audit else None
    return {
        "target": audit and _target(audit),
        "stubs": list(audit.stubs if audit else ()),
        "warnings": list(audit.warnings if audit else ()),
        "diagram": audit and plain(audit.diagram),
        "timeline": audit and plain(audit.timeline),
        "checks": [
            {
                **_verdict(verdict, outcomes.get(verdict.check.id), home),
                "draft": _draft_of(verdict.check.id, audit, home),
            }
            for verdict in (audit.verdicts if audit else ())
        ],
        "not_applicable": _cells(report, home),
        "readings": plain(report.readings if report else ()),
        "recognition": _recognition(audit.recognition if audit else None),
        "decisions": _decisions(report),
        "proof": proofs.json(audit.proof if audit else None),
        "drafts": plain(audit.drafts if audit else ()),
        "advisories": plain(audit.advisories if audit else ()),
        "downstream": [_work(status) for status in (audit.downstream if audit else ())],
        "comparisons": [
            comparison_document(comparison, outcomes.get(comparison.name), home)
            for comparison in (audit.comparisons if audit else ())
        ],
    }


def plain(value: object) -> typ.Any:
    """Return a value as JSON has it: objects with the fields of their class."""
    match value:
        case enum.Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case cabc.Iterable():
            return [plain(part) for part in value]
    fields = _FIELDS.get(type(value).__name__)
    if fields is None:
        return str(value)
    pairs = (field.partition(":") for field in fields.split())
    return {name: plain(getattr(value, attr or name)) for name, _, attr in pairs}


def _target(audit: Audit) -> Json:
    return {
        "kind": audit.target.kind,
        "path": audit.target.path,
        "layout": audit.target.layout,
        "applied": audit.applied,
        "server": audit.server,
        "digest": audit.target.digest,
    }


def report_document(report: UserStateSchemaAuditReport) -> Json:
    """Return what a report says about every cell, as plain values."""
    return {
        "checks": [_check(check) for check in report.checks],
        "not_applicable": _cells(report),
    }


def _cells(
    report: UserStateSchemaAuditReport | None,
    home: Home = Home(),  # noqa: B008 - frozen
) -> list[Json]:
    return [
        {
            "id": home.full_id(f"{cell.entity}.{cell.axis}"),
            "entity": cell.entity,
            "axis": cell.axis.value,
            "reason": cell.reason,
        }
        for cell in (report.not_applicable if report else ())
    ]


def _decisions(report: UserStateSchemaAuditReport | None) -> Json | None:
    if report is None:
        return None
    decided = {name: report.decision(name) for name in DECISIONS}
    return {
        name: decision.value if decision else "not_applicable"
        for name, decision in decided.items()
    }


def _recognition(recognition: Recognition | None) -> list[Json]:
    return [
        {
            "entity": entity.name,
            "table": storage.table,
            "columns": list(storage.columns),
            "shape": storage.shape.value,
            "confidence": storage.confidence.value,
            "convention": storage.convention,
            "reasons": list(map(str, storage.reasons)),
            "used": storage in entity.used,
        }
        for entity in (recognition.entities if recognition else ())
        for storage in entity.storages
    ]


def _check(check: Check) -> Json:
    prerequisite = check.prerequisite
    return {
        "id": check.id,
        "entity": check.entity,
        "axis": check.axis.value,
        "coverage": check.coverage.value,
        "decision": check.decision and check.decision.value,
        "models": list(check.models),
        "canonical": check.canonical,
        "recommendation": check.recommendation,
        "prerequisite": prerequisite
        and (
            {"check": prerequisite.check}
            if prerequisite.check
            else {"condition": prerequisite.condition}
        ),
        "rationale": check.rationale,
        "writes": plain(check.writes),
        "evidence": plain(check.evidence),
    }


def _verdict(verdict: Verdict, outcome: Outcome | None, home: Home) -> Json:
    acceptance = verdict.acceptance
    until = acceptance.until if acceptance else None
    check = {**_check(verdict.check), "id": home.full_id(verdict.check.id)}
    evidence = check.pop("evidence")
    return {
        **check,
        "gated": verdict.gated,
        "outcome": (outcome or Outcome.DESELECTED).value,
        "reason": verdict.reason,
        "next_steps": (
            next_steps(verdict, home) if verdict.outcome is Outcome.FAILED else []
        ),
        "acceptance": acceptance
        and {
            "reason": acceptance.reason,
            "until": until.isoformat() if until else None,
        },
        "evidence": evidence,
    }


def _draft_of(check: str, audit: Audit | None, home: Home) -> str | None:
    """Return the check under which the draft is that closes a check."""
    drafts = audit.drafts if audit else ()
    closing = (draft.check for draft in drafts if check in draft.closes)
    return next(map(home.full_id, closing), None)


def _work(status: WorkStatus) -> Json:
    return {
        "id": status.item.id,
        "title": status.item.title,
        "needs": list(status.item.needs),
        "status": "ready" if status.is_ready else "blocked",
        "blocked_by": list(status.blocked_by),
        "reasons": plain(status.blockers),
    }


def comparison_document(
    comparison: Comparison,
    outcome: Outcome | None,
    home: Home = Home(),  # noqa: B008 - frozen
) -> Json:
    """Return what the report says about a comparison."""
    return {
        "id": home.full_id(comparison.name),
        "reference": comparison.reference,
        "before": comparison.before,
        "after": comparison.after,
        "outcome": (outcome or Outcome.DESELECTED).value,
        "error": comparison.error or None,
        "accepted": comparison.is_accepted,
        "changes": [_change(change) for change in comparison.changes],
    }


def _change(change: Change) -> Json:
    return {
        "kind": change.kind.value,
        "what": change.what,
        "subject": change.subject,
        "detail": described(change),
        "facts": plain(change.fields),
        "source": plain(change.source),
        "dropped_by": plain(change.dropped.source if change.dropped else None),
    }
