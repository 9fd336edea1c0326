"""Repeated audits: the schema of unchanged migrations comes from pytest's cache."""

from __future__ import annotations

import pathlib
import re

from tests.helpers.backends import Backend

FROM_CACHE = "snapshot from cache, of PostgreSQL"
PHASES = re.compile(
    r"^phases of the audit: server [\d.]+ s, migrations [\d.]+ s, catalog [\d.]+ s, "
    r"sources [\d.]+ s$",
    re.MULTILINE,
)
WITHOUT_SERVER = """
from pytest_userstate.outbound.postgres import server


def start(*_, **__):
    raise AssertionError("a server is started")


server.EmbeddedServer.__init__ = start
"""


def entries(backend: Backend) -> list[pathlib.Path]:
    """Return the entries of the cache."""
    return sorted((backend.path / ".pytest_cache/d/userstate").glob("*"))


def test_an_unchanged_schema_is_read_from_the_cache(covered: Backend) -> None:
    """The report is the same; `--cache-clear`, no cache, and proofs make it anew."""
    covered.write("migrations/004_nick.sql", "ALTER TABLE users ADD nick text;")
    covered.write("migrations/005_nick.sql", "ALTER TABLE users DROP nick;")
    first = covered.run()
    assert FROM_CACHE not in first.output
    [entry] = entries(covered)
    again = covered.run("-n2", "-p", "xdist")
    assert FROM_CACHE in again.output
    assert again.report == first.report
    assert entries(covered) == [entry]
    for option in ("--cache-clear", "-p no:cacheprovider", "--userstate-prove"):
        assert FROM_CACHE not in covered.run(*option.split()).output
    entry.write_bytes(entry.read_bytes()[:-5])
    damaged = covered.run()
    assert FROM_CACHE not in damaged.output
    assert damaged.report == first.report


def test_a_hit_starts_no_server(covered: Backend) -> None:
    """What the configuration says about the schema applies, and an edit starts one."""
    first = covered.run("--durations=1", report=False).output
    assert PHASES.search(first), first
    covered.write("conftest.py", WITHOUT_SERVER)
    covered.configure('[gate]\naxes = ["wiring"]\n')
    changed = covered.run("-v", report=False)
    assert FROM_CACHE in changed.output
    assert re.search(
        r"^phases of the audit: sources [\d.]+ s$", changed.output, re.MULTILINE
    )
    assert "users.wiring" in changed.output
    assert changed.status == 1
    covered.write("migrations/004_extra.sql", "CREATE TABLE extra (id int);")
    assert "a server is started" in covered.run(report=False).output


def test_a_failed_migration_is_never_kept(covered: Backend) -> None:
    """There is no schema to keep."""
    covered.write("migrations/004_broken.sql", "CREATE TABLE broken (id nothing);")
    run = covered.run()
    assert (run.status, FROM_CACHE in run.output) == (1, False)
    assert 'type "nothing" does not exist' in run.output
    assert entries(covered) == []
