"""The audit of a run: carried out once, when the first check needs it."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import datetime as dt
import pickle

import attrs

from pytest_userstate.application.audit import Audit, Prepared, audit
from pytest_userstate.application.defects import defect
from pytest_userstate.application.run_record import RunFailure
from pytest_userstate.domain.errors import MigrationError, ToolError
from pytest_userstate.domain.ports import Exchange
from pytest_userstate.domain.snapshot import Source

ShowsProgress = cabc.Callable[[], contextlib.AbstractContextManager[object]]
"""Shows what is being done as long as the context is open."""


class SharedAudit:
    """Carries the audit out, or reads what another process of the run found out."""

    def __init__(
        self,
        prepared: Prepared,
        *,
        exchange: Exchange | None,
        today: dt.date,
        progress: ShowsProgress = contextlib.nullcontext,
    ) -> None:
        """Prepare to audit; nothing is started yet."""
        self._progress = progress
        self.prepared = prepared
        self._exchange = exchange
        self._today = today
        self._selected = prepared
        self._result: Audit | RunFailure | None = None

    @property
    def check_ids(self) -> tuple[str, ...]:
        """The ids of all checks, known before anything is started."""
        return self.prepared.settings.model.check_ids()

    @property
    def item_ids(self) -> tuple[str, ...]:
        """The ids of all checks, and the names of all comparisons."""
        return (*self.check_ids, *(r.name for r in self.prepared.references))

    def select(self, names: cabc.Container[str]) -> None:
        """Leave out the comparisons that no selected item asks for."""
        references = (r for r in self.prepared.references if r.name in names)
        self._selected = attrs.evolve(self.prepared, references=tuple(references))

    @property
    def is_known(self) -> bool:
        """Whether this process has the result already."""
        return self._result is not None

    def result(self) -> Audit | RunFailure:
        """Return the audit, carried out if no process has yet, or why there is none."""
        if self._result is None:
            self._result = (
                self._shared(self._exchange) if self._exchange else self._carry_out()
            )
        return self._result

    def peek(self) -> Audit | RunFailure | None:
        """Return the same if some process of the run has come so far."""
        if self._result is None and self._exchange:
            data = self._exchange.peek()
            self._result = pickle.loads(data) if data else None  # noqa: S301 - below
        return self._result

    def _shared(self, exchange: Exchange) -> Audit | RunFailure:
        """Return what the first process wrote into the folder of this run.

        Only this user can write there, so that what is read is what was written.
        """
        try:
            data = exchange.once(lambda: pickle.dumps(self._carry_out()))
        except ToolError as error:
            return RunFailure(kind="tool", message=str(error))
        result: Audit | RunFailure = pickle.loads(data)  # noqa: S301 - as above
        return result

    def _carry_out(self) -> Audit | RunFailure:
        try:
            with self._progress():
                return audit(self._selected, today=self._today)
        except MigrationError as error:
            source = Source(error.path, error.line)
            return RunFailure(kind="tool", message=str(error), source=source)
        except ToolError as error:
            return RunFailure(kind="tool", message=str(error))
        except Exception as error:  # noqa: BLE001 - the one place that expects defects
            return RunFailure(kind="defect", message=str(defect(error)))
