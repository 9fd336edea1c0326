"""Comparisons as plain values, and back."""

from __future__ import annotations

import typing as typ

import attrs

from pytest_userstate.application.comparing.comparison import (
    Comparison,
    Fact,
    Finding,
)
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.snapshot import Source

Json: typ.TypeAlias = dict[str, typ.Any]


def report_comparison(comparison: Comparison, outcome: Outcome) -> Json:
    """Return what the JSON report says about a comparison."""
    return {
        "id": comparison.name,
        "reference": comparison.reference,
        "before": comparison.before,
        "after": comparison.after,
        "outcome": outcome.value,
        "error": comparison.error or None,
        "accepted": comparison.is_accepted,
        "changes": [_finding(each) for each in comparison.findings],
    }


def write_comparison(comparison: Comparison) -> Json:
    """Return a comparison as another process of the run can read it."""
    return attrs.asdict(comparison)


def read_comparison(value: Json) -> Comparison:
    """Read what `write_comparison` wrote."""
    return Comparison(
        **value
        | {
            "lines": tuple(value["lines"]),
            "findings": tuple(map(_read_finding, value["findings"])),
        }
    )


def _finding(finding: Finding) -> Json:
    return {
        "kind": finding.kind,
        "what": finding.what,
        "subject": finding.subject,
        "detail": finding.detail,
        "facts": [attrs.asdict(fact) for fact in finding.facts],
        "source": finding.source and attrs.asdict(finding.source),
        "dropped_by": finding.dropped_by and attrs.asdict(finding.dropped_by),
    }


def _read_finding(value: Json) -> Finding:
    return Finding(
        **value
        | {
            "facts": tuple(Fact(**fact) for fact in value["facts"]),
            "source": value["source"] and Source(**value["source"]),
            "dropped_by": value["dropped_by"] and Source(**value["dropped_by"]),
        }
    )
