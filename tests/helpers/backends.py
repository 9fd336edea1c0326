"""Small backend repositories, audited by a real pytest in a process of its own."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import textwrap
import typing as typ

import attrs

ROOT = pathlib.Path(__file__).parents[2]
_OFF = ("benchmark", "hypothesispytest")
# What a run gets from our own environment, where it is set there.
_PASSED_ON = ("HOME", "PATH", "XDG_CACHE_HOME", "COVERAGE_PROCESS_CONFIG")
CHECKS = (
    "login.schema",
    "login.wiring",
    "users.schema",
    "users.wiring",
    "profile.schema",
    "profile.wiring",
    "interests.schema",
    "interests.wiring",
    "interests.revision",
    "interests.conflict",
)
USERS = "CREATE TABLE users (id uuid PRIMARY KEY, display_name text NOT NULL);"
CREDENTIALS = (
    "CREATE TABLE user_credentials "
    "(user_id uuid PRIMARY KEY REFERENCES users, password_hash text NOT NULL);"
)
PREFERENCES = (
    "CREATE TABLE user_preferences (user_id uuid PRIMARY KEY REFERENCES users, "
    "interest_theme_ids uuid[] NOT NULL DEFAULT '{}', "
    "revision integer NOT NULL DEFAULT 1);"
)
JOIN_TABLE = (
    "CREATE TABLE user_interest_themes "
    "(user_id uuid REFERENCES users, theme_id uuid, PRIMARY KEY (user_id, theme_id));"
)


@attrs.frozen
class Run:
    """A finished pytest run."""

    status: int
    output: str
    report: dict[str, typ.Any] | None

    @property
    def last_line(self) -> str:
        """What pytest says at the very end, without its duration."""
        return self.output.rstrip().rpartition("\n")[2].partition(" in ")[0]

    def outcomes(self) -> dict[str, str]:
        """Return the outcome of each check, from the JSON report."""
        assert self.report is not None, self.output
        return {check["id"]: check["outcome"] for check in self.report["checks"]}

    def check(self, check_id: str) -> dict[str, typ.Any]:
        """Return one check of the JSON report."""
        assert self.report is not None, self.output
        return next(each for each in self.report["checks"] if each["id"] == check_id)


@attrs.frozen
class Backend:
    """A repository in a folder of its own."""

    path: pathlib.Path

    def write(self, name: str, text: str = "") -> pathlib.Path:
        """Write a file, its text dedented; return its path."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
        return path

    def migrate(self, *statements: str, folder: str = "migrations") -> None:
        """Write plain migrations, one file each."""
        for number, sql in enumerate(statements, 1):
            self.write(f"{folder}/{number:03}_step.sql", sql + "\n")

    def configure(self, text: str) -> None:
        """Write userstate.toml."""
        self.write("userstate.toml", text)

    def environment(self, **changes: str) -> dict[str, str]:
        """Return the environment that runs get."""
        passed_on = {
            name: os.environ[name] for name in _PASSED_ON if name in os.environ
        }
        return {"COLUMNS": "80", **passed_on, **changes}

    def command(self, *args: str) -> list[str]:
        """Return the command that runs pytest with these arguments."""
        # Plugins of our own tests would only slow each run down, and leave traces.
        off = [part for name in _OFF for part in ("-p", f"no:{name}")]
        return [sys.executable, "-m", "pytest", *off, *args]

    def run(
        self,
        *args: str,
        audit: bool = True,
        report: bool = True,
        cwd: str = ".",
        **environment: str,
    ) -> Run:
        """Run pytest to its end; return what it said."""
        asked = ["--userstate-audit"] if audit else []
        target = self.path / "report.json"
        target.unlink(missing_ok=True)
        if audit and report:
            asked.append(f"--userstate-report={target}")
        done = subprocess.run(
            self.command(*asked, *args),
            cwd=self.path / cwd,
            env=self.environment(**environment),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=120,
        )
        value = json.loads(target.read_text()) if target.exists() else None
        return Run(done.returncode, done.stdout, value)
