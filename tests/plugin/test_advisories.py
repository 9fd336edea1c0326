"""Advisories in a run: told everywhere, and without any effect on its outcome."""

from __future__ import annotations

import pytest

from tests.helpers.backends import Backend

SILENCES = """
[[ignore]]
advisory = "US204"
reason = "A nightly job looks for ids that lead nowhere"

[[ignore]]
advisory = "US101"
subject = "public.users.*"
reason = "Written by <b>one</b> place"
"""


@pytest.mark.parametrize("how", ["-v", "-n2"])
def test_advisories_are_told_in_terminal_and_reports(gaps: Backend, how: str) -> None:
    """Also by the process that did not find them; so is an entry without use."""
    before = gaps.run().outcomes()
    gaps.configure(SILENCES)
    run = gaps.run(how, "--userstate-report=audit.md")
    assert run.outcomes() == before
    assert run.report is not None
    told = {each["code"]: each for each in run.report["advisories"]}
    revision = told["US101"]
    assert revision["subject"] == "public.user_preferences.revision"
    assert revision["source"] == {"path": "migrations/002_step.sql", "line": 1}
    assert revision["silenced"] is None
    assert told["US204"]["silenced"] == "A nightly job looks for ids that lead nowhere"
    shown = run.output.split("advisories (they change no outcome")[1]
    assert "US101 public.user_preferences.revision\n  no check keeps this" in shown
    assert (
        "US204 public.user_preferences.interest_theme_ids is ignored: A nightly job"
    ) in shown
    (warning,) = run.report["warnings"]
    assert warning.startswith("the [[ignore]] entry of US101 at public.users.*")
    assert "warning: the [[ignore]] entry of US101" in run.output
    page = (gaps.path / "audit.md").read_text()
    assert "- **US101** `public.user_preferences.revision`\n  - No check keeps" in page
    assert "is ignored: A nightly job looks for ids that lead nowhere" in page
    assert "#L1))\n" in page
    assert "<b>" not in page
