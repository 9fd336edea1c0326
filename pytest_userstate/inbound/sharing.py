"""The audit of a run: carried out once, when the first check needs it."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import datetime as dt
import threading
import typing as typ

import attrs

from pytest_userstate.application.audit import Audit, Prepared, audit
from pytest_userstate.application.defects import defect
from pytest_userstate.application.run_record import RunFailure
from pytest_userstate.application.settings import Home
from pytest_userstate.domain.errors import MigrationError, ToolError
from pytest_userstate.domain.model import is_pattern
from pytest_userstate.domain.snapshot import Source

Result: typ.TypeAlias = Audit | RunFailure
Obtain: typ.TypeAlias = cabc.Callable[[cabc.Collection[str]], Result]
"""Audits, or asks the process that does; takes the names of the selected items."""
ShowsProgress: typ.TypeAlias = cabc.Callable[
    [], contextlib.AbstractContextManager[object]
]
"""Shows what is being done as long as the context is open."""


@attrs.frozen
class ItemNames:
    """The names of a target's items, known before anything is started."""

    target: str
    """The target's name; empty for the only one."""
    checks: tuple[str, ...]
    comparisons: tuple[str, ...] = ()

    @classmethod
    def of(cls, prepared: Prepared) -> ItemNames:
        """Return the names of all checks and comparisons of an audit."""
        return cls(
            target=prepared.name,
            checks=prepared.settings.model.check_ids(),
            comparisons=tuple(reference.name for reference in prepared.references),
        )

    @property
    def full(self) -> dict[str, str]:
        """The names by their ids in the run, in the order in which the items run."""
        names = (*self.checks, *self.comparisons)
        return {Home(target=self.target).full_id(name): name for name in names}


class SharedAudit:
    """The one audit of a target, whichever thread or process reads it."""

    def __init__(self, names: ItemNames, obtain: Obtain) -> None:
        """Keep how to obtain it; nothing is started yet."""
        self.names = names
        self._obtain = obtain
        self._lock = threading.Lock()
        self._selected: cabc.Collection[str] = names.full
        self._result: Result | None = None

    def select(self, names: cabc.Collection[str]) -> None:
        """Remember which items run: a comparison that does not is not carried out."""
        self._selected = names

    @property
    def first(self) -> str:
        """The selected item that says why there is no audit; others do not run."""
        return next(name for name in self.names.full if name in self._selected)

    def result(self) -> Result:
        """Return the audit, obtained by the first caller, or why there is none."""
        with self._lock:
            if self._result is None:
                self._result = self._obtain(self._selected)
            return self._result

    def peek(self) -> Result | None:
        """Return the same if it is there already."""
        return self._result


def carry_out(
    prepared: Prepared,
    selected: cabc.Collection[str],
    *,
    today: dt.date,
    progress: ShowsProgress = contextlib.nullcontext,
) -> Result:
    """Carry out the audit, with the comparisons that are selected."""
    home = prepared.settings.home
    references = (
        reference
        for reference in prepared.references
        if home.full_id(reference.name) in selected
    )
    prepared = attrs.evolve(prepared, references=tuple(references))
    try:
        with progress():
            if any(map(is_pattern, prepared.settings.model.schemas)):
                from pytest_userstate.application.tenants import (  # noqa: PLC0415 - rare
                    audit_tenants,
                )

                return audit_tenants(prepared, today=today)
            return audit(prepared, today=today)
    except MigrationError as error:
        source = Source(error.path, error.line)
        return RunFailure(kind="tool", message=home.written(str(error)), source=source)
    except ToolError as error:
        return RunFailure(kind="tool", message=home.written(str(error)))
    except Exception as error:  # noqa: BLE001 - the one place that expects defects
        return RunFailure(kind="defect", message=str(defect(error)))
