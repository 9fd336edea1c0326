"""Finds out what the tables and views are that were touched: for files and programs.

The audit's server has a function that returns the parts of each relation that was
touched since it was called last (``outbound/postgres/provenance.sql``). What it cannot
know is what a relation was before: of a dropped index its table, and of a table the
partitions that it had. That is remembered here.

Also imported in the audited repository's own Python: see the package.
"""

from __future__ import annotations

import binascii
import typing as typ

RELATION, COLUMN, CONSTRAINT, INDEX = "relation", "column", "constraint", "index"
PARENT = "parent"

Row = typ.Sequence[typ.Any]
Ask = typ.Callable[[str], typ.Iterable[Row]]

_IS_THERE = (
    "SELECT pg_catalog.to_regprocedure("
    "'pg_catalog.userstate_look(pg_catalog.oid[])') IS NOT NULL"
)
_QUESTION = (
    "SELECT relation, kind, number, schema, name, state"
    " FROM pg_catalog.userstate_look({})"
)


class Part(typ.NamedTuple):
    """A part of a table or view as it is now; the relation itself is one, too."""

    relation: int
    kind: str
    number: int  # its own within the relation and kind
    schema: typ.Optional[str]  # of a relation; None if it is gone
    name: typ.Optional[str]
    state: typ.Optional[str]  # a fingerprint of its values


class UnknownError(Exception):
    """The server does not say what was changed."""

    def __init__(
        self,
        reason: str = "pg_catalog.userstate_look(), which only a superuser can make,"
        " is not there",
    ) -> None:
        super().__init__(reason)


class Changes:
    """Looks at what was touched, and remembers what belonged together."""

    def __init__(self, ask: Ask) -> None:
        """Take what asks the server; nothing is asked yet."""
        self._ask = ask
        self._is_there = False
        self._tables: dict[int, int] = {}  # of indexes
        self._children: dict[int, set[int]] = {}

    def look(self) -> list[Part]:
        """Return the parts of what was touched since the last look.

        Raises `UnknownError` if the server does not have the function; a question to
        it would end the migration's transaction.
        """
        parts = self._parts("'{}'")
        touched = {part.relation for part in parts}
        if further := self._related(touched) - touched:
            others = self._parts(f"'{{{','.join(map(str, further))}}}'")
            parts += [part for part in others if part.relation not in touched]
        for part in parts:
            if part.kind == INDEX:
                self._tables[part.number] = part.relation
            elif part.kind == PARENT:
                self._children.setdefault(part.number, set()).add(part.relation)
        return parts

    def look_at_everything(self) -> list[Part]:
        """Return all that there is, whether any command was seen to touch it."""
        return self._parts("NULL")

    def _parts(self, relations: str) -> list[Part]:
        if not self._is_there:
            [[self._is_there]] = self._ask(_IS_THERE)
            if self._is_there in {False, "f"}:
                raise UnknownError
        return [
            Part(int(relation), kind, int(number), _text(schema), _text(name), state)
            for relation, kind, number, schema, name, state in self._ask(
                _QUESTION.format(relations)
            )
        ]

    def _related(self, touched: set[int]) -> set[int]:
        """Return what was, by all that is known, a part of what was touched."""
        related: set[int] = set()
        for oid in touched:
            related |= self._children.get(oid, set())
            related.update(filter(None, [self._tables.get(oid)]))
        return related


def _text(digits: typ.Optional[str]) -> typ.Optional[str]:
    return None if digits is None else binascii.unhexlify(digits).decode()
