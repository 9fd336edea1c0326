"""Reports to the audit over a pipe what each migration did."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
import typing as typ

_MOST_STATEMENTS = 1_000  # of one migration; with more, no line is certain
_MOST_CHARACTERS = 1_000_000


class Refused(Exception):  # noqa: N818 - the tool's user reads the name
    """The tool was about to connect to a database that is not the audit's."""


class Pipe:
    """The audit's end of it reads one JSON object per line."""

    def __init__(self, descriptor: int) -> None:
        """Keep it from programs that the tool may start."""
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - its only form
        self._file = open(descriptor, "w", encoding="ascii")  # noqa: SIM115

    def tell(self, event: str, **facts: typ.Any) -> None:
        """Report at once; an audit that has gone away is no concern of the tool."""
        with contextlib.suppress(OSError):
            json.dump({"event": event, **facts}, self._file)
            self._file.write("\n")
            self._file.flush()

    @contextlib.contextmanager
    def own_work(self) -> typ.Iterator[None]:
        """Report an error in what is done here, and not in the repository's code."""
        try:
            yield
        except Refused:
            raise
        except Exception:
            self.tell("defect", error=traceback.format_exc())
            raise

    def refuse(self, reason: str) -> typ.NoReturn:
        """Report that a connection is not made, and do not let it be made."""
        self.tell("refused", reason=reason)
        raise Refused(reason)


class Statements:
    """The statements of the migration that is running, with their lines."""

    def __init__(self) -> None:
        """Start without a migration."""
        self.begin("")

    def begin(self, file: str) -> None:
        """Forget those of the migration before."""
        self.file = file
        self._noted: dict[tuple[int, str], None] = {}
        self._characters = 0

    def note(self, sql: object, *, line: int = 0) -> None:
        """Take note of one; its line is that of the file, where it is on the stack."""
        text = sql if isinstance(sql, str) else str(sql)
        key = (line_in(self.file) or line, text)
        if key not in self._noted and len(self._noted) <= _MOST_STATEMENTS:
            self._noted[key] = None
            self._characters += len(text)

    def noted(self) -> list[tuple[int, str]] | None:
        """Return them, or None where they are too many."""
        if len(self._noted) > _MOST_STATEMENTS or self._characters > _MOST_CHARACTERS:
            return None
        return list(self._noted)


def line_in(file: str) -> int:
    """Return the line at which the file is being executed; 0 where it is not."""
    frame = sys._getframe(1) if file else None  # noqa: SLF001 - public by its docs
    while frame is not None:
        if frame.f_code.co_filename == file:
            return frame.f_lineno
        frame = frame.f_back
    return 0


def line_of_error(error: BaseException, file: str) -> int:
    """Return the line of the file at which the error passed it last; else 0."""
    line, step = 0, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == file:
            line = step.tb_lineno
        step = step.tb_next
    return line


def described(error: BaseException) -> dict[str, str]:
    """Return what PostgreSQL said, by the fields of its protocol; else the error."""
    for cause in _chain(error):
        diagnosis = getattr(cause, "diag", None) or cause
        state = getattr(diagnosis, "sqlstate", None) or getattr(cause, "pgcode", None)
        if state:
            message = getattr(diagnosis, "message_primary", None) or str(cause)
            return {
                "message": message,
                "sqlstate": str(state),
                "detail": _field(diagnosis, "message_detail", "detail"),
                "hint": _field(diagnosis, "message_hint", "hint"),
                "context": _field(diagnosis, "context"),
            }
    first = (str(error).strip().splitlines() or [""])[0]
    return {"message": f"{type(error).__name__}: {first}".rstrip(": ")}


def _field(diagnosis: object, *names: str) -> str:
    return next((str(v) for n in names if (v := getattr(diagnosis, n, None))), "")


def _chain(error: BaseException | None) -> typ.Iterator[BaseException]:
    """Return the error and what it was made from, the innermost first."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        error = getattr(error, "orig", None) or error.__cause__
    return reversed(seen)
