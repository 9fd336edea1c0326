"""Putting an audited run together, in the process at hand."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import datetime as dt
import pathlib
import sys
import typing as typ

import pytest

from pytest_userstate.application.preparation import Prepared
from pytest_userstate.application.run_record import Failure, RunRecord
from pytest_userstate.application.settings import AuditRequest
from pytest_userstate.domain.errors import UsageError
from pytest_userstate.domain.ports import Exchange, JobPage, ReportStore
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.inbound import xdist
from pytest_userstate.inbound.audit_plugin import AuditPlugin
from pytest_userstate.inbound.audit_run import AuditRun
from pytest_userstate.inbound.options import misuse, request_of
from pytest_userstate.inbound.publishing import annotate, write_reports


class Composition(typ.Protocol):
    """What the composition root provides."""

    def prepare(self, request: AuditRequest, server: typ.Any = None) -> Prepared:
        """Put together what a run needs; a UsageError says why it cannot.

        A server that has been started already is used where it fits.
        """

    def open_baseline(
        self, prepared: Prepared
    ) -> contextlib.AbstractContextManager[typ.Any]:
        """Start a server, apply the migrations, yield the migrated baseline."""

    def snapshot_of(self, source: typ.Any) -> SchemaSnapshot:
        """Return the schema of a snapshot, an open connection, or a DSN."""

    def report_store(self, request: AuditRequest) -> ReportStore:
        """Return where reports are written."""

    def job_page(self, audited: pathlib.Path) -> JobPage | None:
        """Return the page of the job that runs us, where a service runs it."""

    def snapshot_store(self, request: AuditRequest) -> ReportStore:
        """Return where the snapshot file is written."""

    def exchange(self, folder: str) -> Exchange:
        """Return where the processes of one run share their findings."""

    def exchange_folder(self) -> tuple[str, cabc.Callable[[], None]]:
        """Make a folder for an exchange; return it and how to remove it."""


def install(
    config: pytest.Config, composition: Composition, server: typ.Any = None
) -> None:
    """Register the hooks of an audited run.

    Parameters
    ----------
    config : pytest.Config
        The run's.
    composition : Composition
        What puts the parts together.
    server : object, optional
        A server that has been started already; whoever did stops it.

    Raises
    ------
    pytest.UsageError
        When the run cannot start as asked; the reports asked for say so too.
    """
    worker: dict[str, typ.Any] | None = getattr(config, "workerinput", None)
    alone = worker is None and not config.option.collectonly
    request = request_of(config, compares=True, asks_ahead=alone)
    store = composition.report_store(request)
    try:
        _check_options(config, store)
        if request.snapshot is not None:
            composition.snapshot_store(request).check(request.snapshot)
        prepared = composition.prepare(request, server)
    except UsageError as error:
        if worker is None:
            job = composition.job_page(request.invocation_dir)
            _report_usage_error(config, store, job, error)
        from pytest_userstate.application.printable import (  # noqa: PLC0415 - cost
            inert_lines,
        )

        raise pytest.UsageError(inert_lines(str(error))) from error
    today = dt.datetime.now(dt.UTC).date()
    if worker is None:
        _install_controller(config, composition, prepared, today)
        return
    run = AuditRun(
        prepared,
        exchange=composition.exchange(worker[xdist.FOLDER]),
        today=dt.date.fromisoformat(worker[xdist.TODAY]),
        draws=_draws(config, prepared),
    )
    plugin = AuditPlugin(config, run)
    config.pluginmanager.register(plugin, "userstate-audit")
    config.pluginmanager.register(xdist.WorkerPlugin(config, plugin), "userstate-xdist")


def _install_controller(
    config: pytest.Config, composition: Composition, prepared: Prepared, today: dt.date
) -> None:
    exchange = None
    folder = ""
    if xdist.is_distributed(config):
        folder, remove = composition.exchange_folder()
        config.add_cleanup(remove)
        exchange = composition.exchange(folder)
    run = AuditRun(
        prepared, exchange=exchange, today=today, draws=_draws(config, prepared)
    )
    plugin = AuditPlugin(config, run)
    config.pluginmanager.register(plugin, "userstate-audit")
    if folder:
        controller = xdist.ControllerPlugin(plugin, folder, today)
        config.pluginmanager.register(controller, "userstate-xdist")


def _draws(config: pytest.Config, prepared: Prepared) -> bool:
    """Whether a report will want the diagram of the user-state tables."""
    option = config.option
    asked = option.userstate_report or option.userstate_check_report
    return bool(asked) or prepared.job is not None


def _check_options(config: pytest.Config, store: ReportStore) -> None:
    problem = misuse(config)
    if problem:
        raise UsageError(problem)
    for path in config.option.userstate_report:
        store.check(path)


def _report_usage_error(
    config: pytest.Config, store: ReportStore, job: JobPage | None, error: UsageError
) -> None:
    """Write the reports that were asked for, where they can be written."""
    record = RunRecord(failure=Failure(kind="usage", message=str(error)))
    for path in config.option.userstate_report:
        try:
            store.check(path)
            write_reports(record, store, [path])
        except (UsageError, KeyError):
            continue
    if job is not None:
        # There is no terminal reporter yet, and output is not captured here.
        sys.stdout.writelines(f"{line}\n" for line in annotate(job, record))
        sys.stdout.flush()
