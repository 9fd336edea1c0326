"""Asking a program of PostgreSQL for its version."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import attrs

from pytest_userstate.outbound.postgres import forks

OLDEST_MAJOR = 14
ANSWER_TIMEOUT = 10.0  # seconds

_ANSWER = re.compile(r"^(\w+) \(PostgreSQL\) (\d+)(?:\.(\d+))?")


class UnusableError(Exception):
    """No usable PostgreSQL is there; the message, one line, says what is."""


@attrs.frozen
class Version:
    """A version of PostgreSQL, and the program that told it."""

    major: int
    minor: int
    program: str = "postgres"

    @property
    def number(self) -> int:
        """The version as ``server_version_num`` has it: 180006."""
        return self.major * 10_000 + self.minor

    def __str__(self) -> str:
        """Write it as PostgreSQL does: ``18.6``."""
        return f"{self.major}.{self.minor}"


def supported_version(program: Path) -> Version:
    """Return the version that the program tells.

    Raises
    ------
    UnusableError
        When it does not answer as PostgreSQL does, or its version is too old.
    """
    answer = output_of(program, "--version")
    match = _ANSWER.match(answer)
    if match is None:
        first = answer.strip().splitlines()[:1] or ["nothing"]
        message = f"{program} --version answers {first[0]!r}, not as PostgreSQL does"
        raise UnusableError(message)
    version = Version(int(match[2]), int(match[3] or 0), match[1])
    if version.major < OLDEST_MAJOR:
        message = f"{program} is of version {version}, older than {OLDEST_MAJOR}"
        raise UnusableError(message)
    return version


def output_of(program: Path, option: str) -> str:
    """Return what the program prints, be it to its output or as an error.

    Raises
    ------
    UnusableError
        When it cannot be run, or does not come to an end.
    """
    try:
        with forks.held_off:
            answer = subprocess.run(
                [program, option],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=ANSWER_TIMEOUT,
                check=False,
            )
    except OSError as error:
        message = f"{program} cannot be run: {error.strerror}"
        raise UnusableError(message) from error
    except subprocess.TimeoutExpired as error:
        message = f"{program} {option} gave no answer in {ANSWER_TIMEOUT:.0f} seconds"
        raise UnusableError(message) from error
    return answer.stdout.decode(errors="replace")
