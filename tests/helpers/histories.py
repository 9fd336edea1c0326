"""What migrations did, found out in two ways that have little in common.

The one is that of an audit, which looks at what each migration has touched. The other
looks at everything after each migration, and is a superuser's, over a connection of its
own. Both keep a ledger; what it says is compared after each migration.
"""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import itertools
import typing as typ
import unittest.mock

import psycopg
from psycopg import sql

from pytest_userstate.outbound.migrations.plan import Plan
from pytest_userstate.outbound.migrations.programs.inside.changes import Changes, Part
from pytest_userstate.outbound.migrations.provenance import ledger as ledger_module
from pytest_userstate.outbound.migrations.provenance.attribution import Attribution
from pytest_userstate.outbound.migrations.provenance.ledger import History, Ledger
from pytest_userstate.outbound.migrations.running.runner import MigrationRunner
from pytest_userstate.outbound.migrations.sql import Statement, statements
from pytest_userstate.outbound.postgres.settings import OWNER, SUPERUSER

if typ.TYPE_CHECKING:
    from pytest_userstate.outbound.postgres.server import EmbeddedServer

Told = dict[str, frozenset[tuple[str, ...]]]
"""What a ledger says after each migration, by its path; "": before the first."""

_numbers = itertools.count(1)


@contextlib.contextmanager
def fresh(server: EmbeddedServer, role: str) -> cabc.Iterator[psycopg.Connection]:
    """Connect as a role to an empty database of its own."""
    name = sql.Identifier(f"history_{next(_numbers)}")
    owned = "CREATE DATABASE {} OWNER {}"
    if int(server.version.partition(".")[0]) >= 15:
        owned += " STRATEGY file_copy"
    with server.connect(user=SUPERUSER) as admin:
        admin.execute(sql.SQL(owned).format(name, sql.Identifier(OWNER)))
        with server.connect(
            dbname=name.as_string(None).strip('"'), user=role
        ) as opened:
            yield opened
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def agreed(
    server: EmbeddedServer, plan: Plan, *, role: str = OWNER, setup: str = "SELECT 1"
) -> Told:
    """Fail where the two ways come to different results; return what both say.

    Parameters
    ----------
    server : EmbeddedServer
        Where to apply them.
    plan : Plan
        What to apply, batches without records.
    role : str
        Who applies them.
    setup : str
        What is run before the first.
    """
    with fresh(server, role) as connection:
        connection.execute(setup)
        by_notes = told_by_notes(connection, plan)
    with (
        fresh(server, role) as connection,
        server.connect(dbname=connection.info.dbname, user=SUPERUSER) as asking,
    ):
        connection.execute(setup)
        by_comparison = told_by_comparison(connection, asking, plan)
    expect_same(by_notes, by_comparison, plan)
    return by_notes


def expect_same(one: Told, other: Told, plan: Plan) -> None:
    """Fail at the first migration after which the two are different."""
    texts = {
        each.path: [batch.sql for batch in each.batches] for each in plan.migrations
    }
    for path in ("", *texts):
        if one[path] != other[path]:
            missing, extra = (
                sorted({*a[path]} - {*b[path]}) for a, b in ((other, one), (one, other))
            )
            message = (
                f"{texts.get(path)}\n  only compared: {missing}\n  only read: {extra}"
            )
            raise AssertionError(message)


@contextlib.contextmanager
def notes_kept() -> cabc.Iterator[None]:
    """Let the server go on noting after a run, so that a database can be used again."""
    with unittest.mock.patch.object(ledger_module, "_END", "SELECT 1"):
        yield


def told_by_notes(connection: psycopg.Connection, plan: Plan) -> Told:
    """Apply a plan as an audit does."""
    kept: list[_Ledger] = []

    def ledger(*args: typ.Any, **options: typ.Any) -> _Ledger:
        kept.append(_Ledger(*args, **options))
        return kept[-1]

    with unittest.mock.patch.object(ledger_module, "Ledger", ledger):
        found = MigrationRunner(connection).run(plan)
    told = kept[-1]
    assert found.warnings == ()
    assert plain(found) == list(told.after.values())[-1]
    return told.after


def told_by_comparison(
    connection: psycopg.Connection, asking: psycopg.Connection, plan: Plan
) -> Told:
    """Apply a plan, and look at everything after each migration."""
    changes = Changes(lambda question: asking.execute(question.encode()))
    told = _Ledger(changes.look_at_everything())
    for migration in plan.migrations:
        found: list[Statement] = []
        for batch in migration.batches:
            text = (
                f"BEGIN; {batch.sql}\n; COMMIT" if batch.in_transaction else batch.sql
            )
            connection.execute(text.encode())
            found += statements(batch.sql)
        parts = changes.look_at_everything()
        told.note_all(parts, migration.path, Attribution(found))
        told.remember(migration.path)
    return told.after


class _Ledger(Ledger):
    """One that remembers what it said after each migration."""

    def __init__(self, *args: typ.Any, **options: typ.Any) -> None:
        super().__init__(*args, **options)
        self.after: Told = {"": plain(self.history(applied=0))}

    def note(
        self, parts: cabc.Iterable[Part], path: str | None, attribution: Attribution
    ) -> bool:
        was_changed = super().note(parts, path, attribution)
        if path is not None:
            self.remember(path)
        return was_changed

    def remember(self, path: str) -> None:
        """Keep what it says now."""
        self.after[path] = plain(self.history(applied=0))


def plain(history: History) -> frozenset[tuple[str, ...]]:
    """Return it so that what is different can be shown."""
    sources = {"created": history.created, "changed": history.changed}
    return frozenset(
        {
            (what, *key, str(source))
            for what, each in sources.items()
            for key, source in each.items()
        }
        | {("dropped", repr(each)) for each in history.dropped}
    )
