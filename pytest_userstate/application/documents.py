"""Committed reports, and whether they still say what the audit says."""

from __future__ import annotations

import pathlib
import typing as typ

from pytest_userstate.application.reporting import json_comparison
from pytest_userstate.application.reporting.markdown import comparison
from pytest_userstate.application.reporting.markdown.links import links_at
from pytest_userstate.application.run_record import (
    DocumentCheck,
    DocumentStatus,
    RunRecord,
)
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.ports import ReportStore

_Answer: typ.TypeAlias = tuple[DocumentStatus, str, tuple[str, ...]]
_PARTIAL: typ.Final = (
    "was not compared, since the audit is partial: let every check run (no -k, -m, "
    "--deselect, --lf, -x, and no node ids)"
)


def check_document(record: RunRecord, path: str, store: ReportStore) -> DocumentCheck:
    """Hold the committed report at the path against the audit; write nothing."""
    place = store.place(path)
    name = place.file if place else pathlib.PurePath(path).name
    status, message, difference = _compare(record, path, store)
    return DocumentCheck(
        path=name,
        status=status,
        message=f"{name} {message}",
        difference=difference,
    )


def _compare(record: RunRecord, path: str, store: ReportStore) -> _Answer:
    if record.audit is None:
        message = "was not compared, since there is no audit to compare it with"
        return DocumentStatus.NOT_COMPARED, message, ()
    if not record.is_complete:
        return DocumentStatus.NOT_COMPARED, _PARTIAL, ()
    try:
        committed = store.read(path)
    except ToolError as error:
        return DocumentStatus.UNREADABLE, f"was not compared: {error}", ()
    if committed is None:
        message = "does not exist, so it cannot say what the audit says"
        return DocumentStatus.MISSING, message, ()
    return _compared(record, path, committed, store)


def _compared(
    record: RunRecord, path: str, committed: str, store: ReportStore
) -> _Answer:
    try:
        if pathlib.PurePath(path).suffix == ".md":
            links = links_at(store.place(path))
            difference = comparison.compare(committed, record, links)
        else:
            difference = json_comparison.compare(committed, record)
    except (ValueError, RecursionError) as error:
        return DocumentStatus.UNREADABLE, f"is not JSON: {error}", ()
    if difference:
        message = "no longer says what the audit says"
        return DocumentStatus.OUTDATED, message, difference
    return DocumentStatus.CURRENT, "says what the audit says", ()
