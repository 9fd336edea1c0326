"""Sends a script statement by statement, as psql would with ``ON_ERROR_STOP``.

It is never given to psql itself, whose commands could run programs.
"""

from __future__ import annotations

import collections.abc as cabc
import itertools

from pytest_userstate.outbound.migrations.running import failures
from pytest_userstate.outbound.migrations.running.delivery import Delivery
from pytest_userstate.outbound.migrations.running.step import Step
from pytest_userstate.outbound.migrations.script import Part, PsqlCommand
from pytest_userstate.outbound.migrations.sql import Statement


class Script(Delivery):
    """Each statement by itself, with the rows that follow a ``COPY``."""

    def send(self) -> None:
        """Send it."""
        expected = _Commands(self._step)
        for part in itertools.takewhile(_is_read_the_same, self._step.parts):
            expected.check(part)  # before anything is sent
        for each in self._statements():
            rows = None if each.data is None else self._step.sql[slice(*each.data)]
            self._send(each.text, (each.start, each.end), rows)

    def _statements(self) -> cabc.Iterator[Statement]:
        """Yield them; what follows a setting is read by it, as psql does."""
        commands = _Commands(self._step)
        conforming = self._step.standard_conforming_strings
        waiting = list(self._step.parts[::-1])
        while waiting:
            part = waiting.pop()
            commands.check(part)
            if isinstance(part, PsqlCommand):
                continue
            yield part
            if self._session.standard_conforming_strings is not conforming:
                conforming = not conforming
                rest = self._step.parts_from(part.end, conforming=conforming)
                waiting = list(rest[::-1])


class _Commands:
    r"""The commands of psql: only the pair that a dump stands between is allowed.

    After ``\restrict`` psql itself refuses all others, until the key is repeated.
    """

    def __init__(self, step: Step) -> None:
        """Begin without a key."""
        self._step = step
        self._key: str | None = None

    def check(self, part: Part) -> None:
        """Refuse the part if it is a command that is not allowed there."""
        match part:
            case PsqlCommand(follows_a_statement=True):
                raise failures.command_refused(self._step, part, ", inside a statement")
            case PsqlCommand(name="\\restrict", arguments=[key]) if not self._key:
                self._key = key
            case PsqlCommand(name="\\unrestrict", arguments=[key]) if key == self._key:
                self._key = None
            case PsqlCommand(name="\\restrict" | "\\unrestrict"):
                why = ": the first takes a key, the second the same key, once each"
                raise failures.command_refused(self._step, part, why)
            case PsqlCommand():
                raise failures.command_refused(self._step, part)
            case _:
                pass


def _is_read_the_same(part: Part) -> bool:
    """Tell whether what follows is certain to be read as what is before it."""
    if isinstance(part, PsqlCommand) or part.text[:3].lower() != "set":
        return True
    return "standard_conforming_strings" not in part.words or part.words[-1] == "on"
