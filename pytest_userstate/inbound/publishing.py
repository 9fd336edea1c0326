"""What a finished run leaves behind: reports, checked documents, annotations."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import typing as typ

import attrs
import pytest

from pytest_userstate.application.preparation import Prepared
from pytest_userstate.application.reporting import json_report, text
from pytest_userstate.application.run_record import (
    DocumentCheck,
    DocumentStatus,
    RunRecord,
)
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.ports import JobPage, ReportStore
from pytest_userstate.inbound.options import renewal


@attrs.frozen(kw_only=True)
class Published:
    """What was left behind, and what there is to say about it.

    Parameters
    ----------
    problems : list of str
        What could not be written, and why.
    written : list of str
        What was written where.
    annotations : list of str
        Lines for the service that runs the job.
    """

    problems: list[str] = attrs.field(factory=list)
    written: list[str] = attrs.field(factory=list)
    annotations: list[str] = attrs.field(factory=list)


def check_documents(
    config: pytest.Config, store: ReportStore, record: RunRecord
) -> tuple[DocumentCheck, ...]:
    """Hold the committed reports that were named against the audit."""
    paths: list[str] = config.option.userstate_check_report
    if not paths:
        return ()
    from pytest_userstate.application.documents import check_document  # noqa: PLC0415

    return tuple(check_document(record, path, store) for path in dict.fromkeys(paths))


def complaints(
    config: pytest.Config, documents: cabc.Iterable[DocumentCheck]
) -> list[str]:
    """Return what is wrong with committed reports, and how to put it right."""
    lines = []
    paths = dict.fromkeys(config.option.userstate_check_report)
    for path, document in zip(paths, documents, strict=False):
        if document.is_current:
            continue
        signs = " (- as committed, + as audited):" if document.difference else ""
        lines += text.wrap(document.message + signs, indent="")
        lines += [f"  {line}" for line in document.difference]
        if document.status is not DocumentStatus.NOT_COMPARED:
            verb = "write" if document.status is DocumentStatus.MISSING else "renew"
            lines.append(f"{verb} it with: {renewal(config, path)}")
    return lines


def publish(config: pytest.Config, prepared: Prepared, record: RunRecord) -> Published:
    """Write the reports, and what the service that runs the job shows."""
    problems, written = write_reports(
        record, prepared.store, config.option.userstate_report
    )
    write_snapshot(prepared, record, problems=problems, written=written)
    annotations = []
    if prepared.job is not None and not config.option.collectonly:
        file = prepared.configuration
        annotations = annotate(prepared.job, record, file.name if file else None)
    return Published(problems=problems, written=written, annotations=annotations)


def write_snapshot(
    prepared: Prepared, record: RunRecord, *, problems: list[str], written: list[str]
) -> None:
    """Write the schema to the file that was asked for, if there is one to write."""
    path = prepared.snapshot
    if path is None:
        return
    text = record.audit.findings.snapshot if record.audit else None
    try:
        if text is not None:
            prepared.snapshot_store.write(path, text)
            written.append(f"schema snapshot written to {path}")
        else:
            problems.append(
                f"the schema snapshot {path} was not written: nothing was audited"
            )
    except ToolError as error:
        problems.append(str(error))


def annotate(
    job: JobPage, record: RunRecord, configuration: str | None = None
) -> list[str]:
    """Put the document on the job's page; return the lines of annotations."""
    from pytest_userstate.inbound import github  # noqa: PLC0415

    return github.publish(job, record, configuration=configuration)


def write_reports(
    record: RunRecord, store: ReportStore, paths: cabc.Iterable[str]
) -> tuple[list[str], list[str]]:
    """Write the reports; return what went wrong, and what was written where."""
    problems, written = [], []
    for path in dict.fromkeys(paths):
        render = _RENDERERS[pathlib.PurePath(path).suffix]
        try:
            store.write(path, render(record, store, path))
        except ToolError as error:
            problems.append(str(error))
        else:
            written.append(f"report written to {path}")
    return problems, written


def _markdown(record: RunRecord, store: ReportStore, path: str) -> str:
    # Imported here, since most runs write no document, and it costs time.
    from pytest_userstate.application.reporting.markdown import (  # noqa: PLC0415
        document,
        links,
    )

    return document.render(record, links.links_at(store.place(path)))


def _json(record: RunRecord, _store: ReportStore, _path: str) -> str:
    return json_report.render(record)


_RENDERERS: typ.Final = {".json": _json, ".md": _markdown}
