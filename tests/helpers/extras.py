"""Tests that need an optional extra, where it is not installed."""

from __future__ import annotations

import importlib.util

import pytest

from pytest_userstate.outbound.postgres.binaries import WHEEL_PACKAGE

PACKAGES = {"embedded": WHEEL_PACKAGE, "wiring": "ast_grep_py"}


def is_installed(extra: str) -> bool:
    """Tell whether the package behind an extra is there."""
    return importlib.util.find_spec(PACKAGES[extra]) is not None


on_the_embedded_server = pytest.mark.skipif(
    not is_installed("embedded"),
    reason="needs the extra embedded: it is about that very server",
)


def skip_for_want_of_an_extra(report: pytest.TestReport) -> None:
    """Make a skip of a failure that says that an extra is missing, and is right.

    Which tests need one is known from what they say without it: the product's own
    refusal, or that its package cannot be imported.
    """
    if not report.failed:
        return
    said = "\n".join([report.longreprtext, *(text for _, text in report.sections)])
    for extra, package in PACKAGES.items():
        reasons = (
            f"pytest-userstate[{extra}]",
            f"No module named '{package}'",
        )
        if not is_installed(extra) and any(reason in said for reason in reasons):
            path, line, _ = report.location
            report.outcome = "skipped"
            report.longrepr = (path, line or 0, f"Skipped: needs the extra {extra}")
            return
