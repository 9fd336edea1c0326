"""A file that is being run, and what it consists of."""

from __future__ import annotations

import collections.abc as cabc
import functools
import itertools

import attrs

from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.migrations.sql import (
    Part,
    Statement,
    script,
    statements,
)


@attrs.define
class SearchPath:
    """The session's search path at the beginning of a file, and who left it so."""

    # The setting.
    value: str = ""
    # The file, and if known the line, that set it last; empty if no file did.
    set_by: str = ""


@attrs.frozen(kw_only=True, slots=False)
class Step:
    """A file that is being run, and its place in the plan."""

    # How messages name the file.
    path: str
    # What is sent.
    sql: str
    # The layout's name.
    layout: str = ""
    # How many migrations were applied before it, and how many there are: none where it
    # is the setup file, which is no migration.
    applied: int = 0
    total: int = 0
    # How a migration leaves its transaction in this layout.
    advice_on_transactions: str = ""
    # Where the layout's tool ends a piece of a file.
    advice_on_pieces: str = ""
    # Where a variable of psql is set.
    advice_on_variables: str = ""
    # Whether the file is written for psql.
    is_script: bool = False
    # That of the session, kept up to date by the runner.
    search_path: SearchPath = attrs.field(factory=SearchPath)
    # All migrations; None for a file that is none.
    plan: Plan | None = attrs.field(default=None, repr=False, eq=False)
    # The files that were sent before it, in order.
    earlier: cabc.Sequence[Step] = attrs.field(default=(), repr=False, eq=False)

    @functools.cached_property
    def statements(self) -> tuple[Statement, ...]:
        """What the file consists of; found when it is asked for."""
        if not self.is_script:
            return statements(self.sql)
        return tuple(part for part in self.parts if isinstance(part, Statement))

    @functools.cached_property
    def parts(self) -> tuple[Part, ...]:
        """What a script consists of, for psql."""
        return script(self.sql)

    @property
    def texts(self) -> cabc.Iterator[str]:
        """What all migrations send."""
        for migration in self.plan.migrations if self.plan else ():
            for batch in migration.batches:
                yield batch.sql

    @property
    def is_setup(self) -> bool:
        """Whether it is the setup file."""
        return self.total == 0

    def setting_of_search_path(self, end: int | None = None) -> Statement | None:
        """Return the last statement that mentions it, before a position if given."""
        mentioning = (
            statement
            for statement in reversed(self.statements)
            if end is None or statement.end <= end
        )
        return next(
            (
                statement
                for statement in mentioning
                if "search_path" in statement.text.lower()
                and statement.words[:1] != ("create",)
            ),
            None,
        )

    def function_that_sets_search_path(
        self, name: str, *, before: Statement | None
    ) -> tuple[str, Statement] | None:
        """Return what last gave a function a search path, if one still holds.

        It may be in this file, no later than a statement if one is given, or in an
        earlier one, whose path comes with it.
        """
        end = len(self.sql) if before is None else before.end
        own = [statement for statement in self.statements if statement.end <= end]
        others = (
            (step.path, statement)
            for step in reversed(self.earlier)
            if name in step.sql
            for statement in reversed(step.statements)
        )
        here = ((self.path, statement) for statement in reversed(own))
        for path, statement in itertools.chain(here, others):
            if statement.function == name:
                words = statement.words
                if ("set", "search_path") in itertools.pairwise(words):
                    return path, statement
                if words[0] == "create" or "search_path" in words:
                    return None  # it has none, or no longer
        return None

    def statement(self, number: int) -> Statement | None:
        """Return the statement of this number (from 0), if there is one."""
        return self.statements[number] if number < len(self.statements) else None
