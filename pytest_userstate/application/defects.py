"""A defect of this package: an exception that it does not expect, as a message."""

from __future__ import annotations

import collections.abc as cabc
import importlib.metadata
import pathlib
import platform
import sys
import traceback
import typing as typ

from pytest_userstate.domain.errors import DefectError

HEADLINE: typ.Final = "pytest-userstate has a defect"
_PACKAGE: typ.Final = "pytest_userstate"
_DISTRIBUTION: typ.Final = "pytest-userstate"
_FRAMES: typ.Final = 12
_REQUEST: typ.Final = """\
Nothing here says that the repository is at fault. Please report these lines, if
you can with the migration that leads to them"""


def defect(error: BaseException) -> DefectError:
    """Return the error that reports an unexpected exception; one stays as it is."""
    if isinstance(error, DefectError):
        return error
    lines = [f"{HEADLINE}: {_summary(error)}", *_frames(error)]
    if error.__cause__ is not None:
        lines += [f"caused by {_summary(error.__cause__)}", *_frames(error.__cause__)]
    return DefectError("\n".join([*lines, _REQUEST + _address(), _versions()]))


def is_ours(error: BaseException) -> bool:
    """Whether a function of this package raised an exception, or was on the way."""
    files = (
        frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)
    )
    return any(_PACKAGE in pathlib.PurePath(file).parts for file in files)


def _summary(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error)).strip()


def _frames(error: BaseException) -> list[str]:
    """Return the innermost calls as `path:line`, without folders of this machine."""
    calls = [
        f"  {_place(frame.f_code.co_filename)}:{line} in {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    omitted = len(calls) - _FRAMES
    return ["  …", *calls[-_FRAMES:]] if omitted > 0 else calls


def _place(file: str) -> str:
    parts = pathlib.PurePath(file).parts
    start = parts.index(_PACKAGE) if _PACKAGE in parts else -2
    return "/".join(parts[start:])


def _address() -> str:
    """Return where to report a defect, if the package's metadata name an address."""
    urls: cabc.Iterable[str] = (
        importlib.metadata.metadata(_DISTRIBUTION).get_all("Project-URL") or ()
    )
    known = dict(url.split(", ", 1) for url in urls)
    return f": {known['Issues']}" if "Issues" in known else "."


def _versions() -> str:
    names = (_DISTRIBUTION, "pytest", "psycopg")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in names]
    python = ".".join(map(str, sys.version_info[:3]))
    return ", ".join([*versions, f"Python {python}", platform.system()])
