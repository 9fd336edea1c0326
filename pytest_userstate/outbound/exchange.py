"""Where the processes of one run share what the first of them found."""

from __future__ import annotations

import collections.abc as cabc
import functools
import pathlib
import shutil
import sys
import tempfile
import time

from pytest_userstate.domain.errors import ServerError, UsageError

if sys.platform == "win32":
    import msvcrt

    def _wait_for_lock(descriptor: int) -> None:
        """Wait for the lock: Windows' own way of waiting gives up after a while."""
        while True:
            try:
                return msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:
                time.sleep(0.01)

else:
    import fcntl

    def _wait_for_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


class FolderExchange:
    """Shares one result through a private folder, under a lock.

    The lock is the kernel's: it goes with the process that holds it, so a
    worker that dies never leaves the others waiting.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        """Keep the folder; it has to exist."""
        self._lock = folder / "exchange.lock"
        self._result = folder / "result"

    def once(self, produce: cabc.Callable[[], bytes]) -> bytes:
        """Return what the first caller produced, in whichever process it ran.

        Raises
        ------
        ServerError
            When it cannot be written down for the others.
        """
        with self._lock.open("a") as lock:
            _wait_for_lock(lock.fileno())
            data = self.peek()
            if data is None:
                data = produce()
                self._write(data)
            return data

    def _write(self, data: bytes) -> None:
        half = self._result.with_suffix(".half")
        try:
            half.write_bytes(data)
            half.replace(self._result)
        except OSError as error:
            message = _NOT_SHARED.format(folder=half.parent, error=error)
            raise ServerError(message) from error

    def peek(self) -> bytes | None:
        """Return what was produced, or None if nothing was."""
        try:
            return self._result.read_bytes()
        except FileNotFoundError:
            return None


def make_exchange_folder() -> tuple[str, cabc.Callable[[], None]]:
    """Make a private folder for an exchange; return it and how to remove it.

    It is one of the folders that the next run sweeps away should this one be
    killed. Where no server can run, as none has to for a live database, nobody
    sweeps: there it is a temporary folder like any other.
    """
    from pytest_userstate.outbound.postgres.account import (  # noqa: PLC0415 - time
        check_machine,
    )

    try:
        account = check_machine()
    except UsageError:
        plain = tempfile.mkdtemp(prefix="userstate-exchange-")
        return plain, functools.partial(shutil.rmtree, plain, ignore_errors=True)
    from pytest_userstate.outbound.postgres.run_folders import (  # noqa: PLC0415 - POSIX
        make_run_folder,
    )

    folder = make_run_folder(account)
    return str(folder.path), folder.discard


_NOT_SHARED = """\
what the audit found cannot be handed to the other workers of pytest-xdist.
  folder     {folder}
  error      {error}
To fix it, make room there, or run without -n."""
