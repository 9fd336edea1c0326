"""A defect of the plugin: shown once, with exit status 3, and in the reports."""

from __future__ import annotations

import pytest

from tests.helpers.backends import Backend, Run

HEADLINE = "pytest-userstate has a defect: KeyError: 0"
PATCH = """
    from pytest_userstate.{module} import {owner} as owner

    def broken(*args, **kwargs):
        raise KeyError(0)

    owner.{name} = broken
    """


def broken(backend: Backend, function: str) -> None:
    """Let a function of the package fail, in every process that loads conftest.py."""
    module, owner, name = function.split(":")
    patch = PATCH.format(module=module, owner=owner, name=name)
    backend.write("conftest.py", patch)


def reported(run: Run) -> str:
    """Expect a defect that is shown once, and reported; return its message."""
    assert run.status == 3, run.output
    assert run.output.count(HEADLINE) == 1, run.output
    assert "Traceback" not in run.output
    assert "INTERNALERROR" not in run.output
    assert run.report is not None
    assert run.report["status"] == "error"
    assert run.report["error"]["kind"] == "defect"
    message = str(run.report["error"]["message"])
    assert message.startswith(HEADLINE)
    assert "Please report" in message
    assert "conftest.py:4 in broken" in message
    return message


@pytest.mark.parametrize(
    ("function", "place", "args"),
    [
        (
            "domain.report:UserStateSchemaAuditReport:evaluate",
            "pytest_userstate/application/audit.py:",
            ["-n2"],
        ),
        (
            "outbound.postgres.server:EmbeddedServer:connect",
            "pytest_userstate/outbound/",
            [],
        ),
        ("inbound:items:finding_of", "pytest_userstate/inbound/items.py:", ["-n2"]),
    ],
    ids=["auditing", "reading", "explaining"],
)
def test_a_defect_is_shown_once_with_status_3(
    gaps: Backend, args: list[str], function: str, place: str
) -> None:
    """Wherever it is, no item shows a traceback, and the summary shows the cause."""
    broken(gaps, function)
    assert place in reported(gaps.run(*args))


@pytest.mark.parametrize(
    "function",
    ["application.reporting:json_report:_verdict", "inbound:completeness:vanished"],
    ids=["report", "end"],
)
def test_a_defect_in_reporting_is_reported_as_well(
    covered: Backend, function: str
) -> None:
    """What cannot be rendered is left out, and the rest says why."""
    broken(covered, function)
    reported(covered.run())


def test_a_defect_in_the_summary_is_shown_as_well(covered: Backend) -> None:
    """The reports have been written by then."""
    broken(covered, "application.reporting.text:TextPrinter:_matrix")
    run = covered.run()
    assert (run.status, run.output.count(HEADLINE)) == (3, 1)


def test_a_defect_before_the_audit_is_reported_as_well(covered: Backend) -> None:
    """No check is collected then."""
    broken(covered, "bootstrap:_Place:settings")
    assert "pytest_userstate/bootstrap.py:" in reported(covered.run())


def test_an_internal_error_of_pytest_is_in_the_report(covered: Backend) -> None:
    """It is nobody's defect here; the report says why there is no audit."""
    covered.write("conftest.py", "def pytest_collection_finish(): raise KeyError(7)\n")
    run = covered.run()
    assert run.status == 3
    assert run.report is not None
    assert run.report["error"] == {
        "kind": "not_run",
        "message": "pytest ended with an internal error: KeyError: 7",
    }
