"""Real reports of every kind fit the published JSON Schema."""

from __future__ import annotations

import collections.abc as cabc
import json

import jsonschema
import pytest

from tests.helpers.backends import ROOT, USERS, Backend

SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(
    SCHEMA, format_checker=jsonschema.FormatChecker()
)


@pytest.mark.parametrize("name", ["baseline", "canonical", "broken", "own-entities"])
def test_reports_of_the_examples_fit(
    example: cabc.Callable[[str], Backend], name: str
) -> None:
    """Every example's report is valid."""
    VALIDATOR.validate(example(name).run().report)


@pytest.mark.parametrize(
    "args", [["-k", "nothing"], ["--collect-only"], ["-k", "users.schema"], ["-x"]]
)
def test_reports_of_partial_runs_fit(gaps: Backend, args: list[str]) -> None:
    """Also what a run reports that audited little or nothing."""
    run = gaps.run(*args)
    assert run.report is not None, run.output
    VALIDATOR.validate(run.report)


def test_reports_of_errors_fit(backend: Backend) -> None:
    """Also the reports of usage errors and tool failures."""
    usage = backend.run()
    assert usage.status == 4
    VALIDATOR.validate(usage.report)
    backend.migrate(USERS, "SELECT broken;")
    VALIDATOR.validate(backend.run().report)


def test_the_schema_turns_red(covered: Backend) -> None:
    """A field too many, or one too few, is found."""
    report = covered.run().report
    assert report is not None
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({**report, "hostname": "x"})
    report["checks"][0].pop("outcome")
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(report)
