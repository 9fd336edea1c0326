"""What the terminal shows: the header, and the audit at the end."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import shutil
import sys
import threading
import time
import typing as typ

import pytest

from pytest_userstate.application.audit import Prepared
from pytest_userstate.application.reporting.document import Document
from pytest_userstate.application.reporting.text import TextPrinter, migrations
from pytest_userstate.application.run_record import RunRecord
from pytest_userstate.application.settings import Phase
from pytest_userstate.application.wording import WIDTH, inert, wrap

_NARROWEST, _WIDEST = 40, 120
"""Shorter lines, and longer ones, are hard to read."""
_PATIENCE: typ.Final = 1.0
"""Seconds after which a run that is not done says what it is doing."""
_REFRESH: typ.Final = 0.2
_SAVE, _RESTORE, _ERASE = "\x1b7", "\x1b8", "\x1b[K"


class ProgressLine:
    """What a long audit is doing, at the end of the terminal's current line.

    It rewrites itself, and is gone when the audit is done. How long each phase took is
    remembered.
    """

    def __init__(
        self,
        file: typ.TextIO | None,
        config: pytest.Config,
        patience: float = _PATIENCE,
    ) -> None:
        """Take the terminal; None to show nothing."""
        self._file = file
        self._config = config
        self._patience = patience
        self._text = ""
        self._phase: Phase | None = None
        self._since = 0.0
        self.seconds: dict[Phase, float] = {}
        self._is_done = threading.Event()

    @classmethod
    def of(cls, config: pytest.Config, *, is_distributed: bool) -> typ.Self:
        """Return the line of a terminal where somebody reads it.

        There is none while workers run, which write several lines at once.
        """
        is_read = (
            sys.stdout.isatty()
            and not is_distributed
            and os.environ.get("TERM", "dumb") != "dumb"
            and not os.environ.get("CI")
            and (config.getoption("verbose", 0) or 0) >= 0
        )
        # As long as a check runs, pytest has another file in the place of the output.
        file = os.fdopen(os.dup(sys.stdout.fileno()), "w") if is_read else None
        if file is not None:
            config.add_cleanup(file.close)
        return cls(file, config)

    def show(self, phase: Phase, text: str) -> None:
        """Show this from now on."""
        self._enter(phase)
        self._text = text

    def _enter(self, phase: Phase | None) -> None:
        """Count the time of the phase before, and begin the next one."""
        now = time.monotonic()
        if self._phase is not None:
            before = self.seconds.get(self._phase, 0.0)
            self.seconds[self._phase] = before + now - self._since
        self._phase, self._since = phase, now

    @contextlib.contextmanager
    def shown(self) -> cabc.Iterator[None]:
        """Show the line as long as the context is open, once it takes long."""
        if self._file is None:
            try:
                yield
            finally:
                self._enter(None)
            return
        self._is_done.clear()
        writer = threading.Thread(target=self._write, args=(self._file,), daemon=True)
        writer.start()
        try:
            yield
        finally:
            self._is_done.set()
            writer.join()
            self._enter(None)

    def _write(self, file: typ.TextIO) -> None:
        wait, last = self._patience, ""
        while not self._is_done.wait(wait):
            wait, text = _REFRESH, inert(self._text)
            if text != last:
                line = text[: self._room]
                file.write(f"{_SAVE}{line}{_ERASE}{_RESTORE}")
                file.flush()
                last = text
        if last:
            file.write(_ERASE)
            file.flush()

    @property
    def _room(self) -> int:
        """How many characters fit behind what pytest has written."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        writer = getattr(reporter, "_tw", None)
        columns = shutil.get_terminal_size((WIDTH, 24)).columns
        written = getattr(writer, "width_of_current_line", columns // 2)
        return max(columns - written - 1, 0)


def printer(config: pytest.Config) -> TextPrinter:
    """Return what prints for this terminal, as brief as pytest was asked to be."""
    columns = shutil.get_terminal_size((WIDTH, 24)).columns
    width = min(max(columns, _NARROWEST), _WIDEST)
    # Both options are the terminal plugin's, which may be switched off.
    return TextPrinter(
        width=width,
        verbosity=config.getoption("verbose", 0) or 0,
        is_below_failures=config.getoption("tbstyle", "no") != "no",
    )


def header(
    targets: cabc.Sequence[Prepared], *, exclusive: bool, unused_conftest: str = ""
) -> list[str]:
    """Return the lines about the targets and the servers of the audit."""
    lines = [f"userstate: {_target_in_words(prepared)}" for prepared in targets]
    lines += dict.fromkeys(
        f"userstate: {prepared.target.description.server}, {prepared.configured}"
        for prepared in targets
    )
    labels = [reference.label for each in targets for reference in each.references]
    if labels:
        lines.append(f"userstate: compared with {' and '.join(labels)}")
    if exclusive:
        lines.append(
            "userstate: only the checks are collected; name a path for its tests, too"
        )
    if unused_conftest:
        lines.append(f"userstate: {unused_conftest}")
    return list(map(inert, lines))


def _target_in_words(prepared: Prepared) -> str:
    target = prepared.target.description
    what = "a live database" if target.kind == "dsn" else "migrations"
    if target.path:
        what = f"{target.path}, {target.layout} layout"
        if target.migrations is not None:
            what = f"{what}, {migrations(target.migrations)}"
    name = f"{prepared.name}: " if prepared.name else ""
    return f"{name}{what} ({target.found})"


def summary(
    reporter: pytest.TerminalReporter,
    document: Document,
    *,
    problems: cabc.Iterable[str],
    written: cabc.Iterable[str],
) -> None:
    """Write the audit, what could not be written, and what was written where."""
    reporter.ensure_newline()
    reporter.section("user-state audit", sep="=")
    for problem in problems:
        for line in wrap(problem, indent=""):
            reporter.write_line(inert(line), red=True)
    for parts in printer(reporter.config).lines(document):
        for text, style in parts:
            reporter.write(inert(text), **{style: True} if style else {})
        reporter.write_line("")
    for line in written:
        reporter.write_line(inert(line))


def show_phases(
    reporter: pytest.TerminalReporter, seconds: cabc.Mapping[Phase, float]
) -> None:
    """Write how long each phase took, if durations or details are asked for."""
    config = reporter.config
    asked = config.getoption("durations", None) is not None
    if seconds and (asked or (config.getoption("verbose", 0) or 0) > 0):
        phases = ", ".join(f"{phase} {taken:.2f} s" for phase, taken in seconds.items())
        reporter.write_line(f"phases of the audit: {phases}")


def last_line(
    reporter: pytest.TerminalReporter, record: RunRecord, problems: cabc.Sequence[str]
) -> None:
    """Add what fails the run beside checks and tests to pytest's last line.

    It counts all kinds of reports. These are separate kinds, so
    that the counts of tests stay what they are.
    """
    outdated = [
        document.path for document in record.documents if not document.is_current
    ]
    kinds: tuple[tuple[str, str, cabc.Sequence[str]], ...] = (
        ("vanished check", "vanished checks", record.vanished),
        ("contradicted check", "contradicted checks", record.contradicted),
        ("report not current", "reports not current", outdated),
        ("file not written", "files not written", problems),
    )
    for one, several, names in kinds:
        if names:
            kind = one if len(names) == 1 else several
            reporter.stats[kind] = [_reported(name, kind) for name in names]
            # The line is red where there is this kind, even if nothing is of it.
            reporter.stats.setdefault("failed", [])


def _reported(name: str, kind: str) -> pytest.TestReport:
    """Return what other plugins expect to find there when they look through all."""
    return pytest.TestReport(
        nodeid=name,
        location=(name, None, name),
        keywords={},
        outcome="failed",
        longrepr=kind,
        when="call",
    )
