"""Programs that are started: the environment that they get, and their output."""

from __future__ import annotations

import os
import sys
import tempfile
import typing as typ

TAIL_LINES = 15
_TAIL_BYTES = 16_384


def clean_environment() -> dict[str, str]:
    """Return the environment of the server and its tools: nothing of the user's.

    Messages have to be in English for us to read them, and a `PGDATA` or
    `PGOPTIONS` meant for another server has to stay away from ours.
    """
    kept = {
        name: os.environ[name]
        for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
        if name in os.environ
    }
    path = os.pathsep.join(filter(None, (os.environ.get("PATH"), os.defpath)))
    return {"LC_ALL": "C", "TZ": "UTC", "PATH": path, **kept}


class Log:
    """A file without a name: the server writes it, we read it, nobody removes it.

    It lies in memory where the system can do that, so that a full disk does not
    keep the server from saying so.
    """

    def __init__(self) -> None:
        """Open the file."""
        self._file: typ.IO[bytes] = (
            os.fdopen(os.memfd_create("postgres-log"), "w+b")
            if sys.platform == "linux"
            else tempfile.TemporaryFile()  # noqa: SIM115 - see `close`
        )

    def fileno(self) -> int:
        """Return the descriptor for a program to write to."""
        return self._file.fileno()

    def tail(self) -> str:
        """Return the last lines, indented; says so where there are none."""
        size = os.fstat(self.fileno()).st_size
        # Positioned reading: the offset is shared with the server that writes.
        start = max(0, size - _TAIL_BYTES)
        return tail(
            os.pread(self.fileno(), _TAIL_BYTES, start).decode(errors="replace")
        )

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def tail(text: str) -> str:
    """Return the last lines of a text, indented, and advice if it is about a limit."""
    lines = text.strip().splitlines()[-TAIL_LINES:]
    return advised("\n".join(f"  {line}" for line in lines) or "  (nothing)")


def advised(text: str) -> str:
    """Return a text with advice, if it says that the system has no more to give."""
    advice = (words for sign, words in _ADVICE.items() if sign in text)
    return "\n".join([text, *dict.fromkeys(advice)])


_MORE_PROCESSES = """\
A program says so that is refused another process. To fix it, raise the number that
the account may have (ulimit -u, or the container's limit), or end some of them."""

_MORE_ROOM = """\
To fix it, make room there, or set TMPDIR to a folder on a disk that has some."""

_ADVICE: typ.Final = {
    "Resource temporarily unavailable": _MORE_PROCESSES,
    "Cannot allocate memory": _MORE_PROCESSES,
    "Cannot fork": _MORE_PROCESSES,
    "No space left on device": _MORE_ROOM,
    "Disk quota exceeded": _MORE_ROOM,
}
