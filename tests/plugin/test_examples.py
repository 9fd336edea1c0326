"""The example repositories, audited as their READMEs say."""

from __future__ import annotations

import collections.abc as cabc
import pathlib

import pytest

from tests.helpers.backends import CHECKS, ROOT, Backend
from tests.helpers.extras import on_the_embedded_server

Copy = cabc.Callable[[str], Backend]
EXAMPLES = sorted(p.name for p in (ROOT / "examples").iterdir() if p.is_dir())


@on_the_embedded_server
def test_baseline_is_the_situation_of_the_brief(example: Copy) -> None:
    """Gaps are accepted, the gate is green, the downstream work is told."""
    run = example("baseline").run()
    assert run.status == 0, run.output
    assert run.report is not None
    found = {check["id"]: check["coverage"] for check in run.report["checks"]}
    assert found == {
        "login.schema": "missing_credential_storage",
        "login.wiring": "fixture_backed",
        "users.schema": "covered",
        "users.wiring": "fixture_backed",
        "profile.schema": "covered",
        "profile.wiring": "fixture_backed",
        "interests.schema": "dual_model",
        "interests.wiring": "fixture_backed",
        "interests.revision": "tracked",
        "interests.conflict": "detectable",
    }
    assert run.report["decisions"] == {
        "profile_storage": "not_required",
        "interests_storage": "required",
        "revision_tracking": "not_required",
        "conflict_handling": "not_required",
    }
    assert run.outcomes()["login.schema"] == "accepted"
    assert run.outcomes()["interests.schema"] == "accepted"
    assert run.check("interests.schema")["recommendation"] == "preferences"
    assert run.report["target"]["layout"] == "diesel"
    assert run.report["target"]["applied"] >= 12
    assert run.report["stubs"] == ["pgcrypto"]
    last = run.report["downstream"][-1]
    assert last["blocked_by"] == ["3.5.3", "interests.wiring = database_backed"]
    assert last["reasons"][0]["waits_for"] == ["interests.schema"]
    assert "to close first: interests.schema (for 3.5.3 and 3.6.1), then" in run.output
    assert [each["use"] for each in run.report["readings"]] == [
        "not_stored",
        "not_yet_used",
        "not_yet_used",
        "not_yet_used",
    ]
    assert "stored, not yet used: users, profile, interests\n" in run.output
    (advisory,) = run.report["advisories"]
    assert advisory["code"] == "US204"
    assert advisory["silenced"].startswith("A trigger checks what is written")
    assert run.report["warnings"] == []


def test_baseline_is_not_disturbed_by_what_lies_about(example: Copy) -> None:
    """A Python helper that does not import and a large build folder are passed by."""
    baseline = example("baseline")
    helpers = [*baseline.path.rglob("test_*.py")]
    assert helpers, "the example has to hold a Python helper test"
    for number in range(200):
        folder = baseline.path / f"target/debug/build/crate-{number}/migrations"
        folder.mkdir(parents=True)
        (folder / "1.sql").write_text("SELECT nonsense;")
        (folder / "test_generated.py").write_text("import no_such_module\n")
    run = baseline.run()
    assert run.status == 0, run.output
    assert len(run.outcomes()) == len(CHECKS)


def test_baseline_facts_all_name_their_migration(example: Copy) -> None:
    """Every present fact has a source that exists in the repository."""
    baseline = example("baseline")
    run = baseline.run()
    assert run.report is not None
    for check in run.report["checks"]:
        for fact in check["evidence"]:
            if fact["kind"] == "present":
                path = baseline.path / fact["source"]["path"]
                lines = path.read_text().splitlines()
                assert 1 <= (fact["source"]["line"] or 1) <= len(lines)


def test_baseline_has_a_document_that_is_true(example: Copy) -> None:
    """The committed record says what the audit says."""
    run = example("baseline").run(
        "--userstate-check-report=docs/user-state-audit.md", report=False
    )
    assert run.status == 0, run.output
    assert "docs/user-state-audit.md says what the audit says" in run.output


def test_canonical_is_green_without_acceptances(example: Copy) -> None:
    """Everything is covered, wiring included, and nothing is expected to fail."""
    run = example("canonical").run()
    assert run.status == 0, run.output
    assert {*run.outcomes().values()} == {"passed"}
    assert set(run.report["decisions"].values()) == {"not_required"}  # type: ignore[index]


def test_broken_is_red_and_says_who_dropped_the_table(example: Copy) -> None:
    """The users table was dropped by a later migration, which is named."""
    run = example("broken").run()
    assert run.status == 1
    for check in ("login.schema", "users.schema", "profile.schema"):
        assert run.outcomes()[check] == "failed"
    dropped = [
        f for f in run.check("users.schema")["evidence"] if f["kind"] == "dropped"
    ]
    assert dropped[0]["subject"] == "public.users"
    assert dropped[0]["source"]["path"].startswith("migrations/")
    assert dropped[0]["source"]["line"]
    assert "public.users was dropped" in run.output


def test_own_entities_are_rows_of_the_matrix(example: Copy) -> None:
    """A model of the repository's own, and no login row to check."""
    run = example("own-entities").run()
    assert run.status == 0, run.output
    assert run.report is not None
    entities = {check["entity"] for check in run.report["checks"]}
    assert {"consents", "sessions"} <= entities
    assert "login" not in entities
    reasons = {cell["id"]: cell["reason"] for cell in run.report["not_applicable"]}
    assert reasons["login.schema"].startswith("not expected: ")


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_says_what_to_expect(example: Copy, name: str) -> None:
    """Its README names the command and its exit status; an audit writes no file."""
    text = (ROOT / "examples" / name / "README.md").read_text()
    assert "pytest --userstate-audit" in text
    copy = example(name)
    before = _files(copy.path)
    run = copy.run(report=False)
    assert f"exit status {run.status}" in text.lower(), run.output
    assert _files(copy.path) == before


def _files(folder: pathlib.Path) -> set[pathlib.Path]:
    caches = {".pytest_cache", "__pycache__"}
    return {path for path in folder.rglob("*") if not caches & {*path.parts}}


def test_own_entities_has_tests_of_its_own(example: Copy) -> None:
    """Its assertions, its feature, and its steps hold, with and without the audit."""
    own = example("own-entities")
    run = own.run("tests", "-W", "error", "--strict-markers", audit=False)
    assert run.status == 0, run.output
    both = own.run("tests", "-n", "2")
    assert both.status == 0, both.output
    assert len(both.outcomes()) == 16


def test_http_etag_proves_its_service(example: Copy) -> None:
    """Its tests refuse a stale request; its schema and its statement are proved."""
    run = example("http-etag").run("tests", "--userstate-prove", "-W", "error")
    assert run.status == 0, run.output
    assert "9 passed, 4 skipped" in run.output
    assert run.report is not None
    [written] = run.report["proof"]["program_writes"]
    assert (written["write"], written["result"]) == ("save", "conditional")


def test_http_etag_catches_a_service_that_overwrites(example: Copy) -> None:
    """Both by two requests and by two writers."""
    service = example("http-etag")
    store = service.path / "preferences/store.py"
    text = store.read_text().replace(" AND revision = %s", "")
    store.write_text(text.replace("user_id, revision],", "user_id],"))
    run = service.run("tests", "--userstate-prove")
    assert run.status == 1
    assert run.outcomes()["interests.conflict"] == "failed"
    assert "the second write is not refused: it is a stale one" in run.output
    assert "B writes by r1; B commits" in " ".join(run.output.split())


def test_alembic_is_run_by_itself(example: Copy) -> None:
    """Facts name the revision, and the line in it that made them."""
    run = example("alembic").run()
    assert run.status == 0, run.output
    assert "runs python -m alembic upgrade head" in run.output
    assert run.report is not None
    target = run.report["target"]
    assert (target["path"], target["layout"]) == ("migrations", "alembic")
    assert target["applied"] == 6
    [name] = [
        fact
        for fact in run.check("users.schema")["evidence"]
        if fact["subject"] == "public.users.display_name"
    ]
    assert name["source"] == {
        "path": "migrations/versions/2f1c6e0a9b31_create_users.py",
        "line": 16,
    }
    assert name["changed_by"] == {
        "path": "migrations/versions/9c4b8e1d2a53_rename_name.py",
        "line": 15,
    }
    assert run.outcomes()["interests.revision"] == "accepted"


def test_recognized_is_green_without_a_configuration(example: Copy) -> None:
    """No table has a name that the model knows, and all four entities are found."""
    run = example("recognized").run()
    assert run.status == 0, run.output
    assert run.report is not None
    used = {
        storage["entity"]: storage
        for storage in run.report["recognition"]
        if storage["used"]
    }
    assert {entity: storage["table"] for entity, storage in used.items()} == {
        "login": "public.accounts",
        "users": "public.accounts",
        "profile": "public.accounts",
        "interests": "public.account_settings",
    }
    assert used["login"]["columns"] == ["password_digest"]
    assert used["interests"]["shape"] == "row_per_user"
    assert used["interests"]["confidence"] == "certain"
    others = [
        storage["table"]
        for storage in run.report["recognition"]
        if storage["entity"] == "interests" and not storage["used"]
    ]
    assert others == ["public.account_genres"]
    assert run.check("interests.conflict")["coverage"] == "detectable"
    assert "recognized storage: login in public.accounts" in run.output
    rationale = run.check("interests.schema")["rationale"]
    assert "Recognized: public.account_settings is certain" in rationale


def test_recognition_can_be_turned_off(example: Copy) -> None:
    """With `recognize = false`, only what the model names is storage."""
    recognized = example("recognized")
    recognized.write("userstate.toml", "recognize = false\n")
    run = recognized.run()
    assert run.status == 1
    assert run.report is not None
    assert run.report["recognition"] == []
    assert "recognized storage" not in run.output
    for check in ("login.schema", "users.schema", "interests.schema"):
        assert run.outcomes()[check] == "failed"


def test_a_reset_token_is_no_login(example: Copy) -> None:
    """What only looks like a secret of an account leaves the login missing."""
    recognized = example("recognized")
    first = recognized.path / "db/migrations/000001_create_accounts.up.sql"
    text = first.read_text().replace("password_digest", "password_reset_token")
    first.write_text(text)
    run = recognized.run()
    assert run.status == 1
    login = run.check("login.schema")
    assert login["coverage"] == "missing_credential_storage"
    assert "nothing else in this schema looks like it" in login["rationale"]
