"""The snapshot file: written, compared with, accepted."""

from __future__ import annotations

import collections.abc as cabc
import json
import shlex

import jsonschema
import pytest

from pytest_userstate.outbound.postgres.binaries import find_binaries
from pytest_userstate.outbound.postgres.server import EmbeddedServer
from tests.helpers.backends import CHECKS, ROOT, USERS, Backend
from tests.plugin.test_bad_input import usage_error

SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text())
WRITE = "--userstate-snapshot-update=db/schema.json"


@pytest.fixture
def recorded(covered: Backend) -> Backend:
    """Return a repository with a snapshot of its schema."""
    (covered.path / "db").mkdir()
    covered.configure('snapshot = "db/schema.json"\n')
    assert covered.run(WRITE, report=False).status == 0
    return covered


def change(backend: Backend) -> None:
    """Let a further migration change the schema."""
    backend.write("migrations/009_more.sql", "ALTER TABLE users ADD nick text;")


def test_an_unchanged_schema_passes_and_gives_the_same_bytes(recorded: Backend) -> None:
    """Nothing of the machine, and nothing of the migrations, is in the file."""
    file = recorded.path / "db/schema.json"
    text = file.read_text()
    assert '\n        {"name": "display_name", "data_type": "text"},\n' in text
    assert "migrations" not in text
    assert str(recorded.path) not in text
    run = recorded.run("--userstate-snapshot-update=db/again.json")
    assert run.status == 0, run.output
    assert "snapshot: no difference" in run.output
    assert "userstate: compared with db/schema.json" in run.output
    assert (recorded.path / "db/again.json").read_text() == text
    assert sorted(each.name for each in file.parent.iterdir()) == [
        "again.json",
        "schema.json",
    ]


def test_a_file_of_format_1_is_compared_in_what_it_holds(recorded: Backend) -> None:
    """A warning says what was not compared, and how to change that."""
    file = recorded.path / "db/schema.json"
    file.write_text(
        file.read_text().replace('"userstate_snapshot": 2', '"userstate_snapshot": 1')
    )
    run = recorded.run()
    assert run.status == 0, run.output
    assert run.report is not None
    (warning,) = (w for w in run.report["warnings"] if "db/schema.json" in w)
    assert "they were not compared" in warning
    assert "--userstate-snapshot-update=db/schema.json" in warning

    again = recorded.run("--userstate-snapshot=db/schema.json")
    assert again.status == 0, again.output
    assert "warning: --userstate-snapshot is now --userstate-snapshot-update;" in (
        again.output
    )
    assert '"userstate_snapshot": 2' in file.read_text()


def test_a_changed_schema_fails_until_it_is_accepted(recorded: Backend) -> None:
    """With the difference, the migration, and the command, which works."""
    change(recorded)
    file = recorded.path / "db/schema.json"
    before = file.read_text()
    run = recorded.run()
    assert run.status == 1, run.output
    assert "+ column public.users.nick text  [migrations/009_more.sql:1]" in run.output
    assert file.read_text() == before
    assert run.report is not None
    jsonschema.validate(run.report, SCHEMA)
    (comparison,) = run.report["comparisons"]
    assert (comparison["id"], comparison["outcome"]) == ("snapshot", "failed")
    assert (comparison["before"], comparison["after"]) == (
        "db/schema.json",
        "the migrations",
    )
    command = next(
        line for line in run.output.splitlines() if "pytest --userstate-audit" in line
    )
    accepted = recorded.run(*shlex.split(command)[2:], "-n", "2")
    assert accepted.status == 0, accepted.output
    assert "snapshot: 1 difference, accepted" in accepted.output
    assert "schema snapshot written to db/schema.json" in accepted.output
    assert accepted.report is not None
    assert accepted.report["comparisons"][0]["accepted"]
    assert '{"name": "nick", ' in file.read_text()
    assert recorded.run(report=False).status == 0


def test_the_command_names_the_file_from_where_the_run_was_started(
    recorded: Backend,
) -> None:
    """And the configuration, where that was named."""
    change(recorded)
    run = recorded.run("--userstate-config=../userstate.toml", cwd="db")
    assert run.status == 1
    assert (
        "  pytest --userstate-audit --userstate-config=../userstate.toml "
        "--userstate-snapshot-update=schema.json\n" in run.output
    )


def test_it_is_written_although_a_check_fails(backend: Backend) -> None:
    """The schema is what it is; but only where something was audited."""
    backend.migrate(USERS)
    file = backend.path / "schema.json"
    run = backend.run("--userstate-snapshot-update=schema.json")
    assert run.status == 1
    text = file.read_text()
    assert '"users"' in text
    backend.write("migrations/002_step.sql", "CREATE TABLE broken (id nothing);")
    run = backend.run("--userstate-snapshot-update=schema.json")
    assert run.status == 1
    assert "the schema snapshot schema.json was not written" in run.output
    assert "1 file not written" in run.last_line
    assert file.read_text() == text
    run = backend.run("--userstate-snapshot-update=schema.json", "-k", "nothing")
    assert run.status == 5
    assert "was not written" in run.output


@pytest.fixture(scope="module")
def live() -> cabc.Iterator[str]:
    """Return the DSN of a live database."""
    with EmbeddedServer(find_binaries()) as server:
        with server.connect() as connection:
            connection.execute(USERS)
        yield f"postgresql://userstate@/userstate?host={server.host}&port={server.port}"


def test_a_live_database_can_be_written_and_compared(
    backend: Backend, live: str
) -> None:
    """Without any migrations, and with the command that a live database needs."""
    backend.configure('snapshot = "schema.json"\n')
    target = "--userstate-dsn=env:LIVE"
    run = backend.run(target, "--userstate-snapshot-update=schema.json", LIVE=live)
    assert "written anew, there was nothing to compare with" in run.output
    file = backend.path / "schema.json"
    assert live not in file.read_text()
    file.write_text(file.read_text().replace('"display_name", ', '"displayed", '))
    run = backend.run(target, "-k", "snapshot", LIVE=live)
    assert run.status == 1, run.output
    assert (
        "expected: the live database to have the schema that schema.json" in run.output
    )
    assert "+ column public.users.display_name text not null" in run.output
    assert (
        "  pytest --userstate-audit --userstate-dsn=env:LIVE "
        "--userstate-snapshot-update=schema.json\n" in run.output
    )


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--userstate-snapshot-update=x.txt"], "ends in .json"),
        ([WRITE, "--userstate-snapshot=x.json"], "is the old name of"),
        (
            ["--userstate-snapshot-update=migrations/001_step.sql/x.json"],
            "is no folder",
        ),
        (["--userstate-snapshot-update=migrations"], "ends in .json"),
        (["--userstate-drift=env:X", "--userstate-dsn=env:X"], "give either"),
        (["--userstate-drift="], "--userstate-drift is empty"),
        (["--userstate-dsn="], "--userstate-dsn is empty"),
        (["--userstate-drift=env:NO_SUCH"], "NO_SUCH is not set"),
    ],
)
def test_options_that_cannot_be_meant_are_usage_errors(
    covered: Backend, args: list[str], words: str
) -> None:
    """Told in the report, too, before anything is started."""
    assert words in usage_error(covered, *args)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "schema.json is not there"),
        ("", ":1:1 is damaged"),
        ("\udcff", "no UTF-8"),
        ('{"userstate_snapshot": 9}', "has format 9"),
        ('{"userstate_snapshot": 1, "tables": [{}]}', "`tables[0].name` is missing"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_usage_error(
    covered: Backend, text: str | None, words: str
) -> None:
    """It names the setting, and the command, unless that would destroy something."""
    covered.configure('snapshot = "schema.json"\n')
    if text is not None:
        file = covered.path / "schema.json"
        file.write_bytes(text.encode(errors="surrogateescape"))
    message = usage_error(covered)
    assert message.startswith("userstate.toml: `snapshot`: schema.json")
    assert words in message
    command = "pytest --userstate-audit --userstate-snapshot-update=schema.json"
    assert (command in message) == ("format 9" not in message)


def test_what_a_newer_version_wrote_is_not_replaced(covered: Backend) -> None:
    """Accepting would lose what this version does not know."""
    covered.configure('snapshot = "schema.json"\n')
    file = covered.write("schema.json", '{"userstate_snapshot": 9}')
    assert "format 9" in usage_error(covered, "--userstate-snapshot-update=schema.json")
    assert "9" in file.read_text()


def test_collecting_needs_no_file(covered: Backend) -> None:
    """The check is there before its file is."""
    covered.configure('snapshot = "schema.json"\n')
    run = covered.run("--collect-only", "-q")
    assert run.status == 0, run.output
    assert "userstate.toml::snapshot" in run.output


def test_own_tests_need_no_file(covered: Backend) -> None:
    """Without the audit, nothing is compared."""
    covered.configure('snapshot = "schema.json"\n')
    covered.write(
        "test_own.py",
        "def test_own(schema_snapshot): assert schema_snapshot.table('users')\n",
    )
    assert covered.run("test_own.py", audit=False).status == 0


def test_a_snapshot_with_another_suffix_is_refused(covered: Backend) -> None:
    """The setting is held to what the option is."""
    covered.configure('snapshot = "schema.sql"\n')
    assert "ends in .json" in usage_error(covered)


def test_a_check_that_addopts_hides_fails_the_run(recorded: Backend) -> None:
    """The snapshot check is as little to be lost as any other."""
    recorded.write("pytest.ini", "[pytest]\naddopts = -k 'not snapshot'\n")
    run = recorded.run()
    assert run.status == 1, run.output
    assert run.report is not None
    assert run.report["vanished"] == ["snapshot"]
    assert len(run.outcomes()) == len(CHECKS)
