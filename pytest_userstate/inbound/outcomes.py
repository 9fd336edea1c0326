"""From pytest's reports back to the outcome of each check."""

from __future__ import annotations

import typing as typ

import pytest

from pytest_userstate.domain.gate import Outcome
from pytest_userstate.inbound.items import CHECK, DEFECT, OUTCOME


class Outcomes:
    """Collects what became of each check, in whichever process it ran.

    Attributes
    ----------
    of : dict of str to Outcome
        The outcome of each check that ran or was skipped.
    contradicted : list of str
        Checks for which pytest reports something else than the gate decided.
    defect : str
        What an item of the audit says about a defect of this package.
    """

    def __init__(self, *, runxfail: bool) -> None:
        """Start with nothing; `runxfail` turns expected failures into failures."""
        self.of: dict[str, Outcome] = {}
        self.contradicted: list[str] = []
        self.defect = ""
        self._runxfail = runxfail

    def record(self, report: pytest.TestReport) -> None:
        """Take a report into account; those of other tests are passed over."""
        properties: dict[str, typ.Any] = dict(report.user_properties)
        check = properties.get(CHECK)
        if check is None or report.outcome not in {"passed", "failed", "skipped"}:
            return
        if DEFECT in properties:
            self.defect = self.defect or properties[DEFECT]
            self.of[check] = Outcome.ERROR
        elif report.when == "call":
            self._record_call(check, report, Outcome(properties[OUTCOME]))
        elif report.failed:
            self.of[check] = Outcome.ERROR
        elif report.skipped:
            self.of[check] = Outcome.SKIPPED

    def _record_call(
        self, check: str, report: pytest.TestReport, verdict: Outcome
    ) -> None:
        expected = "passed"
        if verdict is Outcome.FAILED or (
            self._runxfail and verdict.is_expected_failure
        ):
            expected = "failed"
        elif verdict.is_expected_failure:
            expected = "xfailed"
        seen = report.outcome if report.outcome != "skipped" else "xfailed"
        if report.skipped and not hasattr(report, "wasxfail"):
            self.of[check] = Outcome.SKIPPED
        else:
            self.of[check] = Outcome.FAILED if report.failed else verdict
        if seen != expected:
            self.contradicted.append(check)
