"""Whole runs whose wiring is scanned, or reported by a hook."""

from __future__ import annotations

import pytest

from tests.helpers.backends import JOIN_TABLE, PREFERENCES, USERS, Backend

SCAN = """
    [wiring]
    sources = "src"
    [wiring.ports.users]
    port = "UsersQuery"
    reason = "The adapter is 3.5.2"
"""
HOOK = """
    from pytest_userstate import PortWiring, RuntimeWiring

    def pytest_userstate_wiring(config):
        with open("asked.txt", "a") as asked:
            asked.write("asked\\n")
        yield PortWiring(
            entity="users",
            port="UsersQuery",
            state=RuntimeWiring.CONDITIONAL,
            reason="DEMO decides",
        )
"""
# Writes down which modules the run imported.
LOADED = """
    import sys

    def pytest_unconfigure(config):
        with open("loaded.txt", "w") as file:
            file.write("\\n".join(sys.modules))
"""


@pytest.fixture
def scanned(covered: Backend) -> Backend:
    """Return a repository whose users come from a fixture, as its sources show."""
    covered.configure(SCAN)
    covered.write("src/ports.py", "class UsersQuery: ...\n")
    covered.write("src/main.py", "def build():\n    return FixtureUsersQuery()\n")
    covered.write("src/broken.py", "x = FixtureUsersQuery\ndef f(:\n")
    return covered


def test_what_the_sources_show_is_gated(scanned: Backend) -> None:
    """The use fails the gate; the file that does not parse is told everywhere."""
    run = scanned.run("--userstate-gate=wiring", "-k", "users.wiring")
    assert run.status == 1, run.output
    check = run.check("users.wiring")
    assert check["coverage"] == "fixture_backed"
    assert check["rationale"] == (
        "UsersQuery is fixture-backed in src through FixtureUsersQuery, by the "
        "naming convention: The adapter is 3.5.2"
    )
    assert [fact["source"] for fact in check["evidence"]] == [
        {"path": "src/broken.py", "line": 1},
        {"path": "src/main.py", "line": 2},
    ]
    assert run.report is not None
    (warning,) = run.report["warnings"]
    assert warning.startswith("src/broken.py:2: not valid Python")
    assert "warning: src/broken.py:2: not valid Python" in run.output
    assert "naming convention (src/main.py:2)" in run.output


def test_workers_share_one_scan(scanned: Backend) -> None:
    """The answer is that of a run without workers, evidence and warnings included."""
    alone, shared = scanned.run(), scanned.run("-n", "2")
    assert shared.status == 0, shared.output
    assert shared.report == alone.report


def test_a_write_that_ignores_the_revision_fails_the_run(covered: Backend) -> None:
    """The line of code is in the terminal, the reports, and an annotation."""
    covered.configure("[wiring]\nsources = 'src'\n")
    covered.write(
        "src/store.go",
        """
        package store

        func setThemes(db DB, user string, themes []string) {
            db.Exec(`UPDATE user_preferences
                SET interest_theme_ids = $1 WHERE user_id = $2`, themes, user)
        }

        func setChecked(db DB, user string, themes []string, revision int) {
            db.Exec(`UPDATE user_preferences
                SET interest_theme_ids = $1, revision = revision + 1
                WHERE user_id = $2 AND revision = $3`, themes, user, revision)
        }
        """,
    )
    on_github = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(covered.path)}
    run = covered.run("--userstate-report=report.md", **on_github)
    assert run.status == 1, run.output
    check = run.check("interests.conflict")
    assert (check["coverage"], check["decision"]) == ("bypassed", "not_required")
    words = "2 writes: 1 compares `revision`, 1 does not: src/store.go:4"
    assert words in check["rationale"]
    places = [(write["source"]["line"], write["use"]) for write in check["writes"]]
    assert places == [(4, "ignored"), (9, "compared")]
    assert run.outcomes()["interests.revision"] == "passed"
    terminal = " ".join(run.output.split())
    assert words in terminal
    assert "in src/store.go:4, add `AND revision = …`" in terminal
    assert "bypassed: a write in the sources ignores the revision" in terminal
    title = "title=interests.conflict%3A bypassed%2C no migration needed"
    assert f"::error file=src/store.go,line=4,{title}::" in run.output
    assert "src/store.go:4" in (covered.path / "report.md").read_text()

    store = covered.path / "src/store.go"
    store.write_text(store.read_text().replace("$2`, themes", "$2 ${where}`, themes"))
    run = covered.run()
    assert run.status == 0, run.output
    assert (
        "passed     interests.conflict: no migration needed\n  2 writes" in run.output
    )


def test_nothing_is_parsed_where_nothing_is_scanned(backend: Backend) -> None:
    """Neither ast-grep nor a language is imported, dual model or not."""
    backend.migrate(USERS, PREFERENCES, JOIN_TABLE)
    backend.write("conftest.py", LOADED)
    backend.configure(
        "[wiring.ports.users]\nport = 'P'\nstate = 'unwired'\nreason = 'R'\n"
    )
    run = backend.run("--userstate-gate=wiring", "-k", "interests.schema")
    assert run.status == 0, run.output
    loaded = (backend.path / "loaded.txt").read_text().split()
    assert "pytest_userstate.outbound.wiring.assembly" in loaded
    assert "ast_grep_py" not in loaded
    assert "pytest_userstate.outbound.wiring.parsing" not in loaded


def test_a_scan_without_ast_grep_is_a_usage_error(scanned: Backend) -> None:
    """Exit status 4, the key, and the command; the report says so too."""
    scanned.write(
        "conftest.py",
        """
        import importlib.util, sys

        find_spec = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *rest: (
            None if name == "ast_grep_py" else find_spec(name, *rest)
        )
        """,
    )
    run = scanned.run()
    assert run.status == 4, run.output
    assert "`wiring.ports.users` has no `state`" in run.output
    assert "pip install 'pytest-userstate[wiring]'" in run.output
    assert run.report is not None
    assert run.report["error"]["kind"] == "usage"


def test_the_program_reports_its_own_wiring(covered: Backend) -> None:
    """The hook of a conftest is asked once, and its word stands in the report."""
    covered.write("conftest.py", HOOK)
    run = covered.run()
    assert run.status == 0, run.output
    check = run.check("users.wiring")
    assert check["coverage"] == "conditional"
    assert check["rationale"] == "UsersQuery is reported conditional: DEMO decides"
    assert (covered.path / "asked.txt").read_text() == "asked\n"


def test_workers_are_told_what_the_hook_said(covered: Backend) -> None:
    """The controller asks once, and uses what it says in the audit."""
    covered.write("conftest.py", HOOK)
    run = covered.run("-n", "2")
    assert run.status == 0, run.output
    assert run.check("users.wiring")["coverage"] == "conditional"
    assert (covered.path / "asked.txt").read_text() == "asked\n"


def test_a_hook_that_contradicts_is_a_usage_error(covered: Backend) -> None:
    """Both places are named, before anything is audited."""
    covered.write("conftest.py", HOOK)
    covered.configure(
        "[wiring.ports.users]\nport = 'UsersQuery'\nstate = 'unwired'\nreason = 'R'\n"
    )
    run = covered.run()
    assert run.status == 4, run.output
    assert "the hook pytest_userstate_wiring reports UsersQuery of users as" in (
        run.output
    )
    assert "[wiring.ports.users] in userstate.toml" in run.output


def test_tests_can_ask_for_the_wiring(backend: Backend) -> None:
    """The fixture gives what is declared, scanned, and reported."""
    backend.migrate(USERS)
    backend.configure(SCAN + "[wiring.ports.login]\nport = 'LoginService'\n")
    backend.write(
        "src/main.py",
        "class UsersQuery: ...\nclass LoginService: ...\nrun(SqlLoginService())\n",
    )
    backend.write("conftest.py", HOOK.replace("UsersQuery", "UsersCommand"))
    backend.write(
        "test_wiring.py",
        """
        def test_wiring(userstate_wiring, userstate_report):
            ports = userstate_wiring.ports
            assert {port.port: (port.state, port.origin) for port in ports} == {
                "LoginService": ("database_backed", "scanned"),
                "UsersCommand": ("conditional", "reported"),
                "UsersQuery": ("not_probed", "scanned"),
            }
            assert userstate_report.check("users.wiring").coverage == "not_probed"
        """,
    )
    run = backend.run("test_wiring.py", audit=False)
    assert run.status == 0, run.output


def test_diesel_s_declarations_are_held_against_the_schema(backend: Backend) -> None:
    """One agrees and is evidence, one does not and is a warning; nothing else."""
    for name, sql in (("1_users", USERS), ("2_preferences", PREFERENCES)):
        backend.write(f"migrations/2025-01-01-00000{name}/up.sql", sql)
        backend.write(f"migrations/2025-01-01-00000{name}/down.sql", "")
    backend.write("diesel.toml", '[print_schema]\nfile = "src/schema.rs"\n')
    backend.write(
        "src/schema.rs",
        """
        diesel::table! {
            users (id) { id -> Uuid, display_name -> Text, }
        }
        diesel::table! {
            user_preferences (user_id) {
                user_id -> Uuid,
                revision -> Nullable<BigInt>,
            }
        }
        """,
    )
    run = backend.run()
    assert run.status == 1, run.output  # login is not stored
    assert run.report is not None
    declared = "src/schema.rs:7 declares public.user_preferences.revision as Nullable<"
    assert [each.startswith(declared) for each in run.report["warnings"]] == [True] * 2
    assert "can never be null" in run.report["warnings"][0]
    assert (
        "which is bigint, but in the schema it is integer"
        in (run.report["warnings"][1])
    )
    told = [
        (check["id"], fact["subject"], fact["source"]["line"])
        for check in run.report["checks"]
        for fact in check["evidence"]
        if fact["kind"] == "declared"
    ]
    assert told == [
        ("users.schema", "public.users", 2),
        ("profile.schema", "public.users", 2),
    ]
    assert run.outcomes()["interests.schema"] == "passed"
