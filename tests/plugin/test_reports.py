"""The reports that a run writes: JSON, Markdown, and JUnit's properties."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET

from tests.helpers.backends import CHECKS, Backend

KEYS = [
    "schema_version",
    "version",
    "status",
    "complete",
    "error",
    "target",
    "stubs",
    "warnings",
    "diagram",
    "timeline",
    "checks",
    "not_applicable",
    "readings",
    "recognition",
    "decisions",
    "proof",
    "drafts",
    "advisories",
    "downstream",
    "comparisons",
    "vanished",
    "contradicted",
    "documents",
]


def test_the_json_report_has_the_promised_fields(gaps: Backend) -> None:
    """Every field of the interface is there, and says what was found."""
    report = gaps.run().report
    assert report is not None
    assert list(report) == KEYS
    assert report["schema_version"] == 1
    assert (report["status"], report["complete"]) == ("failed", True)
    target = report["target"]
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", target.pop("digest"))
    assert re.fullmatch(r"\d+\.\d+", target.pop("server"))
    assert target == {
        "kind": "migrations",
        "path": "migrations",
        "layout": "plain",
        "applied": 3,
    }
    assert report["decisions"] == {
        "profile_storage": "not_required",
        "interests_storage": "required",
        "revision_tracking": "not_required",
        "conflict_handling": "not_required",
    }
    assert [check["id"] for check in report["checks"]] == list(CHECKS)


def test_facts_name_the_migration_that_made_them(gaps: Backend) -> None:
    """Each present fact has a source, with its line where that is certain."""
    run = gaps.run()
    facts = [
        fact
        for check in run.report["checks"]  # type: ignore[index]
        for fact in check["evidence"]
        if fact["kind"] == "present"
    ]
    assert facts
    assert all(fact["source"]["line"] == 1 for fact in facts)
    themes = next(f for f in facts if f["subject"].endswith("interest_theme_ids"))
    assert themes["source"]["path"] == "migrations/002_step.sql"


def test_same_input_same_bytes(gaps: Backend) -> None:
    """Two runs write the same reports, wherever the repository lies."""
    outputs = []
    for name in ("a.json", "b.json"):
        gaps.run(f"--userstate-report={name}", report=False)
        outputs.append((gaps.path / name).read_bytes())
    assert outputs[0] == outputs[1]
    assert str(gaps.path).encode() not in outputs[0]
    assert os.uname().nodename.encode() not in outputs[0]


def test_several_reports_by_suffix(gaps: Backend) -> None:
    """The option is repeatable, and the suffix decides the format."""
    run = gaps.run("--userstate-report=audit.md", "--userstate-report=other.json")
    assert json.loads((gaps.path / "other.json").read_text()) == run.report
    assert "report written to audit.md" in run.output
    assert (gaps.path / "audit.md").read_text().startswith("# User-state audit\n")


def test_the_markdown_report_tells_the_same(gaps: Backend) -> None:
    """Matrix, decisions, findings and evidence links are in it."""
    gaps.run("--userstate-report=audit.md")
    text = (gaps.path / "audit.md").read_text()
    assert "Status: **failed**" in text
    assert "| interests | dual model | not probed | tracked | detectable |" in text
    assert "| interests storage | `interests.schema` | migration required |" in text
    assert "](migrations/002_step.sql#L1)" in text
    assert "- n/a (login, users, profile): the model expects no revisions" in text


def test_markdown_escapes_what_names_contain(backend: Backend) -> None:
    """A hostile table name cannot forge the report."""
    backend.write("userstate.toml", "recognize = false\n")
    backend.migrate('CREATE TABLE "Users | **x** <b>" (id int);')
    backend.migrate(
        'CREATE TABLE users (id int, "displayName [x](http://evil)" text, '
        '"display`name" text);'
    )
    backend.run("--userstate-report=audit.md")
    text = (backend.path / "audit.md").read_text()
    links = re.findall(r"(.{14})\]\(http://evil\)", text)
    assert {*links} == {"displayName [x"}, "a name outside of code can be a link"
    assert "displayName [x](http://evil)`" in text
    assert "display\\`name" in text


def test_junit_gets_the_properties_of_each_check(gaps: Backend) -> None:
    """Coverage, decision and outcome; and the id that pytest takes, which -v shows."""
    run = gaps.run("--junitxml=junit.xml", "-v")
    tree = ET.parse(gaps.path / "junit.xml")  # noqa: S314 - our own file
    cases = {case.get("name"): case for case in tree.iter("testcase")}
    found = {
        each.get("name"): each.get("value")
        for each in cases["interests.schema"].iter("property")
    }
    assert found.pop("userstate.rationale", "").startswith("interests is stored in")
    assert found == {
        "userstate.check": "interests.schema",
        "userstate.coverage": "dual_model",
        "userstate.decision": "required",
        "userstate.id": "migrations/001_step.sql::interests.schema",
        "userstate.outcome": "failed",
    }
    assert f"\n{found['userstate.id']} FAILED" in run.output
    again = gaps.run(found["userstate.id"])
    assert again.last_line.endswith(" 1 failed"), again.output


def test_a_relative_report_path_starts_where_the_run_did(gaps: Backend) -> None:
    """From a sub-directory, a report lands beside the user."""
    (gaps.path / "sub").mkdir()
    gaps.run("--userstate-report=here.json", cwd="sub")
    assert (gaps.path / "sub/here.json").exists()


def test_a_report_replaces_the_old_one_whole(gaps: Backend) -> None:
    """No temporary file stays beside it, and its mode is an ordinary one."""
    old = gaps.write("audit.json", "x" * 100_000)
    old.chmod(0o600)
    gaps.run("--userstate-report=audit.json")
    assert json.loads(old.read_text())["schema_version"] == 1
    names = {path.name for path in gaps.path.iterdir()}
    assert not [name for name in names if name.startswith(".audit")]


def test_a_run_without_reports_does_not_pay_for_them(covered: Backend) -> None:
    """Neither the document nor the diagram is loaded, let alone computed."""
    covered.write(
        "conftest.py",
        """
        import sys

        def pytest_unconfigure():
            words = ("markdown", "diagram", "drawing", "github", "architecture")
            ours = [m for m in sys.modules if m.startswith("pytest_userstate.")]
            print("loaded", [m for m in ours if any(w in m for w in words)])
        """,
    )
    run = covered.run("-s", ".", report=False)
    assert run.status == 0, run.output
    assert "loaded []" in run.output
    assert "loaded []" not in covered.run("-s", ".").output
