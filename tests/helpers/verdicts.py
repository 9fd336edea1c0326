"""What every check has to satisfy, restated from the design."""

from __future__ import annotations

import collections.abc as cabc

from pytest_userstate.domain.evidence import Check
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot, Table
from tests.helpers.oracle import Answer

CLOSED = {
    "covered",
    "credentials_persisted",
    "canonical_preferences",
    "canonical_join_table",
    "tracked",
    "detectable",
}
OPEN = {
    "missing",
    "missing_credential_storage",
    "dual_model",
    "ambiguous",
    "untracked",
    "absent",
    "unreliable",
}


def faults(check: Check, snapshot: SchemaSnapshot) -> list[str]:
    """Return everything that is wrong with a check, whatever it should say."""
    if check.axis == "wiring":
        return [] if check.decision is None else ["wiring has a decision"]
    return [
        *_evidence_faults(check),
        *_untrue(check, snapshot),
        *_contradictions(check),
        *_clumsy(check),
    ]


def _evidence_faults(check: Check) -> list[str]:
    """Hold the check against the evidence rule."""
    kinds = [str(fact.kind) for fact in check.evidence]
    against = {"absent", "contradiction"} & {*kinds}
    groups = [fact.group for fact in check.evidence if fact.group is not None]
    supported = {
        fact.group for fact in check.evidence if fact.kind in {"present", "declared"}
    }
    alternatives = {(fact.group, fact.alternative) for fact in check.evidence}
    found = []
    if len(alternatives) != len({group for group, _ in alternatives}):
        found.append("a group belongs to several alternatives")
    if sorted(set(groups)) != list(range(1, len(set(groups)) + 1)):
        found.append(f"groups are numbered {groups}")
    if (check.decision == "deferred") is not (check.prerequisite is not None):
        found.append("prerequisite and deferred do not go together")
    if check.decision == "required" and not against:
        found.append("required without anything absent or contradictory")
    if check.decision == "not_required" and (against or not groups):
        found.append("not required, but something speaks against it, or nothing for it")
    if check.decision == "not_required" and not {*groups} <= supported:
        found.append("not required, but a group has no support")
    return found


def _untrue(check: Check, snapshot: SchemaSnapshot) -> list[str]:
    """Look every fact up in the snapshot."""
    there = set()
    for table in snapshot.tables:
        name = table.qualified_name
        there |= {name, *(f"{name}.{column.name}" for column in table.columns)}
    wrong = []
    for fact in check.evidence:
        is_there = fact.subject in there
        if fact.kind in {"present", "contradiction"} and not is_there:
            wrong.append(f"evidence says {fact}, but it is not there")
        if fact.kind == "absent" and is_there:
            wrong.append(f"evidence says {fact}, but it is there")
    return wrong


def _contradictions(check: Check) -> list[str]:
    """Hold the two-level reading of the decision against the coverage."""
    assert check.decision is not None
    needs = check.decision.needs_migration
    if check.coverage in OPEN and not needs:
        return [f"{check.coverage} needs no migration"]
    incomplete = check.canonical is not None and check.canonical not in check.models
    if check.coverage in CLOSED and needs and not incomplete:
        return [f"{check.coverage} needs a migration"]
    return [] if check.coverage in OPEN | CLOSED else [f"unknown {check.coverage}"]


def _clumsy(check: Check) -> list[str]:
    """Look for what a template leaves behind."""
    text = check.rationale
    signs = ("None", "  ", ". .", ", and and", "()", ";;", "\n", "Coverage")
    return [f"rationale has {sign!r}: {text}" for sign in signs if sign in text] + (
        [] if text else ["no rationale"]
    )


def differences(check: Check, answer: Answer) -> list[str]:
    """Return where the check says something else than the answer."""
    found = []
    if check.coverage != answer.coverage:
        found.append(f"coverage {check.coverage}, not {answer.coverage}")
    if check.decision != answer.decision:
        found.append(f"decision {check.decision}, not {answer.decision}")
    prerequisite = check.prerequisite
    if isinstance(answer.prerequisite, str):
        if prerequisite is None or prerequisite.check != answer.prerequisite:
            found.append(f"prerequisite {prerequisite}, not {answer.prerequisite}")
    elif answer.prerequisite is None:
        if prerequisite is not None:
            found.append(f"prerequisite {prerequisite}, not none")
    else:
        condition = (prerequisite.condition or "") if prerequisite else ""
        if not all(name in condition for name in (*answer.prerequisite, "retired")):
            found.append(f"prerequisite {prerequisite}, not {answer.prerequisite}")
    return [f"{check.id}: {each}" for each in found]


def disagreements(
    tables: cabc.Iterable[Table],
    model: AuditModel,
    answers: dict[str, Answer],
    models: list[str] | None = None,
) -> list[str]:
    """Audit the tables; return where the report differs, and what is wrong."""
    snapshot = SchemaSnapshot(tables)
    report = UserStateSchemaAuditReport.evaluate(snapshot, model=model)
    found = []
    for check in report.checks:
        found += faults(check, snapshot)
        if check.id not in answers:
            continue
        found += differences(check, answers[check.id])
        if models is not None and list(check.models) != models:
            found.append(f"{check.id}: models {check.models}, not {models}")
        canonical = declared_canonical(model, check.entity)
        if check.canonical != canonical:
            found.append(f"{check.id}: canonical {check.canonical}, not {canonical}")
    checked = {check.id for check in report.checks}
    found += [f"there is no check {each}" for each in answers if each not in checked]
    columns = {t.qualified_name: [c.name for c in t.columns] for t in snapshot.tables}
    return [f"{each}\n    where the tables are {columns}" for each in found]


def declared_canonical(model: AuditModel, name: str) -> str | None:
    """Return what the model declares canonical for the entity."""
    entity = model.entity(name)
    return entity.canonical.model if entity and entity.canonical else None


def report_all(found: list[str]) -> None:
    """Fail with the first few disagreements, and how many there are."""
    assert not found, f"{len(found)} disagreements:\n" + "\n".join(found[:5])
