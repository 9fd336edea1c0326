"""What the steps of one scenario share."""

from __future__ import annotations

import typing as typ

if typ.TYPE_CHECKING:
    from pytest_userstate.domain.model import AuditModel
    from pytest_userstate.domain.report import UserStateSchemaAuditReport
    from pytest_userstate.domain.wiring import Wiring


class UserStateScenario:
    """What the scenario has said so far, and what the audit has answered.

    Attributes
    ----------
    model : AuditModel
        What the audit looks for: as configured, and as the scenario changed it.
    wiring : Wiring
        What stands behind the ports, likewise.
    """

    def __init__(self, model: AuditModel, wiring: Wiring) -> None:
        """Start with what the repository has configured."""
        self.model = model
        self.wiring = wiring
        self._report: UserStateSchemaAuditReport | None = None

    @property
    def report(self) -> UserStateSchemaAuditReport:
        """What the audit of the scenario says, once it has run."""
        if self._report is None:
            message = "no audit has run: add the step `When the user-state audit runs`"
            raise LookupError(message)
        return self._report

    @report.setter
    def report(self, report: UserStateSchemaAuditReport) -> None:
        self._report = report
