"""The hooks of an audited run, and how a process of pytest gets them."""

from __future__ import annotations

import argparse
import collections.abc as cabc
import contextlib
import datetime as dt
import errno
import functools
import os
import pathlib
import sys
import typing as typ

import attrs
import pytest

from pytest_userstate.application.audit import Audit, Prepared
from pytest_userstate.application.defects import defect, is_ours
from pytest_userstate.application.reporting.document import document_of
from pytest_userstate.application.run_record import RunFailure, RunRecord, Status
from pytest_userstate.application.settings import (
    CONFIGURATION_FILE,
    PYPROJECT,
    AuditRequest,
)
from pytest_userstate.application.wording import inert_lines
from pytest_userstate.domain.errors import UsageError
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.ports import JobPage, ReportStore
from pytest_userstate.domain.snapshot import SchemaSnapshot, Source
from pytest_userstate.inbound import completeness, items, publishing, terminal, xdist
from pytest_userstate.inbound.options import SHOWN, misuse, request_of
from pytest_userstate.inbound.sharing import ItemNames, SharedAudit, carry_out

UNUSED_CONFTEST: typ.Final = pytest.StashKey[str]()
"""What the header says about a conftest that the checks do without."""


class Composition(typ.Protocol):
    """What the composition root provides."""

    def prepare_all(self, request: AuditRequest) -> tuple[Prepared, ...]:
        """Put together what each target needs; a UsageError says why it cannot."""

    def prepare(self, request: AuditRequest) -> Prepared:
        """Do the same for a run that can only have one target."""

    def launch_server(self, prepared: Prepared) -> cabc.Callable[[], None] | None:
        """Start the server that an audit will need; return what ends it."""

    def open_baseline(
        self, prepared: Prepared
    ) -> contextlib.AbstractContextManager[typ.Any]:
        """Start a server, apply the migrations, yield the migrated baseline."""

    def snapshot_of(self, source: typ.Any) -> SchemaSnapshot:
        """Return the schema of a snapshot, an open connection, or a DSN."""

    def report_store(
        self, base: pathlib.Path, audited: pathlib.Path | None = None
    ) -> ReportStore:
        """Return where reports are written, by paths that start in a folder."""

    def draft_store(self, base: pathlib.Path) -> ReportStore:
        """Return where drafts are written, likewise."""

    def snapshot_store(self, base: pathlib.Path) -> ReportStore:
        """Return where the snapshot file is written, likewise."""

    def configuration_store(self, base: pathlib.Path) -> ReportStore:
        """Return where a first configuration is written, likewise."""

    def job_page(self, audited: pathlib.Path) -> JobPage | None:
        """Return the page of the job that runs us, if a service runs it."""


class CollectionPlugin:
    """Collects the checks, in each process that runs some."""

    def __init__(
        self,
        config: pytest.Config,
        audits: tuple[SharedAudit, ...],
        file: items.ListedUnder,
    ) -> None:
        """Make pytest collect the checks."""
        config.stash[items.AUDITS] = audits
        self._audits = audits
        self.file = file
        self.is_exclusive = items.include(config, file.path)
        self.collected = completeness.Collected()

    def pytest_collect_file(
        self, file_path: pathlib.Path, parent: pytest.Collector
    ) -> items.ChecksFile | None:
        """Collect the checks from the file that they are listed under."""
        if file_path != self.file.path:
            return None
        return items.ChecksFile.from_parent(
            parent, path=file_path, nodeid=self.file.nodeid
        )

    def pytest_pycollect_makemodule(
        self, module_path: pathlib.Path, parent: pytest.Collector
    ) -> items.NoTests | None:
        """Keep pytest from importing a program that the checks are listed under."""
        if module_path != self.file.path:
            return None
        return items.NoTests.from_parent(parent, path=module_path)

    def pytest_deselected(self, items: cabc.Sequence[pytest.Item]) -> None:
        """Remember which checks were deselected in the open."""
        self.collected.deselected |= _checks_among(items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember which checks are about to run."""
        names = _checks_among(session.items)
        self.collected.selected |= names
        for shared in self._audits:
            shared.select(names)


class RunPlugin:
    """Follows what becomes of the checks, and reports it."""

    def __init__(
        self,
        config: pytest.Config,
        targets: tuple[Prepared, ...],
        collection: CollectionPlugin,
        stores: publishing.Stores,
        progress: terminal.ProgressLine,
    ) -> None:
        """Take part in the run."""
        self._progress = progress
        self._config = config
        self._targets = targets
        self._audits = config.stash[items.AUDITS]
        self._collection = collection
        self._stores = stores
        self._outcomes = completeness.Outcomes(runxfail=config.option.runxfail)
        self._record = RunRecord()
        self._published = publishing.Published()
        self._session: pytest.Session | None = None
        self._internal_error: RunFailure | None = None

    def pytest_report_header(self) -> list[str]:
        """Say what is audited, how it was found, and on which server."""
        return terminal.header(
            self._targets,
            exclusive=self._collection.is_exclusive,
            unused_conftest=self._config.stash.get(UNUSED_CONFTEST, ""),
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Follow what becomes of each check."""
        items.explain(report, self._config)
        self._outcomes.record(report)

    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, str] | None:
        """Name checks that there was no audit for, unlike those that were skipped."""
        properties: dict[str, object] = dict(getattr(report, "user_properties", ()))
        if report.skipped and items.NOT_RUN in properties:
            return "not run", "-", "NOT RUN"
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int | pytest.ExitCode
    ) -> None:
        """Hold what ran against what should have, and write the reports."""
        self._session = session
        try:
            self._finish(exitstatus)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a defect
            self._fail(error)
            self._publish()
        session.exitstatus = self._exit_status(session.exitstatus)

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[typ.Any]) -> None:
        """Remember why pytest gives up, for the reports; pytest itself shows it."""
        if is_ours(excinfo.value):
            message = str(defect(excinfo.value))
            self._internal_error = RunFailure(kind="defect", message=message)
        else:
            message = f"pytest ended with an internal error: {excinfo.exconly()}"
            self._internal_error = RunFailure(kind="not_run", message=message)

    def _fail(self, error: Exception) -> None:
        """End the run as one that this package failed in."""
        failure = RunFailure(kind="defect", message=str(defect(error)))
        self._record = RunRecord(failure=failure)

    def _finish(self, exitstatus: int | pytest.ExitCode) -> None:
        self._record = self._conclude(exitstatus)
        if not self._config.option.collectonly:
            self._record = attrs.evolve(
                self._record,
                documents=publishing.check_documents(
                    self._config, self._stores.reports, self._record
                ),
            )
        self._publish()

    def _publish(self) -> None:
        self._published = publishing.publish(
            self._config, self._targets[0], self._stores, self._record
        )

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
            if self._session:
                self._session.exitstatus = self._exit_status(self._session.exitstatus)
            self._summarize(terminalreporter)

    def _summarize(self, terminalreporter: pytest.TerminalReporter) -> None:
        published = self._published
        current = [part.message for part in self._record.documents if part.is_current]
        terminal.summary(
            terminalreporter,
            document_of(self._record),
            problems=published.problems,
            written=[*published.written, *current],
        )
        terminal.show_phases(terminalreporter, self._progress.seconds)
        terminal.last_line(terminalreporter, self._record, published.problems)
        for line in published.annotations:
            terminalreporter.write_line(line)

    def _conclude(self, exitstatus: int | pytest.ExitCode) -> RunRecord:
        outcomes = self._outcomes.of
        ids = [name for shared in self._audits for name in shared.names.full]
        ran = {check for check, how in outcomes.items() if how is not Outcome.SKIPPED}
        selection = completeness.selection_of(self._config, self._collection.file.path)
        missing: tuple[str, ...] = ()
        if exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, 5}:
            missing = completeness.vanished(
                ids, ran, self._collection.collected, selection
            )
        parts = tuple(map(self._part, self._audits))
        record = parts[0] if not parts[0].name else RunRecord(targets=parts)
        return attrs.evolve(
            record,
            failure=self._failure(exitstatus, record),
            vanished=() if self._config.option.collectonly else missing,
            contradicted=tuple(self._outcomes.contradicted),
        )

    def _part(self, shared: SharedAudit) -> RunRecord:
        """Return what became of a target."""
        result, name = shared.peek(), shared.names.target
        outcomes = {
            check: self._outcomes.of.get(full, Outcome.DESELECTED)
            for full, check in shared.names.full.items()
        }
        if isinstance(result, Audit):
            runxfail = self._config.option.runxfail
            return RunRecord.of(name, result, outcomes, runxfail=runxfail)
        return RunRecord(name=name, failure=result, outcomes=outcomes)

    def _failure(
        self, exitstatus: int | pytest.ExitCode, record: RunRecord
    ) -> RunFailure | None:
        """Return why nothing was audited, or what this package failed in."""
        if self._outcomes.defect:
            return RunFailure(kind="defect", message=self._outcomes.defect)
        if self._internal_error:
            return self._internal_error
        if not all(part.is_left_out for part in record.targets or (record,)):
            return record.failure
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            message = "interrupted before the audit was carried out"
            return RunFailure(kind="interrupted", message=message)
        message = "no check ran, so nothing was audited"
        return RunFailure(kind="not_run", message=message)

    def _exit_status(self, status: int | pytest.ExitCode) -> int | pytest.ExitCode:
        """Return the status of the run: pytest's own, unless the audit adds to it.

        It is never 0 if checks vanished, if none ran, or if a report is missing.
        """
        record = self._record
        failures = [part.failure for part in (record, *record.targets)]
        if any(failure and failure.kind == "defect" for failure in failures):
            return pytest.ExitCode.INTERNAL_ERROR
        if status != pytest.ExitCode.OK:
            is_empty = status == pytest.ExitCode.NO_TESTS_COLLECTED
            is_gone = is_empty and record.vanished
            return pytest.ExitCode.TESTS_FAILED if is_gone else status
        if self._published.problems:
            return pytest.ExitCode.TESTS_FAILED
        if self._config.option.collectonly or record.status is Status.PASSED:
            return status
        is_empty = record.status is Status.ERROR and not record.audits
        if is_empty and not record.vanished:
            return pytest.ExitCode.NO_TESTS_COLLECTED
        return pytest.ExitCode.TESTS_FAILED


def _checks_among(candidates: cabc.Iterable[pytest.Item]) -> set[str]:
    return {item.name for item in candidates if isinstance(item, items.AuditItem)}


def install(config: pytest.Config, composition: Composition) -> None:
    """Register the hooks of an audited run, or report why it cannot start."""
    try:
        _install(config, composition)
    except UsageError as error:
        report_failure(
            config,
            config.option,
            composition,
            RunFailure(kind="usage", message=str(error)),
        )
        raise pytest.UsageError(inert_lines(str(error))) from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.EMFILE:
            raise
        message = str(defect(error))
        report_failure(
            config,
            config.option,
            composition,
            RunFailure(kind="defect", message=message),
        )
        # Written here, since pytest would show the reason of an exit twice.
        sys.stderr.write(f"{inert_lines(message)}\n")
        pytest.exit("the audit could not begin", pytest.ExitCode.INTERNAL_ERROR)


def _check_places(
    config: pytest.Config, composition: Composition, request: AuditRequest
) -> None:
    """Refuse early what could not be written in the end."""
    base = request.invocation_dir
    for path in config.option.userstate_report:
        composition.report_store(base).check(path)
    if request.snapshot is not None:
        composition.snapshot_store(base).check(request.snapshot)
    if request.drafts is not None and request.drafts != SHOWN:
        composition.draft_store(base).check(request.drafts)


def _install(config: pytest.Config, composition: Composition) -> None:
    given: xdist.WorkerInput | None = getattr(config, "workerinput", {}).get(
        xdist.INPUT
    )
    if given:
        file = items.ListedUnder.same(config, given["file"])
        audits = xdist.shared_by_controller(given)
        collection = CollectionPlugin(config, audits, file)
        _register(config, collection, xdist.WorkerPlugin(config, collection.collected))
        return
    request = request_of(
        config, compares=True, asks_ahead=not config.option.collectonly
    )
    is_distributed = xdist.is_distributed(config)
    progress = terminal.ProgressLine.of(config, is_distributed=is_distributed)
    request = attrs.evolve(
        request, show_progress=progress.show, cache=_cache_folder(config)
    )
    if problem := misuse(config):
        raise UsageError(problem)
    base = request.invocation_dir
    _check_places(config, composition, request)
    targets = composition.prepare_all(request)
    first = targets[0]
    if not config.option.collectonly and (end := composition.launch_server(first)):
        config.add_cleanup(end)
    configuration = composition.configuration_store(first.base)
    if request.writes_configuration and first.configuration is None:
        configuration.check(first.settings.home.name)
    stores = publishing.Stores(
        configuration=configuration,
        reports=composition.report_store(base, first.base),
        snapshots=composition.snapshot_store(base),
        drafts=composition.draft_store(base),
        job=composition.job_page(first.base),
    )
    asked = config.option.userstate_report or config.option.userstate_check_report
    draws = bool(asked or stores.job)
    targets = tuple(attrs.evolve(prepared, draws=draws) for prepared in targets)
    today = dt.datetime.now(dt.UTC).date()
    audits = tuple(
        SharedAudit(
            ItemNames.of(prepared),
            functools.partial(
                carry_out, prepared, today=today, progress=progress.shown
            ),
        )
        for prepared in targets
    )
    file = items.ListedUnder.of(config, targets)
    collection = CollectionPlugin(config, audits, file)
    _register(
        config, collection, RunPlugin(config, targets, collection, stores, progress)
    )
    if is_distributed:
        controller = xdist.ControllerPlugin(collection.collected, audits, file.nodeid)
        _register(config, controller)


def _cache_folder(config: pytest.Config) -> pathlib.Path | None:
    """Return our folder in pytest's cache; None if there is no cache."""
    cache: pytest.Cache | None = getattr(config, "cache", None)
    try:
        return cache and cache.mkdir("userstate")
    except OSError:
        return None


def _register(config: pytest.Config, *plugins: object) -> None:
    for plugin in plugins:
        name = f"userstate-{type(plugin).__name__.removesuffix('Plugin').lower()}"
        config.pluginmanager.register(plugin, name)


def without_conftest(
    config: pytest.Config, composition: Composition, error: Exception
) -> bool:
    """Whether the audit can do without the conftest that cannot be loaded.

    pytest loads the conftest of each `test*` folder ahead, although nothing is
    collected there if only the checks are. Any other one may configure the audit.
    """
    path: pathlib.Path | None = getattr(error, "path", None)
    cause = getattr(error, "cause", None) or error
    problem = f"{type(cause).__name__}: {cause}"
    option = config.known_args_namespace
    place = path and pathlib.PurePath(os.path.relpath(path, config.rootpath)).as_posix()
    is_of_tests = path is not None and config.invocation_params.dir in path.parents[1:]
    if is_of_tests and items.collects_only_checks(config, paths=option.file_or_dir):
        config.stash[UNUSED_CONFTEST] = (
            f"{place} cannot be loaded ({problem}), and the checks do without it"
        )
        return True
    message = f"{place}: {problem}" if place else problem
    report_failure(
        config, option, composition, RunFailure(kind="usage", message=message)
    )
    return False


def report_failure(
    config: pytest.Config,
    option: argparse.Namespace,
    composition: Composition,
    failure: RunFailure,
) -> None:
    """Write the reports that were asked for, of a run that cannot even start."""
    if hasattr(config, "workerinput"):
        return
    base = pathlib.Path(config.invocation_params.dir)
    store, record = composition.report_store(base), RunRecord(failure=failure)
    for path in option.userstate_report:
        try:
            store.check(path)
            publishing.write_reports(record, store, [path], publishing.Published())
        except (UsageError, KeyError):
            continue
    job = composition.job_page(base)
    if job is not None:
        # There is no terminal reporter yet, and output is not captured here.
        files = (option.userstate_config, CONFIGURATION_FILE, PYPROJECT)
        file = next((name for name in files if name and (base / name).is_file()), None)
        lines = publishing.annotate(job, record, Source(file) if file else None)
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()
