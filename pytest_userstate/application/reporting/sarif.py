"""SARIF 2.1.0: failed checks and advisories, for services that show code analysis.

The format is that of OASIS; GitHub code scanning, GitLab, and editors read it.
"""

from __future__ import annotations

import json
import typing as typ
from urllib.parse import quote

from pytest_userstate.application.reporting.document import document_of
from pytest_userstate.application.reporting.github import annotations_of
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.domain.advisories import RULES
from pytest_userstate.domain.snapshot import Source

_SCHEMA: typ.Final = "https://json.schemastore.org/sarif-2.1.0.json"
_RUN: typ.Final = "run"
_RUN_TITLE: typ.Final = "The audit could not be carried out, or is not complete"

Node: typ.TypeAlias = dict[str, typ.Any]


def render(record: RunRecord, configuration: Source | None) -> str:
    """Return the findings of a run, each with a place if one is known.

    Parameters
    ----------
    record : RunRecord
        The finished run.
    configuration : Source or None
        The place of a finding that no migration is behind.
    """
    document = document_of(record)
    rules: dict[str, str] = {}
    results: list[Node] = []
    for note in annotations_of(document, configuration):
        rule = note.check or _RUN
        rules[rule] = note.title if note.check else _RUN_TITLE
        message = f"{note.title}\n{note.message}"
        results.append(_result(rule, note.level, message, note.source))
    for advisory in (a for audit in record.audits for a in audit.advisories):
        if advisory.silenced is None:
            rules[advisory.code] = RULES[advisory.code].title
            message = f"{advisory.subject}: {advisory.message}"
            results.append(_result(advisory.code, "note", message, advisory.source))
    driver = {
        "name": "pytest-userstate",
        "version": document.version,
        "rules": [
            {"id": rule, "shortDescription": {"text": title}}
            for rule, title in sorted(rules.items())
        ],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": record.error is None}],
        "results": results,
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _result(rule: str, level: str, message: str, source: Source | None) -> Node:
    """Return a result at a place, or at none."""
    result: Node = {"ruleId": rule, "level": level, "message": {"text": message}}
    if source is not None:
        place: Node = {
            "artifactLocation": {"uri": quote(source.path), "uriBaseId": "%SRCROOT%"}
        }
        if source.line is not None:
            place["region"] = {"startLine": source.line}
        result["locations"] = [{"physicalLocation": place}]
    return result
