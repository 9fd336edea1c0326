"""Findings as text, from one process of a run to the others."""

from __future__ import annotations

import json
import typing as typ

from pytest_userstate.application.audit import Findings
from pytest_userstate.application.reporting.json_other_schemas import (
    read_comparison,
    write_comparison,
)
from pytest_userstate.application.reporting.json_report import (
    Json,
    advisory_document,
    drawn,
    dump,
    findings_document,
    reading_document,
    report_document,
)
from pytest_userstate.domain.advisories.advisory import Advisory
from pytest_userstate.domain.check import Check
from pytest_userstate.domain.coverage import Axis, MigrationDecision, coverage_type
from pytest_userstate.domain.evidence import Evidence, EvidenceKind, Prerequisite
from pytest_userstate.domain.ports import TargetDescription
from pytest_userstate.domain.readings import Reading, Use
from pytest_userstate.domain.report import (
    NotApplicable,
    UserStateSchemaAuditReport,
)
from pytest_userstate.domain.snapshot import Source

if typ.TYPE_CHECKING:
    from pytest_userstate.domain.state_diagram import StateDiagram


def write_findings(findings: Findings) -> str:
    """Return findings as text that another process of the run can read."""
    report = findings.report
    return dump(
        {
            **findings_document(findings),
            "warnings": list(findings.warnings),
            "diagram": drawn(findings.diagram),
            "advisories": [advisory_document(each) for each in findings.advisories],
            "entities": list(report.entities),
            **report_document(report),
            "readings": [reading_document(each) for each in report.readings],
            "comparisons": [write_comparison(each) for each in findings.comparisons],
            "snapshot": findings.snapshot,
        }
    )


def read_findings(text: str, target: TargetDescription) -> Findings:
    """Read what `write_findings` wrote, about the same target."""
    value = json.loads(text)
    return Findings(
        target=target,
        server=value["target"]["server"],
        applied=value["target"]["applied"],
        stubs=tuple(value["stubs"]),
        warnings=tuple(value["warnings"]),
        diagram=_read_diagram(value["diagram"]),
        advisories=tuple(map(_read_advisory, value["advisories"])),
        comparisons=tuple(map(read_comparison, value["comparisons"])),
        snapshot=value["snapshot"],
        report=UserStateSchemaAuditReport(
            entities=value["entities"],
            checks=map(_read_check, value["checks"]),
            not_applicable=(
                NotApplicable(
                    entity=cell["entity"],
                    axis=Axis(cell["axis"]),
                    reason=cell["reason"],
                )
                for cell in value["not_applicable"]
            ),
            readings=(
                Reading(**{**each, "use": Use(each["use"])})
                for each in value["readings"]
            ),
        ),
    )


def _read_diagram(value: Json | None) -> StateDiagram | None:
    if value is None:
        return None
    from pytest_userstate.application.reporting.diagram_document import (  # noqa: PLC0415
        read_diagram,
    )

    return read_diagram(value)


def _read_check(value: Json) -> Check:
    axis = Axis(value["axis"])
    decision, prerequisite = value["decision"], value["prerequisite"]
    return Check(
        entity=value["entity"],
        axis=axis,
        coverage=coverage_type(value["entity"], axis)(value["coverage"]),
        decision=MigrationDecision(decision) if decision else None,
        models=value["models"],
        canonical=value["canonical"],
        recommendation=value["recommendation"],
        prerequisite=Prerequisite(**prerequisite) if prerequisite else None,
        rationale=value["rationale"],
        evidence=map(_read_evidence, value["evidence"]),
    )


def _read_evidence(value: Json) -> Evidence:
    return Evidence(
        kind=EvidenceKind(value["kind"]),
        group=value["group"],
        subject=value["subject"],
        model=value["model"],
        detail=value["detail"],
        source=_read_source(value["source"]),
        changed_by=_read_source(value["changed_by"]),
    )


def _read_advisory(value: Json) -> Advisory:
    return Advisory(**{**value, "source": _read_source(value["source"])})


def _read_source(value: Json | None) -> Source | None:
    return Source(**value) if value else None
