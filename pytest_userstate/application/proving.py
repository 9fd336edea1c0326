"""Trying out what the audit says, in copies of the migrated database."""

from __future__ import annotations

import collections.abc as cabc
import functools
import itertools
import typing as typ

import attrs

from pytest_userstate.application.settings import ProofSettings
from pytest_userstate.domain.classification import Candidate, classify
from pytest_userstate.domain.coverage import MigrationDecision
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.evidence import (
    Check,
    Evidence,
    SchemaObject,
    listed,
    substitutes,
)
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.ports import (
    Mutations,
    Scratch,
    TwoWriters,
    UntriableError,
)
from pytest_userstate.domain.proof import FactProof, FactResult, Proof
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.revisions import (
    KeptRevision,
    owners,
    several_rows,
)
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.stale_writes import (
    ONE_WRITER,
    History,
    Isolation,
    ProgramWrite,
    RevisionToken,
    StaleWriteProof,
    StaleWriteResult,
    judge,
    judge_write,
    orders,
)


def prove(
    scratch: Scratch,
    snapshot: SchemaSnapshot,
    model: AuditModel,
    settings: ProofSettings,
    *,
    ask_writes: cabc.Callable[[], cabc.Iterable[object]] | None = None,
) -> Proof:
    """Try out the evidence of closed checks, revision tokens, and the program's writes.

    `ask_writes` asks the repository's own hook for writes, beside the configured ones.

    Raises
    ------
    ToolError
        When a write is of a table without a revision token, or is no write at all.
    """
    tokens, seeds = tokens_of(model, snapshot), settings.seeds
    answers = ask_writes() if ask_writes else ()
    writes = [*_configured(settings), *map(_checked, answers)]
    goes_by = [(write, _token_of(write, tokens)) for write in writes]
    by_token = prove_stale_writes(scratch, tokens, snapshot, seeds)
    tried = {proof.token: proof for proof in by_token}
    return Proof(
        facts=prove_evidence(
            scratch,
            snapshot,
            functools.partial(UserStateSchemaAuditReport.evaluate, model=model),
        ),
        stale_writes=by_token,
        program_writes=tuple(
            _tried(scratch, write, tried[token], snapshot, seeds)
            for write, token in goes_by
        ),
    )


def _configured(settings: ProofSettings) -> cabc.Iterator[ProgramWrite]:
    for number, write in enumerate(settings.writes):
        name = f"prove.writes[{number}]"
        yield ProgramWrite(write.table, write.sql, name=name)


def _checked(value: object) -> ProgramWrite:
    """Return what the hook says, if it is a write."""
    if isinstance(value, ProgramWrite) and (
        callable(value.write) or isinstance(value.write, str)
    ):
        return value
    message = (
        f"the hook pytest_userstate_writes returns {value!r}; expected "
        "pytest_userstate.ProgramWrite(TABLE, FUNCTION), or an iterable of them"
    )
    raise ToolError(message)


Evaluate: typ.TypeAlias = cabc.Callable[[SchemaSnapshot], UserStateSchemaAuditReport]


@attrs.frozen
class _Mutation:
    """A fact of a check, and what has to be gone for the verdict to rest on it."""

    check: Check
    fact: Evidence
    about: SchemaObject
    substitutes: tuple[SchemaObject, ...]

    @property
    def lost(self) -> frozenset[SchemaObject]:
        return frozenset({*self.substitutes, self.about})


def prove_evidence(
    scratch: Scratch, snapshot: SchemaSnapshot, evaluate: Evaluate
) -> tuple[FactProof, ...]:
    """Take away each fact that a closed check rests on, and audit again.

    First the alternatives of the fact are taken away: the verdict has to hold. Then
    the fact is taken away as well: the verdict must not hold. Facts of entities that
    share no table are taken away together.
    """
    report = evaluate(snapshot)
    proofs: list[FactProof] = []
    mutations: list[_Mutation] = []
    for check in report.checks:
        if check.decision is MigrationDecision.NOT_REQUIRED:
            _plan(check, mutations, proofs)
    with scratch.mutations() as database:
        holding = [(m, frozenset(m.substitutes)) for m in mutations if m.substitutes]
        overstated = {
            mutation
            for mutation, closed, _ in _outcomes(database, holding, report, evaluate)
            if closed is False
        }
        breaking = [(mutation, mutation.lost) for mutation in mutations]
        for mutation, closed, problem in _outcomes(
            database, breaking, report, evaluate
        ):
            result, reason = _judged(
                mutation, closed=closed, is_overstated=mutation in overstated
            )
            proofs.append(_fact_proof(mutation, result, problem or reason))
    order = [(c.id, fact.subject) for c in report.checks for fact in c.evidence]
    return tuple(sorted(proofs, key=lambda p: order.index((p.check, p.subject))))


def _plan(check: Check, mutations: list[_Mutation], proofs: list[FactProof]) -> None:
    """Note what has to be taken away to prove the facts of a check."""
    for fact in check.evidence:
        if fact.group is None:
            continue
        gone = substitutes(check.evidence, fact)
        if fact.about is not None and gone is not None:
            mutations.append(_Mutation(check, fact, fact.about, gone))
            continue
        reason = "no schema shows it"
        if fact.about is not None:
            reason = "its alternatives cannot be taken away without it"
        proofs.append(
            FactProof(
                check=check.id,
                subject=fact.subject,
                result=FactResult.NOT_PROVED,
                reason=reason,
            )
        )


def _outcomes(
    database: Mutations,
    wanted: list[tuple[_Mutation, frozenset[SchemaObject]]],
    report: UserStateSchemaAuditReport,
    evaluate: Evaluate,
) -> cabc.Iterator[tuple[_Mutation, bool | None, str]]:
    """Yield, for each mutation, whether its check is closed without some objects.

    None if the objects cannot be dropped, with the reason.
    """
    tables = _tables_of_entities(report)
    for together in _rounds(wanted, tables):
        lost = frozenset[SchemaObject]().union(*(objects for _, objects in together))
        try:
            audited, problem = evaluate(database.without(lost)), ""
        except UntriableError as error:
            if len(together) > 1:
                for alone in together:
                    yield from _outcomes(database, [alone], report, evaluate)
                continue
            audited, problem = None, str(error)
        for mutation, _ in together:
            closed = None
            if audited is not None:
                decision = audited.check(mutation.check.id).decision
                closed = decision is MigrationDecision.NOT_REQUIRED
            yield mutation, closed, problem


def _tables_of_entities(
    report: UserStateSchemaAuditReport,
) -> dict[str, set[tuple[str, str]]]:
    tables: dict[str, set[tuple[str, str]]] = {}
    for check in report.checks:
        tables.setdefault(check.entity, set()).update(
            (fact.about.schema, fact.about.table)
            for fact in check.evidence
            if fact.about
        )
    return tables


def _rounds(
    wanted: list[tuple[_Mutation, frozenset[SchemaObject]]],
    tables: cabc.Mapping[str, set[tuple[str, str]]],
) -> list[list[tuple[_Mutation, frozenset[SchemaObject]]]]:
    """Group what can be tried at once: the same loss, or entities apart."""
    rounds: list[list[tuple[_Mutation, frozenset[SchemaObject]]]] = []
    for mutation, lost in wanted:
        own = tables[mutation.check.entity]
        fitting = (
            together
            for together in rounds
            if all(
                lost == other_lost or own.isdisjoint(tables[other.check.entity])
                for other, other_lost in together
            )
        )
        together = next(fitting, None)
        if together is None:
            rounds.append(together := [])
        together.append((mutation, lost))
    return rounds


def _judged(
    mutation: _Mutation, *, closed: bool | None, is_overstated: bool
) -> tuple[FactResult, str]:
    beside = listed(map(str, mutation.substitutes))
    if closed is None:
        return FactResult.NOT_PROVED, ""
    if closed:
        without = "it" if not beside else f"it and {beside}"
        return FactResult.SURVIVED, f"without {without} the verdict is the same"
    if is_overstated:
        return FactResult.OVERSTATED, f"the verdict falls without {beside}"
    return FactResult.PROVED, ""


def _fact_proof(mutation: _Mutation, result: FactResult, reason: str) -> FactProof:
    return FactProof(
        check=mutation.check.id,
        subject=mutation.fact.subject,
        result=result,
        reason=reason,
    )


def prove_stale_writes(
    scratch: Scratch,
    tokens: cabc.Iterable[RevisionToken],
    snapshot: SchemaSnapshot,
    seeds: cabc.Mapping[str, str],
) -> tuple[StaleWriteProof, ...]:
    """Let two writers try to overwrite each other, for each token."""
    return tuple(_proof(scratch, token, snapshot, seeds) for token in tokens)


def _proof(
    scratch: Scratch,
    token: RevisionToken,
    snapshot: SchemaSnapshot,
    seeds: cabc.Mapping[str, str],
) -> StaleWriteProof:
    fault: str | None = None
    try:
        with scratch.trial(token, snapshot, seeds) as writers:
            fault = writers.fault
            tried = attrs.evolve(token, fault=token.fault or fault)
            return attrs.evolve(judge(tried, _histories(writers)), token=token)
    except UntriableError as error:
        return StaleWriteProof(
            token=token,
            result=(
                StaleWriteResult.UNUSABLE if fault else StaleWriteResult.INCONCLUSIVE
            ),
            reason=fault or str(error),
            remedy=error.remedy,
        )


def _token_of(
    write: ProgramWrite, tokens: cabc.Iterable[RevisionToken]
) -> RevisionToken:
    """Return the token that a write goes by: that of its table."""
    known: dict[str, RevisionToken] = {}
    for token in tokens:
        known.setdefault(f"{token.schema}.{token.table}", token)
        known.setdefault(token.table, token)
    if write.table in known:
        return known[write.table]
    qualified = [name for name in known if "." in name]
    tables = listed(qualified) if qualified else "no table of the audited schema"
    message = (
        f"{write} is to be proved for the table {write.table!r}, which has no revision "
        f"column that is audited.\nTables with one: {tables}."
    )
    raise ToolError(message)


def _tried(
    scratch: Scratch,
    write: ProgramWrite,
    by_token: StaleWriteProof,
    snapshot: SchemaSnapshot,
    seeds: cabc.Mapping[str, str],
) -> StaleWriteProof:
    """Let two writers carry out a write of the program, in every order."""
    histories: list[History] = []
    try:
        with scratch.trial(by_token.token, snapshot, seeds) as writers:
            for isolation, order in itertools.product(Isolation, orders()):
                histories.append(writers.play_write(order, isolation, write))
                if histories[-1].fault:
                    break
    except UntriableError as error:
        return StaleWriteProof(
            token=by_token.token,
            result=StaleWriteResult.INCONCLUSIVE,
            reason=str(error),
            remedy=error.remedy,
            write=write,
        )
    return judge_write(write, by_token, histories)


def _histories(writers: TwoWriters) -> list[History]:
    """Play every order at every isolation level, in every manner.

    A manner in which a stale write has taken effect, or a fresh one has not, is done
    with: what fails once has failed.
    """
    histories = []
    for manner in writers.manners:
        plays = list(itertools.product(Isolation, orders()))
        if manner.compares and manner.raises:
            plays.append((Isolation.READ_COMMITTED, ONE_WRITER))
        for isolation, order in plays:
            histories.append(writers.play(order, isolation, manner))
            if histories[-1].fault:
                break
    return histories


def tokens_of(model: AuditModel, snapshot: SchemaSnapshot) -> tuple[RevisionToken, ...]:
    """Return the revision tokens of the storages that the model finds, each once."""
    tokens: dict[str, RevisionToken] = {}
    for entity in model.entities:
        for candidate in classify(entity, snapshot, model).complete:
            for kept in candidate.revisions:
                token = _token(candidate, kept)
                known = tokens.setdefault(token.subject, token)
                names = dict.fromkeys((*known.entities, entity.name))
                tokens[token.subject] = attrs.evolve(known, entities=tuple(names))
    return tuple(tokens.values())


def _token(candidate: Candidate, kept: KeptRevision) -> RevisionToken:
    """Return the token; writers share a set if nothing else guards its rows."""
    model, table = candidate.model, candidate.table
    is_of_set = kept.is_own and not kept.ways and several_rows(model, table)
    return RevisionToken(
        schema=kept.table.schema,
        table=kept.table.name,
        column=kept.column.name,
        fault=kept.fault,
        payload=tuple(c.name for c in candidate.columns if kept.is_own),
        owners=tuple(sorted(owners(table))) if is_of_set else (),
    )
