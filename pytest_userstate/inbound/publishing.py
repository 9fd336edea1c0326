"""What a finished run leaves behind: reports, checked documents, annotations."""

from __future__ import annotations

import collections.abc as cabc
import os
import pathlib
import typing as typ

import attrs
import pytest

from pytest_userstate.application.audit import Audit, Prepared
from pytest_userstate.application.reporting import json_report
from pytest_userstate.application.reporting.document import document_of
from pytest_userstate.application.run_record import DocumentCheck, RunRecord
from pytest_userstate.application.wording import wrap
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.domain.ports import JobPage, ReportStore
from pytest_userstate.domain.snapshot import Source
from pytest_userstate.domain.wiring import PortWiring
from pytest_userstate.inbound.options import SHOWN, renewal

if typ.TYPE_CHECKING:
    from pytest_userstate.application.reporting.github import Annotation

_GAP: typ.Final = "\n"
_SCHEMA: typ.Final = "userstate.schema.json"
"""The schema of the configuration, for editors, if it is there."""


@attrs.frozen(kw_only=True)
class Stores:
    """Where a run leaves its reports, its snapshot, and what its job's page shows."""

    reports: ReportStore
    snapshots: ReportStore
    drafts: ReportStore
    configuration: ReportStore
    job: JobPage | None


@attrs.frozen(kw_only=True)
class Published:
    """What was left behind, and what there is to say about it."""

    problems: list[str] = attrs.field(factory=list)
    """What could not be written, and why."""
    written: list[str] = attrs.field(factory=list)
    """What was written where."""
    annotations: list[str] = attrs.field(factory=list)
    """Lines for the service that runs the job."""


def check_documents(
    config: pytest.Config, store: ReportStore, record: RunRecord
) -> tuple[DocumentCheck, ...]:
    """Compare the committed reports that were named with the audit."""
    paths: list[str] = config.option.userstate_check_report
    if not paths:
        return ()
    # A run without reports pays for none of them.
    from pytest_userstate.application.documents import check_document  # noqa: PLC0415

    return tuple(
        check_document(record, path, store, command=renewal(config, path))
        for path in dict.fromkeys(paths)
    )


def publish(
    config: pytest.Config, prepared: Prepared, stores: Stores, record: RunRecord
) -> Published:
    """Write the reports, and what the service that runs the job shows.

    `prepared` is what was prepared for the first target: what else is written is of
    a single one.
    """
    published = Published()
    file = prepared.configuration or prepared.first_file
    configuration = Source(os.path.relpath(file, prepared.base)) if file else None
    paths = config.option.userstate_report
    write_reports(record, stores.reports, paths, published, configuration)
    if prepared.drafts is not None and prepared.drafts != SHOWN:
        _write_drafts(record, stores.drafts, prepared.drafts, published)
    if prepared.snapshot is not None:
        _write_snapshot(record, stores.snapshots, prepared.snapshot, published)
    if prepared.writes_configuration:
        _write_configuration(record, stores.configuration, prepared, published)
    if stores.job is not None and not config.option.collectonly:
        published.annotations.extend(annotate(stores.job, record, configuration))
    return published


def write_reports(
    record: RunRecord,
    store: ReportStore,
    paths: cabc.Iterable[str],
    published: Published,
    configuration: Source | None = None,
) -> None:
    """Write the reports; note what went wrong, and what was written where."""
    for path in dict.fromkeys(paths):
        render = _RENDERERS[pathlib.PurePath(path).suffix]
        try:
            store.write(path, render(record, Surroundings(store, path, configuration)))
        except ToolError as error:
            published.problems.append(str(error))
        else:
            published.written.append(f"report written to {path}")


def _write_drafts(
    record: RunRecord, store: ReportStore, folder: str, published: Published
) -> None:
    """Write the drafts to new files."""
    for draft in (d for audit in record.audits for d in audit.drafts):
        for file in draft.files:
            if file.added:
                told = f"{file.path} is there, and not written: add the lines shown"
                published.written.append(told)
                continue
            path = (pathlib.PurePath(folder) / file.path).as_posix()
            try:
                store.write(path, file.text)
            except ToolError as error:
                published.problems.append(str(error))
            else:
                published.written.append(f"draft written to {path}")


def _write_snapshot(
    record: RunRecord, store: ReportStore, path: str, published: Published
) -> None:
    schema = next((audit.snapshot for audit in record.audits), None)
    if schema is None:
        problem = f"the schema snapshot {path} was not written: nothing was audited"
        published.problems.append(problem)
        return
    try:
        store.write(path, schema)
    except ToolError as error:
        published.problems.append(str(error))
    else:
        published.written.append(f"schema snapshot written to {path}")


def _write_configuration(
    record: RunRecord, store: ReportStore, prepared: Prepared, published: Published
) -> None:
    """Write what was found as a configuration, or show what one would gain."""
    from pytest_userstate.application.first_configuration import (  # noqa: PLC0415 - rare
        DAYS,
        first_configuration,
    )

    home = prepared.settings.home
    file = home.name
    audit = next(iter(record.audits), None)
    if audit is None:
        problem = f"{file} was not written: nothing was audited"
        published.problems.append(problem)
        return
    existing = prepared.configuration
    text = first_configuration(
        audit,
        known=prepared.settings.gate.acceptances,
        ports=_new_ports(prepared, audit),
    )
    if existing is not None:
        could = "it could say:" if text else "there is nothing to add"
        published.written.append(f"{existing.name} is there and left alone; {could}")
        published.written.extend(f"  {line}".rstrip() for line in text.splitlines())
        return
    try:
        if not home.table and store.read(_SCHEMA) is not None:
            text = f"#:schema ./{_SCHEMA}\n{text}"
        store.write(file, _appended(store.read(file) or "", text))
    except ToolError as error:
        published.problems.append(str(error))
        return
    accepted = [a.check for a in audit.settings.gate.acceptances]
    gaps = (
        f"; accepted there for {DAYS} days: {', '.join(accepted)}" if accepted else ""
    )
    left = [
        c
        for part in (record, *record.targets)
        for c, o in part.outcomes.items()
        if o is Outcome.FAILED
    ]
    decide = f"; left to decide: {', '.join(left)}" if left else ""
    where = f"[{home.table}] in {file}" if home.table else file
    line = f"configuration written to {where}{gaps}{decide}"
    published.written.extend(wrap(line, indent=""))


def _new_ports(prepared: Prepared, audit: Audit) -> list[PortWiring]:
    """Return the ports that the sources show and the configuration does not have."""
    wiring = prepared.settings.wiring
    known = {(port.entity, port.port) for port in wiring.scanned}
    known |= {(port.entity, port.port) for port in wiring.declared.ports}
    found = prepared.program.ports(audit.model)
    return [port for port in found if (port.entity, port.port) not in known]


def _appended(before: str, text: str) -> str:
    """Return a file with a text behind it, by the same ends of lines."""
    if not before:
        return text
    lines = f"{before.rstrip()}\n\n{text}".splitlines()
    return "".join(f"{line}\r\n" if "\r\n" in before else f"{line}\n" for line in lines)


def annotate(
    job: JobPage, record: RunRecord, configuration: Source | None = None
) -> list[str]:
    """Append the document to the job's summary; return the lines of annotations."""
    from pytest_userstate.application.reporting import (  # noqa: PLC0415 - rare
        github,
        markdown,
    )

    document, url = document_of(record), job.files_url
    annotations = [*github.annotations_of(document, configuration)]
    links = markdown.Links()
    if url:
        links = markdown.Links(audited=job.audited, prefix=url)
    page = markdown.job_summary(document, links)
    try:
        job.append(_GAP + github.fitted(page, job.room - len(_GAP)))
    except ToolError as error:
        annotations.append(
            github.Annotation(
                level="warning", title="user-state audit", message=str(error)
            )
        )
    return [_in_workspace(annotation, job).command() for annotation in annotations]


def _in_workspace(annotation: Annotation, job: JobPage) -> Annotation:
    """Return the annotation with its file as GitHub knows it."""
    source = annotation.source
    if source is None:
        return annotation
    path = job.place(source.path)
    if path is None:
        message = f"{source}: {annotation.message}"
        return attrs.evolve(annotation, source=None, message=message)
    return attrs.evolve(annotation, source=Source(path, source.line))


@attrs.frozen
class Surroundings:
    """Where a report is written, and the file that configures the audit."""

    store: ReportStore
    path: str
    configuration: Source | None


def _markdown(record: RunRecord, around: Surroundings) -> str:
    from pytest_userstate.application.reporting import markdown  # noqa: PLC0415 - rare

    return markdown.render(record, markdown.links_at(around.store.place(around.path)))


def _html(record: RunRecord, around: Surroundings) -> str:
    from pytest_userstate.application.reporting import (  # noqa: PLC0415 - rare
        html_report,
        markdown,
    )

    place = around.store.place(around.path)
    return html_report.render(record, markdown.links_at(place))


def _json(record: RunRecord, _: Surroundings) -> str:
    return json_report.render(record)


def _sarif(record: RunRecord, around: Surroundings) -> str:
    from pytest_userstate.application.reporting import sarif  # noqa: PLC0415 - rare

    return sarif.render(record, around.configuration)


_RENDERERS: typ.Final = {
    ".html": _html,
    ".json": _json,
    ".md": _markdown,
    ".sarif": _sarif,
}
