"""What a program wrote, fit for a message: its end, without secrets."""

from __future__ import annotations

import collections.abc as cabc
import re

from pytest_userstate.outbound.migrations.programs.processes import Ended

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

    Parameters
    ----------
    text : str
        What a program wrote.
    environment : mapping
        The variables that it had: the values of those whose name speaks of a
        secret are taken out wherever they stand.
    places : mapping or None
        What to write for folders that are elsewhere on another machine.

    Examples
    --------
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
