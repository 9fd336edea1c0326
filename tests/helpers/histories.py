"""What migrations did, told in two ways that have nothing in common.

The one is that of an audit, which reads the past once all are applied. The other
compares everything that the catalog says after each migration with what it said
before. Both keep a ledger; what it says is compared after each migration.
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
from pytest_userstate.outbound.migrations.provenance import watch
from pytest_userstate.outbound.migrations.provenance.attribution import Attribution
from pytest_userstate.outbound.migrations.provenance.comparison import (
    ALL_RELATIONS,
    Answers,
)
from pytest_userstate.outbound.migrations.provenance.ledger import History, Ledger
from pytest_userstate.outbound.migrations.provenance.relation import Changes
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
    if server.version_num >= 150000:
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
    """Fail where the two ways tell different things; return what both tell.

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
        by_pages = told_by_pages(connection, plan)
    with (
        fresh(server, role) as connection,
        server.connect(dbname=connection.info.dbname, user=SUPERUSER) as asking,
    ):
        connection.execute(setup)
        by_comparison = told_by_comparison(connection, asking, plan)
    expect_same(by_pages, by_comparison, plan)
    return by_pages


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


def told_by_pages(connection: psycopg.Connection, plan: Plan) -> Told:
    """Apply a plan as an audit does."""
    kept: list[_Ledger] = []

    def ledger(*args: typ.Any, **options: typ.Any) -> _Ledger:
        kept.append(_Ledger(*args, **options))
        return kept[-1]

    with unittest.mock.patch.object(watch, "Ledger", ledger):
        found = MigrationRunner(connection).run(plan)
    [told] = kept
    last = told.after[""]
    for migration in plan.migrations:  # those that changed nothing are not noted
        last = told.after.setdefault(migration.path, last)
    assert plain(found) == last
    return told.after


def told_by_comparison(
    connection: psycopg.Connection, asking: psycopg.Connection, plan: Plan
) -> Told:
    """Apply a plan, and look at everything after each migration."""
    answers = Answers()

    def changes() -> Changes:
        return answers.all(asking.execute(ALL_RELATIONS).fetchall())

    told = _Ledger(changes())
    for migration in plan.migrations:
        found: list[Statement] = []
        for batch in migration.batches:
            text = (
                f"BEGIN; {batch.sql}\n; COMMIT" if batch.in_transaction else batch.sql
            )
            connection.execute(text.encode())
            found += statements(batch.sql)
        told.note(changes(), migration.path, Attribution(found))
    return told.after


class _Ledger(Ledger):
    """One that remembers what it said after each migration."""

    def __init__(self, *args: typ.Any, **options: typ.Any) -> None:
        super().__init__(*args, **options)
        self.after: Told = {"": plain(self.history(applied=0))}

    def note(self, changes: Changes, path: str, attribution: Attribution) -> None:
        super().note(changes, path, attribution)
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
