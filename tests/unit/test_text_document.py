"""The document of a run in a terminal, and on the page of a job."""

from __future__ import annotations

import attrs
import pytest

from pytest_userstate.application.reporting.document import document_of
from pytest_userstate.application.reporting.findings import finding_of
from pytest_userstate.application.reporting.github import fitted
from pytest_userstate.application.reporting.markdown import Links, job_summary
from pytest_userstate.application.reporting.text import TextPrinter
from pytest_userstate.application.run_record import RunFailure, RunRecord
from pytest_userstate.domain.gate import Acceptance, GatePolicy, Outcome
from pytest_userstate.domain.snapshot import Source
from tests.helpers.documents import finished
from tests.helpers.schemas import TOKENS, preferences, table

USERS = attrs.evolve(
    table("users", "id", "display_name"), source=Source("m/1_users.sql", 1)
)
GAP = finished(USERS, preferences(TOKENS["not null"]))
"""Nothing keeps credentials: `login.schema` fails, and nothing else does."""


def printed(record: RunRecord, **options: object) -> list[str]:
    """Return the lines, without their looks."""
    lines = TextPrinter(**options).lines(document_of(record))  # type: ignore[arg-type]
    return ["".join(text for text, _ in parts) for parts in lines]


def styles(record: RunRecord) -> dict[str, str]:
    """Return how each piece of a line looks."""
    lines = TextPrinter().lines(document_of(record))
    return {text.strip(): style for parts in lines for text, style in parts}


def test_what_fails_comes_before_the_matrix_and_the_rest_after_it() -> None:
    """A reader who stops early has seen what to do."""
    lines = printed(GAP)
    failed = lines.index("failed     login.schema: migration required")
    matrix = next(i for i, line in enumerate(lines) if line.startswith("login  "))
    passed = lines.index("passed     users.schema: no migration needed")
    assert failed < lines.index("  to do, one of these:") < matrix < passed
    assert lines[passed + 1].startswith("passed ")


def test_a_failure_that_pytest_has_shown_is_a_line() -> None:
    """The reason stands above, under the heading of the check."""
    lines = printed(GAP, is_below_failures=True)
    assert lines[0] == "failed     login.schema: migration required"
    assert lines[1] == ""
    shown = printed(GAP, is_below_failures=True, verbosity=1)
    assert "no storage of login is complete" in shown[1]


def test_brief_output_is_the_matrix_and_what_fails() -> None:
    """As with `-q`: nothing about checks that pass, nor advisories."""
    lines = printed(GAP, verbosity=-1)
    assert lines[0] == "failed     login.schema: migration required"
    assert any(line.startswith("interests  canonical preferences") for line in lines)
    assert not [line for line in lines if line.startswith("passed")]
    assert len(lines) < 12


def test_verbose_output_has_every_reason_and_all_evidence() -> None:
    """As with `-v`: checks that pass, and wiring that no gate asks for."""
    lines = printed(GAP, verbosity=1)
    passed = lines.index("passed     users.schema: no migration needed")
    assert lines[passed + 1 : passed + 3] == [
        "  users is stored in public.users",
        "  + public.users: id, display_name (m/1_users.sql:1)",
    ]
    assert "not gated  users.wiring: not probed" in lines
    assert "not gated  users.wiring: not probed" not in printed(GAP)


def test_an_accepted_gap_is_its_reason() -> None:
    """What is missing is known to whoever accepted it."""
    acceptance = Acceptance(check="login.schema", reason="Single sign-on first")
    record = finished(USERS, gate=GatePolicy(acceptances=[acceptance]))
    lines = printed(record)
    accepted = lines.index("accepted   login.schema: migration required")
    assert lines[accepted + 1] == "  accepted: Single sign-on first"
    assert not lines[accepted + 2].startswith(" ")


def test_a_deferred_check_says_once_what_it_waits_for() -> None:
    """And why there is nothing to migrate yet."""
    lines = printed(finished(USERS))
    answer = "interests.revision: migration deferred until interests.schema is closed"
    deferred = lines.index(f"deferred   {answer}")
    assert not lines[deferred + 1].startswith("  deferred")
    assert lines[deferred + 1].startswith("  ")


def test_cells_have_the_colour_of_their_outcome() -> None:
    """And words, so that nothing depends on it."""
    looks = styles(GAP)
    assert looks["missing credential storage"] == "red"
    assert (looks["covered"], looks["not probed"]) == ("green", "")


@pytest.mark.parametrize("width", [80, 100])
def test_lines_are_as_wide_as_the_terminal(width: int) -> None:
    """But for names that cannot be broken."""
    widths = [len(line) for line in printed(GAP, width=width, verbosity=1)]
    assert width - 15 < max(widths) <= width


def test_without_an_audit_the_problem_is_all() -> None:
    """Its lines stay as they are, so that commands can be copied."""
    failure = RunFailure(kind="tool", message="it broke\n  run --this " + "x" * 90)
    lines = printed(RunRecord(failure=failure))
    assert lines == ["it broke", "  run --this " + "x" * 90]


def test_the_first_line_of_a_failure_says_why() -> None:
    """It is what pytest's short summary and JUnit show."""
    audit = GAP.audit
    assert audit
    finding = finding_of(audit.verdict("login.schema"), Outcome.FAILED)
    assert finding.summary.startswith("migration required: no storage of login is")
    first, *others = TextPrinter(width=1000).explanation(finding).splitlines()
    assert first == finding.summary
    assert others[:2] == [
        "expected: no migration to be needed",
        "found: missing credential storage",
    ]


def test_the_page_of_a_job_begins_with_what_fails() -> None:
    """The rest is folded, each fold closed."""
    page = job_summary(document_of(GAP), Links())
    headings = [line for line in page.splitlines() if line.startswith(("## ", "<summ"))]
    assert headings[:4] == [
        "## Matrix",
        "## What fails",
        "<summary>Findings</summary>",
        "<summary>Scope and method</summary>",
    ]
    assert "| login | ❌ missing credential storage | not probed |" in page
    assert "To do, one of these:\n\n- write a migration that adds" in page
    assert page.count("<details>") == page.count("</details>") > 5


@pytest.mark.parametrize("room", [1500, 2500, 3500])
def test_a_page_that_is_cut_leaves_no_fold_open(room: int) -> None:
    """What follows in the job's summary would be swallowed."""
    cut = fitted(job_summary(document_of(GAP), Links()), room)
    assert len(cut.encode()) <= room
    assert cut.count("<details>") == cut.count("</details>")
