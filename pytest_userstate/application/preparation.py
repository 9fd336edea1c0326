"""Everything a run needs, put together before anything is started."""

from __future__ import annotations

import pathlib
import typing as typ

import attrs

from pytest_userstate.application.settings import Settings
from pytest_userstate.domain.ports import (
    AuditTarget,
    JobPage,
    ProgramRepository,
    ReportStore,
    RuntimeWiringRepository,
)

if typ.TYPE_CHECKING:
    from pytest_userstate.application.comparing.comparison import Reference


@attrs.frozen(kw_only=True)
class Prepared:
    """A run that is ready to start.

    Parameters
    ----------
    settings : Settings
        What the repository has configured, the command line applied.
    target : AuditTarget
        What is audited.
    wiring : RuntimeWiringRepository
        What stands behind the entities' ports.
    program : ProgramRepository
        What else the program's sources show.
    store : ReportStore
        Where reports are written.
    job : JobPage or None
        The page of the job that runs us, where there is one.
    references : tuple of Reference
        What the audited schema is compared with.
    snapshot : str or None
        The file that the audited schema is to be written to.
    snapshot_store : ReportStore
        Where it is written.
    configuration : pathlib.Path or None
        The configuration file; None where there is none.
    configured : str
        The same, for people.
    first_file : pathlib.Path or None
        The first file of the target; None where it has no files.
    """

    settings: Settings
    target: AuditTarget
    wiring: RuntimeWiringRepository
    program: ProgramRepository
    store: ReportStore
    job: JobPage | None
    references: tuple[Reference, ...] = ()
    snapshot: str | None = None
    snapshot_store: ReportStore
    configuration: pathlib.Path | None
    configured: str
    first_file: pathlib.Path | None
