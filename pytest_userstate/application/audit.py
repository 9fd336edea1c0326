"""The audit, from its settings to what the gate says: one function, top to bottom."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import pathlib
import typing as typ

import attrs

from pytest_userstate.application.settings import Home, Settings
from pytest_userstate.domain.advisories import advise
from pytest_userstate.domain.classification import contested_tables
from pytest_userstate.domain.downstream import WorkStatus, assess
from pytest_userstate.domain.drafts import VerifiedDraft
from pytest_userstate.domain.errors import ToolError, UsageError
from pytest_userstate.domain.gate import Outcome, Verdict, judge
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.ports import (
    AuditTarget,
    OpenTarget,
    ProgramRepository,
    RuntimeWiringRepository,
    TargetDescription,
)
from pytest_userstate.domain.proof import Proof, confronted
from pytest_userstate.domain.recognition.recognizing import taking, with_recognized
from pytest_userstate.domain.recognition.result import Recognition
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.unaudited import unaudited
from pytest_userstate.domain.user_state import Advisory, mark_ignored
from pytest_userstate.domain.wiring import Wiring, contradictions
from pytest_userstate.domain.writes import guarded_tables

if typ.TYPE_CHECKING:
    from pytest_userstate.application.comparison import Comparison, Reference
    from pytest_userstate.domain.stale_writes import StaleWriteProof
    from pytest_userstate.domain.state_diagram import StateDiagram
    from pytest_userstate.domain.timeline import Timeline


@attrs.frozen(kw_only=True)
class Prepared:
    """What an audit reads, put together before anything is started."""

    settings: Settings
    target: AuditTarget
    wiring: RuntimeWiringRepository
    program: ProgramRepository
    references: tuple[Reference, ...] = ()
    """What the audited schema is compared with."""
    draws: bool = False
    """Whether a report will have the diagram and the timeline of user state."""
    snapshot: str | None = None
    """The file that the audited schema will be written to."""
    base: pathlib.Path = pathlib.Path()
    """The folder that paths of the audit are relative to."""
    configuration: pathlib.Path | None = None
    """The configuration file, if there is one."""
    writes_configuration: bool = False
    """Whether what was found is written down as a configuration."""
    proves: bool = False
    """Whether what the audit says is tried out in copies of the database."""
    ask_writes: cabc.Callable[[], cabc.Iterable[object]] | None = None
    """Ask the repository's own hook for the writes of the program."""
    drafts: str | None = None
    """The folder that drafts are written to; "-" if they are only shown."""
    accepts_gaps: bool = False
    """Whether the gaps that are there are accepted, for a gate that begins today."""
    configured: str = "no configuration file"
    """The same, for people."""
    warnings: tuple[str, ...] = ()
    """What the user should change in the command, or in the configuration."""
    first_file: pathlib.Path | None = None
    """The first file of the target, if it has files."""

    @property
    def name(self) -> str:
        """The target's name; empty if the configuration has no targets."""
        return self.settings.home.target


_BAD: typ.Final = (
    Outcome.FAILED,
    Outcome.ACCEPTED,
    Outcome.DEFERRED,
    Outcome.PASSED,
    Outcome.NOT_GATED,
)
"""What a gate can decide, the worst first."""


@attrs.frozen(kw_only=True)
class Audit:
    """What an audit found out, and what the repository's policy makes of it."""

    settings: Settings
    target: TargetDescription
    server: str
    """The server's version, such as ``18.6``."""
    applied: int | None
    """How many migrations were applied, if that is known."""
    stubs: tuple[str, ...] = ()
    """The extensions that were declared without their code."""
    report: UserStateSchemaAuditReport
    verdicts: tuple[Verdict, ...]
    downstream: tuple[WorkStatus, ...]
    recognition: Recognition | None = None
    """What was recognized of the entities that are stored where no model looks."""
    advisories: tuple[Advisory, ...] = ()
    warnings: tuple[str, ...] = ()
    diagram: StateDiagram | None = None
    timeline: Timeline | None = None
    """What the migrations did to user state, if a report will have it."""
    comparisons: tuple[Comparison, ...] = ()
    proof: Proof | None = None
    """What copies of the database showed, if that was asked for."""
    drafts: tuple[VerifiedDraft, ...] = ()
    """A migration for each check that needs one, if that was asked for."""
    snapshot: str | None = None
    """The schema as text, if it will be written to a file."""
    schemas: tuple[str, ...] = ()
    """The schemas of tenants that it is about, if a pattern names them."""
    others: tuple[Audit, ...] = ()
    """The audits of schemas that differ from these."""

    @property
    def model(self) -> AuditModel:
        """What was looked for: the configured model, with what was recognized."""
        model, recognition = self.settings.model, self.recognition
        return taking(model, recognition) if recognition else model

    def verdict(self, check_id: str) -> Verdict:
        """Return the verdict on a check, the worst one if schemas differ."""
        return self.worst(check_id)[0].own_verdict(check_id)

    def own_verdict(self, check_id: str) -> Verdict:
        """Return the verdict on a check in these schemas alone."""
        return next(v for v in self.verdicts if v.check.id == check_id)

    def worst(self, check_id: str) -> list[Audit]:
        """Return the audits with the worst outcome of a check."""
        ranks: dict[int, list[Audit]] = {}
        for audit in (self, *self.others):
            outcome = audit.own_verdict(check_id).outcome
            ranks.setdefault(_BAD.index(outcome), []).append(audit)
        return ranks[min(ranks)]

    def comparison(self, name: str) -> Comparison:
        """Return the comparison of a name."""
        return next(c for c in self.comparisons if c.name == name)


def audit(prepared: Prepared, *, today: dt.date) -> Audit:
    """Carry out the audit; acceptances are judged by `today`, a day in UTC.

    Raises
    ------
    ToolError
        When the server, a migration, or reading the schema failed.
    """
    settings, target = prepared.settings, prepared.target

    # The server starts, and the migrations are applied; a live database is only read.
    with target.open() as database:
        snapshot = database.load()
        server, applied = database.server_version, database.applied
        preparation = database.warnings

        # How each entity can be stored.
        model = settings.model
        if settings.recognize:
            model = with_recognized(model, snapshot)

        # If asked for: what copies of the database show beyond the schema.
        proof = _proved(prepared, database, snapshot, model)
        drafts = _drafted(prepared, database, snapshot, model)

    # Which storage the running program uses.
    wiring = known_wiring(prepared.wiring, prepared.program, snapshot, model)

    # Coverage, decisions and their evidence; then what is worth a second look.
    report = UserStateSchemaAuditReport.evaluate(snapshot, model=model, wiring=wiring)
    report = _for_file(settings.home, report)
    if prepared.accepts_gaps:
        settings = _accepting(report, settings, today)
    outside = unaudited(snapshot, report, model.schemas, target.description)
    advice = mark_ignored(advise(snapshot, model=model), settings.ignored)

    # Beside that, what differs from a snapshot file or a live database.
    comparisons = compared(snapshot, prepared.references)
    notes = (comparison.note for comparison in comparisons if comparison.note)

    return Audit(
        settings=settings,
        target=target.description,
        server=server,
        applied=applied,
        stubs=tuple(
            extension.name for extension in snapshot.extensions if extension.is_stub
        ),
        report=report,
        verdicts=confronted(judge(report, settings.gate, today=today), proof),
        downstream=assess(report, settings.downstream),
        recognition=model.recognition,
        advisories=advice.advisories,
        proof=proof,
        drafts=drafts,
        warnings=(
            *prepared.warnings,
            *map(settings.home.written, (*outside, *preparation)),
            *wiring.warnings,
            *map(settings.home.written, advice.complaints),
            *notes,
        ),
        diagram=_drawn(snapshot, model) if prepared.draws else None,
        timeline=_retraced(snapshot, model) if prepared.draws else None,
        comparisons=comparisons,
        snapshot=written_snapshot(snapshot) if prepared.snapshot is not None else None,
    )


def _proved(
    prepared: Prepared,
    database: OpenTarget,
    snapshot: SchemaSnapshot,
    model: AuditModel,
) -> Proof | None:
    scratch = database.scratch if prepared.proves else None
    if scratch is None:
        return None
    from pytest_userstate.application.proving import prove  # noqa: PLC0415 - rare

    settings, ask = prepared.settings.prove, prepared.ask_writes
    proof = prove(scratch, snapshot, model, settings, ask_writes=ask)
    written = prepared.settings.home.written

    def for_file(proved: StaleWriteProof) -> StaleWriteProof:
        return attrs.evolve(proved, remedy=tuple(map(written, proved.remedy)))

    return attrs.evolve(
        proof,
        stale_writes=tuple(map(for_file, proof.stale_writes)),
        program_writes=tuple(map(for_file, proof.program_writes)),
    )


def _drafted(
    prepared: Prepared,
    database: OpenTarget,
    snapshot: SchemaSnapshot,
    model: AuditModel,
) -> tuple[VerifiedDraft, ...]:
    scratch = database.scratch if prepared.drafts is not None else None
    if scratch is None:
        return ()
    from pytest_userstate.application.drafting import (  # noqa: PLC0415 - rare
        draft_migrations,
    )

    return draft_migrations(scratch, snapshot, model)


def _for_file(
    home: Home, report: UserStateSchemaAuditReport
) -> UserStateSchemaAuditReport:
    """Return the report with its hints as the configuration's file spells them."""
    if not home.table:
        return report
    checks = [
        attrs.evolve(
            check,
            rationale=home.written(check.rationale),
            evidence=[
                attrs.evolve(fact, detail=home.written(fact.detail))
                for fact in check.evidence
            ],
        )
        for check in report.checks
    ]
    return attrs.evolve(report, checks=checks)


def _accepting(
    report: UserStateSchemaAuditReport, settings: Settings, today: dt.date
) -> Settings:
    """Return the settings with an acceptance of each gap that is there."""
    from pytest_userstate.application.first_configuration import (  # noqa: PLC0415 - rare
        accepting_gaps,
    )

    gate = settings.gate
    new = accepting_gaps(report, gate, today=today)
    gate = attrs.evolve(gate, acceptances=(*gate.acceptances, *new))
    return attrs.evolve(settings, gate=gate)


def known_wiring(
    wiring: RuntimeWiringRepository,
    program: ProgramRepository,
    snapshot: SchemaSnapshot,
    model: AuditModel,
) -> Wiring:
    """Return the wiring, with what else the program says about the snapshot.

    Which tables it names is only looked up if several tables store the same.
    """
    try:
        known = wiring.load()
    except UsageError as error:
        # A process that has not loaded it ahead, such as a worker, can only give up.
        raise ToolError(str(error)) from error
    contested = contested_tables(snapshot, model)
    guarded = guarded_tables(snapshot, model)
    writes = program.writes(guarded) if guarded else None
    declared = program.declared_tables()
    return attrs.evolve(
        known,
        mentions=program.mentions(contested) if contested else known.mentions,
        writes=writes,
        declared_tables=declared,
        warnings=dict.fromkeys(
            (
                *known.warnings,
                *(writes.warnings if writes else ()),
                *contradictions(declared, snapshot, model),
            )
        ),
    )


def compared(
    snapshot: SchemaSnapshot, references: tuple[Reference, ...]
) -> tuple[Comparison, ...]:
    """Return how a schema compares with others."""
    if not references:
        return ()
    from pytest_userstate.application.comparison import (  # noqa: PLC0415 - 25 ms
        compare,
    )

    return tuple(compare(reference, snapshot) for reference in references)


def _drawn(snapshot: SchemaSnapshot, model: AuditModel) -> StateDiagram:
    from pytest_userstate.domain.state_diagram import draw  # noqa: PLC0415 - reports

    return draw(snapshot, model)


def _retraced(snapshot: SchemaSnapshot, model: AuditModel) -> Timeline:
    from pytest_userstate.domain.timeline import timeline  # noqa: PLC0415 - reports

    return timeline(snapshot, model)


def written_snapshot(snapshot: SchemaSnapshot) -> str:
    """Return a schema as the text of a snapshot file."""
    from pytest_userstate.application.snapshot_text import (  # noqa: PLC0415 - rare
        write_snapshot,
    )

    return write_snapshot(snapshot)
