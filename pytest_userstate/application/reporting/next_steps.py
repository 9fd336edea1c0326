"""What can be done about a check that fails, in the words of the configuration."""

from __future__ import annotations

from pytest_userstate.domain.coverage import (
    Axis,
    ConflictCoverage,
    MigrationDecision,
    RuntimeWiring,
)
from pytest_userstate.domain.evidence import Check, listed
from pytest_userstate.domain.gate import Verdict


def next_steps(verdict: Verdict) -> list[str]:
    """Return the ways to make the check pass, any of which will do.

    None where an acceptance is at fault, whose reason says what to do.
    """
    if verdict.acceptance is not None:
        return []
    check = verdict.check
    return [
        *_closing(check),
        f'let the gap pass: [[accept]] with check = "{check.id}" and a reason',
    ]


def _closing(check: Check) -> list[str]:
    """Return the ways to close the gap."""
    if check.decision is MigrationDecision.DEFERRED:
        return [f"see to it that {check.prerequisite}"]
    match check.axis:
        case Axis.SCHEMA:
            return _storing(check)
        case Axis.WIRING:
            return [_wiring(check)]
        case Axis.REVISION | Axis.CONFLICT:
            return _tracking(check)


def _wiring(check: Check) -> str:
    match check.coverage:
        case RuntimeWiring.NOT_PROBED:
            return f"say under [wiring.ports.{check.entity}] what stands behind it"
        case RuntimeWiring.DATABASE_BACKED | RuntimeWiring.CONDITIONAL:
            return f"close {check.entity}.{Axis.SCHEMA}: the program uses its storage"
        case _:
            return "put an adapter that reaches the database behind the port"


def _tracking(check: Check) -> list[str]:
    """Return the ways to have a revision that tells stale writes, or none."""
    if check.coverage is ConflictCoverage.UNRELIABLE:
        return ["write a migration that mends the column, or adds another one"]
    entity = f"entities.{check.entity}"
    return [
        "write a migration that adds a revision column",
        f"name the column that you have: revision in [[{entity}.models]]",
        f'expect none: revisions = "not_expected" under [{entity}]',
    ]


def _storing(check: Check) -> list[str]:
    """Return the ways to have one complete storage that counts, or none."""
    entity = f"entities.{check.entity}"
    complete = listed(check.models, "or")
    if len(check.models) > 1 and not check.canonical:
        return [f"declare {complete} canonical under [{entity}]"]
    if check.models and check.canonical not in {None, *check.models}:
        return [
            f"write a migration that completes {check.canonical}",
            f"declare {complete} canonical under [{entity}]",
        ]
    if check.models:
        return ["write a migration that drops the copies that do not count"]
    return [
        "write a migration that adds what is missing",
        f"name the tables that you have: [[{entity}.models]]",
        f"expect none: expected = false under [{entity}]",
    ]
