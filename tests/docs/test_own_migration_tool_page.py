"""The migration tool on the page about adding one works as a package of its own."""

from __future__ import annotations

import pathlib
import tomllib

import pytest

from tests.helpers.backends import CREDENTIALS, PREFERENCES, USERS, Backend
from tests.helpers.markdown import ROOT, blocks

PAGE = ROOT / "docs/own-migration-tool.md"
FILES = {block.file: block.text for block in blocks(PAGE) if block.file}


@pytest.fixture
def site(tmp_path: pathlib.Path) -> pathlib.Path:
    """Install the page's package into a folder, as an installer would."""
    folder = tmp_path / "site"
    metadata = folder / "userstate_steps-1.dist-info"
    metadata.mkdir(parents=True)
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 1\n"
    )
    [(group, entries)] = project["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {entries[name]}" for name in entries), ""]
    (metadata / "entry_points.txt").write_text("\n".join(lines))
    (folder / "userstate_steps.py").write_text(FILES["userstate_steps.py"])
    return folder


@pytest.fixture
def backend(tmp_path: pathlib.Path) -> Backend:
    """Make a repository that uses the tool."""
    made = Backend(tmp_path / "repository")
    made.write("db/2-preferences/apply.sql", PREFERENCES)
    made.write("db/1-users/apply.sql", f"{USERS}\n{CREDENTIALS}")
    made.write("db/1-users/undo.sql", "DROP TABLE users;")
    return made


@pytest.mark.parametrize("way", ["its content", "steps.json", "userstate.toml"])
def test_the_tool_is_found_and_audited(
    backend: Backend, site: pathlib.Path, way: str
) -> None:
    """In each of the three ways that the page names."""
    table = "steps_applied"
    if way == "steps.json":
        backend.write("steps.json", '{"folder": "db"}')
    if way == "userstate.toml":
        table = "applied"
        [text] = [b.text for b in blocks(PAGE) if b.text.startswith("# settings")]
        backend.configure(text)
    run = backend.run(PYTHONPATH=str(site))
    assert run.status == 0, run.output
    assert "userstate: db, steps layout, 2 migrations" in run.output
    assert run.report is not None
    assert table not in {fact["subject"] for fact in run.report.get("facts", [])}


def test_a_tool_that_cannot_be_loaded_is_named(
    backend: Backend, site: pathlib.Path
) -> None:
    """With its package and what to do; a built-in name cannot be taken."""
    (site / "userstate_steps.py").write_text("LAYOUT = 1")
    run = backend.run(PYTHONPATH=str(site))
    assert run.status == 4, run.output
    assert "the migration tool steps of userstate-steps cannot be used" in run.output
    assert "it is no layout of the name 'steps'" in run.output
    entries = site / "userstate_steps-1.dist-info/entry_points.txt"
    entries.write_text(entries.read_text().replace("steps =", "diesel ="))
    assert "cannot be used" not in backend.run(PYTHONPATH=str(site)).output
