"""The checks as pytest items, under a real file."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import pathlib
import typing as typ

import pytest

from pytest_userstate.application.audit import Audit
from pytest_userstate.application.defects import HEADLINE, defect
from pytest_userstate.application.printable import inert_lines
from pytest_userstate.application.reporting.text import explanation
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.gate import Outcome, Verdict
from pytest_userstate.inbound.audit_run import AuditRun

MARKER: typ.Final = "userstate"
CHECK: typ.Final = "userstate.check"
OUTCOME: typ.Final = "userstate.outcome"
DEFECT: typ.Final = "userstate.defect"
RUN: typ.Final = pytest.StashKey[AuditRun]()


class ChecksFile(pytest.File):
    """The file that the checks are collected from; its text is not read here."""

    def collect(self) -> cabc.Iterable[AuditItem]:
        """Yield an item for each check, in the order of the matrix, and comparison."""
        run = self.config.stash[RUN]
        for check_id in run.check_ids:
            yield CheckItem.from_parent(self, name=check_id)
        for reference in run.prepared.references:
            yield ComparisonItem.from_parent(self, name=reference.name)


class NoTests(pytest.File):
    """What stands in for a module that must not be imported for its tests."""

    def collect(self) -> cabc.Iterable[pytest.Item]:
        """Yield nothing."""
        return ()


class AuditItem(pytest.Item):
    """An item of the audit: carried out, or taken from others, in its setup."""

    def __init__(self, **arguments: typ.Any) -> None:
        """Mark the item, and name its check in reports."""
        super().__init__(**arguments)
        self.add_marker(MARKER)
        self.user_properties.append((CHECK, self.name))

    def setup(self) -> None:
        """Audit, or take what was found already; a failure is an error."""
        with self._reported_defects():
            audit, problem = self._carried_out()
            if audit is None:
                pytest.fail(problem, pytrace=False)
            self.prepare(audit)

    def runtest(self) -> None:
        """Turn the result into the outcome of a test."""
        with self._reported_defects():
            self.conclude()

    def conclude(self) -> None:
        """Turn the result into the outcome of a test."""
        raise NotImplementedError

    @contextlib.contextmanager
    def _reported_defects(self) -> cabc.Iterator[None]:
        """Hand an unexpected exception to the summary, which shows it once."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a defect
            self.user_properties.append((DEFECT, str(defect(error))))
            message = f"{HEADLINE}: the summary below describes it"
            raise pytest.fail.Exception(message, pytrace=False) from None

    def prepare(self, audit: Audit) -> None:
        """Tell what was found about this item in its properties."""
        raise NotImplementedError

    def _carried_out(self) -> tuple[Audit | None, str]:
        run = self.config.stash[RUN]
        was_told = run.error is not None
        try:
            return run.audit(), ""
        except ToolError as error:
            headline = "the audit could not be carried out"
            if was_told:
                return None, f"{headline}: see the first check"
            return None, f"{headline}\n{inert_lines(str(error))}"

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: typ.Any = None,
    ) -> typ.Any:
        """Show a verdict as its text; pytest would render a traceback to no use."""
        if isinstance(excinfo.value, pytest.fail.Exception | pytest.xfail.Exception):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[pathlib.Path, int, str]:
        """Name the item by its file and check (pytest wants some line, from 0)."""
        return self.path, 0, self.name


class CheckItem(AuditItem):
    """One check: the gate's verdict in its call."""

    def prepare(self, audit: Audit) -> None:
        """Tell what the audit says, and the gate."""
        self.user_properties.extend(_properties(audit.verdict(self.name)))

    def conclude(self) -> None:
        """Turn the verdict into the outcome of a test."""
        verdict = self.config.stash[RUN].audit().verdict(self.name)
        outcome = verdict.outcome
        if outcome.is_expected_failure and not self.config.option.runxfail:
            pytest.xfail(inert_lines(verdict.reason))
        if outcome.is_expected_failure or outcome is Outcome.FAILED:
            pytest.fail(explanation(verdict), pytrace=False)


class ComparisonItem(AuditItem):
    """One comparison: with a snapshot file, or with a live database."""

    def prepare(self, audit: Audit) -> None:
        """Tell the outcome; that there is none is an error."""
        comparison = audit.comparison(self.name)
        if comparison.error:
            problem = inert_lines(comparison.error)
            pytest.fail(
                f"the comparison could not be carried out\n{problem}", pytrace=False
            )
        self.user_properties.append((OUTCOME, comparison.outcome.value))

    def conclude(self) -> None:
        """Fail where the schemas differ."""
        comparison = self.config.stash[RUN].audit().comparison(self.name)
        if comparison.outcome is Outcome.FAILED:
            from pytest_userstate.application.reporting.other_schemas import (  # noqa: PLC0415 - costs time
                explanation,
            )

            pytest.fail(explanation(comparison), pytrace=False)


def _properties(verdict: Verdict) -> cabc.Iterator[tuple[str, str]]:
    check = verdict.check
    yield OUTCOME, verdict.outcome.value
    yield "userstate.coverage", check.coverage.value
    if check.decision:
        yield "userstate.decision", check.decision.value
    yield "userstate.rationale", check.rationale
