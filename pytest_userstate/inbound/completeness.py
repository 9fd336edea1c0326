"""Fail closed: which checks did not run, and whether somebody asked for that.

Checks may be left out by what was typed on the command line. Whatever else
makes them vanish (`addopts`, an ini file, a hook, a broken plugin) fails the
run, since a gate that checks nothing is green for no reason.
"""

from __future__ import annotations

import argparse
import collections.abc as cabc
import pathlib
import typing as typ

import attrs
import pytest

from pytest_userstate.domain.coverage import RuntimeWiring
from pytest_userstate.domain.gate import Outcome
from pytest_userstate.inbound.items import (
    CHECK,
    COVERAGE,
    DEFECT,
    NOT_RUN,
    OUTCOME,
    names_item,
)
from pytest_userstate.inbound.options import TypedOptions

# What each option does to a check: deselect it in the open (pytest says so),
# leave it out of collection silently, or end the run before it.
_DESELECT: typ.Final = {
    "keyword": "-k",
    "markexpr": "-m",
    "deselect": "--deselect",
    "lf": "--lf",
    "stepwise": "--sw",
}
_LEAVE_OUT: typ.Final = {"lf": "--lf"}
_STOP: typ.Final = {"maxfail": "-x or --maxfail", "stepwise": "--sw"}


@attrs.frozen(kw_only=True)
class Selection:
    """What in the options may reduce the checks."""

    typed: frozenset[str]
    """The options in effect that were typed on the command line."""
    added: frozenset[str]
    """Those in effect that something else added."""
    by_node_id: bool = False
    """Whether single checks were named on the command line."""

    def allows(self, options: cabc.Iterable[str]) -> bool:
        """Whether one of the options was typed, and none of them added."""
        names = {*options}
        return bool(self.typed & names) and not self.added & names


@attrs.define
class Collected:
    """What became of the checks before any of them ran."""

    selected: set[str] = attrs.field(factory=set)
    """Checks that were about to run."""
    deselected: set[str] = attrs.field(factory=set)
    """Checks that were deselected in the open."""


def selection_of(config: pytest.Config, path: pathlib.Path) -> Selection:
    """Tell what was typed from what was added."""
    options = {**_DESELECT, **_LEAVE_OUT, **_STOP}
    keeper = config.pluginmanager.get_plugin(TypedOptions.name)
    typed = keeper.parse(config) if keeper else argparse.Namespace()
    in_effect = {name for name in options if getattr(config.option, name, None)}
    by_hand = {
        name
        for name in in_effect
        if getattr(typed, name, None) == getattr(config.option, name)
    }
    typed_paths = [str(path) for path in getattr(typed, "file_or_dir", None) or ()]
    named = [arg for arg in config.args if names_item(config, arg, path)]
    return Selection(
        typed=frozenset(by_hand),
        added=frozenset(in_effect - by_hand),
        by_node_id=bool(named) and all(arg in typed_paths for arg in named),
    )


def vanished(
    checks: cabc.Iterable[str],
    ran: cabc.Container[str],
    collected: Collected,
    selection: Selection,
) -> tuple[str, ...]:
    """Return the checks that did not run although nobody asked for that."""
    return tuple(
        check
        for check in checks
        if check not in ran and not _is_excused(check, collected, selection)
    )


def _is_excused(check: str, collected: Collected, selection: Selection) -> bool:
    if check in collected.selected:
        return selection.allows(_STOP)
    if check in collected.deselected:
        return selection.allows(_DESELECT)
    return selection.by_node_id or selection.allows(_LEAVE_OUT)


class Outcomes:
    """Collects what became of each check, in whichever process it ran.

    `of` has the outcome of each check that ran or was skipped, `contradicted` the
    checks for which pytest reports something else than the gate decided, and
    `defect` what an item of the audit says about a defect of this package.
    """

    def __init__(self, *, runxfail: bool) -> None:
        """Start with nothing; `runxfail` turns expected failures into failures."""
        self.of: dict[str, Outcome] = {}
        self.contradicted: list[str] = []
        self.defect = ""
        self._runxfail = runxfail

    def record(self, report: pytest.TestReport) -> None:
        """Take a report into account; those of other tests are passed over."""
        properties: dict[str, typ.Any] = dict(report.user_properties)
        check = properties.get(CHECK)
        if check is None or report.outcome not in {"passed", "failed", "skipped"}:
            return
        if DEFECT in properties or NOT_RUN in properties:
            self.defect = self.defect or properties.get(DEFECT, "")
            self.of[check] = Outcome.ERROR
        elif report.skipped and _measures_nothing(properties):
            self.of[check] = Outcome.NOT_GATED
        elif report.when == "call":
            self._record_call(check, report, Outcome(properties[OUTCOME]))
        elif report.failed:
            self.of[check] = Outcome.ERROR
        elif report.skipped:
            self.of[check] = Outcome.SKIPPED

    def _record_call(
        self, check: str, report: pytest.TestReport, verdict: Outcome
    ) -> None:
        expected = "passed"
        if verdict is Outcome.FAILED or (
            self._runxfail and verdict.is_expected_failure
        ):
            expected = "failed"
        elif verdict.is_expected_failure:
            expected = "xfailed"
        seen = report.outcome if report.outcome != "skipped" else "xfailed"
        if report.skipped and not hasattr(report, "wasxfail"):
            self.of[check] = Outcome.SKIPPED
        else:
            self.of[check] = Outcome.FAILED if report.failed else verdict
        if seen != expected:
            self.contradicted.append(check)


def _measures_nothing(properties: cabc.Mapping[str, typ.Any]) -> bool:
    """Whether a check skips itself, as `Verdict.measures_nothing` says."""
    return (
        properties.get(OUTCOME) == Outcome.NOT_GATED
        and properties.get(COVERAGE) == RuntimeWiring.NOT_PROBED
    )
