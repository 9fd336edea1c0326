"""`--userstate-prove` and `--userstate-draft`, in whole runs."""

from __future__ import annotations

import collections.abc as cabc

import pytest

from tests.helpers.backends import CREDENTIALS, PREFERENCES, USERS, Backend
from tests.helpers.programs import DjangoProject

RESET = """
CREATE FUNCTION reset() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW.revision := 1; RETURN NEW; END';
CREATE TRIGGER reset BEFORE UPDATE ON user_preferences
  FOR EACH ROW EXECUTE FUNCTION reset();
"""
DRAFT = "migrations/004_add_revision_to_user_preferences.sql"


SAVE = """
def save(connection, row, revision):
    connection.execute(
        "UPDATE user_preferences SET interest_theme_ids = %(interest_theme_ids)s,"
        " revision = revision + 1 WHERE user_id = %(user_id)s AND revision = %(read)s",
        {**row, "read": revision},
    )


def pytest_userstate_writes(config):
    from pytest_userstate import ProgramWrite

    return ProgramWrite("public.user_preferences", save)
"""
BLIND = """
[[prove.writes]]
table = "user_preferences"
sql = "UPDATE user_preferences SET revision = revision + 1 WHERE user_id = %(user_id)s"
"""


def test_a_token_that_does_not_work_fails_the_gate(covered: Backend) -> None:
    """Without the proof the schema looks well."""
    covered.write("migrations/004_reset.sql", RESET)
    plain = covered.run()
    assert plain.status == 0
    assert "be detected; not proved" in plain.output
    proved = covered.run("--userstate-prove")
    assert proved.status == 1, proved.output
    assert "unusable: public.user_preferences.revision" in proved.output
    assert proved.outcomes()["interests.conflict"] == "failed"
    assert proved.outcomes()["interests.revision"] == "passed"
    assert proved.report is not None
    facts = proved.report["proof"]["facts"]
    assert {fact["result"] for fact in facts} == {"proved"}


def test_a_write_of_the_program_that_overwrites_fails_the_gate(
    covered: Backend,
) -> None:
    """The statement and the history are shown; on two workers as on one."""
    covered.write("conftest.py", SAVE)
    covered.configure(BLIND)
    run = covered.run("--userstate-prove", "-n", "2")
    assert run.status == 1, run.output
    output = " ".join(run.output.split())
    assert "prove.writes[0] (UPDATE user_preferences SET revision =" in output
    assert "A commits; B writes by r1: 1 row; B commits" in output
    assert "to do, one of these" not in output
    assert "conditional: save by public.user_preferences.revision" in output
    assert run.outcomes()["interests.conflict"] == "failed"
    assert run.report is not None
    results = [write["result"] for write in run.report["proof"]["program_writes"]]
    assert results == ["unusable", "conditional"]
    covered.configure(BLIND.replace('"user_preferences"', '"users"'))
    wrong = covered.run("--userstate-prove")
    assert "Tables with one: public.user_preferences." in wrong.output
    assert wrong.status == 1, wrong.output


def test_a_draft_closes_its_check_when_it_is_applied(backend: Backend) -> None:
    """It is written where the option says, read as the next, and never over a file."""
    without = PREFERENCES.replace(", revision integer NOT NULL DEFAULT 1", "")
    backend.migrate(USERS, CREDENTIALS, without)
    shown = backend.run("--userstate-draft")
    assert shown.status == 1
    assert "draft: the one of interests.revision closes it" in shown.output
    assert shown.check("interests.conflict")["draft"] == "interests.revision"
    assert shown.check("users.schema")["draft"] is None
    assert not (backend.path / DRAFT).exists()
    backend.write(DRAFT, "SELECT 1;")
    kept = backend.run("--userstate-draft=migrations")
    assert (backend.path / DRAFT).read_text() == "SELECT 1;"
    assert "005_add_revision_to_user_preferences.sql" in kept.output
    (backend.path / DRAFT).unlink()
    folder = backend.path / "migrations"
    for file in folder.glob("005*"):
        file.unlink()
    backend.write("new/.keep")
    (backend.path / "new" / DRAFT.rpartition("/")[2]).write_text("mine")
    refused = backend.run("--userstate-draft=new")
    assert "cannot be written: File exists" in " ".join(refused.output.split())
    assert backend.run("--userstate-draft=migrations").status == 1
    closed = backend.run()
    assert closed.status == 0, closed.output
    assert closed.outcomes()["interests.conflict"] == "passed"


def test_alembic_applies_its_draft_itself(
    example: cabc.Callable[[str], Backend],
) -> None:
    """And takes it back; the draft is one of Alembic's revisions."""
    alembic = example("alembic")
    settings = alembic.path / "userstate.toml"
    settings.write_text(settings.read_text().partition("[[accept]]")[0])
    run = alembic.run("--userstate-draft=migrations/versions")
    assert "its reverse restores the schema exactly" in run.output
    [draft] = (alembic.path / "migrations/versions").glob("*_add_revision_*.py")
    assert 'down_revision = "e93f7d6c1b08"' in draft.read_text()


def test_django_applies_its_draft_itself(backend: Backend) -> None:
    """In the app of the table, and takes it back; then the check is closed."""
    tables = (USERS, CREDENTIALS, PREFERENCES.partition(", revision")[0] + ");")
    DjangoProject(backend.path).migrate(
        *(f"migrations.RunSQL({text!r})," for text in tables)
    )
    run = backend.run("--userstate-draft=people/migrations")
    assert run.status == 1, run.output
    assert "its reverse restores the schema exactly" in run.output
    name = "0004_add_revision_to_user_preferences"
    text = (backend.path / f"people/migrations/{name}.py").read_text()
    assert 'dependencies = [("people", "0003_m")]' in text
    assert backend.run().status == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["--userstate-dsn=host=/nowhere", "--userstate-prove"],
            "--userstate-dsn audits a live one, which is only read",
        ),
        (
            ["--userstate-dsn=host=/nowhere", "--userstate-draft"],
            "--userstate-dsn audits a live one, which is only read",
        ),
        (["--userstate-draft=migrations/001_step.sql"], "is no folder"),
    ],
)
def test_options_that_cannot_be_meant_are_usage_errors(
    covered: Backend, args: list[str], message: str
) -> None:
    """A live database is neither copied nor changed."""
    run = covered.run(*args)
    assert run.status == 4, run.output
    assert message in " ".join(run.output.split())
