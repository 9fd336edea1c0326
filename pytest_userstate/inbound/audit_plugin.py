"""The hooks of an audited run, on the controller and on workers alike."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import typing as typ

import attrs
import pytest

from pytest_userstate.application.defects import defect, is_ours
from pytest_userstate.application.run_record import Failure, RunRecord, Status
from pytest_userstate.domain.errors import MigrationError
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.inbound import collection, completeness, publishing, terminal
from pytest_userstate.inbound.audit_run import AuditRun
from pytest_userstate.inbound.items import RUN, AuditItem, ChecksFile, NoTests
from pytest_userstate.inbound.outcomes import Outcomes

UNUSED_CONFTEST: typ.Final = pytest.StashKey[str]()
"""What the header says about a conftest that the checks do without."""


class AuditPlugin:
    """Collects the checks, follows what becomes of them, and reports it."""

    def __init__(self, config: pytest.Config, run: AuditRun) -> None:
        """Take part in the run, and make pytest collect the checks."""
        config.stash[RUN] = run
        self._config = config
        self._run = run
        self._file = collection.checks_file(config, run.prepared)
        self._exclusive = collection.include(config, self._file)
        self._collected = completeness.Collected()
        self._outcomes = Outcomes(runxfail=config.option.runxfail)
        self._record = RunRecord()
        self._published = publishing.Published()
        self._session: pytest.Session | None = None
        self._internal_error: Failure | None = None

    @property
    def collected(self) -> completeness.Collected:
        """What became of the checks before any of them ran."""
        return self._collected

    def pytest_report_header(self) -> list[str]:
        """Say what is audited, how it was found, and on which server."""
        return terminal.header(
            self._run.prepared,
            exclusive=self._exclusive,
            unused_conftest=self._config.stash.get(UNUSED_CONFTEST, ""),
        )

    def pytest_collect_file(
        self, file_path: pathlib.Path, parent: pytest.Collector
    ) -> ChecksFile | None:
        """Collect the checks from the file that they stand under."""
        if file_path != self._file:
            return None
        nodeid = pathlib.PurePath(os.path.relpath(file_path, self._config.rootpath))
        return ChecksFile.from_parent(parent, path=file_path, nodeid=nodeid.as_posix())

    def pytest_pycollect_makemodule(
        self, module_path: pathlib.Path, parent: pytest.Collector
    ) -> NoTests | None:
        """Let nobody import a program because the checks stand under it."""
        if module_path != self._file:
            return None
        return NoTests.from_parent(parent, path=module_path)

    def pytest_deselected(self, items: cabc.Sequence[pytest.Item]) -> None:
        """Remember which checks were deselected in the open."""
        self._collected.deselected |= {
            item.name for item in items if isinstance(item, AuditItem)
        }

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember which checks are about to run."""
        names = {item.name for item in session.items if isinstance(item, AuditItem)}
        self._collected.selected |= names
        self._run.select(names)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Follow what becomes of each check."""
        self._outcomes.record(report)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int | pytest.ExitCode
    ) -> None:
        """Hold what ran against what should have, and write the reports."""
        if hasattr(self._config, "workerinput"):
            return
        self._session = session
        try:
            self._finish(session, exitstatus)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a defect
            self._fail(error)
            self._published = publishing.publish(
                self._config, self._run.prepared, self._record
            )

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[typ.Any]) -> None:
        """Remember why pytest gives up, for the reports; pytest itself shows it."""
        if is_ours(excinfo.value):
            message = str(defect(excinfo.value))
            self._internal_error = Failure(kind="defect", message=message)
        else:
            message = f"pytest ended with an internal error: {excinfo.exconly()}"
            self._internal_error = Failure(kind="not_run", message=message)

    def _fail(self, error: Exception) -> None:
        """End the run as one that this package failed in."""
        failure = Failure(kind="defect", message=str(defect(error)))
        self._record = RunRecord(failure=failure)
        if self._session:
            self._session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def _finish(
        self, session: pytest.Session, exitstatus: int | pytest.ExitCode
    ) -> None:
        prepared = self._run.prepared
        self._record = self._conclude(exitstatus)
        if not self._config.option.collectonly:
            self._record = attrs.evolve(
                self._record,
                documents=publishing.check_documents(
                    self._config, prepared.store, self._record
                ),
            )
            session.exitstatus = self._exit_status(session.exitstatus)
        self._published = publishing.publish(self._config, prepared, self._record)
        if self._published.problems:
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Show the audit at the end of the run."""
        if self._config.option.collectonly:
            return
        try:
            self._summarize(terminalreporter)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a defect
            self._fail(error)
            self._summarize(terminalreporter)

    def _summarize(self, terminalreporter: pytest.TerminalReporter) -> None:
        published = self._published
        terminal.summary(
            terminalreporter,
            self._record,
            notes=[*self._complaints(), *published.problems],
            written=published.written,
        )
        terminal.documents(
            terminalreporter,
            self._record,
            publishing.complaints(self._config, self._record.documents),
        )
        terminal.last_line(terminalreporter, self._record, published.problems)
        for line in published.annotations:
            terminalreporter.write_line(line)

    def _conclude(self, exitstatus: int | pytest.ExitCode) -> RunRecord:
        audit = self._run.peek()
        seen = self._outcomes.of
        ran = {check for check, how in seen.items() if how is not Outcome.SKIPPED}
        selection = completeness.selection_of(self._config, self._file)
        missing: tuple[str, ...] = ()
        if exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, 5}:
            missing = completeness.vanished(
                self._run.item_ids, ran, self._collected, selection
            )
        return RunRecord(
            audit=audit,
            failure=self._failure(exitstatus, has_audit=audit is not None),
            outcomes={
                check: seen.get(check, Outcome.DESELECTED)
                for check in self._run.item_ids
            },
            vanished=() if self._config.option.collectonly else missing,
            contradicted=tuple(self._outcomes.contradicted),
        )

    def _failure(
        self, exitstatus: int | pytest.ExitCode, *, has_audit: bool
    ) -> Failure | None:
        if self._outcomes.defect:
            return Failure(kind="defect", message=self._outcomes.defect)
        if self._internal_error:
            return self._internal_error
        if has_audit:
            return None
        if self._run.error:
            error, source = self._run.error, None
            if isinstance(error, MigrationError):
                source = Source(error.path, error.line)
            return Failure(kind="tool", message=str(error), source=source)
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            message = "interrupted before the audit was carried out"
            return Failure(kind="interrupted", message=message)
        message = "no check ran, so nothing was audited"
        return Failure(kind="not_run", message=message)

    def _exit_status(self, status: int | pytest.ExitCode) -> int | pytest.ExitCode:
        """Never exit with 0 where checks vanished or none ran."""
        failure = self._record.failure
        if failure and failure.kind == "defect":
            return pytest.ExitCode.INTERNAL_ERROR
        if status != pytest.ExitCode.OK:
            gone = (
                self._record.vanished and status == pytest.ExitCode.NO_TESTS_COLLECTED
            )
            return pytest.ExitCode.TESTS_FAILED if gone else status
        match self._record.status:
            case Status.FAILED:
                return pytest.ExitCode.TESTS_FAILED
            case Status.ERROR if self._record.vanished or self._record.audit:
                return pytest.ExitCode.TESTS_FAILED
            case Status.ERROR:
                return pytest.ExitCode.NO_TESTS_COLLECTED
            case Status.PASSED:
                return status

    def _complaints(self) -> cabc.Iterator[str]:
        if self._record.vanished:
            yield (
                "these checks did not run, although nothing on the command line left "
                f"them out: {', '.join(self._record.vanished)}"
            )
            yield "look at addopts, the ini file, conftest.py hooks, and plugins"
        if self._record.contradicted:
            yield (
                "these checks were reported otherwise than the gate decided: "
                f"{', '.join(self._record.contradicted)}"
            )
