"""A program that is run to its end: its output, a deadline, and nothing left of it.

The program leads its own process group, and the group ends with it: when
its time is up, when we are interrupted, and, through a watcher that waits for
the end of a pipe that only we hold, also when we are killed.
"""

from __future__ import annotations

import collections
import collections.abc as cabc
import contextlib
import os
import pathlib
import re
import selectors
import signal
import subprocess
import threading
import time

import attrs

_KEPT_LINES = 400
_LONGEST_LINE = 2_000  # characters that are kept of one
_CHUNK = 1 << 20  # more than a pipe holds, so that one read empties it
_POLL = 0.02  # seconds between looks at whether it has ended
_GRACE = 2.0  # seconds that it gets to end by itself when it is asked to
# The shell reads the group, and then waits for the end of the pipe.
_WATCHER = 'read -r group && { read -r _; kill -s KILL -- "-$group"; }'

_SHOWN_LINES = 40
_MASK = "********"
_PASSWORD_IN_URL = re.compile(r"""(://[^\s:/@]*:)[^\s'"]+(@)""")
_PASSWORD = re.compile(
    r"""(?i)\b(pass(?:word|wd)?['"]?\s*[=:]\s*)('[^']*'|"[^"]*"|[^\s'",)]+)"""
)
_SECRET_NAME = re.compile(
    r"(?i)pass|secret|token|credential|(?:^|_)(?:key|dsn)(?:_|$)|_pwd(?:_|$)"
)
# Two lines or more of a Python traceback, for a place that is not the repository's.
_FRAME = re.compile(r'  File "(.+)", line \d+, in ')
_ELSEWHERE = re.compile(r"/(?:site|dist)-packages/|/lib/python3|^<|/programs/inside/")
_SHORTEST = 6  # characters; a shorter value would be found in every other word

Consumer = cabc.Callable[[bytes], None]


@attrs.frozen(kw_only=True)
class Ended:
    """How a program ended."""

    # Its exit status; the negative number of the signal that killed it.
    status: int
    # The last lines of what it wrote to standard output and standard error.
    output: tuple[str, ...]
    # How many lines it had written before those.
    left_out: int
    # Whether it was ended because its time was up.
    timed_out: bool = False


@attrs.frozen
class Report:
    """A pipe through which a program reports."""

    # Its ends; the program knows the number of the latter. Both are closed in the end.
    read: int
    write: int
    # Gets what the program writes, as it comes.
    consume: Consumer


class Clock:
    """The time that a program has left, in seconds."""

    def __init__(self, seconds: float) -> None:
        """Start it."""
        self.restart(seconds)

    def restart(self, seconds: float) -> None:
        """Let the time allowed begin now, and be so long."""
        self.seconds = seconds
        self._deadline = time.monotonic() + seconds

    @property
    def is_up(self) -> bool:
        """Whether there is no time left."""
        return time.monotonic() > self._deadline


class Lines:
    """The last lines of a stream of bytes."""

    def __init__(self) -> None:
        """Start empty."""
        self._rest = b""
        self._kept: collections.deque[bytes] = collections.deque(maxlen=_KEPT_LINES)
        self._count = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes, wherever they were cut."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._kept.extend(line[:_LONGEST_LINE] for line in lines)
        self._count += len(lines)
        self._rest = rest[:_LONGEST_LINE]

    def ended(self) -> tuple[tuple[str, ...], int]:
        """Return what was kept, and how many lines were not."""
        if self._rest:
            self.feed(b"\n")
        kept = (line.decode("utf-8", "replace").rstrip("\r") for line in self._kept)
        return tuple(kept), self._count - len(self._kept)


def run(
    arguments: cabc.Sequence[str],
    *,
    folder: pathlib.Path,
    environment: cabc.Mapping[str, str],
    clock: Clock,
    report: Report | None = None,
) -> Ended:
    """Run a program to its end, without a shell and without input."""
    output = Lines()
    listened: list[tuple[int, Consumer]] = []
    with contextlib.ExitStack() as stack:
        read, write = os.pipe()
        stack.callback(os.close, read)
        listened.append((read, output.feed))
        handed = [write]
        if report is not None:
            stack.callback(os.close, report.read)
            listened.append((report.read, report.consume))
            handed.append(report.write)
        try:
            watch = stack.enter_context(_watcher())
            with _uninterrupted():
                process = subprocess.Popen(
                    list(arguments),
                    cwd=folder,
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=write,
                    stderr=write,
                    pass_fds=handed[1:],
                    start_new_session=True,
                )
                watch(process.pid)
                stack.callback(_end_group, process)
        finally:
            for descriptor in handed:
                os.close(descriptor)
        timed_out = not _listen(process, listened, clock)
        if timed_out:
            _ask_to_end(process, listened)
    kept, left_out = output.ended()
    return Ended(
        status=process.returncode, output=kept, left_out=left_out, timed_out=timed_out
    )


def _listen(
    process: subprocess.Popen[bytes],
    listened: cabc.Sequence[tuple[int, Consumer]],
    clock: Clock,
) -> bool:
    """Read what the program writes until it ends; return whether it did so in time.

    What it started may hold the pipes open for longer, and is not waited for.
    """
    with selectors.DefaultSelector() as selector:
        for descriptor, consume in listened:
            selector.register(descriptor, selectors.EVENT_READ, consume)
        while not clock.is_up:
            has_ended = process.poll() is not None
            if not selector.get_map():
                time.sleep(0 if has_ended else _POLL)
            for key, _ in selector.select(0 if has_ended else _POLL):
                if not _read_once(key.fd, key.data):
                    selector.unregister(key.fd)
            if has_ended:
                return True
    return False


def _read_once(descriptor: int, consume: Consumer) -> bool:
    """Pass on what is there; return whether it was not the end."""
    data = os.read(descriptor, _CHUNK)
    if data:
        consume(data)
    return bool(data)


def _ask_to_end(
    process: subprocess.Popen[bytes], listened: cabc.Sequence[tuple[int, Consumer]]
) -> None:
    """Give a program that is late the time to write its last words."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGTERM)
    _listen(process, listened, Clock(_GRACE))


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the program and of all that it started."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def _watcher() -> cabc.Iterator[cabc.Callable[[int], None]]:
    """Give a function that lets a group be killed should this process be.

    The watcher runs before the program does: killed in between, we leave neither.
    """
    with subprocess.Popen(
        ["/bin/sh", "-c", _WATCHER, "pytest-userstate"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
        bufsize=0,
    ) as watcher:

        def watch(group: int) -> None:
            if watcher.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    watcher.stdin.write(b"%d\n" % group)

        try:
            yield watch
        finally:
            watcher.kill()


@contextlib.contextmanager
def _uninterrupted() -> cabc.Iterator[None]:
    """Put a Ctrl-C off: while a program starts, nobody could end it yet."""
    handler = signal.getsignal(signal.SIGINT)
    is_ours = threading.current_thread() is threading.main_thread()
    if not (is_ours and callable(handler)):
        yield
        return
    pressed: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        for number in pressed[:1]:
            signal.raise_signal(number)


def last_lines(ended: Ended) -> str:
    """Return the end of the output, as much as a message has room for."""
    lines = list(_without_frames_elsewhere(ended.output))
    left_out = ended.left_out + max(0, len(lines) - _SHOWN_LINES)
    before = [f"… ({left_out} lines before)"] if left_out else []
    return "\n".join([*before, *lines[-_SHOWN_LINES:]]).strip("\n")


def _without_frames_elsewhere(lines: cabc.Iterable[str]) -> cabc.Iterator[str]:
    """Leave out what a traceback shows of installed packages, as dots."""
    is_elsewhere = False
    for line in lines:
        if frame := _FRAME.match(line):
            was_elsewhere = is_elsewhere
            is_elsewhere = _ELSEWHERE.search(frame[1]) is not None
            if is_elsewhere and not was_elsewhere:
                yield "  …"
        elif not line.startswith("    "):
            is_elsewhere = False
        if not is_elsewhere:
            yield line.rstrip()


def redacted(
    text: str,
    *,
    environment: cabc.Mapping[str, str],
    places: cabc.Mapping[str, str] | None = None,
) -> str:
    """Return the text without secrets.

    >>> redacted("connecting to postgresql://app:hunter2@db/app", environment={})
    'connecting to postgresql://app:********@db/app'
    """
    for place, name in (places or {}).items():
        text = text.replace(place, name)
    for name, value in environment.items():
        if len(value) >= _SHORTEST and _SECRET_NAME.search(name):
            text = text.replace(value, _MASK)
    text = _PASSWORD_IN_URL.sub(rf"\1{_MASK}\2", text)
    return _PASSWORD.sub(rf"\1{_MASK}", text)
