"""The checks as pytest items, and the real file that they are collected from."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import os
import pathlib
import types
import typing as typ

import attrs
import pytest

from pytest_userstate.application.audit import Audit, Prepared
from pytest_userstate.application.defects import HEADLINE, defect
from pytest_userstate.application.reporting.findings import (
    Finding,
    finding_of,
    finding_of_comparison,
)
from pytest_userstate.application.run_record import RunFailure, in_brief
from pytest_userstate.application.wording import inert, inert_lines
from pytest_userstate.domain.coverage import in_words
from pytest_userstate.domain.errors import DefectError
from pytest_userstate.domain.gate import Outcome, Verdict
from pytest_userstate.inbound.options import TypedOptions
from pytest_userstate.inbound.sharing import SharedAudit
from pytest_userstate.inbound.terminal import printer

MARKER: typ.Final = "userstate"
CHECK: typ.Final = "userstate.check"
ID: typ.Final = "userstate.id"
OUTCOME: typ.Final = "userstate.outcome"
DEFECT: typ.Final = "userstate.defect"
NOT_RUN: typ.Final = "userstate.not_run"
COVERAGE: typ.Final = "userstate.coverage"
_EXPECTED: typ.Final = "\nexpected: "
"""What follows the reason in the text of a failure."""
_NO_AUDIT: typ.Final = "the audit could not be carried out"
AUDITS: typ.Final = pytest.StashKey[tuple[SharedAudit, ...]]()
"""The audits of the run's targets."""


class ChecksFile(pytest.File):
    """The file that the checks are collected from; its text is not read here."""

    def collect(self) -> cabc.Iterable[AuditItem]:
        """Yield an item for each check, in the order of the matrix, and comparison."""
        for shared in self.config.stash[AUDITS]:
            for name, check in shared.names.full.items():
                is_check = check in shared.names.checks
                kind = CheckItem if is_check else ComparisonItem
                yield kind.from_parent(self, name=name, check=check, shared=shared)


class NoTests(pytest.File):
    """The replacement of a module that must not be imported for its tests."""

    def collect(self) -> cabc.Iterable[pytest.Item]:
        """Yield nothing."""
        return ()


class Explanation:
    """A text that pytest shows as it is, and what its short summary says of it.

    The summary is all that a terminal shows with -q, and if there is no audit, since
    the reason for that is shown at the end of the run.
    """

    def __init__(self, text: str, config: pytest.Config) -> None:
        """Take the summary from the text, and keep it where pytest looks for it."""
        headline, is_failure, reason = text.partition(f"{_NO_AUDIT}\n")
        if is_failure:
            headline = reason.partition("\n")[0]
        summary = inert(" ".join(headline.partition(_EXPECTED)[0].split()))
        is_brief = bool(is_failure) or (config.getoption("verbose", 0) or 0) < 0
        self._text = text
        self._shown = summary if is_brief else text
        self.reprcrash = types.SimpleNamespace(message=summary)

    def __str__(self) -> str:
        """Return the text: for JUnit, and all that pytest-xdist hands on."""
        return self._text

    def toterminal(self, tw: typ.Any) -> None:
        """Write the text, or its summary."""
        tw.line(self._shown)


def explain(report: pytest.TestReport, config: pytest.Config) -> None:
    """Give a failure of a check its summary, and a check that skips itself its place.

    A summary is lost on the way from a worker, and pytest makes none of a setup.
    """
    if all(name != CHECK for name, _ in report.user_properties):
        return
    text = str(report.longrepr)
    if report.failed and _explains(text):
        report.longrepr = typ.cast("typ.Any", Explanation(text, config))
    elif isinstance(report.longrepr, tuple):
        path, line, _ = report.location
        report.longrepr = (path, (line or 0) + 1, report.longrepr[2])


def _explains(text: str) -> bool:
    """Whether a text is that of a failing check, or of a run without an audit."""
    return _EXPECTED in text or text.startswith(_NO_AUDIT)


class AuditItem(pytest.Item):
    """An item of the audit: carried out, or taken from others, in its setup."""

    def __init__(
        self, *, check: str, shared: SharedAudit, **arguments: typ.Any
    ) -> None:
        """Mark the item, and name its check in reports."""
        super().__init__(**arguments)
        self.check = check
        self._shared = shared
        self.add_marker(MARKER)
        self.user_properties += [(CHECK, self.name), (ID, self.nodeid)]

    def setup(self) -> None:
        """Carry the audit out, or take it from others; its failure is an error."""
        with self._reported_defects():
            self.prepare(self._audited())

    def runtest(self) -> None:
        """Turn the result into the outcome of a test."""
        with self._reported_defects():
            self.conclude(self._audited())

    def prepare(self, audit: Audit) -> None:
        """Write what the audit says about this item into its properties."""
        raise NotImplementedError

    def conclude(self, audit: Audit) -> None:
        """Turn what the audit says about this item into the outcome of a test."""
        raise NotImplementedError

    def fail(self, finding: Finding) -> typ.NoReturn:
        """Fail with what a finding says."""
        pytest.fail(printer(self.config).explanation(finding), pytrace=False)

    def _audited(self) -> Audit:
        result = self._shared.result()
        if not isinstance(result, RunFailure):
            return result
        if self.name != self._shared.first:
            self.user_properties.append((NOT_RUN, _NO_AUDIT))
            pytest.skip(f"not run: {_NO_AUDIT}")
        if result.kind == "defect":
            raise DefectError(result.message)
        pytest.fail(f"{_NO_AUDIT}\n{inert_lines(result.message)}", pytrace=False)

    @contextlib.contextmanager
    def _reported_defects(self) -> cabc.Iterator[None]:
        """Hand an unexpected exception to the summary, which shows it once."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a defect
            self.user_properties.append((DEFECT, str(defect(error))))
            message = f"{HEADLINE}: the summary below describes it"
            raise pytest.fail.Exception(message, pytrace=False) from None

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: typ.Any = None,
    ) -> typ.Any:
        """Show a verdict as its text; pytest would render a traceback to no use."""
        if isinstance(excinfo.value, pytest.fail.Exception | pytest.xfail.Exception):
            text = str(excinfo.value)
            return Explanation(text, self.config) if _explains(text) else text
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[pathlib.Path, int, str]:
        """Name the item (pytest wants some line, from 0).

        pytest shows another id than the one that it takes if the id ends in this name.
        """
        return self.path, 0, f"check {self.name}"


class CheckItem(AuditItem):
    """One check: the gate's verdict in its call."""

    def prepare(self, audit: Audit) -> None:
        """Tell what the audit says, and the gate."""
        self.user_properties.extend(_properties(audit.verdict(self.check)))

    def conclude(self, audit: Audit) -> None:
        """Turn the verdict into the outcome of a test."""
        verdict = audit.verdict(self.check)
        outcome = verdict.outcome
        if outcome.is_expected_failure and not self.config.option.runxfail:
            pytest.xfail(inert_lines(verdict.reason))
        if outcome.is_expected_failure or outcome is Outcome.FAILED:
            self.fail(self._finding(audit, verdict))
        if verdict.measures_nothing:
            pytest.skip(f"{in_words(verdict.check.coverage)}, and not gated")

    def _finding(self, audit: Audit, verdict: Verdict) -> Finding:
        """Return what there is to say about a failure, and in which schemas."""
        worst, home = audit.worst(self.check), audit.settings.home
        finding = finding_of(verdict, Outcome.FAILED, worst[0].report, home)
        if not audit.schemas:
            return finding
        place = in_brief([name for each in worst for name in each.schemas])
        return attrs.evolve(finding, reason=f"in {place}: {finding.reason}")


class ComparisonItem(AuditItem):
    """One comparison: with a snapshot file, or with a live database."""

    def prepare(self, audit: Audit) -> None:
        """Tell the outcome; that there is none is an error."""
        comparison = audit.comparison(self.check)
        if comparison.error:
            problem = inert_lines(comparison.error)
            pytest.fail(
                f"the comparison could not be carried out\n{problem}", pytrace=False
            )
        self.user_properties.append((OUTCOME, comparison.outcome.value))

    def conclude(self, audit: Audit) -> None:
        """Fail if the schemas differ."""
        comparison = audit.comparison(self.check)
        if comparison.outcome is Outcome.FAILED:
            home = audit.settings.home
            self.fail(finding_of_comparison(comparison, comparison.outcome, home))


def _properties(verdict: Verdict) -> cabc.Iterator[tuple[str, str]]:
    check = verdict.check
    yield OUTCOME, verdict.outcome.value
    yield COVERAGE, check.coverage.value
    if check.decision:
        yield "userstate.decision", check.decision.value
    yield "userstate.rationale", check.rationale


@attrs.frozen
class ListedUnder:
    """The file that the checks are listed under, and its id in all processes."""

    path: pathlib.Path
    nodeid: str

    @classmethod
    def of(cls, config: pytest.Config, targets: cabc.Sequence[Prepared]) -> ListedUnder:
        """Choose the file.

        The configuration file, else pytest's own, else the first file of the
        target; and for a live database without any of them, this module, since
        pytest collects from files that exist.
        """
        first = targets[0]
        candidates = (first.configuration, config.inipath, first.first_file)
        path = next((path for path in candidates if path), pathlib.Path(__file__))
        nodeid = pathlib.PurePath(os.path.relpath(path, config.rootpath)).as_posix()
        return cls(path, nodeid)

    @classmethod
    def same(cls, config: pytest.Config, nodeid: str) -> ListedUnder:
        """Return the file that another process has chosen, or one in its place.

        A worker on another machine may have no file of this name.
        """
        path = pathlib.Path(os.path.normpath(config.rootpath / nodeid))
        return cls(path if path.is_file() else pathlib.Path(__file__), nodeid)


def include(config: pytest.Config, path: pathlib.Path) -> bool:
    """Make pytest collect the file; return whether it collects nothing else."""
    # Relative: pytest takes a bracket or two colons in any folder above for more
    # than a name.
    arg = os.path.relpath(path, config.invocation_params.dir)
    typed = config.args_source is pytest.Config.ArgsSource.ARGS
    if collects_only_checks(config, paths=config.args if typed else []):
        config.args[:] = [arg]
        return True
    if not any(names(config, arg, path) for arg in config.args):
        config.args.append(arg)
    return False


def collects_only_checks(config: pytest.Config, *, paths: list[str]) -> bool:
    """Whether nothing else is walked or imported: if no path asks for tests.

    Python that lies about in a repository of another language is not a test suite.
    `testpaths` ask for tests if the audit is part of every run, through `addopts`.
    """
    if paths or not config.getini("testpaths"):
        return not paths
    keeper = config.pluginmanager.get_plugin(TypedOptions.name)
    return bool(keeper and keeper.parse(config).userstate_audit)


def names(config: pytest.Config, arg: str, path: pathlib.Path) -> bool:
    """Whether a command line argument names the file, or an item in it."""
    named = pathlib.Path(config.invocation_params.dir, arg.partition("::")[0])
    return named.resolve() == path.resolve()


def names_item(config: pytest.Config, arg: str, path: pathlib.Path) -> bool:
    """Whether a command line argument names one item in the file."""
    return "::" in arg and names(config, arg, path)
