"""Putting an audited run together, in the process at hand."""

from __future__ import annotations

import argparse
import collections.abc as cabc
import contextlib
import datetime as dt
import os
import pathlib
import sys
import typing as typ

import pytest

from pytest_userstate.application.defects import defect
from pytest_userstate.application.preparation import Prepared
from pytest_userstate.application.printable import inert_lines
from pytest_userstate.application.run_record import Failure, RunRecord
from pytest_userstate.application.settings import AuditRequest
from pytest_userstate.domain.errors import UsageError
from pytest_userstate.domain.ports import Exchange, JobPage, ReportStore
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.inbound import xdist
from pytest_userstate.inbound.audit_plugin import UNUSED_CONFTEST, AuditPlugin
from pytest_userstate.inbound.audit_run import AuditRun
from pytest_userstate.inbound.collection import collects_only_checks
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

    def report_store(self, base: pathlib.Path) -> ReportStore:
        """Return where reports are written, by paths that start in a folder."""

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
    pytest.exit.Exception
        When this package is at fault; likewise, with exit status 3.
    """
    try:
        _install(config, composition, server)
    except UsageError as error:
        report_failure(
            config,
            config.option,
            composition,
            Failure(kind="usage", message=str(error)),
        )
        raise pytest.UsageError(inert_lines(str(error))) from error
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a defect
        message = str(defect(error))
        report_failure(
            config, config.option, composition, Failure(kind="defect", message=message)
        )
        # Written here, since pytest would show the reason of an exit twice.
        sys.stderr.write(f"{inert_lines(message)}\n")
        pytest.exit("the audit could not begin", pytest.ExitCode.INTERNAL_ERROR)


def _install(config: pytest.Config, composition: Composition, server: typ.Any) -> None:
    worker: dict[str, typ.Any] | None = getattr(config, "workerinput", None)
    alone = worker is None and not config.option.collectonly
    request = request_of(config, compares=True, asks_ahead=alone)
    _check_options(config, composition.report_store(request.invocation_dir))
    if request.snapshot is not None:
        composition.snapshot_store(request).check(request.snapshot)
    prepared = composition.prepare(request, server)
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
    if is_of_tests and collects_only_checks(config, paths=option.file_or_dir):
        config.stash[UNUSED_CONFTEST] = (
            f"{place} cannot be loaded ({problem}), and the checks do without it"
        )
        return True
    message = f"{place}: {problem}" if place else problem
    report_failure(config, option, composition, Failure(kind="usage", message=message))
    return False


def report_failure(
    config: pytest.Config,
    option: argparse.Namespace,
    composition: Composition,
    failure: Failure,
) -> None:
    """Write the reports that were asked for, of a run that cannot even start."""
    if hasattr(config, "workerinput"):
        return
    base = pathlib.Path(config.invocation_params.dir)
    store, record = composition.report_store(base), RunRecord(failure=failure)
    for path in option.userstate_report:
        try:
            store.check(path)
            write_reports(record, store, [path])
        except (UsageError, KeyError):
            continue
    job = composition.job_page(base)
    if job is not None:
        # There is no terminal reporter yet, and output is not captured here.
        sys.stdout.writelines(f"{line}\n" for line in annotate(job, record))
        sys.stdout.flush()
