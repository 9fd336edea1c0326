"""On GitHub: the document as job summary, and annotations in the log."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.application.reporting.github import (
    Annotation,
    annotations_of,
    fitted,
)
from pytest_userstate.application.reporting.markdown.document import render
from pytest_userstate.application.reporting.markdown.links import Links
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.domain.errors import ToolError
from pytest_userstate.domain.ports import JobPage
from pytest_userstate.domain.snapshot import Source

_GAP: typ.Final = "\n"


def publish(
    job: JobPage, record: RunRecord, *, configuration: str | None = None
) -> list[str]:
    """Append the document to the job's summary; return the lines of annotations.

    Parameters
    ----------
    job : JobPage
        The job.
    record : RunRecord
        The finished run.
    configuration : str or None
        The configuration file, relative to the audited folder.
    """
    source = Source(configuration) if configuration else None
    found = [*annotations_of(record, source), *_summarize(job, record)]
    return [_in_workspace(each, job).command() for each in found]


def _summarize(job: JobPage, record: RunRecord) -> cabc.Iterator[Annotation]:
    """Append the document; yield a warning where that is not possible."""
    url = job.files_url
    links = Links(audited=job.audited, prefix=url) if url else Links()
    document = fitted(render(record, links), job.room - len(_GAP))
    try:
        job.append(_GAP + document)
    except ToolError as error:
        yield Annotation(level="warning", title="user-state audit", message=str(error))


def _in_workspace(annotation: Annotation, job: JobPage) -> Annotation:
    """Return the annotation with its file as GitHub knows it."""
    source = annotation.source
    if source is None:
        return annotation
    path = job.place(source.path)
    if path is None:
        return attrs.evolve(
            annotation, source=None, message=f"{source}: {annotation.message}"
        )
    return attrs.evolve(annotation, source=Source(path, source.line))
