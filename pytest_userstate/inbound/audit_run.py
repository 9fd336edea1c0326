"""The audit of one run: carried out once, when the first check needs it."""

from __future__ import annotations

import collections.abc as cabc
import datetime as dt
import json

from pytest_userstate.application.audit import Audit, Findings, Wanted, conclude, find
from pytest_userstate.application.defects import defect
from pytest_userstate.application.preparation import Prepared
from pytest_userstate.application.reporting.json_report import dump
from pytest_userstate.domain.errors import DefectError, MigrationError, ToolError
from pytest_userstate.domain.ports import Exchange


class AuditRun:
    """Carries the audit out, or reads what another process of the run found."""

    def __init__(
        self,
        prepared: Prepared,
        *,
        exchange: Exchange | None,
        today: dt.date,
        draws: bool = False,
    ) -> None:
        """Prepare to audit; nothing is started yet.

        `draws` says whether a report will want the diagram.
        """
        self.prepared = prepared
        self._draws = draws
        self._exchange = exchange
        self._today = today
        self._references = prepared.references
        self._audit: Audit | None = None
        self._error: ToolError | DefectError | None = None

    @property
    def check_ids(self) -> tuple[str, ...]:
        """The ids of all checks, known before anything is started."""
        return self.prepared.settings.model.check_ids()

    @property
    def item_ids(self) -> tuple[str, ...]:
        """The ids of all checks, and the names of all comparisons."""
        return (*self.check_ids, *(each.name for each in self.prepared.references))

    def select(self, names: cabc.Container[str]) -> None:
        """Leave the comparisons out that nobody is going to ask for."""
        self._references = tuple(
            each for each in self.prepared.references if each.name in names
        )

    @property
    def error(self) -> ToolError | DefectError | None:
        """Why the audit could not be carried out, once that is known."""
        return self._error

    def audit(self) -> Audit:
        """Return the audit, carrying it out if nobody has yet.

        Raises
        ------
        ToolError, DefectError
            When it could not be carried out; the same error every time.
        """
        if self._error:
            raise self._error
        if self._audit is None:
            try:
                self._audit = self._conclude(self._find())
            except ToolError as error:
                self._error = error
                raise
            except Exception as error:
                self._error = defect(error)
                raise self._error from error
        return self._audit

    def peek(self) -> Audit | None:
        """Return the audit if some process of the run has carried it out."""
        if self._audit is None and self._error is None and self._exchange:
            text = self._exchange.peek()
            try:
                self._audit = self._conclude(self._read(text)) if text else None
            except (ToolError, DefectError) as error:
                self._error = error
        return self._audit

    def _find(self) -> Findings:
        if self._exchange is None:
            return self._carry_out()
        return self._read(self._exchange.once(self._produce))

    def _carry_out(self) -> Findings:
        prepared = self.prepared
        wanted = Wanted(
            diagram=self._draws,
            references=self._references,
            snapshot=prepared.snapshot is not None,
        )
        return find(
            prepared.target,
            prepared.settings,
            prepared.wiring,
            prepared.program,
            wanted=wanted,
        )

    def _produce(self) -> str:
        from pytest_userstate.application.reporting.shared_findings import (  # noqa: PLC0415 - costs time
            write_findings,
        )

        try:
            findings = self._carry_out()
        except MigrationError as error:
            return dump({"error": str(error), "path": error.path, "line": error.line})
        except ToolError as error:
            return dump({"error": str(error)})
        except Exception as error:  # noqa: BLE001 - the other processes hear of it
            return dump({"defect": str(defect(error))})
        return write_findings(findings)

    def _read(self, text: str) -> Findings:
        from pytest_userstate.application.reporting.shared_findings import (  # noqa: PLC0415 - costs time
            read_findings,
        )

        told = json.loads(text)
        if "path" in told:
            raise MigrationError(told["error"], path=told["path"], line=told["line"])
        if "defect" in told:
            raise DefectError(told["defect"])
        if "error" in told:
            raise ToolError(told["error"])
        return read_findings(text, self.prepared.target.description)

    def _conclude(self, findings: Findings) -> Audit:
        return conclude(findings, self.prepared.settings, today=self._today)
