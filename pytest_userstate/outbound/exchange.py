"""Where the processes of one run share what the first of them found."""

from __future__ import annotations

import collections.abc as cabc
import fcntl
import pathlib


class FolderExchange:
    """Shares one text through a private folder, under a lock.

    The lock is the kernel's: it goes with the process that holds it, so a
    worker that dies never leaves the others waiting.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        """Keep the folder; it has to exist."""
        self._lock = folder / "exchange.lock"
        self._text = folder / "findings.json"

    def once(self, produce: cabc.Callable[[], str]) -> str:
        """Return what the first caller produced, in whichever process it ran."""
        with self._lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            text = self.peek()
            if text is None:
                text = produce()
                half = self._text.with_suffix(".half")
                half.write_text(text, encoding="utf-8")
                half.replace(self._text)
            return text

    def peek(self) -> str | None:
        """Return what was produced, or None where nothing was."""
        try:
            return self._text.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
