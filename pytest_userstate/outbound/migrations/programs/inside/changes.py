"""Finds out which tables and views are other than they were: for files and programs.

The audit's server has a function that returns the state of each relation that was
touched since a given note (``outbound/postgres/provenance.sql``). What it cannot know
is what a relation was before: of a dropped index its table, and of a table the
partitions that it had. That is remembered here.

Also imported in the audited repository's own Python: see the package.
"""

from __future__ import annotations

import binascii
import json
import typing as typ

Row = typ.Sequence[typ.Any]
State = typ.Optional[str]
Change = typ.Tuple[int, State]
Ask = typ.Callable[[str], typ.Iterable[Row]]

_IS_THERE = (
    "SELECT pg_catalog.to_regprocedure("
    "'pg_catalog.userstate_changes(pg_catalog.int8, pg_catalog.oid[])') IS NOT NULL"
)
_QUESTION = (
    "SELECT note, relation, state FROM pg_catalog.userstate_changes({}, '{{{}}}')"
)
# Where in a state they are.
_PARENTS, _INDEXES = 3, 8


class UnknownError(Exception):
    """The server does not say what was changed."""

    def __init__(
        self,
        reason: str = "pg_catalog.userstate_changes(), which only a superuser can make,"
        " is not there",
    ) -> None:
        super().__init__(reason)


class Changes:
    """The states of relations as they were seen last."""

    def __init__(self, ask: Ask) -> None:
        """Take what asks the server; nothing is asked yet."""
        self._ask = ask
        self._is_there = False
        self._note = 0
        self._states: dict[int, State] = {}
        self._tables: dict[int, int] = {}  # of indexes
        self._children: dict[int, set[int]] = {}

    def look(self) -> list[Change]:
        """Return what was touched since the last look and is different now.

        A relation that is gone has no state. Raises `UnknownError` if the server does
        not have the function; a question to it would end the migration's transaction.
        """
        answer = self._answer(self._note, ())
        if further := self._related(answer) - answer.keys():
            answer.update(self._answer(self._note, further))
        return self._changed(answer)

    def look_at_everything(self) -> list[Change]:
        """Return all that there is, whether any command was seen to touch it."""
        return list(self._answer(None, ()).items())

    def _answer(
        self, since: int | None, further: typ.Iterable[int]
    ) -> dict[int, State]:
        if not self._is_there:
            [[self._is_there]] = self._ask(_IS_THERE)
            if self._is_there in {False, "f"}:
                raise UnknownError
        question = _QUESTION.format(
            "NULL" if since is None else since, ",".join(map(str, further))
        )
        rows = [
            (int(note), int(oid), state) for note, oid, state in self._ask(question)
        ]
        for note, _, _ in rows[:1]:
            self._note = note
        return {oid: state for _, oid, state in rows}

    def _related(self, answer: dict[int, State]) -> set[int]:
        """Return what was, by all that is known, a part of what was touched."""
        related: set[int] = set()
        for oid in answer:
            related |= self._children.get(oid, set())
            related.update(filter(None, [self._tables.get(oid)]))
        return related

    def _changed(self, answer: dict[int, State]) -> list[Change]:
        changed = [
            (oid, state)
            for oid, state in answer.items()
            if self._states.get(oid) != state
        ]
        for oid, state in changed:
            self._remember(oid, state)
        return changed

    def _remember(self, oid: int, state: State) -> None:
        self._states[oid] = state
        if state is None:
            return
        values = json.loads(binascii.unhexlify(state).decode())
        for parent in values[_PARENTS] or ():
            self._children.setdefault(int(parent), set()).add(oid)
        for index in values[_INDEXES] or ():
            self._tables[int(index)] = oid
