"""What a proof says about the verdicts of an audit."""

from __future__ import annotations

import enum

import attrs

from pytest_userstate.domain.coverage import Axis, MigrationDecision
from pytest_userstate.domain.evidence import Check, SchemaObject, holds
from pytest_userstate.domain.gate import Outcome, Verdict
from pytest_userstate.domain.stale_writes import StaleWriteProof, StaleWriteResult


class FactResult(enum.StrEnum):
    """What became of a verdict when a fact that it rests on was taken away."""

    PROVED = "proved"
    """It changed, as it has to."""
    SURVIVED = "survived"
    """It did not change: the rule does not depend on the fact."""
    OVERSTATED = "overstated"
    """It changed without a fact that the evidence says it can do without."""
    NOT_PROVED = "not_proved"
    """The fact could not be taken away."""


@attrs.frozen(kw_only=True)
class FactProof:
    """A fact, and whether the verdict of a check depends on it."""

    check: str
    subject: str
    result: FactResult
    reason: str = ""

    @property
    def contradicts(self) -> bool:
        """Whether the evidence of the check is not what its verdict rests on."""
        return self.result in {FactResult.SURVIVED, FactResult.OVERSTATED}

    def __str__(self) -> str:
        """Write it for people.

        >>> lost = FactResult.SURVIVED
        >>> str(FactProof(check="users.schema", subject="public.users.id", result=lost))
        'users.schema does not depend on public.users.id'
        """
        match self.result:
            case FactResult.PROVED:
                text = f"{self.check} depends on {self.subject}"
            case FactResult.SURVIVED:
                text = f"{self.check} does not depend on {self.subject}"
            case FactResult.OVERSTATED:
                text = f"{self.check} needs more than {self.subject}"
            case FactResult.NOT_PROVED:
                text = f"{self.check}: {self.subject} could not be taken away"
        return f"{text}: {self.reason}" if self.reason else text


@attrs.frozen(kw_only=True)
class Proof:
    """What was tried out in the migrated database and in copies of it."""

    facts: tuple[FactProof, ...] = ()
    """Each fact that a closed check rests on."""
    stale_writes: tuple[StaleWriteProof, ...] = ()
    """Each revision token of the audited storages."""
    program_writes: tuple[StaleWriteProof, ...] = ()
    """Each write of the program that the repository names."""

    def of_token(self, check: Check) -> tuple[StaleWriteProof, ...]:
        """Return the proofs of the tokens that a conflict check rests on."""
        if check.axis is not Axis.CONFLICT:
            return ()
        return tuple(p for p in self.stale_writes if check.entity in p.token.entities)

    def of_program(self, check: Check) -> tuple[StaleWriteProof, ...]:
        """Return the proofs of the program's writes that a conflict check is about."""
        if check.axis is not Axis.CONFLICT:
            return ()
        return tuple(p for p in self.program_writes if check.entity in p.token.entities)


def confronted(
    verdicts: tuple[Verdict, ...], proof: Proof | None
) -> tuple[Verdict, ...]:
    """Return the verdicts, failed where the proof contradicts what they say.

    Evidence that a verdict does not depend on fails on every axis. If the axis is
    gated, an unusable token fails, and a write of the program that was not proved.
    """
    if proof is None:
        return verdicts
    return tuple(_confronted(verdict, proof) for verdict in verdicts)


def _confronted(verdict: Verdict, proof: Proof) -> Verdict:
    check = verdict.check
    if check.decision is not MigrationDecision.NOT_REQUIRED:
        return verdict
    reasons = [
        str(fact) for fact in proof.facts if fact.check == check.id and fact.contradicts
    ]
    untried: list[str] = []
    useless = [
        token
        for token in proof.of_token(check)
        if token.result is StaleWriteResult.UNUSABLE
    ]
    lost = [
        SchemaObject(p.token.schema, p.token.table, p.token.column) for p in useless
    ]
    if verdict.gated and lost and not holds(check.evidence, lost):
        reasons += [f"{p.token.subject}: {p.reason}" for p in useless]
    for tried in proof.of_program(check) if verdict.gated else ():
        if tried.result is StaleWriteResult.UNUSABLE:
            reasons.append(_in_words(tried))
        elif not tried.is_proved:
            untried.append(_in_words(tried))
    reason = "; ".join(
        f"{what}: {'; '.join(ones)}"
        for what, ones in (
            ("the proof contradicts it", reasons),
            ("a write of the program could not be tried", untried),
        )
        if ones
    )
    if not reason:
        return verdict
    return attrs.evolve(verdict, outcome=Outcome.FAILED, reason=reason)


def _in_words(tried: StaleWriteProof) -> str:
    """Return what a write of the program did, with the history that shows it."""
    steps = "; ".join(str(event) for one in tried.shown[:1] for event in one.events)
    return f"{tried.write}: {tried.reason}" + (f" (tried: {steps})" if steps else "")
