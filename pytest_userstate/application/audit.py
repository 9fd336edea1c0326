"""The audit as a pipeline: target, snapshot, report, verdicts."""

from __future__ import annotations

import datetime as dt

import attrs

from pytest_userstate.application.settings import Settings
from pytest_userstate.domain.advisories.advisory import Advisory, silence
from pytest_userstate.domain.advisories.rules import advise
from pytest_userstate.domain.downstream import WorkStatus, assess
from pytest_userstate.domain.gate import Verdict, judge
from pytest_userstate.domain.ports import AuditTarget, TargetDescription
from pytest_userstate.domain.report import UserStateSchemaAuditReport
from pytest_userstate.domain.wiring import Wiring


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
    """

    target: TargetDescription
    server: str
    applied: int | None
    stubs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    report: UserStateSchemaAuditReport
    advisories: tuple[Advisory, ...] = ()


@attrs.frozen(kw_only=True)
class Audit:
    """What was found, and what the repository's policy makes of it.

    Parameters
    ----------
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

    findings: Findings
    verdicts: tuple[Verdict, ...]
    downstream: tuple[WorkStatus, ...]
    advisories: tuple[Advisory, ...] = ()
    warnings: tuple[str, ...] = ()

    def verdict(self, check_id: str) -> Verdict:
        """Return the verdict on the check of this id."""
        return next(each for each in self.verdicts if each.check.id == check_id)


def find(target: AuditTarget, settings: Settings, wiring: Wiring) -> Findings:
    """Prepare the target, read its schema, and answer every check.

    Raises
    ------
    ToolError
        When the server, a migration, or reading the schema failed.
    """
    with target.open() as opened:
        snapshot = opened.load()
        return Findings(
            target=target.description,
            server=opened.server_version,
            applied=opened.applied,
            stubs=tuple(each.name for each in snapshot.extensions if each.is_stub),
            warnings=opened.warnings,
            report=UserStateSchemaAuditReport.evaluate(
                snapshot, model=settings.model, wiring=wiring
            ),
            advisories=advise(snapshot, model=settings.model),
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
        findings=findings,
        verdicts=judge(findings.report, settings.gate, today=today),
        downstream=assess(findings.report, settings.downstream),
        advisories=silenced.advisories,
        warnings=(*findings.warnings, *silenced.complaints),
    )
