"""What is worth knowing about a check that is not as a test expects it."""

from __future__ import annotations

import typing as typ

from pytest_userstate.application.asserting.failure import Detail, detail
from pytest_userstate.application.reporting.text import condensed
from pytest_userstate.domain.check import Check
from pytest_userstate.domain.coverage import (
    Axis,
    Coverage,
    MigrationDecision,
    RevisionCoverage,
    RuntimeWiring,
)
from pytest_userstate.domain.evidence import EvidenceKind

_GAP: typ.Final = {EvidenceKind.ABSENT: "-", EvidenceKind.CONTRADICTION: "!"}


def background(check: Check) -> tuple[Detail, ...]:
    """Return the check's rationale, its evidence, and what to do."""
    return (
        *detail("rationale", check.rationale),
        *detail("evidence", condensed(check.evidence)),
        *detail("hint", remedy(check)),
    )


def found_in_words(check: Check) -> str:
    """Return what the audit says about a check, in a line."""
    if check.decision is None:
        return f"coverage {check.coverage}"
    waits = f", until {check.prerequisite}" if check.prerequisite else ""
    return f"coverage {check.coverage}, decision {check.decision}{waits}"


def remedy(check: Check) -> str:
    """Return what brings the check and the test together."""
    match check.decision:
        case None:
            return _wiring_remedy(check.entity, check.coverage)
        case MigrationDecision.NOT_REQUIRED:
            return (
                "the audit finds nothing to mend here: if the test is right, look at "
                "where the evidence comes from"
            )
        case MigrationDecision.DEFERRED:
            return (
                f"first: {check.prerequisite}; only then can a migration for "
                f"{check.id} be written"
            )
        case MigrationDecision.REQUIRED:
            return _migration_remedy(check)


def _wiring_remedy(entity: str, state: Coverage) -> str:
    if state is RuntimeWiring.NOT_PROBED:
        return f"declare the port under [wiring.ports.{entity}], with where it is seen"
    return (
        f"change what stands behind the port of {entity}, or what "
        f"[wiring.ports.{entity}] says about it"
    )


def _migration_remedy(check: Check) -> str:
    if check.axis is Axis.SCHEMA and len(check.models) > 1:
        return (
            f"decide for one of the models {', '.join(check.models)}: declare it "
            f"canonical under [entities.{check.entity}], and retire the others"
        )
    if check.coverage is RevisionCoverage.UNTRACKED:
        return f"add a migration that gives the storage of {check.entity} a revision"
    signs = " or ".join(
        sign
        for kind, sign in _GAP.items()
        if any(fact.kind is kind for fact in check.evidence)
    )
    return f"add a migration that mends what the evidence marks with {signs}"
