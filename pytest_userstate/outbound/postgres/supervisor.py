"""One server and the small process that holds it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import typing as typ
import weakref
from pathlib import Path

from pytest_userstate.domain.errors import ServerError
from pytest_userstate.outbound.postgres.account import (
    Account,
    Log,
    advised,
    clean_environment,
)
from pytest_userstate.outbound.postgres.binaries import Binaries
from pytest_userstate.outbound.postgres.run_folders import RunFolder

POLL_INTERVAL = 0.001  # seconds
START_TIMEOUT = 60.0  # seconds; it takes about a twentieth of one
STOP_TIMEOUT = 20.0  # seconds; likewise, and the server itself gives up after five
# The line of postmaster.pid with the server's state, counted from 0.
_STATUS_LINE = 7


class Supervisor:
    """A shell that unpacks the data, runs the server and removes it all.

    It runs in a separate session, so that a Ctrl-C at the terminal does not
    reach it, and waits for the end of a pipe that only we hold: whatever way we
    go, the server goes with us.
    """

    def __init__(
        self,
        folder: RunFolder,
        account: Account,
        binaries: Binaries,
        *,
        archives: typ.Sequence[Path | str],
        arguments: typ.Sequence[str],
    ) -> None:
        """Start it, and do not wait for anything.

        The archives are the data directory with the database to audit, and the other
        databases or an empty string.
        """
        self._folder = folder
        self._binaries = binaries
        self._log = Log()
        self._is_left_alone = False
        self._is_gone = False
        folder.hand_over(account)
        server = [binaries.postgres, "-D", folder.data, *arguments]
        words = [str(word) for word in (folder.path, *archives, *server)]
        script = Path(__file__).with_name("supervise.sh").read_text(encoding="utf-8")
        try:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", script, "pytest-userstate", *words],
                stdin=subprocess.PIPE,
                stdout=folder.lock,
                stderr=self._log.fileno(),
                cwd="/",
                env=clean_environment(),
                start_new_session=True,
                **account.credentials,
            )
            _supervisors.add(self)
        except OSError as error:
            self._log.close()
            message = _NOT_STARTED.format(account=account.name, error=error)
            raise ServerError(advised(message)) from error

    @property
    def is_alive(self) -> bool:
        """Whether the server, or what prepares it, still runs."""
        return self._process.poll() is None

    @property
    def is_listening(self) -> bool:
        """Whether the server can be reached; that it died, we see a moment later."""
        import socket  # noqa: PLC0415 - only after a failure

        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(0)
            try:
                probe.connect(os.fspath(self._folder.socket))
            except BlockingIOError:
                return True
            except OSError:
                return False
            return True

    def log_tail(self) -> str:
        """Return the last lines of the server's log."""
        return self._log.tail()

    def wait_until_ready(self) -> None:
        """Wait until the server accepts connections."""
        deadline = time.monotonic() + START_TIMEOUT
        while not _is_ready(self._folder.data):
            if not self.is_alive:
                raise ServerError(self._complaint(_DIED))
            if time.monotonic() > deadline:
                raise ServerError(self._complaint(_TOO_SLOW))
            time.sleep(POLL_INTERVAL)

    def _complaint(self, template: str) -> str:
        return template.format(
            program=self._binaries.postgres,
            origin=self._binaries.origin,
            seconds=START_TIMEOUT,
            tail=self.log_tail(),
        )

    def keep_running(self, seconds: int) -> None:
        """Let the server live on for a while, whatever becomes of this process."""
        pipe = self._process.stdin
        if pipe is None:
            return
        holder = subprocess.Popen(
            ["/bin/sleep", str(seconds)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[pipe.fileno()],
            start_new_session=True,
        )
        # Nobody will wait for either of them; without this, their Popen objects
        # would warn of that.
        holder.returncode = self._process.returncode = 0
        self._is_left_alone = True

    def let_go(self) -> None:
        """Have the server stop, and do not wait for it."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def stop(self) -> None:
        """Let go of the server, and wait until it and its folder are gone.

        Interrupted, it removes them without waiting; once more, and it only waits.
        """
        self.let_go()
        deadline = time.monotonic() + STOP_TIMEOUT
        try:
            while self.is_alive:  # Popen.wait with a timeout sleeps for longer
                if time.monotonic() > deadline:
                    os.killpg(self._process.pid, signal.SIGKILL)
                time.sleep(POLL_INTERVAL)
        finally:
            self._give_back()

    def _give_back(self) -> None:
        """Close and remove what is ours of it, once."""
        if self._is_gone:
            return
        self._log.close()
        if not self._is_left_alone:
            self._folder.remove()
        self._is_gone = True  # first: closed twice, it could be somebody else's
        self._folder.release()

    def leave(self) -> None:
        """Have no part in it any more: this process was forked off ours.

        With the pipe open here, the server would wait for the end of this one, too.
        """
        if self._is_gone:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.returncode = 0  # it is not ours to wait for
        self._log.close()
        self._folder.release()
        self._is_gone = True


_supervisors: weakref.WeakSet[Supervisor] = weakref.WeakSet()


def _leave_all() -> None:
    for supervisor in tuple(_supervisors):
        supervisor.leave()


os.register_at_fork(after_in_child=_leave_all)


def _is_ready(data: Path) -> bool:
    try:
        lines = (data / "postmaster.pid").read_bytes().splitlines()
    except OSError:
        return False
    return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == b"ready"


_NOT_STARTED = """\
the embedded PostgreSQL could not be started as the account {account!r}.
  found      {error}
Where root is not allowed to become another user (a container without the
capabilities SETUID and SETGID), run pytest as an ordinary user."""

_DIED = """\
the embedded PostgreSQL died while starting.
  program    {program}
  from       {origin}
The end of its log:
{tail}"""

_TOO_SLOW = """\
the embedded PostgreSQL did not start within {seconds:.0f} seconds.
  program    {program}
  from       {origin}
The end of its log:
{tail}"""
