"""Holding a report against one that was accepted."""

from __future__ import annotations

import collections
import collections.abc as cabc
import json
import re
import typing as typ

from pytest_userstate.application.asserting.failure import (
    Failure,
    Mismatch,
    bounded,
    detail,
)
from pytest_userstate.application.explaining.widths import shortened
from pytest_userstate.application.reporting.json_report import (
    SCHEMA_VERSION,
    Json,
    report_document,
)
from pytest_userstate.domain.report import UserStateSchemaAuditReport

_LINE: typ.Final = re.compile(r"(?<=\.\w)(\w*):\d+")
_FIELDS: typ.Final = (
    "coverage",
    "decision",
    "models",
    "canonical",
    "recommendation",
    "prerequisite",
    "rationale",
)
_MOST_DIFFERENCES: typ.Final = 12
_LONGEST_VALUE: typ.Final = 160
_HINT: typ.Final = (
    "if this is as it should be, accept it: write the report anew with "
    "pytest --userstate-audit --userstate-report FILE.json"
)
_NO_SOURCES: typ.Final = (
    "one of the two reports names no migrations: it is about a database or a "
    "snapshot, whose history nobody knows. Compare reports about migrations"
)

Findings: typ.TypeAlias = dict[str, Json]
"""What a report says about each cell of the matrix, by id."""


def different(
    report: UserStateSchemaAuditReport,
    accepted: UserStateSchemaAuditReport | str,
    *,
    name: str,
) -> Failure | None:
    """Return a failure unless both reports say the same about every check.

    Parameters
    ----------
    accepted : UserStateSchemaAuditReport or str
        The report, or the text of a JSON report.
    name : str
        What to call it.
    """
    if isinstance(accepted, str):
        expected = _findings(_parsed(accepted, name))
    else:
        expected = _findings(report_document(accepted))
    found = _findings(report_document(report))
    differences = [
        difference
        for check_id in dict.fromkeys([*expected, *found])
        for difference in _differences(
            check_id, expected.get(check_id), found.get(check_id)
        )
    ]
    if not differences:
        return None
    checks = dict.fromkeys(each.what.split()[0] for each in differences)
    more = len(differences) - _MOST_DIFFERENCES
    sources = _HINT if _has_sources(expected) == _has_sources(found) else _NO_SOURCES
    return Failure(
        headline=f"the report differs from {name} in {', '.join(bounded([*checks]))}",
        mismatches=tuple(differences[:_MOST_DIFFERENCES]),
        details=(
            *detail("and", f"{more} more differences" if more > 0 else ""),
            *detail("hint", sources),
        ),
    )


def _parsed(text: str, name: str) -> Json:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"{name} is no JSON: {error}"
        raise ValueError(message) from error
    version = value.get("schema_version") if isinstance(value, dict) else None
    if version != SCHEMA_VERSION or not isinstance(value.get("checks"), list):
        message = (
            f"{name} is no report of version {SCHEMA_VERSION}: write one with "
            "pytest --userstate-audit --userstate-report FILE.json"
        )
        raise ValueError(message)
    if not value["checks"] and not value["not_applicable"]:
        problem = (value["error"] or {}).get("message", "it has no checks")
        message = f"{name} is the report of a run that found out nothing: {problem}"
        raise ValueError(message)
    return typ.cast("Json", value)


def _findings(document: Json) -> Findings:
    cells = {
        cell["id"]: {"not applicable": cell["reason"]}
        for cell in document["not_applicable"]
    }
    checks = {check["id"]: _comparable(check) for check in document["checks"]}
    return {**cells, **checks}


def _comparable(check: Json) -> Json:
    """Return what counts of a check: not where in a file something stands."""
    facts = {name: check[name] for name in _FIELDS}
    facts["models"] = sorted(check["models"])
    facts["rationale"] = _LINE.sub(r"\1", check["rationale"])
    facts["evidence"] = [_fact(fact) for fact in check["evidence"]]
    return facts


def _fact(fact: Json) -> str:
    group = f" (group {fact['group']})" if fact["group"] else ""
    model = f" for model {fact['model']}" if fact["model"] else ""
    text = _LINE.sub(r"\1", fact["detail"])
    told = f": {text}" if text else ""
    source = f", by {fact['source']['path']}" if fact["source"] else ""
    return f"{fact['subject']} {fact['kind']}{group}{model}{told}{source}"


def _differences(
    check_id: str, expected: Json | None, found: Json | None
) -> cabc.Iterator[Mismatch]:
    if expected is None or found is None:
        yield Mismatch(check_id, _whole(expected), _whole(found))
        return
    if expected.keys() != found.keys():
        yield Mismatch(check_id, _whole(expected), _whole(found))
        return
    for name, wanted in expected.items():
        if name == "evidence":
            yield from _evidence(check_id, wanted, found[name])
        elif wanted != found[name]:
            yield Mismatch(
                f"{check_id} {name}", _in_words(wanted), _in_words(found[name])
            )


def _evidence(
    check_id: str, expected: list[str], found: list[str]
) -> cabc.Iterator[Mismatch]:
    # Counted, since several lines of one file can give the same fact.
    wanted, actual = collections.Counter(expected), collections.Counter(found)
    gone, more = [*(wanted - actual).elements()], [*(actual - wanted).elements()]
    if gone or more:
        yield Mismatch(
            f"{check_id} evidence",
            "; ".join(bounded(gone, limit=3)) or "nothing more",
            "; ".join(bounded(more, limit=3)) or "none of it",
        )


def _whole(facts: Json | None) -> str:
    if facts is None:
        return "no such check"
    if "not applicable" in facts:
        return f"not applicable: {facts['not applicable']}"
    decision = f", decision {facts['decision']}" if facts["decision"] else ""
    return f"coverage {facts['coverage']}{decision}"


def _in_words(value: object) -> str:
    match value:
        case None | []:
            return "none"
        case dict():
            return ", ".join(map(str, value.values()))
        case list():
            return ", ".join(map(str, value))
        case _:
            return shortened(str(value), _LONGEST_VALUE)


def _has_sources(findings: Findings) -> bool:
    return any(
        ", by " in fact
        for facts in findings.values()
        for fact in facts.get("evidence", ())
        if " present" in fact
    )
