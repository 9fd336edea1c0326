"""The command that renews a committed report."""

from __future__ import annotations

import types
import typing as typ

import pytest

from pytest_userstate.inbound.options import renewal


def command(**options: str) -> str:
    """Return the command of a run with these options."""
    names = ("config", "migrations", "dsn", "gate", "server", "prove", "draft")
    given = {f"userstate_{name}": options.get(name) for name in names}
    given["userstate_target"] = []
    config = types.SimpleNamespace(option=types.SimpleNamespace(**given))
    return renewal(typ.cast("pytest.Config", config), "docs/my audit.md")


def test_it_asks_for_what_this_run_asked_for() -> None:
    """Another gate, or another configuration, would give another document."""
    assert command() == (
        "pytest --userstate-audit '--userstate-report=docs/my audit.md'"
    )
    assert command(config="c.toml", gate="schema,wiring", migrations="m") == (
        "pytest --userstate-audit --userstate-config=c.toml --userstate-migrations=m "
        "--userstate-gate=schema,wiring '--userstate-report=docs/my audit.md'"
    )


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [("env:DATABASE_URL", "env:DATABASE_URL"), ("postgresql://me:secret@h/d", "DSN")],
)
def test_it_tells_no_secret(dsn: str, shown: str) -> None:
    """A connection string may hold a password, and logs are read by many."""
    assert f"--userstate-dsn={shown} '--userstate-report" in command(dsn=dsn)
    assert "secret" not in command(dsn=dsn)
