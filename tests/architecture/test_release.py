"""What is released, and on what it is tested, agrees with what is declared."""

from __future__ import annotations

import datetime as dt
import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib
import typing as typ

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = pathlib.Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
USED = re.compile(r"uses: (?P<action>\S+)@(?P<commit>\S+)(?: # (?P<version>v[\d.]+))?$")


def declared() -> dict[str, Version]:
    """Return the lowest version of each dependency and extra."""
    extras = PROJECT["optional-dependencies"]
    wanted = map(
        Requirement,
        [*PROJECT["dependencies"], *extras["embedded"], *extras["wiring"]],
    )
    return {
        each.name: Version(bound.version)
        for each in wanted
        for bound in each.specifier
        if bound.operator == ">="
    }


def released(**environment: str) -> dict[str, typ.Any]:
    """Return the metadata that a release would have."""
    kept = {name: value for name, value in os.environ.items() if name != "PROJECT_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "metadata"],
        cwd=ROOT,
        env={**kept, **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    metadata: dict[str, typ.Any] = json.loads(done.stdout)
    return metadata


def test_a_release_links_to_its_own_files() -> None:
    """On PyPI a relative link of the README would lead nowhere."""
    metadata = released(PROJECT_URL="https://forge.example/team/repository/")
    files = f"https://forge.example/team/repository/blob/v{PROJECT['version']}"
    text = metadata["readme"]["text"]
    assert f"]({files}/docs/quickstart.md)" in text
    assert set(re.findall(r"\]\((\w+):", text)) == {"https"}
    assert not re.search(r"\]\((?!https:)", text)
    assert metadata["urls"]["Changelog"] == f"{files}/CHANGELOG.md"


def test_without_an_address_none_is_invented() -> None:
    """The README is as it stands, and there are no URLs."""
    metadata = released()
    assert metadata["readme"]["text"] == (ROOT / "README.md").read_text()
    assert "urls" not in metadata


def test_the_lowest_versions_are_those_that_are_tested() -> None:
    """`make test-lowest` runs on exactly what the metadata promises."""
    lines = (ROOT / ".github/constraints-lowest.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert {name: Version(pin) for name, pin in pins.items()} == declared()


def test_the_changelog_ends_in_the_declared_version() -> None:
    """Above it stands only what is not released; each release once, newest first."""
    text = (ROOT / "CHANGELOG.md").read_text()
    unreleased, *releases = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert unreleased == "[Unreleased]"
    found = [re.fullmatch(r"\[([\d.]+)\] - (\S+)", each) for each in releases]
    versions = [Version(each[1]) for each in found if each]
    dates = [dt.date.fromisoformat(each[2]) for each in found if each]
    assert len(versions) == len(found) == len(set(versions))
    assert versions == sorted(versions, reverse=True)
    assert dates == sorted(dates, reverse=True)
    assert str(versions[0]) == PROJECT["version"]


def test_changes_are_of_the_known_kinds() -> None:
    """Those of Keep a Changelog."""
    text = (ROOT / "CHANGELOG.md").read_text()
    kinds = {*re.findall(r"^### (.+)$", text, re.MULTILINE)}
    known = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert kinds <= known


def test_every_extra_is_in_all() -> None:
    """`pytest-userstate[all]` is what it says."""
    extras = PROJECT["optional-dependencies"]
    [everything] = map(Requirement, extras["all"])
    assert everything.extras == {*extras} - {"all"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_to_commits(path: pathlib.Path) -> None:
    """A tag can be moved, and a commit says nothing to people: both stand there."""
    lines = [line for line in path.read_text().splitlines() if "uses:" in line]
    assert lines
    for line in lines:
        used = USED.search(line)
        assert used, line
        assert re.fullmatch(r"[0-9a-f]{40}", used["commit"]), line
        assert used["version"], line


def test_the_files_that_workflows_name_are_there() -> None:
    """A test that was renamed does not vanish from a job."""
    texts = [path.read_text() for path in WORKFLOWS]
    named = {name for text in texts for name in re.findall(r"\btests/\S+\.py", text)}
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_ci_covers_every_python_that_is_declared() -> None:
    """The classifiers promise what the workflow runs."""
    found = re.search(
        r"python: (\[.*\])", (ROOT / ".github/workflows/ci.yml").read_text()
    )
    assert found
    prefix = "Programming Language :: Python :: "
    versions = [
        each.removeprefix(prefix)
        for each in PROJECT["classifiers"]
        if re.fullmatch(rf"{prefix}\d\.\d+", each)
    ]
    assert re.findall(r"\d\.\d+", found[1]) == versions
