"""The composition root: the only importer of outbound adapters."""

from __future__ import annotations

from pytest_userstate.bootstrap.preparation import open_baseline, prepare
from pytest_userstate.bootstrap.schemas import read_snapshot, report_text, snapshot_of
from pytest_userstate.bootstrap.stores import (
    exchange,
    exchange_folder,
    job_page,
    report_store,
    snapshot_store,
)

__all__ = [
    "exchange",
    "exchange_folder",
    "job_page",
    "open_baseline",
    "prepare",
    "read_snapshot",
    "report_store",
    "report_text",
    "snapshot_of",
    "snapshot_store",
]
