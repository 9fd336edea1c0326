"""What a proof says about the verdicts of an audit."""

from __future__ import annotations

import attrs

from pytest_userstate.domain.coverage import Axis, MigrationDecision
from pytest_userstate.domain.evidence import Check, SchemaObject, holds
from pytest_userstate.domain.gate import Outcome, Verdict
from pytest_userstate.domain.stale_writes import StaleWriteProof, StaleWriteResult


@attrs.frozen(kw_only=True)
class Proof:
    """What was tried out in copies of the migrated database."""

    stale_writes: tuple[StaleWriteProof, ...] = ()

    def of_token(self, check: Check) -> tuple[StaleWriteProof, ...]:
        """Return the proofs of the tokens that a conflict check rests on."""
        if check.axis is not Axis.CONFLICT:
            return ()
        return tuple(p for p in self.stale_writes if check.entity in p.token.entities)


def confronted(
    verdicts: tuple[Verdict, ...], proof: Proof | None
) -> tuple[Verdict, ...]:
    """Return the verdicts, failed where the proof contradicts what they say."""
    if proof is None:
        return verdicts
    return tuple(_confronted(verdict, proof) for verdict in verdicts)


def _confronted(verdict: Verdict, proof: Proof) -> Verdict:
    check = verdict.check
    if check.decision is not MigrationDecision.NOT_REQUIRED:
        return verdict
    useless = [
        token
        for token in proof.of_token(check)
        if token.result is StaleWriteResult.UNUSABLE
    ]
    lost = [
        SchemaObject(p.token.schema, p.token.table, p.token.column) for p in useless
    ]
    if not verdict.gated or not lost or holds(check.evidence, lost):
        return verdict
    reasons = "; ".join(f"{p.token.subject}: {p.reason}" for p in useless)
    reason = f"the proof contradicts it: {reasons}"
    return attrs.evolve(verdict, outcome=Outcome.FAILED, reason=reason)
