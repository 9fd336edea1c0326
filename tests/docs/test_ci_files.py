"""The CI files to copy: they parse, they are complete, and their commands run."""

from __future__ import annotations

import json
import pathlib
import re
import shlex
import typing as typ

import pytest
import yaml

from pytest_userstate.outbound.postgres.binaries import find_binaries
from pytest_userstate.outbound.postgres.server import EmbeddedServer
from tests.helpers.backends import CREDENTIALS, PREFERENCES, USERS, Backend
from tests.helpers.markdown import ROOT, table_after
from tests.helpers.running_server import running_server
from tests.helpers.servers import installations
from tests.helpers.walkthrough import Reader

FOLDER = ROOT / "docs/ci"
WORKFLOWS = sorted(FOLDER.glob("github*.yml"))
OURS = sorted((ROOT / ".github/workflows").iterdir())
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))


def load(path: pathlib.Path) -> dict[typ.Any, typ.Any]:
    """Parse a YAML file."""
    value = yaml.safe_load(path.read_text())
    assert isinstance(value, dict), path
    return value


def steps(path: pathlib.Path) -> list[dict[str, typ.Any]]:
    """Return the steps of a workflow's jobs."""
    return [step for job in load(path)["jobs"].values() for step in job["steps"]]


def commands(path: pathlib.Path) -> list[str]:
    """Return what a file has a shell run, in order."""
    if path.name.startswith("gitlab"):
        job = load(path)["user state"]
        return [*job["before_script"], *job["script"]]
    if path.name == "Containerfile":
        text = path.read_text()
        start = json.loads(re.findall(r"^ENTRYPOINT (.+)$", text, re.MULTILINE)[0])
        return [*re.findall(r"^RUN (.+)$", text, re.MULTILINE), shlex.join(start)]
    return [step["run"] for step in steps(path) if "run" in step]


def test_the_page_lists_every_file() -> None:
    """No file is without its row."""
    rows = table_after((ROOT / "docs/ci.md").read_text(), "# CI recipes")
    listed = [re.findall(r"\]\(ci/(.+)\)", row[0])[0] for row in rows]
    assert sorted(listed) == sorted(path.name for path in FOLDER.iterdir())


@pytest.mark.parametrize("path", [*WORKFLOWS, *OURS], ids=lambda path: path.name)
def test_github_can_read_them(path: pathlib.Path) -> None:
    """Triggers, rights, and a limit for each job; every action has a version."""
    workflow = load(path)
    assert {"name", True, "permissions", "jobs"} <= workflow.keys()  # `on` is true
    for job in workflow["jobs"].values():
        assert {"runs-on", "timeout-minutes", "steps"} <= job.keys()
    for step in steps(path):
        assert ("uses" in step) != ("run" in step)
        assert re.fullmatch(r"[\w-]+/[\w-]+@\S+", step.get("uses", "a/b@v1"))


@pytest.mark.parametrize(
    "path", [f for f in FORMS if f.stem != "config"], ids=lambda path: path.name
)
def test_issue_forms_are_complete(path: pathlib.Path) -> None:
    """Names and labels for people, and an id of its own for each field."""
    form = load(path)
    assert {"name", "description", "body"} <= form.keys()
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"input", "textarea"}
    assert all(field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("github.yml", "baseline"),
        ("github-python.yml", "own-entities"),
        ("gitlab.yml", "canonical"),
        ("Containerfile", "baseline"),
    ],
)
def test_their_commands_run(reader: Reader, name: str, example: str) -> None:
    """In a repository of the kind that each is for; what they upload is there."""
    reader.start(f"examples/{example}")
    for command in commands(FOLDER / name):
        assert reader.run(command) == 0, reader.printed
    for report in re.findall(r"=(userstate\.\w+)", (FOLDER / name).read_text()):
        assert (reader.folder / report).read_text()


def test_the_action_audits_the_folder_that_it_is_given(reader: Reader) -> None:
    """With the arguments of the workflow, and the action's own installation."""
    action = load(ROOT / "action.yml")
    setup, install, audit = action["runs"]["steps"]
    assert re.fullmatch(r"actions/setup-python@[0-9a-f]{40}", setup["uses"])
    assert '"$GITHUB_ACTION_PATH[wiring]"' in install["run"]
    reader.start("examples/canonical")
    programs = reader.folder / "temp/pytest-userstate/bin"
    programs.mkdir(parents=True)
    (programs / "pytest-userstate").symlink_to(reader.tools / "pytest-userstate")
    reader.variables["RUNNER_TEMP"] = str(reader.folder / "temp")
    reader.variables["ARGUMENTS"] = "--userstate-report=r.json -k users.schema"
    assert reader.run(audit["run"]) == 0, reader.printed
    assert "1 passed" in reader.printed
    assert (reader.folder / "r.json").exists()


def test_the_hook_of_pre_commit_runs_when_migrations_change() -> None:
    """It calls the installed command, whatever files were staged."""
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "pytest-userstate"
    assert hook["pass_filenames"] is False
    for path in (
        "backend/migrations/2025_x/up.sql",
        "prisma/migrations/1/migration.sql",
        "src/main/resources/db/migration/V1__x.sql",
        "supabase/migrations/1.sql",
        "userstate.toml",
    ):
        assert re.search(hook["files"], path), path
    for path in ("src/main.rs", "docs/userstate.toml.md", "adb/x.py"):
        assert not re.search(hook["files"], path), path


@pytest.mark.parametrize("name", ["github-service.yml", "gitlab-service.yml"])
def test_a_service_is_used(reader: Reader, name: str) -> None:
    """The audit runs on the server that the job's variable names."""
    reader.start("examples/canonical")
    [variable] = re.findall(
        r"^ *(\w+): postgresql://", (FOLDER / name).read_text(), re.MULTILINE
    )
    with running_server(installations()[-1]) as server:
        reader.variables[variable] = server.dsn()
        for command in commands(FOLDER / name):
            assert reader.run(command) == 0, reader.printed
    assert f"a scratch database on --userstate-server=env:{variable}" in reader.printed


def test_production_is_compared(reader: Reader) -> None:
    """The nightly job is green where nothing drifted, and red where it did."""
    reader.start("new")
    Backend(reader.folder).migrate(USERS, CREDENTIALS, PREFERENCES)
    [command] = commands(FOLDER / "github-drift.yml")
    [variable] = steps(FOLDER / "github-drift.yml")[-1]["env"]
    with EmbeddedServer(find_binaries()) as server, server.connect() as connection:
        reader.variables[variable] = (
            f"postgresql://userstate@/userstate?host={server.host}&port={server.port}"
        )
        for statement in (USERS, CREDENTIALS, PREFERENCES):
            connection.execute(statement)
        assert reader.run(command) == 0, reader.printed
        connection.execute("ALTER TABLE users ADD nick text")
        assert reader.run(command) == 1
        assert "+ column public.users.nick text" in reader.printed
