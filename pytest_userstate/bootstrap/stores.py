"""Where a run leaves what it has found: reports, pages, and shared folders."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib

from pytest_userstate.domain.ports import JobPage
from pytest_userstate.outbound.exchange import FolderExchange
from pytest_userstate.outbound.report_files import ReportFiles


def report_store(
    base: pathlib.Path, audited: pathlib.Path | None = None
) -> ReportFiles:
    """Return where reports are written, by paths that start in a folder."""
    return ReportFiles(base, audited=audited)


def job_page(audited: pathlib.Path) -> JobPage | None:
    """Return the page of the job that runs us, where a service runs it."""
    if "GITHUB_ACTIONS" not in os.environ:
        return None
    from pytest_userstate.outbound.github import github_job  # noqa: PLC0415

    return github_job(os.environ, audited)


def snapshot_store(base: pathlib.Path) -> ReportFiles:
    """Return where the snapshot file is written, by a path that starts in a folder."""
    return ReportFiles(base, option="--userstate-snapshot", what="schema snapshot")


def exchange(folder: str) -> FolderExchange:
    """Return where the processes of one run share their findings."""
    from pytest_userstate.outbound.exchange import FolderExchange  # noqa: PLC0415

    return FolderExchange(pathlib.Path(folder))


def exchange_folder() -> tuple[str, cabc.Callable[[], None]]:
    """Make a private folder for an exchange; return it and how to remove it."""
    from pytest_userstate.outbound.exchange import make_exchange_folder  # noqa: PLC0415

    return make_exchange_folder()
