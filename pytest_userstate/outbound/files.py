"""The files that a run writes, and those that it reads back: reports and snapshots.

Places are checked early, and files are written whole or not at all.
"""

from __future__ import annotations

import os
import pathlib
import tempfile

import attrs

from pytest_userstate.application.snapshot_text import read_snapshot
from pytest_userstate.domain.errors import (
    SnapshotFileError,
    ToolError,
    UsageError,
)
from pytest_userstate.domain.ports import ReportPlace
from pytest_userstate.domain.snapshot import SchemaSnapshot
from pytest_userstate.outbound.configuration_file import repository_root


class ReportFiles:
    """Writes text to files, relative to where the run was started.

    `audited` is the folder that the sources of facts are relative to; `option` and
    `what` are for messages.
    """

    def __init__(
        self,
        base: pathlib.Path,
        *,
        audited: pathlib.Path | None = None,
        option: str = "--userstate-report",
        what: str = "report",
    ) -> None:
        """Keep the folder that relative paths start from."""
        self._base = base
        self._audited = audited or base
        self._option = option
        self._what = what

    def check(self, path: str) -> None:
        """Raise a UsageError if nothing could be written to the path."""
        target = self._base / path
        problem = self._problem(path, target.parent)
        if not problem and target.is_dir():
            problem = "it is a folder"
        elif not problem and target.exists() and not target.is_file():
            problem = "it is no ordinary file"
        self._refuse(path, problem)

    def _problem(self, path: str, folder: pathlib.Path) -> str:
        """Return why a folder cannot be written to, or made, if it cannot."""
        if self._leads_out(path):
            leads = _real(self._base / path)
            return f"a symbolic link leads out of the repository, to {leads}"
        place = next(place for place in (folder, *folder.parents) if place.exists())
        if not place.is_dir():
            return f"{self._shown(place)} is no folder"
        if not os.access(place, os.W_OK | os.X_OK):
            return f"the folder {self._shown(place)} is not writable"
        return ""

    def _shown(self, place: pathlib.Path) -> str:
        """Return a path as it was given: relative to the base if it is below it."""
        is_below = place.is_relative_to(self._base)
        return str(place.relative_to(self._base) if is_below else place)

    def _refuse(self, path: str, problem: str) -> None:
        if problem:
            message = f"{self._option}={path}: cannot be written: {problem}"
            raise UsageError(message)

    def write(self, path: str, text: str) -> None:
        """Write the text, whole or not at all."""
        target = _real(self._base / path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, text.encode(), mode=0o666 & ~_umask())
        except OSError as error:
            message = (
                f"the {self._what} {path} cannot be written: {error.strerror or error}"
            )
            raise ToolError(message) from error

    def read(self, path: str) -> str | None:
        """Return a report that was written before; None where there is none."""
        try:
            return (self._base / path).read_bytes().decode("utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            message = f"the report {path} cannot be read: {error.strerror or error}"
            raise ToolError(message) from error
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            message = f"the report {path}:{line} cannot be read: it is not UTF-8"
            raise ToolError(message) from error

    def _leads_out(self, path: str) -> bool:
        """Whether what seems to lie in the repository lies elsewhere.

        Whoever can commit a link to it may not be who can write where that leads.
        """
        base = pathlib.Path(os.path.abspath(self._base))  # noqa: PTH100 - not resolved
        root = repository_root(base, base)
        seeming = pathlib.Path(os.path.normpath(base / path))
        is_inside = _real(base / path).is_relative_to(_real(root))
        return seeming.is_relative_to(root) and not is_inside

    def place(self, path: str) -> ReportPlace | None:
        """Return where a report lies; None where that is outside the repository."""
        audited = _real(self._audited)
        root = repository_root(audited, audited)
        file = _real(self._base / path)
        if not file.is_relative_to(root):
            return None
        return ReportPlace(
            file=file.relative_to(root).as_posix(),
            audited=audited.relative_to(root).as_posix(),
        )


class NewFiles(ReportFiles):
    """Writes files that are not there yet, and the folders that they need."""

    def check(self, path: str) -> None:
        """Raise a UsageError if nothing could be written into the folder."""
        self._refuse(path, self._problem(path, self._base / path))

    def write(self, path: str, text: str) -> None:
        """Write the text to a new file."""
        target = self._base / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            message = (
                f"the {self._what} {path} cannot be written: {error.strerror or error}"
            )
            raise ToolError(message) from error


def read_report(path: pathlib.Path) -> str:
    """Return the text of a report.

    Raises
    ------
    FileNotFoundError
        When there is no such file; the message says where it was sought.
    """
    __tracebackhide__ = True
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        message = (
            f"there is no report {path.absolute()}: write one with pytest "
            f"--userstate-audit --userstate-report={path.name}"
        )
        raise FileNotFoundError(message) from None


@attrs.frozen
class KnownSnapshot:
    """A snapshot that has been read already."""

    snapshot: SchemaSnapshot

    def load(self) -> SchemaSnapshot:
        """Return it."""
        return self.snapshot


def read_snapshot_file(path: pathlib.Path, *, shown: str) -> KnownSnapshot:
    """Read a snapshot file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    shown : str
        The same, for messages.

    Raises
    ------
    SnapshotFileError
        When there is none, or it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SnapshotFileError(shown, "is not there") from None
    except UnicodeDecodeError:
        raise SnapshotFileError(shown, "is damaged: it is no UTF-8") from None
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise SnapshotFileError(shown, problem) from None
    return KnownSnapshot(read_snapshot(text, file=shown))


def _real(path: pathlib.Path) -> pathlib.Path:
    """Return where a path leads; `Path.resolve` raises where links go in circles."""
    return pathlib.Path(os.path.realpath(path))


def write_whole(target: pathlib.Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file whole or not at all; by default, nobody else can read it."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    half = pathlib.Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        half.chmod(mode)
        half.replace(target)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def _umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
