"""The audit as a pipeline: target, snapshot, report, verdicts."""

from __future__ import annotations

import datetime as dt
import typing as typ

import attrs

from pytest_userstate.application.settings import Settings
from pytest_userstate.domain.advisories.advisory import Advisory, silence
from pytest_userstate.domain.advisories.rules import advise
from pytest_userstate.domain.contested import contested_tables
from pytest_userstate.domain.declared_schema import contradictions
from pytest_userstate.domain.downstream import WorkStatus, assess
from pytest_userstate.domain.errors import ToolError, UsageError
from pytest_userstate.domain.gate import Verdict, judge
from pytest_userstate.domain.model import AuditModel
from pytest_userstate.domain.ports import (
    AuditTarget,
    ProgramRepository,
    RuntimeWiringRepository,
    TargetDescription,
)
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.domain.unaudited import unaudited
from pytest_userstate.domain.wiring import Wiring

if typ.TYPE_CHECKING:
    from pytest_userstate.application.comparing.comparison import (
        Comparison,
        Reference,
    )
    from pytest_userstate.domain.state_diagram import StateDiagram


@attrs.frozen(kw_only=True)
class Findings:
    """What was found, before any policy is applied to it.

    Parameters
    ----------
    target : TargetDescription
        What was audited.
    server : str
        The server's version, such as ``18.6``.
    applied : int or None
        How many migrations were applied.
    stubs : tuple of str
        The extensions that were declared without their code.
    warnings : tuple of str
        What a careful reader should know.
    report : UserStateSchemaAuditReport
        The checks.
    advisories : tuple of Advisory
        What is worth a second look; none is silenced yet.
    diagram : StateDiagram or None
        The user-state tables; None where nobody asked for them.
    comparisons : tuple of Comparison
        How the schema compares with others.
    snapshot : str or None
        The schema as text, where it is to be written to a file.
    """

    target: TargetDescription
    server: str
    applied: int | None
    stubs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    report: UserStateSchemaAuditReport
    advisories: tuple[Advisory, ...] = ()
    diagram: StateDiagram | None = None
    comparisons: tuple[Comparison, ...] = ()
    snapshot: str | None = None


@attrs.frozen(kw_only=True)
class Audit:
    """What was found, and what the repository's policy makes of it.

    Parameters
    ----------
    settings : Settings
        What the repository has configured.
    findings : Findings
        What was found.
    verdicts : tuple of Verdict
        What the gate says to each check.
    downstream : tuple of WorkStatus
        Which planned work can start.
    advisories : tuple of Advisory
        Those of the findings, with the reasons of those that are silenced.
    warnings : tuple of str
        Those of the findings, and what is wrong with the policy itself.
    """

    settings: Settings
    findings: Findings
    verdicts: tuple[Verdict, ...]
    downstream: tuple[WorkStatus, ...]
    advisories: tuple[Advisory, ...] = ()
    warnings: tuple[str, ...] = ()

    def verdict(self, check_id: str) -> Verdict:
        """Return the verdict on the check of this id."""
        return next(each for each in self.verdicts if each.check.id == check_id)

    def comparison(self, name: str) -> Comparison:
        """Return the comparison of this name."""
        return next(each for each in self.findings.comparisons if each.name == name)


@attrs.frozen(kw_only=True)
class Wanted:
    """What a run wants to know beside the checks.

    Parameters
    ----------
    diagram : bool
        Whether a report will want the diagram of the user-state tables.
    references : tuple of Reference
        What the schema is compared with.
    snapshot : bool
        Whether the schema will be written to a file.
    """

    diagram: bool = False
    references: tuple[Reference, ...] = ()
    snapshot: bool = False


_NOTHING_MORE: typ.Final = Wanted()


def find(
    target: AuditTarget,
    settings: Settings,
    wiring: RuntimeWiringRepository,
    program: ProgramRepository,
    *,
    wanted: Wanted = _NOTHING_MORE,
) -> Findings:
    """Prepare the target, read its schema, and answer every check.

    Parameters
    ----------
    target : AuditTarget
        What is audited.
    settings : Settings
        What the repository has configured.
    wiring : RuntimeWiringRepository
        What stands behind the entities' ports.
    program : ProgramRepository
        What else the program's sources say.
    wanted : Wanted
        What else is wanted.

    Raises
    ------
    ToolError
        When the server, a migration, or reading the schema failed.
    """
    with target.open() as opened:
        snapshot = opened.load()
        known = known_wiring(wiring, program, snapshot, settings.model)
        report = UserStateSchemaAuditReport.evaluate(
            snapshot, model=settings.model, wiring=known
        )
        findings = Findings(
            target=target.description,
            server=opened.server_version,
            applied=opened.applied,
            stubs=tuple(each.name for each in snapshot.extensions if each.is_stub),
            warnings=(
                *unaudited(
                    snapshot, report, settings.model.schemas, target.description
                ),
                *opened.warnings,
                *known.warnings,
            ),
            report=report,
            advisories=advise(snapshot, model=settings.model),
            diagram=_diagram(snapshot, settings.model) if wanted.diagram else None,
        )
    return attrs.evolve(
        findings,
        comparisons=_compared(snapshot, wanted.references),
        snapshot=_text(snapshot) if wanted.snapshot else None,
    )


def _compared(
    snapshot: SchemaSnapshot, references: tuple[Reference, ...]
) -> tuple[Comparison, ...]:
    if not references:
        return ()
    from pytest_userstate.application.comparing.comparison import (  # noqa: PLC0415 - costs time
        compare,
    )

    return tuple(compare(each, snapshot) for each in references)


def _text(snapshot: SchemaSnapshot) -> str:
    from pytest_userstate.application.snapshots.writing import (  # noqa: PLC0415 - costs time
        write_snapshot,
    )

    return write_snapshot(snapshot)


def _diagram(snapshot: SchemaSnapshot, model: AuditModel) -> StateDiagram:
    """Draw the diagram, with modules that most runs do without."""
    from pytest_userstate.domain.state_drawing import draw  # noqa: PLC0415

    return draw(snapshot, model)


def known_wiring(
    wiring: RuntimeWiringRepository,
    program: ProgramRepository,
    snapshot: SchemaSnapshot,
    model: AuditModel,
) -> Wiring:
    """Return the wiring, with what else the program says about the snapshot.

    Which tables it names is only looked up where several tables store the same.

    Raises
    ------
    ToolError
        When the wiring cannot be told after all.
    """
    try:
        known = wiring.load()
    except UsageError as error:
        # Where the run was told ahead of time this cannot happen; a process that was
        # not, such as a worker, can only give up.
        raise ToolError(str(error)) from error
    contested = contested_tables(snapshot, model)
    declared = program.declared_tables()
    return attrs.evolve(
        known,
        mentions=program.mentions(contested) if contested else known.mentions,
        declared_tables=declared,
        warnings=(*known.warnings, *contradictions(declared, snapshot, model)),
    )


def conclude(findings: Findings, settings: Settings, *, today: dt.date) -> Audit:
    """Apply the gate and the silences, and assess the downstream work.

    Parameters
    ----------
    findings : Findings
        What was found.
    settings : Settings
        What the repository has configured.
    today : datetime.date
        The day in UTC that acceptances are held against.
    """
    silenced = silence(findings.advisories, settings.silences)
    return Audit(
        settings=settings,
        findings=findings,
        verdicts=judge(findings.report, settings.gate, today=today),
        downstream=assess(findings.report, settings.downstream),
        advisories=silenced.advisories,
        warnings=(*findings.warnings, *silenced.complaints),
    )
