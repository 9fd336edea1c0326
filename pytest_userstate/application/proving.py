"""Trying out what the audit says, in copies of the migrated database."""

from __future__ import annotations

import collections.abc as cabc
import itertools

import attrs

from pytest_userstate.domain.classification import Candidate, classify
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.ports import Scratch, TwoWriters, UntriableError
from pytest_userstate.domain.proof import Proof
from pytest_userstate.domain.revision_columns import (
    KeptRevision,
    owners,
    several_rows,
)
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.stale_writes import (
    ONE_WRITER,
    History,
    Isolation,
    RevisionToken,
    StaleWriteProof,
    StaleWriteResult,
    judge,
    orders,
)


def prove(
    scratch: Scratch,
    snapshot: SchemaSnapshot,
    model: AuditModel,
    *,
    seeds: cabc.Mapping[str, str],
) -> Proof:
    """Try out the revision tokens of the audited storages."""
    return Proof(
        stale_writes=prove_stale_writes(
            scratch, tokens_of(model, snapshot), snapshot, seeds
        )
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
    try:
        with scratch.trial(token, snapshot, seeds) as writers:
            return judge(token, _histories(writers))
    except UntriableError as error:
        return StaleWriteProof(
            token=token,
            result=StaleWriteResult.INCONCLUSIVE,
            reason=str(error),
            remedy=error.remedy,
        )


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
