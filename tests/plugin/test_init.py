"""A first configuration, and a gate, in one command."""

from __future__ import annotations

import collections.abc as cabc
import tomllib

from tests.helpers.backends import Backend

Copy = cabc.Callable[[str], Backend]
INIT = "--userstate-init"
ACCEPT = "--userstate-accept-gaps"


def flowing(output: str) -> str:
    """Return what the terminal shows without the ends of its lines."""
    return " ".join(output.split())


def test_what_was_recognized_is_written_down(example: Copy) -> None:
    """The next run finds the same by the configuration, and recognizes nothing."""
    recognized = example("recognized")
    recognized.write("userstate.schema.json", "{}")
    first = recognized.run(INIT)
    assert first.status == 0, first.output
    assert "configuration written to userstate.toml" in first.output
    text = (recognized.path / "userstate.toml").read_text()
    assert text.startswith("#:schema ./userstate.schema.json\n# Where this")
    written = tomllib.loads(text)
    assert written["migrations"] == "db/migrations"
    assert written["entities"]["login"]["models"] == [
        {
            "name": "accounts",
            "table": "public.accounts",
            "columns": ["password_digest"],
        }
    ]
    second = recognized.run()
    assert second.status == 0, second.output
    assert second.report is not None
    assert second.report["recognition"] == []
    assert "configured by userstate.toml" in second.output
    for check in ("login.schema", "users.schema", "interests.conflict"):
        assert second.check(check)["coverage"] == first.check(check)["coverage"]


def test_gaps_are_accepted_so_that_a_gate_can_begin(backend: Backend) -> None:
    """The run is green, and so is the next, until a gap is closed or time is up."""
    backend.migrate("CREATE TABLE users (id uuid PRIMARY KEY, email text NOT NULL);")
    first = backend.run(INIT, ACCEPT)
    assert first.status == 0, first.output
    assert first.outcomes()["login.schema"] == "accepted"
    assert "accepted there for 90 days: login.schema," in flowing(first.output)
    second = backend.run()
    assert second.status == 0, second.output
    assert second.outcomes() == first.outcomes()
    backend.write(
        "migrations/002_step.sql",
        "ALTER TABLE users ADD COLUMN password_hash text NOT NULL;",
    )
    closed = backend.run()
    assert closed.outcomes()["login.schema"] == "failed"
    assert "login.schema" in closed.output


def test_without_accepting_gaps_the_run_says_what_is_left(backend: Backend) -> None:
    """The configuration is written all the same, and the failing checks are named."""
    backend.migrate("CREATE TABLE users (id uuid PRIMARY KEY, email text NOT NULL);")
    run = backend.run(INIT)
    assert run.status == 1
    assert "left to decide: login.schema, interests.schema" in flowing(run.output)
    assert "# expected = false" in (backend.path / "userstate.toml").read_text()


def test_a_configuration_that_is_there_is_left_alone(example: Copy) -> None:
    """What it could say is shown instead."""
    recognized = example("recognized")
    recognized.write("userstate.toml", "# ours\n")
    run = recognized.run(INIT)
    assert run.status == 0, run.output
    assert (recognized.path / "userstate.toml").read_text() == "# ours\n"
    assert "userstate.toml is there and left alone; it could say:" in run.output
    assert '  table = "public.account_settings"' in run.output


def test_nothing_is_written_if_nothing_was_audited(backend: Backend) -> None:
    """A migration that fails leaves no configuration behind."""
    backend.migrate("CREATE TABLE;")
    run = backend.run(INIT)
    assert run.status == 1
    assert "userstate.toml was not written: nothing was audited" in run.output
    assert not (backend.path / "userstate.toml").exists()


def test_accepting_gaps_goes_with_init(backend: Backend) -> None:
    """Acceptances are written down, or not made at all."""
    backend.migrate("CREATE TABLE users (id uuid);")
    run = backend.run(ACCEPT)
    assert run.status == 4
    assert "--userstate-accept-gaps goes with --userstate-init" in run.output


def test_init_asks_for_the_audit_itself(example: Copy) -> None:
    """It is one option to type, and the checks run."""
    recognized = example("recognized")
    run = recognized.run(INIT, audit=False)
    assert run.status == 0, run.output
    assert "6 passed, 4 skipped" in run.output
    assert (recognized.path / "userstate.toml").exists()


def test_a_file_of_other_tools_gets_a_table(example: Copy) -> None:
    """What stood there stays as it was, ends of lines included."""
    recognized = example("recognized")
    file = recognized.path / "pyproject.toml"
    before = b"[tool.ruff]\r\nline-length = 88  # wide\r\n"
    file.write_bytes(before)
    run = recognized.run(INIT)
    assert run.status == 0, run.output
    assert "written to [tool.userstate] in pyproject.toml" in flowing(run.output)
    written = file.read_bytes()
    assert written.startswith(before)
    assert written.count(b"\n") == written.count(b"\r\n")
    table = tomllib.loads(written.decode())["tool"]
    assert table["ruff"] == {"line-length": 88}
    assert table["userstate"]["migrations"] == "db/migrations"
    assert table["userstate"]["entities"]["users"]["replace"] is True
    assert not (recognized.path / "userstate.toml").exists()
    again = recognized.run(INIT)
    assert again.status == 0, again.output
    assert "pyproject.toml is there and left alone; there is" in flowing(again.output)
    assert file.read_bytes() == written


def test_ports_that_the_sources_show_are_written(example: Copy) -> None:
    """The next run reads their wiring, and nothing is left to add."""
    recognized = example("recognized")
    recognized.write(
        "internal/store.go",
        """
        package store

        type AccountStore interface{ Find(id string) string }

        type PostgresAccounts struct{}

        var _ AccountStore = (*PostgresAccounts)(nil)

        func (p *PostgresAccounts) Find(id string) string { return "" }

        func Wire() AccountStore { return &PostgresAccounts{} }
        """,
    )
    first = recognized.run(INIT)
    assert first.status == 0, first.output
    written = (recognized.path / "userstate.toml").read_text()
    ports = tomllib.loads(written)["wiring"]["ports"]
    assert ports == {"users": [{"port": "AccountStore"}]}
    assert "# AccountStore is database-backed in the repository" in written
    second = recognized.run(INIT)
    assert second.check("users.wiring")["coverage"] == "database_backed"
    assert "there is nothing to add" in flowing(second.output)
